package scan

// maxDepth bounds nesting in skipped values: deeper ones are left to encoding/json.
const maxDepth = 32

// Skip passes any value. It is as strict as encoding/json, so that a damaged message is damaged to both readers.
func (c *Cursor) Skip() { c.skip(0) }

// Raw is Skip, and returns the value's bytes.
func (c *Cursor) Raw() []byte {
	start := c.pos
	c.skip(0)
	if c.failed {
		return nil
	}
	return c.data[start:c.pos]
}

func (c *Cursor) skip(depth int) {
	if depth > maxDepth {
		c.failed = true
	}
	switch b := c.peek(); {
	case b == '"':
		c.Text()
	case b == '{':
		for c.Object(); c.Next(); {
			c.skip(depth + 1)
		}
	case b == '[':
		for c.Array(); c.More(); {
			c.skip(depth + 1)
		}
	case b == '-' || b-'0' <= 9:
		c.number()
	case b == 't':
		c.literal("true")
	case b == 'f':
		c.literal("false")
	case b == 'n':
		c.literal("null")
	default:
		c.failed = true
	}
}

func (c *Cursor) literal(s string) {
	if len(c.data)-c.pos < len(s) || string(c.data[c.pos:c.pos+len(s)]) != s {
		c.failed = true
		return
	}
	c.pos += len(s)
}

// number passes a JSON number: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
func (c *Cursor) number() {
	if c.peek() == '-' {
		c.pos++
	}
	if c.peek() == '0' {
		c.pos++
	} else {
		c.digits()
	}
	if c.peek() == '.' {
		c.pos++
		c.digits()
	}
	if b := c.peek(); b == 'e' || b == 'E' {
		c.pos++
		if b := c.peek(); b == '+' || b == '-' {
			c.pos++
		}
		c.digits()
	}
	if !c.ended() {
		c.failed = true
	}
}

func (c *Cursor) digits() {
	start := c.pos
	for c.peek()-'0' <= 9 {
		c.pos++
	}
	if c.pos == start {
		c.failed = true
	}
}
