package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	enums "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"jalon/models"
)

// searchAttributes are what staff find dossiers by in the Temporal UI.
var searchAttributes = map[string]enums.IndexedValueType{
	models.AttributeDossier:      enums.INDEXED_VALUE_TYPE_KEYWORD,
	models.AttributeStage:        enums.INDEXED_VALUE_TYPE_KEYWORD,
	models.AttributePolicy:       enums.INDEXED_VALUE_TYPE_KEYWORD,
	models.AttributeTrainer:      enums.INDEXED_VALUE_TYPE_KEYWORD,
	models.AttributeDeadlineKind: enums.INDEXED_VALUE_TYPE_KEYWORD,
	models.AttributeAlert:        enums.INDEXED_VALUE_TYPE_KEYWORD,
	models.AttributeOwner:        enums.INDEXED_VALUE_TYPE_KEYWORD,
	models.AttributeNextDeadline: enums.INDEXED_VALUE_TYPE_DATETIME,
}

// namespaceRead is a little more than the two seconds (system.namespaceCacheRefreshInterval) after which every service of
// a Temporal server has read a namespace anew.
const namespaceRead = 2500 * time.Millisecond

// ensureSearchAttributes declares those that the namespace lacks, and waits until they can be used. The service that
// answers here may know them before the one that checks what workflows write: a workflow that used them meanwhile would
// have its tasks fail, and those who decide on it be told to come back.
func ensureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	declared := false
	for {
		missing, err := missingSearchAttributes(ctx, c, namespace)
		if err != nil {
			return err
		}
		if len(missing) == 0 {
			if declared {
				return sleep(ctx, namespaceRead)
			}
			return nil
		}
		_, err = c.OperatorService().AddSearchAttributes(ctx,
			&operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
		if exists := (*serviceerror.AlreadyExists)(nil); err != nil && !errors.As(err, &exists) {
			return fmt.Errorf("declare search attributes in namespace %s: %w", namespace, err)
		}
		declared = true
		if err := sleep(ctx, 100*time.Millisecond); err != nil { // a server's cache may take a moment
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func missingSearchAttributes(ctx context.Context, c client.Client, namespace string) (map[string]enums.IndexedValueType, error) {
	have, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return nil, fmt.Errorf("read search attributes of namespace %s: %w", namespace, err)
	}
	missing := map[string]enums.IndexedValueType{}
	for name, kind := range searchAttributes {
		switch found, ok := have.GetCustomAttributes()[name]; {
		case !ok:
			missing[name] = kind
		case found != kind:
			return nil, fmt.Errorf("search attribute %s of namespace %s is a %s and must be a %s", name, namespace, found, kind)
		}
	}
	return missing, nil
}
