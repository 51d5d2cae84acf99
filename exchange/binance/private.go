package binance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/private"
	"github.com/bothlegs/bothlegs/internal/rest"
	"github.com/bothlegs/bothlegs/internal/ws"
)

const (
	spotAPIPath    = "/ws-api/v3"
	futuresAPIPath = "/ws-fapi/v1"
	privatePath    = "/private/ws"

	// prolong is how often the key of the futures stream is prolonged: it lives for an hour.
	prolong = 30 * time.Minute
)

// StreamOrders follows the account's orders, fills, balances and positions until ctx ends, as [exchange.Trader] has it: spot's over the WebSocket
// API, the perpetuals' over a stream of their own. Of a futures wallet the stream does not tell what is free: in its BalanceUpdates Free is what
// is not the margin of isolated positions, so an upper bound, until the next ones that are read after a connect. With EntrySocket orders
// go over WebSocket while it is up. One call at a time. An account in hedge mode is refused with ErrUnsupported.
func (x *Exchange) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	if x.stream == nil {
		return noCredentials("stream orders")
	}
	defer x.enter(ctx)()
	return x.stream.Run(ctx, emit)
}

// enter keeps a connection for order entry of perpetuals until leave, apart from those of the stream: what is lost of them loses no answers
// to orders.
func (x *Exchange) enter(ctx context.Context) (leave func()) {
	h := x.half(exchange.Perp)
	if x.cfg.Entry != EntrySocket || !x.wants(exchange.Perp) || !h.entering.CompareAndSwap(false, true) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { h.keepEntry(ctx) })
	return func() {
		cancel()
		wg.Wait()
		h.entering.Store(false)
	}
}

func (x *Exchange) newStream() (*private.Stream, error) {
	cfg := private.Config{Venue: Venue, Tracker: x.tracker, Wait: x.limits.connects.Wait, Seed: x.cfg.Seed, Report: x.cfg.Hooks.Stream}
	for _, k := range x.cfg.Kinds {
		h := x.half(k)
		h.renew = make(chan struct{}, 1)
		l := private.Link{
			Name: k.String(), Kinds: []exchange.Kind{k}, Connect: h.connectSpot, Renew: h.renew, Lookup: x.linked, Fills: x.Fills,
			Offset:   func() time.Duration { d, _ := h.clock.Offset(); return d },
			Open:     func(ctx context.Context) ([]exchange.Order, error) { return x.working(ctx, k) },
			Balances: func(ctx context.Context) ([]exchange.Balance, error) { return x.wallet(ctx, k) },
		}
		if k == exchange.Perp {
			l.Connect, l.Positions = h.connectFutures, x.Positions
		}
		cfg.Links = append(cfg.Links, l)
	}
	return private.New(cfg)
}

// again asks for a new connection of the account's in place of the present one.
func (h *half) again() {
	select {
	case h.renew <- struct{}{}:
	default: // asked already
	}
}

func (h *half) dial(ctx context.Context, address string) (*ws.Conn, error) {
	s := &h.x.cfg.Session
	return ws.Dial(ctx, ws.Config{URL: address, NetDial: s.NetDial, HandshakeTimeout: s.HandshakeTimeout, WriteWait: s.WriteWait})
}

// ready is what every connection of the account needs first.
func (h *half) ready(ctx context.Context) error {
	if err := h.x.relist(ctx, false); err != nil {
		return err
	}
	return h.clock.Ready(ctx, true)
}

// connectSpot opens a WebSocket API connection, which carries the order stream and order entry.
func (h *half) connectSpot(ctx context.Context, push func(private.Update) error) (private.Conn, error) {
	if err := h.ready(ctx); err != nil {
		return nil, err
	}
	c, err := h.dialAPI(ctx)
	if err != nil {
		return nil, err
	}
	c.push = push
	return c, nil
}

// Subscribe implements private.Conn: it subscribes to the order stream, with a signature, or in a session where the key can have one.
func (c *apiConn) Subscribe(ctx context.Context) error {
	method := "userDataStream.subscribe.signature"
	if c.h.x.signers[0].logs {
		if err := c.logOn(ctx); err != nil {
			return err
		}
		method = "userDataStream.subscribe"
	}
	if _, err := c.ask(ctx, &call{subject: subject{c.h.kind, "stream orders", false}, entry: method}, c.logged); err != nil {
		return err
	}
	x := c.h.x
	x.mu.Lock()
	x.spotTap = c.push
	x.mu.Unlock()
	c.h.entry.Store(c)
	return nil
}

// Run implements private.Conn.
func (c *apiConn) Run(ctx context.Context) error {
	defer c.h.entry.CompareAndSwap(c, nil)
	return c.Conn.Run(ctx, func(_ time.Time, data []byte) error { return c.message(ctx, data) })
}

func (c *apiConn) message(ctx context.Context, data []byte) error {
	e, ok, err := openEnvelope(data)
	if ok {
		c.Answer(e.id, data) // whoever asked finds out if it is damaged
		return nil
	}
	if err != nil {
		return fmt.Errorf("binance: account stream: %w", err)
	}
	return c.h.event(ctx, data, c.push)
}

// event hands on what a message of the account tells.
func (h *half) event(ctx context.Context, data []byte, push func(private.Update) error) error {
	if push == nil {
		return nil
	}
	x := h.x
	n, err := x.reader(h.kind, nil).event(data)
	if err == nil && n.unlisted != "" && x.names.due(true) {
		if err := x.relist(ctx, true); err != nil {
			return err
		}
		n, err = x.reader(h.kind, nil).event(data)
	}
	switch {
	case err != nil:
		return fmt.Errorf("binance: account stream: %w", err)
	case n.gone:
		return fmt.Errorf("binance: the account's stream ended: %w", private.ErrRenew)
	case n.leave:
		h.again()
		return nil
	}
	u := private.Update{Balances: n.balances, Positions: n.places, At: n.time}
	if n.order != nil {
		u.Order, u.Replaced = &n.order.Order, n.order.replaced
		if u.Replaced {
			x.expect(n.order)
		}
	}
	if u.Order == nil && len(u.Balances)+len(u.Positions) == 0 {
		return nil
	}
	return push(u)
}

// keyConn is the stream of the futures account.
type keyConn struct {
	*ws.Conn
	h    *half
	push func(private.Update) error
}

func (h *half) connectFutures(ctx context.Context, push func(private.Update) error) (private.Conn, error) {
	if err := h.ready(ctx); err != nil {
		return nil, err
	}
	if err := h.x.checkMode(ctx); err != nil {
		return nil, err
	}
	c := listenKeyCall(http.MethodPost)
	data, err := h.x.do(ctx, &c)
	if err != nil {
		return nil, err
	}
	key, err := listenKey(data)
	if err != nil {
		return nil, c.damaged(err)
	}
	conn, err := h.dial(ctx, h.x.cfg.Endpoints.FuturesPrivate+privatePath+"?listenKey="+url.QueryEscape(key.Reveal()))
	if err != nil {
		return nil, err
	}
	return &keyConn{Conn: conn, h: h, push: push}, nil
}

// checkMode refuses an account in hedge mode, whose orders want to say which of two positions they mean. Where the venue does not answer that,
// its refusal of orders will.
func (x *Exchange) checkMode(ctx context.Context) error {
	c := configCall()
	data, err := x.do(ctx, &c)
	if err != nil {
		if errors.Is(err, exchange.ErrUnauthorized) || ctx.Err() != nil {
			return err
		}
		return nil
	}
	if both, err := hedged(data); err == nil && both {
		return &exchange.Error{Venue: Venue, Op: c.op, Class: exchange.ErrUnsupported, Message: "the futures account is in hedge mode"}
	}
	return nil
}

// Subscribe implements private.Conn. The address says it all.
func (c *keyConn) Subscribe(context.Context) error { return nil }

// Run implements private.Conn.
func (c *keyConn) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { c.prolong(ctx) })
	return c.Conn.Run(ctx, func(_ time.Time, data []byte) error { return c.h.event(ctx, data, c.push) })
}

// prolong keeps the key alive. When the venue does not know it any more a new connection, with a new key, takes over before this one is dropped.
func (c *keyConn) prolong(ctx context.Context) {
	for wait := prolong; rest.Sleep(ctx, wait) == nil; {
		put := listenKeyCall(http.MethodPut)
		_, err := c.h.x.do(ctx, &put)
		wait = prolong
		switch {
		case errors.Is(err, exchange.ErrNotFound):
			c.h.again()
			return
		case err != nil:
			wait = time.Minute // it has half an hour left
			if report := c.h.x.cfg.Hooks.Stream; report != nil && ctx.Err() == nil {
				report(c.h.kind.String(), err)
			}
		}
	}
}

// wants reports whether the account has the market k.
func (x *Exchange) wants(k exchange.Kind) bool { return slices.Contains(x.cfg.Kinds, k) }
