package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"jalon/models"
)

// failure turns an error into what Temporal needs to know of it: a refusal never succeeds however often it is tried,
// anything else is tried again. The words of a database or a file system stay in the log: they may quote data, and
// failures are kept in histories.
func failure(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	refusal := (*models.Error)(nil)
	if errors.As(err, &refusal) {
		switch refusal.Code {
		case models.CodeInternal, models.CodeUnavailable, models.CodeConflict:
		default:
			return temporal.NewApplicationErrorWithOptions(refusal.Message, string(refusal.Code),
				temporal.ApplicationErrorOptions{NonRetryable: true})
		}
	}
	if activity.IsActivity(ctx) {
		activity.GetLogger(ctx).Warn("activity failed, to be tried again", "cause", err.Error())
	}
	return temporal.NewApplicationErrorWithOptions("tried again", string(models.CodeUnavailable), temporal.ApplicationErrorOptions{})
}
