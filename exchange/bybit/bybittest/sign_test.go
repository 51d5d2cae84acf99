package bybittest_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// vector is a signature of others: of a text that begins with a time and a key.
type vector struct {
	Venue, Payload, Secret string
	Expected               string `json:"expected_signature"`
	Recomputed             bool   `json:"recomputed_ok"`
}

// take cuts a vector's text apart: what is after key and window is the query, or the body.
func (v vector) take(key string) (stamp, rest string) {
	stamp, rest, _ = strings.Cut(v.Payload, key+"5000")
	return stamp, rest
}

// What others signed is accepted at the time that it was signed for, and nothing else is.
func TestSigningVectors(t *testing.T) {
	text, err := os.ReadFile(fixtures.Path(t, "vectors/signing.json"))
	must(t, err)
	var file struct{ Vectors []vector }
	if json.Unmarshal(text, &file.Vectors) != nil {
		must(t, json.Unmarshal(text, &file))
	}
	seen := 0
	for _, v := range file.Vectors {
		key := "XXXXXXXXXX"
		if strings.Contains(v.Payload, "testkey001") {
			key = "testkey001"
		}
		if v.Venue != "bybit" || !v.Recomputed {
			continue
		}
		seen++
		t.Run(v.Payload[:13], func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { v.check(t, key) })
		})
	}
	if seen == 0 {
		t.Error("no vector of this venue")
	}
}

func (v vector) check(t *testing.T, key string) {
	stamp, rest := v.take(key)
	at, err := strconv.ParseInt(stamp, 10, 64)
	must(t, err)
	time.Sleep(time.Until(time.UnixMilli(at))) // of the bubble
	r := newRig(t, func(c *bybittest.Config) { c.Keys = []bybittest.Key{{Account: "one", Key: key, Secret: v.Secret}} })
	send := func(signature string) int {
		method, target, body := http.MethodGet, "/v5/order/realtime?"+rest, ""
		if strings.HasPrefix(rest, "{") {
			method, target, body = http.MethodPost, "/v5/order/create", rest
		}
		req := r.request(method, target, body)
		for name, value := range map[string]string{"X-BAPI-API-KEY": key, "X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": "5000", "X-BAPI-SIGN": signature} {
			req.Header.Set(name, value)
		}
		return r.do(req).Code
	}
	if code := send(v.Expected); code == 10003 || code == 10004 || code == 10002 {
		t.Errorf("the vector is refused with %d", code)
	}
	for _, bad := range []string{strings.ToUpper(v.Expected), v.Expected[1:], "0" + v.Expected[1:], base64.StdEncoding.EncodeToString([]byte(v.Expected))} {
		if code := send(bad); bad != v.Expected && code != 10004 {
			t.Errorf("signature %s: code %d", bad, code)
		}
	}
}

func TestRSAKeys(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	pkix, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	must(t, err)
	for name, block := range map[string]*pem.Block{
		"PKIX":   {Type: "PUBLIC KEY", Bytes: pkix},
		"PKCS 1": {Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey)},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *bybittest.Config) {
				c.Keys = []bybittest.Key{{Account: "one", Key: "RSA", PublicKey: string(pem.EncodeToMemory(block))}}
			})
			r.key = "RSA"
			req := r.request(http.MethodGet, "/v5/account/info", "")
			if a := r.do(req); a.Code != 10004 {
				t.Errorf("an HMAC for an RSA key: %s", a.body)
			}
			sum := sha256.Sum256([]byte(req.Header.Get("X-BAPI-TIMESTAMP") + "RSA5000"))
			sig, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
			must(t, err)
			req.Header.Set("X-BAPI-SIGN", base64.StdEncoding.EncodeToString(sig))
			if a := r.do(req); a.Code != 0 {
				t.Errorf("an RSA signature: %s", a.body)
			}
		})
	}
}

// server - window <= stamp < server + 1000, for ever to the millisecond.
func TestTimeWindow(t *testing.T) {
	for _, c := range []struct {
		name   string
		window string
		off    int64 // of the client's clock
		code   int
	}{
		{"now", "5000", 0, 0},
		{"at the end of the window", "5000", -5000, 0},
		{"beyond it", "5000", -5001, 10002},
		{"almost a second ahead", "5000", 999, 0},
		{"a second ahead", "5000", 1000, 10002},
		{"no window is five seconds", "", -5000, 0},
		{"no more", "", -5001, 10002},
		{"a wide window", "60000", -60000, 0},
		{"a window that is none", "x", 0, 10001},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				r.window = c.window
				req := r.request(http.MethodGet, "/v5/account/info", "")
				r.sign(req, time.Now().UnixMilli()+c.off, "")
				a := r.do(req)
				if a.Code != c.code {
					t.Errorf("%s, want %d", a.body, c.code)
				}
				if c.code == 10002 && !(strings.Contains(a.Text, "req_timestamp[") && strings.Contains(a.Text, "server_timestamp[") && strings.Contains(a.Text, "recv_window[5000]")) {
					t.Errorf("message %q", a.Text)
				}
			})
		})
	}
}

func TestKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		if a := r.as("NOBODY", "first").get("/v5/account/info"); a.Code != 10003 {
			t.Errorf("an unknown key: %s", a.body)
		}
		if a := r.as("KEY1", "second").get("/v5/account/info"); a.Code != 10004 || !strings.Contains(a.Text, "origin_string[") {
			t.Errorf("a wrong secret: %s", a.body)
		}
		req := r.request(http.MethodGet, "/v5/account/info", "")
		req.Header.Del("X-BAPI-SIGN")
		if a := r.do(req); a.Code != 10001 {
			t.Errorf("no signature: %s", a.body)
		}
		read := r.as("READ", "first")
		if a := read.post("/v5/order/create", body("{'category':'spot','symbol':'BTCUSDT','side':'Buy','orderType':'Limit','qty':'1','price':'90'}")); a.Code != 10005 {
			t.Errorf("an order with a key that only reads: %s", a.body)
		}
		if a := read.get("/v5/user/query-api"); a.Code != 0 || !strings.Contains(a.body, `"readOnly":1`) {
			t.Errorf("query-api: %s", a.body)
		}
	})
}
