package scan

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/bothlegs/bothlegs/exchange"
)

// Bids reads an array of levels onto s.Bids: [["price","size"],...]. What else a level holds after these two is passed over.
func (c *Cursor) Bids(s *Sides) { c.levels(s, &s.Bids) }

// Asks reads an array of levels onto s.Asks.
func (c *Cursor) Asks(s *Sides) { c.levels(s, &s.Asks) }

func (c *Cursor) levels(s *Sides, side *[]exchange.Level) {
	c.Array()
	if c.peek() == ']' {
		c.pos++
		return
	}
	data, dst := c.data, *side
	for !c.failed {
		price, at, needp := decimal(data, c.pos, `["`, s.Scale.Price)
		size, end, needs := decimal(data, at, `,"`, s.Scale.Size)
		switch {
		case at < 0 || end < 0:
			c.failed = true
		case needp|needs != 0:
			// The whole message becomes finer, which is rare, and this level is read again.
			*side = dst
			c.failed = s.Refine(exchange.Scale{Price: needp, Size: needs}) != nil
		case price == 0:
			c.failed = true
		default:
			dst = append(dst, exchange.Level{Price: price, Size: size})
			if end+1 < len(data) && data[end] == ']' && data[end+1] == ',' {
				c.pos = end + 2
				continue
			}
			if c.pos = end; !c.leave() {
				*side = dst
				return
			}
		}
	}
}

// leave passes what remains of a level, and the comma after it; false at the end of the array of levels, which it passes too, and
// after a failure.
func (c *Cursor) leave() bool {
	for c.peek() == ',' {
		c.pos++
		c.Skip()
	}
	c.expect(']')
	if c.peek() == ',' {
		c.pos++
		return true
	}
	c.expect(']')
	return false
}

// decimal reads the two bytes of lead and then a plain decimal up to its closing quote, in units of 10^exp. end is where it ends,
// -1 where this is not what stands at i. A need below zero is the exponent that the number needs instead of exp: v has no
// meaning then.
func decimal(data []byte, i int, lead string, exp int8) (v int64, end int, need int8) {
	if i < 0 || i+2 >= len(data) || data[i] != lead[0] || data[i+1] != lead[1] || exp > 0 || exp < -18 {
		return 0, -1, 0
	}
	i += 2
	start, u := i, uint64(0)
	for ; i < len(data) && data[i]-'0' <= 9; i++ {
		u = u*10 + uint64(data[i]-'0')
	}
	if i == start || i >= len(data) {
		return 0, -1, 0
	}
	places := int(-exp) // that are still to come
	if data[i] == '.' {
		point := i
		i++
		if f, ok := eight(data, i, places); ok {
			u, i, places = u*uint64(pow10[places])+f, i+8, 0
		} else {
			for ; places > 0 && i < len(data) && data[i]-'0' <= 9; i++ {
				u = u*10 + uint64(data[i]-'0')
				places--
			}
			for i < len(data) && data[i] == '0' {
				i++
			}
		}
		if i < len(data) && data[i]-'0' <= 9 {
			end, need = finer(data, point, i)
			return 0, end, need
		}
		if i == point+1 {
			return 0, -1, 0
		}
	}
	// 19 bytes are at most 19 digits, which u holds.
	if i >= len(data) || data[i] != '"' || i-start > 19 {
		return 0, -1, 0
	}
	hi, lo := bits.Mul64(u, uint64(pow10[places]))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, -1, 0
	}
	return int64(lo), i + 1, 0
}

// eight reads a fraction of exactly eight digits, the form of Binance's spot market, all at once: the first places of them. The rest must
// be zeros.
func eight(data []byte, i, places int) (v uint64, ok bool) {
	const zeros = 0x3030303030303030
	if places > 8 || i+8 >= len(data) || data[i+8] != '"' {
		return 0, false
	}
	x := binary.LittleEndian.Uint64(data[i:]) ^ zeros // the first digit is the lowest byte
	if x>>(8*places) != 0 {
		return 0, false
	}
	x <<= 64 - 8*places // the last digit is the highest byte, zeros before the first
	if (x+0x0606060606060606|x)&0xf0f0f0f0f0f0f0f0 != 0 {
		return 0, false // not digits
	}
	x = (x*10 + x>>8) & 0x00ff00ff00ff00ff
	x = (x*100 + x>>16) & 0x0000ffff0000ffff
	x = (x*10000 + x>>32) & 0x00000000ffffffff
	return x, true
}

// finer finds the exponent of the last digit that is not zero, from i, which is one, to the closing quote.
func finer(data []byte, point, i int) (end int, need int8) {
	last := i
	for ; i < len(data) && data[i]-'0' <= 9; i++ {
		if data[i] != '0' {
			last = i
		}
	}
	if i >= len(data) || data[i] != '"' || last-point > 18 {
		return -1, 0
	}
	return i + 1, int8(point - last)
}
