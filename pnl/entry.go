package pnl

import (
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// Book is the kind of an account in the ledger.
type Book uint8

const (
	Wallet   Book = iota // what a venue's account holds
	Position             // a perpetual position: its base, and its cost as negative quote
	Trade                // the market, which gives what we get and gets what we give
	Fees                 // what fees have eaten
	Opening              // where everything came from that was there at the start
)

var bookNames = [...]string{"wallet", "position", "trade", "fees", "opening"}

// String is the book in lower case: "wallet".
func (b Book) String() string {
	if int(b) < len(bookNames) {
		return bookNames[b]
	}
	return fmt.Sprintf("book(%d)", uint8(b))
}

// Entry is one line of the ledger: one amount of one asset into (positive) or out of (negative) one of its accounts. It is immutable.
type Entry struct {
	Transaction uint32 // entries of one fill have one number; they sum to zero in each asset
	Book        Book
	Market      exchange.Market // with only the venue for Wallet and Fees, and for an opening balance
	Account     exchange.AccountID
	Asset       exchange.Asset
	Amount      exchange.Decimal
}

type accountKey struct {
	Book    Book
	Market  exchange.Market
	Account exchange.AccountID
	Asset   exchange.Asset
}

type account struct {
	accountKey
	balance exchange.Decimal
}

// entry is an Entry that names its account by place: a fifth of the memory.
type entry struct {
	transaction uint32
	account     int32
	amount      exchange.Decimal
}

// at is the place of an account, made when it is new.
func (l *Ledger) at(b Book, k exchange.Market, id exchange.AccountID, a exchange.Asset) int32 {
	key := accountKey{b, k, id, a}
	i, ok := l.index[key]
	if !ok {
		i = int32(len(l.accounts))
		l.accounts = append(l.accounts, account{accountKey: key})
		l.index[key] = i
	}
	return i
}

// move books two entries: amount out of one account and into another.
func (l *Ledger) move(from, to int32, amount exchange.Decimal) {
	l.enter(from, amount.Neg())
	l.enter(to, amount)
}

func (l *Ledger) enter(at int32, amount exchange.Decimal) {
	l.entries.add(entry{l.last, at, amount})
	a := &l.accounts[at]
	a.balance = a.balance.Add(amount)
}

// FillError is a fill that was not booked. It wraps exchange.ErrInvalid, or exchange.ErrConflict for a fill that contradicts one booked
// before.
type FillError struct {
	Fill   exchange.Fill
	Reason string
	Class  error // nil: exchange.ErrInvalid
}

// Error names the fill and the reason.
func (e *FillError) Error() string {
	return fmt.Sprintf("pnl: fill %q of order %q at %s: %s", e.Fill.TradeID, e.Fill.VenueID, e.Fill.Market, e.Reason)
}

// Unwrap is the class.
func (e *FillError) Unwrap() error {
	if e.Class != nil {
		return e.Class
	}
	return exchange.ErrInvalid
}

// bad says why f cannot be, or nothing.
func bad(f *exchange.Fill) string {
	s := f.Market.Symbol
	switch {
	case f.Market.Venue == "" || s.Base == "" || s.Quote == "" || s.Kind > exchange.Perp:
		return "no market"
	case f.TradeID == "":
		return "no trade id"
	case f.VenueID == "":
		return "no order id"
	case f.Side != exchange.Buy && f.Side != exchange.Sell:
		return "no side"
	case f.Price.Sign() <= 0:
		return "price " + f.Price.String()
	case f.Quantity.Sign() <= 0:
		return "quantity " + f.Quantity.String()
	case f.FeeAsset == "" && !f.Fee.IsZero():
		return "fee of " + f.Fee.String() + " in no asset"
	}
	return ""
}

// money is what two reports of one fill must agree on. Times and the client id may differ with the channel that they came by.
type money struct {
	side                 exchange.Side
	price, quantity, fee exchange.Decimal
	feeAsset             exchange.Asset
}

func (m *money) same(f *exchange.Fill) bool {
	return m.side == f.Side && m.price.Equal(f.Price) && m.quantity.Equal(f.Quantity) && m.fee.Equal(f.Fee) && (m.feeAsset == f.FeeAsset || f.Fee.IsZero())
}

// blocks is a list that grows without moving what it holds: appending takes constant time, not only on average, and a copy of it is
// a snapshot.
type blocks[T any] struct {
	list []*[blockSize]T
	n    int
}

const blockSize = 512

func (b *blocks[T]) add(x T) {
	if b.n%blockSize == 0 {
		b.list = append(b.list, new([blockSize]T))
	}
	*b.at(b.n) = x
	b.n++
}

func (b *blocks[T]) at(i int) *T { return &b.list[i/blockSize][i%blockSize] }
