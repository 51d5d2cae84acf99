package exchange_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
)

// A secret is not told by any verb, log or encoding, nor by what holds it in a field of its own.
func TestSecretIsNeverPrinted(t *testing.T) {
	const text = "s3cr3t"
	s := exchange.NewSecret(text)
	type private struct {
		inner struct{ secret exchange.Secret }
	}
	var p private
	p.inner.secret = s
	var b bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%t", "%10s"} {
		fmt.Fprintf(&b, verb+" "+verb+" "+verb+"\n", s, &p, struct{ S *exchange.Secret }{&s})
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "s", s, "p", p)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "s", s, "p", p)
	_ = json.NewEncoder(&b).Encode(map[string]any{"s": s, "p": p})
	for _, leak := range []string{text, fmt.Sprintf("%x", text), fmt.Sprintf("%X", text), fmt.Sprintf("%d", []byte(text))} {
		if strings.Contains(b.String(), leak) {
			t.Errorf("told as %s in\n%s", leak, b.String())
		}
	}
	if s.Reveal() != text || s.IsZero() {
		t.Error("the secret is lost")
	}
}

func TestSecretZeroAndText(t *testing.T) {
	var s exchange.Secret
	if !s.IsZero() || s.Reveal() != "" || !exchange.NewSecret("").IsZero() {
		t.Error("the zero secret is not empty")
	}
	text, err := json.Marshal(exchange.NewSecret("abc"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s); !errors.Is(err, exchange.ErrInvalid) || !s.IsZero() {
		t.Errorf("a placeholder passes for a secret: %v", err)
	}
	if err := json.Unmarshal([]byte(`"abc"`), &s); err != nil || s.Reveal() != "abc" {
		t.Errorf("%v, %q", err, s.Reveal())
	}
}
