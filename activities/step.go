package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"jalon/models"
)

// Apply writes one step in one transaction; its commit wakes the relay. A step already written gives its recorded
// result again; one of a run that does not own the workflow's rows is refused (stale_run) and never retried.
func (a *Activities) Apply(ctx context.Context, step models.Step) (models.StepResult, error) {
	a.writing(ctx, step.Workflow)
	result, err := a.Store.Apply(ctx, step)
	if err == nil || models.ErrorCode(err) == models.CodeStaleRun {
		a.steps.Delete(step.Workflow)
	}
	if models.ErrorCode(err) == models.CodeStaleRun && activity.IsActivity(ctx) {
		activity.GetLogger(ctx).Error("step of a run that does not own its rows: was the workflow reset?", "step", step.Seq)
	}
	return result, failure(ctx, err)
}

// writing remembers since when the workflow's step waits to be written, over all attempts.
func (a *Activities) writing(ctx context.Context, workflow string) {
	since := time.Now()
	if activity.IsActivity(ctx) {
		since = activity.GetInfo(ctx).ScheduledTime
	}
	a.steps.Store(workflow, since)
}

// StuckSteps lists the workflows whose step this process could not write since before an instant (real time).
func (a *Activities) StuckSteps(before time.Time) []string {
	var out []string
	a.steps.Range(func(workflow, since any) bool {
		if since.(time.Time).Before(before) {
			out = append(out, workflow.(string))
		}
		return true
	})
	return out
}
