package exchangetest_test

import (
	"context"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/stage"
)

// broken is a simulated venue that passes the contract, but for what its hooks spoil. A nil hook spoils nothing.
type broken struct {
	*sim.Exchange
	stage.Stage

	deaf   bool // faults are asked for, and do not happen
	locked bool // its key may not trade

	request     func(*exchange.OrderRequest)                                  // before it is placed
	change      func(*exchange.Change)                                        // before it is asked for
	answer      func(op string, o *exchange.Order, err error) error           // of Place, Replace, Cancel, Lookup
	again       func(op string, err error) bool                               // whether a write is sent once more
	skip        func(op string, ref exchange.OrderRef) (exchange.Order, bool) // instead of a write
	context     func(op string, ctx context.Context) context.Context          // of all calls
	event       func(exchange.Event) []exchange.Event                         // of the stream
	book        func(*exchange.Book) []*exchange.Book                         // of the stream
	ended       func(op string, err error) error                              // of the streams
	symbols     func([]exchange.Symbol) []exchange.Symbol                     // of the stream of books
	snapshot    func(*exchange.Book, error) (*exchange.Book, error)           //
	instruments func([]exchange.Instrument) []exchange.Instrument             //
	balances    func([]exchange.Balance) []exchange.Balance                   //
	positions   func([]exchange.Position) []exchange.Position                 //
	open        func([]exchange.Order) []exchange.Order                       //
	fills       func([]exchange.Fill) []exchange.Fill                         //
	rates       func(exchange.FeeRates, error) (exchange.FeeRates, error)     //
	failed      func(op string, err error) error                              // of the other reads
	ability     func(op string, do func() error) error                        // CancelAll, CancelAllAfter
	clock       func(time.Time) time.Time                                     //
}

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

func rules(symbol string) exchange.Instrument {
	i := exchange.Instrument{
		Market: exchange.Market{Venue: "x", Symbol: exchange.MustSymbol(symbol)}, VenueSymbol: symbol, Tradable: true,
		Tick: dec("0.5"), Lot: dec("0.01"), MinQty: dec("0.01"), MinNotional: dec("1"), Contract: dec("1"), Settle: "USDT",
	}
	if i.Market.Symbol.Kind == exchange.Perp {
		i.Contract = dec("0.1")
	}
	return i
}

// venue is a broken venue's opener.
func venue(spoil func(*broken), edit func(*sim.EngineConfig)) func(*testing.T) exchange.Exchange {
	return func(t *testing.T) exchange.Exchange {
		cfg := stage.Config("x", rules("BTC-USDT"), rules("BTC-USDT-PERP"))
		if edit != nil {
			edit(&cfg)
		}
		engine, err := sim.NewEngine(cfg)
		if err != nil {
			t.Fatal(err)
		}
		floor := sim.NewFloor(engine)
		var client func(t *testing.T) *broken
		client = func(t *testing.T) *broken {
			x, err := sim.NewExchange(sim.ExchangeConfig{Floor: floor, Account: stage.Account})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = x.Close() })
			b := &broken{Exchange: x, Stage: stage.Stage{Floor: floor, Injector: x.Injector()}}
			b.Client = func(t *testing.T) exchange.Exchange { return client(t) }
			if spoil != nil {
				spoil(b)
			}
			return b
		}
		return client(t)
	}
}

// contract is the configuration under which a venue is held against the contract.
func contract(spoil func(*broken)) exchangetest.Config {
	return exchangetest.Config{
		Open: venue(spoil, nil),
		OpenFeeAsset: venue(spoil, func(c *sim.EngineConfig) {
			c.Balances = append(c.Balances, exchange.Amount{Asset: "FEE", Quantity: dec("1000")})
			c.FeeAsset, c.FeePrice, c.Fees.Maker = "FEE", dec("600"), dec("0.0001")
		}),
		Spot: exchange.MustSymbol("BTC-USDT"), Perp: exchange.MustSymbol("BTC-USDT-PERP"),
		OpenReadOnly: venue(func(b *broken) {
			if b.locked = true; spoil != nil {
				spoil(b)
			}
		}, nil),
	}
}

// Publish is both parts' own.
func (b *broken) Publish(book *exchange.Book) error { return b.Stage.Publish(book) }

// Fault is the stage's.
func (b *broken) Fault(f exchangetest.Fault) error {
	if b.deaf {
		return nil
	}
	return b.Stage.Fault(f)
}

func (b *broken) ctx(op string, ctx context.Context) context.Context {
	if b.context != nil {
		return b.context(op, ctx)
	}
	return ctx
}

// write does a write, as it is spoilt.
func (b *broken) write(op string, ref exchange.OrderRef, do func() (exchange.Order, error)) (exchange.Order, error) {
	if b.skip != nil {
		if o, ok := b.skip(op, ref); ok {
			return o, nil
		}
	}
	o, err := do()
	if b.again != nil && b.again(op, err) {
		o, err = do()
	}
	if b.answer != nil {
		err = b.answer(op, &o, err)
	}
	return o, err
}

func (b *broken) Place(ctx context.Context, r exchange.OrderRequest) (exchange.Order, error) {
	if b.locked {
		err := &exchange.Error{Venue: "x", Op: "place", Outcome: exchange.ErrRejected, Class: exchange.ErrUnauthorized}
		return exchange.Order{OrderRequest: r}, err
	}
	if b.request != nil {
		b.request(&r)
	}
	return b.write("place", r.Ref(), func() (exchange.Order, error) { return b.Exchange.Place(b.ctx("place", ctx), r) })
}

func (b *broken) Replace(ctx context.Context, ref exchange.OrderRef, c exchange.Change) (exchange.Order, error) {
	if b.change != nil {
		b.change(&c)
	}
	return b.write("replace", ref, func() (exchange.Order, error) { return b.Exchange.Replace(b.ctx("replace", ctx), ref, c) })
}

func (b *broken) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	return b.write("cancel", ref, func() (exchange.Order, error) { return b.Exchange.Cancel(b.ctx("cancel", ctx), ref) })
}

func (b *broken) Lookup(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := b.Exchange.Lookup(b.ctx("lookup", ctx), ref)
	if b.answer != nil {
		err = b.answer("lookup", &o, err)
	}
	return o, err
}

func (b *broken) StreamOrders(ctx context.Context, emit func(exchange.Event)) error {
	err := b.Exchange.StreamOrders(b.ctx("stream of orders", ctx), func(ev exchange.Event) {
		if b.event == nil {
			emit(ev)
			return
		}
		for _, ev := range b.event(ev) {
			emit(ev)
		}
	})
	if b.ended != nil {
		err = b.ended("stream of orders", err)
	}
	return err
}

func (b *broken) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	if b.symbols != nil {
		symbols = b.symbols(symbols)
	}
	err := b.Exchange.StreamBooks(b.ctx("stream of books", ctx), symbols, func(k *exchange.Book) {
		if b.book == nil {
			emit(k)
			return
		}
		for _, k := range b.book(k) {
			emit(k)
		}
	})
	if b.ended != nil {
		err = b.ended("stream of books", err)
	}
	return err
}

// read does a read, as it is spoilt.
func read[T any](b *broken, op string, spoil func(T) T, do func() (T, error)) (T, error) {
	r, err := do()
	if spoil != nil {
		r = spoil(r)
	}
	if b.failed != nil {
		err = b.failed(op, err)
	}
	return r, err
}

func (b *broken) Instruments(ctx context.Context) ([]exchange.Instrument, error) {
	return read(b, "instruments", b.instruments, func() ([]exchange.Instrument, error) { return b.Exchange.Instruments(ctx) })
}

func (b *broken) Snapshot(ctx context.Context, y exchange.Symbol, depth int) (*exchange.Book, error) {
	r, err := b.Exchange.Snapshot(b.ctx("snapshot", ctx), y, depth)
	if b.snapshot != nil {
		return b.snapshot(r, err)
	}
	return r, err
}

func (b *broken) Balances(ctx context.Context) ([]exchange.Balance, error) {
	return read(b, "balances", b.balances, func() ([]exchange.Balance, error) { return b.Exchange.Balances(b.ctx("balances", ctx)) })
}

func (b *broken) Positions(ctx context.Context) ([]exchange.Position, error) {
	return read(b, "positions", b.positions, func() ([]exchange.Position, error) { return b.Exchange.Positions(ctx) })
}

func (b *broken) Fees(ctx context.Context, y exchange.Symbol) (exchange.FeeRates, error) {
	r, err := b.Exchange.Fees(ctx, y)
	if b.rates != nil {
		return b.rates(r, err)
	}
	return r, err
}

func (b *broken) OpenOrders(ctx context.Context, y exchange.Symbol) ([]exchange.Order, error) {
	return read(b, "open orders", b.open, func() ([]exchange.Order, error) { return b.Exchange.OpenOrders(ctx, y) })
}

func (b *broken) Fills(ctx context.Context, y exchange.Symbol, since time.Time) ([]exchange.Fill, error) {
	return read(b, "fills", b.fills, func() ([]exchange.Fill, error) { return b.Exchange.Fills(ctx, y, since) })
}

func (b *broken) CancelAll(ctx context.Context, y exchange.Symbol) error {
	do := func() error { return b.Exchange.CancelAll(ctx, y) }
	if b.ability != nil {
		return b.ability("cancel all", do)
	}
	return do()
}

func (b *broken) CancelAllAfter(ctx context.Context, y exchange.Symbol, after time.Duration) error {
	do := func() error { return b.Exchange.CancelAllAfter(ctx, y, after) }
	if b.ability != nil {
		return b.ability("cancel all after", do)
	}
	return do()
}

func (b *broken) ServerTime(ctx context.Context) (time.Time, error) {
	t, err := b.Exchange.ServerTime(ctx)
	if b.clock != nil {
		t = b.clock(t)
	}
	return t, err
}
