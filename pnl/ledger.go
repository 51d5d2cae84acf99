// Package pnl keeps the books: every fill and fee by double entry, exactly, and what the holdings have become worth.
package pnl

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/bothlegs/bothlegs/exchange"
)

// Ledger is double-entry bookkeeping of fills. Each fill is one transaction, whose entries sum to zero in every asset; entries are never
// changed. A fill that is told twice is booked once. All arithmetic is exact.
//
// The order of fills does not matter to any holding, nor to what wallet and position (Cost deducted) are together. How a
// perpetual's quote is divided between the two does depend on it, for a profit settles when the position becomes flat: the
// division is the venue's own when fills come in the venue's order.
//
// It is safe for concurrent use. Record takes constant time. Memory grows with the number of fills, by about a kilobyte each: nothing
// is forgotten in this form.
type Ledger struct {
	mu       sync.Mutex
	accounts []account // append only; an entry refers to its place here
	index    map[accountKey]int32
	entries  blocks[entry] // append only
	last     uint32        // number of the newest transaction
	fills    blocks[money]
	lines    map[lineKey]*line
	order    []*line // of positions, by first use
}

// line is what a market of an account needs for booking: found once, not by five searches a fill.
type line struct {
	market   exchange.Market
	account  exchange.AccountID
	base     int32 // what the account's holding of the base is booked on: wallet, or position
	quote    int32 // the same for the quote
	otherB   int32 // the market's side of both
	otherQ   int32
	wallet   int32 // quote wallet
	feeAsset exchange.Asset
	feeFrom  int32 // wallet that fees in feeAsset come from
	feeTo    int32
	position exchange.Position
	fills    map[tradeKey]int32 // place in Ledger.fills
}

// tradeKey is the rest of an exchange.FillKey, within a line.
type tradeKey struct{ trade, order string }

type lineKey struct {
	market  exchange.Market
	account exchange.AccountID
}

// NewLedger is an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{index: map[accountKey]int32{}, lines: map[lineKey]*line{}}
}

// Open books what an account holds to begin with; several calls add up. It belongs before the account's fills.
func (l *Ledger) Open(v exchange.Venue, id exchange.AccountID, balances ...exchange.Amount) error {
	for _, b := range balances {
		if v == "" || b.Asset == "" {
			return fmt.Errorf("pnl: opening balance %s %q at %q: %w", b.Quantity, b.Asset, v, exchange.ErrInvalid)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	for _, b := range balances {
		l.move(l.at(Opening, exchange.Market{Venue: v}, id, b.Asset), l.at(Wallet, exchange.Market{Venue: v}, id, b.Asset), b.Quantity)
	}
	return nil
}

// OpenPosition books a perpetual position that an account has to begin with. It must come before fills in that market.
func (l *Ledger) OpenPosition(p exchange.Position) error {
	if p.Market.Symbol.Kind != exchange.Perp || p.Market.Venue == "" || p.Quantity.IsZero() {
		return fmt.Errorf("pnl: opening position of %s in %s: %w", p.Quantity, p.Market, exchange.ErrInvalid)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.line(p.Market, p.Account)
	if !n.position.Quantity.IsZero() {
		return fmt.Errorf("pnl: opening position in %s, where there is one of %s: %w", p.Market, n.position.Quantity, exchange.ErrConflict)
	}
	l.last++
	l.move(l.at(Opening, p.Market, p.Account, p.Market.Symbol.Base), n.base, p.Quantity)
	l.move(n.quote, l.at(Opening, p.Market, p.Account, p.Market.Symbol.Quote), p.Cost)
	n.position = p
	return nil
}

// Record books f, once. Told again it changes nothing; told again with another side, price, quantity or fee it is an error that wraps
// exchange.ErrConflict. A fill that cannot be (no ids, no side, a price or quantity that is not positive) is a *FillError. After an
// error nothing is booked.
func (l *Ledger) Record(f exchange.Fill) error {
	if reason := bad(&f); reason != "" {
		return &FillError{Fill: f, Reason: reason}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.line(f.Market, f.Account)
	key := tradeKey{f.TradeID, f.VenueID}
	if i, dup := n.fills[key]; dup {
		if !l.fills.at(int(i)).same(&f) {
			return &FillError{Fill: f, Reason: "booked before with other figures", Class: exchange.ErrConflict}
		}
		return nil
	}
	n.fills[key] = int32(l.fills.n)
	l.fills.add(money{f.Side, f.Price, f.Quantity, f.Fee, f.FeeAsset})
	l.last++
	if f.Market.Symbol.Kind == exchange.Perp {
		l.bookPerp(n, &f)
	} else {
		l.trade(n, f.Side, f.Quantity, f.Notional())
	}
	if !f.Fee.IsZero() {
		l.fee(n, &f)
	}
	return nil
}

// bookPerp moves the position. What closes it comes first: when it is flat its cost, the profit or loss, settles in the wallet.
func (l *Ledger) bookPerp(n *line, f *exchange.Fill) {
	p := &n.position
	rest := f.Quantity
	if p.Quantity.Sign() != 0 && (p.Quantity.Sign() > 0) != (f.Side == exchange.Buy) {
		closing := rest.Min(p.Quantity.Abs())
		rest = rest.Sub(closing)
		l.deal(n, f, closing)
		if p.Quantity.IsZero() {
			l.move(n.wallet, n.quote, p.Cost)
			p.Cost = exchange.Decimal{}
		}
	}
	if rest.Sign() > 0 {
		l.deal(n, f, rest)
	}
	p.Time = f.Time
}

func (l *Ledger) deal(n *line, f *exchange.Fill, quantity exchange.Decimal) {
	notional := quantity.Mul(f.Price)
	l.trade(n, f.Side, quantity, notional)
	p := &n.position
	if f.Side == exchange.Buy {
		p.Quantity, p.Cost = p.Quantity.Add(quantity), p.Cost.Add(notional)
	} else {
		p.Quantity, p.Cost = p.Quantity.Sub(quantity), p.Cost.Sub(notional)
	}
}

// trade exchanges base for quote with the market.
func (l *Ledger) trade(n *line, side exchange.Side, quantity, notional exchange.Decimal) {
	if side == exchange.Sell {
		quantity, notional = quantity.Neg(), notional.Neg()
	}
	l.move(n.otherB, n.base, quantity)
	l.move(n.quote, n.otherQ, notional)
}

func (l *Ledger) fee(n *line, f *exchange.Fill) {
	if n.feeAsset != f.FeeAsset {
		venue := exchange.Market{Venue: f.Market.Venue}
		n.feeAsset, n.feeFrom, n.feeTo = f.FeeAsset, l.at(Wallet, venue, f.Account, f.FeeAsset), l.at(Fees, venue, f.Account, f.FeeAsset)
	}
	l.move(n.feeFrom, n.feeTo, f.Fee)
}

// line finds or makes the line of a market.
func (l *Ledger) line(k exchange.Market, id exchange.AccountID) *line {
	if n := l.lines[lineKey{k, id}]; n != nil {
		return n
	}
	holds, at := Wallet, exchange.Market{Venue: k.Venue}
	if k.Symbol.Kind == exchange.Perp {
		holds, at = Position, k
	}
	n := &line{market: k, account: id, fills: map[tradeKey]int32{}, position: exchange.Position{Market: k, Account: id},
		base: l.at(holds, at, id, k.Symbol.Base), quote: l.at(holds, at, id, k.Symbol.Quote),
		otherB: l.at(Trade, k, id, k.Symbol.Base), otherQ: l.at(Trade, k, id, k.Symbol.Quote),
		wallet: l.at(Wallet, exchange.Market{Venue: k.Venue}, id, k.Symbol.Quote)}
	l.lines[lineKey{k, id}] = n
	l.order = append(l.order, n)
	return n
}

// Balance is what an account holds of an asset, positions not counted.
func (l *Ledger) Balance(v exchange.Venue, id exchange.AccountID, a exchange.Asset) exchange.Decimal {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i, ok := l.index[accountKey{Wallet, exchange.Market{Venue: v}, id, a}]; ok {
		return l.accounts[i].balance
	}
	return exchange.Decimal{}
}

// Positions lists the open perpetual positions, in the order in which their markets were first dealt in.
func (l *Ledger) Positions() []exchange.Position {
	l.mu.Lock()
	defer l.mu.Unlock()
	var r []exchange.Position
	for _, n := range l.order {
		if !n.position.Quantity.IsZero() {
			r = append(r, n.position)
		}
	}
	return r
}

// Fees lists what was paid in fees, by asset in alphabetical order; negative where rebates were more.
func (l *Ledger) Fees() []exchange.Amount {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sum(func(b Book) bool { return b == Fees })
}

// Changes lists by how much holdings differ from the opening ones, over all accounts, positions included (their base, and their cost
// with its sign turned, in quote); by asset in alphabetical order, zero ones left out.
func (l *Ledger) Changes() []exchange.Amount {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sum(func(b Book) bool { return b == Wallet || b == Position || b == Opening })
}

func (l *Ledger) sum(of func(Book) bool) []exchange.Amount {
	var r []exchange.Amount
	for i := range l.accounts {
		if a := &l.accounts[i]; of(a.Book) {
			r = addAmount(r, a.Asset, a.balance)
		}
	}
	return tidy(r)
}

// Net is the profit in quote, fees deducted: every change of holdings since the opening at the given price of its asset; that of
// quote itself is 1. A change without a price is an error that wraps exchange.ErrUnavailable: no figure is better than a wrong one.
func (l *Ledger) Net(quote exchange.Asset, price func(exchange.Asset) (exchange.Decimal, bool)) (exchange.Decimal, error) {
	var net exchange.Decimal
	for _, c := range l.Changes() {
		if c.Asset == quote {
			net = net.Add(c.Quantity)
			continue
		}
		p, ok := price(c.Asset)
		if !ok {
			return exchange.Decimal{}, fmt.Errorf("pnl: no price of %s in %s: %w", c.Asset, quote, exchange.ErrUnavailable)
		}
		net = net.Add(c.Quantity.Mul(p))
	}
	return net, nil
}

// Fills is the number of fills booked.
func (l *Ledger) Fills() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fills.n
}

// Entries goes through all entries made before it was called, oldest first.
func (l *Ledger) Entries() iter.Seq[Entry] {
	l.mu.Lock()
	entries, accounts := l.entries, l.accounts
	names := make([]accountKey, len(accounts))
	for i := range accounts {
		names[i] = accounts[i].accountKey
	}
	l.mu.Unlock()
	return func(yield func(Entry) bool) {
		for i := range entries.n {
			e := entries.at(i)
			a := names[e.account]
			if !yield(Entry{Transaction: e.transaction, Book: a.Book, Market: a.Market, Account: a.Account, Asset: a.Asset, Amount: e.amount}) {
				return
			}
		}
	}
}

// Imbalance audits the ledger, entry by entry: by asset, how far transactions are from summing to zero and balances from their entries,
// all differences counted as positive. It is empty unless the ledger is broken.
func (l *Ledger) Imbalance() []exchange.Amount {
	l.mu.Lock()
	defer l.mu.Unlock()
	var off, tx []exchange.Amount
	sums := make([]exchange.Decimal, len(l.accounts))
	flush := func() {
		for _, a := range tx {
			off = addAmount(off, a.Asset, a.Quantity.Abs())
		}
		tx = tx[:0]
	}
	for i := range l.entries.n {
		e := l.entries.at(i)
		if i > 0 && l.entries.at(i-1).transaction != e.transaction {
			flush()
		}
		tx = addAmount(tx, l.accounts[e.account].Asset, e.amount)
		sums[e.account] = sums[e.account].Add(e.amount)
	}
	flush()
	for i := range l.accounts {
		off = addAmount(off, l.accounts[i].Asset, sums[i].Sub(l.accounts[i].balance).Abs())
	}
	return tidy(off)
}

func addAmount(list []exchange.Amount, a exchange.Asset, q exchange.Decimal) []exchange.Amount {
	for i := range list {
		if list[i].Asset == a {
			list[i].Quantity = list[i].Quantity.Add(q)
			return list
		}
	}
	return append(list, exchange.Amount{Asset: a, Quantity: q})
}

// tidy sorts by asset and leaves zeros out.
func tidy(list []exchange.Amount) []exchange.Amount {
	list = slices.DeleteFunc(list, func(a exchange.Amount) bool { return a.Quantity.IsZero() })
	slices.SortFunc(list, func(a, b exchange.Amount) int { return cmp.Compare(a.Asset, b.Asset) })
	return list
}
