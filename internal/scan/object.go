package scan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/bothlegs/bothlegs/exchange"
)

// Object is a JSON object as encoding/json reads it, names exactly as they are written: to its structs "U" and "u" are one
// name, to venues they are two. It is the second reader of every message, for whatever a Cursor refused: slower, and the one whose
// errors are reported. Those of its methods wrap exchange.ErrFrame and name the member, but for levels that do not fit 64 bits.
type Object map[string]json.RawMessage

// ParseObject reads an object. Of members with the same name the last counts.
func ParseObject(data []byte) (Object, error) {
	var o Object
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("scan: %v: %w", err, exchange.ErrFrame)
	}
	if o == nil {
		return nil, fmt.Errorf("scan: null for an object: %w", exchange.ErrFrame)
	}
	return o, nil
}

// Has reports whether the object has a member of that name.
func (o Object) Has(name string) bool { return o[name] != nil }

// Object is the member of that name, an object itself.
func (o Object) Object(name string) (Object, error) {
	m, err := ParseObject(o[name])
	if err != nil {
		return nil, fmt.Errorf("scan: %s: %w", name, err)
	}
	return m, nil
}

// Array is the member of that name, an array, element by element.
func (o Object) Array(name string) ([]json.RawMessage, error) {
	var a []json.RawMessage
	if err := o.read(name, &a); err != nil {
		return nil, err
	}
	return a, nil
}

// Text is the member of that name, a string.
func (o Object) Text(name string) (string, error) {
	var s string
	err := o.read(name, &s)
	return s, err
}

// Int is the member of that name, an integer of at most 18 digits.
func (o Object) Int(name string) (int64, error) {
	var v int64
	if err := o.read(name, &v); err != nil {
		return 0, err
	}
	return v, bound(name, v)
}

// QuotedInt is the member of that name, a string that holds an integer of at most 18 digits.
func (o Object) QuotedInt(name string) (int64, error) {
	s, err := o.Text(name)
	if err != nil {
		return 0, err
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil || s[0] == '+' {
		return 0, fmt.Errorf("scan: %s: %.40q is no integer: %w", name, s, exchange.ErrFrame)
	}
	return v, bound(name, v)
}

func bound(name string, v int64) error {
	if v >= 1e18 || v <= -1e18 {
		return fmt.Errorf("scan: %s: %d is out of bounds: %w", name, v, exchange.ErrFrame)
	}
	return nil
}

func (o Object) read(name string, dst any) error {
	raw := o[name]
	if raw == nil {
		return fmt.Errorf("scan: no %q: %w", name, exchange.ErrFrame)
	}
	if bytes.Equal(raw, []byte("null")) {
		return fmt.Errorf("scan: %s is null: %w", name, exchange.ErrFrame)
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		return fmt.Errorf("scan: %s: %v: %w", name, err, exchange.ErrFrame)
	}
	return nil
}

// Bids reads the member of that name, an array of levels, onto s.Bids, as [Cursor.Bids] does, but takes every number that
// exchange.ParseDecimal takes. A number that 64 bits do not hold gives an error that wraps exchange.ErrScale.
func (o Object) Bids(name string, s *Sides) error { return o.levels(name, s, &s.Bids) }

// Asks reads the member of that name onto s.Asks.
func (o Object) Asks(name string, s *Sides) error { return o.levels(name, s, &s.Asks) }

func (o Object) levels(name string, s *Sides, side *[]exchange.Level) error {
	var levels [][]json.RawMessage
	if err := o.read(name, &levels); err != nil {
		return err
	}
	for i, raw := range levels {
		l, err := level(raw, s)
		if err != nil {
			return fmt.Errorf("scan: %s[%d]: %w", name, i, err)
		}
		*side = append(*side, l)
	}
	return nil
}

// level reads one level, and makes all of s finer where it must be.
func level(raw []json.RawMessage, s *Sides) (l exchange.Level, err error) {
	if len(raw) < 2 {
		return l, fmt.Errorf("%d elements in a level: %w", len(raw), exchange.ErrFrame)
	}
	price, err := number(raw[0])
	if err != nil {
		return l, err
	}
	size, err := number(raw[1])
	if err != nil {
		return l, err
	}
	if price.IsZero() {
		return l, fmt.Errorf("a price of 0: %w", exchange.ErrFrame)
	}
	if err := s.Refine(exchange.Scale{Price: exponent(price), Size: exponent(size)}); err != nil {
		return l, err
	}
	var okp, oks bool
	l.Price, okp = price.Int64(int(s.Scale.Price))
	l.Size, oks = size.Int64(int(s.Scale.Size))
	if !okp || !oks {
		return l, fmt.Errorf("%s x %s in units of 1e%d x 1e%d: %w", price, size, s.Scale.Price, s.Scale.Size, exchange.ErrScale)
	}
	return l, nil
}

// exponent is that of d's last digit that is not zero, 0 for multiples of ten. Parsed numbers have at most 60 places.
func exponent(d exchange.Decimal) int8 { return int8(-max(d.Places(), 0)) }

var errNumber = errors.New("not a positive number")

// number reads a quoted decimal that is not negative.
func number(raw json.RawMessage) (exchange.Decimal, error) {
	var s *string
	if err := json.Unmarshal(raw, &s); err != nil || s == nil {
		return exchange.Decimal{}, fmt.Errorf("%.40q: %w: %w", raw, errNumber, exchange.ErrFrame)
	}
	d, err := exchange.ParseDecimal(*s)
	if err != nil || d.Sign() < 0 || (*s)[0] == '+' || (*s)[0] == '-' {
		return exchange.Decimal{}, fmt.Errorf("%.40q: %w: %w", *s, errNumber, exchange.ErrFrame)
	}
	return d, nil
}
