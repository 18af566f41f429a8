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
	} {
		l := line
		c.change(&l)
		if got := c.fact.Told(l); got != c.told {
			t.Errorf("%s: %v", name, got)
		}
	}
}
