package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"golang.org/x/sync/errgroup"

	"jalon/activities"
	"jalon/api"
	"jalon/mail"
	"jalon/store"
	"jalon/worker"
)

// APICmd serves HTTP.
type APICmd struct{}

// Run serves until ctx ends.
func (APICmd) Run(ctx context.Context) error {
	return process(ctx, func(ctx context.Context, s *system) error {
		handler, err := s.handler()
		if err != nil {
			return err
		}
		l, err := listen("JALON_LISTEN", "the API", s.cfg.Listen)
		if err != nil {
			return err
		}
		return s.serve(ctx, l, handler)
	})
}

// WorkerCmd executes processes and relays messages and facts.
type WorkerCmd struct{}

// Run works until ctx ends.
func (WorkerCmd) Run(ctx context.Context) error {
	return process(ctx, func(ctx context.Context, s *system) error {
		group, ctx := errgroup.WithContext(ctx)
		var working atomic.Bool
		if s.cfg.HealthListen != "" {
			l, err := listen("JALON_HEALTH_LISTEN", "the worker's health", s.cfg.HealthListen)
			if err != nil {
				return err
			}
			group.Go(func() error { return s.serve(ctx, l, s.health(working.Load)) })
		}
		group.Go(func() error {
			if err := s.awaitTemporal(ctx); err != nil {
				return err
			}
			if err := ensureNamespace(ctx, s.temporal, s.cfg.TemporalNamespace); err != nil {
				return err
			}
			if err := ensureSearchAttributes(ctx, s.temporal, s.cfg.TemporalNamespace); err != nil {
				return err
			}
			working.Store(true)
			return s.work(ctx)
		})
		return group.Wait()
	})
}

// process opens the system of a process of its own and runs it until ctx ends.
func process(ctx context.Context, run func(context.Context, *system) error) error {
	c, err := ReadConfig(os.Environ(), forService)
	if err != nil {
		return err
	}
	log := newLogger(c, false)
	slog.SetDefault(log)
	s, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer s.Close()
	err = run(ctx, s)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Real-time settings of the HTTP server. Bodies are bounded by the API itself.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = time.Minute
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 2 * time.Second
)

// handler is the API with the pages.
func (s *system) handler() (http.Handler, error) {
	agency, err := s.cfg.agency()
	if err != nil {
		return nil, err
	}
	cfg := api.Config{
		Store: s.store, Temporal: s.temporal, Courier: s.courier, Signer: s.signer, Clock: s.clock,
		Documents: s.documents, Copies: activities.Copies{Store: s.store, Documents: s.documents, Agency: agency}, PublicURL: s.cfg.PublicURL, TrustedProxies: s.cfg.TrustedProxies, Partners: s.cfg.Partners, Mailbox: s.cfg.MailTransport == "local",
		TemporalUIURL: s.cfg.TemporalUIURL, TeamEmail: s.cfg.TeamEmail, Log: s.log,
	}
	if s.cfg.SendGridEventsKey != "" {
		events, err := mail.NewEvents(s.cfg.SendGridEventsKey)
		if err != nil {
			return nil, fmt.Errorf("JALON_SENDGRID_EVENT_PUBLIC_KEY: %w", err)
		}
		cfg.Events = events
	}
	server, err := api.New(cfg)
	if err != nil {
		return nil, err
	}
	return server.Handler(), nil
}

// serve answers HTTP calls until ctx ends, and lets those under way finish.
func (s *system) serve(ctx context.Context, l net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout,
		IdleTimeout: idleTimeout, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		return server.Close()
	}
	return nil
}

// work runs workflows, activities and the relay until ctx ends. Temporal must answer.
func (s *system) work(ctx context.Context) error {
	agency, err := s.cfg.agency()
	if err != nil {
		return err
	}
	return worker.New(worker.Config{
		Client: s.temporal, Store: s.store, Courier: s.courier, Clock: s.clock, Log: s.log, Transport: s.transport(),
		Activities: &activities.Activities{Store: s.store, Documents: s.documents, Clock: s.clock, Agency: agency},
		Letters: &activities.Letters{Store: s.store, Documents: s.documents, Signer: s.signer, BaseURL: s.cfg.PublicURL,
			Agency: agency, From: s.cfg.MailFrom, TeamEmail: s.cfg.TeamEmail, Clock: s.clock,
			Console: func(dossier, subject string) string { return s.cfg.PublicURL + api.ConsoleAddress(dossier, subject) }},
	}).Run(ctx)
}

func (s *system) transport() mail.Transport {
	switch s.cfg.MailTransport {
	case "sendgrid":
		return mail.SendGrid{Key: s.cfg.SendGridKey, Host: s.cfg.SendGridHost}
	case "smtp":
		transport, _ := s.cfg.smtp() // ReadConfig let it pass
		return transport
	}
	return mail.Local{Keeper: s.store}
}

// awaitTemporal waits for as long as Temporal is away, saying so.
func (s *system) awaitTemporal(ctx context.Context) error {
	const sayEvery = 10 * time.Second
	var said time.Time
	for {
		try, cancel := context.WithTimeout(ctx, 2*time.Second)
		_, err := s.temporal.CheckHealth(try, &client.CheckHealthRequest{})
		cancel()
		if err == nil {
			return nil
		}
		if time.Since(said) > sayEvery {
			s.log.Warn("waiting for Temporal", "address", s.cfg.TemporalAddress)
			said = time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// MigrateCmd prepares a database.
type MigrateCmd struct {
	Sample bool `help:"Load the sample agency, where there is no data yet."`
}

// Run migrates and installs the clock; again, it changes nothing.
func (m MigrateCmd) Run(ctx context.Context) error {
	c, err := ReadConfig(os.Environ(), forTools)
	if err != nil {
		return err
	}
	return prepare(ctx, c, func(st *store.Store, now time.Time) error {
		if !m.Sample {
			return nil
		}
		return loadSample(ctx, st, now)
	})
}
