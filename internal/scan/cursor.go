// Package scan reads market-data messages byte by byte, without allocating: a [Cursor] over compact JSON, and [Sides], the levels of
// one message as exact integers.
//
// The cursor knows only what venues send every day. It takes no white space, no escapes, no text beyond ASCII. Whatever else it
// meets, and whatever is wrong, makes it fail for good, and the caller then reads the same bytes again with encoding/json (see
// [Object]), which has the last word: it finds what a damaged message suffers from, or takes the odd but valid one. So each
// message has two readers, and a fuzz test holds them equal (package scantest):
//
//	func parse(data []byte, m *message) error {
//		if fast(data, m) {
//			return nil
//		}
//		return slow(data, m)
//	}
package scan

// Cursor walks through one JSON text. Failure is sticky: after it every method returns zero values, so one look at [Cursor.Done] at
// the end is enough. The zero value is an empty text.
type Cursor struct {
	data   []byte
	pos    int
	key    []byte
	failed bool
}

// New is a cursor at the start of data, which it only reads. What its methods return are parts of data.
func New(data []byte) Cursor { return Cursor{data: data} }

// Fail makes the cursor fail: what it read is not what the caller expects.
func (c *Cursor) Fail() { c.failed = true }

// Failed reports whether anything was not as expected.
func (c *Cursor) Failed() bool { return c.failed }

// Done reports whether the text was read to its end without a failure.
func (c *Cursor) Done() bool { return !c.failed && c.pos == len(c.data) }

// peek is the next byte; 0, which no JSON value starts with, at the end or after a failure.
func (c *Cursor) peek() byte {
	if c.failed || c.pos >= len(c.data) {
		return 0
	}
	return c.data[c.pos]
}

func (c *Cursor) expect(b byte) {
	if c.peek() != b {
		c.failed = true
		return
	}
	c.pos++
}

// Object enters an object. Next walks its members.
func (c *Cursor) Object() { c.expect('{') }

// Array enters an array. More walks its elements.
func (c *Cursor) Array() { c.expect('[') }

// Next moves to the value of the object's next member, whose name is Key; false at the object's end, which it passes, and after a
// failure. The value must be read, or skipped, before the next call.
func (c *Cursor) Next() bool {
	if !c.step('{', '}') {
		return false
	}
	c.key = c.Text()
	c.expect(':')
	return !c.failed
}

// Key is the name that Next found.
func (c *Cursor) Key() []byte { return c.key }

// More moves to the array's next element; false at the array's end, which it passes, and after a failure.
func (c *Cursor) More() bool { return c.step('[', ']') }

// step passes the comma between members, or the closing byte. That a member is the first shows in the byte before: no value ends
// with an opening bracket.
func (c *Cursor) step(open, closing byte) bool {
	switch b := c.peek(); {
	case c.failed || c.pos == 0:
		c.failed = true
		return false
	case c.data[c.pos-1] == open:
		if b == closing {
			c.pos++
			return false
		}
		return true
	case b == ',':
		c.pos++
		return true
	}
	c.expect(closing)
	return false
}

// Once fails the cursor when bit is in seen already, and sets it: a member that comes twice has no agreed meaning.
func (c *Cursor) Once(seen *uint32, bit uint32) {
	if *seen&bit != 0 {
		c.failed = true
	}
	*seen |= bit
}

// Text reads a string of plain ASCII without escapes, and returns what stands between its quotes.
func (c *Cursor) Text() []byte {
	c.expect('"')
	if c.failed {
		return nil
	}
	for i := c.pos; i < len(c.data); i++ {
		switch b := c.data[i]; {
		case b == '"':
			s := c.data[c.pos:i]
			c.pos = i + 1
			return s
		case b < ' ' || b > '~' || b == '\\':
			c.failed = true
			return nil
		}
	}
	c.failed = true
	return nil
}

// Int reads an integer of at most 18 digits.
func (c *Cursor) Int() int64 {
	negative := c.peek() == '-'
	if negative {
		c.pos++
	}
	start, v := c.pos, int64(0)
	for c.pos < len(c.data) && c.data[c.pos]-'0' <= 9 && c.pos-start < 19 {
		v = v*10 + int64(c.data[c.pos]-'0')
		c.pos++
	}
	n := c.pos - start
	if c.failed || n == 0 || n > 18 || n > 1 && c.data[start] == '0' || !c.ended() {
		c.failed = true
		return 0
	}
	if negative {
		return -v
	}
	return v
}

// QuotedInt reads a string that holds an integer of at most 18 digits: "1597026383085".
func (c *Cursor) QuotedInt() int64 {
	c.expect('"')
	negative := c.peek() == '-'
	if negative {
		c.pos++
	}
	start, v := c.pos, int64(0)
	for c.pos < len(c.data) && c.data[c.pos]-'0' <= 9 && c.pos-start < 19 {
		v = v*10 + int64(c.data[c.pos]-'0')
		c.pos++
	}
	if n := c.pos - start; n == 0 || n > 18 {
		c.failed = true
	}
	c.expect('"')
	if c.failed {
		return 0
	}
	if negative {
		return -v
	}
	return v
}

// ended reports whether a number ends here: a fraction, an exponent or garbage may not follow.
func (c *Cursor) ended() bool {
	if c.pos == len(c.data) {
		return true
	}
	b := c.data[c.pos]
	return b == ',' || b == '}' || b == ']'
}
