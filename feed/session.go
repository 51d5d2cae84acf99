package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/bothlegs/bothlegs/exchange"
)

// SessionConfig makes a [Session]. Protocol and Decoder are required; zero values elsewhere take the defaults.
type SessionConfig struct {
	Protocol Protocol
	Decoder  Decoder // from Protocol.Decoder; the session is the only one to give it frames

	// NetDial connects; nil is a net.Dialer's. It must return when ctx ends.
	NetDial func(ctx context.Context, network, addr string) (net.Conn, error)

	PingInterval     time.Duration // 30 s; the protocol's own interval goes before it
	PongWait         time.Duration // 45 s, or 1.5 intervals where that is more: a connection silent for so long is dead
	WriteWait        time.Duration // 10 s
	HandshakeTimeout time.Duration // 10 s, for dialing and the handshake together
	AckTimeout       time.Duration // 5 s: how long a request may stay unanswered
	MaxTries         int           // 3: how often one topic is asked for on one connection
	BackoffMin       time.Duration // 500 ms: before the first reconnect, doubling
	BackoffMax       time.Duration // 30 s
	MaxMessage       int64         // 4 MiB: a larger message ends the connection

	// Tolerant keeps Run going when the venue refuses some of the topics; it then returns only when all have failed.
	Tolerant bool

	Seed  uint64 // of the jitter; 0: a random one
	Hooks SessionHooks
}

// SessionHooks are told what happens; each may be nil. They run on the session's goroutines and must not block.
type SessionHooks struct {
	Connected    func()
	Disconnected func(err error)                           // after Decoder.Lost; also for a dial or handshake that failed
	Subscribed   func(topic string)                        // acknowledged, or its first data
	Failed       func(topic string, err error)             // refused, or never answered; err is a *TopicError
	Sent         func(frame []byte)                        // a request or text heartbeat that was written
	Message      func(at time.Time, m Message, bytes int)  // each message that the Decoder understood
	Backoff      func(wait time.Duration, failures uint64) // before each wait
}

// SessionStats counts since NewSession.
type SessionStats struct {
	Messages    uint64 // received, control frames left out
	Bytes       uint64 // of those messages
	Connects    uint64 // successful
	Disconnects uint64 // of successful ones
	BadFrames   uint64 // that the Decoder refused
	Refused     uint64 // requests, or topics of them
	Requests    uint64 // subscribe and unsubscribe frames sent
	Resubscribe uint64 // single topics subscribed anew, for lost continuity
	Pings       uint64 // heartbeats sent, frame or text
	Pongs       uint64 // answers to them
	Answered    uint64 // the venue's pings that we answered
}

// Session keeps one WebSocket connection alive, with the wanted topics subscribed on it, and feeds a [Decoder].
//
// Subscriptions are kept here and follow the connection: after a reconnect exactly the wanted set is subscribed again, in the order
// in which it was first asked for, in requests no larger and no faster than the protocol's [Spec] allows. A topic is asked for
// MaxTries times; a request for several that the venue refuses is halved until the culprit is alone. What is refused for good makes
// Run return a [*TopicError], as the contract of exchange.MarketData has it (or see Tolerant). What is never answered stays
// TopicFailed until the next connection; when that is so for every topic, the connection itself is taken for broken.
//
// Heartbeats are sent whatever else arrives; the venue's pings are answered at once, with their payload; any traffic proves the
// connection alive. Whatever ends a connection, Decoder.Lost comes first, before hooks and before the wait for the next.
//
// A Session is safe for concurrent use.
type Session struct {
	cfg  SessionConfig
	spec Spec

	mu      sync.Mutex // guards what follows up to kick; never held over I/O or a callback
	topics  topicTable
	backoff *backoff.ExponentialBackOff
	rand    *rand.Rand

	kick    chan struct{} // wakes the writer: topics changed
	settled atomic.Bool   // no topic's state can change by data: the hot path looks here only
	running atomic.Bool
	n       counters
}

type counters struct {
	messages, bytes, connects, disconnects, badFrames, refused, requests, resubscribe, pings, pongs, answered atomic.Uint64
}

// NewSession checks cfg and makes a Session without topics. It does no I/O.
func NewSession(cfg SessionConfig) (*Session, error) {
	if cfg.Protocol == nil || cfg.Decoder == nil {
		return nil, fmt.Errorf("feed: a session needs a Protocol and a Decoder: %w", exchange.ErrInvalid)
	}
	spec := cfg.Protocol.Spec()
	cfg.setDefaults(spec)
	if err := cfg.validate(spec); err != nil {
		return nil, err
	}
	seed := cfg.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	s := &Session{cfg: cfg, spec: spec, kick: make(chan struct{}, 1), rand: rand.New(rand.NewPCG(seed, 0))}
	s.backoff = &backoff.ExponentialBackOff{ // its own jitter cannot be seeded; MaxElapsedTime 0: for ever
		InitialInterval: cfg.BackoffMin, MaxInterval: cfg.BackoffMax, Multiplier: 2, Stop: backoff.Stop, Clock: backoff.SystemClock,
	}
	s.backoff.Reset()
	s.topics = topicTable{spec: spec, ackTimeout: cfg.AckTimeout, maxTries: cfg.MaxTries, retryWait: cfg.retryWait, byName: map[string]*topic{}}
	return s, nil
}

func (c *SessionConfig) setDefaults(spec Spec) {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.PingInterval, 30*time.Second)
	if spec.Heartbeat.Interval > 0 {
		c.PingInterval = spec.Heartbeat.Interval
	}
	set(&c.PongWait, max(45*time.Second, c.PingInterval*3/2))
	set(&c.WriteWait, 10*time.Second)
	set(&c.HandshakeTimeout, 10*time.Second)
	set(&c.AckTimeout, 5*time.Second)
	set(&c.BackoffMin, 500*time.Millisecond)
	set(&c.BackoffMax, max(30*time.Second, c.BackoffMin))
	if c.MaxTries == 0 {
		c.MaxTries = 3
	}
	if c.MaxMessage == 0 {
		c.MaxMessage = 4 << 20
	}
	if c.NetDial == nil {
		c.NetDial = new(net.Dialer).DialContext
	}
}

func (c *SessionConfig) validate(spec Spec) error {
	bad := func(what string) error { return fmt.Errorf("feed: session: %s: %w", what, exchange.ErrInvalid) }
	for _, d := range []time.Duration{c.PingInterval, c.PongWait, c.WriteWait, c.HandshakeTimeout, c.AckTimeout, c.BackoffMin} {
		if d < 0 {
			return bad("negative duration")
		}
	}
	u, err := url.Parse(spec.URL) // err would repeat the URL, which may hold a token
	switch {
	case err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Host == "":
		return bad("the protocol's URL is no ws:// or wss:// address")
	case c.PongWait <= c.PingInterval:
		return bad("PongWait must be longer than the ping interval, else a quiet connection passes for a dead one")
	case c.BackoffMax < c.BackoffMin:
		return bad("BackoffMax is less than BackoffMin")
	case c.MaxTries < 0 || c.MaxMessage < 0 || spec.Rate < 0 || spec.TopicsPerFrame < 0 || spec.TopicsPerConn < 0:
		return bad("negative limit")
	}
	return nil
}

// retryWait is the wait after a refusal.
func (c *SessionConfig) retryWait(tries int) time.Duration {
	return min(c.BackoffMax, c.BackoffMin<<min(max(tries-1, 0), 16))
}

// Subscribe adds topics to the wanted set. It does not block, and a topic already wanted sends nothing; one that has failed is tried
// again after Unsubscribe, or on the next connection. The error, when the protocol's TopicsPerConn would be exceeded, wraps
// exchange.ErrInvalid; then nothing is added.
func (s *Session) Subscribe(topics ...string) error {
	return s.change(func(t *topicTable) error { return t.want(topics) })
}

// Unsubscribe takes topics out of the wanted set. It does not block; a topic that is not wanted sends nothing.
func (s *Session) Unsubscribe(topics ...string) {
	_ = s.change(func(t *topicTable) error { t.unwant(topics); return nil })
}

func (s *Session) change(f func(t *topicTable) error) error {
	s.mu.Lock()
	err := f(&s.topics)
	s.settled.Store(s.topics.settled())
	s.mu.Unlock()
	s.wake()
	return err
}

func (s *Session) wake() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Topics lists the topics in the order of their first Subscribe. One that was unsubscribed is TopicInit until the venue has confirmed,
// then it is no longer listed.
func (s *Session) Topics() []TopicStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := make([]TopicStatus, len(s.topics.order))
	for i, t := range s.topics.order {
		r[i] = TopicStatus{Topic: t.name, State: t.state(), Err: t.err}
	}
	return r
}

// Stats counts since NewSession.
func (s *Session) Stats() SessionStats {
	n := &s.n
	return SessionStats{
		Messages: n.messages.Load(), Bytes: n.bytes.Load(), Connects: n.connects.Load(), Disconnects: n.disconnects.Load(),
		BadFrames: n.badFrames.Load(), Refused: n.refused.Load(), Requests: n.requests.Load(), Resubscribe: n.resubscribe.Load(),
		Pings: n.pings.Load(), Pongs: n.pongs.Load(), Answered: n.answered.Load(),
	}
}

// Run connects, and reconnects with a capped, jittered, doubling wait, until ctx ends or no reconnect can help: it returns ctx's error, or
// a [*TopicError] (see Session). Cancelling works during dial and handshake too. When Run returns, its goroutines are gone and every
// book is lost. One Run at a time; it may be called again.
func (s *Session) Run(ctx context.Context) error {
	if !s.running.CompareAndSwap(false, true) {
		return fmt.Errorf("feed: session runs already: %w", exchange.ErrConflict)
	}
	defer s.running.Store(false)
	for failures := uint64(1); ; failures++ {
		began := time.Now()
		good, err := s.connect(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var final *fatal
		if errors.As(err, &final) {
			return final.error
		}
		if good {
			failures = 1
			s.backoff.Reset()
			if errors.Is(err, errReconnect) && time.Since(began) >= s.cfg.BackoffMax {
				continue // announced by the venue, and not by a venue that does nothing else: no reason to wait
			}
		}
		if err := s.wait(ctx, failures); err != nil {
			return err
		}
	}
}

// fatal is an error that ends Run.
type fatal struct{ error }

func (f *fatal) Unwrap() error { return f.error }

var errReconnect = errors.New("the venue asks to connect anew")

// wait sleeps between half of the backoff's interval and all of it: never above the cap, and no two sessions in step.
func (s *Session) wait(ctx context.Context, failures uint64) error {
	s.mu.Lock()
	d := s.backoff.NextBackOff()
	d -= time.Duration(s.rand.Int64N(int64(d)/2 + 1))
	s.mu.Unlock()
	if h := s.cfg.Hooks.Backoff; h != nil {
		h(d, failures)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// report passes changes on, and returns an error when they leave nothing to run for on this connection.
func (s *Session) report(changes []change) error {
	s.mu.Lock()
	hopeless := s.topics.hopeless()
	s.mu.Unlock()
	var final, last error
	for _, c := range changes {
		switch {
		case c.state == TopicActive:
			if h := s.cfg.Hooks.Subscribed; h != nil {
				h(c.topic)
			}
		default:
			if h := s.cfg.Hooks.Failed; h != nil {
				h(c.topic, c.err)
			}
			last = c.err
			if c.final && final == nil {
				final = c.err
			}
		}
	}
	switch {
	case final != nil && (hopeless || !s.cfg.Tolerant):
		return &fatal{final}
	case hopeless && last != nil:
		return last
	}
	return nil
}
