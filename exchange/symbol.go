package exchange

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Venue names a market place: "binance".
type Venue string

// AccountID names one of several accounts at a venue; "" is the default one.
type AccountID string

// Asset is a currency or token by its ticker, in the venue's spelling: "BTC", "USDT".
type Asset string

// Kind is what is traded under a symbol.
type Kind uint8

const (
	Spot Kind = iota // base against quote, delivered at once
	Perp             // linear perpetual: quantity in base, margined and settled in quote
)

// String is "spot" or "perp".
func (k Kind) String() string { return name([]string{"spot", "perp"}, int(k), "kind") }

// Symbol names what is traded, the same at every venue: "BTC-USDT" for spot, "BTC-USDT-PERP" for a linear perpetual. It is
// comparable.
type Symbol struct {
	Base, Quote Asset
	Kind        Kind
}

// Market is a symbol at a venue. It is comparable: the key of every map about markets.
type Market struct {
	Venue  Venue
	Symbol Symbol
}

// ParseSymbol reads "BTC-USDT" or "BTC-USDT-PERP".
func ParseSymbol(s string) (Symbol, error) {
	p := strings.Split(s, "-")
	kind := Spot
	if len(p) == 3 && p[2] == "PERP" {
		kind, p = Perp, p[:2]
	}
	if len(p) != 2 || !validAsset(p[0]) || !validAsset(p[1]) {
		return Symbol{}, fmt.Errorf("exchange: bad symbol %.60q: want BASE-QUOTE or BASE-QUOTE-PERP: %w", s, ErrInvalid)
	}
	return Symbol{Base: Asset(p[0]), Quote: Asset(p[1]), Kind: kind}, nil
}

// MustSymbol is ParseSymbol for constants in code; it panics on a bad one.
func MustSymbol(s string) Symbol {
	y, err := ParseSymbol(s)
	if err != nil {
		panic(err)
	}
	return y
}

// validAsset lets non-ASCII tickers pass (venues list some), but nothing that would blur a symbol's text.
func validAsset(s string) bool {
	if s == "" || len(s) > 40 || !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r == '-' || r == ':' || r == '/' || unicode.IsSpace(r) || unicode.IsLower(r) || !unicode.IsPrint(r)
	})
}

// String is the text that ParseSymbol reads.
func (s Symbol) String() string {
	t := string(s.Base) + "-" + string(s.Quote)
	if s.Kind == Perp {
		t += "-PERP"
	}
	return t
}

// MarshalText is String.
func (s Symbol) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText is ParseSymbol.
func (s *Symbol) UnmarshalText(b []byte) (err error) {
	*s, err = ParseSymbol(string(b))
	return err
}

// ParseMarket reads "binance:BTC-USDT".
func ParseMarket(s string) (Market, error) {
	venue, symbol, ok := strings.Cut(s, ":")
	if !ok || venue == "" {
		return Market{}, fmt.Errorf("exchange: bad market %.80q: want VENUE:SYMBOL: %w", s, ErrInvalid)
	}
	y, err := ParseSymbol(symbol)
	if err != nil {
		return Market{}, err
	}
	return Market{Venue: Venue(venue), Symbol: y}, nil
}

// String is the text that ParseMarket reads.
func (m Market) String() string { return string(m.Venue) + ":" + m.Symbol.String() }

// MarshalText is String.
func (m Market) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMarket.
func (m *Market) UnmarshalText(b []byte) (err error) {
	*m, err = ParseMarket(string(b))
	return err
}

// name is the i-th of an enumeration's names.
func name(names []string, i int, what string) string {
	if i < len(names) && names[i] != "" {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", what, i)
}
