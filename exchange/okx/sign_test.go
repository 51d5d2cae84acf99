package okx_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// keys are made up.
func keys() okx.Credentials {
	return okx.Credentials{Key: "k3y-0f-test", Secret: exchange.NewSecret("s3cr3t-0f-test"), Passphrase: exchange.NewSecret("p4ss-0f-test")}
}

// secrets are the texts that must never be seen.
var secrets = []string{"k3y-0f-test", "s3cr3t-0f-test", "p4ss-0f-test"}

func TestSigningVectors(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/signing.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Venue, Payload, Secret, Source string
		Signature                      string `json:"expected_signature"`
		Recomputed                     bool   `json:"recomputed_ok"`
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, v := range vectors {
		if v.Venue != "okx" || !v.Recomputed && !strings.Contains(v.Source, "DERIVED") {
			continue
		}
		n++
		stamp, rest, _ := strings.Cut(v.Payload, "Z")
		method, path, _ := strings.Cut(rest, "/")
		got := okx.Sign(okx.Credentials{Key: "k", Secret: exchange.NewSecret(v.Secret), Passphrase: exchange.NewSecret("p")}, stamp+"Z", method, "/"+path, nil)
		if got != v.Signature {
			t.Errorf("%q: %s, want %s", v.Payload, got, v.Signature)
		}
	}
	if n != 1 {
		t.Errorf("%d vectors, want 1", n)
	}
}

// reference is the documented rule, in other words.
func reference(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func TestSignatures(t *testing.T) {
	const body = `{"instId":"BTC-USDT"}`
	got := okx.Sign(keys(), "2026-08-22T00:00:00.000Z", "POST", "/api/v5/trade/order", []byte(body))
	if want := reference("s3cr3t-0f-test", "2026-08-22T00:00:00.000ZPOST/api/v5/trade/order"+body); got != want {
		t.Errorf("request: %s, want %s", got, want)
	}
	stamp, sign := okx.SignLogin(keys(), time.Unix(1538054050, 999e6))
	if want := reference("s3cr3t-0f-test", "1538054050GET/users/self/verify"); stamp != "1538054050" || sign != want {
		t.Errorf("login: %s %s, want %s", stamp, sign, want)
	}
}

// One signer's memory is used again, also by many at once.
func TestSignerIsSafe(t *testing.T) {
	sign := okx.Signer(keys())
	var wg sync.WaitGroup
	for i := range 8 {
		path := "/" + strings.Repeat("x", 500*i)
		want := reference("s3cr3t-0f-test", "tGET"+path)
		wg.Go(func() {
			for range 200 {
				if got := sign("t", "GET", path, nil); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
	wg.Wait()
}

func TestCredentials(t *testing.T) {
	for name, c := range map[string]okx.Credentials{
		"no passphrase":              {Key: "k", Secret: exchange.NewSecret("s")},
		"no key":                     {Secret: exchange.NewSecret("s"), Passphrase: exchange.NewSecret("p")},
		"no secret":                  {Key: "k", Passphrase: exchange.NewSecret("p")},
		"a line end in a header":     {Key: "k\r\nX: y", Secret: exchange.NewSecret("s"), Passphrase: exchange.NewSecret("p")},
		"an accent in passphrase":    {Key: "k", Secret: exchange.NewSecret("s"), Passphrase: exchange.NewSecret("pé")},
		"a newline after Key":        {Key: "k3y-0f-test\n", Secret: exchange.NewSecret("s"), Passphrase: exchange.NewSecret("p")},
		"a newline after Secret":     {Key: "k", Secret: exchange.NewSecret("s3cr3t-0f-test\r\n"), Passphrase: exchange.NewSecret("p")},
		"a blank before Passphrase":  {Key: "k", Secret: exchange.NewSecret("s"), Passphrase: exchange.NewSecret(" p4ss-0f-test")},
		"a no-break space in Secret": {Key: "k", Secret: exchange.NewSecret("s3cr3t-0f-test\u00a0"), Passphrase: exchange.NewSecret("p")},
		"two lines in Secret":        {Key: "k", Secret: exchange.NewSecret("s3cr3t-0f-test\nx"), Passphrase: exchange.NewSecret("p")},
		"a byte order mark in Key":   {Key: "\ufeffk", Secret: exchange.NewSecret("s"), Passphrase: exchange.NewSecret("p")},
	} {
		err := okx.CheckCredentials(c)
		if !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		silent(t, name, err.Error())
		if _, field, ok := strings.Cut(name, " newline after "); ok && !strings.Contains(err.Error(), field+" begins or ends in white space") {
			t.Errorf("%s: %v", name, err)
		}
	}
	spaced := okx.Credentials{Key: "k", Secret: exchange.NewSecret("s"), Passphrase: exchange.NewSecret("open sesame")}
	if err := okx.CheckCredentials(spaced); err != nil {
		t.Errorf("a passphrase of two words: %v", err)
	}
	if err := okx.CheckCredentials(okx.Credentials{}); err != nil {
		t.Errorf("none: %v", err)
	}
}

func TestCredentialsAreNotPrinted(t *testing.T) {
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "c", keys(), "s", struct{ C okx.Credentials }{keys()})
	text, err := json.Marshal(struct{ C okx.Credentials }{keys()})
	if err != nil {
		t.Fatal(err)
	}
	silent(t, "log", log.String())
	silent(t, "JSON", string(text))
	printed(t, "credentials", keys())
	printed(t, "config", okx.Config{Credentials: keys()})
}

// silent fails when text tells a key.
func silent(t *testing.T, what, text string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text, s) {
			t.Errorf("%s tells %s: %.300s", what, s, text)
		}
	}
}

func BenchmarkSignREST(b *testing.B) {
	sign := okx.Signer(keys())
	body := []byte(`{"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","sz":"0.01","px":"50000.1","clOrdId":"Zabcdefghijklmnopqrstuv"}`)
	b.ReportAllocs()
	for b.Loop() {
		sign("2026-08-22T00:00:00.000Z", "POST", "/api/v5/trade/order", body)
	}
}

func BenchmarkSignLogin(b *testing.B) {
	b.ReportAllocs()
	c, at := okx.LoginSigner(keys()), time.Unix(1538054050, 0)
	for b.Loop() {
		c(at)
	}
}

// printed looks at v in every way that fmt has.
func printed(t *testing.T, what string, v any) {
	t.Helper()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		text := fmt.Sprintf(verb, v)
		silent(t, what+" by "+verb, text)
		for _, s := range secrets {
			if strings.Contains(text, fmt.Sprintf("%x", s)) {
				t.Errorf("%s by %s tells %s in hex", what, verb, s)
			}
		}
	}
}
