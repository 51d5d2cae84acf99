package bybittest

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// The engine counts orders and trades in one sequence; the venue's ids look otherwise: long numbers on spot, UUIDs on linear. Each is made
// from the engine's number, and leads back to it.

const (
	spotOrders = 1_900_000_000_000_000_000 // spot order ids begin here
	spotTrades = 2_290_000_000_000_000_000
	makers     = 1 << 47 // the makers' sides of trades are counted from here
)

// venueID is the venue's form of an order's number in the engine.
func venueID(k exchange.Kind, number string) string { return outward(k, number, spotOrders) }

// tradeID is the venue's form of a trade's number in the engine. The two sides of a trade have an id each; the public has the taker's.
func tradeID(k exchange.Kind, number string, maker bool) string {
	if n, err := strconv.ParseUint(number, 10, 47); err == nil && maker {
		number = strconv.FormatUint(n+makers, 10)
	}
	return outward(k, number, spotTrades)
}

func outward(k exchange.Kind, number string, base uint64) string {
	n, err := strconv.ParseUint(number, 10, 48)
	if err != nil {
		return number
	}
	if k == exchange.Spot {
		return strconv.FormatUint(base+n, 10)
	}
	return uuid(n)
}

// uuid has n in its last digits, and a hash of it in the others.
func uuid(n uint64) string {
	h := (n + 1) * 0x9e3779b97f4a7c15
	h = (h ^ h>>31) * 0xbf58476d1ce4e5b9
	h ^= h >> 29
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", h>>32, h>>16&0xffff, h>>4&0xfff, h>>40&0xfff, n)
}

// engineID is the engine's number of an order's id; what is none of the venue's ids is itself, which the engine does not have.
func engineID(k exchange.Kind, id string) string {
	if k == exchange.Spot {
		if n, err := strconv.ParseUint(id, 10, 64); err == nil && n >= spotOrders && n < spotTrades {
			return strconv.FormatUint(n-spotOrders, 10)
		}
		return "?" + id
	}
	if i := strings.LastIndexByte(id, '-'); i >= 0 {
		if n, err := strconv.ParseUint(id[i+1:], 16, 48); err == nil && uuid(n) == id {
			return strconv.FormatUint(n, 10)
		}
	}
	return "?" + id
}

// maxLink bounds an order link; its letters are those of validLink.
const maxLink = 36

// validLink reports whether the venue takes l as an order link. None at all is one that the venue makes up.
func validLink(l string) bool {
	for i := range len(l) {
		c := l[i]
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return len(l) <= maxLink
}

// unnamed begins the engine's client id of an order without a link: no link can be one.
const unnamed = "~"

// linkOf is the order link as the venue tells it.
func linkOf(clientID string) string {
	if strings.HasPrefix(clientID, unnamed) {
		return ""
	}
	return clientID
}

// seqOf orders executions.
func seqOf(number string) int64 {
	n, _ := strconv.ParseInt(number, 10, 64)
	return n
}
