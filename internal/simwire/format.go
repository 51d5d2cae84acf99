package simwire

import (
	"strconv"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// Format writes a market's numbers as its venue does. It is a value, safe for concurrent use.
type Format struct {
	PricePlaces int // digits behind the point, at least: more where a number has more
	SizePlaces  int
	ZeroPlaces  bool // a size of zero has its places, too ("0.00"); else it is "0"

	contract exchange.Decimal // zero: sizes are in base units
}

// NewFormat has the places of the instrument's tick and lot, the lot counted in contracts where a contract is not 1.
func NewFormat(i exchange.Instrument) Format {
	f := Format{PricePlaces: max(i.Tick.Places(), 0)}
	if !i.Contract.IsZero() && !i.Contract.Equal(exchange.Scaled(1, 0)) {
		f.contract = i.Contract
	}
	f.SizePlaces = max(f.contracts(i.Lot).Places(), 0)
	return f
}

// quotePlaces is far more than a count of contracts can have.
const quotePlaces = 24

// contracts is a base quantity in what the venue counts.
func (f Format) contracts(q exchange.Decimal) exchange.Decimal {
	if f.contract.IsZero() {
		return q
	}
	return q.Quo(f.contract, quotePlaces, exchange.HalfEven)
}

// AppendPrice appends a price in units of s.
func (f Format) AppendPrice(dst []byte, price int64, s exchange.Scale) []byte {
	return appendScaled(dst, price, int(s.Price), f.PricePlaces)
}

// AppendSize appends a size in units of s, in contracts where the market counts them.
func (f Format) AppendSize(dst []byte, size int64, s exchange.Scale) []byte {
	if size == 0 && !f.ZeroPlaces {
		return append(dst, '0')
	}
	if f.contract.IsZero() {
		return appendScaled(dst, size, int(s.Size), f.SizePlaces)
	}
	return append(dst, f.Quantity(exchange.Scaled(size, int(s.Size)))...)
}

// AppendLevels appends [["price","size"],...]; tail, such as `,"0","1"`, goes into each level behind its size.
func (f Format) AppendLevels(dst []byte, levels []exchange.Level, s exchange.Scale, tail string) []byte {
	dst = append(dst, '[')
	for i, l := range levels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = f.AppendPrice(append(dst, `["`...), l.Price, s)
		dst = f.AppendSize(append(dst, `","`...), l.Size, s)
		dst = append(append(append(dst, '"'), tail...), ']')
	}
	return append(dst, ']')
}

// AppendSide is AppendLevels for one side of a book, where the best level is the last: the best is written first.
func (f Format) AppendSide(dst []byte, side []exchange.Level, s exchange.Scale, tail string) []byte {
	dst = append(dst, '[')
	for i := len(side) - 1; i >= 0; i-- {
		dst = f.AppendPrice(append(dst, `["`...), side[i].Price, s)
		dst = f.AppendSize(append(dst, `","`...), side[i].Size, s)
		dst = append(append(append(dst, '"'), tail...), ']')
		if i > 0 {
			dst = append(dst, ',')
		}
	}
	return append(dst, ']')
}

// Price is the text of a price.
func (f Format) Price(p exchange.Decimal) string { return Places(p, f.PricePlaces) }

// Quantity is the text of a base quantity, in contracts where the market counts them.
func (f Format) Quantity(q exchange.Decimal) string { return Places(f.contracts(q), f.SizePlaces) }

// Base is the base quantity of a number that the venue's clients say: times the contract where the market counts them.
func (f Format) Base(q exchange.Decimal) exchange.Decimal {
	if f.contract.IsZero() {
		return q
	}
	return q.Mul(f.contract)
}

// Places is d with at least so many digits behind the point, and with more only where the number has them: it is never rounded.
func Places(d exchange.Decimal, places int) string {
	text := d.String()
	point := strings.IndexByte(text, '.')
	if point < 0 {
		if places <= 0 {
			return text
		}
		point, text = len(text), text+"."
	}
	end := point + 1 + max(places, 0)
	for len(text) > end && text[len(text)-1] == '0' {
		text = text[:len(text)-1]
	}
	if places <= 0 {
		return strings.TrimSuffix(text, ".")
	}
	return text + strings.Repeat("0", max(end-len(text), 0))
}

// appendScaled appends v * 10^exp with at least so many places.
func appendScaled(dst []byte, v int64, exp, places int) []byte {
	for exp < 0 && -exp > places && v%10 == 0 {
		if v == 0 {
			exp = -places
			break
		}
		v, exp = v/10, exp+1
	}
	var digits [24]byte
	b := strconv.AppendInt(digits[:0], v, 10)
	if v < 0 {
		dst, b = append(dst, '-'), b[1:]
	}
	if exp >= 0 {
		dst = append(dst, b...)
		if v != 0 {
			dst = appendZeros(dst, exp)
		}
		if places > 0 {
			dst = appendZeros(append(dst, '.'), places)
		}
		return dst
	}
	if whole := len(b) + exp; whole > 0 {
		dst = append(append(append(dst, b[:whole]...), '.'), b[whole:]...)
	} else {
		dst = append(appendZeros(append(dst, "0."...), -whole), b...)
	}
	return appendZeros(dst, places+exp)
}

func appendZeros(dst []byte, n int) []byte {
	for range max(n, 0) {
		dst = append(dst, '0')
	}
	return dst
}
