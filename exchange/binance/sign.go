package binance

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
	"hash"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Credentials are an API key of one account: Key with Secret for HMAC keys, Key with PrivateKey for RSA and Ed25519 keys. The zero value
// has none: then only public data works. Neither fmt nor slog nor an encoding prints any of it; only Key in an unexported field of a struct of
// your own is out of reach, for fmt looks past every method there.
type Credentials struct {
	Key        string
	Secret     exchange.Secret
	PrivateKey exchange.Secret // PEM: PKCS #8 of an RSA or Ed25519 key, or PKCS #1
}

func (c Credentials) isZero() bool { return c.Key == "" && c.Secret.IsZero() && c.PrivateKey.IsZero() }

// Format writes a placeholder, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.placeholder()) }

// LogValue is a placeholder.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.placeholder()) }

// MarshalText is a placeholder: a configuration that is written out does not take its keys along.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.placeholder()), nil }

func (c Credentials) placeholder() string {
	if c.isZero() {
		return "[no credentials]"
	}
	return "[credentials]"
}

// signer signs with one key. It is safe for concurrent use. What is secret lies behind functions, where fmt does not look.
type signer struct {
	key exchange.Secret // the API key
	// header is the key as a header's value, which nobody changes.
	header func() []string
	logs   bool // Ed25519: a WebSocket session can log on with it
	// plain says that signatures are hex, with nothing to encode.
	plain bool
	// sign appends the signature of payload to dst, as text: hex of HMAC, base64 of the others.
	sign func(dst, payload []byte) ([]byte, error)
}

// newSigner is nil without credentials. Its errors wrap ErrInvalid and tell nothing of the key.
func newSigner(c Credentials) (*signer, error) {
	bad := func(what string) error { return fmt.Errorf("binance: credentials: %s: %w", what, exchange.ErrInvalid) }
	switch {
	case c.isZero():
		return nil, nil
	case c.Key == "":
		return nil, bad("a secret without Key")
	case c.Secret.IsZero() == c.PrivateKey.IsZero():
		return nil, bad("want one of Secret and PrivateKey")
	case strings.ContainsFunc(c.Key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, bad("Key has white space or another character that no key has: was it read from a file with its newline?")
	case strings.TrimSpace(c.Secret.Reveal()) != c.Secret.Reveal():
		return nil, bad("Secret begins or ends in white space: was it read from a file with its newline?")
	}
	header := []string{c.Key}
	s := &signer{key: exchange.NewSecret(c.Key), header: func() []string { return header }}
	if c.PrivateKey.IsZero() {
		s.plain = true
		s.sign = hmacSign([]byte(c.Secret.Reveal()))
		return s, nil
	}
	switch key := parseKey([]byte(c.PrivateKey.Reveal())).(type) {
	case ed25519.PrivateKey:
		s.logs = true
		s.sign = func(dst, payload []byte) ([]byte, error) {
			return base64.StdEncoding.AppendEncode(dst, ed25519.Sign(key, payload)), nil
		}
	case *rsa.PrivateKey:
		s.sign = rsaSign(key)
	default:
		return nil, bad("PrivateKey is no RSA or Ed25519 key in PEM")
	}
	return s, nil
}

// parseKey is nil where text holds none: the parsers' errors could repeat parts of what they read.
func parseKey(text []byte) any {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil
	}
	if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
		return key
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key
	}
	return nil
}

// keyed is the memory of one signature.
type keyed struct {
	mac hash.Hash
	sum [sha256.Size]byte
}

func hmacSign(secret []byte) func(dst, payload []byte) ([]byte, error) {
	pool := &sync.Pool{New: func() any { return &keyed{mac: hmac.New(sha256.New, secret)} }}
	return func(dst, payload []byte) ([]byte, error) {
		k := pool.Get().(*keyed)
		defer pool.Put(k)
		k.mac.Reset()
		k.mac.Write(payload)
		return hex.AppendEncode(dst, k.mac.Sum(k.sum[:0])), nil
	}
}

func rsaSign(key *rsa.PrivateKey) func(dst, payload []byte) ([]byte, error) {
	return func(dst, payload []byte) ([]byte, error) {
		sum := sha256.Sum256(payload)
		sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		if err != nil {
			return nil, fmt.Errorf("binance: signing: %w", exchange.ErrInvalid)
		}
		return base64.StdEncoding.AppendEncode(dst, sig), nil
	}
}

// param is one parameter of a request. Integers are numbers in the JSON of the WebSocket API.
type param struct {
	name, value string
	integer     bool
}

// timed are the parameters of a signed request that tell its time: until window from now, by the venue's clock.
func timed(now time.Time, window time.Duration) [2]param {
	return [2]param{
		{name: "recvWindow", value: strconv.FormatInt(window.Milliseconds(), 10), integer: true},
		{name: "timestamp", value: strconv.FormatInt(now.UnixMilli(), 10), integer: true},
	}
}

// query appends params, encoded as they are sent, then when and the signature over all of it.
func (s *signer) query(b []byte, params []param, when [2]param) ([]byte, error) {
	from := len(b)
	b = appendQuery(b, params)
	if len(b) > from {
		b = append(b, '&')
	}
	b = appendQuery(b, when[:])
	signed := len(b)
	b = append(b, "&signature="...)
	start := len(b)
	b, err := s.sign(b, b[from:signed])
	if err != nil || s.plain {
		return b, err
	}
	return appendEscaped(b[:start], slices.Clone(b[start:])), nil
}

// object is the params of a signed call of the WebSocket API as JSON. What is signed is sorted by name and not encoded. In a session that has
// logged on only the time is added.
func (s *signer) object(params []param, when [2]param, session bool) ([]byte, error) {
	all := append(append(make([]param, 0, len(params)+4), params...), when[:]...)
	if session {
		return appendObject(nil, all), nil
	}
	all = append(all, param{name: "apiKey", value: s.key.Reveal()})
	slices.SortFunc(all, func(x, y param) int { return strings.Compare(x.name, y.name) })
	text := make([]byte, 0, 512)
	for i, p := range all {
		if i > 0 {
			text = append(text, '&')
		}
		text = append(append(append(text, p.name...), '='), p.value...)
	}
	sig, err := s.sign(nil, text)
	if err != nil {
		return nil, err
	}
	return appendObject(nil, append(all, param{name: "signature", value: string(sig)})), nil
}

func appendQuery(b []byte, params []param) []byte {
	for i, p := range params {
		if i > 0 {
			b = append(b, '&')
		}
		b = append(append(b, p.name...), '=')
		b = appendEscaped(b, p.value)
	}
	return b
}

// appendEscaped encodes all but what RFC 3986 calls unreserved: a space is %20, which form encoding would make a plus.
func appendEscaped[T string | []byte](b []byte, s T) []byte {
	const hexDigits = "0123456789ABCDEF"
	done := 0 // of s, in b
	for i := range len(s) {
		if c := s[i]; !unreserved(c) {
			b = append(append(b, s[done:i]...), '%', hexDigits[c>>4], hexDigits[c&15])
			done = i + 1
		}
	}
	return append(b, s[done:]...)
}

func unreserved(c byte) bool {
	return c|32 >= 'a' && c|32 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}

func appendObject(b []byte, params []param) []byte {
	b = append(b, '{')
	for i, p := range params {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(b, p.name)
		b = append(b, ':')
		if p.integer {
			b = append(b, p.value...)
			continue
		}
		b = appendJSON(b, p.value)
	}
	return append(b, '}')
}

// appendJSON quotes s; bytes that are no UTF-8 become the replacement character.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[r>>4], "0123456789abcdef"[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}
