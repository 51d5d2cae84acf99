package okx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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

// Credentials are an API key of one account. The zero value has none: then only public data works. fmt, slog and encodings print none of them;
// only Key in an unexported field of a struct of your own is out of reach: fmt looks past every method there.
type Credentials struct {
	Key        string
	Secret     exchange.Secret
	Passphrase exchange.Secret // chosen when the key was made
}

func (c Credentials) isZero() bool { return c.Key == "" && c.Secret.IsZero() && c.Passphrase.IsZero() }

func (c Credentials) placeholder() string {
	if c.isZero() {
		return "[no credentials]"
	}
	return "[credentials]"
}

// Format writes a placeholder, whatever the verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.placeholder()) }

// LogValue is a placeholder.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.placeholder()) }

// MarshalText is a placeholder: a configuration that is written out does not take its keys along.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.placeholder()), nil }

// signer signs with one key: HMAC-SHA256 in base 64, the only kind that the venue has. It is safe for concurrent use.
type signer struct {
	key, passphrase exchange.Secret // what fmt prints of a signer tells neither
	pool            sync.Pool       // of *signing
}

// signing is the memory of one signature.
type signing struct {
	mac  hash.Hash // keyed
	text []byte
	sum  [sha256.Size]byte
}

// newSigner is nil without credentials. Its errors wrap ErrInvalid and tell nothing of the key.
func newSigner(c Credentials) (*signer, error) {
	bad := func(what string) error { return fmt.Errorf("okx: credentials: %s: %w", what, exchange.ErrInvalid) }
	switch {
	case c.isZero():
		return nil, nil
	case c.Key == "" || c.Secret.IsZero() || c.Passphrase.IsZero():
		return nil, bad("want Key, Secret and Passphrase")
	}
	for _, part := range []struct {
		name, text string
		header     bool
	}{{"Key", c.Key, true}, {"Secret", c.Secret.Reveal(), false}, {"Passphrase", c.Passphrase.Reveal(), true}} {
		if wrong := flaw(part.text, part.header); wrong != "" {
			return nil, bad(part.name + wrong)
		}
	}
	secret := []byte(c.Secret.Reveal())
	s := &signer{key: exchange.NewSecret(c.Key), passphrase: c.Passphrase}
	s.pool.New = func() any { return &signing{mac: hmac.New(sha256.New, secret)} }
	return s, nil
}

// flaw is what is wrong with a part of a key, without quoting it; "" where nothing is.
func flaw(s string, header bool) string {
	switch {
	case strings.TrimSpace(s) != s:
		return " begins or ends in white space: was it read from a file with its newline?"
	case strings.ContainsFunc(s, unicode.IsControl):
		return " has a control character in it: was it read from a file of several lines?"
	case header && strings.ContainsFunc(s, func(r rune) bool { return r > '~' }):
		return " has a character that no header takes"
	}
	return ""
}

// stamp is a REST request's time: ISO 8601 with milliseconds.
const stamp = "2006-01-02T15:04:05.000Z"

// request is the signature of a REST request; target is its path with the query.
func (s *signer) request(stamp, method, target string, body []byte) string {
	w := s.pool.Get().(*signing)
	defer s.pool.Put(w)
	w.text = append(append(append(append(w.text[:0], stamp...), method...), target...), body...)
	return w.finish()
}

// login is the stamp, in seconds, and the signature of a login at a time.
func (s *signer) login(at time.Time) (stamp, signature string) {
	w := s.pool.Get().(*signing)
	defer s.pool.Put(w)
	stamp = strconv.FormatInt(at.Unix(), 10)
	w.text = append(append(w.text[:0], stamp...), "GET/users/self/verify"...)
	return stamp, w.finish()
}

func (w *signing) finish() string {
	w.mac.Reset()
	_, _ = w.mac.Write(w.text)
	w.text = base64.StdEncoding.AppendEncode(w.text[:0], w.mac.Sum(w.sum[:0]))
	return string(w.text)
}
