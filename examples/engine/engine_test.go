package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// start runs the program in process and returns its exit code and what it printed.
func start(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

// summaryOf runs the program with -json and decodes the last line.
func summaryOf(t *testing.T, args ...string) summary {
	t.Helper()
	code, out, errs := start(t, append(args, "-json")...)
	if code != 0 {
		t.Fatalf("engine %v: exit %d: %s", args, code, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var s summary
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &s); err != nil {
		t.Fatalf("last line %q: %v", lines[len(lines)-1], err)
	}
	return s
}

// balanced fails the test when the books of the run do not balance, or a position was left.
func balanced(t *testing.T, s summary) {
	t.Helper()
	if !s.sound() || s.Exposed != 0 || s.Open != 0 {
		t.Errorf("imbalance %s, drift %s, %d fills differ, %d exposed, %d open", s.LedgerImbalance, s.PositionDrift, s.FillMismatch, s.Exposed, s.Open)
	}
	if s.Arbitrages != s.Completed+s.Voided+s.Unwound+s.Exposed+s.Open {
		t.Errorf("%d arbitrages, but outcomes add up to another number: %+v", s.Arbitrages, s)
	}
}

func TestReplayOwnRecording(t *testing.T) {
	s := summaryOf(t, "-replay", own, "-speed", "max")
	balanced(t, s)
	if s.Gaps != 0 || s.Signals == 0 || s.Completed == 0 || s.Fills < int(2*s.Completed) {
		t.Errorf("gaps %d, signals %d, completed %d, fills %d", s.Gaps, s.Signals, s.Completed, s.Fills)
	}
	if s.NetPnL.Sign() <= 0 {
		t.Errorf("net profit %s", s.NetPnL)
	}
}

var timing = regexp.MustCompile(`"elapsed_ms":\d+`)

func TestReplayRepeats(t *testing.T) {
	args := []string{"-replay", own, "-speed", "max", "-faults", "basic", "-seed", "7", "-json"}
	_, a, _ := start(t, args...)
	_, b, _ := start(t, args...)
	if a, b := timing.ReplaceAllString(a, ""), timing.ReplaceAllString(b, ""); a != b || a == "" {
		t.Errorf("two runs of one seed differ:\n%s\n%s", a, b)
	}
	_, c, _ := start(t, append(args, "-seed", "8")...)
	if timing.ReplaceAllString(a, "") == timing.ReplaceAllString(c, "") {
		t.Error("another seed made no difference")
	}
}

func TestReplayWithFaultsStaysFlat(t *testing.T) {
	var voided, unwound uint64
	for _, seed := range []string{"1", "2", "3", "4", "5"} {
		s := summaryOf(t, "-replay", own, "-speed", "max", "-faults", "basic", "-seed", seed)
		balanced(t, s)
		voided += s.Voided
		unwound += s.Unwound
	}
	if voided == 0 || unwound == 0 {
		t.Errorf("voided %d, unwound %d: the faults had no effect", voided, unwound)
	}
}

func TestReplayAtPace(t *testing.T) {
	s := summaryOf(t, "-replay", own, "-speed", "20")
	balanced(t, s)
	if s.Gaps != 0 || s.Books < 500 {
		t.Errorf("gaps %d, books %d", s.Gaps, s.Books)
	}
}

func TestLive(t *testing.T) {
	if testing.Short() {
		t.Skip("takes three seconds")
	}
	s := summaryOf(t, "-duration", "3s")
	balanced(t, s)
	if s.Completed == 0 || s.Books == 0 {
		t.Errorf("completed %d, books %d", s.Completed, s.Books)
	}
}

func TestInProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two seconds")
	}
	s := summaryOf(t, "-duration", "2s", "-inprocess")
	balanced(t, s)
	if s.Completed == 0 || s.Books == 0 {
		t.Errorf("completed %d, books %d", s.Completed, s.Books)
	}
}

// Over the protocols, whatever goes wrong: answers, connections, books.
func TestLiveWithFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, profile := range []string{"basic", "full"} {
		s := summaryOf(t, "-duration", "2s", "-faults", profile, "-seed", "7")
		balanced(t, s)
		if s.Completed+s.Voided+s.Unwound == 0 || s.Fills == 0 {
			t.Errorf("%s: %+v", profile, s)
		}
	}
}

// Ctrl-C is a cancelled context: the program ends cleanly, with its summary.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Second, cancel)
	var out, errs bytes.Buffer
	if code := run(ctx, nil, &out, &errs); code != 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	if !strings.Contains(out.String(), "arbitrages") || !strings.Contains(out.String(), "ledger") {
		t.Errorf("no summary:\n%s", out.String())
	}
}

// damage copies the own recording with its text changed, and its gzip stream too when cut is not zero.
func damage(t *testing.T, change func(string) string, cut int) string {
	t.Helper()
	name := filepath.Join(own, "spot+perp_BTCUSDT.jsonl.gz")
	text := string(unzip(t, name))
	if change != nil {
		text = change(text)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "binance_damaged")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), b.Bytes()[:b.Len()-cut], 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestBadInput(t *testing.T) {
	empty := t.TempDir()
	once := func(old, new string) func(string) string {
		return func(s string) string {
			i := strings.Index(s[len(s)/2:], old) + len(s)/2
			return s[:i] + new + s[i+len(old):]
		}
	}
	for name, c := range map[string]struct {
		args []string
		want string // in the one line on stderr
	}{
		"unknown flag":       {[]string{"-nonsense"}, "-nonsense"},
		"empty folder name":  {[]string{"-replay", ""}, "empty folder name"},
		"speed alone":        {[]string{"-speed", "2"}, "-replay"},
		"direct recording":   {[]string{"-replay", own, "-inprocess"}, "-inprocess"},
		"a symbol twice":     {[]string{"-replay", own, "-symbols", "BTC-USDT,BTC-USDT"}, "twice"},
		"one kind only":      {[]string{"-replay", own, "-symbols", "BTC-USDT"}, "nothing to trade"},
		"too fine a fee":     {[]string{"-fee-bps", "0.0000001"}, "-fee-bps"},
		"stray argument":     {[]string{"now"}, `"now"`},
		"missing folder":     {[]string{"-replay", filepath.Join(empty, "none")}, "no such folder"},
		"empty folder":       {[]string{"-replay", empty}, "engine: "},
		"bad speed":          {[]string{"-replay", own, "-speed", "fast"}, "-speed"},
		"bad fee":            {[]string{"-fee-bps", "NaN"}, "-fee-bps"},
		"huge fee":           {[]string{"-fee-bps", "1e400"}, "-fee-bps"},
		"fees that eat all":  {[]string{"-fee-bps", "5000", "-min-edge-bps", "5000"}, "config"},
		"negative size":      {[]string{"-size", "-1"}, "-size"},
		"zero balance":       {[]string{"-balance", "0"}, "-balance"},
		"negative skew":      {[]string{"-max-skew", "-1s"}, "-max-skew"},
		"unknown faults":     {[]string{"-faults", "cruel"}, "cruel"},
		"bad symbol":         {[]string{"-replay", own, "-symbols", "BTCUSDT"}, "BTCUSDT"},
		"truncated gzip":     {[]string{"-replay", damage(t, nil, 100)}, "spot+perp_BTCUSDT.jsonl.gz"},
		"damaged line":       {[]string{"-replay", damage(t, once(`{"conn"`, `{"con`), 0)}, "spot+perp_BTCUSDT.jsonl.gz:"},
		"damaged frame":      {[]string{"-replay", damage(t, once(`depthUpdate\",\"E\":`, `depthUpdate\",\"E\":x`), 0)}, "spot+perp_BTCUSDT.jsonl.gz:"},
		"contradicting":      {[]string{"-replay", damage(t, once(`\"pu\"`, `\"qu\"`), 0)}, "spot+perp_BTCUSDT.jsonl.gz:"},
		"unknown connection": {[]string{"-replay", damage(t, func(s string) string { return strings.ReplaceAll(s, "fstream.binance.com", "example.com") }, 0)}, "example.com"},
		"one market only": {[]string{"-replay", damage(t, func(s string) string {
			return strings.ReplaceAll(s, "fapi/v1/depth?symbol=BTCUSDT", "fapi/v1/depth?symbol=ETHUSDT")
		}, 0)}, "nothing to trade"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := start(t, append(c.args, "-json", "-duration", "1s")...)
			if code != 2 || !strings.Contains(errs, c.want) || strings.Count(strings.TrimSpace(errs), "\n") != 0 {
				t.Errorf("exit %d, stderr %q, want 2 and one line with %q", code, errs, c.want)
			}
			if out != "" {
				t.Errorf("something was counted: %q", out)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	code, out, _ := start(t, "-help")
	if code != 0 || !strings.Contains(out, "-replay") || !strings.Contains(out, "Usage") {
		t.Errorf("exit %d, %q", code, out)
	}
}
