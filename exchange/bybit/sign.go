package bybit

import (
	"cmp"
	"crypto"
	"crypto/hmac"
	"crypto/rand"
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
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/bothlegs/bothlegs/exchange"
)

// Credentials are an API key of one account: Key with Secret for keys that the venue made, Key with PrivateKey for RSA keys whose public half
// was given to the venue. The zero value has none: then only public data works. fmt, slog and encodings print none of them; only Key in an
// unexported field of a struct of your own is out of reach: fmt looks past every method there.
type Credentials struct {
	Key        string
	Secret     exchange.Secret
	PrivateKey exchange.Secret // PEM, PKCS #1 or PKCS #8, RSA
}

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

func (c Credentials) isZero() bool { return c.Key == "" && c.Secret.IsZero() && c.PrivateKey.IsZero() }

// signer signs with one key. It is safe for concurrent use.
type signer struct {
	key exchange.Secret // hidden from fmt, which looks into pointers for verbs that do not fit
	rsa *rsa.PrivateKey // nil: HMAC

	mu   sync.Mutex // guards what work points at
	work *work
}

// work is the memory of one signature: apart, for the key stands in it.
type work struct {
	mac  hash.Hash // keyed; nil for RSA
	text []byte
	sum  [sha256.Size]byte
}

// newSigner is nil without credentials. Its errors wrap ErrInvalid and tell nothing of the key.
func newSigner(c Credentials) (*signer, error) {
	bad := func(what string) error { return fmt.Errorf("bybit: credentials: %s: %w", what, exchange.ErrInvalid) }
	switch {
	case c.isZero():
		return nil, nil
	case c.Key == "":
		return nil, bad("a secret without Key")
	case c.Secret.IsZero() == c.PrivateKey.IsZero():
		return nil, bad("want one of Secret and PrivateKey")
	}
	if problem := cmp.Or(blemish("Key", c.Key), blemish("Secret", c.Secret.Reveal())); problem != "" {
		return nil, bad(problem)
	}
	for _, b := range []byte(c.Key) {
		if b <= ' ' || b > '~' || b == '"' || b == '\\' {
			return nil, bad("a Key that is none: it has a character that no key of the venue's has")
		}
	}
	s := &signer{key: exchange.NewSecret(c.Key), work: new(work)}
	if !c.PrivateKey.IsZero() {
		key, err := parseRSA([]byte(c.PrivateKey.Reveal()))
		if err != nil {
			return nil, bad(err.Error())
		}
		s.rsa = key
		return s, nil
	}
	s.work.mac = hmac.New(sha256.New, []byte(c.Secret.Reveal()))
	return s, nil
}

// blemish is what a text that was copied or read badly shows by itself; "": nothing.
func blemish(name, s string) string {
	switch {
	case strings.TrimLeftFunc(s, unicode.IsSpace) != s:
		return name + " begins with white space"
	case strings.TrimRightFunc(s, unicode.IsSpace) != s:
		return name + " ends in white space: was it read from a file with its newline?"
	case strings.ContainsFunc(s, unicode.IsControl):
		return name + " has a control character in it"
	}
	return ""
}

// parseRSA has errors of its own: the parsers' could repeat parts of what they read.
func parseRSA(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("PrivateKey is no PEM")
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("PrivateKey is no PKCS #1 or PKCS #8 key")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("PrivateKey is no RSA key: the venue takes no other")
	}
	return key, nil
}

// request appends the signature of a REST request: of stamp and window as they stand in its headers, and of its query (GET) or body (POST)
// exactly as it is sent.
func (s *signer) request(dst []byte, stamp, window string, query string, body []byte) ([]byte, error) {
	s.mu.Lock()
	w := s.work
	w.text = append(append(append(w.text[:0], stamp...), s.key.Reveal()...), window...)
	w.text = append(append(w.text, query...), body...)
	return s.finish(dst)
}

// login appends the signature of an auth request that holds until expires.
func (s *signer) login(dst []byte, expires time.Time) ([]byte, error) {
	s.mu.Lock()
	s.work.text = strconv.AppendInt(append(s.work.text[:0], "GET/realtime"...), expires.UnixMilli(), 10)
	return s.finish(dst)
}

// finish signs work.text and unlocks: HMAC in lowercase hex, RSA in base64. RSA takes a millisecond, in which others may sign.
func (s *signer) finish(dst []byte) ([]byte, error) {
	if s.rsa == nil {
		defer s.mu.Unlock()
		w := s.work
		w.mac.Reset()
		w.mac.Write(w.text)
		return hex.AppendEncode(dst, w.mac.Sum(w.sum[:0])), nil
	}
	sum := sha256.Sum256(s.work.text)
	s.mu.Unlock()
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.rsa, crypto.SHA256, sum[:])
	if err != nil {
		return nil, fmt.Errorf("signing: %w", exchange.ErrInvalid)
	}
	return base64.StdEncoding.AppendEncode(dst, sig), nil
}
