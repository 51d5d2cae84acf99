package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

// listed is a venue as -json tells it.
type listed struct {
	Name       exchange.Venue    `json:"name"`
	Endpoints  map[string]string `json:"endpoints"`
	APIKey     string            `json:"api_key"`
	Secret     string            `json:"secret"`
	Passphrase string            `json:"passphrase"`
	Markets    []exchange.Symbol `json:"markets"`
}

func printJSON(out io.Writer, venues []*venue) error {
	var all struct {
		Venues []listed `json:"venues"`
	}
	for _, v := range venues {
		all.Venues = append(all.Venues, listed{
			Name: v.name, Endpoints: v.server.Endpoints(), APIKey: v.key.key, Secret: v.key.secret, Passphrase: v.key.passphrase, Markets: v.markets,
		})
	}
	return json.NewEncoder(out).Encode(all)
}

func printText(out io.Writer, venues []*venue) error {
	for _, v := range venues {
		endpoints := v.server.Endpoints()
		fmt.Fprintf(out, "%s\n", v.name)
		for _, name := range slices.Sorted(maps.Keys(endpoints)) {
			fmt.Fprintf(out, "  %-16s%s  %s\n", name, endpoints[name], paths(v.name)[name])
		}
		fmt.Fprintf(out, "  %-16s%s\n  %-16s%s\n", "api key", v.key.key, "secret", v.key.secret)
		if v.key.passphrase != "" {
			fmt.Fprintf(out, "  %-16s%s\n", "passphrase", v.key.passphrase)
		}
		for i, m := range v.markets {
			fmt.Fprintf(out, "  %-16s%s\n", m, v.names[i])
		}
		fmt.Fprintf(out, "  the account's balances:\n    %s\n\n", v.curl())
	}
	_, err := fmt.Fprintln(out, "serving until interrupted")
	return err
}

// paths are what the addresses are served under, by the name of the address.
func paths(venue exchange.Venue) map[string]string {
	switch venue {
	case "binance":
		return map[string]string{
			"spotrest": "/api/v3", "spotstream": "/ws /stream", "spotapi": "/ws-api/v3", "futuresrest": "/fapi/v1", "futuresapi": "/ws-fapi/v1",
			"futuresstream": "/public/ws /public/stream /market/ws /market/stream", "futuresprivate": "/private/ws /private/stream",
		}
	case "okx":
		return map[string]string{"rest": "/api/v5", "stream": "/ws/v5/public", "private": "/ws/v5/private"}
	default:
		return map[string]string{"rest": "/v5", "stream": "/v5/public/spot /v5/public/linear", "private": "/v5/private", "trade": "/v5/trade"}
	}
}

// curl is a line for a shell that asks for the account's balances. The time is of the last whole second, which is within every venue's window.
func (v *venue) curl() string {
	endpoints := v.server.Endpoints()
	hex := fmt.Sprintf("openssl dgst -sha256 -hmac %s | sed 's/.* //'", v.key.secret)
	switch v.name {
	case "binance":
		return fmt.Sprintf(`t=timestamp=$(date +%%s)000; curl -H 'X-MBX-APIKEY: %s' "%s/api/v3/account?$t&signature=$(printf %%s $t | %s)"`,
			v.key.key, endpoints["spotrest"], hex)
	case "okx":
		return fmt.Sprintf(`t=$(date -u +%%Y-%%m-%%dT%%H:%%M:%%S.000Z); curl -H 'OK-ACCESS-KEY: %s' -H 'OK-ACCESS-PASSPHRASE: %s' -H "OK-ACCESS-TIMESTAMP: $t" `+
			`-H "OK-ACCESS-SIGN: $(printf %%s ${t}GET/api/v5/account/balance | openssl dgst -sha256 -hmac %s -binary | base64)" "%s/api/v5/account/balance"`,
			v.key.key, v.key.passphrase, v.key.secret, endpoints["rest"])
	default:
		return fmt.Sprintf(`t=$(date +%%s)000; curl -H 'X-BAPI-API-KEY: %s' -H "X-BAPI-TIMESTAMP: $t" -H 'X-BAPI-RECV-WINDOW: 5000' `+
			`-H "X-BAPI-SIGN: $(printf %%s ${t}%s5000accountType=UNIFIED | %s)" "%s/v5/account/wallet-balance?accountType=UNIFIED"`,
			v.key.key, v.key.key, hex, endpoints["rest"])
	}
}
