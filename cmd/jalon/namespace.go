package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/durationpb"
)

// historiesKept is how long Temporal keeps what is over, in a namespace that this program makes: a quarter to look a
// closed dossier up in its UI. Whoever wants another sets it there; the database forgets nothing.
const historiesKept = 90 * 24 * time.Hour

// ensureNamespace makes the namespace where the server lacks it, and waits until it can be used.
func ensureNamespace(ctx context.Context, c client.Client, namespace string) error {
	_, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: namespace})
	if missing := (*serviceerror.NamespaceNotFound)(nil); errors.As(err, &missing) {
		_, err = c.WorkflowService().RegisterNamespace(ctx, &workflowservice.RegisterNamespaceRequest{Namespace: namespace,
			Description: "Jalon", WorkflowExecutionRetentionPeriod: durationpb.New(historiesKept)})
	}
	if exists := (*serviceerror.NamespaceAlreadyExists)(nil); err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("make namespace %s: %w", namespace, err)
	}
	for { // a server's cache may take seconds, whoever made it: another worker may have just now
		_, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
		missing, unknown := (*serviceerror.NamespaceNotFound)(nil), (*serviceerror.NotFound)(nil)
		if !errors.As(err, &missing) && !errors.As(err, &unknown) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
