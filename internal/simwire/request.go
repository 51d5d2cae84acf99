package simwire

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Param is one parameter, as it was meant.
type Param struct{ Name, Value string }

// Params are parameters in the order in which they were sent.
type Params []Param

// ParseParams reads "a=1&b=2". It keeps order and repetitions.
func ParseParams(raw string) (Params, error) {
	if raw == "" {
		return nil, nil
	}
	r := make(Params, 0, 1+strings.Count(raw, "&"))
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		n, err := url.QueryUnescape(name)
		if err != nil {
			return nil, fmt.Errorf("simwire: parameter %.40q: %w", name, err)
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return nil, fmt.Errorf("simwire: parameter %.40q: %w", n, err)
		}
		r = append(r, Param{n, v})
	}
	return r, nil
}

// Get is the first value of name; "" when there is none.
func (p Params) Get(name string) string {
	v, _ := p.Lookup(name)
	return v
}

// Lookup is the first value of name.
func (p Params) Lookup(name string) (string, bool) {
	for _, x := range p {
		if x.Name == name {
			return x.Value, true
		}
	}
	return "", false
}

// Request is one HTTP request, read to its end.
type Request struct {
	Method, Path string
	RawQuery     string // as it was sent, for signatures
	Body         []byte
	Query        Params
	Form         Params // of a body that is a form
	Header       http.Header
	Remote       string // the client's address without its port
}

// Get is the first value of a parameter; one in the query goes before one in the form.
func (r *Request) Get(name string) string {
	v, _ := r.Lookup(name)
	return v
}

// Lookup is Get, and whether there is one.
func (r *Request) Lookup(name string) (string, bool) {
	if v, ok := r.Query.Lookup(name); ok {
		return v, true
	}
	return r.Form.Lookup(name)
}

// maxBody is how much of a body is read.
const maxBody = 1 << 20

// ReadRequest reads r, a body of up to 1 MiB included.
func ReadRequest(r *http.Request) (*Request, error) {
	q := &Request{Method: r.Method, Path: r.URL.Path, RawQuery: r.URL.RawQuery, Header: r.Header, Remote: r.RemoteAddr}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		q.Remote = host
	}
	var err error
	if r.Body != nil && r.Body != http.NoBody {
		if q.Body, err = readInto(make([]byte, 0, max(min(r.ContentLength, maxBody), 0)+1), io.LimitReader(r.Body, maxBody+1)); err != nil {
			return nil, err
		}
	}
	if len(q.Body) > maxBody {
		return nil, fmt.Errorf("simwire: a body of more than %d bytes", maxBody)
	}
	if q.Query, err = ParseParams(q.RawQuery); err != nil {
		return nil, err
	}
	if kind := r.Header.Get("Content-Type"); strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		q.Form, err = ParseParams(string(q.Body))
	}
	return q, err
}
