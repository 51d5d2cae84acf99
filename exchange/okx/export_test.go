package okx

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Message is one decoded frame.
type Message = message

// Fast is the first reader, to which every market in scale is followed.
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
	return &reader{start: func(channel, inst []byte) (exchange.Scale, bool) {
		return scale, string(channel) == "books" && string(inst) != "OTHER"
	}}
}

// VenueID and ClientID are the two ways of client ids.
func VenueID(id string) (string, error) { return venueID(id) }

// ClientID undoes VenueID.
func ClientID(v string) string { return clientID(v) }

// Signer signs REST requests.
func Signer(c Credentials) func(stamp, method, target string, body []byte) string {
	s, err := newSigner(c)
	if err != nil {
		panic(err)
	}
	return s.request
}

// LoginSigner signs logins.
func LoginSigner(c Credentials) func(time.Time) (stamp, signature string) {
	s, err := newSigner(c)
	if err != nil {
		panic(err)
	}
	return s.login
}

// Sign signs one REST request.
func Sign(c Credentials, stamp, method, target string, body []byte) string {
	return Signer(c)(stamp, method, target, body)
}

// SignLogin signs one login.
func SignLogin(c Credentials, at time.Time) (stamp, signature string) { return LoginSigner(c)(at) }

// CheckCredentials is New's check.
func CheckCredentials(c Credentials) error {
	_, err := newSigner(c)
	return err
}

// Call is how something was asked.
type Call = call

// The kinds of Call.
const (
	Read   = read
	Write  = write
	Batch  = batch
	Socket = socket
)

// Payload takes an answer apart.
func Payload(c Call, status int, body []byte) ([]byte, error) {
	data, e := payload(c, status, body)
	if e != nil {
		return nil, e
	}
	return data, nil
}

// Listed reports whether a code is in the table.
func Listed(code string) bool { return codes[code] != unlisted }

// Market is what tests know of one.
type Market struct {
	exchange.Instrument
	Code, Group, Quote string
}

func (m Market) details() *details {
	return &details{Instrument: m.Instrument, code: m.Code, group: m.Group, quote: m.Quote}
}

// Pushes reads the pushes of a connection on which markets are known.
func Pushes(account exchange.AccountID, markets ...Market) func(frame []byte) ([]private.Update, error) {
	r := newPushReader(account, func(inst string) (*details, bool) {
		for _, m := range markets {
			if m.VenueSymbol == inst {
				return m.details(), true
			}
		}
		return nil, false
	})
	return func(frame []byte) ([]private.Update, error) {
		var p push
		if err := json.Unmarshal(frame, &p); err != nil {
			return nil, fmt.Errorf("%w: %w", err, exchange.ErrFrame)
		}
		return r.updates(&p)
	}
}

// Event is a frame that is no push.
type Event struct{ Event, Channel, Code, Message, ID, Op string }

// ReadEvent reads one.
func ReadEvent(frame []byte) (Event, error) {
	var p push
	err := json.Unmarshal(frame, &p)
	return Event{string(p.Event), string(p.Arg.Channel), string(p.Code), string(p.Message), string(p.ID), string(p.Op)}, err
}

// Order reads an order's row.
func Order(m Market, account exchange.AccountID, row []byte) (exchange.Order, error) {
	w, err := one[orderRow]([]byte("[" + string(row) + "]"))
	if err != nil {
		return exchange.Order{}, err
	}
	return w.order(m.Instrument, account)
}

// Fill reads a fill's row.
func Fill(m Market, account exchange.AccountID, row []byte) (exchange.Fill, error) {
	w, err := one[fillRow]([]byte("[" + string(row) + "]"))
	if err != nil {
		return exchange.Fill{}, err
	}
	return w.fill(m.Instrument, account)
}

// Balances reads an account's row.
func Balances(row []byte) ([]exchange.Balance, time.Time, error) {
	w, err := one[accountRow]([]byte("[" + string(row) + "]"))
	if err != nil {
		return nil, time.Time{}, err
	}
	f := fields{}
	at := f.time("uTime", w.UTime)
	b, err := w.balances()
	if err == nil {
		err = f.err
	}
	return b, at, err
}

// Position reads a position's row.
func Position(m Market, account exchange.AccountID, row []byte) (exchange.Position, error) {
	w, err := one[positionRow]([]byte("[" + string(row) + "]"))
	if err != nil {
		return exchange.Position{}, err
	}
	return w.position(m.Instrument, account)
}

// Rates reads a row of fees.
func Rates(m Market, row []byte) (exchange.FeeRates, error) {
	w, err := one[feeRow]([]byte("[" + string(row) + "]"))
	if err != nil {
		return exchange.FeeRates{}, err
	}
	return w.rates(m.details())
}

// Mode reads how an account trades.
func Mode(row []byte) (spot, swap string, err error) {
	w, err := one[configRow]([]byte("[" + string(row) + "]"))
	if err != nil {
		return "", "", err
	}
	m, err := w.mode()
	return m.spot, m.swap, err
}

// Ack is a row of an acknowledgement.
type Ack struct{ OrdID, ClOrdID, SCode, SMsg, TS string }

// Acks reads the rows of acknowledgements.
func Acks(data []byte) ([]Ack, error) {
	rows, err := ackRows(data)
	var r []Ack
	for _, w := range rows {
		r = append(r, Ack{string(w.OrdID), string(w.ClOrdID), string(w.SCode), string(w.SMsg), string(w.TS)})
	}
	return r, err
}

// ServerTime reads the venue's time.
func ServerTime(data []byte) (time.Time, error) { return serverTime(data) }

// PlaceRequest is what Place sends over REST.
func PlaceRequest(r exchange.OrderRequest, m Market, spot, swap string) (path string, b []byte, err error) {
	p, err := placingOf(&r, m.details(), mode{spot, swap})
	if err != nil {
		return "", nil, err
	}
	return placePath, body(p), nil
}

// ReplaceRequest is what Replace sends, but for the request's id.
func ReplaceRequest(ref exchange.OrderRef, c exchange.Change, m Market) (path string, b []byte, err error) {
	a, err := amendingOf(&ref, c, m.details())
	return amendPath, body(a), err
}

// Working lists the working orders of all markets.
func Working(ctx context.Context, x *Exchange) ([]exchange.Order, error) { return x.working(ctx) }

// History asks for the ended orders of a market.
func History(ctx context.Context, x *Exchange, s exchange.Symbol) error {
	d, err := x.details(ctx, "test", s)
	if err != nil {
		return err
	}
	_, err = x.history(ctx, d)
	return err
}

// NoLimits lets pass what a benchmark sends.
func NoLimits() *Limits {
	r := rules()
	for name, x := range r {
		x.Limit = 1 << 30
		r[name] = x
	}
	return &Limits{rest: rest.NewLimits(r), connects: NewLimits().connects}
}

// TakeOver reads what Payload hands over of an acknowledged order.
func TakeOver(data []byte) Ack {
	w := takeOver(data)
	return Ack{OrdID: string(w.OrdID), ClOrdID: string(w.ClOrdID), TS: string(w.TS)}
}

// FastAck and SlowAck are the two readers of an answer to an order, as text; "" where it is not read.
func FastAck(body []byte) string {
	var told ackAnswer
	if !fastAck(body, &told) {
		return ""
	}
	return fmt.Sprintf("%+v", told)
}

// SlowAck has the last word.
func SlowAck(body []byte) string {
	told, err := slowAck(body)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%+v", told)
}

// OrdersRule is how many orders an account may send in a window.
func OrdersRule(l *Limits, account string) int { return l.rest.Rule(byOrders, account).Limit }

// Bodies are an order's body, and what encoding/json makes of it; false: the quick way does not take it.
func Bodies(inst, mode, id, side, kind, size, price, target, quote string, ban, reduce bool) (quick, whole []byte, ok bool) {
	p := placing{InstID: inst, TdMode: mode, ClOrdID: id, Side: side, OrdType: kind, Sz: size, Px: price, TgtCcy: target, TradeQuote: quote, BanAmend: ban,
		ReduceOnly: reduce}
	quick, ok = p.quick()
	whole, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return quick, whole, ok
}

// Prefix is what all ids of requests begin with.
func Prefix(x *Exchange) string { return x.prefix }

// Changes remembers orders that were amended.
func Changes() (add func(ordID string), has func(ordID string) bool) {
	var c changes
	return c.add, c.has
}
