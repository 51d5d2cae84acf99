package okxtest

import (
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// market is an instrument under the venue's names.
type market struct {
	exchange.Instrument
	instID string
	code   int64 // instIdCode
	unit   exchange.Decimal
	swap   bool
	format simwire.Format
}

// firstCode is the instIdCode of the first instrument. They are numbers without a pattern at the venue, and others in its demo market.
const firstCode = 10459

func newMarket(in exchange.Instrument, n int) *market {
	m := &market{Instrument: in, instID: in.VenueSymbol, code: firstCode + int64(n), unit: in.Contract, swap: in.Market.Symbol.Kind == exchange.Perp}
	if m.instID == "" {
		m.instID = m.family()
		if m.swap {
			m.instID += "-SWAP"
		}
	}
	m.format = simwire.NewFormat(in)
	m.format.PricePlaces, m.format.SizePlaces = 0, 0 // no zeros at the end, as in num
	if m.unit.IsZero() {
		m.unit = exchange.Scaled(1, 0)
	}
	return m
}

// family is what the venue calls instFamily, and uly.
func (m *market) family() string {
	return string(m.Market.Symbol.Base) + "-" + string(m.Market.Symbol.Quote)
}

func (m *market) instType() string {
	if m.swap {
		return "SWAP"
	}
	return "SPOT"
}

// contracts is a base quantity as the venue counts it.
func (m *market) contracts(q exchange.Decimal) exchange.Decimal {
	if !m.swap {
		return q
	}
	const places = 18 // more than any lot has: the division is exact
	return q.Quo(m.unit, places, exchange.HalfEven)
}

// size is contracts in the venue's spelling.
func (m *market) size(q exchange.Decimal) string { return num(m.contracts(q)) }

// base is a number of contracts in base units.
func (m *market) base(n exchange.Decimal) exchange.Decimal { return n.Mul(m.unit) }

// number reads a decimal that is greater than zero, in the only spelling that the venue takes: digits, with a point between some of them.
func number(w word) (exchange.Decimal, bool) {
	whole, part, point := strings.Cut(string(w), ".")
	for _, digits := range []string{whole, part} {
		if strings.Trim(digits, "0123456789") != "" {
			return exchange.Decimal{}, false
		}
	}
	if whole == "" || point && part == "" {
		return exchange.Decimal{}, false
	}
	d, err := exchange.ParseDecimal(string(w))
	return d, err == nil && d.Sign() > 0
}

// num is d without zeros at its end, as the venue spells numbers.
func num(d exchange.Decimal) string {
	s := d.String()
	if strings.IndexByte(s, '.') >= 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return s
}

// some is num, and "" for zero: the venue's way to leave a number out.
func some(d exchange.Decimal) string {
	if d.IsZero() {
		return ""
	}
	return num(d)
}
