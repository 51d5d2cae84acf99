package conformance_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// server is what the venues' servers have in common.
type server interface {
	Endpoints() map[string]string
	Publish(*exchange.Book) error
	Floor() *sim.Floor
	Close()
}

// venue is one market of a simulated venue, with two accounts: the client's, and one that trades with it.
type venue struct {
	server
	instrument exchange.Instrument
	secret     string
	random     *rand.Rand
	past       map[string]int // each book that it had, by which one it was
	trades     int
}

const (
	clients exchange.AccountID = "clients"
	others  exchange.AccountID = "others"
	apiKey                     = "conformance-key"
	apiPass                    = "conformance-passphrase"
)

// market is what differs between the markets of the venues.
type market struct {
	venue    exchange.Venue
	symbol   string
	name     string // by the venue
	contract exchange.Decimal
	split    bool // spot and perpetuals have wallets of their own
}

// openVenue starts a server for a market, with a first book.
func openVenue(t *testing.T, m market, serve func(e *sim.Engine, secret string) server) *venue {
	t.Helper()
	const seed = 20
	t.Log("seed", seed)
	symbol := exchange.MustSymbol(m.symbol)
	purse := []exchange.Amount{{Asset: "USDT", Quantity: dec("1000000")}, {Asset: "BTC", Quantity: dec("10")}}
	cfg := sim.EngineConfig{
		Venue: m.venue, Account: clients, Balances: purse, BaseFee: true,
		Fees:     exchange.FeeRates{Maker: dec("0.0002"), Taker: dec("0.0005")},
		Accounts: []sim.AccountConfig{{ID: others, Balances: purse}},
		Instruments: []exchange.Instrument{{
			Market: exchange.Market{Venue: m.venue, Symbol: symbol}, VenueSymbol: m.name, Tradable: true, Tick: dec("0.1"), Lot: dec("0.001"),
			MinQty: dec("0.001"), Contract: m.contract, Settle: symbol.Quote,
		}},
	}
	if m.venue != "okx" { // which has no such rule
		cfg.Instruments[0].MinNotional = dec("5")
	}
	if m.split {
		cfg.SplitWallets, cfg.Margin, cfg.Accounts[0].Margin = true, purse[:1], purse[:1]
	}
	engine, err := sim.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	v := &venue{instrument: cfg.Instruments[0], secret: "conformance-secret", random: rand.New(rand.NewPCG(seed, seed)), past: map[string]int{}}
	v.server = serve(engine, v.secret)
	t.Cleanup(v.Close)
	v.publish(t)
	return v
}

// publish gives the venue another book: 30 levels a side, none between 59,990 and 60,010.
func (v *venue) publish(t *testing.T) {
	t.Helper()
	now := time.Now()
	b := &exchange.Book{Market: v.instrument.Market, Scale: exchange.Scale{Price: -1, Size: -2}, Seq: uint64(len(v.past) + 1), VenueTime: now, RecvTime: now}
	side := func(price, away int64) (r []exchange.Level) {
		for range 30 {
			r = append(r, exchange.Level{Price: price, Size: 1 + v.random.Int64N(300)})
			price += away * (1 + v.random.Int64N(50))
		}
		slices.Reverse(r) // the best is the last
		return r
	}
	b.Bids, b.Asks = side(599_900, -1), side(600_100, 1)
	v.past[listed(b).String()] = len(v.past) // before anybody sees it
	if err := v.Publish(b); err != nil {
		t.Fatal(err)
	}
}

// trade lets the other account take what rests at price.
func (v *venue) trade(t *testing.T, side exchange.Side, price, quantity exchange.Decimal) {
	t.Helper()
	v.trades++
	v.Floor().Do(func(now time.Time, e *sim.Engine) {
		o, err := e.Submit(now, exchange.OrderRequest{
			Market: v.instrument.Market, Account: others, ClientID: fmt.Sprintf("other%d", v.trades), Side: side, Type: exchange.TypeLimit, TIF: exchange.IOC,
			Price: price, Quantity: quantity,
		})
		if err != nil || !o.Filled.Equal(quantity) {
			t.Errorf("the other account's order: %+v, %v", o, err)
		}
	})
}

// book is the market's book as the venue has it.
func (v *venue) book() levels {
	var b exchange.Book
	v.Floor().Do(func(_ time.Time, e *sim.Engine) { e.Book(v.instrument.Market.Symbol, &b) })
	return listed(&b)
}

func listed(b *exchange.Book) levels {
	side := func(given []exchange.Level) (r []level) {
		for _, l := range slices.Backward(given) {
			r = append(r, level{exchange.Scaled(l.Price, int(b.Scale.Price)), exchange.Scaled(l.Size, int(b.Scale.Size))})
		}
		return r
	}
	return levels{bids: side(b.Bids), asks: side(b.Asks)}
}

// level is one price of a book.
type level struct{ price, size exchange.Decimal }

// levels is a book, best first.
type levels struct{ bids, asks []level }

// String tells books apart, whatever the digits of their numbers.
func (b levels) String() string {
	var s strings.Builder
	for _, side := range [][]level{b.bids, b.asks} {
		for _, l := range side {
			fmt.Fprintf(&s, "%s x %s, ", l.price.Round(dec("0.1"), exchange.HalfEven), l.size.Round(dec("0.001"), exchange.HalfEven))
		}
		s.WriteString("| ")
	}
	return s.String()
}

// same says where b differs from want.
func (b levels) same(want levels) error {
	for _, side := range []struct {
		name      string
		have, not []level
	}{{"bid", b.bids, want.bids}, {"ask", b.asks, want.asks}} {
		if len(side.have) != len(side.not) {
			return fmt.Errorf("%d %ss; want %d", len(side.have), side.name, len(side.not))
		}
		for i, l := range side.have {
			if w := side.not[i]; !l.price.Equal(w.price) || !l.size.Equal(w.size) {
				return fmt.Errorf("%s %d is %s x %s; want %s x %s", side.name, i, l.price, l.size, w.price, w.size)
			}
		}
	}
	return nil
}

// ladder is a book that a client rebuilds from a stream: sizes by price, as texts.
type ladder struct{ bids, asks map[string]string }

// set changes a level; size zero takes it away.
func set(side map[string]string, price, size string) {
	if dec(size).IsZero() {
		delete(side, price)
		return
	}
	side[price] = size
}

// levels sorts, and counts sizes in base units.
func (l ladder) levels(unit exchange.Decimal) levels {
	side := func(m map[string]string) (r []level) {
		for p, s := range m {
			r = append(r, level{dec(p), dec(s).Mul(unit)})
		}
		return r
	}
	r := levels{bids: side(l.bids), asks: side(l.asks)}
	slices.SortFunc(r.bids, func(a, b level) int { return b.price.Cmp(a.price) })
	slices.SortFunc(r.asks, func(a, b level) int { return a.price.Cmp(b.price) })
	return r
}
