package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// asMain makes the test binary the program itself.
const asMain = "SIMVENUE_AS_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
	}
	os.Exit(m.Run())
}

// start runs the program's run until the test ends, and returns its first line and what it says after that.
func start(t *testing.T, args ...string) (first string, rest *bufio.Reader) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	code := make(chan int, 1)
	var complaints bytes.Buffer
	go func() {
		code <- run(ctx, args, in, &complaints)
		in.Close()
	}()
	t.Cleanup(func() {
		stop()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		if c := <-code; c != 0 || complaints.Len() > 0 {
			t.Errorf("exit %d, %s", c, complaints.String())
		}
	})
	rest = bufio.NewReader(out)
	first, err := rest.ReadString('\n')
	if err != nil {
		t.Fatalf("no line: %v: %s", err, complaints.String())
	}
	return first, rest
}

// told is what -json prints.
type told struct {
	Venues []struct {
		Name               string
		Endpoints          map[string]string
		APIKey             string `json:"api_key"`
		Secret, Passphrase string
		Markets            []exchange.Symbol
	}
}

func parse(t *testing.T, line string) told {
	t.Helper()
	var w told
	d := json.NewDecoder(strings.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		t.Fatalf("%v in %s", err, line)
	}
	return w
}

// TestAdapters trades on each venue with nothing but what -json prints.
func TestAdapters(t *testing.T) {
	line, _ := start(t, "-json", "-balance", "50000")
	w := parse(t, line)
	if len(w.Venues) != 3 {
		t.Fatalf("%d venues: %s", len(w.Venues), line)
	}
	for _, v := range w.Venues {
		t.Run(v.Name, func(t *testing.T) {
			var x exchange.Exchange
			var err error
			switch e := v.Endpoints; v.Name {
			case "binance":
				x, err = binance.New(binance.Config{
					Credentials: binance.Credentials{Key: v.APIKey, Secret: exchange.NewSecret(v.Secret)},
					Endpoints: binance.Endpoints{
						SpotREST: e["spotrest"], SpotStream: e["spotstream"], SpotAPI: e["spotapi"],
						FuturesREST: e["futuresrest"], FuturesStream: e["futuresstream"], FuturesPrivate: e["futuresprivate"], FuturesAPI: e["futuresapi"],
					},
				})
			case "okx":
				x, err = okx.New(okx.Config{
					Credentials: okx.Credentials{Key: v.APIKey, Secret: exchange.NewSecret(v.Secret), Passphrase: exchange.NewSecret(v.Passphrase)},
					Endpoints:   okx.Endpoints{REST: e["rest"], Stream: e["stream"], Private: e["private"]},
				})
			case "bybit":
				x, err = bybit.New(bybit.Config{
					Credentials: bybit.Credentials{Key: v.APIKey, Secret: exchange.NewSecret(v.Secret)},
					Endpoints:   bybit.Endpoints{REST: e["rest"], Stream: e["stream"], Private: e["private"], Trade: e["trade"]},
				})
			}
			if err != nil {
				t.Fatal(err)
			}
			trade(t, x, v.Markets)
		})
	}
}

// trade buys a little on every market, and sees it in the balances and positions.
func trade(t *testing.T, x exchange.Exchange, markets []exchange.Symbol) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	all, err := x.Instruments(ctx)
	if err != nil || len(all) != len(markets) || len(markets) != 4 {
		t.Fatalf("%d instruments of %v: %v", len(all), markets, err)
	}
	for i, s := range markets {
		b, err := x.Snapshot(ctx, s, 20)
		if err != nil || b.Err != nil || len(b.Bids) < 20 || len(b.Asks) < 20 {
			t.Fatalf("book of %s: %+v, %v", s, b, err)
		}
		o, err := x.Place(ctx, exchange.OrderRequest{
			Market: exchange.Market{Venue: x.Venue(), Symbol: s}, ClientID: "first" + string(rune('a'+i)), Side: exchange.Buy, Type: exchange.TypeMarket,
			Quantity: exchange.MustDecimal("0.01"),
		})
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if o, err = x.Lookup(ctx, o.Ref()); err != nil || o.Status != exchange.StatusFilled {
			t.Errorf("%s: %+v, %v", s, o, err)
		}
	}
	balances, err := x.Balances(ctx)
	if err != nil || len(balances) < 3 {
		t.Errorf("balances %v, %v", balances, err)
	}
	for _, b := range balances {
		if b.Asset == "USDT" && b.Total().Cmp(exchange.MustDecimal("50000")) >= 0 {
			t.Errorf("nothing was paid: %v", b)
		}
	}
	if positions, err := x.Positions(ctx); err != nil || len(positions) != 2 {
		t.Errorf("positions %v, %v", positions, err)
	}
}

// TestCurl runs the lines that are printed for people.
func TestCurl(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s here", tool)
		}
	}
	text, rest := start(t, "-seed", "7")
	for !strings.Contains(text, "until interrupted") {
		line, err := rest.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		text += line
	}
	checkPaths(t, text)
	n := 0
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "t=") {
			continue
		}
		n++
		answer, err := exec.CommandContext(t.Context(), "bash", "-c", strings.ReplaceAll(line, "curl ", "curl -sS ")).CombinedOutput()
		if err != nil || !bytes.Contains(answer, []byte(`"USDT"`)) {
			t.Errorf("%s: %v\n%s", line, err, answer)
		}
	}
	if n != 3 {
		t.Errorf("%d lines to try in\n%s", n, text)
	}
}

// checkPaths opens a socket on every path that is printed behind an address for sockets.
func checkPaths(t *testing.T, text string) {
	t.Helper()
	n := 0
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || !strings.HasPrefix(words[1], "ws://") {
			continue
		}
		for _, path := range words[2:] {
			n++
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http"+strings.TrimPrefix(words[1], "ws")+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{
				"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			} {
				r.Header.Set(name, value)
			}
			a, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			a.Body.Close()
			if a.StatusCode != http.StatusSwitchingProtocols {
				t.Errorf("%s%s: %s", words[1], path, a.Status)
			}
		}
	}
	if n < 9 {
		t.Errorf("only %d paths of sockets in\n%s", n, text)
	}
}

// TestFaults lets the first book that is asked for of each venue fail.
func TestFaults(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`{"script": [{"op": "read", "fault": "server-error"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	line, _ := start(t, "-json", "-faults", file)
	for _, v := range parse(t, line).Venues {
		ask := map[string]struct{ url, good string }{
			"binance": {v.Endpoints["spotrest"] + "/api/v3/depth?symbol=BTCUSDT", `"bids":[[`},
			"okx":     {v.Endpoints["rest"] + "/api/v5/market/books?instId=BTC-USDT", `"code":"0"`},
			"bybit":   {v.Endpoints["rest"] + "/v5/market/orderbook?category=spot&symbol=BTCUSDT", `"retCode":0`},
		}[v.Name]
		for _, want := range []bool{false, true} {
			r, err := http.Get(ask.url) //nolint:noctx // it is here
			if err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(r.Body)
			r.Body.Close()
			if err != nil || strings.Contains(string(answer), ask.good) != want {
				t.Errorf("%s: %.200s, %v; want a failure, then success", v.Name, answer, err)
			}
		}
	}
}

// TestInterrupt runs the program as its user would.
func TestInterrupt(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := exec.CommandContext(ctx, self, "-json")
	c.Env = append(os.Environ(), asMain+"=1")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	w := parse(t, line)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Skip("no interrupts here:", err)
	}
	if more, _ := io.ReadAll(lines); len(more) > 0 {
		t.Errorf("more than one line: %s", more)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
	if r, err := http.Get(w.Venues[0].Endpoints["spotrest"] + "/api/v3/time"); err == nil { //nolint:noctx // it is here
		r.Body.Close()
		t.Error("it still serves")
	}
}

func TestBadFlags(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.json")
	if err := os.WriteFile(bad, []byte(`{"Misspelt":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":     {[]string{"-frobnicate"}, "frobnicate"},
		"an argument":      {[]string{"binance"}, `unexpected argument "binance"`},
		"negative balance": {[]string{"-balance", "-5"}, "-balance"},
		"no number":        {[]string{"-balance", "much"}, "-balance"},
		"negative seed":    {[]string{"-seed", "-1"}, "-seed"},
		"no such file":     {[]string{"-faults", "no/such/file"}, "-faults"},
		"empty file name":  {[]string{"-faults", ""}, "-faults"},
		"misspelt setting": {[]string{"-faults", bad}, "Misspelt"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, complaints bytes.Buffer
			if code := run(t.Context(), c.args, &out, &complaints); code != 2 {
				t.Errorf("exit %d; want 2", code)
			}
			if s := complaints.String(); !strings.Contains(s, c.want) || strings.Count(s, "\n") != 1 || out.Len() > 0 {
				t.Errorf("complaint %q, output %q; want one line with %q", s, out.String(), c.want)
			}
		})
	}
}

// TestFaultsExample holds the example of the help to what is taken.
func TestFaultsExample(t *testing.T) {
	if _, err := sim.ParseFaults([]byte(example)); err != nil {
		t.Error(err)
	}
}

func TestHelp(t *testing.T) {
	var out, complaints bytes.Buffer
	if code := run(t.Context(), []string{"-help"}, &out, &complaints); code != 0 || complaints.Len() > 0 {
		t.Errorf("exit %d, %s", code, complaints.String())
	}
	for _, pair := range []string{"lost-ack", "stale-book", "time-out"} {
		if !strings.Contains(out.String(), pair) {
			t.Errorf("no %s in\n%s", pair, out.String())
		}
	}
	for _, flag := range []string{"-json", "-seed", "-balance", "-faults"} {
		if !strings.Contains(out.String(), flag+" ") && !strings.Contains(out.String(), flag+"\n") {
			t.Errorf("no %s in\n%s", flag, out.String())
		}
	}
}
