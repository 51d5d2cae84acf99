package binance

import (
	"golang.org/x/time/rate"
	"reflect"

	"fmt"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Frame is what tests compare of a frame that was read.
type Frame struct {
	Kind   int
	ID     uint64
	Market string
	Seen   uint32
	E, T   int64
	Update book.Update
}

// Readers are the two readers of frames of BTCUSDT and ETHBTC.
func Readers(kind exchange.Kind) (fast func([]byte, *Frame) bool, slow func([]byte, *Frame) error) {
	symbols := []exchange.Symbol{{Base: "BTC", Quote: "USDT", Kind: kind}, {Base: "ETH", Quote: "BTC", Kind: kind}}
	p, err := newProtocol(Production(), kind, symbols, nil)
	if err != nil {
		panic(err)
	}
	d := p.decoder(func(*exchange.Book) {})
	frame := func(m *message, f *Frame) {
		*f = Frame{Kind: int(m.kind), ID: m.id, Seen: m.seen, E: m.event, T: m.engine, Update: m.update}
		if m.market != nil {
			f.Market = m.market.name
		}
	}
	return func(data []byte, f *Frame) bool {
			var m message
			ok := d.fast(data, &m)
			frame(&m, f)
			return ok
		}, func(data []byte, f *Frame) error {
			var m message
			err := d.slow(data, &m)
			frame(&m, f)
			return err
		}
}

// Snapshot is what tests compare of a snapshot that was read.
type Snapshot = snapshot

// SnapshotReaders are the two readers of REST snapshots.
func SnapshotReaders() (fast func([]byte, *Snapshot) bool, slow func([]byte, *Snapshot) error) {
	start := exchange.Scale{Price: -2, Size: -5}
	return func(b []byte, s *Snapshot) bool { return fastSnapshot(start, b, s) },
		func(b []byte, s *Snapshot) error { return slowSnapshot(start, b, s) }
}

// ParseInstruments is exported for tests on recorded answers.
func ParseInstruments(k exchange.Kind, body []byte) ([]exchange.Instrument, error) {
	info, err := parseInfo(body)
	if err != nil {
		return nil, err
	}
	return info.instruments(k), nil
}

// Sign is the signature of a payload, not yet encoded for a URL.
func Sign(c Credentials, payload string) (string, error) {
	s, err := newSigner(c)
	if err != nil {
		return "", err
	}
	b, err := s.sign(nil, []byte(payload))
	return string(b), err
}

// Param is a parameter of a request.
type Param struct {
	Name, Value string
	Integer     bool
}

func unexport(list []Param) (r []param) {
	for _, p := range list {
		r = append(r, param{p.Name, p.Value, p.Integer})
	}
	return r
}

// SignQuery is a signed query as it is sent.
func SignQuery(c Credentials, list []Param, now time.Time, window time.Duration) (string, error) {
	s, err := newSigner(c)
	if err != nil {
		return "", err
	}
	b, err := s.query(nil, unexport(list), timed(now, window))
	return string(b), err
}

// SignObject is the params of a call of the WebSocket API.
func SignObject(c Credentials, list []Param, now time.Time, window time.Duration, session bool) (string, error) {
	s, err := newSigner(c)
	if err != nil {
		return "", err
	}
	b, err := s.object(unexport(list), timed(now, window), session)
	return string(b), err
}

// SignAllocs signs once with memory that is there already.
func SignAllocs(c Credentials) func() {
	s, err := newSigner(c)
	if err != nil {
		panic(err)
	}
	list := []param{{name: "symbol", value: "BTCUSDT"}, {name: "side", value: "BUY"}, {name: "type", value: "LIMIT"}, {name: "timeInForce", value: "GTC"},
		{name: "quantity", value: "0.001"}, {name: "price", value: "61700.01"}, {name: "newClientOrderId", value: "ORD-20240521-8a3f-01"}, {name: "newOrderRespType", value: "FULL"}}
	when := timed(time.UnixMilli(1499827319559), 5*time.Second)
	b := make([]byte, 0, 2048)
	return func() {
		if _, err := s.query(b, list, when); err != nil {
			panic(err)
		}
	}
}

// VenueID and ClientID are the mapping of client ids.
func VenueID(k exchange.Kind, id string, n int) (string, error) { return venueID(k, id, n) }

// ClientID is the reverse of VenueID.
func ClientID(k exchange.Kind, v string) (string, int) { return clientID(k, v) }

// Refusal is what an answer of REST means.
func Refusal(k exchange.Kind, op string, write bool, status int, body string, now time.Time) error {
	if _, e := (subject{k, op, write}).answer(status, []byte(body), func() time.Time { return now }); e != nil {
		return e
	}
	return nil
}

// FrameRefusal is what an answer of the WebSocket API means.
func FrameRefusal(k exchange.Kind, op string, write bool, frame string, now time.Time) error {
	e, _, err := openEnvelope([]byte(frame))
	if err != nil {
		return err
	}
	if _, refused := (subject{k, op, write}).answered(e, now); refused != nil {
		return refused
	}
	return nil
}

// Listed reports whether a code has a meaning of its own in that market.
func Listed(k exchange.Kind, code int) bool {
	table := spotCodes
	if k == exchange.Perp {
		table = perpCodes
	}
	if _, ok := table[code]; ok {
		return true
	}
	_, ok := codes[code]
	return ok || code == -2010 || code == -2011 || k == exchange.Spot && (code == -2021 || code == -2022)
}

// Call is an operation in the venue's terms.
type Call struct {
	Op, Method, Path, Entry string
	Params                  []Param
	Write                   bool
	Weight, Orders          int
	Lane                    rest.Lane
}

func export(c call, err error) (Call, error) {
	x := Call{Op: c.op, Method: c.method, Path: c.path, Entry: c.entry, Write: c.write, Weight: c.weight, Orders: c.orders, Lane: c.lane}
	for _, p := range c.params {
		x.Params = append(x.Params, Param{p.name, p.value, p.integer})
	}
	return x, err
}

// PlaceCall builds an order.
func PlaceCall(r exchange.OrderRequest) (Call, error) {
	name, _ := venueSymbol(r.Market.Symbol, nil)
	id, err := venueID(r.Market.Symbol.Kind, r.ClientID, 0)
	if err != nil {
		return Call{}, err
	}
	var c call
	err = c.place(name, id, r)
	return export(c, err)
}

// CallOf builds the other operations; o is the order that they are about.
func CallOf(op string, k exchange.Kind, symbol string, o exchange.Order, c exchange.Change) (Call, error) {
	r := &report{Order: o, name: o.ClientID}
	switch op {
	case "cancel":
		return export(cancelCall(k, symbol, o.VenueID, o.ClientID), nil)
	case "cancel all":
		return export(cancelAllCall(k, symbol), nil)
	case "modify":
		return export(modifyCall(symbol, r, c.Price, c.Quantity), nil)
	case "amend":
		return export(amendCall(symbol, r, c.Quantity), nil)
	case "cancel replace":
		next := o.OrderRequest
		next.Price, next.Quantity = c.Price, c.Quantity
		if c, err := cancelReplaceCall(symbol, r, next); err != nil {
			return Call{}, err
		} else {
			return export(*c, nil)
		}
	case "countdown":
		return export(countdownCall(symbol, 100*time.Second), nil)
	case "lookup":
		return export(lookupCall(k, symbol, o.VenueID, o.ClientID), nil)
	case "open orders":
		return export(openOrdersCall("open orders", k, symbol, rest.Reads), nil)
	case "trades":
		return export(tradesCall("fills", k, symbol, rest.Reads), nil)
	case "balances":
		return export(balancesCall(k), nil)
	case "fees":
		return export(feesCall(k, symbol), nil)
	}
	panic(op)
}

// testReader knows symbols by their quote.
func testReader(k exchange.Kind) reader {
	return reader{kind: k, account: "main", symbol: func(name string) (exchange.Symbol, bool) {
		for _, quote := range []string{"USDT", "USD", "BTC", "BNB"} {
			if base, ok := strings.CutSuffix(name, quote); ok && base != "" {
				return exchange.Symbol{Base: exchange.Asset(base), Quote: exchange.Asset(quote), Kind: k}, true
			}
		}
		return exchange.Symbol{}, false
	}}
}

// ReadOrder reads an order of a REST answer.
func ReadOrder(k exchange.Kind, b []byte) (exchange.Order, error) {
	o, err := testReader(k).order(b)
	return o.Order, err
}

// ReadOrders reads a list of orders.
func ReadOrders(k exchange.Kind, b []byte) (list []exchange.Order, err error) {
	all, err := testReader(k).orders(b)
	for _, o := range all {
		list = append(list, o.Order)
	}
	return list, err
}

// ReadFills reads a list of trades.
func ReadFills(k exchange.Kind, b []byte) ([]exchange.Fill, error) { return testReader(k).fills(b) }

// ReadPositions reads a list of positions.
func ReadPositions(b []byte) ([]exchange.Position, error) {
	return testReader(exchange.Perp).positions(b)
}

// The other parsers of what an account reads.
var (
	SpotRows     = spotRows
	SpotBalances = spotBalances
	PerpBalances = perpBalances
	SpotFees     = spotFees
	PerpFees     = perpFees
	ServerTime   = serverTime
	ListenKey    = listenKey
	Hedged       = hedged
)

// Notice is a message of a private stream, read.
type Notice struct {
	Order     *exchange.Order
	Balances  []exchange.Balance
	Positions []exchange.Position
	Time      time.Time
	Gone      bool
	Replaced  bool
	Unlisted  string
}

// ReadEvent reads a message of a private stream.
func ReadEvent(k exchange.Kind, b []byte) (Notice, error) {
	n, err := testReader(k).event(b)
	x := Notice{Balances: n.balances, Positions: n.places, Time: n.time, Gone: n.gone, Unlisted: n.unlisted}
	if n.order != nil {
		x.Order, x.Replaced = &n.order.Order, n.order.replaced
	}
	return x, err
}

// Envelope is an answer of the WebSocket API, opened.
type Envelope struct {
	ID     string
	Status int
	Result []byte
	Limits string
}

// ReadEnvelope opens an answer of the WebSocket API.
func ReadEnvelope(b []byte) (Envelope, bool, error) {
	e, ok, err := openEnvelope(b)
	x := Envelope{ID: e.id, Status: e.status, Result: e.result}
	for _, l := range e.limits {
		x.Limits += fmt.Sprintf("%s %d %s %d/%d;", l.Type, l.Num, l.Interval, *l.Count, l.Limit)
	}
	return x, ok, err
}

// ReadReplacement reads the answer to a cancelReplace.
func ReadReplacement(b []byte) (before, after exchange.Order, err error) {
	x, y, err := testReader(exchange.Spot).replacement(b)
	return x.Order, y.Order, err
}

// SnapshotUpdate is what a snapshot holds.
func SnapshotUpdate(s *Snapshot) *book.Update { return &s.update }

// ReadDepth reads a frame of one market's deltas.
func ReadDepth(k exchange.Kind, symbol string, data []byte) (Frame, error) {
	s := exchange.MustSymbol(symbol)
	s.Kind = k
	p, err := newProtocol(Production(), k, []exchange.Symbol{s}, nil)
	if err != nil {
		return Frame{}, err
	}
	var m message
	err = p.decoder(func(*exchange.Book) {}).parse(data, &m)
	f := Frame{Kind: int(m.kind), E: m.event, T: m.engine, Update: m.update}
	if m.market != nil {
		f.Market = m.market.name
	}
	return f, err
}

// LimitOf is a dimension as it is now.
func LimitOf(l *Limits, name, scope string) (limit, used int) {
	return l.rest.Rule(name, scope).Limit, l.rest.Used(name, scope)
}

// Unlimited limits nothing: for benchmarks.
func Unlimited() *Limits {
	r := rules()
	for name, rule := range r {
		rule.Limit = 1 << 40
		r[name] = rule
	}
	return &Limits{rest: rest.NewLimits(r), connects: rate.NewLimiter(rate.Inf, 1)}
}

// FieldsReaders are the two readers of objects of the private side.
func FieldsReaders() (fast, slow func([]byte) ([][2]string, bool)) {
	list := func(f *fields) (r [][2]string) {
		for _, m := range f.members {
			r = append(r, [2]string{string(m.name), string(m.value)})
		}
		return r
	}
	return func(b []byte) ([][2]string, bool) {
			var f fields
			ok := f.fast(b)
			return list(&f), ok
		}, func(b []byte) ([][2]string, bool) {
			var f fields
			f.slow(b)
			return list(&f), f.err == nil
		}
}

// OrderReaders reads an order with the quick reader, which may decline, and with the one that has the last word: whether both say the same.
func OrderReaders(k exchange.Kind, b []byte) (quick, same bool) {
	o, ok := testReader(k).fast(b)
	if !ok {
		return false, true
	}
	slow, err := testReader(k).slow(b)
	return true, err == nil && reflect.DeepEqual(o, slow)
}
