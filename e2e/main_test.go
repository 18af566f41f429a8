// Package e2e plays whole missions on the real system: the built binary, a Temporal server, a database, mails and pages.
package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"jalon/demo"
	"jalon/models"
)

var binary string // bin/jalon as it is now

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	temporal, err := filepath.Abs("../bin/temporal")
	if err == nil {
		_, err = os.Stat(temporal)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no Temporal server to run the system on: make build")
		return 1
	}
	os.Setenv("JALON_TEMPORAL_BIN", temporal)
	if _, err := exec.LookPath("pdftotext"); err != nil {
		fmt.Fprintln(os.Stderr, "no pdftotext to read documents with: make setup, or apt-get install poppler-utils")
		return 1
	}
	dir, err := os.MkdirTemp("", "jalon-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "jalon")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/jalon").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// epoch is a Monday morning three weeks before the last week of November 2026: courses fall in it.
var epoch = time.Date(2026, time.November, 2, 6, 0, 0, 0, time.UTC)

const day = 86400 // scale at which a day passes in a second

// house is a running installation and its people.
type house struct {
	*demo.Installation
	t      *testing.T
	player *demo.Player
	stop   func()
}

// newHouse starts an installation and lets its people act until the test ends.
func newHouse(t *testing.T, scale int64, on map[string]demo.React) *house {
	t.Helper()
	return inhabit(t, demo.Options{Scale: scale}, demo.Config{On: on})
}

// inhabit is newHouse for an installation and people that are not the usual ones.
func inhabit(t *testing.T, o demo.Options, people demo.Config) *house {
	t.Helper()
	o.Binary, o.Dir, o.Epoch = binary, t.TempDir(), epoch
	in, err := demo.Install(t.Context(), o)
	if in != nil {
		t.Cleanup(func() {
			in.Stop()
			if t.Failed() {
				for _, name := range []string{demo.API, demo.Worker, demo.Temporal} {
					if log, err := os.ReadFile(filepath.Join(in.Dir, name+".log")); err == nil {
						t.Logf("%s.log ends with:\n%s", name, log[max(0, len(log)-4000):])
					}
				}
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	people.URL, people.StaffToken, people.FinanceToken = in.URL, in.StaffToken, in.FinanceToken
	people.Report = func(e demo.Event) {
		t.Logf("%s %s %s", e.At.Format("2006-01-02 15:04"), e.Dossier, e.What)
	}
	player, err := demo.New(t.Context(), people)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var acting sync.WaitGroup
	acting.Go(func() { player.Run(ctx) })
	h := &house{Installation: in, t: t, player: player}
	var once sync.Once
	h.stop = func() { once.Do(func() { cancel(); acting.Wait() }) }
	t.Cleanup(h.stop)
	return h
}

func (h *house) open(s demo.Script) *demo.Mission {
	h.t.Helper()
	m, err := h.player.Open(h.t.Context(), s)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// within fails the test if a mission is not over in real time.
func within(t *testing.T, m *demo.Mission, limit time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	select {
	case <-m.Done:
	case <-ctx.Done():
		t.Fatalf("%s is not over within %s", m.Ref, limit)
	}
}

// rows reads a list of the dossier.
func rows[T any](h *house, m *demo.Mission, what string) []T {
	h.t.Helper()
	out, err := demo.All[T](h.t.Context(), h.player.Staff, "/requests/"+m.Ref+"/"+what)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) request(m *demo.Mission) models.Request {
	h.t.Helper()
	var out models.Request
	if err := h.player.Staff.Get(h.t.Context(), "/requests/"+m.Ref, &out); err != nil {
		h.t.Fatal(err)
	}
	return out
}

// mails counts the mails of a mission by template: those of the dossier, and those about its trainer's month.
func (h *house) mails(which func(demo.Mail) bool) map[string]int {
	out := map[string]int{}
	for _, m := range h.player.Mails() {
		if which(m) {
			out[m.Template]++
		}
	}
	return out
}

// one is the only mail of a template.
func (h *house) one(template string, which func(demo.Mail) bool) demo.Mail {
	h.t.Helper()
	var found []demo.Mail
	for _, m := range h.player.Mails() {
		if m.Template == template && which(m) {
			found = append(found, m)
		}
	}
	if len(found) != 1 {
		h.t.Fatalf("%d mails %s, not one", len(found), template)
	}
	return found[0]
}

func of(m *demo.Mission) func(demo.Mail) bool {
	return func(mail demo.Mail) bool { return mail.Dossier == m.Ref }
}

func everything(demo.Mail) bool { return true }

// compare tells what differs between two counts; a wanted count below zero allows up to as many.
func compare(t *testing.T, what string, got, want map[string]int) {
	t.Helper()
	for k, n := range want {
		if n < 0 && got[k] <= -n || n == got[k] {
			continue
		}
		t.Errorf("%s %s: %d, not %d", what, k, got[k], n)
	}
	for k, n := range got {
		if _, known := want[k]; !known {
			t.Errorf("%s %s: %d unexpected", what, k, n)
		}
	}
}

// plain makes plain spaces of those that break no line: texts are compared as they are read.
var plain = strings.NewReplacer("\u00a0", " ", "\u202f", " ")

// text is what a stored PDF says.
func (h *house) text(sha string) string {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.URL+"/api/v1/documents/"+sha, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+h.StaffToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	cmd := exec.CommandContext(h.t.Context(), "pdftotext", "-layout", "-", "-")
	cmd.Stdin = resp.Body
	out, err := cmd.Output()
	if err != nil || resp.StatusCode != http.StatusOK {
		h.t.Fatalf("document %s: status %d, %v", sha, resp.StatusCode, err)
	}
	return plain.Replace(string(out))
}

// refused expects a refusal of the API.
func refused(t *testing.T, err error, status int, code models.Code) {
	t.Helper()
	var p *demo.Problem
	if !errors.As(err, &p) || p.Status != status || p.Code != string(code) {
		t.Errorf("answered %v, not %d %s", err, status, code)
	}
}

// An agenda of its own, written by hand, so that the product's calendar is not compared with itself.
var (
	paris    = time.FixedZone("CET", 3600) // no clock change between November and March
	holidays = []string{"2026-11-01", "2026-11-11", "2026-12-25", "2027-01-01"}
	bankDays = []string{"2026-12-25", "2026-12-26", "2027-01-01", "2026-11-11"} // closed in France or for TARGET
)

func dateOf(t time.Time) time.Time {
	y, m, d := t.In(paris).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, paris)
}

func works(d time.Time, closed []string) bool {
	return d.Weekday() != time.Saturday && d.Weekday() != time.Sunday && !slices.Contains(closed, d.Format(time.DateOnly))
}

// businessDays is n business days after a date, which is not counted.
func businessDays(d time.Time, n int) time.Time {
	for n > 0 {
		if d = d.AddDate(0, 0, 1); works(d, holidays) {
			n--
		}
	}
	return d
}
