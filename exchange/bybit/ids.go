package bybit

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue takes order links of up to 36 letters, digits, hyphens and underscores, each one once for ever. Client ids that are such links
// stay as they are. Others are packed: an underscore and the number of an alphabet, then the id as one number in digits of 6 bits.

const (
	maxLink = 36
	digits  = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
)

// alphabet is a set of ids that pack knows: their characters in symbols.
type alphabet struct {
	mark    string
	symbols string
	shifts  bool // "^" in symbols turns the case of the letters that follow
}

// alphabets are tried in turn. The first holds ids that are only too long, up to 38 characters less one for each change of case; the second
// any printable ASCII, up to 30.
func alphabets() [2]alphabet {
	var printable strings.Builder
	for c := byte(' '); c <= '~'; c++ {
		printable.WriteByte(c)
	}
	return [2]alphabet{
		{mark: "_0", symbols: "0123456789abcdefghijklmnopqrstuvwxyz-_^", shifts: true},
		{mark: "_1", symbols: printable.String()},
	}
}

// link is the venue's order link for a client id. It fails with ErrInvalid where there is none; then nothing may be sent.
func link(id string) (string, error) {
	if !takes(id) {
		if packed, ok := pack(id); ok {
			return packed, nil
		}
		return "", fmt.Errorf("client id %.60q: the venue takes %d letters, digits, hyphens and underscores: %w", id, maxLink, exchange.ErrInvalid)
	}
	if _, ok := unpack(id); ok {
		return "", fmt.Errorf("client id %q stands for another one: %w", id, exchange.ErrInvalid)
	}
	return id, nil
}

// clientID is the client id that link made l of; of a link that it did not make, l itself.
func clientID(l string) string {
	if id, ok := unpack(l); ok {
		return id
	}
	return l
}

// takes reports whether the venue takes id as it is.
func takes(id string) bool {
	if id == "" || len(id) > maxLink {
		return false
	}
	for i := range len(id) {
		if strings.IndexByte(digits, id[i]) < 0 {
			return false
		}
	}
	return true
}

func pack(id string) (string, bool) {
	if id == "" || len(id) > 2*maxLink {
		return "", false
	}
	for _, a := range alphabets() {
		if text, ok := a.write(id); ok {
			if packed := a.mark + number(text, a.symbols); len(packed) <= maxLink {
				return packed, true
			}
		}
	}
	return "", false
}

// unpack is the reverse, for exactly what pack makes of ids that the venue does not take.
func unpack(l string) (string, bool) {
	if len(l) < 3 || l[0] != '_' || len(l) > maxLink {
		return "", false
	}
	for _, a := range alphabets() {
		if l[:2] != a.mark {
			continue
		}
		text, ok := a.read(l[2:])
		if !ok || takes(text) {
			return "", false
		}
		again, ok := pack(text)
		return text, ok && again == l
	}
	return "", false
}

// write is id in a's symbols.
func (a alphabet) write(id string) (string, bool) {
	var b strings.Builder
	upper := false
	for i := range len(id) {
		c := id[i]
		if a.shifts {
			lower := c | 0x20
			letter := lower >= 'a' && lower <= 'z'
			if letter && (c != lower) != upper {
				b.WriteByte('^')
				upper = !upper
			}
			if letter {
				c = lower
			} else if c == '^' {
				return "", false
			}
		}
		if strings.IndexByte(a.symbols, c) < 0 {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// number writes text as one number whose first digit is a 1, so that leading symbols of value zero count.
func number(text, symbols string) string {
	n, base := big.NewInt(1), big.NewInt(int64(len(symbols)))
	for i := range len(text) {
		n.Mul(n, base).Add(n, big.NewInt(int64(strings.IndexByte(symbols, text[i]))))
	}
	var b []byte
	for low := new(big.Int); n.Sign() > 0; n.Rsh(n, 6) {
		b = append(b, digits[low.And(n, big.NewInt(63)).Int64()])
	}
	return string(b)
}

// read is the reverse of write and number.
func (a alphabet) read(packed string) (string, bool) {
	n := new(big.Int)
	for i := len(packed) - 1; i >= 0; i-- {
		d := strings.IndexByte(digits, packed[i])
		if d < 0 {
			return "", false
		}
		n.Lsh(n, 6).Or(n, big.NewInt(int64(d)))
	}
	var text []byte
	one, base, low := big.NewInt(1), big.NewInt(int64(len(a.symbols))), new(big.Int)
	for n.Cmp(one) > 0 {
		n.DivMod(n, base, low)
		text = append(text, a.symbols[low.Int64()])
	}
	if n.Cmp(one) != 0 || len(text) == 0 {
		return "", false
	}
	b, upper := make([]byte, 0, len(text)), false
	for i := len(text) - 1; i >= 0; i-- {
		c := text[i]
		switch {
		case a.shifts && c == '^':
			upper = !upper
			continue
		case upper && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		b = append(b, c)
	}
	return string(b), true
}
