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
	shift    int              // contract is 10^shift
	shifts   bool             // it is a power of ten, as nearly all are
}

// NewFormat has the places of the instrument's tick and lot, the lot counted in contracts where a contract is not 1.
func NewFormat(i exchange.Instrument) Format {
	f := Format{PricePlaces: max(i.Tick.Places(), 0), contract: i.Contract}
	for k := -18; k <= 18; k++ {
		if i.Contract.Equal(exchange.Scaled(1, k)) {
			f.shift, f.shifts = k, true
		}
	}
	f.SizePlaces = max(f.contracts(i.Lot).Places(), 0)
	return f
}

// countPlaces is far more than a count of contracts can have.
const countPlaces = 24

// contracts is a base quantity in what the venue counts.
func (f Format) contracts(q exchange.Decimal) exchange.Decimal {
	if f.contract.IsZero() {
		return q
	}
	text := q.Quo(f.contract, countPlaces, exchange.HalfEven).String()
	if strings.Contains(text, ".") { // a lot of 0.10 would have two places
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return exchange.MustDecimal(text)
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
	if f.shifts || f.contract.IsZero() {
		return appendScaled(dst, size, int(s.Size)-f.shift, f.SizePlaces)
	}
	return append(dst, f.contracts(exchange.Scaled(size, int(s.Size))).String()...)
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
