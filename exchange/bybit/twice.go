package bybit

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

var errTwice = errors.New("a member twice")

// maxNames bounds the names that are compared one by one.
const maxNames = 128

// once looks for members that come twice in an object, in whatever case: encoding/json does not tell them apart. What is no JSON is for
// json.Unmarshal to tell.
func once(data []byte) error {
	var room [maxNames][]byte
	var depth [16]int
	names, marks := room[:0], depth[:0] // the names of the objects around, and where each begins; -1: an array
	named := false                      // the next string is a name
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{':
			marks, named = append(marks, len(names)), true
		case '[':
			marks, named = append(marks, -1), false
		case '}', ']':
			if len(marks) == 0 {
				return nil
			}
			if m := marks[len(marks)-1]; m >= 0 {
				names = names[:m]
			}
			marks, named = marks[:len(marks)-1], false
		case ',':
			named = len(marks) > 0 && marks[len(marks)-1] >= 0
		case '"':
			s := quoted(data[i+1:])
			i += len(s) + 1
			if !named {
				continue
			}
			if named = false; len(names) == maxNames || !simple(s) {
				return onceSlow(data)
			}
			for _, n := range names[marks[len(marks)-1]:] {
				if len(n) == len(s) && bytes.EqualFold(n, s) {
					return errTwice
				}
			}
			names = append(names, s)
		}
	}
	return nil
}

// quoted is what stands before the closing quote.
func quoted(b []byte) []byte {
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			return b[:i]
		case '\\':
			i++
		}
	}
	return b
}

// simple reports a name that has one spelling, but for case.
func simple(name []byte) bool {
	for _, c := range name {
		if c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

// onceSlow is once for any spelling and any number of names.
func onceSlow(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var open []map[string]bool                                // of the objects around; nil: an array
	name := false                                             // the next token is a name
	for t, err := d.Token(); err == nil; t, err = d.Token() { // json.Unmarshal tells what is no JSON
		switch t {
		case json.Delim('{'):
			open, name = append(open, map[string]bool{}), true
			continue
		case json.Delim('['):
			open, name = append(open, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if name {
				s := strings.ToLower(strings.ToUpper(t.(string))) // the folding of encoding/json
				top := open[len(open)-1]
				if top[s] {
					return errTwice
				}
				top[s], name = true, false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
	return nil
}
