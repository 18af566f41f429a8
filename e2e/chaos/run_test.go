package main

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeedDecidesWhatHappens(t *testing.T) {
	twistsSeen := map[string]bool{}
	for seed := range uint64(50) {
		one, again := newRun("", seed, false), newRun("", seed, false)
		require.Equal(t, one.cuts(), again.cuts())
		cast, same := newCast(one), newCast(again)
		require.Equal(t, cast.minds, same.minds)
		require.Equal(t, cast.answers, same.answers)
		require.Equal(t, cast.recaps, same.recaps)
		for _, m := range cast.minds {
			for _, twist := range m.twists {
				twistsSeen[twist] = true
			}
		}
		cuts := one.cuts()
		require.Len(t, cuts, kills)
		require.True(t, slices.IsSortedFunc(cuts, func(a, b cut) int { return int(a.at - b.at) }))
		killed := map[string]int{}
		for _, c := range cuts {
			for _, target := range c.targets {
				killed[target]++
			}
		}
		require.Len(t, killed, 4, "worker, API, Temporal and database")
		for target, n := range killed {
			require.GreaterOrEqual(t, n, 2, target)
		}
	}
	require.Len(t, twistsSeen, len(twists), "fifty seeds take every turn")
}
