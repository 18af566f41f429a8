package workflows_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"jalon/models"
)

func TestRequestFromIntakeToClosure(t *testing.T) {
	h := newHarness(t)
	h.autopilot()
	h.request()
	require.False(t, h.cut, h.kinds())
	require.Equal(t, []models.Stage{models.StageSolicitation, models.StageAudit, models.StageProgramme, models.StageInterview,
		models.StageContract, models.StageReadiness, models.StageSessions, models.StageDelivered, models.StageClosed}, h.stages())
	require.Empty(t, h.alerts())
}
