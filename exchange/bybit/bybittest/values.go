package bybittest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// integer is a number in JSON, in quotes or not.
type integer int64

// UnmarshalJSON takes both; null and an empty text are 0.
func (n *integer) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if s == "" || s == "null" {
		*n = 0
		return nil
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return fmt.Errorf("%.20s for a number", b)
	}
	*n = integer(v)
	return nil
}

// boolean is true or false in JSON, in quotes or not.
type boolean bool

// UnmarshalJSON takes both; null and an empty text are false.
func (v *boolean) UnmarshalJSON(b []byte) error {
	switch strings.Trim(string(b), `"`) {
	case "true":
		*v = true
	case "false", "null", "":
		*v = false
	default:
		return fmt.Errorf("%.20s for a boolean", b)
	}
	return nil
}

// decimal reads a number of the venue's; false for what is none, or is not above 0.
func decimal(s string) (exchange.Decimal, bool) {
	if !written(s) {
		return exchange.Decimal{}, false
	}
	d, err := exchange.ParseDecimal(s)
	return d, err == nil && d.Sign() > 0
}

// written reports digits, and perhaps a point between some: the venue takes neither signs nor exponents.
func written(s string) bool {
	whole, part, point := strings.Cut(s, ".")
	digits := func(t string) bool { return t != "" && strings.Trim(t, "0123456789") == "" }
	return digits(whole) && (!point || digits(part))
}

// plain is d without trailing zeros behind the point.
func plain(d exchange.Decimal) string {
	s := d.String()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// orNothing is plain, or empty for 0.
func orNothing(d exchange.Decimal) string {
	if d.IsZero() {
		return ""
	}
	return plain(d)
}

func milli(n int64) string { return strconv.FormatInt(n, 10) }
