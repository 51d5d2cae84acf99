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
// for it is StatusUnknown.
func (x *Exchange) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	if err := x.ownRef("lookup", ref); err != nil {
		return refOrder(ref), readError(err)
	}
	o, chain, err := x.lookUp(ctx, ref)
	if err != nil {
		return refOrder(ref), err
	}
	for _, former := range chain[:len(chain)-1] {
		former.Fills = nil
		x.tracker.Answered(former.Order)
	}
	unknown := o.Status == exchange.StatusUnknown
	o = x.tracker.Answered(o)
	o.Fees = feesOf(o.Fills, o.Fees)
	if o.AvgPrice.IsZero() {
		o.AvgPrice = averageOf(o.Fills, o.Filled)
	}
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

// feesOf are the fees of fills, which are all of them where there are any.
func feesOf(fills []exchange.Fill, told []exchange.Amount) []exchange.Amount {
	if len(fills) == 0 {
		return told
	}
	var r report
	r.Fills = fills
	r.addFees()
	return r.Fees
}

// lookUp is the newest of an order's names at the venue, with the fills of all of them, and all of them, the newest last.
func (x *Exchange) lookUp(ctx context.Context, ref exchange.OrderRef) (exchange.Order, []report, error) {
	chain, err := x.chain(ctx, ref)
	if err != nil {
		return exchange.Order{}, nil, err
	}
	var fills []exchange.Fill
	for i := range chain {
		o := &chain[i]
		if o.Filled.IsZero() {
			continue
		}
		list, err := x.tradesOf(ctx, o)
		if err != nil {
			return exchange.Order{}, nil, err
		}
		fills = append(fills, list...)
	}
	last := &chain[len(chain)-1]
	last.Fills = fills
	last.Former = nil
	for _, o := range chain[:len(chain)-1] {
		last.Former = append(last.Former, o.VenueID)
	}
	if last.Status == exchange.StatusCanceled && x.expected(last.Order.Ref()) {
		last.Status = exchange.StatusUnknown
	}
	return last.Order, chain, nil
}

// linked is lookUp for the order stream.
func (x *Exchange) linked(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, _, err := x.lookUp(ctx, ref)
	return o, err
}

// chain is what the venue tells of an order and, on spot, of those that came before and after it by replacement.
func (x *Exchange) chain(ctx context.Context, ref exchange.OrderRef) ([]report, error) {
	orderID, name, err := x.present(ref)
	if err != nil {
		return nil, readError(notSent("lookup", err))
	}
	m := ref.Market
	o, err := x.status(ctx, m, orderID, name)
	if errors.Is(err, exchange.ErrNotFound) && ref.ClientID != "" {
		if heir, found := x.heir(ctx, m, ref.ClientID); found && (orderID == "" || heir.VenueID == orderID || heir.successor > 0) {
			o, err = heir, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if ref.ClientID != "" && o.ClientID != ref.ClientID {
		return nil, &exchange.Error{Venue: Venue, Op: "lookup", Class: exchange.ErrConflict, Message: "the venue's id is another order's"}
	}
	chain := []report{o}
	if m.Symbol.Kind != exchange.Spot {
		return chain, nil
	}
	if chain, err = x.predecessors(ctx, m, chain); err != nil {
		return nil, err
	}
	return x.successors(ctx, m, chain)
}

// predecessors puts those of the first of chain before it. They ended for their successors. The venue's ids rise with time, which tells
// them from the orders of a client id that was used again.
func (x *Exchange) predecessors(ctx context.Context, m exchange.Market, chain []report) ([]report, error) {
	for n := chain[0].successor - 1; n >= 0; n-- {
		name, err := venueID(m.Symbol.Kind, chain[0].ClientID, n)
		if err != nil {
			return nil, readError(notSent("lookup", err))
		}
		o, err := x.status(ctx, m, "", name)
		switch {
		case errors.Is(err, exchange.ErrNotFound): // without a fill it is forgotten after a while
			continue
		case err != nil:
			return nil, err
		case compareIDs(o.VenueID, chain[0].VenueID) >= 0:
			return nil, &exchange.Error{Venue: Venue, Op: "lookup", Class: exchange.ErrConflict,
				Message: "the client id was used again: what filled before the order was replaced cannot be told"}
		}
		o.Status = exchange.StatusReplaced
		chain = slices.Insert(chain, 0, o)
	}
	return chain, nil
}

// successors puts those of the last of chain behind it.
func (x *Exchange) successors(ctx context.Context, m exchange.Market, chain []report) ([]report, error) {
	for {
		last := &chain[len(chain)-1]
		if last.Status != exchange.StatusCanceled {
			return chain, nil
		}
		name, err := venueID(m.Symbol.Kind, last.ClientID, last.successor+1)
		if err != nil {
			return chain, nil //nolint:nilerr // a name too long for successors has none
		}
		o, err := x.status(ctx, m, "", name)
		switch {
		case errors.Is(err, exchange.ErrNotFound):
			return chain, nil
		case err != nil:
			return nil, err
		case compareIDs(o.VenueID, last.VenueID) <= 0:
			return chain, nil
		}
		last.Status = exchange.StatusReplaced
		chain = append(chain, o)
	}
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

// expect says that a successor of the order may come up until then.
func (x *Exchange) expect(ref exchange.OrderRef, until time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for k, at := range x.limbo {
		if time.Now().After(at) {
			delete(x.limbo, k)
		}
	}
	x.limbo[exchange.OrderRef{Market: ref.Market, ClientID: ref.ClientID}] = until
}

func (x *Exchange) expected(ref exchange.OrderRef) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return time.Now().Before(x.limbo[exchange.OrderRef{Market: ref.Market, ClientID: ref.ClientID}])
}
