package simwire

import (
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Topic is one subscription of one socket.
type Topic struct {
	Name string
	// Every is how long it rests between two looks, however much happens; it looks a hundredth of it after something has happened, where it has
	// rested. 0: it looks after everything that happens.
	Every time.Duration
	// Look sends what there is to tell, alone with the engine: at first, then after something happened on the floor, and at the time that it
	// asked for; zero: at none. It must not wait, and must not call the floor or the Topics.
	Look func(now time.Time, e *sim.Engine) (again time.Time)
}

// Topics are the subscriptions of one socket. They are looked at in the order in which they were added, on one goroutine. They are safe for
// concurrent use.
type Topics struct {
	floor *sim.Floor
	kick  chan struct{}

	mu   sync.Mutex // taken inside the floor
	list []*subscribed
}

type subscribed struct {
	Topic
	from  time.Time // not before
	again time.Time // asked for; zero: not
	dirty bool      // something happened since the last look
}

// NewTopics makes the subscriptions of s, none at first, which end with it. It is to be called by s's Run, or before it.
func NewTopics(s *Socket, floor *sim.Floor) *Topics {
	t := &Topics{floor: floor, kick: make(chan struct{}, 1)}
	s.Go(func() { t.run(s) })
	return t
}

// Add subscribes; false: there is such a topic already.
func (t *Topics) Add(one Topic) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.index(one.Name) >= 0 {
		return false
	}
	t.list = append(t.list, &subscribed{Topic: one, dirty: true})
	t.wake()
	return true
}

// Remove unsubscribes; after it the topic is not looked at. False: there is no such topic.
func (t *Topics) Remove(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := t.index(name)
	if i >= 0 {
		t.list = slices.Delete(t.list, i, i+1)
	}
	return i >= 0
}

// Names lists the subscriptions in their order.
func (t *Topics) Names() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := make([]string, len(t.list))
	for i, x := range t.list {
		r[i] = x.Name
	}
	return r
}

func (t *Topics) index(name string) int {
	return slices.IndexFunc(t.list, func(x *subscribed) bool { return x.Name == name })
}

func (t *Topics) wake() {
	select {
	case t.kick <- struct{}{}:
	default: // it is awake already
	}
}

func (t *Topics) run(s *Socket) {
	happened := make(chan struct{}, 1)
	defer t.floor.Watch(func() {
		select {
		case happened <- struct{}{}:
		default:
		}
	})()
	timer := time.NewTimer(0)
	defer timer.Stop()
	news := true
	for {
		var due <-chan time.Time
		if next := t.look(news); !next.IsZero() {
			timer.Reset(time.Until(next))
			due = timer.C
		}
		news = false
		select {
		case <-happened:
			news = true
		case <-t.kick:
		case <-due:
		case <-s.Done():
			return
		}
	}
}

// look lets the topics look that are due, and returns when the next is; zero: none.
func (t *Topics) look(news bool) (next time.Time) {
	if !news && !t.due(time.Now()) { // the floor need not be asked
		return t.next()
	}
	t.floor.Read(func(now time.Time, e *sim.Engine) {
		t.mu.Lock()
		defer t.mu.Unlock()
		for _, x := range t.list {
			if news && !x.dirty {
				x.dirty = true
				x.from = later(x.from, now.Add(x.Every/settle))
			}
			if !x.due(now) {
				continue
			}
			if x.dirty {
				x.dirty, x.from = false, now.Add(x.Every)
			}
			x.again = x.Look(now, e)
		}
	})
	return t.next()
}

func (t *Topics) due(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.list, func(x *subscribed) bool { return x.due(now) })
}

func (t *Topics) next() (next time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, x := range t.list {
		next = sooner(next, x.next())
	}
	return next
}

// settle is the part of Every for which a topic waits for more once something has happened, so that what happens at one instant is told in one.
const settle = 100

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (x *subscribed) due(now time.Time) bool {
	at := x.next()
	return !at.IsZero() && !at.After(now)
}

// next is when x is to look; zero: when something happens. What has happened is told when Every lets it, not when the topic asked to look.
func (x *subscribed) next() time.Time {
	switch {
	case !x.dirty:
		return x.again
	case x.from.IsZero():
		return time.Unix(0, 0) // it has not looked yet
	}
	return x.from
}
