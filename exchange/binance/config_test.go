package binance_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// A test set-up that forgets an address must not send orders to the real market: with credentials those of orders and of the account are given
// together.
func TestEndpointsInPart(t *testing.T) {
	spot, perp := []exchange.Kind{exchange.Spot}, []exchange.Kind{exchange.Perp}
	for name, tt := range map[string]struct {
		e     binance.Endpoints
		kinds []exchange.Kind
		want  string // what is missing; "": all is well
	}{
		"none":                     {},
		"all":                      {e: binance.Testnet()},
		"demo":                     {e: binance.Demo()},
		"public ones":              {e: binance.Endpoints{SpotStream: "ws://a"}, kinds: spot},
		"REST of spot alone":       {e: binance.Endpoints{SpotREST: "http://a"}, want: "SpotAPI"},
		"spot of both":             {e: binance.Endpoints{SpotREST: "http://a", SpotAPI: "ws://a"}, want: "FuturesREST"},
		"spot of spot":             {e: binance.Endpoints{SpotREST: "http://a", SpotAPI: "ws://a"}, kinds: spot},
		"futures without private":  {e: binance.Endpoints{FuturesREST: "http://a", FuturesAPI: "ws://a"}, kinds: perp, want: "FuturesPrivate"},
		"futures by their streams": {e: binance.Endpoints{FuturesREST: "http://a", FuturesAPI: "ws://a", FuturesStream: "ws://a"}, kinds: perp},
	} {
		_, err := binance.New(binance.Config{Endpoints: tt.e, Kinds: tt.kinds, Credentials: hmacKey()})
		if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, exchange.ErrInvalid) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
		if _, err := binance.New(binance.Config{Endpoints: tt.e, Kinds: tt.kinds}); err != nil {
			t.Errorf("%s, without credentials: %v", name, err)
		}
	}
}

// A key that was read from a file with its newline is told as such, and not repeated.
func TestKeysWithWhiteSpace(t *testing.T) {
	for _, c := range []binance.Credentials{
		{Key: "abc\n", Secret: exchange.NewSecret("def")}, {Key: "abc", Secret: exchange.NewSecret("def\n")}, {Key: "abc", Secret: exchange.NewSecret(" def")},
	} {
		_, err := binance.New(binance.Config{Credentials: c})
		if !errors.Is(err, exchange.ErrInvalid) || !strings.Contains(err.Error(), "newline") || strings.Contains(err.Error(), "abc") || strings.Contains(err.Error(), "def") {
			t.Errorf("%v", err)
		}
	}
}

// denied is a venue that knows the key on spot only.
type denied struct{}

func (denied) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body := 200, `{"serverTime":1700000000000}`
	switch {
	case strings.HasPrefix(r.URL.Path, "/fapi/v3"):
		status, body = 401, `{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}`
	case r.URL.Path == "/api/v3/account":
		body = `{"balances":[]}`
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// A key without permission for futures says how to leave them out.
func TestKeyWithoutFutures(t *testing.T) {
	x, err := binance.New(binance.Config{Credentials: hmacKey(), HTTP: &http.Client{Transport: denied{}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = x.Balances(context.Background()); !errors.Is(err, exchange.ErrUnauthorized) || !strings.Contains(err.Error(), "Config.Kinds") {
		t.Errorf("%v", err)
	}
}

func ExampleEntry() {
	fmt.Println(binance.EntryREST, binance.EntrySocket)
	// Output: REST WebSocket
}
