package bybit_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

// A test set-up that forgets an address must not send orders, or log in, to the real market.
func TestEndpointsInPart(t *testing.T) {
	for _, tt := range []struct {
		name string
		e    bybit.Endpoints
		want string // what is missing; "": all is well
	}{
		{"none", bybit.Endpoints{}, ""},
		{"the test market", bybit.Testnet(), ""},
		{"the demo market", bybit.Demo(), ""},
		{"REST alone", bybit.Endpoints{REST: "http://a"}, "Private or Stream"},
		{"a stream alone", bybit.Endpoints{Stream: "ws://a"}, "REST"},
		{"no order entry", bybit.Endpoints{REST: "http://a", Private: "ws://a"}, "Trade or Stream"},
		{"no account", bybit.Endpoints{REST: "http://a", Trade: "ws://a"}, "Private or Stream"},
		{"no public data", bybit.Endpoints{REST: "http://a", Private: "ws://a", Trade: "ws://a"}, ""},
		{"one stream for all", bybit.Endpoints{REST: "http://a", Stream: "ws://a"}, ""},
		{"a demo market without addresses", bybit.Endpoints{Demo: true}, "REST and Private"},
		{"a demo market whose account is the real one", bybit.Endpoints{REST: "http://a", Stream: "ws://a", Demo: true}, "REST and Private"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := bybit.New(bybit.Config{Endpoints: tt.e, Credentials: hmacKey()})
			if tt.want == "" && err != nil || tt.want != "" && (!errors.Is(err, exchange.ErrInvalid) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			if _, err := bybit.New(bybit.Config{Endpoints: tt.e}); (err != nil) != (tt.e.Demo && tt.want != "") {
				t.Errorf("without credentials: %v", err)
			}
		})
	}
}

// A key that was read badly is told by what is wrong with it, not by itself.
func TestBlemishedKeys(t *testing.T) {
	for name, tt := range map[string]struct{ key, secret, want string }{
		"a file's newline":           {"hush", "hush-hush\n", "Secret ends in white space: was it read from a file"},
		"a copied blank":             {" hush", "hush-hush", "Key begins with white space"},
		"a key with its newline":     {"hush\r\n", "hush-hush", "Key ends in white space"},
		"a control character inside": {"hush", "hush\x00hush", "Secret has a control character"},
	} {
		for _, c := range []bybit.Config{
			{Credentials: bybit.Credentials{Key: tt.key, Secret: exchange.NewSecret(tt.secret)}},
			{Credentials: hmacKey(), Standby: []bybit.Egress{{Transport: answers{}, Credentials: bybit.Credentials{Key: tt.key, Secret: exchange.NewSecret(tt.secret)}}}},
		} {
			if _, err := bybit.New(c); !errors.Is(err, exchange.ErrInvalid) || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func TestConfigErrorsTellWhatIsWanted(t *testing.T) {
	for want, c := range map[string]bybit.Config{
		"want http or https, ://, and a host, without a path": {Endpoints: bybit.Endpoints{REST: "https://api.bybit.com/v5"}},
		"want ws or wss, ://, and a host, without a path":     {Endpoints: bybit.Endpoints{Trade: "https://stream.bybit.com"}},
		"want EntryREST or EntrySocket":                       {Entry: 7},
	} {
		if _, err := bybit.New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if s := bybit.EntryREST.String() + " " + bybit.EntrySocket.String(); s != "REST WebSocket" {
		t.Error(s)
	}
}
