package models

import (
	"testing"
	"time"
)

func TestLinesTellTheFactsThatStaffRecorded(t *testing.T) {
	at := time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)
	f := Fact{Kind: FactContractSigned, Dossier: "D-1", Subject: "D-1/contract/1", ReceivedAt: at, Channel: ChannelPaper, Actor: "X-1", Recorder: "U-1"}
	line := JournalLine{Kind: "contract_signed", Dossier: "D-1", Subject: f.Subject, At: at, Channel: ChannelPaper, Actor: "X-1", Recorder: "U-1"}
	left := Fact{Kind: FactTrainerWithdrew, Dossier: "D-1", Subject: "D-1/1/invitation/1", ReceivedAt: at, Channel: ChannelPaper, Actor: "T-1", Recorder: "U-1"}
	report := Fact{Kind: FactAuditReported, Dossier: "D-1", Subject: "D-1/audit/1", ReceivedAt: at, Channel: ChannelPaper, Recorder: "U-1"}
	answer := Fact{Kind: FactInvitationAnswered, Subject: left.Subject, ReceivedAt: at, Channel: ChannelPaper, Recorder: "U-1", Data: FactData{Answer: "declined"}}
	cancelled := Fact{Kind: FactClientCancelled, Dossier: "D-1", Subject: "D-1", ReceivedAt: at, Channel: ChannelPaper, Recorder: "U-1"}
	says := func(kind, subject string, args ...Arg) func(*JournalLine) {
		return func(l *JournalLine) { l.Kind, l.Subject, l.Args = kind, subject, args }
	}
	for name, c := range map[string]struct {
		fact   Fact
		change func(*JournalLine)
		told   bool
	}{
		"its own":                {f, func(*JournalLine) {}, true},
		"of another document":    {f, func(l *JournalLine) { l.Subject = "D-1/contract/2" }, false},
		"of another moment":      {f, func(l *JournalLine) { l.At = at.Add(time.Microsecond) }, false},
		"recorded by another":    {f, func(l *JournalLine) { l.Recorder = "U-2" }, false},
		"not recorded":           {Fact{Subject: f.Subject, ReceivedAt: at, Channel: ChannelPaper}, func(l *JournalLine) { l.Recorder = "" }, false},
		"the client cancelled":   {f, func(l *JournalLine) { l.Kind, l.Subject = "request_cancelled", "D-1" }, false},
		"the trainer left":       {left, func(l *JournalLine) { l.Kind, l.Subject, l.Actor = "trainer_left", "D-1", "T-1" }, true},
		"left, and another line": {left, func(*JournalLine) {}, false},
		"left another dossier":   {left, says("trainer_left", "D-2"), false},
		"the audit's report":     {report, says("audit_reported", report.Subject), true},
		"the audit's slot":       {report, says("slot_chosen", report.Subject), false},
		"a report too late":      {report, says("fact_late", report.Subject, Arg{"fact", "audit_reported"}), true},
		"a report again":         {report, says("fact_ignored", report.Subject, Arg{"fact", "audit_reported"}), true},
		"a slot too late":        {report, says("fact_late", report.Subject, Arg{"fact", "slot_chosen"}), false},
		"the invitation's no":    {answer, says("invitation_declined", answer.Subject), true},
		"another's yes":          {answer, says("invitation_interested", answer.Subject), false},
		"cancelled":              {cancelled, says("request_cancelled", "D-1"), true},
		"handed over":            {cancelled, says("request_handed_over", "D-1"), false},
	} {
		l := line
		c.change(&l)
		if got := c.fact.Told(l); got != c.told {
			t.Errorf("%s: %v", name, got)
		}
	}
}
