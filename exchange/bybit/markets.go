package bybit

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/bothlegs/bothlegs/exchange"
)

// Venue is "bybit".
func (x *Exchange) Venue() exchange.Venue { return Venue }

// Format writes which exchange it is, and nothing of what it holds.
func (x *Exchange) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "bybit account "+string(x.cfg.Account))
}

// Account is the configured one.
func (x *Exchange) Account() exchange.AccountID { return x.cfg.Account }

// keep adds rules to the known ones.
func (x *Exchange) keep(all []exchange.Instrument) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.rules == nil {
		x.rules, x.names = make(map[exchange.Symbol]exchange.Instrument, len(all)), make(map[named]exchange.Symbol, len(all))
		x.strangers = map[named]bool{}
	}
	for _, i := range all {
		x.rules[i.Market.Symbol] = i
		x.names[named{i.Market.Symbol.Kind, i.VenueSymbol}] = i.Market.Symbol
	}
}

// symbolOf is the market of a venue's name. A name that no list has had is noted: see [Exchange.relist].
func (x *Exchange) symbolOf(kind exchange.Kind, name string) (exchange.Symbol, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := named{kind, name}
	s, ok := x.names[n]
	if _, noted := x.strangers[n]; !ok && !noted && len(x.strangers) < 1<<16 {
		x.strangers[n] = false
	}
	return s, ok
}

// relist fetches the venue's list where it has not been, or where there are names that it may have by now. Names that it does not have are of
// markets that the library does not know, such as dated futures: they are asked for once.
func (x *Exchange) relist(ctx context.Context) error {
	x.mu.Lock()
	due := !x.listed
	for _, asked := range x.strangers {
		due = due || !asked
	}
	x.mu.Unlock()
	if !due {
		return nil
	}
	if _, err := x.Instruments(ctx); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.listed = true
	for n := range x.strangers {
		if _, ok := x.names[n]; ok {
			delete(x.strangers, n)
		} else {
			x.strangers[n] = true
		}
	}
	return nil
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

// settles are the assets that perpetuals are settled in.
func (x *Exchange) settles() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := []string{"USDC", "USDT"}
	for s, i := range x.rules {
		if s.Kind == exchange.Perp && !slices.Contains(all, string(i.Settle)) {
			all = append(all, string(i.Settle))
		}
	}
	slices.Sort(all)
	return all
}

// known are the rules of symbols, fetched where one of them is new.
func (x *Exchange) known(ctx context.Context, op string, symbols ...exchange.Symbol) ([]exchange.Instrument, error) {
	list, missing := x.lookUp(symbols)
	if missing == nil {
		return list, nil
	}
	if _, err := x.Instruments(ctx); err != nil {
		return nil, err
	}
	if list, missing = x.lookUp(symbols); missing != nil {
		return nil, &exchange.Error{Venue: Venue, Op: op, Class: exchange.ErrInvalid, Err: fmt.Errorf("no market %s", missing)}
	}
	return list, nil
}

func (x *Exchange) lookUp(symbols []exchange.Symbol) (list []exchange.Instrument, missing *exchange.Symbol) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, s := range symbols {
		i, ok := x.rules[s]
		if !ok {
			return nil, &s
		}
		list = append(list, i)
	}
	return list, nil
}
