package workflows

import (
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// command registers an update: check refuses without leaving an event, act changes state at once and never blocks, and
// the answer is given when its step is written.
func command[T any](ctx workflow.Context, p *process, verb models.Verb, check func(T) error, act func(workflow.Context, T) models.CommandResult) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, string(verb), func(ctx workflow.Context, in T) (models.CommandResult, error) {
		if !p.later { // the story waited for the answer, which only waits itself
			p.beside++
			defer func() { p.beside-- }()
		}
		result := act(ctx, in)
		err := p.flush(ctx)
		return p.reached(result), err
	}, workflow.UpdateHandlerOptions{
		Validator: func(_ workflow.Context, in T) error {
			if p.done {
				return refusal(models.NewError(models.CodeFinished, "nothing can be changed any more"))
			}
			return refusal(check(in))
		},
	})
}

// refusal turns an error of the domain into what crosses Temporal: its type is the code, it is not retried and raises
// no alarm.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	message := err.Error()
	var e *models.Error
	if errors.As(err, &e) {
		message = e.Message
	}
	return temporal.NewApplicationErrorWithOptions(message, string(models.ErrorCode(err)),
		temporal.ApplicationErrorOptions{NonRetryable: true, Category: temporal.ApplicationErrorCategoryBenign})
}

// child is how a process's children are started.
func child(id, summary string, close enumspb.ParentClosePolicy) workflow.ChildWorkflowOptions {
	return workflow.ChildWorkflowOptions{WorkflowID: id, TaskQueue: models.TaskQueue, ParentClosePolicy: close,
		WaitForCancellation: true, StaticSummary: summary,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE}
}
