package okx

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// Venue is "okx".
func (x *Exchange) Venue() exchange.Venue { return Venue }

// Format writes which exchange it is, and nothing of what it holds.
func (x *Exchange) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "okx account "+string(x.cfg.Account))
}

// Account is the configured one.
func (x *Exchange) Account() exchange.AccountID { return x.cfg.Account }

// details are a market's rules and what else the venue tells about it.
type details struct {
	exchange.Instrument
	code  string // instIdCode: what orders over WebSocket name the market by; "" where it has none yet, or a wrong one
	group string // of fees
	quote string // tradeQuoteCcy of orders; "" where they need none
}

// instType is the venue's name of the market's kind.
func (d *details) instType() string {
	if d.Market.Symbol.Kind == exchange.Perp {
		return "SWAP"
	}
	return "SPOT"
}

// family is what the venue calls the swaps of one underlying.
func (d *details) family() string { return strings.TrimSuffix(d.VenueSymbol, "-SWAP") }

// known are rules of which nothing more is known.
func known(all []exchange.Instrument) []*details {
	var r []*details
	for _, i := range all {
		if i.Contract.IsZero() {
			i.Contract = exchange.Scaled(1, 0)
		}
		r = append(r, &details{Instrument: i})
	}
	return r
}

// keep adds rules to the known ones. Nothing in them is changed from then on.
func (x *Exchange) keep(all []*details) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rules == nil {
		x.rules, x.names, x.strangers = map[exchange.Symbol]*details{}, map[string]*details{}, map[string]bool{}
	}
	for _, d := range all {
		x.rules[d.Market.Symbol], x.names[d.VenueSymbol] = d, d
	}
}

// named is the market of a venue's name. A name that no list has had is noted: see relist.
func (x *Exchange) named(inst string) (*details, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	d, ok := x.names[inst]
	if _, noted := x.strangers[inst]; !ok && !noted && len(x.strangers) < 1<<16 {
		x.strangers[inst] = false
	}
	return d, ok
}

// unlisted reports whether a name was met that relist may explain.
func (x *Exchange) unlisted() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, asked := range x.strangers {
		if !asked {
			return true
		}
	}
	return false
}

// relist fetches the venue's lists where that has not been done, or where there are names that they may have by now. Names that they do not
// have are of markets that the library does not know, such as inverse swaps: they are asked for once.
func (x *Exchange) relist(ctx context.Context) error {
	if !x.unlisted() {
		return x.list(ctx)
	}
	if _, err := x.Instruments(ctx); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for n := range x.strangers {
		if _, ok := x.names[n]; ok {
			delete(x.strangers, n)
		} else {
			x.strangers[n] = true
		}
	}
	return nil
}

// list fetches the venue's lists where that has not been done.
func (x *Exchange) list(ctx context.Context) error {
	x.mu.Lock()
	listed := x.listed
	x.mu.Unlock()
	if listed {
		return nil
	}
	_, err := x.Instruments(ctx)
	return err
}

// known are the rules of symbols, fetched where one of them is new.
func (x *Exchange) known(ctx context.Context, op string, symbols ...exchange.Symbol) ([]exchange.Instrument, error) {
	var list []exchange.Instrument
	for _, s := range symbols {
		d, err := x.details(ctx, op, s)
		if err != nil {
			return nil, err
		}
		list = append(list, d.Instrument)
	}
	return list, nil
}

// details are those of s, fetched where it is new.
func (x *Exchange) details(ctx context.Context, op string, s exchange.Symbol) (*details, error) {
	if d := x.detailsOf(s); d != nil {
		return d, nil
	}
	if _, err := x.Instruments(ctx); err != nil {
		return nil, err
	}
	if d := x.detailsOf(s); d != nil {
		return d, nil
	}
	return nil, &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrInvalid, Err: fmt.Errorf("no market %s", s)}
}

func (x *Exchange) detailsOf(s exchange.Symbol) *details {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.rules[s]
}

// distrust drops the code by which orders over WebSocket name a market: the venue does not know it.
func (x *Exchange) distrust(s exchange.Symbol) {
	d := x.detailsOf(s)
	if d == nil || d.code == "" {
		return
	}
	without := *d
	without.code = ""
	x.keep([]*details{&without})
}
