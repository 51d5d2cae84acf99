package okxtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
)

// The venue documents the text that is signed; this is the signature over its example.
func TestSigningVector(t *testing.T) {
	virtual(t, func(r *rig) {
		at := time.Date(2020, 12, 8, 9, 8, 57, 715e6, time.UTC)
		time.Sleep(time.Until(at))
		a := r.ask(r.request(http.MethodGet, "/api/v5/account/balance?ccy=BTC", "", func(q *http.Request) {
			q.Header.Set("OK-ACCESS-SIGN", "HiZhvSfMtWJA3uUIVXV3a/bSXNPCWvYFXoGCVS8V4zY=")
		}))
		if a.status != 200 || a.Code != "0" {
			t.Errorf("%d %s", a.status, a.raw)
		}
	}, func(c *okxtest.Config) {
		c.Keys = []okxtest.Key{{Account: mine, Key: "k1", Secret: "22582BD0CFF14C41EDBF1AB98506286D", Passphrase: "p1"}}
	})
}

func TestAuthentication(t *testing.T) {
	header := func(name, value string) func(*http.Request) {
		return func(q *http.Request) { q.Header.Set(name, value) }
	}
	at := func(d time.Duration) func(*http.Request) {
		return func(q *http.Request) {
			stamp := time.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000Z")
			q.Header.Set("OK-ACCESS-TIMESTAMP", stamp)
			q.Header.Set("OK-ACCESS-SIGN", sign("s1", stamp+"GET/api/v5/account/config"))
		}
	}
	for _, tt := range []struct {
		name string
		edit func(*http.Request)
		code string
	}{
		{"good", nil, "0"},
		{"as old as it may be", at(-30 * time.Second), "0"},
		{"ahead", at(29 * time.Second), "0"},
		{"too old", at(-31 * time.Second), "50102"},
		{"too far ahead", at(31 * time.Second), "50102"},
		{"no key", header("OK-ACCESS-KEY", ""), "50103"},
		{"no passphrase", header("OK-ACCESS-PASSPHRASE", ""), "50104"},
		{"no signature", header("OK-ACCESS-SIGN", ""), "50106"},
		{"no time", header("OK-ACCESS-TIMESTAMP", ""), "50107"},
		{"time in seconds", header("OK-ACCESS-TIMESTAMP", "946684800"), "50112"},
		{"time without milliseconds", header("OK-ACCESS-TIMESTAMP", "2000-01-01T00:00:00Z"), "50112"},
		{"unknown key", header("OK-ACCESS-KEY", "k9"), "50111"},
		{"wrong passphrase", header("OK-ACCESS-PASSPHRASE", "p9"), "50105"},
		{"wrong signature", header("OK-ACCESS-SIGN", sign("s2", "x")), "50113"},
		{"for the demo market", header("x-simulated-trading", "1"), "50101"},
		{"another query than was signed", func(q *http.Request) { q.URL.RawQuery = "a=b" }, "50113"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				a := r.ask(r.request(http.MethodGet, "/api/v5/account/config", "", tt.edit))
				status := http.StatusUnauthorized
				if tt.code == "0" {
					status = http.StatusOK
				}
				if a.Code != tt.code || a.status != status || a.Data == nil {
					t.Errorf("%d %s, want %s", a.status, a.raw, tt.code)
				}
			})
		})
	}
}

func TestDemoMarketWantsItsHeader(t *testing.T) {
	virtual(t, func(r *rig) {
		if a := r.get("/api/v5/account/config"); a.Code != "50101" {
			t.Errorf("without: %s", a.raw)
		}
		q := r.request(http.MethodGet, "/api/v5/account/config", "", func(q *http.Request) { q.Header.Set("x-simulated-trading", "1") })
		if a := r.ask(q); a.Code != "0" {
			t.Errorf("with: %s", a.raw)
		}
	}, func(c *okxtest.Config) { c.Simulated = true })
}

// Answers to questions: a row's fields, or the code of a refusal.
func TestQuestions(t *testing.T) {
	for _, tt := range []struct{ name, target, want string }{
		{"time", "/api/v5/public/time", "ts=946684800000"},
		{"spot", "/api/v5/public/instruments?instType=SPOT",
			"instId=BTC-USDT baseCcy=BTC quoteCcy=USDT settleCcy=- ctVal=- tickSz=0.1 lotSz=0.0001 minSz=0.001 maxLmtSz=100 state=live instIdCode=10459 groupId=1"},
		{"swaps", "/api/v5/public/instruments?instType=SWAP", "instId=BTC-USDT-SWAP baseCcy=- quoteCcy=- settleCcy=USDT ctVal=0.01 ctMult=1 " +
			"ctValCcy=BTC ctType=linear uly=BTC-USDT instFamily=BTC-USDT lotSz=0.1 minSz=0.1 maxLmtSz=10000 instIdCode=10460"},
		{"ours", "/api/v5/account/instruments?instType=SWAP", "instId=BTC-USDT-SWAP"},
		{"one", "/api/v5/public/instruments?instType=SPOT&instId=BTC-USDT", "instId=BTC-USDT"},
		{"another", "/api/v5/public/instruments?instType=SPOT&instId=ETH-USDT", "51001"},
		{"no type", "/api/v5/public/instruments", "50014"},
		{"a type that is none", "/api/v5/public/instruments?instType=BOND", "51000"},
		{"best prices", "/api/v5/market/books?instId=BTC-USDT", "ts=946684800000"},
		{"no depth", "/api/v5/market/books?instId=BTC-USDT&sz=0", "51000"},
		{"no market", "/api/v5/market/books", "50014"},
		{"an unknown market", "/api/v5/market/books-full?instId=X-USDT&sz=5", "51001"},
		{"ticker", "/api/v5/market/ticker?instId=BTC-USDT-SWAP", "instType=SWAP bidPx=49999.9 bidSz=1000 askPx=50000.1 askSz=1000"},
		{"tickers", "/api/v5/market/tickers?instType=SPOT", "instId=BTC-USDT"},
		{"mark price", "/api/v5/public/mark-price?instType=SWAP", "instId=BTC-USDT-SWAP markPx=50000"},
		{"configuration", "/api/v5/account/config", "acctLv=2 posMode=net_mode feeType=0 acctStpMode=cancel_maker perm=read_only,trade"},
		{"spot fees", "/api/v5/account/trade-fee?instType=SPOT&instId=BTC-USDT", "maker=0.0001 taker=-0.0005 makerU=-"},
		{"swap fees", "/api/v5/account/trade-fee?instType=SWAP&instFamily=BTC-USDT", "maker=0.0001 taker=-0.0005 makerU=0.0001 takerU=-0.0005"},
		{"fees of nothing", "/api/v5/account/trade-fee?instType=SPOT&instId=X", "51001"},
		{"order rate", "/api/v5/trade/account-rate-limit", "accRateLimit=1000"},
		{"leverage", "/api/v5/account/leverage-info?instId=BTC-USDT-SWAP&mgnMode=cross", "lever=10 posSide=net"},
		{"no such order", "/api/v5/trade/order?instId=BTC-USDT&clOrdId=x", "51603"},
		{"an order without a name", "/api/v5/trade/order?instId=BTC-USDT", "51003"},
		{"history without a type", "/api/v5/trade/orders-history", "50014"},
		{"a page that is none", "/api/v5/trade/orders-pending?after=x", "51000"},
		{"a limit that is none", "/api/v5/trade/fills?limit=0", "51000"},
		{"old fills without a type", "/api/v5/trade/fills-history", "50014"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				a := r.get(tt.target)
				if !strings.Contains(tt.want, "=") {
					if a.Code != tt.want || a.Data == nil || a.Msg == "" {
						t.Errorf("%s, want %s", a.raw, tt.want)
					}
					return
				}
				if a.Code != "0" || a.status != 200 {
					t.Fatal(a.raw)
				}
				r.want(a.row(), tt.want)
			})
		})
	}
}

func TestBooksOverREST(t *testing.T) {
	virtual(t, func(r *rig) {
		for _, tt := range []struct{ target, want string }{
			{"/api/v5/market/books?instId=BTC-USDT", `"asks":[["50000.1","1","0","1"]],"bids":[["49999.9","1","0","1"]]`},
			{"/api/v5/market/books?instId=BTC-USDT&sz=2", `"bids":[["49999.9","1","0","1"],["49999.8","1","0","1"]]`},
			{"/api/v5/market/books-full?instId=BTC-USDT-SWAP&sz=5000", `["50000.3","1000","0","1"]],"bids":[["49999.9","1000","0","1"]`},
		} {
			if a := r.get(tt.target); !strings.Contains(a.raw, tt.want) || !strings.Contains(a.raw, `"seqId":`) {
				t.Errorf("%s: %s, want %s", tt.target, a.raw, tt.want)
			}
		}
	})
}

func TestPathsAndMethods(t *testing.T) {
	virtual(t, func(r *rig) {
		for _, tt := range []struct {
			method, path string
			status       int
			code         string
		}{
			{http.MethodGet, "/api/v5/none", 404, "404"},
			{http.MethodPost, "/api/v5/public/time", 405, "50115"},
			{http.MethodGet, "/api/v5/trade/batch-orders", 405, "50115"},
			{http.MethodPost, placePath, 400, "50000"},
		} {
			if a := r.ask(r.request(tt.method, tt.path, "", nil)); a.status != tt.status || a.Code != tt.code {
				t.Errorf("%s %s: %d %s", tt.method, tt.path, a.status, a.raw)
			}
		}
		if a := r.post(placePath, "{"); a.status != 400 || a.Code != "50002" {
			t.Errorf("half an object: %d %s", a.status, a.raw)
		}
	})
}
