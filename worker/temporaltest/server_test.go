package temporaltest

import (
	"testing"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

func TestServerKeepsItsDataAcrossAKill(t *testing.T) {
	s := New(t)
	if _, err := s.Dial(t).WorkflowService().RegisterNamespace(t.Context(), &workflowservice.RegisterNamespaceRequest{
		Namespace: "kept", WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	s.Restart(t)
	if _, err := s.Dial(t).WorkflowService().DescribeNamespace(t.Context(),
		&workflowservice.DescribeNamespaceRequest{Namespace: "kept"}); err != nil {
		t.Fatal(err)
	}
}
