package binance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// fields is a JSON object of the private side, its names exactly as they are written: to encoding/json's structs "c" and "C" are one name,
// and of two values for one name the last would count. It holds parts of the text that it was read from. The first error of any of its methods
// stays.
type fields struct {
	members []member
	err     error // wraps exchange.ErrFrame
}

type member struct{ name, value []byte }

// maxMembers bounds what one object may cost; the venue's have some forty.
const maxMembers = 512

// parseFields reads an object: with a cursor where that will do, else with encoding/json, which has the last word.
func parseFields(data []byte) *fields {
	f := &fields{members: make([]member, 0, min(len(data)/20, 64))} // a member takes some twenty bytes
	if !f.fast(data) {
		f.members = f.members[:0]
		f.slow(data)
	}
	f.single()
	return f
}

func (f *fields) fast(data []byte) bool {
	c := scan.New(data)
	for c.Object(); c.Next(); {
		name := c.Key()
		f.members = append(f.members, member{name, c.Raw()})
	}
	return c.Done()
}

func (f *fields) slow(data []byte) {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		f.fail("no object")
		return
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			f.fail("damaged")
			return
		}
		f.members = append(f.members, member{[]byte(name), value})
	}
	if _, err := d.Token(); err != nil {
		f.fail("cut off")
	} else if _, err := d.Token(); !errors.Is(err, io.EOF) {
		f.fail("more behind it")
	}
}

// single refuses two values for one name, which would leave the choice to us; the venue's own examples have one value twice.
func (f *fields) single() {
	if len(f.members) > maxMembers {
		f.fail("%d members", len(f.members))
		return
	}
	for i := range f.members {
		for j := range i {
			x, y := &f.members[j], &f.members[i]
			if len(x.name) == len(y.name) && bytes.Equal(x.name, y.name) && !sameValue(x.value, y.value) {
				f.fail("two of %.40q", x.name)
			}
		}
	}
}

// sameValue reports whether two texts are the same, or the same number.
func sameValue(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	var x, y exchange.Decimal
	return x.UnmarshalJSON(a) == nil && y.UnmarshalJSON(b) == nil && x.Equal(y) && string(a) != "null" && string(b) != "null"
}

// parseList reads an array, as parseFields does an object.
func parseList(data []byte) ([]json.RawMessage, error) {
	var a []json.RawMessage
	c := scan.New(data)
	for c.Array(); c.More(); {
		a = append(a, c.Raw())
	}
	if c.Done() {
		return a, nil
	}
	a = nil
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

// value is the member of that name, nil where there is none.
func (f *fields) value(name string) []byte {
	for i := range f.members {
		if string(f.members[i].name) == name {
			return f.members[i].value
		}
	}
	return nil
}

// has reports whether there is a member of that name that is not null.
func (f *fields) has(name string) bool {
	v := f.value(name)
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

// must is the member of that name, which must be there.
func (f *fields) must(name string) []byte {
	if f.err != nil {
		return nil
	}
	if !f.has(name) {
		f.fail("no %q", name)
		return nil
	}
	return f.value(name)
}

// text is a string that must be there.
func (f *fields) text(name string) (s string) {
	v := f.must(name)
	if len(v) >= 2 && v[0] == '"' && !bytes.ContainsFunc(v[1:len(v)-1], func(c rune) bool { return c < ' ' || c > '~' || c == '\\' }) {
		return string(v[1 : len(v)-1])
	}
	if v != nil && json.Unmarshal(v, &s) != nil {
		f.fail("%s: %.60q", name, v)
	}
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
	if v := f.must(name); v != nil && d.UnmarshalJSON(v) != nil {
		f.fail("%s: %.60q", name, v)
	}
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
	v := bytes.Trim(f.must(name), `"`)
	if f.err == nil && (len(v) == 0 || len(v) > 20 || len(bytes.Trim(v, "0123456789")) > 0) {
		f.fail("%s: %.40q", name, v)
	}
	if f.err != nil {
		return ""
	}
	return string(v)
}

// flag is a boolean, quoted or not; false where it is not there.
func (f *fields) flag(name string) bool {
	switch v := string(f.value(name)); v {
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
	v := bytes.Trim(f.must(name), `"`)
	ms, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case f.err != nil || err == nil && ms == 0:
		return time.Time{}
	case err != nil || ms < 0 || ms > 1e14:
		f.fail("%s: %.40q", name, v)
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// list is an array that must be there.
func (f *fields) list(name string) []json.RawMessage {
	v := f.must(name)
	if v == nil {
		return nil
	}
	a, err := parseList(v)
	if err != nil {
		f.fail("%s: no list", name)
	}
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
