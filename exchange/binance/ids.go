package binance

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue takes client ids of up to 36 characters: letters, digits, hyphens and underscores, for perpetuals dots, colons and slashes too.
// Client ids that it takes stay as they are, unless they look like a successor's. Others are packed: a mark, then the id as one number in
// digits of 6 bits. What looks packed and is not ours is refused.
//
// An order of spot that is replaced gets a new id at the venue. Successors are called after the first one: an underscore, their number,
// and two characters of check sum, so that ids of other programs do not look like them. The cancellation that makes room for a successor is
// called by its number too, plus successors.

const (
	maxID      = 36
	digits     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
	lowercase  = "0123456789abcdefghijklmnopqrstuvwxyz-_^" // "^" turns the case of the letters that follow
	successors = 36 * 36 / 2                               // of one order, less one
)

// venueID is what the venue calls the order with client id, or its n-th successor. An error wraps ErrInvalid: then nothing may be sent.
func venueID(k exchange.Kind, id string, n int) (string, error) {
	v, ok := id, true
	if !takes(k, id) || imitates(id) {
		v, ok = pack(id)
	}
	if n > 0 {
		v += "_" + strconv.FormatInt(int64(n), 36)
		v += checkSum(v)
	}
	if !ok || len(v) > maxID || n >= 2*successors {
		return "", fmt.Errorf("binance: client id %.60q, successor %d: the venue takes %d letters, digits, hyphens and underscores: %w",
			id, n, maxID, exchange.ErrInvalid)
	}
	if first, m := clientID(k, v); first != id || m != n {
		return "", fmt.Errorf("binance: client id %q stands for another one: %w", id, exchange.ErrInvalid)
	}
	return v, nil
}

// clientID is the client id, and the number of the successor, that venueID made v of; of an id that it did not make, v itself.
func clientID(k exchange.Kind, v string) (id string, n int) {
	first, n := predecessor(v)
	if n > 0 && len(first) < maxID {
		if again, m := predecessor(first); m != 0 {
			return v, 0 // ours have one suffix
		} else if id, ok := unpack(k, again); ok {
			return id, n
		}
		return first, n
	}
	if id, ok := unpack(k, v); ok {
		return id, 0
	}
	return v, 0
}

// imitates reports whether an id that is no successor would be read as one.
func imitates(id string) bool {
	first, n := predecessor(id)
	if n == 0 {
		return false
	}
	_, m := predecessor(first)
	return m == 0 // ours have one suffix
}

// predecessor takes v apart; n is 0 where it is no successor.
func predecessor(v string) (first string, n int) {
	if len(v) < 5 || len(v) > maxID {
		return v, 0
	}
	body := v[:len(v)-2]
	i := strings.LastIndexByte(body, '_')
	if i < 1 || checkSum(body) != v[len(body):] {
		return v, 0
	}
	m, err := strconv.ParseInt(body[i+1:], 36, 32)
	if err != nil || m < 1 || m >= 2*successors || strconv.FormatInt(m, 36) != body[i+1:] {
		return v, 0
	}
	return v[:i], int(m)
}

// checkSum is two characters, FNV-1a folded.
func checkSum(s string) string {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	h ^= h >> 16
	return string([]byte{digits[h>>6&63], digits[h&63]})
}

// takes reports whether the venue takes id as it is.
func takes(k exchange.Kind, id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if strings.IndexByte(digits, id[i]) < 0 && (k != exchange.Perp || strings.IndexByte(".:/", id[i]) < 0) {
			return false
		}
	}
	return true
}

// alphabet is the one that a packed id's number is written in: one for ids that are only too long, up to 38 characters less one for each
// change of case, and one for any printable ASCII, up to 31.
func alphabet(mark string) (symbols string, ok bool) {
	switch mark {
	case "_0":
		return lowercase, true
	case "_1":
		var b strings.Builder
		for c := byte(' '); c <= '~'; c++ {
			b.WriteByte(c)
		}
		return b.String(), true
	}
	return "", false
}

func pack(id string) (string, bool) {
	if id == "" || len(id) > 2*maxID {
		return "", false
	}
	for _, mark := range []string{"_0", "_1"} {
		symbols, _ := alphabet(mark)
		text := id
		if mark == "_0" {
			text = turnCase(id)
		}
		if n, ok := number(text, symbols); ok && len(mark)+len(n) <= maxID {
			return mark + n, true
		}
	}
	return "", false
}

// unpack is the reverse, for exactly what pack makes of ids that the venue does not take.
func unpack(k exchange.Kind, v string) (string, bool) {
	if len(v) < 3 || len(v) > maxID {
		return "", false
	}
	symbols, ok := alphabet(v[:2])
	if !ok {
		return "", false
	}
	id, ok := spell(v[2:], symbols)
	if ok && v[:2] == "_0" {
		id = returnCase(id)
	}
	if !ok || takes(k, id) && !imitates(id) {
		return "", false
	}
	again, ok := pack(id)
	return id, ok && again == v
}

// turnCase writes capital letters small, with a "^" at each change. A "^" of id's own stays: returnCase would not give it back, which
// shows in number or in unpack.
func turnCase(id string) string {
	b := make([]byte, 0, len(id)+4)
	upper := false
	for i := range len(id) {
		c := id[i]
		lower := c | 0x20
		switch letter := lower >= 'a' && lower <= 'z'; {
		case c == '^':
			return "" // no number: the other alphabet takes it
		case letter && (c != lower) != upper:
			b = append(b, '^')
			upper = !upper
			fallthrough
		case letter:
			c = lower
		}
		b = append(b, c)
	}
	return string(b)
}

func returnCase(text string) string {
	b := make([]byte, 0, len(text))
	upper := false
	for i := range len(text) {
		c := text[i]
		switch {
		case c == '^':
			upper = !upper
			continue
		case upper && c >= 'a' && c <= 'z':
			c -= 'a' - 'A'
		}
		b = append(b, c)
	}
	return string(b)
}

// number writes text as one number whose first digit is a 1, so that leading symbols of value zero count.
func number(text, symbols string) (string, bool) {
	n, base := big.NewInt(1), big.NewInt(int64(len(symbols)))
	for i := range len(text) {
		d := strings.IndexByte(symbols, text[i])
		if d < 0 {
			return "", false
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(d)))
	}
	var b []byte
	for low, mask := new(big.Int), big.NewInt(63); n.Sign() > 0; n.Rsh(n, 6) {
		b = append(b, digits[low.And(n, mask).Int64()])
	}
	return string(b), text != ""
}

// spell is the reverse of number.
func spell(packed, symbols string) (string, bool) {
	n := new(big.Int)
	for i := len(packed) - 1; i >= 0; i-- {
		d := strings.IndexByte(digits, packed[i])
		if d < 0 {
			return "", false
		}
		n.Lsh(n, 6).Or(n, big.NewInt(int64(d)))
	}
	var b []byte
	one, base, low := big.NewInt(1), big.NewInt(int64(len(symbols))), new(big.Int)
	for n.Cmp(one) > 0 {
		n.DivMod(n, base, low)
		b = append(b, symbols[low.Int64()])
	}
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b), n.Cmp(one) == 0 && len(b) > 0
}
