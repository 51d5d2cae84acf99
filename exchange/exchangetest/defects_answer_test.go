package exchangetest_test

import (
	"errors"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// wrongDefects are stories that do not agree: one of those who tell of an order or of a fill tells something else.
func wrongDefects() []defect {
	listed := func(change func(*exchange.Fill)) func(*broken) { return func(b *broken) { b.fills = each(change) } }
	streamed := func(change func(*exchange.Order)) func(*broken) {
		return func(b *broken) { b.event = update(func(ev *exchange.Event) { change(&ev.Order) }) }
	}
	answered := func(op string, change func(*exchange.Order)) func(*broken) {
		return func(b *broken) { b.answer = on(op, change) }
	}
	opened := func(change func(*exchange.Order)) func(*broken) { return func(b *broken) { b.open = each(change) } }
	told := "told of fill"
	return []defect{
		{"a listed fill at another price", "spot/ioc-full perp/ioc-full", told, listed(func(f *exchange.Fill) { f.Price = f.Price.Add(dec("1")) })},
		{"a listed fill for another fee", "spot/limit-filled", told, listed(func(f *exchange.Fill) { f.Fee = f.Fee.Add(dec("1")) })},
		{"a listed fill for a fee of another asset", "spot/ioc-full", told, listed(func(f *exchange.Fill) { f.FeeAsset = "ETH" })},
		{"a listed fill by the other side", "spot/ioc-full", told, listed(func(f *exchange.Fill) { f.Side = f.Side.Opposite() })},
		{"a listed fill of the maker's", "spot/ioc-full", told, listed(func(f *exchange.Fill) { f.Maker = !f.Maker })},
		{"a listed fill of no order", "spot/ioc-full", told, listed(func(f *exchange.Fill) { f.ClientID = "" })},
		{"a listed fill of another order", "spot/ioc-full", told, listed(func(f *exchange.Fill) { f.ClientID = "other" })},
		{"a streamed fill at another price", "spot/ioc-full spot/missed-fills-cut", told, streamed(func(o *exchange.Order) {
			o.Fills = each(func(f *exchange.Fill) { f.Price = f.Price.Add(dec("1")) })(o.Fills)
		})},
		{"a streamed fill for another fee", "spot/limit-filled", told, streamed(func(o *exchange.Order) {
			o.Fills = each(func(f *exchange.Fill) { f.Fee = f.Fee.Add(dec("1")) })(o.Fills)
		})},
		{"a streamed order at another price", "spot/limit-resting", "the stream said", streamed(func(o *exchange.Order) { o.Price = o.Price.Add(dec("1")) })},
		{"a streamed order of another size", "spot/limit-resting", "the stream said", streamed(func(o *exchange.Order) { o.Quantity = o.Quantity.Add(dec("1")) })},
		{"a streamed order of the other side", "spot/ioc-full", "the stream said", streamed(func(o *exchange.Order) { o.Side = o.Side.Opposite() })},
		{"a streamed order with another id", "spot/limit-resting", "the stream said", streamed(func(o *exchange.Order) { o.VenueID += "x" })},
		{"a working order of the other side", "spot/replace-price spot/client-ids", "want what was placed and works", opened(func(o *exchange.Order) { o.Side = o.Side.Opposite() })},
		{"a working order of another type", "spot/replace-price", "want what was placed and works", opened(func(o *exchange.Order) { o.Type = exchange.TypeMarket })},
		{"a working order that is post-only", "spot/replace-price", "want what was placed and works", opened(func(o *exchange.Order) { o.PostOnly = !o.PostOnly })},
		{"a working order with another id", "spot/replace-price", "open orders said that order", opened(func(o *exchange.Order) { o.VenueID += "x" })},
		{"a placement that is answered as ended", "spot/limit-resting perp/limit-filled", "place said that order", answered("place", func(o *exchange.Order) {
			if o.Status == exchange.StatusAccepted {
				o.Status = exchange.StatusCanceled
			}
		})},
		{"a placement that is answered as filled", "spot/limit-resting", "place said that", answered("place", func(o *exchange.Order) {
			if o.Status == exchange.StatusAccepted {
				o.Status, o.Filled = exchange.StatusFilled, o.Quantity
			}
		})},
		{"a placement that is answered with another price", "spot/ioc-full", "filled at", answered("place", func(o *exchange.Order) { o.AvgPrice = times(o.AvgPrice, "3") })},
		{"a placement that is answered with another id", "spot/limit-resting", "has id", answered("place", func(o *exchange.Order) { o.VenueID += "77" })},
		{"a placement that is answered with another size", "spot/limit-resting", "is not about what was asked", answered("place", func(o *exchange.Order) {
			o.Quantity = o.Quantity.Add(dec("1"))
		})},
		{"a cancellation that is answered as a fill", "spot/limit-resting", "cancel said that", answered("cancel", func(o *exchange.Order) { o.Filled = o.Quantity })},
		{"a change that is answered as an end", "spot/replace-price", "replace said that", answered("replace", func(o *exchange.Order) { o.Status = exchange.StatusCanceled })},
		{"a change that is answered with the old price", "spot/replace-price", "the answer has", answered("replace", func(o *exchange.Order) {
			o.Price = o.Price.Sub(dec("1"))
		})},
		{"a negative wait", "spot/tick", "try again after", func(b *broken) {
			b.answer = failing("place", func(e *exchange.Error) error { e.RetryAfter = -time.Hour; return e })
		}},
		{"balances that are not told", "spot/funds perp/funds", "balances do not tell", func(b *broken) {
			b.balances = first[exchange.Balance](0)
		}},
		{"a FOK order that the venue has no time for", "spot/fok-killed perp/fok-killed", "want a refusal of the order itself", func(b *broken) {
			b.answer = func(op string, o *exchange.Order, err error) error {
				if op == "place" && err == nil && o.Status == exchange.StatusExpired {
					return &exchange.Error{Venue: "x", Op: "place", Outcome: exchange.ErrRejected, Class: exchange.ErrUnavailable}
				}
				return err
			}
		}},
		{"a post-only order that came too often", "spot/post-only-refused", "want a refusal of the order itself", func(b *broken) {
			b.answer = func(op string, o *exchange.Order, err error) error {
				var e *exchange.Error
				if op == "place" && errors.As(err, &e) {
					told := *e
					told.Class = exchange.ErrRateLimited
					return &told
				}
				return err
			}
		}},
	}
}
