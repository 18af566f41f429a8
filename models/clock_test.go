package models

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func instant(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func TestClock(t *testing.T) {
	real0, business0 := instant("2026-11-22T10:00:00Z"), instant("2026-06-01T06:00:00Z")
	fast := Clock{RealEpoch: real0, BusinessEpoch: business0, Scale: 86400}

	t.Run("a second is a day", func(t *testing.T) {
		if got := fast.Business(real0.Add(time.Second)); !got.Equal(business0.AddDate(0, 0, 1)) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("a year of real time does not overflow", func(t *testing.T) {
		want := time.Unix(business0.Unix()+365*86400*86400, 0)
		if got := fast.Business(real0.Add(365 * 24 * time.Hour)); !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("before the epoch", func(t *testing.T) {
		if got := fast.Business(real0.Add(-time.Second)); !got.Equal(business0.AddDate(0, 0, -1)) {
			t.Errorf("got %s", got)
		}
	})
	t.Run("30 business days take 30 s", func(t *testing.T) {
		if got := fast.RealDelay(real0, business0.AddDate(0, 0, 30)); got != 30*time.Second {
			t.Errorf("got %s", got)
		}
	})
	t.Run("what is past waits no more", func(t *testing.T) {
		if got := fast.RealDelay(real0, business0.Add(-time.Hour)); got != 0 {
			t.Errorf("got %s", got)
		}
	})
	for _, c := range []Clock{{}, {Scale: 1}, {RealEpoch: real0, BusinessEpoch: real0, Scale: 1}} {
		now := instant("2026-11-22T10:00:00.123456Z")
		if got := c.Business(now.In(time.FixedZone("", 3600))); got != now {
			t.Errorf("%+v: got %s, want the same instant in UTC", c, got)
		}
		if got := c.RealDelay(now, now.Add(72*time.Hour)); got != 72*time.Hour {
			t.Errorf("%+v: got %s", c, got)
		}
	}
	if (Clock{Scale: MaxScale}).Validate() != nil || (Clock{}).Validate() != nil {
		t.Error("good scales refused")
	}
	for _, scale := range []int64{-1, MaxScale + 1} {
		if ErrorCode(Clock{Scale: scale}.Validate()) != CodeInvalid {
			t.Errorf("scale %d accepted", scale)
		}
	}
	data, _ := json.Marshal(fast)
	var back Clock
	if err := json.Unmarshal(data, &back); err != nil || back != fast {
		t.Errorf("%s read back as %+v, %v", data, back, err)
	}
}

func TestClockProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := func(name string) time.Time {
			return time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, name)).UTC() // up to 2096
		}
		c := Clock{RealEpoch: at("real epoch"), BusinessEpoch: at("business epoch"),
			Scale: rapid.OneOf(rapid.Just(int64(86400)), rapid.Int64Range(0, MaxScale)).Draw(t, "scale")}
		real1 := c.RealEpoch.Add(time.Duration(rapid.Int64Range(-1e12, 1e16).Draw(t, "µs")) * time.Microsecond / 1000)

		// Any real instant in whole microseconds comes back.
		r := real1.Truncate(time.Microsecond)
		if got := c.Real(c.Business(r)); got != r {
			t.Fatalf("Real(Business(%s)) = %s", r, got)
		}
		// A business instant is reached at Real, and was not a microsecond before.
		b := c.Business(real1).Add(time.Duration(rapid.Int64Range(0, 1e6).Draw(t, "more")) * time.Microsecond)
		if c.Business(c.Real(b)).Before(b) || !c.Business(c.Real(b).Add(-time.Microsecond)).Before(b) {
			t.Fatalf("Real(%s) = %s shows %s", b, c.Real(b), c.Business(c.Real(b)))
		}
		// A timer never fires before its deadline, nor a nanosecond later than needed.
		from := real1.Add(time.Duration(rapid.Int64Range(0, 999).Draw(t, "ns")))
		d := c.RealDelay(from, b)
		if c.Business(from.Add(d)).Before(b) {
			t.Fatalf("after %s it is %s, before %s", d, c.Business(from.Add(d)), b)
		}
		if d > 0 && !c.Business(from.Add(d-1)).Before(b) {
			t.Fatalf("%s is too long for %s", d, b)
		}
		// Business time never runs backwards.
		if c.Business(from.Add(time.Nanosecond)).Before(c.Business(from)) {
			t.Fatal("backwards")
		}
	})
}
