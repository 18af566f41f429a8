package models

import (
	"testing"
	"time"
)

func TestContractBinds(t *testing.T) {
	c := calendar(t, CalendarSpec{})
	at := func(day Date, hh int) time.Time { return c.At(day, hh, 0) }
	for name, x := range map[string]struct {
		contract Contract
		now      time.Time
		want     bool
	}{
		"not signed":                      {Contract{Kind: ContractConvention, Status: ContractPending}, at("2026-11-25", 9), false},
		"an organisation signed":          {Contract{Kind: ContractConvention, Status: ContractSigned, SignedAt: at("2026-11-25", 9)}, at("2026-11-25", 9), true},
		"a consumer's last day":           {Contract{Kind: ContractIndividual, Status: ContractSigned, SignedAt: at("2026-11-25", 9)}, at("2026-12-09", 23), false},
		"a consumer's day after":          {Contract{Kind: ContractIndividual, Status: ContractSigned, SignedAt: at("2026-11-25", 9)}, at("2026-12-10", 0).Add(time.Second), true},
		"L221-19 a last day on a weekend": {Contract{Kind: ContractIndividual, Status: ContractSigned, SignedAt: at("2026-11-28", 9)}, at("2026-12-14", 23), false},
		"L221-19 and the day after":       {Contract{Kind: ContractIndividual, Status: ContractSigned, SignedAt: at("2026-11-28", 9)}, at("2026-12-15", 1), true},
	} {
		if got := x.contract.Binds(x.now, c); got != x.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
