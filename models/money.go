package models

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Cents is an amount of euro cents.
type Cents int64

// Unit is what a price or a rate counts.
type Unit string

// Units of prices and rates; flat is a price for the whole mission.
const (
	UnitHour    Unit = "hour"
	UnitHalfDay Unit = "half_day"
	UnitDay     Unit = "day"
	UnitFlat    Unit = "flat"
)

// Units lists the units in the order forms show them.
var Units = []Unit{UnitHour, UnitHalfDay, UnitDay, UnitFlat}

// Valid tells whether u is one of Units.
func (u Unit) Valid() bool {
	for _, v := range Units {
		if u == v {
			return true
		}
	}
	return false
}

// MulQuantity is the price of a quantity given in hundredths of the unit, rounded half-even to the cent. It panics
// past int64, that is beyond 92 million billion euros.
func MulQuantity(unitPrice Cents, hundredths int64) Cents {
	return mulDivHalfEven(unitPrice, hundredths, 100)
}

// VAT is the tax on base at a rate in basis points (2000 is 20 %), rounded half-even to the cent. It panics past
// int64.
func VAT(base Cents, bps int64) Cents { return mulDivHalfEven(base, bps, 10_000) }

// DivQuantity is the price of one unit when total pays for a quantity given in hundredths, rounded half-even to the
// cent; 0 if the quantity is not positive. With Percent it gives a target trainer rate (F056).
func DivQuantity(total Cents, hundredths int64) Cents {
	if hundredths <= 0 {
		return 0
	}
	return mulDivHalfEven(total, 100, uint64(hundredths))
}

// Percent is a whole percentage of an amount, rounded half-even to the cent.
func Percent(base Cents, percent int64) Cents { return mulDivHalfEven(base, percent, 100) }

// Share splits total in proportion to weights by largest remainder, the first lines served first, so that the shares
// always add up to total. Weights below zero count as zero; if all are zero the shares are as equal as can be. The sum
// of the weights must fit an int64. No weight, no share.
func Share(total Cents, weights []int64) []Cents {
	if len(weights) == 0 {
		return nil
	}
	ws, sum := make([]uint64, len(weights)), uint64(0)
	for i, w := range weights {
		ws[i] = uint64(max(0, w))
		sum += ws[i]
	}
	if sum == 0 {
		for i := range ws {
			ws[i] = 1
		}
		sum = uint64(len(ws))
	}
	amount := magnitude(int64(total))
	shares, rests, left := make([]uint64, len(ws)), make([]uint64, len(ws)), amount
	for i, w := range ws {
		hi, lo := bits.Mul64(amount, w)
		shares[i], rests[i] = bits.Div64(hi, lo, sum)
		left -= shares[i]
	}
	// Fewer cents are left than there are lines with a remainder.
	for ; left > 0; left-- {
		best := 0
		for i := range rests {
			if rests[i] > rests[best] {
				best = i
			}
		}
		shares[best], rests[best] = shares[best]+1, 0
	}
	out := make([]Cents, len(ws))
	for i, s := range shares {
		out[i] = Cents(signed(s, total < 0))
	}
	return out
}

// FormatFR writes the amount as in French documents: « 1 234,56 € », with a narrow no-break space between thousands and a
// no-break one before the sign.
func (c Cents) FormatFR() string { return c.format("\u202f", ",", "", "\u00a0€") }

// FormatEN writes the amount as in English documents: €1,234.56.
func (c Cents) FormatEN() string { return c.format(",", ".", "€", "") }

// Plain writes the amount as tables hold it: digits with a decimal mark and nothing else.
func (c Cents) Plain(mark string) string { return c.format("", mark, "", "") }

// FormatFR writes an amount as in French documents.
func FormatFR(c Cents) string { return c.FormatFR() }

// FormatEN writes an amount as in English documents.
func FormatEN(c Cents) string { return c.FormatEN() }

// GroupIBAN writes an account as banks print it, in groups of four.
func GroupIBAN(iban, space string) string {
	var b strings.Builder
	for i, r := range []rune(iban) {
		if i > 0 && i%4 == 0 {
			b.WriteString(space)
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (c Cents) format(group, point, before, after string) string {
	n := magnitude(int64(c))
	digits := strconv.FormatUint(n/100, 10)
	var b strings.Builder
	if c < 0 {
		b.WriteByte('-')
	}
	b.WriteString(before)
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(d)
	}
	b.WriteString(point)
	b.WriteByte(byte('0' + n%100/10))
	b.WriteByte(byte('0' + n%10))
	b.WriteString(after)
	return b.String()
}

// mulDivHalfEven is a×b÷d on 128 bits, halves going to the even neighbour.
func mulDivHalfEven(a Cents, b int64, d uint64) Cents {
	hi, lo := bits.Mul64(magnitude(int64(a)), magnitude(b))
	q, r := bits.Div64(hi, lo, d)
	if half := d - r; r > half || r == half && q%2 == 1 {
		q++
	}
	return Cents(signed(q, (a < 0) != (b < 0)))
}

func magnitude(n int64) uint64 {
	if n < 0 {
		return -uint64(n)
	}
	return uint64(n)
}

func signed(n uint64, negative bool) int64 {
	if negative && n <= 1<<63 {
		return int64(-n)
	}
	if n > math.MaxInt64 {
		panic("models: amount beyond int64")
	}
	return int64(n)
}
