package activities

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.temporal.io/sdk/temporal"

	"jalon/models"
)

func TestFailuresRetryUnlessTheyAreRefusals(t *testing.T) {
	for _, c := range []struct {
		err   error
		code  models.Code
		final bool
	}{
		{models.NewError(models.CodeUnknown, "no such row"), models.CodeUnknown, true},
		{models.NewError(models.CodeInvalid, "no key"), models.CodeInvalid, true},
		{models.NewError(models.CodeStaleRun, "another run"), models.CodeStaleRun, true},
		{models.NewError(models.CodeConflict, "duplicate"), models.CodeUnavailable, false},
		{errors.New("dial tcp: someone@example.org"), models.CodeUnavailable, false},
	} {
		var got *temporal.ApplicationError
		if !errors.As(failure(context.Background(), c.err), &got) {
			t.Fatalf("%v: not an application error", c.err)
		}
		if got.Type() != string(c.code) || got.NonRetryable() != c.final {
			t.Errorf("%v: type %s, final %v", c.err, got.Type(), got.NonRetryable())
		}
		if strings.Contains(got.Error(), "example.org") {
			t.Errorf("a driver's words reached the history: %v", got)
		}
	}
	if failure(context.Background(), nil) != nil || !errors.Is(failure(context.Background(), context.Canceled), context.Canceled) {
		t.Error("nothing and a cancellation stay what they are")
	}
}
