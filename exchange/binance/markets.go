package binance

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// relistEvery is how often at most the venue's list is asked for a name that is not known.
const relistEvery = time.Minute

// names is which symbol the venue means by a name. The zero one knows none.
type names struct {
	mu      sync.Mutex // guards what follows
	symbols [2]map[string]exchange.Symbol
	amends  map[string]bool // spot: whether orders can be amended
	listed  time.Time       // when the venue's list was read; zero: never
}

func (n *names) learn(list []exchange.Instrument) {
	for _, i := range list {
		if i.VenueSymbol != "" {
			n.note(i.Market.Symbol, i.VenueSymbol)
		}
	}
}

// note takes a name for sure.
func (n *names) note(s exchange.Symbol, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.set(s, name)
}

func (n *names) set(s exchange.Symbol, name string) {
	if n.symbols[s.Kind] == nil {
		n.symbols[s.Kind] = map[string]exchange.Symbol{}
	}
	n.symbols[s.Kind][name] = s
}

// claim takes the caller's word for what a symbol is called, where the venue's list has not told yet. It is false where that name is
// another symbol's: BTCU-SDT would be traded as BTC-USDT, and all that is told of the one would be told as of the other.
func (n *names) claim(s exchange.Symbol, name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if had, ok := n.symbols[s.Kind][name]; ok {
		return had == s
	}
	n.set(s, name)
	return true
}

func (n *names) find(k exchange.Kind, name string) (exchange.Symbol, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	s, ok := n.symbols[k][name]
	return s, ok
}

// list takes the venue's list of one market.
func (n *names) list(k exchange.Kind, info *exchangeInfo, instruments []exchange.Instrument) {
	n.learn(instruments)
	n.mu.Lock()
	defer n.mu.Unlock()
	if k == exchange.Spot {
		n.amends = make(map[string]bool, len(info.Symbols))
		for _, s := range info.Symbols {
			n.amends[s.Symbol] = s.AmendAllowed
		}
	}
}

// mayAmend reports whether orders of spot can be amended, as far as that is known.
func (n *names) mayAmend(name string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	may, known := n.amends[name]
	return may || !known
}

// due reports whether the list is to be read: never was it, or not for a while where a name is missing.
func (n *names) due(missing bool) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.listed.IsZero() || missing && time.Since(n.listed) >= relistEvery
}

func (n *names) read(at time.Time) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.listed = at
}

// name is what the venue calls s.
func (x *Exchange) name(s exchange.Symbol) string {
	name, _ := venueSymbol(s, x.cfg.Instruments)
	return name
}

// unique refuses a symbol whose name is another's.
func (x *Exchange) unique(s exchange.Symbol) error {
	if name := x.name(s); !x.names.claim(s, name) {
		other, _ := x.names.find(s.Kind, name)
		return fmt.Errorf("binance: %s: the venue means %s by %s: %w", s, other, name, exchange.ErrInvalid)
	}
	return nil
}

// relist makes sure that the venue's list was read, again where a name is missing. Of several callers at once one reads it.
func (x *Exchange) relist(ctx context.Context, missing bool) error {
	if !x.names.due(missing) {
		return nil
	}
	select {
	case x.listing <- struct{}{}:
		defer func() { <-x.listing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if !x.names.due(missing) {
		return nil
	}
	_, err := x.list(ctx, x.cfg.Kinds...)
	return err
}

// reader reads what the venue tells of the account. *missing becomes true at a name that is not known; dated futures, with an underscore,
// are none of ours.
func (x *Exchange) reader(k exchange.Kind, missing *bool) reader {
	return reader{kind: k, account: x.cfg.Account, symbol: func(name string) (exchange.Symbol, bool) {
		s, ok := x.names.find(k, name)
		if !ok && missing != nil && !strings.Contains(name, "_") {
			*missing = true
		}
		return s, ok
	}}
}

// understand reads with read, and once more after the venue's list where a name was not known: markets come up every day.
func (x *Exchange) understand(ctx context.Context, k exchange.Kind, read func(reader) error) error {
	if err := x.relist(ctx, false); err != nil {
		return err
	}
	missing := false
	err := read(x.reader(k, &missing))
	if !missing || !x.names.due(true) {
		return err
	}
	if err := x.relist(ctx, true); err != nil {
		return err
	}
	return read(x.reader(k, nil))
}
