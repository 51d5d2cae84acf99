package feed_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/feed"
)

func TestSubscriptions(t *testing.T) {
	type states = map[string]feed.TopicState
	cases := []struct {
		name string
		spec feed.Spec
		run  func(t *testing.T, r *rig)
		// what the venue was sent
		sent  []string
		reply func(*peer, string)
	}{
		{"one frame for all, twice sends nothing", feed.Spec{}, func(t *testing.T, r *rig) {
			want(t, "states", r.states(), states{"a": feed.TopicActive, "b": feed.TopicActive})
			_ = r.s.Subscribe("a", "b")
			_ = r.s.Subscribe("b", "b")
			after(20 * time.Second)
		}, []string{"connect", "sub 1 a b"}, nil},
		{"frames no larger than allowed", feed.Spec{TopicsPerFrame: 1}, func(t *testing.T, r *rig) {
			_ = r.s.Subscribe("c")
			after(time.Millisecond)
		}, []string{"connect", "sub 1 a", "sub 2 b", "sub 3 c"}, nil},
		{"unsubscribing returns to init, then is forgotten", feed.Spec{}, func(t *testing.T, r *rig) {
			r.s.Unsubscribe("a")
			want(t, "at once", r.states()["a"], feed.TopicInit)
			after(time.Millisecond)
			want(t, "confirmed", r.states(), states{"b": feed.TopicActive})
			r.s.Unsubscribe("a", "never wanted")
			after(time.Millisecond)
			_ = r.s.Subscribe("a")
			after(time.Millisecond)
			want(t, "again", r.states(), states{"b": feed.TopicActive, "a": feed.TopicActive})
		}, []string{"connect", "sub 1 a b", "unsub 2 a", "sub 3 a"}, nil},
		{"changed one's mind before it was sent", feed.Spec{Rate: 1}, func(t *testing.T, r *rig) {
			r.s.Unsubscribe("a")
			_ = r.s.Subscribe("a")
			after(time.Millisecond)
			want(t, "states", r.states(), states{"a": feed.TopicActive, "b": feed.TopicActive})
		}, []string{"connect", "sub 1 a b"}, nil},
		{"data makes a topic active", feed.Spec{}, func(t *testing.T, r *rig) {
			want(t, "before", r.states(), states{"a": feed.TopicSent, "b": feed.TopicSent})
			r.peer(1).say("b 12")
			after(time.Millisecond)
			want(t, "after", r.states(), states{"a": feed.TopicSent, "b": feed.TopicActive})
		}, []string{"connect", "sub 1 a b"}, mute},
		{"acknowledged topic by topic", feed.Spec{Acks: feed.AckByTopic}, func(t *testing.T, r *rig) {
			r.peer(1).say("ack 1")
			r.peer(1).say("ack b")
			after(time.Millisecond)
			want(t, "after", r.states(), states{"a": feed.TopicSent, "b": feed.TopicActive})
		}, []string{"connect", "sub 1 a b"}, mute},
		{"an answer to nothing changes nothing", feed.Spec{}, func(t *testing.T, r *rig) {
			for _, f := range []string{"ack 7", "no 7", "ack zz", "no zz", "zz 1", "resub zz", "ack 0", "hello"} {
				r.peer(1).say(f)
			}
			after(time.Millisecond)
			want(t, "after", r.states(), states{"a": feed.TopicSent, "b": feed.TopicSent})
		}, []string{"connect", "sub 1 a b"}, mute},
		{"lost continuity: that topic alone anew", feed.Spec{}, func(t *testing.T, r *rig) {
			r.peer(1).say("resub b")
			r.peer(1).say("resub b")
			after(time.Millisecond)
			want(t, "after", r.states(), states{"a": feed.TopicActive, "b": feed.TopicActive})
			want(t, "losses", len(r.dec.losses()), 0)
		}, []string{"connect", "sub 1 a b", "unsub 2 b", "sub 3 b"}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, feed.SessionConfig{}, c.spec, c.reply, "a", "b")
				c.run(t, r)
				want(t, "frames", r.frames(), c.sent)
				r.end()
			})
		})
	}
}

// An unanswered request is repeated, and then given up; the next connection starts afresh.
func TestAckTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var failed []string
		cfg := feed.SessionConfig{AckTimeout: 4 * time.Second, MaxTries: 3, BackoffMin: time.Second, Hooks: feed.SessionHooks{
			Failed: func(topic string, err error) { failed = append(failed, fmt.Sprint(topic, ": ", err)) },
		}}
		r := start(t, cfg, feed.Spec{}, mute, "a")
		want(t, "sent", r.states()["a"], feed.TopicSent)
		after(12*time.Second - 1)
		want(t, "still sent", r.states()["a"], feed.TopicSent)
		after(1)
		want(t, "given up", r.states()["a"], feed.TopicFailed)
		want(t, "requests", r.times("sub"), []time.Duration{0, 4 * time.Second, 8 * time.Second})
		want(t, "hook", failed, []string{"a: feed: subscription of a: no answer from the venue"})
		want(t, "books lost with the useless connection", len(r.dec.losses()), 1)
		after(time.Second)
		want(t, "after the reconnect", r.states()["a"], feed.TopicSent)
		want(t, "frames", r.frames(), []string{"connect", "sub 1 a", "sub 2 a", "sub 3 a", "connect", "sub 4 a"})
		r.end()
	})
}

// One topic without an answer does not cost the others their connection.
func TestAckTimeoutOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, feed.SessionConfig{}, feed.Spec{Acks: feed.AckByTopic}, func(p *peer, f string) {
			if strings.Contains(f, " a") {
				p.say("ack a")
			}
		}, "a", "b")
		after(20 * time.Second)
		want(t, "states", r.states(), map[string]feed.TopicState{"a": feed.TopicActive, "b": feed.TopicFailed})
		want(t, "frames", r.frames(), []string{"connect", "sub 1 a b", "sub 2 b", "sub 3 b"})
		r.peer(1).say("b 12")
		after(time.Millisecond)
		want(t, "data for the failed one", r.states()["b"], feed.TopicActive)
		want(t, "losses", len(r.dec.losses()), 0)
		r.end()
	})
}

func TestUnsubscribeUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, feed.SessionConfig{AckTimeout: time.Second}, feed.Spec{}, func(p *peer, f string) {
			if f == "sub 1 a b" {
				p.say("ack 1")
			}
		}, "a", "b")
		r.s.Unsubscribe("a")
		after(time.Millisecond)
		_ = r.s.Subscribe("a") // not before the venue has answered, or its time is over
		after(time.Second - 2*time.Millisecond)
		want(t, "early", r.frames(), []string{"connect", "sub 1 a b", "unsub 2 a"})
		after(2 * time.Millisecond)
		want(t, "in time", r.frames(), []string{"connect", "sub 1 a b", "unsub 2 a", "sub 3 a"})
		r.s.Unsubscribe("a") // with a subscription under way that is not answered either
		after(time.Second + time.Millisecond)
		want(t, "leaves anyway", r.frames()[4:], []string{"unsub 4 a"})
		r.end()
	})
}

func TestRefused(t *testing.T) {
	refuse := func(verb, bad string) func(*peer, string) {
		return func(p *peer, f string) {
			w := strings.Fields(f)
			if slices.Contains(w[2:], bad) {
				p.say(verb + " " + w[1])
				return
			}
			p.say("ack " + w[1])
		}
	}
	type states = map[string]feed.TopicState
	cases := []struct {
		name     string
		tolerant bool
		reply    func(*peer, string)
		topics   string
		sent     []string
		states   states
		fatal    string // the topic that ends Run
	}{
		{"what can never succeed ends Run", false, refuse("never", "a"), "a", []string{"sub 1 a"}, nil, "a"},
		{"the rest is tried again", false, refuse("no", "a"), "a", []string{"sub 1 a", "sub 2 a", "sub 3 a"}, nil, "a"},
		{"the culprit is found", false, refuse("never", "c"), "a b c d",
			[]string{"sub 1 a b c d", "sub 2 a b", "sub 3 c d", "sub 4 c"}, nil, "c"},
		{"tolerant: the others go on", true, refuse("never", "c"), "a b c d",
			[]string{"sub 1 a b c d", "sub 2 a b", "sub 3 c d", "sub 4 c", "sub 5 d"},
			states{"a": feed.TopicActive, "b": feed.TopicActive, "c": feed.TopicFailed, "d": feed.TopicActive}, ""},
		{"tolerant: nothing left", true, refuse("never", "a"), "a", []string{"sub 1 a"}, nil, "a"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := start(t, feed.SessionConfig{Tolerant: c.tolerant}, feed.Spec{}, c.reply, strings.Fields(c.topics)...)
				after(10 * time.Second)
				sent := slices.DeleteFunc(r.frames(), func(f string) bool { return f == "connect" })
				if c.fatal == "" {
					want(t, "frames", sent, c.sent)
					want(t, "states", r.states(), c.states)
					r.end()
					return
				}
				// how many halves were on the wire when the culprit was found is the network's affair
				want(t, "frames", sent[:min(len(sent), len(c.sent))], c.sent)
				err := <-r.done
				var e *feed.TopicError
				if !errors.As(err, &e) || e.Topic != c.fatal {
					t.Errorf("Run returned %v, want a TopicError of %s", err, c.fatal)
				}
				want(t, "state", r.states()[c.fatal], feed.TopicFailed)
				want(t, "books lost", len(r.dec.losses()), 1)
				r.stop()
				r.close()
			})
		})
	}
}

func TestPacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var topics []string
		for i := range 7 {
			topics = append(topics, fmt.Sprint("t", i))
		}
		r := start(t, feed.SessionConfig{}, feed.Spec{TopicsPerFrame: 2, Rate: 5, Heartbeat: feed.Heartbeat{Interval: 500 * time.Millisecond}}, nil, topics...)
		after(2 * time.Second)
		want(t, "requests", r.times("sub"), []time.Duration{0, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond})
		want(t, "heartbeats do not wait", r.times("ping")[:2], []time.Duration{500 * time.Millisecond, time.Second})
		r.end()
	})
}

func TestTopicsPerConnection(t *testing.T) {
	spec := feed.Spec{URL: "ws://x", TopicsPerConn: 2}
	s, err := feed.NewSession(feed.SessionConfig{Protocol: line{spec}, Decoder: &lineDecoder{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Subscribe("a", "b", "a"); err != nil {
		t.Error(err)
	}
	if err := s.Subscribe("a"); err != nil {
		t.Error("known ones: ", err)
	}
	if err := s.Subscribe("a", "c"); !errors.Is(err, exchange.ErrInvalid) || len(s.Topics()) != 2 {
		t.Errorf("one too many: %v, %v", err, s.Topics())
	}
	s.Unsubscribe("a")
	if err := s.Subscribe("c"); err != nil {
		t.Error("in the place of another: ", err)
	}
}

// Continuity may be lost before the venue has answered the subscription, for data can come first: the topic is renewed all the same.
func TestContinuityLostBeforeTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := true
		r := start(t, feed.SessionConfig{}, feed.Spec{}, func(p *peer, frame string) {
			if first {
				first = false
				p.say("resub a")
			}
			p.say("ack " + strings.Fields(frame)[1])
		}, "a")
		after(time.Millisecond)
		want(t, "frames", r.frames(), []string{"connect", "sub 1 a", "unsub 2 a", "sub 3 a"})
		want(t, "state", r.states()["a"], feed.TopicActive)
		r.end()
	})
}

// After a reconnect exactly the wanted set is asked for, in order.
func TestResubscribesTheWantedSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, feed.SessionConfig{BackoffMin: time.Second}, feed.Spec{TopicsPerFrame: 2}, nil, "a", "b", "c", "d")
		r.s.Unsubscribe("b")
		_ = r.s.Subscribe("e")
		after(time.Millisecond)
		before := len(r.frames())
		r.peer(1).ws.Close()
		synctest.Wait()
		r.s.Unsubscribe("c") // while disconnected: never sent
		_ = r.s.Subscribe("f")
		want(t, "states in between", slices.Sorted(maps.Keys(r.states())), []string{"a", "d", "e", "f"})
		for topic, state := range r.states() {
			want(t, topic, state, feed.TopicInit)
		}
		after(2 * time.Second)
		want(t, "frames", r.frames()[before:], []string{"connect", "sub 5 a d", "sub 6 e f"})
		for topic, state := range r.states() {
			want(t, topic, state, feed.TopicActive)
		}
		r.end()
	})
}

func TestSessionConfigErrors(t *testing.T) {
	good := feed.SessionConfig{Protocol: line{feed.Spec{URL: "wss://x/y"}}, Decoder: &lineDecoder{}}
	cases := map[string]func(*feed.SessionConfig){
		"no protocol":         func(c *feed.SessionConfig) { c.Protocol = nil },
		"no decoder":          func(c *feed.SessionConfig) { c.Decoder = nil },
		"http":                func(c *feed.SessionConfig) { c.Protocol = line{feed.Spec{URL: "https://x"}} },
		"no host":             func(c *feed.SessionConfig) { c.Protocol = line{feed.Spec{URL: "wss://"}} },
		"a control character": func(c *feed.SessionConfig) { c.Protocol = line{feed.Spec{URL: "wss://x/secret\x7f"}} },
		"PongWait too short":  func(c *feed.SessionConfig) { c.PongWait = 30 * time.Second },
		"negative duration":   func(c *feed.SessionConfig) { c.AckTimeout = -1 },
		"backoff upside down": func(c *feed.SessionConfig) { c.BackoffMin, c.BackoffMax = 2, 1 },
		"negative tries":      func(c *feed.SessionConfig) { c.MaxTries = -1 },
		"negative rate":       func(c *feed.SessionConfig) { c.Protocol = line{feed.Spec{URL: "wss://x", Rate: -1}} },
	}
	for name, change := range cases {
		cfg := good
		change(&cfg)
		_, err := feed.NewSession(cfg)
		if !errors.Is(err, exchange.ErrInvalid) || strings.Contains(fmt.Sprint(err), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
	slow := good
	slow.Protocol = line{feed.Spec{URL: "wss://x", Heartbeat: feed.Heartbeat{Interval: time.Minute}}}
	if _, err := feed.NewSession(slow); err != nil {
		t.Errorf("a venue of slow heartbeats: %v", err)
	}
	if _, err := feed.NewSession(good); err != nil {
		t.Error(err)
	}
}

func TestRunOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, feed.SessionConfig{}, feed.Spec{}, nil, "a")
		if err := r.s.Run(context.Background()); !errors.Is(err, exchange.ErrConflict) {
			t.Errorf("a second Run beside the first: %v", err)
		}
		r.stop()
		<-r.done
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := r.s.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a second Run after the first: %v", err)
		}
		want(t, "frames", r.frames(), []string{"connect", "sub 1 a", "connect", "sub 2 a"})
		r.close()
	})
}
