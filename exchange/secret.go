package exchange

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is text that is never printed: an API secret, a passphrase, a private key. Whatever formats it, at any depth and with any verb,
// sees a placeholder; only Reveal tells it. The zero Secret is empty. It is immutable and safe for concurrent use.
type Secret struct{ reveal func() string } // behind a function, because fmt prints unexported fields without asking their methods

const hidden = "[secret]"

// NewSecret hides s.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return s }}
}

// Reveal is the text itself.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether s is empty.
func (s Secret) IsZero() bool { return s.reveal == nil }

// String is a placeholder.
func (s Secret) String() string { return hidden }

// Format writes a placeholder, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }

// LogValue is a placeholder.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText is a placeholder: a configuration that is written out does not take its secrets along.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// UnmarshalText is NewSecret, for configuration files. The placeholder that MarshalText writes is refused: it is no secret.
func (s *Secret) UnmarshalText(b []byte) error {
	if string(b) == hidden {
		return fmt.Errorf("exchange: %s is the placeholder of a secret, not a secret: %w", hidden, ErrInvalid)
	}
	*s = NewSecret(string(b))
	return nil
}
