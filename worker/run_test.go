package worker

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"jalon/activities"
	"jalon/models"
	"jalon/policies"
	"jalon/store"
	"jalon/worker/temporaltest"
)

// until asks until the answer is yes; nothing in a whole system says when it settled.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	patience := time.After(60 * time.Second)
	for !yes() {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("not in a minute: %s", what)
		}
	}
}

// TestIntakeReachesTheDatabase starts the worker while Temporal is away: the fact waits in the inbox, its request
// starts when the server is there, and what it writes comes back.
func TestIntakeReachesTheDatabase(t *testing.T) {
	const dossier = "D-2026-000001"
	policy, err := policies.Load("standard")
	if err != nil {
		t.Fatal(err)
	}
	server := temporaltest.New(t)
	server.Stop()
	quiet := slog.New(slog.DiscardHandler)
	lazy, err := client.NewLazyClient(client.Options{HostPort: server.Addr, Logger: log.NewStructuredLogger(quiet)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(lazy.Close)
	b := newBench(t, "local")
	b.Now = nil
	clock := models.Clock{RealEpoch: noon, BusinessEpoch: noon, Scale: 60}
	w := New(Config{Client: lazy, Store: b.Store, Activities: &activities.Activities{Store: b.Store, Clock: clock},
		Courier: &activities.Courier{Client: lazy, Store: b.Store, Clock: clock, TaskTimeout: TaskTimeout(clock)},
		Letters: scribe(nil), Transport: b.postman, Clock: clock, Log: quiet})

	now := func() time.Time { return clock.Business(time.Now()) }
	_, _, err = b.Store.Receive(t.Context(), models.Fact{ID: "intake/" + dossier, Kind: models.FactIntake, Workflow: models.RequestID(dossier),
		Dossier: dossier, Channel: models.ChannelSite, Start: &models.Start{Request: &models.RequestInput{Ref: dossier,
			Common: models.Common{Policy: policy, Clock: clock}, Scope: models.Scope{Topic: "tableur"}}}}, now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	until(t, "an attempt to deliver without Temporal", func() bool {
		row, err := b.Store.Fact(t.Context(), "intake/"+dossier)
		return err == nil && row.Attempts > 0
	})
	if _, err := b.Store.Request(t.Context(), dossier); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a request without Temporal: %v", err)
	}
	server.Restart(t)
	until(t, "the request in the database", func() bool {
		row, err := b.Store.Request(t.Context(), dossier)
		return err == nil && row.Stage == models.StageQualification
	})
	stop()
	running.Wait()
}
