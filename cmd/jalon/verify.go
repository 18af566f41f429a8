package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"jalon/store"
	"jalon/worker"
)

// VerifyCmd compares the database with the histories.
type VerifyCmd struct{}

// Run folds the steps of all histories into a database of its own, removed at the end, and fails when the
// installation's projection is not what comes out. Nothing is changed, and nothing has to stop.
func (VerifyCmd) Run(ctx context.Context) error {
	c, err := ReadConfig(os.Environ(), forTools)
	if err != nil {
		return err
	}
	st, _, err := openDatabase(ctx, c)
	if err != nil {
		return err
	}
	defer st.Close()
	temporal, err := client.DialContext(ctx, client.Options{HostPort: c.TemporalAddress, Namespace: c.TemporalNamespace,
		Logger: temporallog.NewStructuredLogger(newLogger(c, true))})
	if err != nil {
		return fmt.Errorf("JALON_TEMPORAL_ADDRESS: %w", err)
	}
	defer temporal.Close()
	dir, err := os.MkdirTemp("", "jalon-verify-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	empty, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "jalon.db"))
	if err != nil {
		return err
	}
	defer empty.Close()
	if err := empty.Migrate(ctx); err != nil {
		return err
	}
	v, err := st.Verify(ctx, empty, func(ctx context.Context) (store.Histories, error) { return worker.Histories(ctx, temporal) })
	if err != nil {
		return err
	}
	for _, d := range v.Differences {
		fmt.Println(d)
	}
	if v.Forgotten > 0 {
		fmt.Printf("%d processes ended so long ago that Temporal keeps no history of them: what they wrote is not compared\n", v.Forgotten)
	}
	if n := len(v.Differences); n > 0 {
		return fmt.Errorf("the database differs from the histories in %d places", n)
	}
	fmt.Printf("%d rows are what %d steps say\n", v.Rows, v.Steps)
	return nil
}
