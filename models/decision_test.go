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

func TestInvitationAwaitsAnswer(t *testing.T) {
	for status, awaits := range map[InvitationStatus]bool{InvitationSent: true, InvitationUndeliverable: true, InvitationSilent: true,
		InvitationInterested: false, InvitationDeclined: false, InvitationChosen: false, InvitationNotRetained: false, InvitationDropped: false} {
		require.Equal(t, awaits, Invitation{Status: status}.AwaitsAnswer(), status)
	}
	require.False(t, Invitation{Status: InvitationSilent, LateAnswer: "declined"}.AwaitsAnswer(), "F071: it came, late")
}

func TestSheetOfASession(t *testing.T) {
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	end := start.Add(8 * time.Hour)
	for name, c := range map[string]struct {
		status                  string
		signed                  bool
		now                     time.Time
		sheet, presence, closed bool
	}{
		"before":          {SessionConvoked, false, start.Add(-time.Minute), false, false, false},
		"F124 from start": {SessionConvoked, false, start, false, true, false},
		"over":            {SessionPlanned, false, end, true, true, false},
		"signed":          {SessionConvoked, true, end, false, false, true},
		"to judge":        {SessionToJudge, false, end, true, true, true},
		"signed to judge": {SessionToJudge, true, end, false, true, true},
		"validated":       {SessionValidated, true, end, false, false, true},
		"not held":        {SessionRefused, false, end, false, false, true},
		"cancelled":       {SessionCancelled, false, end, false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := Session{Status: c.status, StartAt: start, EndAt: end}
			if c.signed {
				s.SheetSigned = end
			}
			require.Equal(t, []bool{c.sheet, c.presence, c.closed}, []bool{s.TakesSheet(c.now), s.TakesPresence(c.now), s.SheetClosed()})
		})
	}
}

func TestMessageWaits(t *testing.T) {
	now := time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)
	require.True(t, Message{Status: MessageQueued, NotBefore: now.Add(time.Minute)}.Waits(now))
	require.False(t, Message{Status: MessageQueued, NotBefore: now}.Waits(now), "it leaves")
	require.False(t, Message{Status: MessageWithdrawn, NotBefore: now.Add(time.Minute)}.Waits(now))
	require.False(t, Message{}.Waits(now))
}

func TestOrderUnplanned(t *testing.T) {
	o := Order{HalfDays: 4}
	day := make([]HalfDay, 2)
	session := func(status string) Session { return Session{Status: status, HalfDays: day} }
	require.Equal(t, 4, o.Unplanned(nil))
	require.Equal(t, 2, o.Unplanned([]Session{session(SessionPlanned), session(SessionCancelled), session(SessionRefused)}), "what is not held is to plan again")
	require.Equal(t, -2, o.Unplanned([]Session{session(SessionValidated), session(SessionToJudge), session(SessionConvoked)}))
}

func TestOrderCostAt(t *testing.T) {
	o := Order{HalfDays: 3, Unit: UnitDay, Quantity: 150}
	for unit, want := range map[Unit]Cents{UnitFlat: 40_000, UnitDay: 60_000, UnitHalfDay: 120_000} {
		cost, ok := o.CostAt(40_000, unit)
		require.True(t, ok)
		require.Equal(t, want, cost, unit)
	}
	_, ok := o.CostAt(5_000, UnitHour)
	require.False(t, ok, "hours are known once sessions are")
	o.Unit, o.Quantity = UnitHour, 10_50
	cost, ok := o.CostAt(5_000, UnitHour)
	require.True(t, ok)
	require.Equal(t, Cents(52_500), cost)
}

func TestF202WhatAnInvoiceOfAPartSays(t *testing.T) {
	days := Order{HalfDays: 4, Unit: UnitDay, Quantity: 200, UnitPriceCents: 100_001}
	flat := Order{HalfDays: 4, Unit: UnitFlat, Quantity: 100, UnitPriceCents: 200_001}
	hours := Order{HalfDays: 3, Unit: UnitHour, Quantity: 1000, UnitPriceCents: 10_000}
	for _, c := range []struct {
		ordered  Order
		held     int
		net      Cents
		unit     Unit
		quantity int64
		price    Cents
	}{
		{days, 4, 200_002, UnitDay, 200, 100_001},
		{days, 2, 100_001, UnitDay, 100, 100_001},
		{days, 1, 50_001, UnitFlat, 100, 50_001}, // half a day comes to half a cent
		{flat, 4, 200_001, UnitFlat, 100, 200_001},
		{flat, 2, 100_001, UnitFlat, 100, 100_001},
		{hours, 1, 33_334, UnitFlat, 100, 33_334},
	} {
		part := c.ordered.Part(c.held, c.net)
		require.Equal(t, []any{c.unit, c.quantity, c.price, c.net}, []any{part.Unit, part.Quantity, part.UnitPriceCents, part.TotalCents()}, "%d of %+v", c.held, c.ordered)
	}
}

func TestHalfDaysOverlap(t *testing.T) {
	at := func(from, to int) []HalfDay {
		day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
		return []HalfDay{{Start: day.Add(time.Duration(from) * time.Hour), End: day.Add(time.Duration(to) * time.Hour)}}
	}
	require.True(t, Overlap(at(9, 12), at(11, 13)))
	require.True(t, Overlap(at(9, 12), at(8, 17)))
	require.False(t, Overlap(at(9, 12), at(12, 17)), "one follows the other")
	require.False(t, Overlap(at(9, 12), nil))
}

func TestWhatCanStillCome(t *testing.T) {
	for status, ok := range map[string]bool{ContractPending: true, ContractDeclined: true, ContractSigned: false, ContractExpired: false, ContractCancelled: false} {
		require.Equal(t, ok, Contract{Status: status}.Signable(), status)
	}
	for status, ok := range map[string]bool{AbsenceOpen: true, AbsenceUnjustified: true, AbsenceJustified: false, AbsenceCancelled: false} {
		require.Equal(t, ok, Absence{Status: status}.Justifiable(), status)
	}
	for status, ok := range map[string]bool{InvoiceAwaited: true, InvoiceNonConforming: true, InvoiceReceived: false, InvoiceConform: false, InvoicePaid: false, InvoiceWithdrawn: false} {
		require.Equal(t, ok, Invoice{Kind: InvoiceSupplier, Status: status}.Receivable(), status)
		require.Equal(t, ok, Invoice{Kind: InvoiceSelfBilled, Status: status}.Receivable(), "F198: one the agency wrote is sent anew by the supplier")
		require.False(t, Invoice{Kind: InvoiceClient, Status: status}.Receivable())
	}
	for status, ok := range map[string]bool{ProgrammeAwaited: true, ProgrammeSubmitted: true, ProgrammeReturned: false, ProgrammeApproved: false, ProgrammeWaived: false, ProgrammeCancelled: false} {
		require.Equal(t, ok, Programme{Status: status}.Receivable(), status)
	}
	for status, ok := range map[string]bool{RecapSent: true, RecapWithStaff: true, RecapAccepted: false, RecapContested: false, RecapReplaced: false} {
		require.Equal(t, ok, Recap{Status: status}.Unanswered(), status)
	}
	for kind, want := range map[string][2]int{EvaluationPositioning: {0, 100}, EvaluationHot: {1, 5}, EvaluationCold: {1, 5}} {
		least, most := ScoreBounds(kind)
		require.Equal(t, want, [2]int{least, most}, kind)
	}
	require.True(t, Participant{Name: "Alix Exemple"}.Incomplete(), "F114")
	require.True(t, Participant{Email: "alix@example.org"}.Incomplete(), "F114")
	require.False(t, Participant{Name: "Alix Exemple", Email: "alix@example.org"}.Incomplete())
}

func TestF196TheEarlierClockLeads(t *testing.T) {
	for name, c := range map[string]struct {
		invoice Invoice
		clock   string
		due     Date
		overdue bool // on 25 November 2026
	}{
		"promise":              {Invoice{PromiseOn: "2026-11-20", LegalOn: "2026-12-20", PayOn: "2026-11-20"}, ClockPromise, "2026-11-20", true},
		"law":                  {Invoice{PromiseOn: "2026-12-05", LegalOn: "2026-11-30", PayOn: "2026-11-30"}, ClockLegal, "2026-11-30", false},
		"both on one day":      {Invoice{PromiseOn: "2026-11-30", LegalOn: "2026-11-30", PayOn: "2026-11-30"}, ClockPromise, "2026-11-30", false},
		"not conforming yet":   {Invoice{LegalOn: "2026-11-24"}, ClockLegal, "2026-11-24", true},
		"paid on a bank day":   {Invoice{PromiseOn: "2026-11-29", LegalOn: "2026-12-20", PayOn: "2026-11-27"}, ClockPromise, "2026-11-27", false},
		"due today":            {Invoice{LegalOn: "2026-11-25"}, ClockLegal, "2026-11-25", false},
		"paid":                 {Invoice{Status: InvoicePaid, LegalOn: "2026-11-20"}, ClockLegal, "2026-11-20", false},
		"withdrawn":            {Invoice{Status: InvoiceWithdrawn, LegalOn: "2026-11-20"}, ClockLegal, "2026-11-20", false},
		"F202 the client's":    {Invoice{Kind: InvoiceClient, PromiseOn: "2026-11-24"}, ClockClient, "2026-11-24", true},
		"awaited, no date yet": {Invoice{Status: InvoiceAwaited}, ClockLegal, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.clock, c.invoice.LeadingClock())
			require.Equal(t, c.due, c.invoice.DueOn())
			require.Equal(t, c.overdue, c.invoice.Overdue("2026-11-25"))
		})
	}
}
