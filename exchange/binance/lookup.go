package binance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// visible is after how long at the latest the venue shows an order that it has taken.
const visible = 3 * time.Second

// Lookup asks what became of an order, with its fills, those before replacements too. What the venue does not find it looks for among the
// working orders, before it is ErrNotFound. While a replacement's successor may still come up, the status of an order that was cancelled
// for it is StatusUnknown. Where the venue shows fewer fills than it counts, they are read again for about a second; what is missing then
// shows in Filled, and Fees are left out.
func (x *Exchange) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	if err := x.ownRef("lookup", ref); err != nil {
		return refOrder(ref), readError(err)
	}
	o, chain, err := x.lookUp(ctx, ref, 250*time.Millisecond, 750*time.Millisecond)
	if err != nil {
		return refOrder(ref), err
	}
	for _, former := range chain[:len(chain)-1] {
		former.Fills = nil
		x.tracker.Answered(former.Order)
	}
	unknown := o.Status == exchange.StatusUnknown
	o = x.tracker.Answered(o)
	o.Fees, o.AvgPrice = wholeOf(&o)
	if unknown {
		o.Status = exchange.StatusUnknown
	}
	return o, nil
}

// readError takes the outcome off: a read has none, and that it was not sent must not read as if the order that it asks about was not.
func readError(err error) error {
	var e *exchange.Error
	if errors.As(err, &e) {
		e.Outcome = nil
	}
	return err
}

// wholeOf are the fees and the average price of fills that add up to what o has filled. Of less than all of them the fees are not known: a
// part of them must not read as the whole.
func wholeOf(o *exchange.Order) ([]exchange.Amount, exchange.Decimal) {
	r := report{Order: *o}
	if !sumOf(o.Fills).Equal(o.Filled) {
		return nil, o.AvgPrice
	}
	if r.addFees(); o.AvgPrice.IsZero() {
		return r.Fees, averageOf(o.Fills, o.Filled)
	}
	return r.Fees, o.AvgPrice
}

func sumOf(fills []exchange.Fill) (sum exchange.Decimal) {
	for i := range fills {
		sum = sum.Add(fills[i].Quantity)
	}
	return sum
}

// lookUp is the newest of an order's names at the venue, with the fills of all of them, and all of them, the newest last. Fills that the venue
// counts but does not show yet are read again after the waits.
func (x *Exchange) lookUp(ctx context.Context, ref exchange.OrderRef, waits ...time.Duration) (exchange.Order, []report, error) {
	chain, err := x.chain(ctx, ref)
	if err != nil {
		return exchange.Order{}, nil, err
	}
	if err := x.addFills(ctx, chain, waits); err != nil {
		return exchange.Order{}, nil, err
	}
	x.past.keep(chain)
	o := chain[len(chain)-1].Order
	o.Fills, o.Former = nil, nil
	for i := range chain {
		o.Fills = append(o.Fills, chain[i].Fills...)
		if i < len(chain)-1 {
			o.Former = append(o.Former, chain[i].VenueID)
		}
	}
	if o.Status == exchange.StatusCanceled && x.expected(&chain[len(chain)-1]) {
		o.Status = exchange.StatusUnknown
	}
	return o, chain, nil
}

// addFills reads the fills of those of chain of which they are not known.
func (x *Exchange) addFills(ctx context.Context, chain []report, waits []time.Duration) error {
	for i := range chain {
		o := &chain[i]
		for sumOf(o.Fills).Cmp(o.Filled) < 0 {
			list, err := x.tradesOf(ctx, o)
			if err != nil {
				return err
			}
			if o.Fills = list; sumOf(list).Cmp(o.Filled) >= 0 || len(waits) == 0 {
				break
			}
			if err := rest.Sleep(ctx, waits[0]); err != nil {
				return err
			}
			waits = waits[1:]
		}
	}
	return nil
}

// linked is lookUp for the order stream, which looks again by itself.
func (x *Exchange) linked(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, _, err := x.lookUp(ctx, ref)
	return o, err
}

// status asks for one order.
func (x *Exchange) status(ctx context.Context, m exchange.Market, orderID, name string) (report, error) {
	c := lookupCall(m.Symbol.Kind, x.name(m.Symbol), orderID, name)
	return x.order(ctx, &c, "")
}

// tradesOf are all fills of one order.
func (x *Exchange) tradesOf(ctx context.Context, o *report) ([]exchange.Fill, error) {
	c := tradesCall("lookup", o.Market.Symbol.Kind, x.name(o.Market.Symbol), rest.Protects)
	if c.kind == exchange.Spot {
		c.weight = 5
	}
	c.params = append(c.params, param{name: "orderId", value: o.VenueID, integer: true})
	var all []exchange.Fill
	for base, from := c.params, ""; ; {
		c.params = slices.Clone(base)
		if from != "" {
			c.params = append(c.params, param{name: "fromId", value: from, integer: true})
		}
		page, err := x.page(ctx, &c)
		if err != nil {
			return nil, err
		}
		for _, f := range page {
			if f.VenueID == o.VenueID { // the venue may heed one of the two only
				f.ClientID = o.ClientID
				all = append(all, f)
			}
		}
		if len(page) < pageMax {
			return all, nil
		}
		if from, err = after(page); err != nil {
			return nil, c.damaged(err)
		}
	}
}

// page is one answer to c, oldest first.
func (x *Exchange) page(ctx context.Context, c *call) ([]exchange.Fill, error) {
	data, err := x.do(ctx, c)
	if err != nil {
		return nil, err
	}
	fills, err := x.reader(c.kind, nil).fills(data)
	if err != nil {
		return nil, c.damaged(err)
	}
	slices.SortStableFunc(fills, func(a, b exchange.Fill) int { return compareIDs(a.TradeID, b.TradeID) })
	return fills, nil
}

// compareIDs compares natural numbers.
func compareIDs(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// after is the id behind the last one of a page. Trades at one moment, on either side of a page's end, have ids of their own.
func after(page []exchange.Fill) (string, error) {
	n, err := strconv.ParseInt(page[len(page)-1].TradeID, 10, 64)
	if err != nil || n < 0 || n >= 1<<62 {
		return "", fmt.Errorf("binance: trade id %s: %w", page[len(page)-1].TradeID, exchange.ErrFrame)
	}
	return strconv.FormatInt(n+1, 10), nil
}
