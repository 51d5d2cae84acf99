package binancetest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// The venue's own examples: their signatures pass, and their times are the only thing that is wrong.
func TestVectors(t *testing.T) {
	data, err := os.ReadFile(fixtures.Path(t, "vectors/signing.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Venue, Scheme, Transport, Secret, Payload string
		Key                                       string `json:"api_key"`
		Signature                                 string `json:"expected_signature"`
		Recomputed                                bool   `json:"recomputed_ok"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range list {
		if v.Venue != "binance" || !strings.HasPrefix(v.Scheme, "HMAC") || !v.Recomputed {
			continue
		}
		n++
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			virtual(t, func(r *rig) {
				r.key = v.Key
				for _, signature := range []string{v.Signature, strings.ToUpper(v.Signature)} {
					if strings.HasPrefix(v.Transport, "WS") {
						values, _ := url.ParseQuery(v.Payload)
						params := []string{"signature", signature}
						for name := range values {
							params = append(params, name, values.Get(name))
						}
						r.bare(r.dial("spotapi", "/ws-api/v3"), "order.place", params...).has("error.code", "-1021")
						continue
					}
					r.send("spot", "GET", "/api/v3/account", v.Payload+"&signature="+signature, "").refused(400, -1021)
				}
				r.send("spot", "GET", "/api/v3/account", v.Payload+"1&signature="+v.Signature, "").refused(400, -1022)
			}, func(c *binancetest.Config) { c.Keys = []binancetest.Key{{Account: mine, Key: v.Key, Secret: v.Secret}} })
		})
	}
	if n < 3 {
		t.Errorf("%d examples", n)
	}
}

func TestKeys(t *testing.T) {
	edPublic, edSign := edKey(t)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	rsaSign := func(payload string) string {
		sum := sha256.Sum256([]byte(payload))
		b, _ := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
		return base64.StdEncoding.EncodeToString(b)
	}
	keys := func(c *binancetest.Config) {
		c.Keys = append(c.Keys, binancetest.Key{Account: mine, Key: "ed", PublicKey: edPublic},
			binancetest.Key{Account: mine, Key: "rsa", PublicKey: publicPEM(t, &private.PublicKey)})
	}
	for name, sign := range map[string]func(string) string{"ed": edSign, "rsa": rsaSign} {
		t.Run(name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				r.key, r.signing = name, sign
				r.ask("spot", "GET", "/api/v3/account", "").ok()
				r.ask("futures", "GET", "/fapi/v3/balance", "").ok()
				r.call(r.dial("spotapi", "/ws-api/v3"), "account.status").has("status", "200")
				r.signing = func(p string) string { return sign(p + " ") }
				r.ask("spot", "GET", "/api/v3/account", "").refused(400, -1022)
			}, keys)
		})
	}
}

// Query and body together are what is signed, whatever lies where.
func TestWhatIsSigned(t *testing.T) {
	virtual(t, func(r *rig) {
		stamp := "timestamp=" + strconv.FormatInt(time.Now().UnixMilli(), 10)
		order := "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=40000"
		r.send("spot", "POST", "/api/v3/order", stamp+"&signature="+r.signing(stamp+order), order).ok()
		r.send("spot", "POST", "/api/v3/order", stamp+"&"+order+"&signature="+r.signing(stamp+"&"+order), "").ok()
		r.send("spot", "POST", "/api/v3/order", "", order+"&"+stamp+"&signature="+r.signing(order+"&"+stamp)).ok()
		// A body of a DELETE, and a name that is in both: the query's value counts.
		body := "symbol=WRONG&orderId=1"
		r.send("spot", "DELETE", "/api/v3/order", "symbol=BTCUSDT&"+stamp+"&signature="+r.signing("symbol=BTCUSDT&"+stamp+body), body).ok()
		r.send("spot", "DELETE", "/api/v3/order", stamp+"&signature="+r.signing(body+stamp), body).refused(400, -1022)
	})
}

func TestGate(t *testing.T) {
	account := "/api/v3/account"
	for _, c := range []struct {
		name         string
		do           func(r *rig) answer
		status, code int
	}{
		{"no key", func(r *rig) answer { r.key = ""; return r.ask("spot", "GET", account, "") }, 401, -2014},
		{"bad key", func(r *rig) answer { r.key = "nobody"; return r.ask("spot", "GET", account, "") }, 401, -2015},
		{"no signature", func(r *rig) answer { return r.send("spot", "GET", account, "timestamp=1", "") }, 400, -1102},
		{"another's secret", func(r *rig) answer { r.as("k1", "s2"); return r.ask("spot", "GET", account, "") }, 400, -1022},
		{"no time", func(r *rig) answer { return r.send("spot", "GET", account, "a=1&signature="+r.signing("a=1"), "") }, 400, -1102},
		{"ahead", func(r *rig) answer { r.skew = time.Second; return r.ask("spot", "GET", account, "") }, 400, -1021},
		{"hardly ahead", func(r *rig) answer { r.skew = 999 * time.Millisecond; return r.ask("spot", "GET", account, "") }, 200, 0},
		{"behind", func(r *rig) answer { r.skew = -5001 * time.Millisecond; return r.ask("spot", "GET", account, "") }, 400, -1021},
		{"hardly behind", func(r *rig) answer { r.skew = -5 * time.Second; return r.ask("spot", "GET", account, "") }, 200, 0},
		{"narrow", func(r *rig) answer { r.skew = -time.Second; return r.ask("spot", "GET", account, "recvWindow=999") }, 400, -1021},
		{"wide", func(r *rig) answer { r.skew = -time.Minute; return r.ask("spot", "GET", account, "recvWindow=60000") }, 200, 0},
		{"fraction", func(r *rig) answer { return r.ask("spot", "GET", account, "recvWindow=1000.345") }, 200, 0},
		{"too wide", func(r *rig) answer { return r.ask("spot", "GET", account, "recvWindow=60001") }, 400, -1131},
		{"much too wide", func(r *rig) answer { return r.ask("spot", "GET", account, "recvWindow=18446744103709.560") }, 400, -1131},
		{"wider than numbers", func(r *rig) answer { return r.ask("spot", "GET", account, "recvWindow=99999999999999999999") }, 400, -1131},
		{"no window", func(r *rig) answer { return r.ask("spot", "GET", account, "recvWindow=x") }, 400, -1130},
		{"unread", func(r *rig) answer { return r.ask("spot", "GET", account, "what=1") }, 400, -1104},
		{"unread of futures", func(r *rig) answer { return r.ask("futures", "GET", "/fapi/v3/balance", "what=1") }, 200, 0},
		{"twice", func(r *rig) answer { return r.ask("spot", "GET", account, "recvWindow=1&recvWindow=2") }, 400, -1101},
		{"twice in the body", func(r *rig) answer {
			return r.ask("spot", "POST", order3, "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=40000&price=39000")
		}, 400, -1101},
		{"read-only", func(r *rig) answer {
			r.as("k3", "s3")
			return r.ask("spot", "POST", "/api/v3/order", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1")
		}, 401, -2015},
		{"reads", func(r *rig) answer { r.as("k3", "s3"); return r.ask("spot", "GET", account, "") }, 200, 0},
		{"no path", func(r *rig) answer { return r.get("spot", "/api/v3/nothing") }, 404, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				a := c.do(r)
				if got := text(a.at("code")); a.status != c.status || c.code != 0 && got != strconv.Itoa(c.code) {
					t.Errorf("%d %s, want %d %d", a.status, a.raw, c.status, c.code)
				}
			})
		})
	}
}

// Times may be in microseconds.
func TestMicroseconds(t *testing.T) {
	virtual(t, func(r *rig) {
		q := "timestamp=" + strconv.FormatInt(time.Now().UnixMicro(), 10)
		r.send("spot", "GET", "/api/v3/account", q+"&signature="+r.signing(q), "").ok()
	})
}

func TestBadConfig(t *testing.T) {
	for name, change := range map[string]func(*binancetest.Config){
		"no secret":      func(c *binancetest.Config) { c.Keys = []binancetest.Key{{Account: mine, Key: "k"}} },
		"no account":     func(c *binancetest.Config) { c.Keys = []binancetest.Key{{Account: "x", Key: "k", Secret: "s"}} },
		"twice":          func(c *binancetest.Config) { c.Keys = append(c.Keys, c.Keys[0]) },
		"no PEM":         func(c *binancetest.Config) { c.Keys = []binancetest.Key{{Account: mine, Key: "k", PublicKey: "x"}} },
		"negative delay": func(c *binancetest.Config) { c.Latency.Entry.Min = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer func() {
					if recover() == nil {
						t.Error("no panic")
					}
				}()
				newRig(t, change)
			})
		})
	}
}
