package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	temporallog "go.temporal.io/sdk/log"

	"jalon/demo"
	"jalon/models"
)

// demoEpoch is when the demo's business time begins: a Monday morning, three weeks before the last week of November. The
// course falls in that week; the 5th of December is a Saturday, so the recap comes on Monday the 7th.
var demoEpoch = time.Date(2026, time.November, 2, 6, 0, 0, 0, time.UTC)

// DemoCmd plays reference missions in accelerated business time.
type DemoCmd struct {
	Requests   int    `help:"Missions at once." default:"1"`
	Format     string `help:"text tells what happens; json prints the last line alone." enum:"text,json" default:"text"`
	ClockScale int64  `help:"Business seconds per real second; by default what this many missions let a small machine hold." placeholder:"N"`
	Keep       bool   `help:"Keep the installation's folder, and say where it is."`
}

// demoResult is the last line of standard output (DESIGN section 8).
type demoResult struct {
	Requests      int     `json:"requests"`
	Closed        int     `json:"closed"`
	Paid          int     `json:"paid"`
	Errors        int     `json:"errors"`
	BusinessDays  float64 `json:"business_days"`
	WallSeconds   float64 `json:"wall_seconds"`
	HistoryEvents float64 `json:"history_events_per_request"`
}

// demoDays bounds a mission: the cold evaluation comes 90 days after a course that begins at the latest two months on.
const demoDays = 230

// demoScale is a clock at which people keep up with a margin, as measured on two cores: a day lasts one second for one
// mission, and a tenth more for each other one, since what all do on a day of sessions must fit into it. (Twenty were
// played without a slip at 2.4 s a day.)
func demoScale(requests int) int64 {
	return 86400 * 10 / int64(9+requests)
}

// Run plays the missions on an installation of its own and removes it.
func (d DemoCmd) Run(ctx context.Context) (err error) {
	if d.Requests < 1 || d.Requests > 500 {
		return errors.New("--requests must be between 1 and 500")
	}
	if d.ClockScale == 0 {
		d.ClockScale = demoScale(d.Requests)
	}
	if d.ClockScale < 1 || d.ClockScale > models.MaxScale {
		return fmt.Errorf("--clock-scale must be between 1 and %d", models.MaxScale)
	}
	began := time.Now()
	dir, err := os.MkdirTemp("", "jalon-demo-")
	if err != nil {
		return err
	}
	defer func() {
		if d.Keep {
			fmt.Fprintf(os.Stderr, "Kept: %s. Go on with it: JALON_DATA=%s jalon dev\n", dir, dir)
		} else {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	in, err := demo.Install(ctx, demo.Options{Binary: self, Dir: dir, Scale: d.ClockScale, Epoch: demoEpoch})
	if in != nil {
		defer in.Stop()
	}
	if err != nil {
		return err
	}
	result, err := d.play(ctx, in)
	if err != nil {
		return err
	}
	result.WallSeconds = round(time.Since(began).Seconds())
	line, err := json.Marshal(result)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	if result.Errors > 0 || result.Closed < result.Requests || result.Paid < result.Requests {
		return errors.New("the demo did not go as it should")
	}
	return nil
}

func (d DemoCmd) play(ctx context.Context, in *demo.Installation) (demoResult, error) {
	result := demoResult{Requests: d.Requests}
	var out io.Writer = os.Stdout
	if d.Format == "json" {
		out = io.Discard
	}
	teller := &teller{out: out, brief: d.Requests > 1}
	p, err := demo.New(ctx, demo.Config{URL: in.URL, StaffToken: in.StaffToken, FinanceToken: in.FinanceToken, Report: teller.tell})
	if err != nil {
		return result, err
	}
	ctx, cancel := context.WithTimeout(ctx, demoDays*24*time.Hour/time.Duration(d.ClockScale)+time.Minute)
	defer cancel()
	playing, stop := context.WithCancel(ctx)
	var people sync.WaitGroup
	people.Go(func() { p.Run(playing) })
	var missions []*demo.Mission
	for n := range d.Requests {
		m, err := p.Open(ctx, demo.Reference(n))
		if err != nil {
			stop()
			people.Wait()
			return result, err
		}
		missions = append(missions, m)
	}
	for _, m := range missions {
		select {
		case <-m.Done:
		case <-ctx.Done():
		}
		if m.Closed() {
			result.Closed++
		}
		asking, answered := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		if paid, err := m.Paid(asking); err == nil && paid {
			result.Paid++
		}
		answered()
	}
	result.BusinessDays = round(p.Now().Sub(demoEpoch).Hours() / 24)
	stop()
	people.Wait()
	result.Errors = len(p.Errors())
	if d.Format == "json" || teller.brief {
		for _, err := range p.Errors() {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	counting, counted := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer counted()
	events, err := historyEvents(counting, in.TemporalAddress)
	result.HistoryEvents = round(float64(events) / float64(d.Requests))
	return result, err
}

func round(x float64) float64 { return float64(int64(x*10+0.5)) / 10 }

// historyEvents counts the events of all workflows of a namespace that holds nothing else.
func historyEvents(ctx context.Context, address string) (total int64, err error) {
	c, err := client.Dial(client.Options{HostPort: address, Logger: temporallog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for token := []byte(nil); ; {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{NextPageToken: token})
		if err != nil {
			return 0, err
		}
		for _, e := range page.Executions {
			d, err := c.DescribeWorkflow(ctx, e.Execution.WorkflowId, e.Execution.RunId)
			if err != nil {
				return 0, err
			}
			total += int64(d.HistoryLength)
		}
		if token = page.NextPageToken; len(token) == 0 {
			return total, nil
		}
	}
}

// teller tells who watches what happens: every event of one mission; of many, how far they are.
type teller struct {
	out   io.Writer
	brief bool
	mu    sync.Mutex
	last  models.Date
	count int
}

func (t *teller) tell(e demo.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	day := models.ParisDate(e.At)
	head := fmt.Sprintf("J+%-3d %s", models.ParisDate(demoEpoch).DaysUntil(day), shortDay(day))
	if t.brief && !e.Failed {
		t.count++
		if day == t.last {
			return
		}
		t.last = day
		fmt.Fprintf(t.out, "%s · événements : %d\n", head, t.count)
		return
	}
	about := e.Dossier
	if about == "" {
		about = "—"
	}
	fmt.Fprintf(t.out, "%s · %s · %s\n", head, about, e.What)
}

var shortMonths = [...]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}

// shortDay is a date in few letters: lun. 16 nov. 2026.
func shortDay(d models.Date) string {
	weekday, _, _ := strings.Cut(models.French.Day(d), "\u00a0")
	return fmt.Sprintf("%.3s. %2d %s %d", weekday, d.Day(), shortMonths[d.At(12, 0, time.UTC).Month()-1], d.Year())
}
