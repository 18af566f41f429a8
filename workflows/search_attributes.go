package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"jalon/models"
)

// indexed is what a process can be found by in the Temporal UI.
type indexed struct {
	dossier, stage, policy, trainer, alert, owner, kind string
	due                                                 time.Time // zero: nothing is awaited
}

var keywords = []struct {
	key   temporal.SearchAttributeKeyKeyword
	value func(indexed) string
}{
	{temporal.NewSearchAttributeKeyKeyword(models.AttributeDossier), func(i indexed) string { return i.dossier }},
	{temporal.NewSearchAttributeKeyKeyword(models.AttributeStage), func(i indexed) string { return i.stage }},
	{temporal.NewSearchAttributeKeyKeyword(models.AttributePolicy), func(i indexed) string { return i.policy }},
	{temporal.NewSearchAttributeKeyKeyword(models.AttributeTrainer), func(i indexed) string { return i.trainer }},
	{temporal.NewSearchAttributeKeyKeyword(models.AttributeAlert), func(i indexed) string { return i.alert }},
	{temporal.NewSearchAttributeKeyKeyword(models.AttributeOwner), func(i indexed) string { return i.owner }},
	{temporal.NewSearchAttributeKeyKeyword(models.AttributeDeadlineKind), func(i indexed) string { return i.kind }},
}

var nextDeadline = temporal.NewSearchAttributeKeyTime(models.AttributeNextDeadline)

// index writes the search attributes that changed, in the workflow task that learns that a step is written: each costs an
// event.
func (p *process) index(ctx workflow.Context) {
	now := indexed{dossier: p.dossier, policy: p.common.Policy.Name, owner: p.owner}
	if p.foundBy != nil {
		p.foundBy(&now)
	}
	for _, d := range p.open {
		if now.due.IsZero() || d.DueAt.Before(now.due) {
			now.due, now.kind = d.DueAt, string(d.Kind)
		}
	}
	var changes []temporal.SearchAttributeUpdate
	for _, k := range keywords {
		switch was, is := k.value(p.indexed), k.value(now); {
		case is == was:
		case is == "":
			changes = append(changes, k.key.ValueUnset())
		default:
			changes = append(changes, k.key.ValueSet(is))
		}
	}
	switch {
	case now.due.Equal(p.indexed.due):
	case now.due.IsZero():
		changes = append(changes, nextDeadline.ValueUnset())
	default:
		changes = append(changes, nextDeadline.ValueSet(now.due))
	}
	if len(changes) == 0 {
		return
	}
	p.indexed = now
	if err := workflow.UpsertTypedSearchAttributes(ctx, changes...); err != nil {
		workflow.GetLogger(ctx).Error("search attributes not written", "cause", err.Error())
	}
}
