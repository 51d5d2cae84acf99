package okxtest_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

var (
	spotMarket = exchange.Market{Venue: "okx", Symbol: exchange.Symbol{Base: "BTC", Quote: "USDT"}}
	swapMarket = exchange.Market{Venue: "okx", Symbol: exchange.Symbol{Base: "BTC", Quote: "USDT", Kind: exchange.Perp}}
)

// Two accounts: ours, and somebody else's.
const mine, other exchange.AccountID = "main", "other"

// rig is a server in memory with a client that knows nothing but HTTP and WebSocket.
type rig struct {
	*testing.T
	*okxtest.Server
	http *http.Client
	key  okxtest.Key
}

// newRig has BTC-USDT (tick 0.1, lot 0.0001) and BTC-USDT-SWAP (contracts of 0.01, lots of a tenth of one), both around 50,000.
func newRig(t *testing.T, change ...func(*okxtest.Config)) *rig {
	t.Helper()
	spot := exchange.Instrument{Market: spotMarket, VenueSymbol: "BTC-USDT", Tradable: true, Tick: dec("0.1"), Lot: dec("0.0001"), MinQty: dec("0.001"),
		MaxQty: dec("100"), Contract: dec("1"), Settle: "USDT"}
	swap := exchange.Instrument{Market: swapMarket, VenueSymbol: "BTC-USDT-SWAP", Tradable: true, Tick: dec("0.1"), Lot: dec("0.001"), MinQty: dec("0.001"),
		MaxQty: dec("100"), Contract: dec("0.01"), Settle: "USDT"}
	money := []exchange.Amount{{Asset: "USDT", Quantity: dec("100000")}, {Asset: "BTC", Quantity: dec("2")}}
	e, err := sim.NewEngine(sim.EngineConfig{Venue: "okx", Account: mine, Instruments: []exchange.Instrument{spot, swap}, BaseFee: true, Balances: money,
		Fees: exchange.FeeRates{Maker: dec("-0.0001"), Taker: dec("0.0005")}, Accounts: []sim.AccountConfig{{ID: other, Balances: money}}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := okxtest.Config{Pipe: true, Keys: []okxtest.Key{
		{Account: mine, Key: "k1", Secret: "s1", Passphrase: "p1"}, {Account: other, Key: "k2", Secret: "s2", Passphrase: "p2"},
		{Account: mine, Key: "k3", Secret: "s3", Passphrase: "p3", ReadOnly: true},
	}}
	for _, f := range change {
		f(&cfg)
	}
	s := okxtest.NewServer(e, cfg)
	t.Cleanup(s.Close)
	tr := &http.Transport{DialContext: s.Dial}
	t.Cleanup(tr.CloseIdleConnections)
	r := &rig{T: t, Server: s, http: &http.Client{Transport: tr, Timeout: 10 * time.Second}, key: cfg.Keys[0]}
	r.publish(spotMarket, -1, -4, 500000)
	r.publish(swapMarket, -1, -3, 500000)
	return r
}

// virtual runs a test in virtual time.
func virtual(t *testing.T, f func(*rig), change ...func(*okxtest.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newRig(t, change...)) })
}

// publish gives a market three levels a side, one price unit apart, around mid: ten units of size each.
func (r *rig) publish(m exchange.Market, price, size int8, mid int64) {
	r.Helper()
	b := &exchange.Book{Market: m, Scale: exchange.Scale{Price: price, Size: size}}
	for i := int64(3); i >= 1; i-- {
		b.Bids = append(b.Bids, exchange.Level{Price: mid - i, Size: 10000})
		b.Asks = append(b.Asks, exchange.Level{Price: mid + i, Size: 10000})
	}
	if err := r.Publish(b); err != nil {
		r.Fatal(err)
	}
}

// trade is an order of somebody else's.
func (r *rig) trade(m exchange.Market, side exchange.Side, price, quantity string) {
	r.Helper()
	var err error
	r.Floor().Do(func(now time.Time, e *sim.Engine) {
		_, err = e.Submit(now, exchange.OrderRequest{Market: m, Account: other, ClientID: "x" + strconv.FormatInt(now.UnixNano(), 36) + price, Side: side,
			Price: dec(price), Quantity: dec(quantity)})
	})
	if err != nil {
		r.Fatal(err)
	}
}

func sign(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// reply is an answer over REST.
type reply struct {
	status int
	Code   string           `json:"code"`
	Msg    string           `json:"msg"`
	Data   []map[string]any `json:"data"`
	raw    string
}

// row is the answer's only one.
func (a reply) row() map[string]any {
	if len(a.Data) != 1 {
		return nil
	}
	return a.Data[0]
}

// is compares fields of a row, as text.
func is(row map[string]any, want string) string {
	var wrong []string
	for _, f := range strings.Fields(want) {
		k, v, _ := strings.Cut(f, "=")
		if got := fmt.Sprint(row[k]); got != v && !(v == "-" && got == "") {
			wrong = append(wrong, fmt.Sprintf("%s is %q, want %q", k, got, v))
		}
	}
	return strings.Join(wrong, "; ")
}

func (r *rig) want(row map[string]any, want string) {
	r.Helper()
	if wrong := is(row, want); wrong != "" {
		r.Errorf("%s, in %v", wrong, row)
	}
}

// request is a signed request, changed by edit before it leaves.
func (r *rig) request(method, target, body string, edit func(*http.Request)) *http.Request {
	req, err := http.NewRequestWithContext(context.Background(), method, r.URL("rest")+target, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	at := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	req.Header.Set("OK-ACCESS-KEY", r.key.Key)
	req.Header.Set("OK-ACCESS-PASSPHRASE", r.key.Passphrase)
	req.Header.Set("OK-ACCESS-TIMESTAMP", at)
	req.Header.Set("OK-ACCESS-SIGN", sign(r.key.Secret, at+method+target+body))
	req.Header.Set("Content-Type", "application/json")
	if edit != nil {
		edit(req)
	}
	return req
}

func (r *rig) send(req *http.Request) (reply, error) {
	resp, err := r.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	a := reply{status: resp.StatusCode, raw: string(body)}
	if err == nil && len(body) > 0 && body[0] == '{' {
		if err := json.Unmarshal(body, &a); err != nil && !bytes.Contains(body, []byte(`"404"`)) {
			return a, err
		}
	}
	return a, err
}

func (r *rig) get(target string) reply {
	r.Helper()
	return r.ask(r.request(http.MethodGet, target, "", nil))
}

func (r *rig) post(target, body string) reply {
	r.Helper()
	return r.ask(r.request(http.MethodPost, target, body, nil))
}

func (r *rig) ask(req *http.Request) reply {
	r.Helper()
	a, err := r.send(req)
	if err != nil {
		r.Fatalf("%s %s: %v", req.Method, req.URL, err)
	}
	return a
}

// order is a limit order of BTC-USDT to buy 0.001 at 49,000 with changes: "sz=2 px=-" (without px).
func order(changes string) string {
	return object(map[string]any{"instId": "BTC-USDT", "tdMode": "cash", "side": "buy", "ordType": "limit", "sz": "0.001", "px": "49000"}, changes)
}

// swapOrder is one of BTC-USDT-SWAP, of a contract.
func swapOrder(changes string) string {
	return object(map[string]any{"instId": "BTC-USDT-SWAP", "tdMode": "cross", "side": "buy", "ordType": "limit", "sz": "1", "px": "49000"}, changes)
}

func object(m map[string]any, changes string) string {
	for _, f := range strings.Fields(changes) {
		k, v, _ := strings.Cut(f, "=")
		switch v {
		case "-":
			delete(m, k)
		case "true":
			m[k] = true
		default:
			m[k] = v
		}
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return string(b)
}

const placePath = "/api/v5/trade/order"

// place is an order that must be taken; it returns its id.
func (r *rig) place(body string) string {
	r.Helper()
	a := r.post(placePath, body)
	if a.Code != "0" || len(a.Data) != 1 {
		r.Fatalf("%s: %s", body, a.raw)
	}
	return fmt.Sprint(a.Data[0]["ordId"])
}

// socket is a WebSocket connection.
type socket struct {
	*rig
	c *websocket.Conn
}

func (r *rig) dial(host, path string) *socket {
	r.Helper()
	d := websocket.Dialer{NetDialContext: r.Dial}
	c, resp, err := d.Dial(r.URL(host)+path, nil)
	if err != nil {
		r.Fatalf("%s: %v, %v", path, err, resp)
	}
	resp.Body.Close()
	r.Cleanup(func() { c.Close() })
	return &socket{r, c}
}

func (r *rig) public() *socket { r.Helper(); return r.dial("stream", "/ws/v5/public") }

// private is a connection that has logged in.
func (r *rig) private() *socket {
	r.Helper()
	s := r.dial("private", "/ws/v5/private")
	s.write(r.login(time.Now()))
	r.want(s.read(), "event=login code=0")
	return s
}

// login is the request of one.
func (r *rig) login(at time.Time) string {
	ts := strconv.FormatInt(at.Unix(), 10)
	return fmt.Sprintf(`{"op":"login","args":[{"apiKey":%q,"passphrase":%q,"timestamp":%q,"sign":%q}]}`,
		r.key.Key, r.key.Passphrase, ts, sign(r.key.Secret, ts+"GET"+"/users/self/verify"))
}

func (s *socket) write(text string) {
	s.Helper()
	if err := s.c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		s.Fatal(err)
	}
}

// next is the next message.
func (s *socket) next() (string, error) {
	_, text, err := s.c.ReadMessage()
	return string(text), err
}

// read is the next message as an object.
func (s *socket) read() map[string]any {
	s.Helper()
	text, err := s.next()
	if err != nil {
		s.Fatal(err)
	}
	m := make(map[string]any)
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		s.Fatalf("%s: %v", text, err)
	}
	return m
}

// data is the only row of the next push of a channel; events are passed over.
func (s *socket) data(channel string) map[string]any {
	s.Helper()
	for {
		m := s.read()
		arg, _ := m["arg"].(map[string]any)
		if m["event"] != nil || arg["channel"] != channel {
			continue
		}
		rows, _ := m["data"].([]any)
		if len(rows) != 1 {
			s.Fatalf("%d rows: %v", len(rows), m)
		}
		row, _ := rows[0].(map[string]any)
		if row["action"] = m["action"]; m["eventType"] != nil {
			row["eventType"] = m["eventType"]
		}
		return row
	}
}

// subscribe subscribes, and reads the confirmation.
func (s *socket) subscribe(arg string) {
	s.Helper()
	s.write(`{"id":"s1","op":"subscribe","args":[` + arg + `]}`)
	s.want(s.read(), "event=subscribe id=s1")
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func transport(s *okxtest.Server) *http.Transport {
	return &http.Transport{DialContext: s.Dial, DisableKeepAlives: true}
}

// parsed is a body as an object again.
func parsed(body string) map[string]any {
	m := make(map[string]any)
	for f := range strings.SplitSeq(strings.Trim(body, "{}"), ",") {
		k, v, _ := strings.Cut(f, ":")
		m[strings.Trim(k, `"`)] = strings.Trim(v, `"`)
	}
	return m
}
