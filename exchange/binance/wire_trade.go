package binance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// fields is a JSON object of the private side, its names exactly as they are written: to encoding/json's structs "c" and "C" are one name,
// and of two values for one name the last would count. The first error of any of its methods stays.
type fields struct {
	members map[string]json.RawMessage
	err     error // wraps exchange.ErrFrame
}

func parseFields(data []byte) *fields {
	f := &fields{members: map[string]json.RawMessage{}}
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		f.fail("no object")
		return f
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			f.fail("damaged")
			return f
		}
		// The venue's own examples have members twice. Two values for one name would leave the choice to us.
		if before, twice := f.members[name]; twice && !sameValue(before, value) {
			f.fail("two of %.40q", name)
			return f
		}
		f.members[name] = value
	}
	if _, err := d.Token(); err != nil {
		f.fail("cut off")
	} else if _, err := d.Token(); !errors.Is(err, io.EOF) {
		f.fail("more behind it")
	}
	return f
}

// sameValue reports whether two texts are the same, or the same number.
func sameValue(a, b json.RawMessage) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y exchange.Decimal
	return x.UnmarshalJSON(a) == nil && y.UnmarshalJSON(b) == nil && x.Equal(y) && string(a) != "null" && string(b) != "null"
}

// parseList reads an array.
func parseList(data []byte) ([]json.RawMessage, error) {
	var a []json.RawMessage
	if err := json.Unmarshal(data, &a); err != nil || a == nil {
		return nil, fmt.Errorf("binance: no list: %w", exchange.ErrFrame)
	}
	return a, nil
}

func (f *fields) fail(format string, args ...any) {
	if f.err == nil {
		f.err = fmt.Errorf("binance: %s: %w", fmt.Sprintf(format, args...), exchange.ErrFrame)
	}
}

// has reports whether there is a member of that name that is not null.
func (f *fields) has(name string) bool {
	v := f.members[name]
	return v != nil && string(v) != "null"
}

// first is the first of names that the object has, or the last of them.
func (f *fields) first(names ...string) string {
	for _, n := range names {
		if f.has(n) {
			return n
		}
	}
	return names[len(names)-1]
}

func (f *fields) read(name string, dst any) {
	switch {
	case f.err != nil:
	case !f.has(name):
		f.fail("no %q", name)
	case json.Unmarshal(f.members[name], dst) != nil:
		f.fail("%s: %.60q", name, f.members[name])
	}
}

// text is a string that must be there.
func (f *fields) text(name string) (s string) {
	f.read(name, &s)
	return s
}

// optText is a string, or "".
func (f *fields) optText(name string) string {
	if !f.has(name) {
		return ""
	}
	return f.text(name)
}

// number is a decimal, quoted or not, that must be there.
func (f *fields) number(name string) (d exchange.Decimal) {
	f.read(name, &d)
	return d
}

// optNumber is a decimal, or 0.
func (f *fields) optNumber(name string) exchange.Decimal {
	if !f.has(name) {
		return exchange.Decimal{}
	}
	return f.number(name)
}

// positive is a number that is not negative: of quantities and prices.
func (f *fields) positive(name string) exchange.Decimal {
	d := f.number(name)
	if d.Sign() < 0 {
		f.fail("%s: %s", name, d)
	}
	return d
}

// id is a natural number, quoted or not, as text: ids of the venue have up to 19 digits.
func (f *fields) id(name string) string {
	if !f.has(name) {
		f.fail("no %q", name)
		return ""
	}
	s := strings.Trim(string(f.members[name]), `"`)
	if s == "" || len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		f.fail("%s: %.40q", name, f.members[name])
		return ""
	}
	return s
}

// flag is a boolean, quoted or not; false where it is not there.
func (f *fields) flag(name string) bool {
	switch v := string(f.members[name]); v {
	case "true", `"true"`:
		return true
	case "", "null", "false", `"false"`:
	default:
		f.fail("%s: %.40q", name, v)
	}
	return false
}

// time is a time in milliseconds since 1970; the zero time where it is not there or 0.
func (f *fields) time(name string) time.Time {
	if !f.has(name) {
		return time.Time{}
	}
	ms, ok := f.number(name).Int64(0)
	switch {
	case f.err != nil || ms == 0 && ok:
		return time.Time{}
	case !ok || ms < 0 || ms > 1e14:
		f.fail("%s: %.40q", name, f.members[name])
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// list is an array that must be there.
func (f *fields) list(name string) (a []json.RawMessage) {
	f.read(name, &a)
	return a
}

// optList is an array, or nothing.
func (f *fields) optList(name string) []json.RawMessage {
	if !f.has(name) {
		return nil
	}
	return f.list(name)
}

// adopt takes the error of an object inside.
func (f *fields) adopt(inner *fields) {
	if f.err == nil {
		f.err = inner.err
	}
}
