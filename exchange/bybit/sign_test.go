package bybit_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

func hmacKey() bybit.Credentials {
	return bybit.Credentials{Key: "testkey001", Secret: exchange.NewSecret("XXXXXXXXXX")}
}

// The venue publishes the text that is signed, not a secret for it; the signatures here are plain HMACs over that text.
func TestSignatures(t *testing.T) {
	for _, tt := range []struct{ name, key, stamp, window, query, body, want string }{
		{name: "a query", key: "XXXXXXXXXX", stamp: "1658384314791", window: "5000", query: "category=option&symbol=BTC-29JUL22-25000-C",
			want: "c00720f96c5934ca7057ac28ae65b823f83b8b67a8fe784e7795ca0fa3c148ec"},
		{name: "a body", key: "testkey001", stamp: "1672211918471", window: "5000",
			body: `{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.001","price":"20000","orderLinkId":"a-1"}`,
			want: "f7bf74871fa4516be94385db81d52b0461138efb219ac55e7817715b4783b6c9"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			request, _, err := bybit.Signer(bybit.Credentials{Key: tt.key, Secret: exchange.NewSecret("XXXXXXXXXX")})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second one with memory that was used before
				if got, err := request(tt.stamp, tt.window, tt.query, []byte(tt.body)); err != nil || string(got) != tt.want {
					t.Errorf("got %s, %v; want %s", got, err, tt.want)
				}
			}
		})
	}
}

// All collected vectors that can be computed again are: stamp, key, window and payload are told apart by the key's length.
func TestSigningVectors(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/signing.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Venue, Payload, Secret, Source string
		Want                           string `json:"expected_signature"`
		OK                             bool   `json:"recomputed_ok"`
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range all {
		if v.Venue != "bybit" || !v.OK {
			continue
		}
		n++
		stamp, rest := v.Payload[:13], v.Payload[13:]
		key := rest[:strings.Index(rest, "5000")]
		request, _, err := bybit.Signer(bybit.Credentials{Key: key, Secret: exchange.NewSecret(v.Secret)})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := request(stamp, "5000", rest[len(key)+4:], nil); err != nil || string(got) != v.Want {
			t.Errorf("%s: got %s, %v; want %s", v.Payload, got, err, v.Want)
		}
	}
	if n != 2 {
		t.Errorf("%d vectors, want 2", n)
	}
}

func TestLoginSignature(t *testing.T) {
	_, login, err := bybit.Signer(hmacKey())
	if err != nil {
		t.Fatal(err)
	}
	request, _, _ := bybit.Signer(bybit.Credentials{Key: "realtime", Secret: exchange.NewSecret("XXXXXXXXXX")})
	got, err := login(time.UnixMilli(1711010121452))
	want, _ := request("GET/", "1711010121452", "", nil) // "GET/" + "realtime" + the time: the same text
	if err != nil || string(got) != string(want) || len(got) != 64 {
		t.Errorf("got %s, %v; want %s", got, err, want)
	}
}

func rsaPEM(t testing.TB, pkcs8 bool) (*rsa.PrivateKey, exchange.Secret) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if pkcs8 {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		block = &pem.Block{Type: "PRIVATE KEY", Bytes: der}
	}
	return key, exchange.NewSecret(string(pem.EncodeToMemory(block)))
}

func TestRSA(t *testing.T) {
	for _, pkcs8 := range []bool{false, true} {
		key, text := rsaPEM(t, pkcs8)
		request, login, err := bybit.Signer(bybit.Credentials{Key: "k", PrivateKey: text})
		if err != nil {
			t.Fatal(err)
		}
		check := func(got []byte, err error, text string) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			sig, err := base64.StdEncoding.DecodeString(string(got))
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(text))
			if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], sig); err != nil {
				t.Errorf("PKCS #8 %v: %v", pkcs8, err)
			}
		}
		got, err := request("17", "5000", "a=b", nil)
		check(got, err, "17k5000a=b")
		got, err = request("17", "5000", "", []byte(`{"a":1}`))
		check(got, err, `17k5000{"a":1}`)
		got, err = login(time.UnixMilli(99))
		check(got, err, "GET/realtime99")
	}
}

func TestBadCredentials(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	_, good := rsaPEM(t, false)
	other := exchange.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	for name, c := range map[string]bybit.Credentials{
		"a key alone":            {Key: "k"},
		"a secret alone":         {Secret: exchange.NewSecret("hush-hush")},
		"two secrets":            {Key: "k", Secret: exchange.NewSecret("hush-hush"), PrivateKey: good},
		"no PEM":                 {Key: "k", PrivateKey: exchange.NewSecret("hush-hush")},
		"PEM of nothing":         {Key: "k", PrivateKey: exchange.NewSecret("-----BEGIN PRIVATE KEY-----\naHVzaC1odXNo\n-----END PRIVATE KEY-----\n")},
		"another kind of key":    {Key: "k", PrivateKey: other},
		"a key of two lines":     {Key: "hush-\nhush", Secret: exchange.NewSecret("s")},
		"a key that ends a text": {Key: `hush-"hush`, Secret: exchange.NewSecret("s")},
	} {
		t.Run(name, func(t *testing.T) {
			x, err := bybit.New(bybit.Config{Credentials: c})
			if x != nil || !errors.Is(err, exchange.ErrInvalid) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Whatever is printed, at any depth and with any verb, neither key nor secret is in it.
func TestSecretsAreNotPrinted(t *testing.T) {
	_, private := rsaPEM(t, false)
	c := bybit.Credentials{Key: "my-api-key", Secret: exchange.NewSecret("my-secret")}
	standby := bybit.Egress{Transport: answers{}, Credentials: bybit.Credentials{Key: "my-api-key-2", PrivateKey: private}}
	cfg := bybit.Config{Credentials: c, Standby: []bybit.Egress{standby}, Entry: bybit.EntrySocket, HTTP: &http.Client{Transport: signedOnly{t}}}
	x, err := bybit.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	_, told := x.Balances(t.Context()) // so that something was signed
	if told == nil {
		t.Fatal("an answer from nowhere")
	}
	text, err := json.Marshal(c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	printed := string(text) + told.Error() + fmt.Sprintf("%+v %#v", told, told)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, v := range []any{c, &c, cfg, &cfg, standby, x, struct{ X *bybit.Exchange }{x}, []any{c}} {
			printed += fmt.Sprintf(verb, v)
		}
	}
	for _, s := range []string{"my-api-key", "my-secret", fmt.Sprintf("%x", "my-api-key"), fmt.Sprintf("%x", "my-secret"), "PRIVATE KEY",
		"109 121 45 97 112 105", "109 121 45 115 101 99"} {
		if i := strings.Index(printed, s); i >= 0 {
			t.Errorf("printed: %s", printed[max(0, i-100):i+40])
		}
	}
}

func BenchmarkSign(b *testing.B) {
	body := []byte(`{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.001","price":"20000","orderLinkId":"a-1"}`)
	_, private := rsaPEM(b, true)
	for name, c := range map[string]bybit.Credentials{"HMAC": hmacKey(), "RSA": {Key: "k", PrivateKey: private}} {
		b.Run(name, func(b *testing.B) {
			sign := bybit.Appender(c)
			dst := make([]byte, 0, 512)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sign(dst, "1672211918471", "5000", "", body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestSigningDoesNotAllocate(t *testing.T) {
	sign := bybit.Appender(hmacKey())
	dst, body := make([]byte, 0, 96), []byte(`{"category":"linear"}`)
	if n := testing.AllocsPerRun(100, func() { _, _ = sign(dst, "1672211918471", "5000", "", body) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// signedOnly tells the time, and answers nothing else; its errors repeat what was asked.
type signedOnly struct{ t *testing.T }

func (s signedOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/v5/market/time" {
		return answers{"/v5/market/time?": {body: fmt.Sprintf(`{"retCode":0,"result":{"timeNano":"%d"}}`, time.Now().UnixNano())}}.RoundTrip(r)
	}
	if r.Header.Get("X-BAPI-SIGN") == "" {
		s.t.Error("not signed")
	}
	return answers{r.URL.Path + "?" + r.URL.RawQuery: {body: `{"retCode":10004,"retMsg":"` + r.Header.Get("X-BAPI-API-KEY") + " " + r.Header.Get("X-BAPI-SIGN") + `"}`}}.RoundTrip(r)
}
