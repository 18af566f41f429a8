package models

import (
	"math/big"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want Cents
	}{
		{"six half-days at 150 EUR", MulQuantity(15000, 600), 90000},
		{"half a cent goes to the even one, down", MulQuantity(1, 50), 0},
		{"half a cent goes to the even one, up", MulQuantity(3, 50), 2},
		{"and so below zero", MulQuantity(-3, 50), -2},
		{"1.75 h at 33.33", MulQuantity(3333, 175), 5833},
		{"20 % of 0.03", VAT(3, 2000), 1},
		{"20 % of 1234.56", VAT(123456, 2000), 24691},
		{"no VAT", VAT(123456, 0), 0},
		{"beyond a float", MulQuantity(9_007_199_254_740_993, 100), 9_007_199_254_740_993},
		{"F056 40 % of 3000 EUR over 6 half-days", DivQuantity(Percent(300000, 40), 600), 20000},
		{"F056 nothing to divide by", DivQuantity(300000, 0), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, c.got, c.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		cents  Cents
		fr, en string
	}{
		{0, "0,00\u00a0€", "€0.00"},
		{5, "0,05\u00a0€", "€0.05"},
		{99999, "999,99\u00a0€", "€999.99"},
		{123456, "1\u202f234,56\u00a0€", "€1,234.56"},
		{-123456789, "-1\u202f234\u202f567,89\u00a0€", "-€1,234,567.89"},
		{-1 << 63, "-92\u202f233\u202f720\u202f368\u202f547\u202f758,08\u00a0€", "-€92,233,720,368,547,758.08"},
	} {
		if got := FormatFR(c.cents); got != c.fr {
			t.Errorf("%d: got %q, want %q", c.cents, got, c.fr)
		}
		if got := FormatEN(c.cents); got != c.en {
			t.Errorf("%d: got %q, want %q", c.cents, got, c.en)
		}
	}
}

func TestPlainAmount(t *testing.T) {
	for cents, want := range map[Cents]string{0: "0,00", 5: "0,05", -5: "-0,05", 123456: "1234,56", 9_007_199_254_740_993: "90071992547409,93", -1 << 63: "-92233720368547758,08"} {
		if got := cents.Plain(","); got != want {
			t.Errorf("%d: got %q, want %q", cents, got, want)
		}
	}
	if got := Cents(123456).Plain("."); got != "1234.56" {
		t.Error(got)
	}
}

func TestQuantityInWords(t *testing.T) {
	for hundredths, want := range map[int64]string{0: "0", 5: "0,05", 50: "0,5", 100: "1", 1000: "10", 150: "1,5", -250: "-2,5", 9_007_199_254_740_993: "90071992547409,93"} {
		if got := French.Quantity(hundredths); got != want {
			t.Errorf("%d: got %q, want %q", hundredths, got, want)
		}
	}
	if got := English.Quantity(150); got != "1.5" {
		t.Error(got)
	}
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		total   Cents
		weights []int64
		want    []Cents
	}{
		{100, []int64{1, 1, 1}, []Cents{34, 33, 33}},
		{-100, []int64{1, 1, 1}, []Cents{-34, -33, -33}},
		{100, []int64{0, 0, 0}, []Cents{34, 33, 33}},
		{100, []int64{0, 3, -2}, []Cents{0, 100, 0}},
		{10, []int64{1, 2, 3}, []Cents{2, 3, 5}},
		{7, nil, nil},
	} {
		if got := Share(c.total, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("Share(%d, %v) = %v, want %v", c.total, c.weights, got, c.want)
		}
	}
}

func TestMoneyProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		price := rapid.Int64Range(-1e12, 1e12).Draw(t, "price")
		quantity := rapid.Int64Range(-1e8, 1e8).Draw(t, "quantity")
		got := MulQuantity(Cents(price), quantity)
		// The error is at most half a cent, and at exactly half the cent is even.
		diff := new(big.Int).Mul(big.NewInt(price), big.NewInt(quantity))
		diff.Sub(diff, new(big.Int).Mul(big.NewInt(int64(got)), big.NewInt(100))).Abs(diff)
		if n := diff.Int64(); n > 50 || n == 50 && got%2 != 0 {
			t.Fatalf("%d × %d/100 = %d", price, quantity, got)
		}
		if MulQuantity(Cents(-price), quantity) != -got {
			t.Fatal("not symmetrical")
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		total := Cents(rapid.Int64Range(-1e15, 1e15).Draw(t, "total"))
		weights := rapid.SliceOfN(rapid.Int64Range(0, 1e12), 1, 20).Draw(t, "weights")
		shares := Share(total, weights)
		sum, all := Cents(0), big.NewInt(0)
		for i, s := range shares {
			sum += s
			all.Add(all, big.NewInt(weights[i]))
		}
		if sum != total {
			t.Fatalf("%v add up to %d, not %d", shares, sum, total)
		}
		for i, s := range shares {
			if all.Sign() == 0 {
				break
			}
			// No share is a whole cent away from its exact part.
			d := new(big.Int).Mul(big.NewInt(int64(total)), big.NewInt(weights[i]))
			d.Sub(d, new(big.Int).Mul(big.NewInt(int64(s)), all)).Abs(d)
			if d.Cmp(all) >= 0 {
				t.Fatalf("share %d of %v is %d", i, weights, s)
			}
		}
	})
}
