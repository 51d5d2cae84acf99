package exchangetest_test

import (
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// want is what a cell must show.
type want struct {
	outcome error // of a call; of a question anything that is not nil: an error
	class   error // of the error, or of the invalid book; nil: any of a call, none of a stream
	effect  bool  // the call takes effect
	sent    int   // requests that reach the venue; of two connections, that of the one that needs fewer; 0: any
	most    int   // that of the other

	impossible string // why there is no such thing
}

// wanted is what adapter and venue must do when op meets f.
func wanted(c column, op sim.Op, f sim.Fault) want {
	if why := impossible(c, op, f); why != "" {
		return want{impossible: why}
	}
	switch op {
	case sim.OpBooks:
		return wantedOfBooks(c, f)
	case sim.OpOrders:
		return wantedOfOrders(f)
	case sim.OpConnect, sim.OpLogin, sim.OpSubscribe:
		return wantedOfSetup(c, op, f)
	case sim.OpLookup, sim.OpRead:
		return wantedOfQuestion(f)
	}
	return wantedOfChange(c, op, f)
}

// impossible says why no protocol, or not this one, has such a thing.
func impossible(c column, op sim.Op, f sim.Fault) string {
	switch {
	case f.Meets(op):
	case f == sim.Partial:
		return "only what trades can execute in part"
	case f == sim.FillAfterCancel:
		return "only an order that is there before the call can trade meanwhile"
	case f == sim.RejectAfterAck:
		return "an answer that says all is no acknowledgement"
	case f == sim.StaleBook || f == sim.CrossedBook:
		return "the order stream has no book"
	case f == sim.HTML:
		return "no proxy writes pages into a socket"
	case f == sim.Late || f == sim.Skew:
		return "what begins a connection, or a topic, carries no time"
	default:
		return "a connection that is not there yet has no end"
	}
	switch {
	case c.venue == binance.Venue && op == sim.OpCancel && f == sim.RejectAfterAck:
		return "Binance's answer to a cancellation is the cancellation"
	case c.venue == binance.Venue && op == sim.OpLogin && (f == sim.Late || f == sim.Disconnect):
		return "Binance's listen key is asked for over HTTP, without a time"
	case c.venue == okx.Venue && slices.Contains(callOps, op) && op != sim.OpPlace && f == sim.Late:
		return "OKX is told deadlines of orders only"
	}
	return ""
}

// The answers to a change: it is done; nobody knows; refused; refused, sent again and done.
func done() want    { return want{effect: true, sent: 1} }
func unknown() want { return want{outcome: exchange.ErrOutcomeUnknown, effect: true, sent: 1} }
func again() want   { return want{effect: true, sent: 2} }
func refused(class error) want {
	return want{outcome: exchange.ErrRejected, class: class, sent: 1}
}

// feared is unknown of what did not happen.
func feared(class error) want {
	return want{outcome: exchange.ErrOutcomeUnknown, class: class, sent: 1}
}

// wantedOfChange is of place, replace, cancel and cancel all. What was refused with certainty, and may pass soon, is sent again where that
// takes risk away, and after a refusal for its rate; over a socket it never is.
func wantedOfChange(c column, op sim.Op, f sim.Fault) want {
	if w, ok := except(c, op, f); ok {
		return w
	}
	socket := c.socket && op != sim.OpCancelAll // which goes over REST
	protects := op == sim.OpCancel || op == sim.OpCancelAll
	switch f {
	case sim.Partial, sim.Slow, sim.SlowAck, sim.Duplicated, sim.FillAfterCancel:
		return done()
	case sim.RejectAfterAck:
		return want{sent: 1}
	case sim.Reset:
		return feared(nil)
	case sim.RateLimited:
		if socket {
			return refused(exchange.ErrRateLimited)
		}
		return again()
	case sim.Refused, sim.Overloaded503, sim.Failed503:
		if protects && !socket {
			return again()
		}
		return refused(exchange.ErrUnavailable)
	case sim.Banned:
		return refused(exchange.ErrBanned)
	case sim.Late, sim.Skew:
		return refused(exchange.ErrClockSkew)
	}
	return unknown()
}

// except is what a venue's own words make different.
func except(c column, op sim.Op, f sim.Fault) (want, bool) {
	socket := c.socket && op != sim.OpCancelAll
	switch {
	case c.venue != okx.Venue && c.venue != bybit.Venue:
	case f == sim.Failed503: // neither has words for it that are certain
		return feared(exchange.ErrUnavailable), true
	case f == sim.Banned && socket: // told as too many requests
		return refused(exchange.ErrRateLimited), true
	case c.venue == bybit.Venue:
	case f == sim.Banned: // a bare 403: nothing is documented
		return feared(exchange.ErrBanned), true
	case f == sim.Late:
		return refused(nil), true
	case f == sim.Skew && socket: // told as an expiry that has passed
		return refused(nil), true
	case f == sim.Overloaded503 && socket:
		return feared(exchange.ErrUnavailable), true
	case f == sim.Refused && op == sim.OpCancelAll: // a batch: its rows are not sent again
		return refused(exchange.ErrUnavailable), true
	case f == sim.RejectAfterAck && op == sim.OpReplace: // the adapter waits for the stream's word on an amendment
		return refused(nil), true
	}
	return want{}, false
}

// wantedOfQuestion: questions are asked again, but where the answer is one that another try would not better.
func wantedOfQuestion(f sim.Fault) want {
	switch f {
	case sim.Slow, sim.SlowAck, sim.Duplicated:
		return want{sent: 1}
	case sim.Garbage, sim.Empty:
		return want{outcome: exchange.ErrUnavailable, sent: 1}
	case sim.Banned:
		return want{outcome: exchange.ErrBanned, class: exchange.ErrBanned, sent: 1}
	}
	return want{sent: 2}
}

// wantedOfSetup: whatever it is, connections come up, at the second try where the first does not; OKX and Bybit send a topic that was not
// acknowledged all the same. A connection of OKX's has up to three topics.
func wantedOfSetup(c column, op sim.Op, f sim.Fault) want {
	w := want{sent: 2, most: 2}
	switch {
	case f == sim.Slow || f == sim.SlowAck:
		w = want{sent: 1, most: 1}
	case c.venue != binance.Venue && op == sim.OpSubscribe && (f == sim.LostAck || f == sim.Unknown503 || f == sim.ServerError):
		w.sent = 1
	}
	if c.venue == okx.Venue && op == sim.OpSubscribe {
		w.most *= 3
	}
	switch {
	case c.entry != "" && op == sim.OpLogin: // two sockets log in, and both fail
		w.sent, w.most = 2*w.sent, 2*w.most
	case c.entry != "": // two are opened, and one fails
		w.sent, w.most = w.sent+1, w.most+1
	}
	if c.venue != binance.Venue && op == sim.OpConnect && f == sim.Banned { // nothing says for how long
		w.sent, w.most = 0, 12
	}
	return w
}

func wantedOfBooks(c column, f sim.Fault) want {
	switch f {
	case sim.Disconnect, sim.Cut, sim.SlowReader, sim.Stall:
		return want{class: exchange.ErrDown}
	case sim.Drop, sim.Swapped:
		return want{class: exchange.ErrGap}
	case sim.Corrupt:
		return want{class: exchange.ErrFrame}
	case sim.CrossedBook:
		return want{class: exchange.ErrCrossed}
	case sim.Twice:
		if c.venue == okx.Venue || c.name == "binance-perp" { // their messages name the one before: a copy does not follow
			return want{class: exchange.ErrGap}
		}
	}
	return want{}
}

// wantedOfOrders: what no connection shows is made up for by the next that is told of the order; nothing is lost. Where no more is told of it,
// no venue's stream has a sign that something is missing: that is found by who looks the order up.
func wantedOfOrders(f sim.Fault) want {
	switch f {
	case sim.Disconnect, sim.Cut, sim.SlowReader, sim.Stall, sim.Corrupt:
		return want{class: exchange.ErrUnavailable}
	}
	return want{}
}
