package bybit_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// habit knows the names of the payloads: what ends in USDT is quoted in it, what ends in PERP in USDC. Others are other products'.
func habit(kind exchange.Kind, name string) (exchange.Symbol, bool) {
	s := exchange.Symbol{Kind: kind}
	if base, ok := strings.CutSuffix(name, "USDT"); ok && base != "" {
		s.Base, s.Quote = exchange.Asset(base), "USDT"
	} else if base, ok := strings.CutSuffix(name, "PERP"); ok && base != "" && kind == exchange.Perp {
		s.Base, s.Quote = exchange.Asset(base), "USDC"
	}
	return s, s.Quote != ""
}

func reading() bybit.Parser { return bybit.NewParser("main", habit) }

// said is what was read, one line each.
func said(p bybit.Parsed) (lines []string) {
	for _, o := range p.Orders {
		lines = append(lines, sayOrder(o))
	}
	for _, f := range p.Fills {
		lines = append(lines, fmt.Sprintf("fill %s %s/%s/%s %s %s x %s fee %s %s maker %v at %d", f.Market, f.TradeID, f.VenueID, f.ClientID, f.Side,
			f.Quantity, f.Price, f.Fee, f.FeeAsset, f.Maker, f.Time.UnixMilli()))
	}
	for _, b := range p.Balances {
		lines = append(lines, fmt.Sprintf("balance %s free %s locked %s %s", b.Asset, b.Free, b.Locked, b.Wallet))
	}
	for _, o := range p.Positions {
		lines = append(lines, fmt.Sprintf("position %s %s cost %s at %d", o.Market, o.Quantity, o.Cost, o.Time.UnixMilli()))
	}
	for _, i := range p.IDs {
		if i[0]+i[1] == "" {
			continue
		}
		lines = append(lines, fmt.Sprintf("ids %s/%s", i[0], i[1]))
	}
	for s, r := range p.Rates {
		lines = append(lines, fmt.Sprintf("rates %s maker %s taker %s", s, r.Maker, r.Taker))
	}
	if p.Cursor != "" {
		lines = append(lines, "cursor "+p.Cursor)
	}
	slices.Sort(lines)
	return lines
}

func sayOrder(o exchange.Order) string {
	s := fmt.Sprintf("order %s %s/%s %s %s %s %s x %s %s filled %s avg %s fees %v", o.Market, o.VenueID, o.ClientID, o.Side, o.Type, o.TIF, o.Quantity, o.Price,
		o.Status, o.Filled, o.AvgPrice, o.Fees)
	for _, f := range []struct {
		is   bool
		word string
	}{{o.PostOnly, "post-only"}, {o.ReduceOnly, "reduce-only"}, {o.Reason != "", fmt.Sprintf("%q", o.Reason)}, {!o.Time.IsZero(), fmt.Sprint("at ", o.Time.UnixMilli())}} {
		if f.is {
			s += " " + f.word
		}
	}
	return s
}

// payload is one file: the messages in it, and the answers of scripts.
type payload []byte

// result is a REST answer's, whatever the file wraps it in: an envelope, a script, or nothing.
func (p payload) result(t *testing.T) []byte {
	t.Helper()
	b := []byte(p)
	if first, rest, ok := bytes.Cut(b, []byte("\n")); ok && !bytes.HasPrefix(bytes.TrimSpace(first), []byte("{")) {
		for range 2 { // path, signed
			_, rest, _ = bytes.Cut(rest, []byte("\n"))
		}
		b = rest
	}
	if !bytes.Contains(b, []byte(`"retCode"`)) {
		var o struct{ Result json.RawMessage }
		if json.Unmarshal(b, &o) == nil && o.Result != nil {
			return o.Result
		}
		return b
	}
	result, e := bybit.Answer(false, 200, b)
	if e != nil {
		t.Fatal(e)
	}
	return result
}

// lines are the messages of a file with one a line, or its only one.
func (p payload) lines(t *testing.T) (all [][]byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(p))
	for {
		var m json.RawMessage
		if err := d.Decode(&m); err != nil {
			return all
		}
		all = append(all, m)
	}
}

// script is what the venue says in one: messages after "<" and "=".
func (p payload) script(t *testing.T) (all [][]byte) {
	t.Helper()
	var one []byte
	flush := func() {
		if len(one) > 1 && one[0] != '>' {
			all = append(all, bytes.TrimSpace(one[1:]))
		}
		one = nil
	}
	s := bufio.NewScanner(bytes.NewReader(p))
	for s.Scan() {
		if line := bytes.TrimPrefix(s.Bytes(), []byte("\xef\xbb\xbf")); len(line) > 0 && strings.IndexByte("<>=", line[0]) >= 0 {
			flush()
			one = append(one, line...)
		} else {
			one = append(append(one, '\n'), line...)
		}
	}
	flush()
	return all
}

// Each reader turns a file into lines by what reads such messages in the adapter.
type readFile func(t *testing.T, p payload) []string

func pageOf(read func(bybit.Parser, []byte) (bybit.Parsed, error)) readFile {
	return func(t *testing.T, p payload) []string {
		got, err := read(reading(), p.result(t))
		if err != nil {
			t.Fatal(err)
		}
		return said(got)
	}
}

func orderPage(k exchange.Kind) readFile {
	return pageOf(func(p bybit.Parser, b []byte) (bybit.Parsed, error) { return p.Orders(k, b) })
}

func fillPage(t *testing.T, p payload) []string {
	return pageOf(func(r bybit.Parser, b []byte) (bybit.Parsed, error) { return r.Fills(exchange.Perp, b) })(t, p)
}

func pushes(t *testing.T, p payload) (lines []string) {
	for _, m := range p.lines(t) {
		got, err := reading().Push(m)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(append(lines, said(got)...), fmt.Sprintf("fills %d, orders %d, balances %d", len(got.Fills), len(got.Orders), len(got.Balances)))
	}
	return append(lines, fmt.Sprint(len(p.lines(t)), " messages"))
}

// scriptPush is the last message of a script: those before it are answers to requests.
func scriptPush(t *testing.T, p payload) []string {
	all := p.script(t)
	lines := pushes(t, payload(all[len(all)-1]))
	for i, m := range all[:len(all)-1] {
		if err := bybit.Granted([]string{"login", "subscribe"}[i], m); err != nil {
			t.Error(err)
		}
	}
	return append(lines, fmt.Sprint(len(all)-1, " grants"))
}

// scriptReply is the last answer of a script over the order entry socket.
func scriptReply(t *testing.T, p payload) []string {
	all := p.script(t)
	if err := bybit.Granted("login", all[0]); err != nil {
		t.Error(err)
	}
	code, ids, limit, err := bybit.Reply(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	return []string{"code " + code, "id " + ids[0], "limit " + limit}
}

func controls(t *testing.T, p payload) (lines []string) {
	d := protocol(t, exchange.Spot, "BTC-USDT").Decoder(func(*exchange.Book) {})
	for _, m := range p.lines(t) {
		got, err := d.Frame(time.UnixMilli(1), m)
		if err != nil {
			t.Fatal(err)
		}
		kind := map[feed.MessageKind]string{feed.Ack: "ack", feed.Pong: "pong", feed.Refused: "refused"}[got.Kind]
		lines = append(lines, fmt.Sprintf("%s %d %v", kind, got.ID, got.Err), fmt.Sprint("granted: ", bybit.Granted("subscribe", m)))
	}
	return append(lines, fmt.Sprint(len(p.lines(t)), " messages"))
}

func answersOf(t *testing.T, p payload) (lines []string) {
	for _, m := range p.lines(t) {
		result, e := bybit.Answer(true, 200, m)
		lines = append(lines, fmt.Sprintf("result %s error %v", result, e != nil))
		if e != nil {
			lines = append(lines, fmt.Sprintf("code %s %v %v", e.Code, e.Outcome, e.Class))
		}
	}
	return append(lines, fmt.Sprint(len(p.lines(t)), " answers"))
}

func booksOf(symbol string) readFile {
	return func(t *testing.T, p payload) (lines []string) {
		d := protocol(t, exchange.Spot, symbol).Decoder(func(b *exchange.Book) { lines = append(lines, show(b)) })
		messages := p.lines(t)
		if bytes.Contains(messages[0], []byte(`"delta"`)) { // what came before is missing
			before := strings.Replace(push("BTCUSDT", "snapshot", "27449:1", "27451:2 27452:3", 123456789), "orderbook.200", "orderbook.1", 1)
			messages = append([][]byte{[]byte(before)}, messages...)
		}
		for _, m := range messages {
			if _, err := d.Frame(time.UnixMilli(1), m); err != nil {
				t.Fatal(err)
			}
		}
		return lines
	}
}

func snapshotOf(t *testing.T, p payload) []string {
	const path = "/v5/market/orderbook?category=spot&limit=3&symbol=BTCUSDT"
	b, err := venue(t, answers{path: {body: `{"retCode":0,"result":` + string(p.result(t)) + `}`}}, rules()...).Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 3)
	if err != nil {
		t.Fatal(err)
	}
	return []string{show(b), fmt.Sprint("at ", b.VenueTime.UnixMilli())}
}

func instrumentsOf(t *testing.T, p payload) (lines []string) {
	body, result := answer{body: string(envelope(p))}, string(p.result(t))
	a := answers{spotPath: page("", spotRow), linearPath: page("", linearRow)}
	if strings.Contains(result, "LinearPerpetual") {
		a[linearPath] = body
	} else {
		a[spotPath] = body
	}
	list, err := venue(t, a).Instruments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range list {
		lines = append(lines, fmt.Sprintf("%s %s tick %s lot %s min %s max %s notional %s tradable %v", in.Market, in.VenueSymbol, in.Tick, in.Lot, in.MinQty,
			in.MaxQty, in.MinNotional, in.Tradable))
	}
	return append(lines, fmt.Sprint(len(list)-1, " of a kind"))
}

// envelope is the JSON of a REST script.
func envelope(p payload) []byte { return p[bytes.IndexByte(p, '{'):] }

// Every payload file is read and three of its values are compared, or it is in the list of those that are not ours.
func TestCoverage(t *testing.T) {
	root := fixtures.Path(t, "bybit")
	read, unused, files := covered(), notOurs(), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		row, is := read[name]
		reason, not := unused[name]
		delete(read, name)
		delete(unused, name)
		switch {
		case is == not:
			t.Errorf("%s: read %v, listed as unused %v", name, is, not)
		case not:
			t.Logf("unused: %s: %s", name, reason)
			if !slices.Contains([]string{"older API", "other product", "duplicate", "private type not in the port"}, reason) {
				t.Errorf("%s: %q is no reason", name, reason)
			}
		default:
			t.Run(name, func(t *testing.T) { row.check(t, path) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range read {
		t.Errorf("%s is no file", name)
	}
	for name := range unused {
		t.Errorf("%s is no file", name)
	}
	t.Logf("%d files: %d read, %d unused", files, len(covered()), len(notOurs()))
}

type coverage struct {
	read readFile
	want []string // parts of lines, three values at least
}

func (c coverage) check(t *testing.T, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.read(t, b), "\n")
	if len(strings.Fields(strings.Join(c.want, " "))) < 3 {
		t.Error("less than three values")
	}
	for _, w := range c.want {
		if !strings.Contains(got, w) {
			t.Errorf("got\n%s\nwithout\n%s", got, w)
		}
	}
}

// onePosition is a position's row without a message around it.
func onePosition(t *testing.T, p payload) []string {
	return pushes(t, payload(`{"topic":"position","creationTime":1,"data":[`+string(p)+`]}`))
}
