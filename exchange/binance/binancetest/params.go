package binancetest

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// param is one parameter of a request, decoded.
type param struct{ name, value string }

// params are a request's parameters, in the order in which they came.
type params []param

// get is the value of that name, "" where there is none: the venue takes an empty one for none.
func (p params) get(name string) string {
	for i := range p {
		if p[i].name == name {
			return p[i].value
		}
	}
	return ""
}

// add appends a parameter, and refuses a second one of that name.
func (p *params) add(name, value string) *refusal {
	if p.has(name) {
		return refuse(-1101, "Duplicate values for a parameter detected.")
	}
	*p = append(*p, param{name, value})
	return nil
}

func (p params) has(name string) bool {
	return slices.ContainsFunc(p, func(x param) bool { return x.name == name })
}

// must is the value of that name, which must be there.
func (p params) must(name string) (string, *refusal) {
	if v := p.get(name); v != "" {
		return v, nil
	}
	return "", missing(name)
}

func missing(name string) *refusal {
	return refuse(-1102, "Mandatory parameter '%s' was not sent, was empty/null, or malformed.", name)
}

// integer is a natural number, or what is given where it is not there.
func (p params) integer(name string, otherwise int64) (int64, *refusal) {
	v := p.get(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 {
		return 0, refuse(-1100, "Illegal characters found in parameter '%s'; legal range is '^[0-9]{1,20}$'.", name)
	}
	return n, nil
}

// number is a decimal that is not negative.
func (p params) number(name string) (exchange.Decimal, *refusal) {
	v, r := p.must(name)
	if r != nil {
		return exchange.Decimal{}, r
	}
	whole, part, point := strings.Cut(v, ".")
	d, err := exchange.ParseDecimal(v)
	if err != nil || !digits(whole, 20) || point && !digits(part, 20) {
		return exchange.Decimal{}, refuse(-1100, "Illegal characters found in parameter '%s'; legal range is '^([0-9]{1,20})(\\.[0-9]{1,20})?$'.", name)
	}
	return d, nil
}

func digits(s string, most int) bool {
	return s != "" && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// places is how many digits behind the point a number was written with: the venue counts zeros.
func places(s string) int {
	_, part, _ := strings.Cut(s, ".")
	return len(part)
}

// flag is "true" or "false", false where it is not there.
func (p params) flag(name string) (bool, *refusal) {
	switch v := p.get(name); strings.ToLower(v) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, refuse(-1130, "Data sent for parameter '%s' is not valid.", name)
}

// ofAll are parameters that any request may have.
const ofAll = " timestamp recvWindow signature apiKey returnRateLimits"

// unread refuses what is not in known: spot reads all that is sent, or nothing.
func (p params) unread(known []string) *refusal {
	n := 0
	for i := range p {
		if slices.Contains(known, p[i].name) {
			n++
		}
	}
	if n < len(p) {
		return refuse(-1104, "Not all sent parameters were read; read '%d' parameter(s) but was sent '%d'.", n, len(p))
	}
	return nil
}

// signed is a request as its signature has it.
type signed struct {
	params    params
	payload   string // what was signed
	other     string // another text that may have been
	signature string
}

// form reads query and body of a REST request: what is signed are their very bytes, one after the other, without the signature. A name that
// is in both has the query's value.
func form(query, body string) (signed, *refusal) {
	var s signed
	for _, raw := range [2]string{query, body} {
		rest, list, r := s.read(raw)
		if r != nil {
			return signed{}, r
		}
		s.payload += rest
		list = slices.DeleteFunc(list, func(x param) bool { return s.params.has(x.name) })
		s.params = append(s.params, list...)
	}
	return s, nil
}

// read is one part without the signature, and its parameters, none of which may be there twice.
func (s *signed) read(raw string) (rest string, list params, _ *refusal) {
	var kept []string
	for _, piece := range strings.Split(raw, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		n, err1 := url.QueryUnescape(name)
		v, err2 := url.QueryUnescape(value)
		if err1 != nil || err2 != nil {
			return "", nil, refuse(-1100, "Illegal characters found in a parameter.")
		}
		if n == "signature" {
			s.signature = v
			continue
		}
		kept = append(kept, piece)
		if r := list.add(n, v); r != nil {
			return "", nil, r
		}
	}
	return strings.Join(kept, "&"), list, nil
}

// object reads the params of a request of the WebSocket API: signed is name=value, sorted by name. Clients that encode the values as a URL
// would are understood too; of what the venue's ids and numbers are made of, the two are the same.
func object(raw json.RawMessage) (signed, *refusal) {
	var s signed
	if len(raw) == 0 || string(raw) == "null" {
		return s, nil
	}
	bad := refuse(-1135, "Invalid JSON Request")
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return s, bad
	}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		var value json.RawMessage
		if err != nil || !ok || d.Decode(&value) != nil {
			return s, bad
		}
		v, ok := text(value)
		if !ok {
			return s, bad
		}
		if name == "signature" {
			s.signature = v
			continue
		}
		if r := s.params.add(name, v); r != nil {
			return s, r
		}
	}
	sorted := slices.Clone(s.params)
	slices.SortFunc(sorted, func(a, b param) int { return strings.Compare(a.name, b.name) })
	var plain, encoded []string
	for _, p := range sorted {
		plain = append(plain, p.name+"="+p.value)
		encoded = append(encoded, p.name+"="+url.QueryEscape(p.value))
	}
	s.payload, s.other = strings.Join(plain, "&"), strings.Join(encoded, "&")
	return s, nil
}

// text is a JSON value as it is signed: strings without quotes, all else as it is written.
func text(value json.RawMessage) (string, bool) {
	if value[0] != '"' {
		return string(value), true
	}
	var v string
	return v, json.Unmarshal(value, &v) == nil
}
