package conformance_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func serveOKX(e *sim.Engine, secret string) server {
	return okxtest.NewServer(e, okxtest.Config{Keys: []okxtest.Key{{Account: clients, Key: apiKey, Secret: secret, Passphrase: apiPass}}})
}

// okxWords are the venue's, by its documents. It acknowledges a post-only order before it looks at the book.
func okxWords(name string) venueWords {
	return venueWords{
		name: name, buy: "buy", sell: "sell", kinds: map[string]string{"limit": "limit", "ioc": "ioc", "post-only": "post_only", "market": "market"},
		open: "live", partial: "partially_filled", filled: "filled", cancelled: "canceled", expired: "canceled",
		funds: "51008", duplicate: "51016", unknown: "51400 or 51603", signature: "50113", tooMany: "50011", limits: limitsOfOKX,
	}
}

// nodeMarket is a market that a script trades on.
type nodeMarket struct {
	name   string
	script string // and the library's folder
	lib    string
	market
	serve func(*sim.Engine, string) server
	words venueWords
	more  map[string]any // settings besides endpoints and keys
}

func TestNode(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is missing: apt-get install nodejs npm, or run this folder's run script on a machine that has it")
	}
	one, hundredth := exchange.Scaled(1, 0), dec("0.01")
	socket := map[string]any{"socket": true}
	keepsPrice := binanceSpot()
	keepsPrice.samePrice = true
	spot, linear := map[string]any{"category": "spot"}, map[string]any{"category": "linear", "socket": true}
	for _, m := range []nodeMarket{
		{"okx-api spot", "okx.mjs", "okx-api", market{"okx", "BTC-USDT", "BTC-USDT", one, false}, serveOKX, okxWords("BTC-USDT"), nil},
		{"okx-api swap by socket", "okx.mjs", "okx-api", market{"okx", "BTC-USDT-PERP", "BTC-USDT-SWAP", hundredth, false}, serveOKX, okxWords("BTC-USDT-SWAP"), socket},
		{"bybit-api spot", "bybit.mjs", "bybit-api", market{"bybit", "BTC-USDT", "BTCUSDT", one, false}, serveBybit, bybitWords("spot"), spot},
		{"bybit-api linear by socket", "bybit.mjs", "bybit-api", market{"bybit", "BTC-USDT-PERP", "BTCUSDT", one, false}, serveBybit, bybitWords("linear"), linear},
		{"binance spot", "binance.mjs", "@binance/spot", market{"binance", "BTC-USDT", "BTCUSDT", one, true}, serveBinance, keepsPrice, nil},
		{"binance spot by socket", "binance.mjs", "@binance/spot", market{"binance", "BTC-USDT", "BTCUSDT", one, true}, serveBinance, keepsPrice, socket},
	} {
		t.Run(m.name, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join("node_modules", m.lib)); err != nil {
				t.Fatalf("%v: npm ci installs it, as this folder's run script does", err)
			}
			v := openVenue(t, m.market, m.serve)
			contract(t, v, m.words, func(t *testing.T, secret string) client { return startNode(t, node, m, v, secret) })
		})
	}
}

// script is a library for node, in a process of its own. See rpc.mjs for what is said.
type script struct {
	unit   exchange.Decimal
	cmd    *exec.Cmd
	in     io.WriteCloser
	done   chan struct{} // its output has ended
	errors *log

	mu      sync.Mutex
	next    int
	waiting map[int]chan reply
	streams map[string]func(json.RawMessage)
}

type reply struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct{ Code, Message string }
	Stream string          `json:"stream"`
	Data   json.RawMessage `json:"data"`
}

// log is what a process complains about.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func startNode(t *testing.T, node string, m nodeMarket, v *venue, secret string) *script {
	settings := map[string]any{"endpoints": v.Endpoints(), "key": apiKey, "secret": secret, "passphrase": apiPass, "market": m.market.name}
	maps.Copy(settings, m.more)
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	s := &script{
		unit: m.contract, cmd: exec.CommandContext(t.Context(), node, m.script, string(text)), done: make(chan struct{}), errors: &log{},
		waiting: map[int]chan reply{}, streams: map[string]func(json.RawMessage){},
	}
	s.cmd.Stderr = s.errors
	s.in, err = s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go s.read(out)
	t.Cleanup(func() {
		s.close()
		if t.Failed() {
			t.Logf("%s complained:\n%.4000s", m.script, s.errors.b.String())
		}
	})
	return s
}

func (s *script) close() {
	s.in.Close()
	<-s.done
	_ = s.cmd.Wait()
}

func (s *script) read(out io.Reader) {
	defer close(s.done)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r reply
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintf(s.errors, "not a reply: %s\n", lines.Bytes())
			continue
		}
		s.mu.Lock()
		wait, stream := s.waiting[r.ID], s.streams[r.Stream]
		s.mu.Unlock()
		switch {
		case r.Stream == "" && wait != nil:
			wait <- r
		case stream != nil:
			stream(r.Data)
		}
	}
}

// answerWithin is long: a process begins slowly on a busy machine.
const answerWithin = 40 * time.Second

// call asks the script for op.
func (s *script) call(op string, args, result any) error {
	s.mu.Lock()
	s.next++
	id, wait := s.next, make(chan reply, 1)
	s.waiting[id] = wait
	s.mu.Unlock()
	line, err := json.Marshal(map[string]any{"id": id, "op": op, "args": args})
	if err != nil {
		return err
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("%s: the script has gone: %w", op, err)
	}
	select {
	case r := <-wait:
		switch {
		case r.Error == nil && result == nil:
			return nil
		case r.Error == nil:
			return json.Unmarshal(r.Result, result)
		case r.Error.Code == "":
			return fmt.Errorf("%s: %s", op, r.Error.Message)
		}
		return refusal{r.Error.Code, r.Error.Message}
	case <-s.done:
		return errors.New(op + ": the script has ended")
	case <-time.After(answerWithin):
		return fmt.Errorf("%s: no answer in %s", op, answerWithin)
	}
}

// on has a stream told to f.
func (s *script) on(stream string, f func(json.RawMessage)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[stream] = f
}
