package bybittest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

func market(symbol string) exchange.Market {
	return exchange.Market{Venue: bybittest.Venue, Symbol: exchange.MustSymbol(symbol)}
}

// rig is a server and a plain client of it, which shares no code with either.
type rig struct {
	*testing.T
	s      *bybittest.Server
	http   *http.Client
	key    string
	secret string
	window string // "": no header
}

func amounts(pairs ...string) (r []exchange.Amount) {
	for i := 0; i < len(pairs); i += 2 {
		r = append(r, exchange.Amount{Asset: exchange.Asset(pairs[i]), Quantity: dec(pairs[i+1])})
	}
	return r
}

func engine(t *testing.T) *sim.Engine {
	e, err := sim.NewEngine(sim.EngineConfig{
		Venue: bybittest.Venue, Account: "one", BaseFee: true, Fees: exchange.FeeRates{Maker: dec("0.0002"), Taker: dec("0.001")},
		Balances: amounts("BTC", "10", "USDT", "100000"),
		Accounts: []sim.AccountConfig{{ID: "two", Balances: amounts("BTC", "1000", "USDT", "10000000")}},
		Instruments: []exchange.Instrument{
			{Market: market("BTC-USDT"), VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.1"), Lot: dec("0.0001"), MinQty: dec("0.0001"), MaxQty: dec("50"),
				MinNotional: dec("5"), Contract: dec("1"), Settle: "USDT"},
			{Market: market("BTC-USDT-PERP"), VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.5"), Lot: dec("0.001"), MinQty: dec("0.001"), MaxQty: dec("100"),
				MinNotional: dec("5"), Contract: dec("1"), Settle: "USDT"},
			{Market: market("ETH-USDT-PERP"), VenueSymbol: "ETHUSDT", Tradable: true, Tick: dec("0.01"), Lot: dec("0.01"), MinQty: dec("0.01"),
				Contract: dec("1"), Settle: "USDT"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func newRig(t *testing.T, change func(*bybittest.Config)) *rig {
	cfg := bybittest.Config{Pipe: true, Keys: []bybittest.Key{
		{Account: "one", Key: "KEY1", Secret: "first"}, {Account: "two", Key: "KEY2", Secret: "second"},
		{Account: "one", Key: "READ", Secret: "first", ReadOnly: true},
	}}
	if change != nil {
		change(&cfg)
	}
	r := rigOf(t, engine(t), cfg)
	r.publish("BTC-USDT", []string{"100", "2", "99", "3"}, []string{"101", "2", "102", "3"})
	r.publish("BTC-USDT-PERP", []string{"100", "2", "99", "3"}, []string{"101", "2", "102", "3"})
	return r
}

// rigOf plays an engine, without books.
func rigOf(t *testing.T, e *sim.Engine, cfg bybittest.Config) *rig {
	s := bybittest.NewServer(e, cfg)
	t.Cleanup(s.Close)
	transport := &http.Transport{DialContext: s.Dial}
	t.Cleanup(transport.CloseIdleConnections)
	return &rig{T: t, s: s, http: &http.Client{Transport: transport}, key: "KEY1", secret: "first", window: "5000"}
}

// as is the client of another key.
func (r *rig) as(key, secret string) *rig {
	c := *r
	c.key, c.secret = key, secret
	return &c
}

// publish makes a book: prices and sizes, best first.
func (r *rig) publish(symbol string, bids, asks []string) {
	r.Helper()
	scale := exchange.Scale{Price: -2, Size: -4}
	side := func(list []string) (levels []exchange.Level) {
		for i := len(list) - 2; i >= 0; i -= 2 {
			p, _ := dec(list[i]).Int64(-2)
			q, _ := dec(list[i+1]).Int64(-4)
			levels = append(levels, exchange.Level{Price: p, Size: q})
		}
		return levels
	}
	if err := r.s.Publish(&exchange.Book{Market: market(symbol), Scale: scale, Bids: side(bids), Asks: side(asks)}); err != nil {
		r.Fatal(err)
	}
}

func (r *rig) hmac(text string) string {
	mac := hmac.New(sha256.New, []byte(r.secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// reply is an answer over HTTP.
type reply struct {
	status int
	header http.Header
	body   string
	Code   int             `json:"retCode"`
	Text   string          `json:"retMsg"`
	Result json.RawMessage `json:"result"`
	Ext    json.RawMessage `json:"retExtInfo"`
	Time   int64           `json:"time"`
}

// request is a signed request, before it is sent: target is the path with its query.
func (r *rig) request(method, target, body string) *http.Request {
	r.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, r.s.URL("rest")+target, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	r.sign(req, time.Now().UnixMilli(), body)
	return req
}

func (r *rig) sign(req *http.Request, stamp int64, body string) {
	at := strconv.FormatInt(stamp, 10)
	req.Header.Set("X-BAPI-API-KEY", r.key)
	req.Header.Set("X-BAPI-TIMESTAMP", at)
	req.Header.Set("X-BAPI-SIGN", r.hmac(at+r.key+r.window+req.URL.RawQuery+body))
	if r.window != "" {
		req.Header.Set("X-BAPI-RECV-WINDOW", r.window)
	}
}

func (r *rig) do(req *http.Request) reply {
	r.Helper()
	resp, err := r.http.Do(req)
	if err != nil {
		r.Fatalf("%s: %v", req.URL.Path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	a := reply{status: resp.StatusCode, header: resp.Header, body: string(b)}
	_ = json.Unmarshal(b, &a)
	return a
}

func (r *rig) get(target string) reply {
	r.Helper()
	return r.do(r.request(http.MethodGet, target, ""))
}
func (r *rig) post(path, body string) reply {
	r.Helper()
	return r.do(r.request(http.MethodPost, path, body))
}
func (a reply) into(t *testing.T, v any) { t.Helper(); must(t, json.Unmarshal(a.Result, v)) }
func must(t *testing.T, err error)       { t.Helper(); fatal(t, err) }
func body(format string, args ...any) string {
	return strings.ReplaceAll(fmt.Sprintf(format, args...), "'", `"`)
}
func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// order places one that must be taken, and returns the venue's id.
func (r *rig) order(text string, args ...any) string {
	r.Helper()
	a := r.post("/v5/order/create", body(text, args...))
	if a.Code != 0 {
		r.Fatalf("create %s: %s", body(text, args...), a.body)
	}
	var ack struct{ OrderID, OrderLinkID string }
	a.into(r.T, &ack)
	return ack.OrderID
}

// row is any row of a list.
type row map[string]any

func (w row) text(name string) string { return fmt.Sprint(w[name]) }

// list is the rows of an answer, and where they go on.
func (r *rig) list(target string) (rows []row, next string) {
	r.Helper()
	a := r.get(target)
	var page struct {
		List           []row
		NextPageCursor string
	}
	if a.Code != 0 {
		r.Fatalf("%s: %s", target, a.body)
	}
	a.into(r.T, &page)
	return page.List, page.NextPageCursor
}

// look is an order by its link, open or not.
func (r *rig) look(category, link string) row {
	r.Helper()
	rows, _ := r.list("/v5/order/realtime?category=" + category + "&symbol=BTCUSDT&orderLinkId=" + link)
	if len(rows) != 1 {
		r.Fatalf("%d orders %s", len(rows), link)
	}
	return rows[0]
}

// want compares members of a row: pairs of name and text.
func (r *rig) want(w row, pairs ...string) {
	r.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := w.text(pairs[i]); got != pairs[i+1] {
			r.Errorf("%s is %q, want %q, in %v", pairs[i], got, pairs[i+1], w)
		}
	}
}

// socket is a plain WebSocket client.
type socket struct {
	*rig
	ws *websocket.Conn
}

func (r *rig) dial(path string) *socket {
	r.Helper()
	d := websocket.Dialer{NetDialContext: r.s.Dial, HandshakeTimeout: 5 * time.Second}
	ws, resp, err := d.Dial(r.s.URL("stream")+path, nil)
	if err != nil {
		status := 0
		if resp != nil {
			status = resp.StatusCode
		}
		r.Fatalf("%s: %v (%d)", path, err, status)
	}
	r.Cleanup(func() { ws.Close() })
	return &socket{r, ws}
}

func (s *socket) send(format string, args ...any) {
	s.Helper()
	must(s.T, s.ws.WriteMessage(websocket.TextMessage, []byte(body(format, args...))))
}

// next is the next message.
func (s *socket) next() row {
	s.Helper()
	must(s.T, s.ws.SetReadDeadline(time.Now().Add(20*time.Minute)))
	_, b, err := s.ws.ReadMessage()
	must(s.T, err)
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var w row
	must(s.T, d.Decode(&w))
	return w
}

// quiet reports that nothing comes for d.
func (s *socket) quiet(d time.Duration) {
	s.Helper()
	must(s.T, s.ws.SetReadDeadline(time.Now().Add(d)))
	if _, b, err := s.ws.ReadMessage(); err == nil {
		s.Errorf("unexpected: %s", b)
	}
}

// ended waits for the end of the connection and says how long it took.
func (s *socket) ended() time.Duration {
	began := time.Now()
	_ = s.ws.SetReadDeadline(began.Add(time.Hour))
	for {
		if _, _, err := s.ws.ReadMessage(); err != nil {
			return time.Since(began)
		}
	}
}

// login logs in, and subscribes.
func (r *rig) login(path string, topics ...string) *socket {
	r.Helper()
	s := r.dial(path)
	expires := time.Now().Add(10 * time.Second).UnixMilli()
	id := "req_id"
	if path == "/v5/trade" {
		id = "reqId"
	}
	s.send("{'%s':'a','op':'auth','args':['%s',%d,'%s']}", id, r.key, expires, r.hmac("GET/realtime"+strconv.FormatInt(expires, 10)))
	if w := s.next(); w.text("success") != "true" && w.text("retCode") != "0" {
		r.Fatalf("login: %v", w)
	}
	if len(topics) > 0 {
		s.send("{'req_id':'s','op':'subscribe','args':['%s']}", strings.Join(topics, "','"))
		if w := s.next(); w.text("success") != "true" {
			r.Fatalf("subscribe: %v", w)
		}
	}
	return s
}

// news is the next push of a topic, which must be the next message, and its first row.
func (s *socket) news(topic string) row {
	s.Helper()
	w := s.next()
	if w.text("topic") != topic {
		s.Fatalf("%v, want topic %s", w, topic)
	}
	data, _ := w["data"].([]any)
	if len(data) == 0 {
		s.Fatalf("no data in %v", w)
	}
	first, _ := data[0].(map[string]any)
	return first
}
