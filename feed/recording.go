package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// The three forms of a recording's lines:
//
//	A  <receive ns> <raw frame>                     REST bodies, which begin {"lastUpdateId", stand between the frames
//	B  {"t":"header|http|connect|send|recv","conn","ts","data","url","addr"}
//	C  <seconds>: <raw frame>                       received
//	   <address> <-> <seconds>                      connected
//	   <address> <- <seconds>: <raw frame>          sent
//	   <url> -> <seconds>: <body>                   a REST answer
//	   configuration: <json>

type lineKind uint8

const (
	lineIgnored lineKind = iota // headers, and what was sent
	lineConnect
	lineFrame
	lineAnswer
)

type recordedLine struct {
	kind    lineKind
	at      int64  // ns since 1970, when received
	conn    string // form B: which connection; elsewhere a file has one
	address string // of a connect or an answer; form A leaves it to the manifest
	data    []byte
}

var (
	errNotJSON   = errors.New("neither JSON nor a bare word: damaged?")
	errForm      = errors.New("not a line of this recording's form")
	errTimestamp = errors.New("bad timestamp")
)

// lineParser chooses the form by a file's first line.
func lineParser(first []byte) func([]byte) (recordedLine, error) {
	digits, rest := leadingDigits(first)
	switch {
	case bytes.HasPrefix(first, []byte("{")):
		return parseJSONLine
	case len(digits) > 0 && bytes.HasPrefix(rest, []byte(" ")):
		return parseStampedLine
	}
	return parseArrowLine
}

// parseStampedLine reads form A.
func parseStampedLine(line []byte) (recordedLine, error) {
	digits, data := leadingDigits(line)
	at, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || at <= 0 {
		return recordedLine{}, errTimestamp
	}
	if len(data) == 0 || data[0] != ' ' {
		return recordedLine{}, errForm
	}
	r := recordedLine{kind: lineFrame, at: at, data: data[1:]}
	if bytes.HasPrefix(r.data, []byte(`{"lastUpdateId"`)) {
		r.kind = lineAnswer
	}
	return r, checkPayload(r.data)
}

// parseJSONLine reads form B.
func parseJSONLine(line []byte) (recordedLine, error) {
	var l struct {
		T, Conn, URL, Addr string
		TS                 json.RawMessage // exact: a float64 would lose the last digits
		Data               *string
	}
	if err := json.Unmarshal(line, &l); err != nil {
		return recordedLine{}, err
	}
	r := recordedLine{conn: l.Conn}
	switch l.T {
	case "header":
		return r, nil
	case "send":
	case "connect":
		r.kind, r.address = lineConnect, l.Addr
	case "recv":
		r.kind = lineFrame
	case "http":
		r.kind, r.address = lineAnswer, l.URL
	default:
		return r, fmt.Errorf("unknown record type %.20q", l.T)
	}
	var err error
	if r.at, err = parseSeconds(l.TS); err != nil {
		return r, err
	}
	switch {
	case l.Conn == "", (r.kind == lineConnect || r.kind == lineAnswer) && r.address == "":
		return r, fmt.Errorf("a %s record without connection or address", l.T)
	case r.kind == lineConnect || r.kind == lineIgnored:
		return r, nil
	case l.Data == nil:
		return r, fmt.Errorf("a %s record without data", l.T)
	}
	r.data = []byte(*l.Data)
	return r, checkPayload(r.data)
}

// parseArrowLine reads form C.
func parseArrowLine(line []byte) (recordedLine, error) {
	if bytes.HasPrefix(line, []byte("configuration: ")) {
		return recordedLine{}, nil
	}
	if len(line) > 0 && isDigit(line[0]) {
		r := recordedLine{kind: lineFrame}
		err := r.stamped(line)
		return r, err
	}
	address, rest, _ := bytes.Cut(line, []byte(" "))
	arrow, rest, _ := bytes.Cut(rest, []byte(" "))
	r := recordedLine{address: string(address)}
	if !bytes.Contains(address, []byte("://")) {
		return r, errForm
	}
	var err error
	switch string(arrow) {
	case "<->":
		r.kind = lineConnect
		r.at, err = parseSeconds(rest)
	case "<-":
		stamp, _, ok := bytes.Cut(rest, []byte(": "))
		if !ok {
			return r, errForm
		}
		r.at, err = parseSeconds(stamp)
	case "->":
		r.kind = lineAnswer
		err = r.stamped(rest)
	default:
		err = errForm
	}
	return r, err
}

// stamped reads "<seconds>: <payload>".
func (r *recordedLine) stamped(b []byte) (err error) {
	stamp, data, ok := bytes.Cut(b, []byte(": "))
	if !ok {
		return errForm
	}
	if r.at, err = parseSeconds(stamp); err != nil {
		return err
	}
	r.data = data
	return checkPayload(data)
}

// parseSeconds reads seconds since 1970 exactly, to the nanosecond.
func parseSeconds(b []byte) (int64, error) {
	whole, rest := leadingDigits(b)
	s, err := strconv.ParseInt(string(whole), 10, 64)
	if err != nil || s > 9_000_000_000 {
		return 0, errTimestamp
	}
	ns := int64(0)
	if len(rest) > 0 {
		frac, tail := leadingDigits(rest[1:])
		if rest[0] != '.' || len(tail) > 0 || len(frac) == 0 || len(frac) > 9 {
			return 0, errTimestamp
		}
		for i := range 9 {
			ns *= 10
			if i < len(frac) {
				ns += int64(frac[i] - '0')
			}
		}
	}
	if at := s*1e9 + ns; at > 0 {
		return at, nil
	}
	return 0, errTimestamp
}

// checkPayload finds damage before anything is replayed: a payload is JSON, or a word like "pong".
func checkPayload(b []byte) error {
	word := len(b) > 0 && len(b) <= 16
	for _, c := range b[:min(len(b), 16)] {
		word = word && ('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z')
	}
	if word || json.Valid(b) {
		return nil
	}
	return errNotJSON
}

func leadingDigits(b []byte) (digits, rest []byte) {
	i := 0
	for i < len(b) && isDigit(b[i]) {
		i++
	}
	return b[:i], b[i:]
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
