package binance

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
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
	return parseInstruments(nil, k, body)
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
	if _, e := (subject{k, op, write}).answer(status, []byte(body), now); e != nil {
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
