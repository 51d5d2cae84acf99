package okx

import (
	"fmt"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue takes client ids of at most 32 letters and digits; the library's have hyphens too. Ids that the venue takes
// as they are stay as they are. Others become idMark, three characters of check sum, and a number in base 62 that holds the id without
// loss. What does not read back as such a number, check sum and all, is somebody else's id, and comes back unchanged.
const (
	idMax   = 32
	idMark  = 'Z'
	idCheck = 3                      // characters of check sum
	idBody  = idMax - 1 - idCheck    // characters of the number, at most
	plain   = alphanumeric + "-_.:/" // of ids of any form: up to 26 characters
	segment = 16                     // characters between two hyphens, at most
	headers = uint32(len(alphabets)) * segment
)

const (
	digits       = "0123456789"
	lower36      = digits + "abcdefghijklmnopqrstuvwxyz"
	alphanumeric = lower36 + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// alphabets of a segment; the first that has all of its characters is used.
var alphabets = [...]string{digits, digits + "abcdef", lower36, digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZ", alphanumeric}

// Forms of an id, the number's last digit in base 8. Numbers from 2 to 7: so many segments, a hyphen between two.
const (
	formCoordinator = iota // PREFIX-DATE-NUMBER-CHILD, as package order makes it: its last three alphabets go without saying
	formPlain              // any characters of plain
	forms           = 8
)

// venueID is the client id that the venue gets. An error wraps exchange.ErrInvalid: there is no such id.
func venueID(id string) (string, error) {
	if len(id) <= idMax && within(id, alphanumeric) {
		if clientID(id) == id {
			return id, nil
		}
		// Chance does not make such ids. Sent as it is, this one and the one that it reads as would be one order at the venue.
		return "", fmt.Errorf("okx: client id %q: reads as another one: %w", id, exchange.ErrInvalid)
	}
	if v, ok := pack(id); ok {
		return v, nil
	}
	return "", fmt.Errorf("okx: client id %.60q: no form of it has at most %d letters and digits: %w", id, idMax, exchange.ErrInvalid)
}

// clientID is the id that was given to venueID for v, or v itself where that was somebody else's.
func clientID(v string) string {
	if len(v) <= 1+idCheck || len(v) > idMax || v[0] != idMark {
		return v
	}
	if id, ok := unpack(v); ok {
		if again, ok := pack(id); ok && again == v {
			return id
		}
	}
	return v
}

func within(s, alphabet string) bool {
	for i := range len(s) {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// wide is a natural number below 2^192, as limbs of 32 bits, the lowest first.
type wide [6]uint32

// push is n*base + digit; false: it does not fit.
func (n *wide) push(base, digit uint32) bool {
	carry := uint64(digit)
	for i := range n {
		carry += uint64(n[i]) * uint64(base)
		n[i], carry = uint32(carry), carry>>32
	}
	return carry == 0
}

// pop undoes push.
func (n *wide) pop(base uint32) (digit uint32) {
	rest := uint64(0)
	for i := len(n) - 1; i >= 0; i-- {
		rest = rest<<32 | uint64(n[i])
		n[i], rest = uint32(rest/uint64(base)), rest%uint64(base)
	}
	return uint32(rest)
}

// pack is the venue's form of an id that it would not take.
func pack(id string) (string, bool) {
	for _, form := range [...]func(*wide, string) bool{(*wide).coordinator, (*wide).segments, (*wide).plain} {
		var n wide
		if form(&n, id) {
			if v, ok := n.text(id); ok {
				return v, true
			}
		}
	}
	return "", false
}

// text is n behind mark and check sum; false: it is too long. n is used up.
func (n *wide) text(id string) (string, bool) {
	var b [idMax]byte
	at := len(b)
	put := func(x uint32) {
		at--
		b[at] = alphanumeric[x%62]
	}
	const five = 62 * 62 * 62 * 62 * 62
	for *n != (wide{}) {
		part, last := n.pop(five), *n == wide{}
		for i := 0; i < 5 && !(last && part == 0); i++ {
			if at == len(b)-idBody {
				return "", false
			}
			put(part)
			part /= 62
		}
	}
	sum := checkSum(id)
	for range idCheck {
		put(sum)
		sum /= 62
	}
	at--
	b[at] = idMark
	return string(b[at:]), true
}

func unpack(v string) (string, bool) {
	var n wide
	for i := 1 + idCheck; i < len(v); i++ {
		d := strings.IndexByte(alphanumeric, v[i])
		if d < 0 || !n.push(62, uint32(d)) {
			return "", false
		}
	}
	var b []byte
	switch form := n.pop(forms); form {
	case formCoordinator:
		b = append(n.popSegment(nil, n.pop(headers)), '-')
		b = append(n.popSegment(b, header(0, 8)), '-')
		b = append(n.popSegment(b, header(2, int(n.pop(segment))+1)), '-')
		b = n.popSegment(b, header(2, 2))
	case formPlain:
		for c := n.pop(uint32(len(plain)) + 1); c > 0; c = n.pop(uint32(len(plain)) + 1) {
			b = append(b, plain[c-1])
		}
	default:
		for i := range form {
			if i > 0 {
				b = append(b, '-')
			}
			b = n.popSegment(b, n.pop(headers))
		}
	}
	return string(b), n == (wide{})
}

// header says which alphabet a segment has, and how many characters.
func header(alphabet, length int) uint32 { return uint32(alphabet*segment + length - 1) }

// headerOf is that of s; false: it is no segment.
func headerOf(s string) (uint32, bool) {
	for i, a := range alphabets {
		if len(s) <= segment && within(s, a) {
			return header(i, len(s)), true
		}
	}
	return 0, false
}

// pushSegment leaves the first character to be popped first.
func (n *wide) pushSegment(s string, header uint32) bool {
	a := alphabets[header/segment]
	ok := true
	for i := len(s) - 1; i >= 0; i-- {
		ok = n.push(uint32(len(a)), uint32(strings.IndexByte(a, s[i]))) && ok
	}
	return ok
}

func (n *wide) popSegment(b []byte, header uint32) []byte {
	a := alphabets[header/segment]
	for range header%segment + 1 {
		b = append(b, a[n.pop(uint32(len(a)))])
	}
	return b
}

func (n *wide) coordinator(id string) bool {
	s := strings.Split(id, "-")
	if len(s) != 4 || len(s[1]) != 8 || !within(s[1], digits) || len(s[2]) > segment || !within(s[2], lower36) || len(s[3]) != 2 || !within(s[3], lower36) {
		return false
	}
	h, ok := headerOf(s[0])
	*n = wide{}
	return ok && n.pushSegment(s[3], header(2, 2)) && n.pushSegment(s[2], header(2, len(s[2]))) && n.push(segment, uint32(len(s[2])-1)) &&
		n.pushSegment(s[1], header(0, 8)) && n.pushSegment(s[0], h) && n.push(headers, h) && n.push(forms, formCoordinator)
}

func (n *wide) segments(id string) bool {
	s := strings.Split(id, "-")
	if len(s) < 2 || len(s) >= forms {
		return false
	}
	*n = wide{}
	for i := len(s) - 1; i >= 0; i-- {
		h, ok := headerOf(s[i])
		if !ok || !n.pushSegment(s[i], h) || !n.push(headers, h) {
			return false
		}
	}
	return n.push(forms, uint32(len(s)))
}

func (n *wide) plain(id string) bool {
	*n = wide{}
	for i := len(id) - 1; i >= 0; i-- {
		if !n.push(uint32(len(plain))+1, uint32(strings.IndexByte(plain, id[i])+1)) {
			return false
		}
	}
	return within(id, plain) && n.push(forms, formPlain)
}

// checkSum tells ids of ours from others' that happen to look like one. It is FNV-1a.
func checkSum(id string) uint32 {
	h := uint32(2166136261)
	for i := range len(id) {
		h = (h ^ uint32(id[i])) * 16777619
	}
	return h
}
