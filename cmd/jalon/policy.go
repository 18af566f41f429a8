package main

import (
	"fmt"
	"strings"

	"jalon/policies"
)

// PolicyCmd groups what can be done with ways of working.
type PolicyCmd struct {
	Check PolicyCheckCmd `cmd:"" help:"Check a policy file and say which of its parameters are not honoured yet."`
}

// PolicyCheckCmd checks one file.
type PolicyCheckCmd struct {
	File string `arg:"" type:"existingfile" help:"YAML file of the policy."`
}

// Run prints what the file holds, or the line and the parameter that are wrong.
func (c PolicyCheckCmd) Run() error {
	p, err := policies.LoadFile(c.File)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	fmt.Printf("%s: policy %s, version %s, is well formed\n", c.File, p.Name, p.Version)
	if missing := p.Unsupported(); len(missing) > 0 {
		fmt.Printf("requests under it are refused (policy_unsupported) until the engine honours: %s\n", strings.Join(missing, ", "))
	}
	return nil
}
