package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"go.temporal.io/sdk/client"
)

// HealthCmd asks a process of this machine whether it is ready: for images, which hold no other program to ask with.
type HealthCmd struct {
	Process string `arg:"" help:"Which: api, or worker (which needs JALON_HEALTH_LISTEN)." enum:"api,worker" default:"api"`
}

const healthWithin = 5 * time.Second

// Run fails unless the process says that it is ready.
func (h HealthCmd) Run(ctx context.Context) error {
	c, err := ReadConfig(os.Environ(), forTools)
	if err != nil {
		return err
	}
	address := c.Listen
	if h.Process == "worker" {
		address = c.HealthListen
	}
	if address == "" {
		return fmt.Errorf("JALON_HEALTH_LISTEN is not set: the worker cannot be asked")
	}
	ctx, cancel := context.WithTimeout(ctx, healthWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, publicURL(address)+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("%s answers %d: %s", h.Process, resp.StatusCode, strings.TrimSpace(string(said)))
	}
	return nil
}

// health is what a worker answers, as the API does for itself: /healthz while it runs, /readyz while it takes tasks and
// what it stands on answers.
func (s *system) health(working func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), healthWithin)
		defer cancel()
		_, temporal := s.temporal.CheckHealth(ctx, &client.CheckHealthRequest{})
		switch {
		case s.store.Ready(ctx) != nil:
			http.Error(w, "the database does not answer, or takes no writes", http.StatusServiceUnavailable)
		case temporal != nil:
			http.Error(w, "Temporal does not answer", http.StatusServiceUnavailable)
		case !working():
			http.Error(w, "starting", http.StatusServiceUnavailable)
		default:
			fmt.Fprint(w, "ready")
		}
	})
	return mux
}
