package binancetest

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Key is an API key of one of the engine's accounts. Secret makes it an HMAC key, PublicKey an Ed25519 or RSA key.
type Key struct {
	Account   exchange.AccountID
	Key       string // what clients send
	Secret    string
	PublicKey string // PEM: PKIX
	// ReadOnly keys may not trade: the venue answers -2015 to their orders.
	ReadOnly bool
	// SpotOnly keys open nothing of the futures account.
	SpotOnly bool
}

// Format writes whose key it is, and nothing that is secret.
func (k Key) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "key of account "+string(k.Account))
}

// key is a Key with its check.
type key struct {
	Key
	verify func(payload []byte, signature string) bool
	logs   bool // a session can log on with it: Ed25519
}

func newKey(k Key) (*key, error) {
	bad := func(what string) (*key, error) {
		return nil, fmt.Errorf("binancetest: key %.12q: %s: %w", k.Key, what, exchange.ErrInvalid)
	}
	switch {
	case k.Key == "":
		return bad("empty")
	case (k.Secret == "") == (k.PublicKey == ""):
		return bad("want one of Secret and PublicKey")
	case k.Secret != "":
		return &key{Key: k, verify: verifyHMAC([]byte(k.Secret))}, nil
	}
	block, _ := pem.Decode([]byte(k.PublicKey))
	if block == nil {
		return bad("PublicKey is no PEM")
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return bad("PublicKey is no PKIX")
	}
	switch public := public.(type) {
	case ed25519.PublicKey:
		return &key{Key: k, logs: true, verify: decoded(func(payload, signature []byte) bool {
			return ed25519.Verify(public, payload, signature)
		})}, nil
	case *rsa.PublicKey:
		return &key{Key: k, verify: decoded(func(payload, signature []byte) bool {
			sum := sha256.Sum256(payload)
			return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) == nil
		})}, nil
	}
	return bad("PublicKey is neither Ed25519 nor RSA")
}

// verifyHMAC takes hex in either case.
func verifyHMAC(secret []byte) func([]byte, string) bool {
	return func(payload []byte, signature string) bool {
		got, err := hex.DecodeString(strings.ToLower(signature))
		mac := hmac.New(sha256.New, secret)
		mac.Write(payload)
		return err == nil && hmac.Equal(got, mac.Sum(nil))
	}
}

func decoded(verify func(payload, signature []byte) bool) func([]byte, string) bool {
	return func(payload []byte, signature string) bool {
		b, err := base64.StdEncoding.DecodeString(signature)
		return err == nil && verify(payload, b)
	}
}

// identify finds a key.
func (s *Server) identify(name string) (*key, *refusal) {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, refuse(-2014, "API-key format invalid.").at(401)
	}
	if k := s.keys[name]; k != nil {
		return k, nil
	}
	return nil, forbidden()
}

func forbidden() *refusal {
	return refuse(-2015, "Invalid API-key, IP, or permissions for action.").at(401)
}

// check refuses a signature that is not k's.
func (s signed) check(k *key) *refusal {
	if s.signature == "" {
		return missing("signature")
	}
	if k.verify([]byte(s.payload), s.signature) || s.other != "" && k.verify([]byte(s.other), s.signature) {
		return nil
	}
	return refuse(-1022, "Signature for this request is not valid.")
}

const (
	windowDefault = 5 * time.Second
	windowMax     = time.Minute
	ahead         = time.Second // how far a clock may be ahead of the venue's
)

// window reads when a request was made, and until when it may be done.
func (p params) window() (made, until time.Time, r *refusal) {
	if _, r := p.must("timestamp"); r != nil {
		return made, until, r
	}
	n, r := p.integer("timestamp", 0)
	if r != nil {
		return made, until, r
	}
	made = time.UnixMilli(n)
	if n > 1e14 { // microseconds
		made = time.UnixMicro(n)
	}
	window := windowDefault
	if v := p.get("recvWindow"); v != "" {
		d, r := p.number("recvWindow") // with up to three decimals
		if r != nil || places(v) > 3 {
			return made, until, refuse(-1130, "Data sent for parameter 'recvWindow' is not valid.")
		}
		if d.Cmp(exchange.Scaled(windowMax.Milliseconds(), 0)) > 0 {
			return made, until, refuse(-1131, "recvWindow must be less than 60000")
		}
		us, _ := d.Int64(-3) // which it has
		window = time.Duration(us) * time.Microsecond
	}
	return made, made.Add(window), nil
}

// punctual refuses what comes outside its window, by the venue's clock.
func punctual(now, made, until time.Time) *refusal {
	switch {
	case !made.Before(now.Add(ahead)):
		return refuse(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
	case now.After(until):
		return refuse(-1021, "Timestamp for this request is outside of the recvWindow.")
	}
	return nil
}
