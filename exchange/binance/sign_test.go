package binance_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

type vector struct {
	Venue, Scheme, Transport, Secret, Payload string
	Key                                       string `json:"api_key"`
	Want                                      string `json:"expected_signature"`
	Recomputed                                *bool  `json:"recomputed_ok"`
	Source                                    string
}

func vectors(t testing.TB, venue string) (list []vector) {
	t.Helper()
	b, err := os.ReadFile(fixtures.Path(t, "vectors/signing.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		if v.Venue == venue && (v.Recomputed != nil && *v.Recomputed || strings.Contains(v.Source, "DERIVED")) {
			list = append(list, v)
		}
	}
	return list
}

func hmacKey() binance.Credentials {
	return binance.Credentials{Key: "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A",
		Secret: exchange.NewSecret("NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j")}
}

func pemOf(t testing.TB, key any) exchange.Secret {
	t.Helper()
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return exchange.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: b})))
}

func TestSigningVectors(t *testing.T) {
	list := append(vectors(t, "binance"), vector{ // of the fact sheet: perpetuals
		Secret:  "2b5eb11e18796d12d88f13dc27dbbd02c2cc51ff7059765ed9821957d82bb4d9",
		Payload: "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=9000&timeInForce=GTC&recvWindow=5000&timestamp=1591702613943",
		Want:    "3c661234138461fcc7a7d8746c6558c9842d4e10870d2ecbedf7777cad694af9",
	})
	if len(list) != 4 {
		t.Fatalf("%d vectors", len(list))
	}
	for _, v := range list {
		got, err := binance.Sign(binance.Credentials{Key: "k", Secret: exchange.NewSecret(v.Secret)}, v.Payload)
		if err != nil || got != v.Want {
			t.Errorf("%s: %s, %v", v.Payload, got, err)
		}
	}
}

// params takes a payload apart, the time aside.
func params(payload string) (list []binance.Param, now time.Time, window time.Duration) {
	for _, kv := range strings.Split(payload, "&") {
		k, v, _ := strings.Cut(kv, "=")
		var ms int64
		fmt.Sscan(v, &ms)
		switch k {
		case "timestamp":
			now = time.UnixMilli(ms)
		case "recvWindow":
			window = time.Duration(ms) * time.Millisecond
		case "apiKey":
		default:
			list = append(list, binance.Param{Name: k, Value: v})
		}
	}
	return list, now, window
}

// The whole of a request, not only its signature, is what the venue documents.
func TestSignedRequests(t *testing.T) {
	list := vectors(t, "binance")
	p, now, window := params(list[0].Payload)
	got, err := binance.SignQuery(hmacKey(), p, now, window)
	if want := list[0].Payload + "&signature=" + list[0].Want; err != nil || got != want {
		t.Errorf("query\n%s, want\n%s (%v)", got, want, err)
	}
	ws := list[2]
	p, now, window = params(ws.Payload)
	text, err := binance.SignObject(hmacKey(), p, now, window, false)
	if err != nil {
		t.Fatal(err)
	}
	var sent map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &sent); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"signature": `"` + ws.Want + `"`, "timestamp": "1645423376532", "recvWindow": "100",
		"apiKey": `"` + hmacKey().Key + `"`, "price": `"52000.00"`} {
		if string(sent[name]) != want {
			t.Errorf("%s is %s, want %s", name, sent[name], want)
		}
	}
	session, err := binance.SignObject(hmacKey(), p[:1], now, window, true)
	if want := `{"price":"52000.00","recvWindow":100,"timestamp":1645423376532}`; err != nil || session != want {
		t.Errorf("in a session %s, want %s (%v)", session, want, err)
	}
}

// What is signed is what is sent: encoded, byte for byte.
func TestEncodingBeforeSigning(t *testing.T) {
	p := []binance.Param{{Name: "symbol", Value: "币安USDT"}, {Name: "newClientOrderId", Value: "a.b:c/d e+f"}}
	got, err := binance.SignQuery(hmacKey(), p, time.UnixMilli(1), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	text, signature, _ := strings.Cut(got, "&signature=")
	if want := "symbol=%E5%B8%81%E5%AE%89USDT&newClientOrderId=a.b%3Ac%2Fd%20e%2Bf&recvWindow=1000&timestamp=1"; text != want {
		t.Errorf("%s, want %s", text, want)
	}
	if want, _ := binance.Sign(hmacKey(), text); signature != want {
		t.Errorf("signature %s, want %s", signature, want)
	}
	q, err := url.ParseQuery(got)
	if err != nil || q.Get("symbol") != "币安USDT" || q.Get("newClientOrderId") != "a.b:c/d e+f" {
		t.Errorf("%v, %v", q, err)
	}
	object, err := binance.SignObject(hmacKey(), append(p, binance.Param{Name: "x", Value: "a\"\\\n\x01é"}), time.UnixMilli(1), time.Second, false)
	var sent map[string]any
	if err != nil || json.Unmarshal([]byte(object), &sent) != nil || sent["symbol"] != "币安USDT" || sent["x"] != "a\"\\\n\x01é" {
		t.Errorf("%s, %v", object, err)
	}
}

func TestAsymmetricKeys(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	big, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key    exchange.Secret
		verify func(payload, sig []byte) bool
	}{
		"Ed25519": {pemOf(t, private), func(p, s []byte) bool { return ed25519.Verify(public, p, s) }},
		"RSA": {pemOf(t, big), func(p, s []byte) bool {
			sum := sha256.Sum256(p)
			return rsa.VerifyPKCS1v15(&big.PublicKey, crypto.SHA256, sum[:], s) == nil
		}},
		"RSA, PKCS #1": {exchange.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(big)}))), func(p, s []byte) bool {
			sum := sha256.Sum256(p)
			return rsa.VerifyPKCS1v15(&big.PublicKey, crypto.SHA256, sum[:], s) == nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := binance.SignQuery(binance.Credentials{Key: "k", PrivateKey: c.key}, []binance.Param{{Name: "a", Value: "b"}}, time.UnixMilli(5), time.Second)
			if err != nil {
				t.Fatal(err)
			}
			text, encoded, _ := strings.Cut(got, "&signature=")
			if strings.ContainsAny(encoded, "+/=") {
				t.Errorf("%s is not encoded for a URL", encoded)
			}
			plain, _ := url.QueryUnescape(encoded)
			sig, err := base64.StdEncoding.DecodeString(plain)
			if err != nil || !c.verify([]byte(text), sig) {
				t.Errorf("%s does not verify (%v)", got, err)
			}
		})
	}
}

func TestBadCredentials(t *testing.T) {
	const secret = "s3cr3t-that-nobody-sees"
	for name, c := range map[string]binance.Credentials{
		"no key":             {Secret: exchange.NewSecret(secret)},
		"no secret":          {Key: secret},
		"two secrets":        {Key: "k", Secret: exchange.NewSecret(secret), PrivateKey: exchange.NewSecret(secret)},
		"no PEM":             {Key: "k", PrivateKey: exchange.NewSecret(secret)},
		"other PEM":          {Key: "k", PrivateKey: exchange.NewSecret("-----BEGIN X-----\n" + base64.StdEncoding.EncodeToString([]byte(secret)) + "\n-----END X-----\n")},
		"a key of two lines": {Key: secret + "\r\nX: y", Secret: exchange.NewSecret(secret)},
	} {
		_, err := binance.Sign(c, "")
		if !errors.Is(err, exchange.ErrInvalid) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, c), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func benchmarkSign(b *testing.B, c binance.Credentials) {
	sign := binance.SignAllocs(c)
	b.ReportAllocs()
	for b.Loop() {
		sign()
	}
}

func BenchmarkSignHMAC(b *testing.B) { benchmarkSign(b, hmacKey()) }

func BenchmarkSignEd25519(b *testing.B) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkSign(b, binance.Credentials{Key: "k", PrivateKey: pemOf(b, key)})
}

func BenchmarkSignRSA(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	benchmarkSign(b, binance.Credentials{Key: "k", PrivateKey: pemOf(b, key)})
}
