package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"jalon/models"
)

func TestSearchAttributesFollowTheProcess(t *testing.T) {
	h := newHarness(t)
	trainerKey, kindKey := temporal.NewSearchAttributeKeyKeyword(models.AttributeTrainer), temporal.NewSearchAttributeKeyKeyword(models.AttributeDeadlineKind)
	dossierKey, due := temporal.NewSearchAttributeKeyKeyword(models.AttributeDossier), temporal.NewSearchAttributeKeyTime(models.AttributeNextDeadline)
	var trainers, dossiers, kinds, dates []string
	h.env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		written := args.Get(0).(temporal.SearchAttributes)
		if v, ok := written.GetKeyword(trainerKey); ok {
			trainers = append(trainers, v)
		}
		if v, ok := written.GetKeyword(dossierKey); ok {
			dossiers = append(dossiers, v)
		}
		if v, ok := written.GetKeyword(kindKey); ok {
			kinds = append(kinds, v)
		}
		if v, ok := written.GetTime(due); ok {
			dates = append(dates, v.In(paris).Format("2006-01-02 15:04"))
		}
	}).Return(nil)
	h.signed()
	h.session()
	require.Equal(t, []string{dossier}, dossiers, "written once, then only what changes")
	require.Equal(t, []string{trainer(1)}, trainers)
	require.Equal(t, []string{string(models.DeadlineConvocation), string(models.DeadlineSheet)}, kinds)
	require.Equal(t, "2026-11-13", dates[0][:10])
}
