package simwire_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

func TestReadRequest(t *testing.T) {
	cases := []struct {
		name, url, kind, body string
		query, form           simwire.Params
		bad                   bool
	}{
		{name: "query, in its order", url: "/x?b=2&a=1&b=3", query: simwire.Params{{"b", "2"}, {"a", "1"}, {"b", "3"}}},
		{name: "escapes", url: "/x?s=a%2Bb+c%20d&e", query: simwire.Params{{"s", "a+b c d"}, {"e", ""}}},
		{name: "form", url: "/x?a=1", kind: "application/x-www-form-urlencoded; charset=UTF-8", body: "a=2&b=%E4%BD%A0", query: simwire.Params{{"a", "1"}},
			form: simwire.Params{{"a", "2"}, {"b", "你"}}},
		{name: "JSON is no form", url: "/x", kind: "application/json", body: `{"a":"b=c"}`},
		{name: "bad escape", url: "/x?a=%zz", bad: true},
		{name: "bad name", url: "/x?%zz=1", bad: true},
		{name: "bad form", url: "/x", kind: "application/x-www-form-urlencoded", body: "a=%", bad: true},
		{name: "too large", url: "/x", kind: "text/plain", body: strings.Repeat("x", 1<<20+1), bad: true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, c.url, strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.kind)
			q, err := simwire.ReadRequest(r)
			if c.bad {
				if err == nil {
					t.Error("no error")
				}
				return
			}
			if err != nil || q.Method != http.MethodPost || q.Path != "/x" || string(q.Body) != c.body || q.Remote != "192.0.2.1" {
				t.Errorf("%+v, %v", q, err)
			}
			if !slices.Equal(q.Query, c.query) || !slices.Equal(q.Form, c.form) {
				t.Errorf("query %v, form %v", q.Query, q.Form)
			}
			for _, p := range c.query[:min(len(c.query), 1)] {
				if q.Get(p.Name) != p.Value {
					t.Errorf("%s is %q", p.Name, q.Get(p.Name))
				}
			}
			if _, ok := q.Lookup("none"); ok || q.Get("none") != "" {
				t.Error("found what is not there")
			}
		})
	}
}

func TestCallsKeepTheNewest(t *testing.T) {
	c := simwire.NewCalls(3)
	for i, key := range []string{"a", "b", "c", "d", "d"} {
		if got := len(c.All()); got != min(i, 3) {
			t.Errorf("%d kept after %d", got, i)
		}
		c.Add(simwire.Call{At: time.Unix(int64(i), 0), Op: sim.OpPlace, Key: key})
	}
	keys := ""
	for _, x := range c.All() {
		keys += x.Key
	}
	if keys != "cdd" || c.Total() != 5 || c.Count(func(x simwire.Call) bool { return x.Key == "d" }) != 2 {
		t.Errorf("kept %s of %d", keys, c.Total())
	}
}

func TestAnswerHeadersKeepTheirSpelling(t *testing.T) {
	w := httptest.NewRecorder()
	simwire.JSON(418, map[string]string{"msg": "a<b & c"}, simwire.Field{Name: "X-MBX-USED-WEIGHT-1M", Value: "7"}).Write(w)
	var header strings.Builder
	_ = w.Header().Write(&header)
	if w.Code != 418 || w.Body.String() != `{"msg":"a<b & c"}` || !strings.Contains(header.String(), "X-MBX-USED-WEIGHT-1M: 7\r\n") {
		t.Errorf("%d %s %v", w.Code, w.Body, w.Header())
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	simwire.Encode(func() {})
}
