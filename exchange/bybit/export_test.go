package bybit

import (
	"time"

	"golang.org/x/time/rate"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Message is one decoded frame.
type Message = message

// Fast is the first reader, to which every book in scale is followed.
func Fast(scale exchange.Scale) func([]byte, *Message) bool {
	return func(data []byte, m *Message) bool {
		r := follow(scale)
		ok := r.fast(data)
		*m = r.m
		return ok
	}
}

// Slow is the second reader.
func Slow(scale exchange.Scale) func([]byte, *Message) error {
	return func(data []byte, m *Message) error {
		r := follow(scale)
		err := r.slow(data)
		*m = r.m
		return err
	}
}

func follow(scale exchange.Scale) *reader {
	return &reader{start: func(topic []byte) (exchange.Scale, bool) {
		return scale, len(topic) > 10 && string(topic[:10]) == "orderbook."
	}}
}

// Link is the order link of a client id, ClientID its reverse.
func Link(id string) (string, error) { return link(id) }

// ClientID is the client id of an order link.
func ClientID(l string) string { return clientID(l) }

// Signer signs with c: REST requests and logins.
func Signer(c Credentials) (request func(stamp, window, query string, body []byte) ([]byte, error), login func(time.Time) ([]byte, error), err error) {
	s, err := newSigner(c)
	if s == nil {
		return nil, nil, err
	}
	request = func(stamp, window, query string, body []byte) ([]byte, error) {
		return s.request(make([]byte, 0, 64), stamp, window, query, body)
	}
	return request, func(t time.Time) ([]byte, error) { return s.login(nil, t) }, err
}

// Appender is Signer's request into memory of the caller's.
func Appender(c Credentials) func(dst []byte, stamp, window, query string, body []byte) ([]byte, error) {
	s, err := newSigner(c)
	if err != nil {
		panic(err)
	}
	return s.request
}

// Classify sorts an answer by its status and code.
func Classify(write bool, status, code int) (class, outcome error) {
	return classify(write, status, code)
}

// Standing reports whether a code says that nothing had to be done.
func Standing(code int) bool {
	c, _ := judge(code)
	return c == standing
}

// Answer takes an answer apart.
func Answer(write bool, status int, body []byte) ([]byte, *exchange.Error) {
	e, err := answer(write, status, body)
	return e.Result, err
}

// Wire is what a request is on its way.
type Wire struct {
	Method, Path, Query, Body, Socket string
}

func wired(c call) Wire { return Wire{c.method, c.path, c.query, string(c.body), c.ws} }

// Placing and the others build requests.
func Placing(r exchange.OrderRequest, name, link string) Wire { return wired(placing(&r, name, link)) }

// Amending builds a change.
func Amending(k exchange.Kind, name, venueID, link string, c exchange.Change) Wire {
	return wired(amending(k, name, target{venueID, link}, c))
}

// Cancelling builds a cancellation.
func Cancelling(k exchange.Kind, name, venueID, link string) Wire {
	return wired(cancelling(k, name, target{venueID, link}))
}

// CancellingAll builds one of all orders.
func CancellingAll(k exchange.Kind, name string) Wire { return wired(cancellingAll(k, name)) }

// OpenOrders builds a read of the working orders, as the rest do.
func OpenOrders(k exchange.Kind, name, cursor string) Wire {
	return wired(openOrders(k, name, "", cursor))
}

// Executions builds a read of fills.
func Executions(k exchange.Kind, name string, from, to time.Time) Wire {
	return wired(executions(k, name, from, to, ""))
}

// Positions builds a read of positions.
func Positions(settle string) Wire { return wired(positionsIn(settle, "")) }

// Wallet builds a read of balances.
func Wallet() Wire { return wired(wallet()) }

// Parsed is what was read of a payload.
type Parsed struct {
	Orders    []exchange.Order
	Fills     []exchange.Fill
	Balances  []exchange.Balance
	Positions []exchange.Position
	Rates     map[string]exchange.FeeRates
	IDs       [][2]string
	Cursor    string
}

// Parser reads payloads about markets that symbol knows.
type Parser struct{ p parser }

// NewParser knows symbols by the venue's habit: BTCUSDT, BTCPERP.
func NewParser(account exchange.AccountID, symbol func(exchange.Kind, string) (exchange.Symbol, bool)) Parser {
	return Parser{parser{account: account, symbol: symbol, asked: new(asked)}}
}

// Asked notes a price.
func (p Parser) Asked(id, price string) { p.p.asked.note(id, exchange.MustDecimal(price), false) }

// Orders reads a page of orders.
func (p Parser) Orders(k exchange.Kind, result []byte) (r Parsed, err error) {
	var l page[orderRow]
	if err = decode(result, &l); err != nil {
		return r, err
	}
	r.Cursor = string(l.NextPageCursor)
	for i := range l.List {
		o, ok, err := p.p.order(k, &l.List[i])
		if err != nil {
			return r, err
		}
		if ok {
			r.Orders = append(r.Orders, o)
		}
	}
	return r, nil
}

// Fills reads a page of executions.
func (p Parser) Fills(k exchange.Kind, result []byte) (r Parsed, err error) {
	var l page[executionRow]
	if err = decode(result, &l); err != nil {
		return r, err
	}
	r.Cursor = string(l.NextPageCursor)
	for i := range l.List {
		f, ok, err := p.p.fill(k, &l.List[i])
		if err != nil {
			return r, err
		}
		if ok {
			r.Fills = append(r.Fills, f)
		}
	}
	return r, nil
}

// Positions reads a page of positions.
func (p Parser) Positions(result []byte) (r Parsed, err error) {
	var l page[positionRow]
	if err = decode(result, &l); err != nil {
		return r, err
	}
	r.Cursor = string(l.NextPageCursor)
	for i := range l.List {
		o, ok, err := p.p.position(&l.List[i])
		if err != nil {
			return r, err
		}
		if ok {
			r.Positions = append(r.Positions, o)
		}
	}
	return r, nil
}

// Balances reads a wallet.
func (p Parser) Balances(result []byte) (r Parsed, err error) {
	var l page[walletRow]
	if err = decode(result, &l); err != nil {
		return r, err
	}
	r.Balances, err = balances(l.List)
	return r, err
}

// Rates reads fee rates.
func (p Parser) Rates(result []byte) (r Parsed, err error) {
	var l page[feeRow]
	if err = decode(result, &l); err != nil {
		return r, err
	}
	r.Rates = map[string]exchange.FeeRates{}
	for i := range l.List {
		f, err := l.List[i].rates()
		if err != nil {
			return r, err
		}
		r.Rates[string(l.List[i].Symbol)] = f
	}
	return r, nil
}

// Acks reads ids: one pair, or a list of them.
func (p Parser) Acks(result []byte) (r Parsed, err error) {
	var l struct {
		page[ids]
		ids
	}
	if err = decode(result, &l); err != nil {
		return r, err
	}
	for _, i := range append(l.List, l.ids) {
		r.IDs = append(r.IDs, [2]string{string(i.OrderID), string(i.OrderLinkID)})
	}
	return r, nil
}

// Time reads the venue's clock.
func (p Parser) Time(result []byte) (time.Time, error) {
	var t timeResult
	if err := decode(result, &t); err != nil {
		return time.Time{}, err
	}
	return t.time()
}

// Push reads a message of the private stream.
func (p Parser) Push(data []byte) (r Parsed, err error) {
	var m push
	if err = decode(data, &m); err != nil {
		return r, err
	}
	updates, err := p.p.updates(&m)
	for _, u := range updates {
		if u.Order != nil {
			r.Orders = append(r.Orders, *u.Order)
		}
		if u.Fill != nil {
			r.Fills = append(r.Fills, *u.Fill)
		}
		r.Balances, r.Positions = append(r.Balances, u.Balances...), append(r.Positions, u.Positions...)
	}
	return r, err
}

// Granted reads the venue's answer to a request over a socket.
func Granted(op string, data []byte) error {
	x, err := New(Config{})
	if err != nil {
		panic(err)
	}
	return x.granted(op, data)
}

// Reply reads an answer of the order entry socket.
func Reply(data []byte) (code string, ack [2]string, limit string, err error) {
	var r reply
	var i ids
	if err = decode(data, &r); err != nil {
		return
	}
	if len(r.Data) > 0 {
		err = decode(r.Data, &i)
	}
	return string(r.Code), [2]string{string(i.OrderID), string(i.OrderLinkID)}, string(r.Header["X-Bapi-Limit"]), err
}

// Frame is a request over the order entry socket.
func Frame(w Wire, id, stamp, window string) string {
	return string(frameOf(&call{ws: w.Socket, body: []byte(w.Body)}, id, stamp, window))
}

// Unlimited lets everything pass.
func Unlimited() *Limits {
	r := rules()
	for name, x := range r {
		x.Limit = 1 << 30
		r[name] = x
	}
	return &Limits{rest: rest.NewLimits(r), connects: rate.NewLimiter(rate.Inf, 1)}
}

// Once and OnceSlow look for members that come twice.
func Once(data []byte) (quick, slow error) { return once(data), onceSlow(data) }

// Told is what tests compare of an answer to a write.
type Told struct{ Code, Message, Result, Time, OrderID, OrderLinkID string }

// FastAnswer and SlowAnswer are its two readers.
func FastAnswer(body []byte, a *Told) bool {
	var told envelope
	if !fastAnswer(body, &told) {
		return false
	}
	return a.fill(told, fastIDs)
}

// SlowAnswer reads with encoding/json.
func SlowAnswer(body []byte, a *Told) error {
	var told envelope
	if err := decode(body, &told); err != nil {
		return err
	}
	a.fill(told, func(result []byte, w *ids) bool { return decode(result, w) == nil })
	return nil
}

func (a *Told) fill(told envelope, read func([]byte, *ids) bool) bool {
	*a = Told{Code: string(told.Code), Message: told.Message, Result: string(told.Result), Time: string(told.Time)}
	var w ids
	if len(told.Result) == 0 {
		return true
	}
	ok := read(told.Result, &w)
	if ok {
		a.OrderID, a.OrderLinkID = string(w.OrderID), string(w.OrderLinkID)
	}
	return ok
}
