package book

import (
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/scan"
)

// Bounds of a book.
const (
	// MaxHeld is how many deltas are held for a snapshot to come. When there are more the oldest is given up; a snapshot older than what
	// is left is then refused by the rule, so that nothing is missed in silence.
	MaxHeld = 512

	// MaxLevels is how many levels a side keeps. Beyond it the worst quarter is forgotten: like the levels beyond a snapshot's depth,
	// those are unknown until they change.
	MaxLevels = 1 << 14

	// patience is how many messages a lost book waits for its cure before it asks again.
	patience = MaxHeld
)

// Event is what became of a book.
type Event uint8

const (
	Unchanged Event = iota // nothing to tell
	Changed                // the book is valid and new: emit it
	Invalid                // the book is invalid as of now, for the reason in Err: emit it, once
)

// Result is what a message did.
type Result struct {
	Event Event
	Need  Need // what has to be done, told once for each loss and repeated when it does not help
}

// Book is one market's book under its venue's rule. It is not safe for concurrent use.
type Book struct {
	view  exchange.Book
	rule  Rule
	start exchange.Scale
	state State
	held  ring
	edits []edit // memory of apply
	asked int    // messages until a need is told again; 0: not told yet
}

// New is a book without levels, waiting for a snapshot. start is the scale in which its messages should be read at first, as far as
// it is known: see [scan.ScaleOf]. The zero Scale lets the snapshot decide.
func New(m exchange.Market, r Rule, start exchange.Scale) *Book {
	return &Book{
		view:  exchange.Book{Market: m, Err: fmt.Errorf("book: %s: no snapshot yet: %w", m, exchange.ErrDown)},
		rule:  r,
		start: start,
	}
}

// View is the book as it is: levels, or Err and no levels. It is b's: it changes with the next call of Apply or Fail.
func (b *Book) View() *exchange.Book { return &b.view }

// State is where the book stands in its rule.
func (b *Book) State() State {
	s := b.state
	s.Held, s.Holding = b.held.first()
	return s
}

// Scale is the scale in which the next message should be read: the book's own, or the one to start with.
func (b *Book) Scale() exchange.Scale {
	if b.state.Phase == Waiting {
		return b.start
	}
	return b.view.Scale
}

// Apply judges u, received at the given time, and does what the rule says. u is the caller's again when Apply returns; its levels may
// be in another scale then.
func (b *Book) Apply(at time.Time, u *Update) Result {
	switch b.rule.Judge(b.State(), u) {
	case Drop:
		return Result{}
	case Merge:
		return b.merge(at, u)
	case Replace:
		return b.replace(at, u)
	case Hold:
		b.held.push(at, u)
		return Result{Need: b.ask()}
	case TooOld:
		b.asked = 0
		return Result{Need: b.ask()}
	}
	return b.loseAt(at, u, b.gap(u))
}

// loseAt is lose, for u. The snapshot to come may be older than u, and needs it then.
func (b *Book) loseAt(at time.Time, u *Update, reason error) Result {
	r := b.lose(at, reason)
	if b.rule.Judge(b.State(), u) == Hold {
		b.held.push(at, u)
	}
	return r
}

// Fail makes the book invalid for a reason from outside its rule, as a number that does not fit. It is Invalid where the book was
// valid, or was invalid for another kind of reason.
func (b *Book) Fail(at time.Time, reason error) Result {
	r := b.lose(at, reason)
	if r.Event == Unchanged && !sameKind(b.view.Err, reason) {
		r.Event = Invalid
		b.view.Invalidate(reason)
	}
	return r
}

// Down makes the book invalid because its connection is: nothing can be done about it here, and it is always Invalid.
func (b *Book) Down(at time.Time, reason error) Result {
	b.lose(at, reason)
	b.held.clear()
	b.view.Invalidate(reason)
	b.view.RecvTime = at
	b.asked = 0
	return Result{Event: Invalid}
}

func sameKind(x, y error) bool {
	for _, kind := range []error{exchange.ErrGap, exchange.ErrCrossed, exchange.ErrScale, exchange.ErrFrame, exchange.ErrDown} {
		if errors.Is(x, kind) && errors.Is(y, kind) {
			return true
		}
	}
	return false
}

func (b *Book) gap(u *Update) error {
	switch {
	case u.Unnumbered:
		return fmt.Errorf("book: %s: a message without sequence number: %w", b.view.Market, exchange.ErrGap)
	case b.state.Phase == Waiting:
		return fmt.Errorf("book: %s: update %d before a snapshot: %w", b.view.Market, u.Last, exchange.ErrGap)
	}
	return fmt.Errorf("book: %s: update %d to %d (previous %d) after %d: %w",
		b.view.Market, u.First, u.Last, u.Prev, b.state.Last, exchange.ErrGap)
}

// lose empties the book. Losing what is lost already changes nothing.
func (b *Book) lose(at time.Time, reason error) Result {
	if errors.Is(reason, exchange.ErrScale) {
		b.start = exchange.Scale{} // too fine for this market's numbers: the next snapshot decides
	}
	if b.state.Phase == Waiting {
		return Result{Need: b.ask()}
	}
	b.state = State{}
	b.view.Invalidate(reason)
	b.view.RecvTime = at
	b.asked = 0
	return Result{Event: Invalid, Need: b.ask()}
}

// ask tells the need once, and again when many messages later nothing has come of it.
func (b *Book) ask() Need {
	if b.asked > 0 {
		b.asked--
		return Nothing
	}
	b.asked = patience
	return b.rule.Cure()
}

// merge applies a delta that the rule let pass.
func (b *Book) merge(at time.Time, u *Update) Result {
	if err := b.change(at, u); err != nil {
		return b.loseAt(at, u, err)
	}
	b.state.Phase = Live
	return Result{Event: Changed}
}

// change puts u's levels into the book. After an error the book has to be lost.
func (b *Book) change(at time.Time, u *Update) error {
	if u.Scale != b.view.Scale {
		if err := b.align(u); err != nil {
			return err
		}
	}
	b.view.Bids, b.edits = apply(b.view.Bids, u.Bids, bidOrder, b.edits)
	b.view.Asks, b.edits = apply(b.view.Asks, u.Asks, askOrder, b.edits)
	b.stamp(at, u)
	return b.view.CheckTop()
}

// align brings the book and u to the finer scale of both.
func (b *Book) align(u *Update) error {
	if err := u.Refine(b.view.Scale); err != nil {
		return err
	}
	s := scan.Sides{Scale: b.view.Scale, Bids: b.view.Bids, Asks: b.view.Asks} // the same memory
	if err := s.Refine(u.Scale); err != nil {
		return err
	}
	b.view.Scale = s.Scale
	return nil
}

func (b *Book) stamp(at time.Time, u *Update) {
	b.state.Last = u.Last
	b.view.Seq, b.view.VenueTime, b.view.RecvTime, b.view.Err = uint64(u.Last), u.Time, at, nil
}

// replace makes a snapshot the book, and lets what was held for it follow.
func (b *Book) replace(at time.Time, u *Update) Result {
	known := b.view.Err
	b.view.Scale = u.Scale
	b.view.Bids = load(b.view.Bids[:0], u.Bids, bidOrder)
	b.view.Asks = load(b.view.Asks[:0], u.Asks, askOrder)
	b.stamp(at, u)
	b.state.Phase = Seeded
	if err := b.view.CheckTop(); err != nil {
		return b.lose(at, err)
	}
	for n := b.held.len(); n > 0; n-- {
		at, held := b.held.front()
		switch b.rule.Judge(b.state, held) {
		case Drop:
		case Merge:
			if err := b.change(at, held); err != nil {
				return b.lose(at, err)
			}
			b.state.Phase = Live
		default:
			// The snapshot does not reach what is held: the book stays as lost as it was, and keeps the rest for the next one.
			b.state = State{}
			b.view.Invalidate(known)
			b.asked = 0
			return Result{Need: b.ask()}
		}
		b.held.pop()
	}
	b.held.clear()
	b.asked = 0
	return Result{Event: Changed}
}
