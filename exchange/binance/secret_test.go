package binance_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// leaks are the secrets that text shows.
func leaks(text string, secrets ...string) (r []string) {
	for _, s := range append(secrets, "signature=", "listenKey=") {
		if s != "" && strings.Contains(text, s) {
			r = append(r, s)
		}
	}
	return r
}

// Nothing that is printed, logged or panicked with shows a key, a secret or a signature.
func TestNothingShowsSecrets(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	private := pemOf(t, key)
	inside := strings.Split(private.Reveal(), "\n")[1]
	for _, c := range []binance.Credentials{hmacKey(), {Key: "the-api-key-itself", PrivateKey: private}} {
		cfg := binance.Config{Credentials: c, Standby: []binance.Egress{{Transport: http.DefaultTransport, Credentials: c}}}
		x, err := binance.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		holder := struct {
			X *binance.Exchange
			y *binance.Exchange
		}{x, x}
		var text bytes.Buffer
		for _, v := range []any{cfg, &cfg, c, &c, x, holder, &holder, []any{cfg, x}} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
				fmt.Fprintf(&text, verb, v)
			}
		}
		logger := slog.New(slog.NewTextHandler(&text, nil))
		logger.Info("made", "config", cfg, "credentials", c, "exchange", x)
		slog.New(slog.NewJSONHandler(&text, nil)).Info("made", "credentials", c, "exchange", x)
		func() {
			defer func() { fmt.Fprint(&text, recover()) }()
			panic(x)
		}()
		if l := leaks(text.String(), c.Key, c.Secret.Reveal(), inside, fmt.Sprintf("%x", c.Secret.Reveal()), fmt.Sprintf("%x", c.Key)); len(l) != 0 {
			t.Errorf("%q is shown", l)
		}
		// fmt asks fields that are not exported for nothing: what is secret is hidden there too.
		text.Reset()
		deep := struct{ cfg any }{cfg}
		fmt.Fprintf(&text, "%v %+v %#v %s %x", deep, deep, deep, deep, deep)
		if l := leaks(text.String(), c.Secret.Reveal(), inside, fmt.Sprintf("%x", c.Secret.Reveal())); len(l) != 0 {
			t.Errorf("%q is shown from inside", l)
		}
	}
}

// The errors of requests that were refused, lost or never sent tell nothing either.
func TestErrorsShowNoSecrets(t *testing.T) {
	replies := []reply{{how: "abort"}, {how: "garbage"}, {how: "slow"}, {status: 302, header: http.Header{"Location": {"http://other.test/?signature=1"}}},
		{status: 500, body: "<html>"}, {body: "{"}, {status: 400, body: body(-1022, "Signature for this request is not valid.")}}
	bubble(t, "all", func(t *testing.T, o *office) {
		var mu sync.Mutex
		var text strings.Builder
		x := o.exchange(func(c *binance.Config) {
			c.Hooks.Stream = func(link string, err error) {
				mu.Lock()
				defer mu.Unlock()
				fmt.Fprintf(&text, "%s %v %+v\n", link, err, err)
			}
		})
		note := func(err error) {
			mu.Lock()
			defer mu.Unlock()
			var e *exchange.Error
			if errors.As(err, &e) {
				fmt.Fprintf(&text, "%#v %+v", *e, e.Err)
			}
			fmt.Fprintf(&text, "%v %+v %#v\n", err, err, err)
		}
		for i, r := range replies {
			o.say(spotPlace, r)
			q := limit("BTC-USDT", "100", "1")
			q.ClientID = fmt.Sprint("id-", i)
			_, err := x.Place(t.Context(), q)
			note(err)
			o.say("GET /fapi/v3/positionRisk", r, r, r, r)
			_, err = x.Positions(t.Context())
			note(err)
		}
		o.say("POST /fapi/v1/listenKey", reply{body: `{"listenKey":"bad key&x"}`})
		streamed := begin(t, x)
		o.mu.Lock()
		o.refuse = errors.New("down")
		o.mu.Unlock()
		o.drop("")
		time.Sleep(time.Minute)
		for _, e := range streamed.events() {
			note(e.Err)
		}
		mu.Lock()
		defer mu.Unlock()
		if l := leaks(text.String(), hmacKey().Key, hmacKey().Secret.Reveal(), "bad key", "key1"); len(l) != 0 || text.Len() < 1000 {
			t.Errorf("%q is shown in\n%s", l, text.String())
		}
	})
}
