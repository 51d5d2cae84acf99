package simwire

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// BookTopic describes a topic that follows one market's book.
type BookTopic struct {
	Name     string
	Symbol   exchange.Symbol
	Depth    int           // levels a side; 0: all
	Every    time.Duration // 0: at each change
	Injector *sim.Injector // of OpBooks; nil: no faults
	Key      string        // the market, for the injector

	// Snapshot is the text of a whole book, Delta that of a difference; what they are given is theirs during the call only. Without Snapshot
	// the topic begins with the first difference; without Delta each change is a snapshot. changed tells a snapshot from the same
	// one again, see Repeat; nil is no message.
	Snapshot func(now time.Time, b *exchange.Book, changed bool) []byte
	Delta    func(now time.Time, d *Delta) []byte

	// Repeat has the Delta, an empty one, or without Delta the Snapshot once more after so long without a change; 0: never.
	Repeat time.Duration
}

// NewBookTopic is the Topic that sends this to s. It begins with the book as it is at the first look; the first message has to wait until
// there is one.
func NewBookTopic(s *Socket, b BookTopic) Topic {
	f := &follower{BookTopic: b, socket: s, picture: NewPicture(b.Depth)}
	return Topic{Name: b.Name, Every: b.Every, Look: f.look}
}

// follower is a BookTopic at work, on its Topics' goroutine.
type follower struct {
	BookTopic
	socket  *Socket
	picture *Picture
	book    exchange.Book
	delta   Delta
	begun   bool
	seen    uint64    // version of the book that was looked at last
	said    time.Time // the last message
	frozen  bool      // StaleBook: nothing is told until mend
	mend    time.Time // when a fault is put right, if nothing has happened before; zero: none is to be
}

func (f *follower) look(now time.Time, e *sim.Engine) time.Time {
	v := e.Version(f.Symbol)
	waiting := f.mend.IsZero() || now.Before(f.mend)
	switch {
	case waiting && (f.frozen || f.begun && v == f.seen):
		return f.repeat(now)
	case !e.Book(f.Symbol, &f.book):
		return time.Time{}
	}
	f.seen, f.frozen, f.mend = v, false, time.Time{}
	if f.begun {
		f.change(now)
	} else {
		f.begin(now)
	}
	return f.repeat(now)
}

// change tells what is different now.
func (f *follower) change(now time.Time) {
	if !f.picture.Update(&f.book, &f.delta) {
		return
	}
	fate := f.fate(now)
	switch fate.Fault {
	case sim.StaleBook:
		f.picture.undo(&f.delta)
		f.spoil(now, fate)
		return
	case sim.CrossedBook:
		f.picture.undo(&f.delta)
		f.spoil(now, fate)
		f.picture.Update(&f.book, &f.delta)
	}
	f.say(now, fate, true)
}

// spoil begins a fault of the book itself.
func (f *follower) spoil(now time.Time, fate sim.Fate) {
	f.mend = now.Add(orElse(fate.For))
	switch fate.Fault {
	case sim.StaleBook:
		f.frozen = true
	case sim.CrossedBook:
		Cross(&f.book)
	default:
		f.mend = time.Time{}
	}
}

// begin shows the first book.
func (f *follower) begin(now time.Time) {
	f.begun, f.said = true, now
	if f.Snapshot == nil {
		f.picture.Draw(&f.book)
		return
	}
	fate := f.fate(now)
	f.spoil(now, fate)
	shown := f.picture.Draw(&f.book)
	f.push(now, f.Snapshot(now, shown, true), fate)
}

// say sends the difference, or the whole.
func (f *follower) say(now time.Time, fate sim.Fate, changed bool) {
	if f.Delta != nil {
		f.push(now, f.Delta(now, &f.delta), fate)
		return
	}
	f.push(now, f.Snapshot(now, f.delta.Book, changed), fate)
}

func (f *follower) push(now time.Time, text []byte, fate sim.Fate) {
	f.said = now
	if text != nil {
		f.socket.Push(f.Name, text, fate)
	}
}

// repeat says the same again where it is time, and returns when to look again.
func (f *follower) repeat(now time.Time) time.Time {
	if f.Repeat <= 0 || !f.begun || f.frozen {
		return f.mend
	}
	if !now.Before(f.said.Add(f.Repeat)) {
		f.picture.Same(&f.delta)
		f.say(now, f.fate(now), false)
	}
	return sooner(f.said.Add(f.Repeat), f.mend)
}

func (f *follower) fate(now time.Time) sim.Fate {
	if f.Injector == nil {
		return sim.Fate{}
	}
	return f.Injector.Next(now, sim.Call{Op: sim.OpBooks, Key: f.Key})
}

// orElse is how long a fault lasts that does not say.
func orElse(d time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
