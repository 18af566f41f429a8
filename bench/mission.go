package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"jalon/demo"
	"jalon/models"
)

const (
	// missionScale lets half a second last a day: people keep up with it when nothing else disturbs them.
	missionScale = 2 * 86400
	// missionPatience bounds a mission with its follow-up, which ends half a year after its beginning at the latest.
	missionPatience = 3 * time.Minute
	// missionSlips is how many missions may be discarded because their people were too slow for the clock.
	missionSlips = 3
)

// epoch is when business time begins: a Monday morning.
var epoch = time.Date(2026, time.November, 2, 6, 0, 0, 0, time.UTC)

// pair is a mission and its bare twin.
type pair struct{ mission, floor []recording }

// missions plays reference missions one after another on one installation, each followed by its bare twin on the same
// server, and hands over each pair. People go on reading their mails and staff the board while a twin plays, so that
// both sides bear what that costs.
func missions(ctx context.Context, binary string, n int, measured func(pair, bare) error) error {
	dir, err := os.MkdirTemp("", "jalon-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	in, err := demo.Install(ctx, demo.Options{Binary: binary, Dir: dir, Scale: missionScale, Epoch: epoch})
	if in != nil {
		defer in.Stop()
	}
	if err != nil {
		return err
	}
	c, err := client.Dial(client.Options{HostPort: in.TemporalAddress, Logger: quiet})
	if err != nil {
		return err
	}
	defer c.Close()
	player, err := demo.New(ctx, demo.Config{URL: in.URL, StaffToken: in.StaffToken, FinanceToken: in.FinanceToken})
	if err != nil {
		return err
	}
	playing, stop := context.WithCancel(ctx)
	var people sync.WaitGroup
	people.Go(func() { player.Run(playing) })
	defer people.Wait()
	defer stop()

	seen := map[string]bool{}
	slips := 0
	for number := 0; number < n+slips; number++ {
		mission, err := play(ctx, player, c, seen, number)
		if e := (*slip)(nil); errors.As(err, &e) && slips < missionSlips {
			slips++
			say("mission %d is played again: %v", number-slips+2, err)
			continue
		}
		if err != nil {
			return err
		}
		b, err := twin(mission, fmt.Sprintf("bare/%d", number))
		if err != nil {
			return err
		}
		floor, err := b.run(ctx, c)
		if err != nil {
			return err
		}
		if err := measured(pair{mission, floor}, b); err != nil {
			return err
		}
	}
	return nil
}

// slip says that a mission did not go the way of the reference mission.
type slip struct{ cause error }

func (s *slip) Error() string { return s.cause.Error() }

// play plays one mission alone and answers the histories of all its workflows, once the last of them is closed.
func play(ctx context.Context, player *demo.Player, c client.Client, seen map[string]bool, number int) ([]recording, error) {
	if !sleep(ctx, untilMonday(player.Now())) {
		return nil, ctx.Err()
	}
	errs := len(player.Errors())
	patient, cancel := context.WithTimeout(ctx, missionPatience)
	defer cancel()
	m, err := player.Open(patient, demo.Reference(number))
	if err != nil {
		return nil, err
	}
	select {
	case <-m.Done:
	case <-patient.Done():
		return nil, errors.Join(fmt.Errorf("%s is not over within %s", m.Ref, missionPatience), errors.Join(player.Errors()[errs:]...), ctx.Err())
	}
	for {
		out, err := closed(patient, c, seen)
		if err != nil {
			return nil, err
		}
		if out != nil {
			for _, r := range out {
				seen[r.ID] = true
			}
			if wrong := player.Errors()[errs:]; len(wrong) > 0 {
				return nil, &slip{errors.Join(wrong...)}
			}
			return out, nil
		}
		if !sleep(patient, 200*time.Millisecond) {
			return nil, patient.Err()
		}
	}
}

// untilMonday is how long, real time, until the next Monday at six in the morning.
func untilMonday(now time.Time) time.Duration {
	const week = 7 * 24 * time.Hour
	return (week - now.Sub(epoch)%week) % week / missionScale
}

// closed reads the histories of the house's workflows that nobody has seen yet; none while one of them still runs.
func closed(ctx context.Context, c client.Client, seen map[string]bool) ([]recording, error) {
	var out []recording
	for token := []byte(nil); ; {
		page, err := c.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
			Query: fmt.Sprintf("TaskQueue = '%s'", models.TaskQueue), NextPageToken: token})
		if err != nil {
			return nil, err
		}
		for _, e := range page.Executions {
			if seen[e.Execution.WorkflowId] {
				continue
			}
			if e.Status == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
				return nil, nil
			}
			r, err := record(ctx, c, e.Execution.WorkflowId, e.Execution.RunId)
			if err != nil {
				return nil, err
			}
			out = append(out, r)
		}
		if token = page.NextPageToken; len(token) == 0 {
			return out, nil
		}
	}
}
