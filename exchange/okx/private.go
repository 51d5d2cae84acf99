package okx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/ws"
)

const privatePath = "/ws/v5/private"

// StreamOrders follows the account's orders, fills, balances and positions until ctx ends, as [exchange.Trader] has it. With EntrySocket
// orders go over its connection while it is up. One call at a time.
func (x *Exchange) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	if x.stream == nil {
		return errNoKey("stream")
	}
	return x.stream.Run(ctx, emit)
}

func (x *Exchange) newStream() (*private.Stream, error) {
	return private.New(private.Config{
		Venue: Venue, Tracker: x.tracker, Wait: x.limits.connects.Wait, Seed: x.cfg.Seed, Report: x.cfg.Hooks.Stream,
		Links: []private.Link{{
			Name: "account", Kinds: []exchange.Kind{exchange.Spot, exchange.Perp}, Connect: x.connect, Renew: x.renew, MaxAge: -1,
			Open: x.working, Lookup: x.lookup, AllFills: x.allFills, Balances: x.Balances, Positions: x.Positions,
			Offset: func() time.Duration { d, _ := x.clock.Offset(); return d },
		}},
	})
}

// conn is the account's WebSocket.
type conn struct {
	*ws.Conn
	x    *Exchange
	push func(private.Update) error
	read pushReader
	told chan told // answers to login and subscriptions
}

// told is an event of the venue's.
type told struct{ event, channel, code, message string }

func (x *Exchange) connect(ctx context.Context, push func(private.Update) error) (private.Conn, error) {
	if err := x.relist(ctx); err != nil {
		return nil, err
	}
	if _, err := x.modeOf(ctx, "stream"); err != nil {
		return nil, err
	}
	if err := x.clock.Ready(ctx, true); err != nil {
		return nil, err
	}
	x.probe(ctx)
	s := &x.cfg.Session
	socket, err := ws.Dial(ctx, ws.Config{
		URL: x.cfg.Endpoints.Private + privatePath, NetDial: s.NetDial, HandshakeTimeout: s.HandshakeTimeout, WriteWait: s.WriteWait,
		PingInterval: heartbeat, PongWait: 2 * heartbeat, Heartbeat: func() []byte { return []byte("ping") },
	})
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: socket, x: x, push: push, read: newPushReader(x.cfg.Account, x.named), told: make(chan told, 16)}
	c.read.amended, c.read.resolve = x.tellAmended, x.resolve
	return c, nil
}

// Run implements private.Conn.
func (c *conn) Run(ctx context.Context) error {
	defer c.x.entry.CompareAndSwap(c, nil)
	return c.Conn.Run(ctx, c.message)
}

type loginRequest struct {
	Op   string      `json:"op"`
	Args [1]loginArg `json:"args"`
}

type loginArg struct {
	APIKey     string `json:"apiKey"`
	Passphrase string `json:"passphrase"`
	Timestamp  string `json:"timestamp"` // seconds, unlike everywhere else
	Sign       string `json:"sign"`
}

type subscribeRequest struct {
	Op   string         `json:"op"`
	Args []subscription `json:"args"`
}

type subscription struct {
	Channel  string `json:"channel"`
	InstType string `json:"instType,omitempty"`
	Extra    string `json:"extraParams,omitempty"`
}

// subscriptions are an account's. Without the extra parameter the venue repeats balances and positions every 5 s.
func subscriptions() []subscription {
	const eventsOnly = `{"updateInterval":"0"}`
	return []subscription{{Channel: "orders", InstType: "ANY"}, {Channel: "account", Extra: eventsOnly}, {Channel: "positions", InstType: "SWAP", Extra: eventsOnly}}
}

// Subscribe implements private.Conn: it logs in and subscribes.
func (c *conn) Subscribe(ctx context.Context) error {
	s := c.x.signers[0]
	at, sign := s.login(c.x.clock.Now())
	login := loginRequest{Op: "login", Args: [1]loginArg{{APIKey: s.key.Reveal(), Passphrase: s.passphrase.Reveal(), Timestamp: at, Sign: sign}}}
	if err := c.request(ctx, "login", body(login), 1); err != nil {
		if errors.Is(err, exchange.ErrClockSkew) {
			c.x.clock.Doubt()
		}
		return err
	}
	all := subscriptions()
	if err := c.request(ctx, "subscribe", body(subscribeRequest{Op: "subscribe", Args: all}), len(all)); err != nil {
		return err
	}
	c.x.entry.Store(c)
	return nil
}

// request sends a frame, and waits for so many confirmations.
func (c *conn) request(ctx context.Context, op string, frame []byte, answers int) error {
	if err := c.Send(ctx, frame); err != nil {
		return err
	}
	for answers > 0 {
		select {
		case t := <-c.told:
			switch t.event {
			case op:
				answers--
			case "error":
				return refused(op, t.code, t.message)
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// message takes one message.
func (c *conn) message(_ time.Time, data []byte) error {
	if string(data) == "pong" {
		return nil
	}
	var p push
	if err := json.Unmarshal(data, &p); err != nil {
		return fmt.Errorf("okx: account stream: %w: %w", err, exchange.ErrFrame)
	}
	switch {
	case p.Event != "":
		return c.event(&p)
	case p.Op != "":
		c.Answer(string(p.ID), data)
		return nil
	}
	updates, err := c.read.updates(&p)
	if err != nil {
		return fmt.Errorf("okx: account stream: %w", err)
	}
	if c.x.unlisted() { // the next connection asks for the new market's rules, and for what was missed of it
		c.renew()
	}
	for _, u := range updates {
		if err := c.push(u); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) renew() {
	select {
	case c.x.renew <- struct{}{}:
	default:
	}
}

func (c *conn) event(p *push) error {
	switch p.Event {
	case "notice":
		if p.Code == "64008" { // the service restarts within a minute
			c.renew()
		}
	case "channel-conn-count-error": // comes after the confirmation
		return &exchange.Error{Venue: Venue, Op: "subscribe", Class: exchange.ErrUnavailable, Message: "too many connections follow this account's channels"}
	case "login", "subscribe", "error":
		select {
		case c.told <- told{string(p.Event), string(p.Arg.Channel), string(p.Code), string(p.Message)}:
		default: // nobody waits
		}
	}
	return nil
}
