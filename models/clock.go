package models

import (
	"fmt"
	"time"
)

// MaxScale is the fastest clock accepted: about eleven and a half business days per real second.
const MaxScale = 1_000_000

// Clock turns real time into business time. It belongs to the installation: BusinessEpoch is what RealEpoch shows, and
// Scale business seconds pass in one real second. The zero value, or a scale of 1 with equal epochs, changes nothing.
type Clock struct {
	RealEpoch     time.Time `json:"real_epoch"`
	BusinessEpoch time.Time `json:"business_epoch"`
	Scale         int64     `json:"scale"`
}

// Validate refuses (invalid_input) a scale outside 0 to MaxScale; 0 means 1.
func (c Clock) Validate() error {
	if c.Scale < 0 || c.Scale > MaxScale {
		return NewError(CodeInvalid, fmt.Sprintf("clock scale %d: must be between 1 and %d", c.Scale, MaxScale))
	}
	return nil
}

// Business is the business instant shown at a real one, in UTC, truncated to the microsecond.
func (c Clock) Business(real time.Time) time.Time {
	s := c.scale()
	secs, nanos := between(c.RealEpoch, real)
	// Seconds and nanoseconds apart: a Duration multiplied by 86400 overflows after 30 hours.
	return shift(c.BusinessEpoch, secs*s, nanos*s).Truncate(time.Microsecond)
}

// Real is the first real microsecond, in UTC, at which the business instant is reached: Business(Real(b)) is never
// before b, and Real(Business(r)) is r for any r in whole microseconds.
func (c Clock) Real(business time.Time) time.Time {
	return ceil(c.reached(business), time.Microsecond)
}

// RealDelay is how long to wait in real time, from fromReal, until businessDue is reached. It is never negative, and
// rounded up so that a timer never fires before its deadline is due.
func (c Clock) RealDelay(fromReal, businessDue time.Time) time.Duration {
	return max(0, c.reached(businessDue).Sub(fromReal))
}

// reached is the first real nanosecond at which Business shows business or later.
func (c Clock) reached(business time.Time) time.Time {
	s := c.scale()
	secs, nanos := between(c.BusinessEpoch, ceil(business, time.Microsecond))
	whole, rest := secs/s, secs%s
	if rest < 0 {
		whole, rest = whole-1, rest+s
	}
	return shift(c.RealEpoch, whole, (rest*int64(time.Second)+nanos+s-1)/s)
}

func (c Clock) scale() int64 { return max(1, c.Scale) }

// between is b minus a as seconds and non-negative nanoseconds: a Duration only spans 292 years.
func between(a, b time.Time) (secs, nanos int64) {
	secs, nanos = b.Unix()-a.Unix(), int64(b.Nanosecond()-a.Nanosecond())
	if nanos < 0 {
		secs, nanos = secs-1, nanos+int64(time.Second)
	}
	return secs, nanos
}

func shift(t time.Time, secs, nanos int64) time.Time {
	return time.Unix(t.Unix()+secs, int64(t.Nanosecond())+nanos).UTC()
}

func ceil(t time.Time, unit time.Duration) time.Time {
	t = t.UTC().Round(0)
	if down := t.Truncate(unit); !down.Equal(t) {
		return down.Add(unit)
	}
	return t
}
