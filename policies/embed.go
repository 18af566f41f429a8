// Package policies holds the ways of working that come with the program, one YAML file each.
package policies

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"jalon/models"
)

// Default is the policy of a request that names none.
const Default = "standard"

// Files holds the policies as written.
//
//go:embed *.yaml
var Files embed.FS

// Names lists the policies that come with the program, in alphabetical order.
func Names() []string {
	entries, err := Files.ReadDir(".")
	if err != nil {
		panic(err) // the root of an embedded folder always reads
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".yaml"))
	}
	return names
}

// Load reads a policy that comes with the program; an unknown name is refused with policy_unknown.
func Load(name string) (models.Policy, error) {
	data, err := source(name)
	if err != nil {
		return models.Policy{}, err
	}
	return models.ParsePolicy(name, data, source)
}

// LoadFile reads a policy from a file, which is called as the file is. What it extends is looked up beside it, then
// among the policies that come with the program.
func LoadFile(path string) (models.Policy, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return models.Policy{}, fmt.Errorf("read policy: %w", err)
	}
	dir, ext := filepath.Dir(path), filepath.Ext(path)
	return models.ParsePolicy(strings.TrimSuffix(filepath.Base(path), ext), data, func(name string) ([]byte, error) {
		if data, err := os.ReadFile(filepath.Join(dir, name+ext)); err == nil {
			return data, nil
		}
		return source(name)
	})
}

func source(name string) ([]byte, error) {
	data, err := Files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, models.NewError(models.CodePolicyUnknown, fmt.Sprintf("no policy is called %q", name))
	}
	return data, nil
}
