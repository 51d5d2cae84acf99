package exchangetest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// on answers of op.
func on(op string, change func(*exchange.Order)) func(string, *exchange.Order, error) error {
	return func(got string, o *exchange.Order, err error) error {
		if got == op && err == nil {
			change(o)
		}
		return err
	}
}

// failing changes the errors of op.
func failing(op string, change func(*exchange.Error) error) func(string, *exchange.Order, error) error {
	return func(got string, _ *exchange.Order, err error) error {
		var e *exchange.Error
		if got == op && errors.As(err, &e) {
			told := *e
			return change(&told)
		}
		return err
	}
}

func class(c error) func(*exchange.Error) error {
	return func(e *exchange.Error) error { e.Class, e.Err = c, nil; return e }
}

func answerDefects() []defect {
	return []defect{
		{"an error of no type", "spot/cancel-unknown spot/tick", "is no *exchange.Error", func(b *broken) {
			b.answer = func(_ string, _ *exchange.Order, err error) error {
				if err != nil {
					return fmt.Errorf("%w: no more", exchange.ErrNotFound)
				}
				return nil
			}
		}},
		{"an error of another venue", "spot/tick", "error of venue", func(b *broken) {
			b.answer = failing("place", func(e *exchange.Error) error { e.Venue = "y"; return e })
		}},
		{"two classes", "spot/tick", "2 classes", func(b *broken) {
			b.answer = failing("place", func(e *exchange.Error) error { e.Err = exchange.ErrConflict; return e })
		}},
		{"a read with an outcome", "spot/cancel-unknown spot/context-before", "the error of a read has an outcome", func(b *broken) {
			b.answer = failing("lookup", func(e *exchange.Error) error { e.Outcome = exchange.ErrNotSent; return e })
		}},
		{"a write without an outcome", "spot/tick spot/funds", "has 0 outcomes", func(b *broken) {
			b.answer = failing("place", func(e *exchange.Error) error { e.Outcome = nil; return e })
		}},
		{"an error without the request", "spot/tick", "is about", func(b *broken) {
			b.answer = func(_ string, o *exchange.Order, err error) error {
				if err != nil {
					*o = exchange.Order{}
				}
				return err
			}
		}},
		{"an answer about another order", "spot/limit-resting", "is about", func(b *broken) {
			b.answer = on("place", func(o *exchange.Order) { o.ClientID += "x" })
		}},
		{"an unknown outcome for a refusal", "spot/tick spot/lot spot/minimum spot/funds spot/post-only-refused spot/reduce-only-spot spot/deadline-passed spot/account spot/unknown-symbol",
			"want a certain refusal", func(b *broken) {
				b.answer = failing("place", func(e *exchange.Error) error { e.Outcome = exchange.ErrOutcomeUnknown; return e })
			}},
		{"no class", "spot/tick spot/lot spot/minimum spot/funds perp/funds spot/reduce-only-spot spot/unknown-symbol", "want ", func(b *broken) {
			b.answer = failing("place", class(nil))
		}},
		{"a duplicate without its class", "spot/duplicate-id", "with the client id of a working order", func(b *broken) { b.answer = failing("place", class(nil)) }},
		{"a duplicate that is taken", "spot/duplicate-id perp/duplicate-id", "want the first one only", func(b *broken) {
			seen := map[string]bool{}
			b.request = func(r *exchange.OrderRequest) {
				if seen[r.ClientID] {
					r.ClientID += "-2"
				}
				seen[r.ClientID] = true
			}
		}},
		{"an end for one that ended", "spot/cancel-twice spot/cancel-filled", "cancel: no error", func(b *broken) {
			b.answer = func(op string, _ *exchange.Order, err error) error {
				if op == "cancel" {
					return nil
				}
				return err
			}
		}},
		{"an ended order without its class", "spot/cancel-twice spot/cancel-filled", "of an order that has ended", func(b *broken) {
			b.answer = failing("cancel", class(nil))
		}},
		{"a change of one that ended", "spot/replace-ended spot/replace-unknown", "replace", func(b *broken) { b.answer = failing("replace", class(exchange.ErrBanned)) }},
		{"an order that never was, found", "spot/cancel-unknown", "lookup of an order that never was", func(b *broken) { b.answer = failing("lookup", class(nil)) }},
		{"a dead context that sends", "spot/context-before", "with a context that has ended", func(b *broken) {
			b.context = func(op string, ctx context.Context) context.Context {
				if strings.HasPrefix(op, "stream") {
					return ctx
				}
				return context.WithoutCancel(ctx)
			}
		}},
		{"a context whose end is not told", "spot/context-after", "want context deadline exceeded", func(b *broken) {
			b.answer = failing("place", func(e *exchange.Error) error { e.Err = nil; return e })
		}},
	}
}

func orderDefects() []defect {
	tif := func(from, to exchange.TimeInForce) func(*broken) {
		return func(b *broken) {
			b.request = func(r *exchange.OrderRequest) {
				if r.TIF == from {
					r.TIF = to
				}
			}
		}
	}
	return []defect{
		{"a market order as half of it", "spot/market spot/market-thin perp/market", "ended as", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) {
				if r.Type == exchange.TypeMarket {
					r.Quantity = times(r.Quantity, "0.5")
				}
			}
		}},
		{"an IOC order that rests", "spot/ioc-partial spot/ioc-none", "is not ended", tif(exchange.IOC, exchange.GTC)},
		{"a FOK order in parts", "spot/fok-killed", "which should be refused", tif(exchange.FOK, exchange.IOC)},
		{"a FOK order that is none", "spot/fok-filled", "ended as", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) {
				if r.TIF == exchange.FOK {
					r.Quantity = times(r.Quantity, "10")
				}
			}
		}},
		{"a limit order that does not rest", "spot/limit-crossing spot/limit-resting", "is not ", tif(exchange.GTC, exchange.IOC)},
		{"fills at another price", "spot/ioc-full spot/limit-filled spot/limit-book spot/post-only-rests", "filled", func(b *broken) {
			b.answer = on("lookup", func(o *exchange.Order) {
				for i := range o.Fills {
					o.Fills[i].Price = o.Fills[i].Price.Add(dec("0.5"))
				}
			})
		}},
		{"an average that is none", "spot/ioc-full", "average price", func(b *broken) {
			b.answer = on("lookup", func(o *exchange.Order) { o.AvgPrice = times(o.AvgPrice, "1.001") })
		}},
		{"a maker that is called taker", "spot/limit-filled", "not the maker's", func(b *broken) {
			b.answer = on("lookup", func(o *exchange.Order) {
				for i := range o.Fills {
					o.Fills[i].Maker = false
				}
			})
		}},
		{"post-only that takes", "spot/post-only-refused perp/post-only-refused", "which should be refused", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) { r.PostOnly = false }
		}},
		{"post-only that is forgotten", "spot/post-only-rests", "does not tell that the order is post-only", func(b *broken) {
			b.answer = on("lookup", func(o *exchange.Order) { o.PostOnly = false })
		}},
		{"reduce-only that opens", "perp/reduce-only spot/reduce-only-spot", "refus", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) { r.ReduceOnly = false }
		}},
		{"contracts for base units", "perp/units", "want", func(b *broken) {
			b.positions = each(func(p *exchange.Position) { p.Quantity = times(p.Quantity, "10") })
		}},
		{"contracts of working orders", "perp/units spot/units spot/earlier-run spot/replace-price spot/replace-both", "open orders", func(b *broken) {
			b.open = each(func(o *exchange.Order) { o.Quantity, o.Filled = times(o.Quantity, "10"), times(o.Filled, "10") })
		}},
		{"an id in capitals", "spot/client-ids", "do not list", func(b *broken) {
			b.open = each(func(o *exchange.Order) { o.ClientID = "Q" + o.ClientID })
		}},
		{"a deadline that is not passed on", "spot/deadline-late perp/deadline-late", "was refused, and is filled", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) { r.Deadline = time.Time{} }
		}},
		{"a deadline an hour early", "spot/deadline-ahead perp/deadline-ahead", "deadline", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) {
				if !r.Deadline.IsZero() {
					r.Deadline = r.Deadline.Add(-time.Hour)
				}
			}
		}},
		{"a deadline that is not left to the venue", "spot/deadline-late", "0 requests to place", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) {
				if !r.Deadline.IsZero() {
					r.Market.Symbol.Quote = "EUR"
				}
			}
			b.context = func(op string, ctx context.Context) context.Context {
				if op != "place" {
					return ctx
				}
				ctx, cancel := context.WithCancel(ctx)
				cancel()
				return ctx
			}
		}},
		{"a deadline that has passed", "spot/deadline-passed", "is not ended", func(b *broken) {
			b.request = func(r *exchange.OrderRequest) { r.Deadline = time.Time{} }
		}},
	}
}

func changeDefects() []defect {
	return []defect{
		{"a price that stays", "spot/replace-price spot/replace-both spot/replace-again", "is not replaced", func(b *broken) {
			b.change = func(c *exchange.Change) { c.Price = times(c.Price, "0.9").Floor(dec("0.5")) }
		}},
		{"what remains for the total", "spot/replace-up spot/replace-down", "is not replaced", func(b *broken) {
			b.change = func(c *exchange.Change) { c.Quantity = c.Quantity.Sub(dec("0.02")) }
		}},
		{"another id without the former", "spot/replace-price", "former ones", func(b *broken) {
			n := 0
			b.answer = on("lookup", func(o *exchange.Order) { n++; o.VenueID += fmt.Sprint(n) })
		}},
		{"a fill that a change forgets", "spot/replace-up", "is not partially filled", func(b *broken) {
			b.answer = on("lookup", func(o *exchange.Order) { o.Filled, o.Fills = exchange.Decimal{}, nil })
		}},
		{"a change that makes fills undone", "spot/replace-below-filled", "less than has filled", func(b *broken) {
			b.change = func(*exchange.Change) {
				b.answer = on("lookup", func(o *exchange.Order) { o.Filled = times(o.Filled, "0.5") })
			}
		}},
		{"a change that does not cross", "spot/replace-crossing", "is not ended", func(b *broken) {
			b.change = func(c *exchange.Change) { c.Price = c.Price.Sub(dec("20")) }
		}},
		{"a cancellation that does nothing", "spot/cancel-part spot/cancel-by-venue-id spot/limit-crossing", "is not ended", func(b *broken) {
			b.skip = func(op string, ref exchange.OrderRef) (exchange.Order, bool) {
				return exchange.Order{OrderRequest: exchange.OrderRequest{Market: ref.Market, Account: ref.Account, ClientID: ref.ClientID}}, op == "cancel"
			}
		}},
		{"working orders that are not listed", "spot/earlier-run spot/pages perp/pages", "open orders", func(b *broken) {
			b.open = first[exchange.Order](0)
		}},
		{"one page of working orders", "spot/pages", "open orders", func(b *broken) { b.open = first[exchange.Order](100) }},
		{"one page of fills", "spot/pages", "fills, 100 of them", func(b *broken) { b.fills = first[exchange.Fill](100) }},
		{"overlapping pages of fills", "spot/pages", "want 110", func(b *broken) {
			b.fills = func(l []exchange.Fill) []exchange.Fill {
				if len(l) > 0 {
					l = append(l, l[len(l)-1])
				}
				return l
			}
		}},
	}
}
