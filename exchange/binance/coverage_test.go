package binance_test

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
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// payload is one message of a recording, with what is said of the request where that was recorded too.
type payload struct {
	query string // the request's
	data  []byte
}

// open takes the wrappings of the recordings off: files of text have a request before the answer, mocks have it beside.
func open(t *testing.T, path string) payload {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Ext(path) == ".txt" {
		return payload{data: afterHead(b)}
	}
	var mock struct {
		Method, QueryString string
		Data                json.RawMessage
	}
	if json.Unmarshal(b, &mock) == nil && mock.Method != "" {
		return payload{mock.QueryString, mock.Data}
	}
	if filepath.Ext(path) == ".jsonl" {
		b, _, _ = bytes.Cut(b, []byte("\n"))
	}
	return payload{data: bytes.TrimSpace(b)}
}

// afterHead is what follows method, path and "signed?", or the marks of a conversation.
func afterHead(b []byte) []byte {
	if i := bytes.Index(b, []byte("\n= ")); i >= 0 {
		return bytes.TrimSpace(b[i+3:])
	}
	s := bufio.NewScanner(bytes.NewReader(b))
	at := 0
	for range 3 {
		s.Scan()
		at += len(s.Bytes()) + 1
	}
	return bytes.TrimSpace(bytes.ReplaceAll(b, []byte("\r"), nil)[min(at, len(b)):])
}

func showOrder(o exchange.Order) string {
	s := fmt.Sprintf("%s %s %q %s %s %s", o.Market.Symbol, o.VenueID, o.ClientID, o.Side, o.Type, o.TIF)
	if o.PostOnly {
		s += " post"
	}
	if o.ReduceOnly {
		s += " reduce"
	}
	s += fmt.Sprintf(" %s@%s %s %s", o.Quantity, o.Price, o.Status, o.Filled)
	if o.AvgPrice.Sign() > 0 {
		s += fmt.Sprintf(" avg %s", o.AvgPrice)
	}
	for _, f := range o.Fees {
		s += " fee " + f.String()
	}
	if o.Reason != "" {
		s += fmt.Sprintf(" (%s)", o.Reason)
	}
	s += fmt.Sprintf(" t%d", o.Time.UnixMilli())
	for _, f := range o.Fills {
		s += " " + showFill(f)
	}
	return s
}

func showFill(f exchange.Fill) string {
	role := "taker"
	if f.Maker {
		role = "maker"
	}
	return fmt.Sprintf("[%s of %s %s %s %s@%s %s %s %s t%d]", f.TradeID, f.VenueID, f.Market.Symbol, f.Side, f.Quantity, f.Price, f.Fee, f.FeeAsset, role, f.Time.UnixMilli())
}

func showBalances(list []exchange.Balance) string {
	var s []string
	for _, b := range list {
		s = append(s, fmt.Sprintf("%s %s %s+%s", b.Wallet, b.Asset, b.Free, b.Locked))
	}
	return strings.Join(s, "; ")
}

func showPositions(list []exchange.Position) string {
	var s []string
	for _, p := range list {
		s = append(s, fmt.Sprintf("%s %s cost %s t%d", p.Market.Symbol, p.Quantity, p.Cost, p.Time.UnixMilli()))
	}
	return strings.Join(s, "; ")
}

func showNotice(n binance.Notice) string {
	var s []string
	if n.Order != nil {
		s = append(s, showOrder(*n.Order))
	}
	if len(n.Balances) > 0 {
		s = append(s, showBalances(n.Balances))
	}
	if len(n.Positions) > 0 {
		s = append(s, showPositions(n.Positions))
	}
	if n.Unlisted != "" {
		s = append(s, "unlisted "+n.Unlisted)
	}
	return strings.Join(append(s, fmt.Sprintf("at %d", n.Time.UnixMilli())), " | ")
}

// The ways to read a payload: each ends in one line with its values.
type reading func(p payload) (string, error)

func asOrder(k exchange.Kind) reading {
	return func(p payload) (string, error) { o, err := binance.ReadOrder(k, p.data); return showOrder(o), err }
}

func asOrders(k exchange.Kind) reading {
	return func(p payload) (string, error) {
		list, err := binance.ReadOrders(k, p.data)
		var s []string
		for _, o := range list {
			s = append(s, showOrder(o))
		}
		return strings.Join(s, "; "), err
	}
}

func asFills(k exchange.Kind) reading {
	return func(p payload) (string, error) {
		list, err := binance.ReadFills(k, p.data)
		var s []string
		for _, f := range list {
			s = append(s, showFill(f))
		}
		return strings.Join(s, " "), err
	}
}

func asEvent(k exchange.Kind) reading {
	return func(p payload) (string, error) { n, err := binance.ReadEvent(k, p.data); return showNotice(n), err }
}

func asRows(p payload) (string, error) {
	rows, err := binance.SpotRows(p.data)
	if err != nil || len(rows) < 2 {
		return "", fmt.Errorf("%d rows: %w", len(rows), err)
	}
	return fmt.Sprintf("%d rows, %s", len(rows), showBalances([]exchange.Balance{rows[0], rows[len(rows)-1]})), nil
}

func asPerpBalances(p payload) (string, error) {
	list, err := binance.PerpBalances(p.data)
	return showBalances(list), err
}

func asPositions(p payload) (string, error) {
	list, err := binance.ReadPositions(p.data)
	return showPositions(list), err
}

func asFees(read func([]byte) (exchange.FeeRates, error)) reading {
	return func(p payload) (string, error) {
		r, err := read(p.data)
		return fmt.Sprintf("maker %s taker %s", r.Maker, r.Taker), err
	}
}

func asTime(p payload) (string, error) {
	at, err := binance.ServerTime(p.data)
	return fmt.Sprint(at.UnixMilli()), err
}

func asKey(p payload) (string, error) {
	key, err := binance.ListenKey(p.data)
	return key.Reveal(), err
}

// asResult opens an answer of the WebSocket API.
func asResult(read reading) reading {
	return func(p payload) (string, error) {
		e, ok, err := binance.ReadEnvelope(p.data)
		if err != nil || !ok {
			return "", fmt.Errorf("no answer: %w", err)
		}
		s, err := read(payload{data: e.Result})
		return fmt.Sprintf("%s %d %s / %s", e.ID, e.Status, s, e.Limits), err
	}
}

func nothing(payload) (string, error) { return "", nil }

// asDone is an answer that says only that it was done.
func asDone(k exchange.Kind, op string) reading {
	return func(p payload) (string, error) {
		return string(bytes.Join(bytes.Fields(p.data), nil)), binance.Refusal(k, op, true, 200, string(p.data), time.Now())
	}
}

// asRequest is a recorded request that we would send too.
func asRequest(p payload) (string, error) {
	c, err := binance.PlaceCall(exchange.OrderRequest{Market: market("LTC-BTC"), ClientID: "x", Side: exchange.Buy, Price: dec("1"), Quantity: dec("1000000000")})
	for _, q := range c.Params {
		if !strings.Contains("&"+p.query+"&", "&"+q.Name+"="+q.Value+"&") && !strings.HasPrefix(q.Name, "newO") && q.Name != "newClientOrderId" {
			err = fmt.Errorf("%s=%s is not in %s", q.Name, q.Value, p.query)
		}
	}
	return text(c), err
}

func asInstruments(k exchange.Kind) reading {
	return func(p payload) (string, error) {
		list, err := binance.ParseInstruments(k, p.data)
		if err != nil || len(list) == 0 {
			return "", fmt.Errorf("%d instruments: %w", len(list), err)
		}
		return fmt.Sprintf("%d, %s", len(list), one(list[0])), nil
	}
}

func asSnapshot(k exchange.Kind) reading {
	return func(p payload) (string, error) {
		_, slow := binance.SnapshotReaders()
		var s binance.Snapshot
		if err := slow(p.data, &s); err != nil {
			return "", err
		}
		u := binance.SnapshotUpdate(&s)
		bids, asks := u.Bids, u.Asks
		return fmt.Sprintf("last %d, %d bids, %d asks, scale %v, first %v %v", u.Last, len(bids), len(asks), u.Scale, bids[0], asks[0]), nil
	}
}

func asDepth(k exchange.Kind, symbol string) reading {
	return func(p payload) (string, error) {
		f, err := binance.ReadDepth(k, symbol, p.data)
		return fmt.Sprintf("%s %d to %d after %d at %d, scale %v, bids %v, asks %v", f.Market, f.Update.First, f.Update.Last, f.Update.Prev, f.E, f.Update.Scale, f.Update.Bids, f.Update.Asks), err
	}
}

// Why a payload is not read: these and no other reasons.
const (
	older     = "older API"
	other     = "other product"
	duplicate = "duplicate"
	notInPort = "private type not in the port" // or a public one: tickers, trades, candles
)

// Every recorded payload is read by the real parsers and compared, or stands in the list of those that are not, with the reason.
func TestCoverage(t *testing.T) {
	root := fixtures.Path(t, "binance")
	var files []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(root, p)
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]row{}
	for _, r := range covered() {
		if _, twice := rows[r.file]; twice {
			t.Errorf("%s has two rows", r.file)
		}
		rows[r.file] = r
	}
	unused := unusedFiles()
	read := 0
	for _, file := range files {
		r, is := rows[file]
		reason, not := reasonOf(unused, file)
		switch {
		case is == not:
			t.Errorf("%s: read %v, unused %v (%s)", file, is, not, reason)
		case is:
			read++
			got, err := r.read(open(t, filepath.Join(root, file)))
			if err != nil || got != r.want {
				t.Errorf("%s:\n%s (%v)\nwant\n%s", file, got, err, r.want)
			}
		default:
			t.Logf("unused: %-90s %s", file, reason)
		}
		delete(rows, file)
	}
	for file := range rows {
		t.Errorf("no file %s", file)
	}
	for pattern := range unused {
		if !slices.ContainsFunc(files, func(f string) bool { return matches(pattern, f) }) {
			t.Errorf("no file for %s", pattern)
		}
	}
	t.Logf("%d of %d payloads are read, %d are not", read, len(files), len(files)-read)
}

func matches(pattern, file string) bool {
	folder, all := strings.CutSuffix(pattern, "/*")
	return file == pattern || all && strings.HasPrefix(file, folder+"/")
}

// reasonOf prefers a file's own entry to its folder's.
func reasonOf(unused map[string]string, file string) (string, bool) {
	if r, ok := unused[file]; ok {
		return r, true
	}
	r, ok := unused[file[:strings.LastIndexByte(file, '/')]+"/*"]
	return r, ok
}

type row struct {
	file string
	read reading
	want string
}

func asReplacement(p payload) (string, error) {
	var wrapped struct{ Data json.RawMessage } // of the recording, as answers with errors have it
	if json.Unmarshal(p.data, &wrapped) == nil && wrapped.Data != nil {
		p.data = wrapped.Data
	}
	before, after, err := binance.ReadReplacement(p.data)
	return showOrder(before) + " -> " + showOrder(after), err
}
