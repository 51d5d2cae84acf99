package feed

import (
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// TopicState is how far a subscription has come.
type TopicState uint8

const (
	TopicInit   TopicState = iota // not asked for on this connection: not yet, no longer, or waiting to be tried again
	TopicSent                     // asked for, not yet answered
	TopicActive                   // acknowledged, or data has come
	TopicFailed                   // refused, or never answered: not tried again on this connection
)

// String is "init", "sent", "active" or "failed".
func (s TopicState) String() string {
	names := [...]string{"init", "sent", "active", "failed"}
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("TopicState(%d)", s)
}

// TopicStatus is the state of one topic of a [Session].
type TopicStatus struct {
	Topic string
	State TopicState
	Err   error // why it failed, or why its last try did
}

// TopicError is a subscription that the venue refused for good, or never answered.
type TopicError struct {
	Topic string
	Err   error
}

// Error names the topic and the reason.
func (e *TopicError) Error() string {
	return fmt.Sprintf("feed: subscription of %s: %v", e.Topic, e.Err)
}

// Unwrap is the reason.
func (e *TopicError) Unwrap() error { return e.Err }

var errNoAnswer = errors.New("no answer from the venue")

// phase is a topic's place in its life on one connection. At most one request a topic is under way, so that an answer that names
// only the topic is never taken for the answer to another request.
type phase uint8

const (
	idle        phase = iota // nothing sent, or everything undone
	subscribing              // request sent
	active
	leaving // unsubscribe sent
	failed
)

type topic struct {
	name     string
	wanted   bool
	renew    bool // active, but to be unsubscribed and subscribed anew
	phase    phase
	id       uint64    // of the request under way
	deadline time.Time // subscribing, leaving: of the answer. idle: not to be tried before it
	tries    int
	batch    int // largest request that it may share, 0: any. A refused request is halved until the culprit is alone
	err      error
}

func (x *topic) state() TopicState {
	switch {
	case !x.wanted || x.phase == idle || x.phase == leaving:
		return TopicInit
	case x.phase == subscribing:
		return TopicSent
	case x.phase == active:
		return TopicActive
	}
	return TopicFailed
}

// topicTable is the subscription state machine of a session: pure, time comes with each call.
type topicTable struct {
	spec       Spec
	ackTimeout time.Duration
	maxTries   int
	retryWait  func(tries int) time.Duration

	order  []*topic // as subscribed: requests go out in this order
	byName map[string]*topic
	lastID uint64
}

// request is one frame to send.
type request struct {
	id     uint64
	leave  bool
	topics []string
}

// change is what an answer or a time-out did to a topic.
type change struct {
	topic string
	state TopicState
	final bool // failed by the venue's own word, which no reconnect cures
	err   error
}

func (t *topicTable) want(names []string) error {
	fresh := map[string]bool{}
	for _, n := range names {
		if x := t.byName[n]; x == nil || !x.wanted {
			fresh[n] = true
		}
	}
	if limit := t.spec.TopicsPerConn; len(fresh) > 0 && limit > 0 && t.wanted()+len(fresh) > limit {
		return fmt.Errorf("feed: more than %d topics on one connection: %w", limit, exchange.ErrInvalid)
	}
	for _, n := range names {
		x := t.byName[n]
		if x == nil {
			x = &topic{name: n}
			t.byName[n] = x
			t.order = append(t.order, x)
		}
		x.wanted = true
	}
	return nil
}

func (t *topicTable) unwant(names []string) {
	for _, n := range names {
		if x := t.byName[n]; x != nil {
			x.wanted = false
		}
	}
	t.forget()
}

// forget drops what is neither wanted nor known to the venue.
func (t *topicTable) forget() {
	kept := t.order[:0]
	for _, x := range t.order {
		if !x.wanted && (x.phase == idle || x.phase == failed) {
			delete(t.byName, x.name)
			continue
		}
		kept = append(kept, x)
	}
	clear(t.order[len(kept):])
	t.order = kept
}

func (t *topicTable) wanted() int { return t.count(func(x *topic) bool { return x.wanted }) }

func (t *topicTable) count(is func(*topic) bool) (n int) {
	for _, x := range t.order {
		if is(x) {
			n++
		}
	}
	return n
}

// settled reports that data can change no state.
func (t *topicTable) settled() bool {
	return t.count(func(x *topic) bool { return x.phase != active }) == 0
}

// hopeless reports that every wanted topic has failed.
func (t *topicTable) hopeless() bool {
	n := t.wanted()
	return n > 0 && n == t.count(func(x *topic) bool { return x.wanted && x.phase == failed })
}

// reset is for a lost connection, which took all subscriptions with it. Failures stay to be read until the next one is up.
func (t *topicTable) reset(failures bool) {
	for _, x := range t.order {
		if x.phase == failed && !failures {
			continue
		}
		*x = topic{name: x.name, wanted: x.wanted, err: x.err}
	}
	t.forget()
}

// expire gives up what was not answered in time.
func (t *topicTable) expire(now time.Time) (changes []change) {
	for _, x := range t.order {
		if x.phase != subscribing && x.phase != leaving || now.Before(x.deadline) {
			continue
		}
		switch {
		case x.phase == leaving:
			x.phase, x.deadline = idle, time.Time{}
		case !x.wanted:
			x.phase = active // the venue may have it after all: leave properly
		case x.tries >= t.maxTries:
			x.phase, x.err = failed, errNoAnswer
			changes = append(changes, change{topic: x.name, state: TopicFailed, err: &TopicError{x.name, errNoAnswer}})
		default:
			x.phase, x.deadline, x.err = idle, time.Time{}, errNoAnswer
		}
	}
	t.forget()
	return changes
}

// next makes the request that is due, or tells when to look again (zero: when something changes).
func (t *topicTable) next(now time.Time) (r request, again time.Time) {
	var batch []*topic
	limit := 0
	for _, x := range t.order {
		due, at := x.due(now)
		switch {
		case !due:
			if !at.IsZero() && (again.IsZero() || at.Before(again)) {
				again = at
			}
			continue
		case len(batch) == 0:
			r.leave = x.phase == active
			limit = t.limit(x, 0)
		case (x.phase == active) != r.leave:
			continue
		}
		if l := t.limit(x, limit); l == 0 || len(batch) < l {
			batch, limit = append(batch, x), l
		}
	}
	if len(batch) == 0 {
		return request{}, again
	}
	t.lastID++
	r.id = t.lastID
	for _, x := range batch {
		x.id, x.deadline, x.renew = r.id, now.Add(t.ackTimeout), false
		x.phase = subscribing
		if r.leave {
			x.phase = leaving
		} else {
			x.tries++
		}
		r.topics = append(r.topics, x.name)
	}
	return r, time.Time{}
}

// limit is the size of a request that x may be in, given the limit so far; 0 is none.
func (t *topicTable) limit(x *topic, sofar int) int {
	for _, l := range [2]int{t.spec.TopicsPerFrame, x.batch} {
		if l > 0 && (sofar == 0 || l < sofar) {
			sofar = l
		}
	}
	return sofar
}

// due reports whether x needs a request now, else when it may (or when its answer is overdue).
func (x *topic) due(now time.Time) (bool, time.Time) {
	switch x.phase {
	case idle:
		return x.wanted && !now.Before(x.deadline), x.deadline
	case active:
		return !x.wanted || x.renew, time.Time{}
	case subscribing, leaving:
		return false, x.deadline
	}
	return false, time.Time{}
}

// apply takes what a frame told about topics.
func (t *topicTable) apply(now time.Time, m Message) (changes []change) {
	switch m.Kind {
	case Data:
		if x := t.byName[m.Topic]; x != nil && (x.phase == subscribing || x.phase == failed) {
			changes = append(changes, x.activate())
		}
	case Resubscribe:
		// One that is still being asked for is renewed as soon as it is active: its data came before the answer.
		if x := t.byName[m.Topic]; x != nil && (x.phase == active || x.phase == subscribing) {
			x.renew = true
		}
	case Ack:
		for _, x := range t.match(m) {
			if x.phase == leaving {
				x.phase, x.deadline = idle, time.Time{}
				continue
			}
			changes = append(changes, x.activate())
		}
	case Refused:
		changes = t.refuse(now, m)
	}
	t.forget()
	return changes
}

func (x *topic) activate() change {
	x.phase, x.deadline, x.tries, x.batch, x.err = active, time.Time{}, 0, 0, nil
	return change{topic: x.name, state: TopicActive}
}

// match finds the topics under way that an answer is about: the one that it names, else those of its request. A venue that confirms
// topic by topic may still refuse a whole request by its id.
func (t *topicTable) match(m Message) (r []*topic) {
	if m.Topic != "" {
		if x := t.byName[m.Topic]; x != nil && (x.phase == subscribing || x.phase == leaving) {
			r = append(r, x)
		}
		return r
	}
	if m.ID == 0 || m.Kind == Ack && t.spec.Acks == AckByTopic {
		return nil
	}
	for _, x := range t.order {
		if x.id == m.ID && (x.phase == subscribing || x.phase == leaving) {
			r = append(r, x)
		}
	}
	return r
}

func (t *topicTable) refuse(now time.Time, m Message) (changes []change) {
	reason := m.Err
	if reason == nil {
		reason = exchange.ErrRejected
	}
	all := t.match(m)
	for _, x := range all {
		x.err = reason
		switch {
		case x.phase == leaving: // it was not subscribed
			x.phase, x.deadline = idle, time.Time{}
		case len(all) > 1: // one bad topic spoils a request: find it
			x.phase, x.deadline, x.batch = idle, time.Time{}, len(all)/2
			x.tries--
		case incurable(reason) || x.tries >= t.maxTries:
			x.phase = failed
			changes = append(changes, change{topic: x.name, state: TopicFailed, final: true, err: &TopicError{x.name, reason}})
		default:
			x.phase, x.deadline = idle, now.Add(t.retryWait(x.tries))
		}
	}
	return changes
}

func incurable(err error) bool {
	return errors.Is(err, exchange.ErrInvalid) || errors.Is(err, exchange.ErrNotFound) || errors.Is(err, exchange.ErrUnsupported) ||
		errors.Is(err, exchange.ErrUnauthorized)
}
