package book

// Rule is a venue's rule about sequence numbers, as a table: what a message is to a book in a given state. Rules are values without
// state of their own.
type Rule interface {
	// Judge says what to do with u.
	Judge(s State, u *Update) Verdict

	// Cure is how the venue makes a lost book whole again.
	Cure() Need
}

// Phase is how far a book has come.
type Phase uint8

const (
	Waiting Phase = iota // for a snapshot: nothing is known
	Seeded               // a snapshot, and no delta on top of it
	Live                 // a snapshot and deltas
)

// State is what rules know of a book.
type State struct {
	Phase   Phase
	Last    int64 // number of the last update in the book; no meaning while Waiting
	Held    int64 // First of the oldest delta that is held for a snapshot to come
	Holding bool  // whether there is one
}

// Verdict is what a message is to a book.
type Verdict uint8

const (
	Gap     Verdict = iota // updates are missing before it, or it cannot be placed: the book is lost
	Drop                   // old: the book has it
	Merge                  // a delta, the next one
	Replace                // a snapshot: it becomes the book
	Hold                   // a delta that a snapshot to come may need
	TooOld                 // a snapshot that what is held does not follow: another is needed
)

// Need is what somebody has to do so that a book becomes whole.
type Need uint8

const (
	Nothing     Need = iota
	Snapshot         // fetch a snapshot over REST
	Resubscribe      // unsubscribe and subscribe: the venue sends a snapshot first
)

// BinanceSpot is the rule of Binance's spot market: U and u count changes without holes, snapshots come over REST.
type BinanceSpot struct{}

// Cure is Snapshot.
func (BinanceSpot) Cure() Need { return Snapshot }

// Judge takes u.First as U, u.Last as u; for snapshots u.Last is lastUpdateId.
func (BinanceSpot) Judge(s State, u *Update) Verdict {
	switch {
	case u.Unnumbered:
		return Gap
	case u.Snapshot && s.Phase != Waiting && u.Last <= s.Last:
		return Drop
	case u.Snapshot && s.Phase == Waiting && s.Holding && u.Last < s.Held:
		return TooOld
	case u.Snapshot:
		return Replace
	case s.Phase == Waiting:
		return Hold
	case s.Phase == Seeded && u.Last <= s.Last:
		return Drop
	case s.Phase == Live && u.Last < s.Last:
		return Drop
	case u.First > s.Last+1:
		return Gap
	}
	return Merge
}

// BinanceFutures is the rule of Binance's USD-M futures: pu names the message before, U and u leave holes, snapshots come over REST.
type BinanceFutures struct{}

// Cure is Snapshot.
func (BinanceFutures) Cure() Need { return Snapshot }

// Judge takes u.First as U, u.Last as u, u.Prev as pu; for snapshots u.Last is lastUpdateId.
func (BinanceFutures) Judge(s State, u *Update) Verdict {
	switch {
	case u.Unnumbered:
		return Gap
	case u.Snapshot && s.Phase != Waiting && u.Last <= s.Last:
		return Drop
	case u.Snapshot && s.Phase == Waiting && s.Holding && u.Last < s.Held:
		return TooOld
	case u.Snapshot:
		return Replace
	case s.Phase == Waiting:
		return Hold
	case s.Phase == Seeded && u.Last < s.Last:
		return Drop
	case s.Phase == Seeded && u.First > s.Last:
		return Gap
	case s.Phase == Live && u.Prev != s.Last:
		return Gap
	}
	return Merge
}

// OKX is the rule of OKX's books channels: prevSeqId names the message before, snapshots come with the subscription.
type OKX struct {
	// AllowUnnumbered takes messages without seqId in the order in which they come: for recordings older than it. Live, where such a
	// message means that continuity cannot be told, it must be false.
	AllowUnnumbered bool
}

// Cure is Resubscribe.
func (OKX) Cure() Need { return Resubscribe }

// Judge takes u.Last as seqId, u.Prev as prevSeqId. A seqId below prevSeqId is a reset for maintenance, one equal to it keeps the
// connection alive: both continue the book when prevSeqId does.
func (r OKX) Judge(s State, u *Update) Verdict {
	switch {
	case u.Unnumbered && !r.AllowUnnumbered:
		return Gap
	case u.Snapshot:
		return Replace
	case s.Phase == Waiting:
		return Gap
	case u.Unnumbered || u.Prev == s.Last:
		return Merge
	}
	return Gap
}

// Bybit is the rule of Bybit's orderbook topics: u rises by one, snapshots come with the subscription and whenever the venue
// likes.
type Bybit struct{}

// Cure is Resubscribe.
func (Bybit) Cure() Need { return Resubscribe }

// Judge takes u.Last as u. 1 comes after a restart of the service, and is a snapshot whatever its type says.
func (Bybit) Judge(s State, u *Update) Verdict {
	switch {
	case u.Unnumbered:
		return Gap
	case u.Snapshot || u.Last == 1:
		return Replace
	case s.Phase == Waiting || u.Last > s.Last+1:
		return Gap
	case u.Last <= s.Last:
		return Drop
	}
	return Merge
}
