package order

import (
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// quoter reads books for legs, into one reused Book.
type quoter struct {
	books Quoter
	book  exchange.Book
}

// quotes is what the books say about each leg now; nil without a Quoter when nobody needs more than the legs' own prices.
func (q *quoter) quotes(legs []exchange.OrderRequest) []Quote {
	r := make([]Quote, len(legs))
	for i := range legs {
		r[i] = q.quote(&legs[i])
	}
	return r
}

func (q *quoter) quote(l *exchange.OrderRequest) Quote {
	if q.books == nil {
		return Quote{Err: exchange.ErrUnavailable}
	}
	b := &q.book
	if !q.books.ReadBook(l.Market, b) {
		return Quote{Err: fmt.Errorf("order: no book of %s: %w", l.Market, exchange.ErrDown)}
	}
	r := Quote{VenueTime: b.VenueTime, RecvTime: b.RecvTime, Err: b.Err}
	if b.Err != nil {
		return r
	}
	if x, ok := b.Best(exchange.Sell); ok {
		r.Bid = b.Price(x)
	}
	if x, ok := b.Best(exchange.Buy); ok {
		r.Ask = b.Price(x)
	}
	r.Within = within(b, l)
	return r
}

// within is how much of l its limit price can get, at most all of it. It compares in the book's integers.
func within(b *exchange.Book, l *exchange.OrderRequest) exchange.Decimal {
	want, ok := l.Quantity.Ceil(exchange.Scaled(1, int(b.Scale.Size))).Int64(int(b.Scale.Size))
	tick := exchange.Scaled(1, int(b.Scale.Price))
	limit := l.Price.Floor(tick)
	if l.Side == exchange.Sell {
		limit = l.Price.Ceil(tick)
	}
	price, fits := limit.Int64(int(b.Scale.Price))
	if !ok || !fits {
		return exchange.Decimal{}
	}
	var have int64
	side := b.Side(l.Side)
	for i := len(side) - 1; i >= 0 && have < want; i-- {
		if l.Side == exchange.Buy && side[i].Price > price || l.Side == exchange.Sell && side[i].Price < price {
			break
		}
		have += min(side[i].Size, want-have)
	}
	if have == want {
		return l.Quantity
	}
	return exchange.Scaled(have, int(b.Scale.Size))
}
