package feed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"
)

func FuzzStampedLine(f *testing.F) {
	for _, s := range []string{`1723161253937085768 {"stream":"x"}`, `1 {"lastUpdateId":5}`, "5 pong", "", " ", "1", "99999999999999999999 {}", "0 {}", "1  {}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) { checkLine(t, line, parseStampedLine) })
}

func FuzzJSONLine(f *testing.F) {
	for _, s := range []string{
		`{"t":"header","format":2}`, `{"t":"connect","conn":"w","ts":1626992740.179554,"addr":"wss://x"}`, `{"t":"recv","conn":"w","ts":1,"data":"{\"a\":1}"}`,
		`{"t":"http","conn":"h","ts":1,"url":"https://x","data":"{}"}`, `{"t":"send","conn":"w","ts":1,"data":"x"}`, `{"t":5}`, `{"ts":"1","t":"recv"}`, `{`, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) { checkLine(t, line, parseJSONLine) })
}

func FuzzArrowLine(f *testing.F) {
	for _, s := range []string{
		`1617647603.4249449: {"stream":"x"}`, `wss://x <-> 1617647602.6`, `wss://x <- 1617647602.6: {"op":"subscribe"}`, `https://x -> 1617647602.6: {}`,
		`configuration: {}`, `wss://x`, `wss://x <->`, `1: `, `1.: {}`, `:// -> 1: x`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) { checkLine(t, line, parseArrowLine) })
}

// checkLine holds what a Replay relies on, for whatever a file holds.
func checkLine(t *testing.T, line []byte, parse func([]byte) (recordedLine, error)) {
	before := bytes.Clone(line)
	r, err := parse(line)
	if !bytes.Equal(line, before) {
		t.Fatal("the line was changed")
	}
	if err != nil || r.kind == lineIgnored {
		return
	}
	if r.at <= 0 {
		t.Errorf("%q: time %d", line, r.at)
	}
	if r.kind != lineConnect && !json.Valid(r.data) && (len(r.data) == 0 || len(r.data) > 16 || strings.ContainsAny(string(r.data), "{}[]\" ")) {
		t.Errorf("%q: payload %q", line, r.data)
	}
}

func FuzzParseSeconds(f *testing.F) {
	for _, s := range []string{"1617647603.4249449", "1.000000001", "1", "0", "1.", ".5", "1.0000000001", "9000000000.5", "007.70", "1e9"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := parseSeconds(b)
		if err != nil {
			return
		}
		want, ok := new(big.Rat).SetString(string(b))
		if !ok || want.Mul(want, big.NewRat(1e9, 1)).Cmp(new(big.Rat).SetInt64(got)) != 0 {
			t.Errorf("%q is %d ns, want %v", b, got, want)
		}
	})
}

// Stamps written with every number of digits come back to the nanosecond; a float64 would lose the last ones.
func TestParseSecondsExactly(t *testing.T) {
	for _, ns := range []int64{1, 123456789, 999999999, 100000000, 424944900} {
		at := int64(1617647603)*1e9 + ns
		text := fmt.Sprintf("%d.%09d", at/1e9, at%1e9)
		for _, s := range []string{text, strings.TrimRight(text, "0")} {
			if got, err := parseSeconds([]byte(s)); err != nil || got != at {
				t.Errorf("%s: got %d, %v, want %d", s, got, err, at)
			}
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add("spot_btcusdt_part1.gz", "binance_x")
	f.Add("x_part2.jsonl.gz", "y")
	f.Add("_part.gz", "binance_")
	f.Fuzz(func(t *testing.T, file, dir string) {
		stream, part := splitPart(file)
		if part < 0 || part > 0 && !strings.Contains(file, fmt.Sprintf("%s_part", stream)) {
			t.Errorf("%q is part %d of %q", file, part, stream)
		}
		if o, ok := (manifest{}).origin(dir, file); ok && !strings.HasPrefix(o.Address, "wss://") {
			t.Errorf("%q in %q is from %q", file, dir, o.Address)
		}
	})
}
