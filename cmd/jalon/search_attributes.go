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

// ensureSearchAttributes declares those that the namespace lacks, and waits until they can be used.
func ensureSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	for {
		missing, err := missingSearchAttributes(ctx, c, namespace)
		if err != nil || len(missing) == 0 {
			return err
		}
		_, err = c.OperatorService().AddSearchAttributes(ctx,
			&operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
		if exists := (*serviceerror.AlreadyExists)(nil); err != nil && !errors.As(err, &exists) {
			return fmt.Errorf("declare search attributes in namespace %s: %w", namespace, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond): // a server's cache may take a moment
		}
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
