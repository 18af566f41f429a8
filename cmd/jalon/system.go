package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"jalon/activities"
	"jalon/documents"
	"jalon/mail"
	"jalon/models"
	"jalon/store"
	"jalon/worker"
)

// system is what the processes of an installation have in common, open and checked.
type system struct {
	cfg       Config
	log       *slog.Logger
	store     *store.Store
	clock     models.Clock
	temporal  client.Client
	signer    *mail.Signer
	documents *documents.Folder
	courier   *activities.Courier
}

// open opens what a process needs. The database must have this version's schema; Temporal may be away.
func open(ctx context.Context, c Config, log *slog.Logger) (*system, error) {
	st, clock, err := openDatabase(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &system{cfg: c, log: log, store: st, clock: clock}
	if s.temporal, err = client.NewLazyClient(client.Options{HostPort: c.TemporalAddress, Namespace: c.TemporalNamespace,
		Logger: temporallog.NewStructuredLogger(log)}); err != nil {
		s.Close()
		return nil, fmt.Errorf("JALON_TEMPORAL_ADDRESS: %w", err)
	}
	if s.signer, err = mail.NewSigner(c.LinkKeys[0], c.LinkKeys[1:]...); err != nil {
		s.Close()
		return nil, fmt.Errorf("JALON_LINK_KEYS: %w", err)
	}
	if s.documents, err = documents.NewFolder(c.Documents); err != nil {
		s.Close()
		return nil, fmt.Errorf("JALON_DOCUMENTS: %w", err)
	}
	s.courier = &activities.Courier{Client: s.temporal, Store: st, Clock: clock, TaskTimeout: worker.TaskTimeout(clock)}
	return s, nil
}

// openDatabase opens the database of an installation and reads its clock.
func openDatabase(ctx context.Context, c Config) (*store.Store, models.Clock, error) {
	st, err := store.Open(ctx, c.Database)
	if err != nil {
		return nil, models.Clock{}, fmt.Errorf("JALON_DATABASE_URL: %w", err)
	}
	var clock models.Clock
	if err = st.CheckSchema(ctx); err == nil {
		clock, err = installClock(ctx, st, c, time.Now())
	}
	if err != nil {
		st.Close()
		return nil, models.Clock{}, err
	}
	return st, clock, nil
}

// installClock reads the installation's clock, set from the settings at the first start; settings that want another one
// afterwards are refused, since deadlines and histories were written by the first.
func installClock(ctx context.Context, st *store.Store, c Config, now time.Time) (models.Clock, error) {
	want := models.Clock{Scale: max(c.ClockScale, 1)}
	if want.Scale > 1 || !c.ClockEpoch.IsZero() {
		want.RealEpoch = now.UTC().Truncate(time.Microsecond)
		want.BusinessEpoch = want.RealEpoch
		if !c.ClockEpoch.IsZero() {
			want.BusinessEpoch = c.ClockEpoch.UTC()
		}
	}
	have, err := st.InstallClock(ctx, want)
	if err != nil {
		return have, err
	}
	if c.ClockScale != 0 && c.ClockScale != max(have.Scale, 1) {
		return have, fmt.Errorf("this data runs on a clock of scale %d and cannot take scale %d: its deadlines were written by the first. "+
			"Leave JALON_CLOCK_SCALE and --clock-scale out, or start on other data with JALON_DATA=…", max(have.Scale, 1), c.ClockScale)
	}
	if !c.ClockEpoch.IsZero() && !c.ClockEpoch.Equal(have.BusinessEpoch) {
		return have, fmt.Errorf("this data's clock began at %s and cannot begin at %s: its deadlines were written by the first. "+
			"Leave JALON_CLOCK_EPOCH and --clock-epoch out, or start on other data with JALON_DATA=…",
			have.BusinessEpoch.Format(time.RFC3339), c.ClockEpoch.Format(time.RFC3339))
	}
	return have, nil
}

// Close lets go of the database and of Temporal.
func (s *system) Close() {
	if s.temporal != nil {
		s.temporal.Close()
	}
	s.store.Close()
}

func newLogger(c Config, readable bool) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		panic(err) // validate let it pass
	}
	if readable {
		return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
