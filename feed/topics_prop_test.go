package feed

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// model is a venue that carries out every request that it accepts, and may lose the answer.
type model struct {
	has     map[string]bool
	pending []request
}

func (m *model) carryOut(r request) {
	for _, t := range r.topics {
		m.has[t] = !r.leave
	}
}

// Whatever is subscribed and unsubscribed, lost, refused and answered late: no topic is in two requests at a time, requests keep to their
// size, ids never repeat, and once the venue answers, it has exactly what is wanted, failed topics aside.
func TestTopicsConverge(t *testing.T) {
	for seed := range uint64(3000) {
		if msg := converge(rand.New(rand.NewPCG(seed, 5))); msg != "" {
			t.Fatalf("seed %d: %s", seed, msg)
		}
	}
}

func converge(rnd *rand.Rand) string {
	now := time.Unix(1_700_000_000, 0)
	spec := Spec{TopicsPerFrame: rnd.IntN(4), Acks: Acks(rnd.IntN(2))}
	tab := &topicTable{spec: spec, ackTimeout: 5 * time.Second, maxTries: 3, byName: map[string]*topic{},
		retryWait: func(int) time.Duration { return time.Second }}
	venue := &model{has: map[string]bool{}}
	names := []string{"a", "b", "c", "d", "e", "f"}
	wanted := map[string]bool{}
	lastID := uint64(0)

	send := func() string {
		for {
			r, _ := tab.next(now)
			if len(r.topics) == 0 {
				return ""
			}
			if r.id <= lastID || spec.TopicsPerFrame > 0 && len(r.topics) > spec.TopicsPerFrame {
				return fmt.Sprintf("request %+v after id %d", r, lastID)
			}
			lastID = r.id
			venue.pending = append(venue.pending, r)
		}
	}
	answer := func(r request, kind MessageKind) {
		if kind == Ack {
			venue.carryOut(r)
		}
		if kind == Ack && spec.Acks == AckByTopic {
			for _, n := range r.topics {
				tab.apply(now, Message{Kind: Ack, Topic: n})
			}
			return
		}
		tab.apply(now, Message{Kind: kind, ID: r.id})
	}
	step := func(faulty bool) string {
		switch k := rnd.IntN(10); {
		case k < 2 && faulty:
			n := names[rnd.IntN(len(names))]
			wanted[n] = true
			_ = tab.want([]string{n})
		case k < 4 && faulty:
			n := names[rnd.IntN(len(names))]
			delete(wanted, n)
			tab.unwant([]string{n})
		case k == 4 && faulty:
			tab.apply(now, Message{Kind: Resubscribe, Topic: names[rnd.IntN(len(names))]})
		case len(venue.pending) > 0:
			r := venue.pending[0]
			venue.pending = venue.pending[1:]
			switch {
			case faulty && k == 5:
				venue.carryOut(r) // and the answer is lost
			case faulty && k == 6:
				answer(r, Refused)
			default:
				answer(r, Ack)
			}
		default:
			now = now.Add(time.Duration(rnd.IntN(3000)) * time.Millisecond)
			tab.expire(now)
		}
		for _, x := range tab.order {
			if x != tab.byName[x.name] || x.wanted != wanted[x.name] {
				return fmt.Sprintf("%s is not what is wanted: %+v", x.name, x)
			}
		}
		return send()
	}
	for range 150 {
		if msg := step(true); msg != "" {
			return msg
		}
	}
	for range 150 {
		if msg := step(false); msg != "" {
			return msg
		}
	}
	return agree(tab, venue, wanted, names)
}

func agree(tab *topicTable, venue *model, wanted map[string]bool, names []string) string {
	for _, n := range names {
		x := tab.byName[n]
		switch {
		case x == nil && wanted[n]:
			return n + " is wanted and forgotten"
		case x != nil && !wanted[n]:
			return fmt.Sprintf("%s is not wanted and remembered: %+v", n, x)
		case x != nil && x.phase == failed:
			continue
		case x != nil && x.state() != TopicActive:
			return fmt.Sprintf("%s did not become active: %+v", n, x)
		case wanted[n] && !venue.has[n]:
			return n + " is wanted, and the venue does not have it"
		}
	}
	if got := tab.wanted(); got != len(wanted) || len(tab.byName) != len(tab.order) {
		return fmt.Sprintf("%d wanted of %d, %d by name, %d in order", got, len(wanted), len(tab.byName), len(tab.order))
	}
	return ""
}

// The order of the first subscription is the order of requests, whatever happened in between.
func TestTopicsOrder(t *testing.T) {
	tab := &topicTable{byName: map[string]*topic{}, ackTimeout: time.Second, maxTries: 3}
	_ = tab.want([]string{"c", "a", "b"})
	tab.unwant([]string{"a"})
	_ = tab.want([]string{"d", "a"})
	r, again := tab.next(time.Unix(1, 0))
	if !slices.Equal(r.topics, []string{"c", "b", "d", "a"}) || !again.IsZero() {
		t.Errorf("%v, again at %v", r.topics, again)
	}
	if r, again = tab.next(time.Unix(1, 5)); len(r.topics) != 0 || !again.Equal(time.Unix(2, 0)) {
		t.Errorf("%v, again at %v, want the time-out", r.topics, again)
	}
}
