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

// Balances lists what the account's wallets hold: rows of WalletSpot, then of WalletPerp. What is locked in the futures wallet is the margin of
// positions and orders.
func (x *Exchange) Balances(ctx context.Context) ([]exchange.Balance, error) {
	var all []exchange.Balance
	for _, k := range x.cfg.Kinds {
		list, err := x.wallet(ctx, k)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

func (x *Exchange) wallet(ctx context.Context, k exchange.Kind) ([]exchange.Balance, error) {
	c := balancesCall(k)
	data, err := x.read(ctx, &c)
	if err != nil {
		return nil, err
	}
	read := spotBalances
	if k == exchange.Perp {
		read = perpBalances
	}
	list, err := read(data)
	if err != nil {
		return nil, c.damaged(err)
	}
	return list, nil
}

// read does a call that changes nothing.
func (x *Exchange) read(ctx context.Context, c *call) ([]byte, error) {
	data, err := x.do(ctx, c)
	if err != nil {
		return nil, readError(err)
	}
	return data, nil
}

// Positions lists the open positions. Their cost is the venue's average price multiplied out.
func (x *Exchange) Positions(ctx context.Context) ([]exchange.Position, error) {
	if !x.wants(exchange.Perp) {
		return nil, nil
	}
	c := positionsCall()
	data, err := x.read(ctx, &c)
	if err != nil {
		return nil, err
	}
	var list []exchange.Position
	err = x.understand(ctx, exchange.Perp, func(r reader) (err error) { list, err = r.positions(data); return err })
	return list, c.unread(err)
}

// unread is the error of an answer that could not be read: nil for nil.
func (c *call) unread(err error) error {
	var e *exchange.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &e) || !errors.Is(err, exchange.ErrFrame):
		return err // of the list of markets
	}
	return c.damaged(err)
}

// Fees are the rates that the account pays on s now. On spot they include the special part and the tax, and the discount where paying with
// the venue's token is switched on, whether or not there is enough of it.
func (x *Exchange) Fees(ctx context.Context, s exchange.Symbol) (exchange.FeeRates, error) {
	if err := x.own("fees", exchange.Market{Venue: Venue, Symbol: s}, x.cfg.Account); err != nil {
		return exchange.FeeRates{}, readError(err)
	}
	c := feesCall(s.Kind, x.name(s))
	data, err := x.read(ctx, &c)
	if err != nil {
		return exchange.FeeRates{}, err
	}
	read := spotFees
	if s.Kind == exchange.Perp {
		read = perpFees
	}
	rates, err := read(data)
	return rates, c.unread(err)
}

// OpenOrders lists the working orders on s, without their fills.
func (x *Exchange) OpenOrders(ctx context.Context, s exchange.Symbol) ([]exchange.Order, error) {
	if err := x.own("open orders", exchange.Market{Venue: Venue, Symbol: s}, x.cfg.Account); err != nil {
		return nil, readError(err)
	}
	c := openOrdersCall("open orders", s.Kind, x.name(s), rest.Reads)
	data, err := x.read(ctx, &c)
	if err != nil {
		return nil, err
	}
	list, err := x.reader(s.Kind, nil).orders(data)
	if err != nil {
		return nil, c.damaged(err)
	}
	orders := make([]exchange.Order, 0, len(list))
	for _, o := range list {
		orders = append(orders, x.tracker.Answered(o.Order))
	}
	return orders, nil
}

// working lists all working orders of one market, for the order stream.
func (x *Exchange) working(ctx context.Context, k exchange.Kind) ([]exchange.Order, error) {
	c := openOrdersCall("stream orders", k, "", rest.Protects)
	c.params, c.weight = nil, 80
	if k == exchange.Perp {
		c.weight = 40
	}
	data, err := x.read(ctx, &c)
	if err != nil {
		return nil, err
	}
	var list []report
	err = x.understand(ctx, k, func(r reader) (err error) { list, err = r.listed().orders(data); return err })
	orders := make([]exchange.Order, 0, len(list))
	for _, o := range list {
		orders = append(orders, o.Order)
	}
	return orders, c.unread(err)
}

// How far back the venue tells fills, and how long a span it takes at once.
const (
	spotSpan = 24 * time.Hour
	perpSpan = 7 * 24 * time.Hour
	perpPast = 180 * 24 * time.Hour
)

// Fills lists the executions on s since then, oldest first, all pages. Those of perpetuals are told for six months: what is older is refused with
// ErrUnsupported. From the zero time on spot's are read from the first trade on. A ClientID that neither this process nor the venue's lists
// of orders know is left empty.
func (x *Exchange) Fills(ctx context.Context, s exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
	if err := x.own("fills", exchange.Market{Venue: Venue, Symbol: s}, x.cfg.Account); err != nil {
		return nil, readError(err)
	}
	if s.Kind == exchange.Perp && time.Since(since) > perpPast {
		return nil, &exchange.Error{Venue: Venue, Op: "fills", Class: exchange.ErrUnsupported, Message: "the venue tells fills of perpetuals for six months"}
	}
	fills, err := x.fillsSince(ctx, s, since)
	if err == nil {
		err = x.addNames(ctx, s, fills)
	}
	if err != nil {
		return nil, err
	}
	return fills, nil
}

// fillsSince looks for the first fill in one span of time after the other. From there on it follows the ids of trades, which leave no
// doubt at the edges of pages.
func (x *Exchange) fillsSince(ctx context.Context, s exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
	span := spotSpan
	if s.Kind == exchange.Perp {
		span = perpSpan
	}
	var all []exchange.Fill
	from := "0"
	if !since.IsZero() {
		from = ""
	}
	for now, start := x.half(s.Kind).clock.Now(), since; from == "" && !start.After(now.Add(time.Minute)); start = start.Add(span) {
		end := start.Add(span - time.Millisecond)
		page, err := x.firstPage(ctx, s, start, end)
		if err != nil {
			return nil, err
		}
		if len(page) == 0 {
			continue
		}
		if len(page) < pageMax && end.After(now.Add(time.Minute)) {
			return page, nil // nothing is behind it
		}
		all = page
		if from, err = after(page); err != nil {
			return nil, subject{s.Kind, "fills", false}.damaged(err)
		}
	}
	if from == "" {
		return nil, nil
	}
	all, err := x.follow(ctx, s, all, from)
	all = slices.DeleteFunc(all, func(f exchange.Fill) bool { return f.Time.Before(since.Truncate(time.Millisecond)) })
	return all, err
}

// firstPage are the first trades of a span. Of a full page the venue does not say at which end it stands.
func (x *Exchange) firstPage(ctx context.Context, s exchange.Symbol, start, end time.Time) (page []exchange.Fill, err error) {
	for {
		c := tradesCall("fills", s.Kind, x.name(s), rest.Reads)
		c.addInt("startTime", start.UnixMilli())
		c.addInt("endTime", end.UnixMilli())
		earlier, err := x.page(ctx, &c)
		if err != nil {
			return nil, readError(err)
		}
		if len(page) > 0 && (len(earlier) == 0 || compareIDs(earlier[0].TradeID, page[0].TradeID) >= 0) {
			return page, nil
		}
		if page = earlier; len(page) < pageMax {
			return page, nil
		}
		end = page[0].Time
	}
}

// follow appends all trades from an id on.
func (x *Exchange) follow(ctx context.Context, s exchange.Symbol, all []exchange.Fill, from string) ([]exchange.Fill, error) {
	for {
		c := tradesCall("fills", s.Kind, x.name(s), rest.Reads)
		c.params = append(c.params, param{name: "fromId", value: from, integer: true})
		page, err := x.page(ctx, &c)
		if err != nil {
			return nil, readError(err)
		}
		full := len(page) >= pageMax
		page = slices.DeleteFunc(page, func(f exchange.Fill) bool { return compareIDs(f.TradeID, from) < 0 })
		if len(page) == 0 {
			return all, nil
		}
		all = append(all, page...)
		if from, err = after(page); err != nil || !full {
			return all, c.unread(err)
		}
	}
}

// addNames finds the client ids of fills: from memory, else from the venue's lists of orders, which begin at any order's id.
func (x *Exchange) addNames(ctx context.Context, s exchange.Symbol, fills []exchange.Fill) error {
	m := exchange.Market{Venue: Venue, Symbol: s}
	ids := map[string]string{}
	first := ""
	for _, f := range fills {
		if o, ok := x.tracker.Known(exchange.OrderRef{Market: m, VenueID: f.VenueID}); ok && o.ClientID != "" {
			ids[f.VenueID] = o.ClientID
			continue
		}
		ids[f.VenueID] = ""
		if first == "" || compareIDs(f.VenueID, first) < 0 {
			first = f.VenueID
		}
	}
	for missing(ids) && first != "" {
		next, err := x.namesFrom(ctx, s, first, ids)
		if err != nil {
			return err
		}
		first = next
	}
	for i := range fills {
		fills[i].ClientID = ids[fills[i].VenueID]
	}
	return nil
}

func missing(ids map[string]string) bool {
	for _, id := range ids {
		if id == "" {
			return true
		}
	}
	return false
}

// namesFrom reads one page of orders into ids; next is where the next one begins, "" where there is none.
func (x *Exchange) namesFrom(ctx context.Context, s exchange.Symbol, first string, ids map[string]string) (next string, err error) {
	c := ordersCall(s.Kind, x.name(s), first)
	data, err := x.read(ctx, &c)
	if err != nil {
		return "", err
	}
	list, err := x.reader(s.Kind, nil).orders(data)
	if err != nil {
		return "", c.damaged(err)
	}
	last := ""
	for _, o := range list {
		if _, wanted := ids[o.VenueID]; wanted {
			ids[o.VenueID] = o.ClientID
		}
		if compareIDs(o.VenueID, last) > 0 {
			last = o.VenueID
		}
	}
	n, err := strconv.ParseInt(last, 10, 64)
	if len(list) < pageMax || err != nil || compareIDs(last, first) < 0 {
		return "", nil //nolint:nilerr // no page behind this one
	}
	return fmt.Sprint(n + 1), nil
}
