package exchangetest_test

import (
	"context"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// update changes the events about orders.
func update(change func(*exchange.Event)) func(exchange.Event) []exchange.Event {
	return func(ev exchange.Event) []exchange.Event {
		if ev.Kind == exchange.OrderUpdate {
			change(&ev)
		}
		return []exchange.Event{ev}
	}
}

// drop leaves events out.
func drop(which func(exchange.Event) bool) func(exchange.Event) []exchange.Event {
	return func(ev exchange.Event) []exchange.Event {
		if which(ev) {
			return nil
		}
		return []exchange.Event{ev}
	}
}

func streamDefects() []defect {
	order := func(ev exchange.Event) bool { return ev.Kind == exchange.OrderUpdate }
	return []defect{
		{"a fill twice", "spot/ioc-full perp/ioc-full", "comes twice", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event {
				if len(ev.Order.Fills) > 0 {
					return []exchange.Event{ev, ev}
				}
				return []exchange.Event{ev}
			}
		}},
		{"an event that is lost", "spot/ioc-full spot/ioc-none spot/limit-filled spot/fok-filled spot/concurrency", "the stream said", func(b *broken) {
			b.event = drop(func(ev exchange.Event) bool { return order(ev) && ev.Order.Status.Final() })
		}},
		{"a fill that is lost", "spot/ioc-full spot/replace-again", "its fills are", func(b *broken) {
			b.event = update(func(ev *exchange.Event) { ev.Order.Fills = nil })
		}},
		{"an event of another venue", "spot/ioc-full", "event order of venue", func(b *broken) {
			b.event = update(func(ev *exchange.Event) { ev.Order.Market.Venue = "y" })
		}},
		{"an event of no account", "spot/stream-up", "event stream up of venue", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event { ev.Order.Account = ""; return []exchange.Event{ev} }
		}},
		{"an event without a time", "spot/stream-up", "without a time", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event { ev.Time = time.Time{}; return []exchange.Event{ev} }
		}},
		{"an order that is reopened", "spot/ioc-full", "cannot become", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event {
				again := ev
				if order(ev) && ev.Order.Status == exchange.StatusFilled {
					again.Order.Status, again.Order.Fills = exchange.StatusAccepted, nil
					return []exchange.Event{ev, again}
				}
				return []exchange.Event{ev}
			}
		}},
		{"a fill without an id", "spot/ioc-full", "without ids", func(b *broken) {
			b.event = update(func(ev *exchange.Event) {
				ev.Order.Fills = each(func(f *exchange.Fill) { f.TradeID = "" })(ev.Order.Fills)
			})
		}},
		{"a fill that nobody knows", "spot/ioc-full", "which lookup does not know", func(b *broken) {
			b.event = update(func(ev *exchange.Event) {
				ev.Order.Fills = each(func(f *exchange.Fill) { f.TradeID += "0" })(ev.Order.Fills)
			})
		}},
	}
}

func reconnectDefects() []defect {
	order := func(ev exchange.Event) bool { return ev.Kind == exchange.OrderUpdate }
	return []defect{
		{"a stream that does not come up", "spot/stream-up", "the first event is", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event {
				if ev.Kind == exchange.StreamUp {
					ev.Kind = exchange.OrderUpdate
				}
				return []exchange.Event{ev}
			}
		}},
		{"a stream that is up twice", "spot/stream-up", "while it is so already", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event { return []exchange.Event{ev, ev} }
		}},
		{"a stream that is down and up for nothing", "spot/stream-up", "went down", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event {
				down := ev
				down.Kind, down.Err = exchange.StreamDown, exchange.ErrDown
				return []exchange.Event{ev, down, ev}
			}
		}},
		{"a stream that does not say that it was down", "spot/missed-orders spot/missed-fills-disconnect spot/missed-fills-cut spot/missed-fills-stall spot/missed-fills-corrupt " +
			"spot/missed-fills-slow-reader", "does not say that it was down", func(b *broken) {
			b.event = drop(func(ev exchange.Event) bool { return !order(ev) && ev.Kind == exchange.StreamDown })
		}},
		{"a reconnect that does not reconcile", "spot/missed-orders spot/missed-fills-disconnect perp/missed-fills-stall", "the stream said", func(b *broken) {
			down := false
			b.event = func(ev exchange.Event) []exchange.Event {
				switch {
				case ev.Kind == exchange.StreamDown:
					down = true
				case ev.Kind == exchange.StreamUp:
					down = false
				case down:
					return nil
				}
				return []exchange.Event{ev}
			}
		}},
		{"what was missed, after the stream is up", "spot/missed-fills-disconnect", "when the stream is up again it has told", func(b *broken) {
			var late []exchange.Event
			down := false
			b.event = func(ev exchange.Event) []exchange.Event {
				switch {
				case ev.Kind == exchange.StreamDown:
					down = true
				case ev.Kind == exchange.StreamUp:
					down = false
				case down:
					late = append(late, ev)
					return nil
				default:
					r := append(late, ev)
					late = nil
					return r
				}
				return []exchange.Event{ev}
			}
		}},
		{"what is told twice, told twice", "spot/doubled-events", "comes twice", func(b *broken) {
			b.event = func(ev exchange.Event) []exchange.Event {
				if ev.Order.Status == exchange.StatusFilled {
					return []exchange.Event{ev, ev}
				}
				return []exchange.Event{ev}
			}
		}},
		{"a second stream without events", "spot/stream-twice", "the stream said", func(b *broken) {
			ups := 0
			b.event = drop(func(ev exchange.Event) bool {
				if ev.Kind == exchange.StreamUp {
					ups++
				}
				return ups > 1 && order(ev)
			})
		}},
		{"a stream that ends with another error", "spot/unsubscribe", "want the error of its context", func(b *broken) {
			b.ended = func(string, error) error { return exchange.ErrDown }
		}},
		{"a stream that ends without an error", "spot/unsubscribe spot/unknown-symbol", "ended without an error", func(b *broken) {
			b.ended = func(string, error) error { return nil }
		}},
		{"a stream whose context does not end it", "spot/unsubscribe", "does not return", func(b *broken) {
			b.context = func(op string, ctx context.Context) context.Context {
				if !strings.HasPrefix(op, "stream of books") {
					return ctx
				}
				late, cancel := context.WithCancel(context.WithoutCancel(ctx))
				context.AfterFunc(ctx, func() { time.AfterFunc(25*time.Minute, cancel) })
				return late
			}
		}},
	}
}

func accountDefects() []defect {
	fee := func(change func(*exchange.Fill)) func(string, *exchange.Order, error) error {
		return on("lookup", func(o *exchange.Order) {
			o.Fills = each(change)(o.Fills)
		})
	}
	return []defect{
		{"a fee's sign", "spot/fees perp/fees spot/fee-asset", "fee", func(b *broken) { b.answer = fee(func(f *exchange.Fill) { f.Fee = f.Fee.Neg() }) }},
		{"a fee's asset", "spot/fees", "want", func(b *broken) { b.answer = fee(func(f *exchange.Fill) { f.FeeAsset = "ETH" }) }},
		{"fees of half of the fills", "spot/ioc-full", "more by its fills", func(b *broken) { b.answer = fee(func(f *exchange.Fill) { f.Fee = times(f.Fee, "2") }) }},
		{"rates of another account", "spot/fees", "at a rate of", func(b *broken) {
			b.rates = func(r exchange.FeeRates, err error) (exchange.FeeRates, error) {
				r.Taker = times(r.Taker, "2")
				return r, err
			}
		}},
		{"rates of no symbol", "spot/fees", "fees of no symbol", func(b *broken) {
			b.rates = func(r exchange.FeeRates, _ error) (exchange.FeeRates, error) { return r, nil }
		}},
		{"nothing locked", "spot/balances-locked perp/balances-locked", "with an order of", func(b *broken) {
			b.balances = each(func(k *exchange.Balance) { k.Free, k.Locked = k.Total(), exchange.Decimal{} })
		}},
		{"locks that are not told", "spot/balances-locked", "with an order of", func(b *broken) {
			b.balances = each(func(k *exchange.Balance) { k.Locked = exchange.Decimal{} })
		}},
		{"an empty balance", "spot/balances-traded", "zero and listed", func(b *broken) {
			b.balances = func(l []exchange.Balance) []exchange.Balance { return append(l, exchange.Balance{Asset: "ETH"}) }
		}},
		{"an asset twice", "spot/balances-traded", "twice in one wallet", func(b *broken) {
			b.balances = func(l []exchange.Balance) []exchange.Balance { return append(l, l[0]) }
		}},
		{"balances that do not move", "spot/balances-traded spot/fee-asset", ", w", func(b *broken) {
			var kept []exchange.Balance
			b.balances = func(l []exchange.Balance) []exchange.Balance {
				if kept == nil {
					kept = l
				}
				return kept
			}
		}},
		{"a position without its sign", "perp/position perp/units", "position of", func(b *broken) {
			b.positions = each(func(p *exchange.Position) { p.Quantity = p.Quantity.Abs() })
		}},
		{"an average for the cost", "perp/position", "cost", func(b *broken) {
			b.positions = each(func(p *exchange.Position) { p.Cost = p.Cost.Quo(p.Quantity, 8, exchange.HalfEven) })
		}},
		{"a position that is closed and listed", "perp/position", "quantity 0", func(b *broken) {
			b.positions = func(l []exchange.Position) []exchange.Position {
				return append(l, exchange.Position{Market: exchange.Market{Venue: "x", Symbol: exchange.MustSymbol("ETH-USDT-PERP")}, Account: "main"})
			}
		}},
		{"fills from any time", "spot/fills-since", "since the last order", func(b *broken) {
			var all []exchange.Fill
			b.fills = func(l []exchange.Fill) []exchange.Fill {
				if len(l) > len(all) {
					all = l
				}
				return all
			}
		}},
		{"fills newest first", "spot/fills-since", "comes before", func(b *broken) {
			b.fills = func(l []exchange.Fill) (r []exchange.Fill) {
				for i := range l {
					r = append(r, l[len(l)-1-i])
				}
				return r
			}
		}},
		{"a fill that is listed twice", "spot/ioc-full", "the list of fills has", func(b *broken) {
			b.fills = func(l []exchange.Fill) []exchange.Fill { return append(l, l...) }
		}},
		{"all orders but one", "spot/cancel-all perp/cancel-all", "is not ended", func(b *broken) {
			b.ability = func(string, func() error) error { return nil }
		}},
		{"the orders of every market", "spot/cancel-all", "was cancelled too", func(b *broken) {
			b.ability = func(op string, do func() error) error {
				if op == "cancel all" {
					_ = b.Exchange.CancelAll(context.Background(), exchange.MustSymbol("BTC-USDT-PERP"))
				}
				return do()
			}
		}},
		{"a switch that is never thrown", "spot/dead-man perp/dead-man", "is not ended", func(b *broken) {
			b.ability = func(string, func() error) error { return nil }
		}},
		{"a clock that is wrong", "spot/server-time", "the venue's clock is", func(b *broken) {
			b.clock = func(t time.Time) time.Time { return t.Add(time.Hour) }
		}},
	}
}
