// Package feed brings market data in: [Session] keeps a venue's stream alive, [Feed] holds the newest book of each market for any
// number of readers, [Replay] plays recorded streams through the same decoders.
//
// A recording is a folder of files *.gz or *.jsonl, each in one of three forms of lines; the library does not write any yet:
//
//	A  <receive ns> <raw frame>                     REST bodies, which begin {"lastUpdateId", stand between the frames
//	B  {"t":"header|http|connect|send|recv","conn","ts","data","url","addr"}
//	C  <seconds>: <raw frame>                       received
//	   <address> <-> <seconds>                      connected
//	   <address> <- <seconds>: <raw frame>          sent
//	   <url> -> <seconds>: <body>                   a REST answer
//
// Which market a frame belongs to is told by the addresses of connections and answers, in form A by manifest.json in the folder:
//
//	{"streams": [{"files": "spot_btcusdt*.gz", "address": "wss://stream.binance.com:9443/stream",
//	              "rest": "https://api.binance.com/api/v3/depth?symbol=BTCUSDT"}]}
package feed

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Source is where books come from; its contract is that of exchange.MarketData. A source that returns nil has come to its end, as a
// recording does. One that also has a method Venue() exchange.Venue makes its markets known, as Down, before their first book.
type Source interface {
	StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error
}

// Subscription is a source and what to take from it.
type Subscription struct {
	Source  Source
	Symbols []exchange.Symbol
}

// State says how far a market's book can be relied on.
type State uint8

const (
	Down  State = iota // no valid book: not yet, no longer, or its continuity is lost
	Stale              // connected for all we know, but silent for longer than Config.StaleAfter
	Live               // valid
)

// String is "down", "stale" or "live".
func (s State) String() string {
	names := [...]string{"down", "stale", "live"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("State(%d)", s)
}

// Update is the newest that is known of one market.
type Update struct {
	Book  *exchange.Book // without levels unless State is Live. The iterator's: valid until the loop's next turn; Clone keeps it
	State State
	Since time.Time // when State began, by the receive clock
	Err   error     // Book.Err: why it is not Live
}

// Status is an [Update] without its book.
type Status struct {
	Market exchange.Market
	State  State
	Since  time.Time
	Err    error
}

// Config makes a [Feed]; the zero value works.
type Config struct {
	// Depth is how many levels a side are kept for readers; 0: all. OnBook sees all of them.
	Depth int

	// StaleAfter is how long a market may be silent while Run runs, counted from its book's RecvTime; 0: 10 s, negative: for ever.
	// StaleMarkets goes before it: quiet markets need more.
	StaleAfter   time.Duration
	StaleMarkets map[exchange.Market]time.Duration

	// Tolerant keeps Run going when a source gives up: only its own markets go Down. Else that ends Run.
	Tolerant bool

	// OnBook is called with each book as it arrives, on the goroutine of its source and after readers can see it. The book is valid
	// during the call, which must not block: it holds up the socket.
	OnBook func(*exchange.Book)
}

// Feed keeps the newest book of each market. There is one slot a market: what nobody has read when the next book comes is never read, so a
// slow reader costs neither the source nor other readers anything. It is safe for concurrent use, but for one market only one goroutine at a
// time may Put.
type Feed struct {
	cfg  Config
	subs []Subscription

	mu      sync.Mutex // serialises changes of the two lists, which are read without it
	slots   atomic.Pointer[slotTable]
	readers atomic.Pointer[[]*reader]
	running bool
	ended   atomic.Bool
}

type slotTable struct {
	byMarket map[exchange.Market]*slot
	order    []*slot
}

// slot is what is known of one market. Its mutex is held for one copy.
type slot struct {
	index  int
	market exchange.Market
	stale  time.Duration // <= 0: never

	mu    sync.Mutex
	book  exchange.Book
	state State
	since time.Time
	heard time.Time // the last book's receive time
	sub   int       // the subscription it came from, -1: none
}

var (
	errNoBook      = fmt.Errorf("feed: no book yet: %w", exchange.ErrDown)
	errSourceEnded = errors.New("the source has come to its end")
)

// New checks cfg and makes a Feed. It starts nothing; without subscriptions it is fed by Put alone.
func New(cfg Config, subs ...Subscription) (*Feed, error) {
	if cfg.Depth < 0 {
		return nil, fmt.Errorf("feed: negative depth: %w", exchange.ErrInvalid)
	}
	if cfg.StaleAfter == 0 {
		cfg.StaleAfter = 10 * time.Second
	}
	f := &Feed{cfg: cfg, subs: slices.Clone(subs)}
	f.slots.Store(&slotTable{byMarket: map[exchange.Market]*slot{}})
	f.readers.Store(&[]*reader{})
	for i, s := range subs {
		if s.Source == nil {
			return nil, fmt.Errorf("feed: subscription without a source: %w", exchange.ErrInvalid)
		}
		if v, ok := s.Source.(interface{ Venue() exchange.Venue }); ok {
			for _, y := range s.Symbols {
				f.slot(exchange.Market{Venue: v.Venue(), Symbol: y}).sub = i
			}
		}
	}
	return f, nil
}

// Run streams all subscriptions until ctx ends, a source gives up (see Config.Tolerant), or all have come to their end. It returns ctx's error,
// the error of the sources, or nil. Then every market is Down, its goroutines are gone, iterators end, and the Feed is done: Run
// works once.
func (f *Feed) Run(ctx context.Context) error {
	f.mu.Lock()
	again := f.running
	f.running = true
	f.mu.Unlock()
	if again {
		return fmt.Errorf("feed: Run works once: %w", exchange.ErrConflict)
	}
	inner, stop := context.WithCancel(ctx)
	var sources, watch sync.WaitGroup
	errs := make([]error, len(f.subs))
	for i, s := range f.subs {
		sources.Go(func() {
			err := s.Source.StreamBooks(inner, s.Symbols, func(b *exchange.Book) { f.put(b, i) })
			if err != nil && inner.Err() == nil {
				errs[i] = err
				if !f.cfg.Tolerant {
					stop()
				}
			}
			f.takeDown(i, err)
		})
	}
	watch.Go(func() { f.watch(inner) })
	sources.Wait()
	stop()
	watch.Wait()
	f.end()
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(errs...)
}

// Put takes a book in, as sources do through Run; in simulated runs it is the only way in, and needs no Run. The book is copied: it stays the
// caller's. Put neither blocks nor looks at the clock.
func (f *Feed) Put(b *exchange.Book) { f.put(b, -1) }

func (f *Feed) put(b *exchange.Book, sub int) {
	s := f.slots.Load().byMarket[b.Market]
	if s == nil {
		s = f.slot(b.Market)
	}
	s.mu.Lock()
	if f.ended.Load() {
		s.mu.Unlock()
		return
	}
	state := Live
	s.book.CopyFrom(b, f.cfg.Depth)
	if b.Err != nil {
		state = Down
		s.book.Invalidate(b.Err) // whatever the source left in it
	}
	s.heard, s.sub = b.RecvTime, sub
	s.enter(state, b.RecvTime)
	s.mu.Unlock()
	f.mark(s.index)
	if f.cfg.OnBook != nil {
		f.cfg.OnBook(b)
	}
}

// enter notes when a state began.
func (s *slot) enter(state State, at time.Time) {
	if s.state != state || s.since.IsZero() {
		s.state, s.since = state, at
	}
}

// fail makes s invalid for a reason that the source did not tell.
func (s *slot) fail(state State, at time.Time, reason error) {
	s.book.Invalidate(reason)
	s.enter(state, at)
}

// slot finds or makes a market's slot. New ones are rare: the table is copied, so that readers need no lock.
func (f *Feed) slot(m exchange.Market) *slot {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.slots.Load()
	if s := old.byMarket[m]; s != nil {
		return s
	}
	s := &slot{index: len(old.order), market: m, stale: f.cfg.StaleAfter, sub: -1}
	if d, ok := f.cfg.StaleMarkets[m]; ok {
		s.stale = d
	}
	s.book.Market = m
	s.book.Err = errNoBook
	t := &slotTable{byMarket: map[exchange.Market]*slot{m: s}, order: append(slices.Clip(old.order), s)}
	for k, v := range old.byMarket {
		t.byMarket[k] = v
	}
	f.slots.Store(t)
	return s
}

// ReadBook copies the newest book of m into *into, whose memory it reuses; false when nothing is known of m. A book that is not Live has Err
// set and no levels.
func (f *Feed) ReadBook(m exchange.Market, into *exchange.Book) bool {
	s := f.slots.Load().byMarket[m]
	if s == nil {
		return false
	}
	s.mu.Lock()
	into.CopyFrom(&s.book, 0)
	s.mu.Unlock()
	return true
}

// Status lists all known markets, in the order in which they became known.
func (f *Feed) Status() []Status {
	order := f.slots.Load().order
	r := make([]Status, len(order))
	for i, s := range order {
		s.mu.Lock()
		r[i] = Status{Market: s.market, State: s.state, Since: s.since, Err: s.book.Err}
		s.mu.Unlock()
	}
	return r
}

// Updates starts with the newest of each known market and then yields what changed since the last turn, the market that waits longest first. It ends
// with ctx, when the loop breaks, or after the last Down when Run ends. Each range over it is an iterator of its own; a slow one
// misses books, never the newest.
func (f *Feed) Updates(ctx context.Context) iter.Seq[Update] {
	return func(yield func(Update) bool) {
		r := f.attach()
		defer f.detach(r)
		var own exchange.Book
		for {
			i, ok := r.next(ctx)
			if !ok {
				return
			}
			s := f.slots.Load().order[i]
			s.mu.Lock()
			own.CopyFrom(&s.book, 0)
			u := Update{Book: &own, State: s.state, Since: s.since, Err: s.book.Err}
			s.mu.Unlock()
			if !yield(u) {
				return
			}
		}
	}
}
