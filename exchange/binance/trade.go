package binance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// Place sends one order. The answer of spot carries the fills of its first moment. An answer that cannot be read leaves the outcome unknown.
func (x *Exchange) Place(ctx context.Context, req exchange.OrderRequest) (exchange.Order, error) {
	none := exchange.Order{OrderRequest: req}
	if err := x.own("place", req.Market, req.Account); err != nil {
		return none, err
	}
	req.Account = x.cfg.Account
	name, err := venueID(req.Market.Symbol.Kind, req.ClientID, 0)
	if err != nil {
		return none, notSent("place", err)
	}
	c := new(call)
	if err := c.place(x.name(req.Market.Symbol), name, req); err != nil {
		return none, notSent("place", err)
	}
	x.tracker.Sending(req)
	o, err := x.order(ctx, c, req.ClientID)
	if err != nil {
		if !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) {
			x.tracker.Forget(req.Ref())
		}
		return none, err
	}
	return x.tracker.Answered(o.Order), nil
}

// own refuses what is about another venue or account.
func (x *Exchange) own(op string, m exchange.Market, a exchange.AccountID) error {
	switch {
	case len(x.signers) == 0:
		return notSent(op, noCredentials(op))
	case m.Venue != Venue:
		return notSent(op, fmt.Errorf("binance: asked about %s: %w", m, exchange.ErrInvalid))
	case a != x.cfg.Account:
		return notSent(op, fmt.Errorf("binance: account %q, this is %q: %w", a, x.cfg.Account, exchange.ErrInvalid))
	}
	if known, ok := x.names.find(m.Symbol.Kind, x.name(m.Symbol)); ok && known == m.Symbol {
		return nil // every order passes here
	}
	if _, err := exchange.ParseSymbol(m.Symbol.String()); err != nil {
		return notSent(op, err)
	}
	if err := x.unique(m.Symbol); err != nil {
		return notSent(op, err)
	}
	return nil
}

// order does c and reads the order that it answers; id is the client id that it must have, "" where that is not known.
func (x *Exchange) order(ctx context.Context, c *call, id string) (report, error) {
	data, err := x.do(ctx, c)
	if err != nil {
		return report{}, err
	}
	o, err := x.reader(c.kind, nil).order(data)
	if err == nil && id != "" && o.ClientID != id {
		err = fmt.Errorf("binance: an answer about order %.40q, not %.40q: %w", o.ClientID, id, exchange.ErrFrame)
	}
	if err != nil {
		return report{}, c.damaged(err)
	}
	return o, nil
}

// Cancel takes a working order off the book. One that has ended is as unknown to the venue as one that never was.
func (x *Exchange) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	none := refOrder(ref)
	if err := x.ownRef("cancel", ref); err != nil {
		return none, err
	}
	orderID, name, err := x.present(ref)
	if err != nil {
		return none, notSent("cancel", err)
	}
	k, symbol := ref.Market.Symbol.Kind, x.name(ref.Market.Symbol)
	c := cancelCall(k, symbol, orderID, name)
	o, err := x.order(ctx, &c, ref.ClientID)
	if errors.Is(err, exchange.ErrNotFound) && k == exchange.Spot && ref.ClientID != "" {
		// It may have been replaced by another process: its successor has another name and another id. One of the same name is another
		// order, which was given the id again.
		heir, found, failed := x.heir(ctx, ref.Market, ref.ClientID)
		if failed != nil {
			return none, uncancelled(failed)
		}
		if found && heir.VenueID != orderID && heir.successor > 0 {
			c = cancelCall(k, symbol, heir.VenueID, "")
			o, err = x.order(ctx, &c, ref.ClientID)
		}
	}
	if err != nil {
		return none, err
	}
	return x.tracker.Answered(o.Order), nil
}

// uncancelled is the error of a cancellation that took nothing off the book, and could not find out whether there is something to take.
func uncancelled(err error) error {
	e := &exchange.Error{Venue: Venue, Op: "cancel", Outcome: exchange.ErrRejected, Err: err,
		Message: "not found, and whether it was replaced is not known"}
	var inner *exchange.Error
	if errors.As(err, &inner) {
		e.Class, e.Code, e.RetryAfter = inner.Class, inner.Code, inner.RetryAfter
	}
	return e
}

func refOrder(ref exchange.OrderRef) exchange.Order {
	return exchange.Order{OrderRequest: exchange.OrderRequest{Market: ref.Market, Account: ref.Account, ClientID: ref.ClientID}, VenueID: ref.VenueID}
}

func (x *Exchange) ownRef(op string, ref exchange.OrderRef) error {
	if ref.ClientID == "" && ref.VenueID == "" {
		return notSent(op, fmt.Errorf("binance: no id: %w", exchange.ErrInvalid))
	}
	return x.own(op, ref.Market, ref.Account)
}

// present is how the order that ref points at is called now: after replacements it is another one than then.
func (x *Exchange) present(ref exchange.OrderRef) (orderID, name string, err error) {
	if ref.ClientID != "" {
		if name, err = venueID(ref.Market.Symbol.Kind, ref.ClientID, 0); err != nil {
			return "", "", err
		}
	}
	orderID = ref.VenueID
	if o, ok := x.tracker.Known(ref); ok && o.VenueID != "" {
		orderID = o.VenueID
	}
	if strings.Trim(orderID, "0123456789") != "" {
		return "", "", fmt.Errorf("binance: %.40q is no order's id: %w", orderID, exchange.ErrInvalid)
	}
	return orderID, name, nil
}

// heir is the working order that has client id now, the newest of them.
func (x *Exchange) heir(ctx context.Context, m exchange.Market, id string) (heir report, found bool, err error) {
	c := openOrdersCall("lookup", m.Symbol.Kind, x.name(m.Symbol), rest.Protects)
	data, err := x.do(ctx, &c)
	if err != nil {
		return report{}, false, err
	}
	list, err := x.reader(c.kind, nil).orders(data)
	if err != nil {
		return report{}, false, c.damaged(err)
	}
	for _, o := range list {
		if o.ClientID == id && (!found || compareIDs(o.VenueID, heir.VenueID) > 0) {
			heir, found = o, true
		}
	}
	return heir, found, nil
}

// CancelAll takes all of the account's working orders on s off the book. Without any that is done already.
func (x *Exchange) CancelAll(ctx context.Context, s exchange.Symbol) error {
	if err := x.own("cancel all", exchange.Market{Venue: Venue, Symbol: s}, x.cfg.Account); err != nil {
		return err
	}
	c := cancelAllCall(s.Kind, x.name(s))
	data, err := x.do(ctx, &c)
	switch {
	case errors.Is(err, exchange.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	if err := allCancelled(s.Kind, data); err != nil {
		return c.damaged(err)
	}
	return nil
}

// allCancelled reads the answer to cancelAllCall: the orders of spot, a code of perpetuals.
func allCancelled(k exchange.Kind, data []byte) error {
	if k == exchange.Spot {
		_, err := parseList(data)
		return err
	}
	f := parseFields(data)
	if code, ok := f.number("code").Int64(0); !ok || code != http.StatusOK {
		f.fail("code: %.20q", f.value("code"))
	}
	return f.wrap("cancel all")
}

// CancelAllAfter is for perpetuals only: unless it is called again within after, the venue cancels the working orders on s. Zero switches that
// off. Times are in whole milliseconds.
func (x *Exchange) CancelAllAfter(ctx context.Context, s exchange.Symbol, after time.Duration) error {
	const op = "cancel all after"
	if err := x.own(op, exchange.Market{Venue: Venue, Symbol: s}, x.cfg.Account); err != nil {
		return err
	}
	switch {
	case s.Kind != exchange.Perp:
		return notSent(op, fmt.Errorf("binance: spot has no such switch: %w", exchange.ErrUnsupported))
	case after < 0 || after > 24*time.Hour || after > 0 && after < time.Second:
		return notSent(op, fmt.Errorf("binance: %v: want 1 s to 24 h, or 0: %w", after, exchange.ErrInvalid))
	}
	c := countdownCall(x.name(s), after)
	data, err := x.do(ctx, &c)
	if err != nil {
		return err
	}
	if f := parseFields(data); f.text("symbol") != x.name(s) || f.err != nil {
		return c.damaged(fmt.Errorf("binance: an answer about another switch: %w", exchange.ErrFrame))
	}
	return nil
}
