package models

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStandingTakes(t *testing.T) {
	retained := Standing{Retained: true}
	at := func(s Standing, stage Stage) Standing { s.Stage = stage; return s }
	for name, c := range map[string]struct {
		standing Standing
		verb     Verb
		code     Code
	}{
		"needs":                  {Standing{Stage: StageQualification}, VerbQualify, ""},
		"needs known already":    {Standing{Stage: StageQualification, Qualified: true}, VerbQualify, CodeWrongStage},
		"F013 in scope":          {at(retained, StageContract), VerbHandOver, CodeWrongStage},
		"choice":                 {Standing{Stage: StageSolicitation}, VerbChoose, ""},
		"choice made":            {at(retained, StageSolicitation), VerbChoose, CodeAlreadyChosen},
		"choice too late":        {at(retained, StageAudit), VerbChoose, CodeWrongStage},
		"assigned over another":  {at(retained, StageSolicitation), VerbAssign, CodeAlreadyChosen},
		"F074 rework":            {at(retained, StageProgramme), VerbRework, ""},
		"F074 after the audit":   {at(retained, StageContract), VerbRework, CodeWrongStage},
		"nobody to drop":         {Standing{Stage: StageSolicitation}, VerbDropTrainer, CodeNoTrainer},
		"drop":                   {at(retained, StageSessions), VerbDropTrainer, ""},
		"drop after delivery":    {at(retained, StageDelivered), VerbDropTrainer, CodeWrongStage},
		"cancel":                 {at(retained, StageSessions), VerbCancel, ""},
		"cancel after delivery":  {at(retained, StageDelivered), VerbCancel, CodeWrongStage},
		"cancelled twice":        {Standing{Stage: StageCancelled}, VerbCancel, CodeWrongStage},
		"no programme":           {Standing{Stage: StageProgramme, Programme: ProgrammeAwaited}, VerbApproveProgramme, CodeProgrammeMissing},
		"programme":              {Standing{Stage: StageProgramme, Programme: ProgrammeSubmitted}, VerbReturnProgramme, ""},
		"reissue":                {Standing{Stage: StageContract, Document: ContractDeclined}, VerbReissueContract, ""},
		"reissue a signed one":   {Standing{Stage: StageContract, Document: ContractSigned}, VerbReissueContract, CodeConflict},
		"reissue before it is":   {Standing{Stage: StageContract}, VerbReissueContract, CodeConflict},
		"waive a step":           {Standing{Stage: StageInterview}, VerbWaive, ""},
		"waive a signature":      {Standing{Stage: StageContract}, VerbWaive, CodeNothingToWaive},
		"evaluations given up":   {Standing{Stage: StageClosed}, VerbGiveUp, ""},
		"given in part":          {Standing{Stage: StageCancelled, Held: true}, VerbGiveUp, ""},
		"given in no part":       {Standing{Stage: StageCancelled}, VerbGiveUp, CodeWrongStage},
		"nothing to give up yet": {Standing{Stage: StageSessions}, VerbGiveUp, CodeWrongStage},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.code, ErrorCode(c.standing.Takes(c.verb))) })
	}
}

func TestInvitationChoosable(t *testing.T) {
	require.NoError(t, Invitation{Status: InvitationInterested}.Choosable())
	require.NoError(t, Invitation{Status: InvitationSilent, LateAnswer: "interested"}.Choosable(), "F071")
	require.Equal(t, CodeNotInterested, ErrorCode(Invitation{Status: InvitationSilent}.Choosable()))
	require.Equal(t, CodeNotInterested, ErrorCode(Invitation{Status: InvitationNotRetained}.Choosable()))
	require.Equal(t, CodeUpskillingNotAgreed, ErrorCode(Invitation{Status: InvitationInterested, Upskilling: true}.Choosable()), "F050")
}

func TestInvoiceTakes(t *testing.T) {
	verbs := []Verb{VerbConform, VerbReject, VerbPay, VerbUndo, VerbWithdraw}
	for _, c := range []struct {
		kind   InvoiceKind
		status string
		takes  []Verb
	}{
		{InvoiceSupplier, "", nil},
		{InvoiceSupplier, InvoiceAwaited, []Verb{VerbWithdraw}},
		{InvoiceSupplier, InvoiceReceived, []Verb{VerbConform, VerbReject, VerbWithdraw}},
		{InvoiceSupplier, InvoiceNonConforming, []Verb{VerbWithdraw}},
		{InvoiceSupplier, InvoiceConform, []Verb{VerbPay, VerbUndo, VerbWithdraw}},
		{InvoiceSupplier, InvoicePaid, []Verb{VerbUndo}},
		{InvoiceSupplier, InvoiceWithdrawn, nil},
		{InvoiceClient, InvoiceIssued, []Verb{VerbPay, VerbWithdraw}},
		{InvoiceClient, InvoicePaid, nil},
	} {
		var takes []Verb
		for _, v := range verbs {
			switch err := (Invoice{Kind: c.kind, Status: c.status}).Takes(v); ErrorCode(err) {
			case "":
				takes = append(takes, v)
			case CodeInvoiceState:
			default:
				t.Error(err)
			}
		}
		require.Equal(t, c.takes, takes, "%s %s", c.kind, c.status)
	}
}

func TestSessionTakes(t *testing.T) {
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	end := start.Add(8 * time.Hour)
	s := Session{Status: SessionConvoked, StartAt: start, EndAt: end}
	require.NoError(t, s.Takes(VerbReschedule, start.Add(-time.Minute)))
	require.Error(t, s.Takes(VerbReschedule, start), "it has started")
	require.NoError(t, s.Takes(VerbCancelSession, end))
	require.Error(t, s.Takes(VerbJudgeSheet, end.Add(-time.Minute)), "it is not over")
	require.NoError(t, s.Takes(VerbJudgeSheet, end), "F128")
	s.SheetSigned = end
	require.Error(t, s.Takes(VerbCancelSession, end), "its sheet is signed")
	s.Status = SessionToJudge
	require.NoError(t, s.Takes(VerbJudgeSheet, end))
	s.Status = SessionValidated
	require.Equal(t, CodeSessionState, ErrorCode(s.Takes(VerbJudgeSheet, end)))
}
