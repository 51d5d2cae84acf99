package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// GeneratorConfig describes a synthetic world of several venues that trade the same things at nearly the same prices.
type GeneratorConfig struct {
	Seed     uint64
	Venues   []exchange.Venue  // default: alpha, beta, gamma
	Markets  []GeneratorMarket // traded at every venue; default: BTC-USDT and ETH-USDT
	Depth    int               // levels a side; default 20
	Interval time.Duration     // of virtual time that one Step advances; default 25 ms
	// Gaps is how many dislocations begin in a thousand seconds, over all venues and markets: one venue's price leaves the
	// common one by GapBps basis points (between that and 1.5 times as much) for 50 to 500 ms. Defaults 2,500 and 15: enough
	// to pay two taker fees of 5 basis points.
	Gaps   int
	GapBps int
}

// GeneratorMarket is one symbol. Price, Tick and Lot are required.
type GeneratorMarket struct {
	Symbol exchange.Symbol
	Price  exchange.Decimal // at the beginning
	Tick   exchange.Decimal
	Lot    exchange.Decimal
	// Size is the usual size of one level. Default: worth 2,000 in quote at the beginning.
	Size exchange.Decimal
}

// Generator makes books: one random walk a symbol that all venues share, a gap of each venue to it that reverts to zero, now and then a
// dislocation, levels of random size and spacing, and some thin ones. Everything is integers, and the same for one seed. Levels
// hold their size for some hundred milliseconds, so that what orders take of them stays visible for a while. It is not
// safe for concurrent use.
type Generator struct {
	cfg    GeneratorConfig
	random *rand.Rand
	walks  []*symbolWalk
	books  []*exchange.Book
	step   uint64
}

// unit is what prices are kept in: thousandths of a tick; gaps are in thousandths of a basis point.
const (
	unit    = 1000
	gapUnit = 10_000 * 1000 // the whole
)

// symbolWalk is the state of one symbol. Prices are in units.
type symbolWalk struct {
	market GeneratorMarket
	scale  exchange.Scale
	tick   int64 // in the scale's price units
	lot    int64 // in the scale's size units
	size   int64 // usual size of a level, in lots
	common int64
	first  int64 // common at the beginning; the walk stays between a tenth and ten times it, where no product overflows
	grid   int64 // ticks from one possible level to the next: a fifth of a basis point
	gaps   []gap // one a venue
}

// gap is how far a venue's price is from the common one.
type gap struct {
	now   int64 // in gapUnit
	shock int64 // the dislocation on top
	left  int   // steps until the dislocation fades
}

// NewGenerator checks cfg and makes a world at its beginning. Errors wrap exchange.ErrInvalid.
func NewGenerator(cfg GeneratorConfig) (*Generator, error) {
	if len(cfg.Venues) == 0 {
		cfg.Venues = []exchange.Venue{"alpha", "beta", "gamma"}
	}
	if len(cfg.Markets) == 0 {
		cfg.Markets = []GeneratorMarket{
			{Symbol: exchange.MustSymbol("BTC-USDT"), Price: exchange.Scaled(60_000, 0), Tick: exchange.Scaled(1, -2), Lot: exchange.Scaled(1, -5)},
			{Symbol: exchange.MustSymbol("ETH-USDT"), Price: exchange.Scaled(3_000, 0), Tick: exchange.Scaled(1, -2), Lot: exchange.Scaled(1, -4)},
		}
	}
	cfg.Depth = orDefault(cfg.Depth, 20)
	cfg.Interval = orDefault(cfg.Interval, 25*time.Millisecond)
	cfg.Gaps = orDefault(cfg.Gaps, 2_500)
	cfg.GapBps = orDefault(cfg.GapBps, 15)
	if cfg.Depth < 0 || cfg.Depth > 10_000 || cfg.Interval < 0 || cfg.Interval > time.Minute || cfg.Gaps < 0 || cfg.GapBps < 0 || cfg.GapBps > 100 || cfg.Gaps > 1e6 {
		return nil, fmt.Errorf("sim: generator: depth %d, interval %s, gaps %d of %d basis points: %w",
			cfg.Depth, cfg.Interval, cfg.Gaps, cfg.GapBps, exchange.ErrInvalid)
	}
	cfg.Venues, cfg.Markets = slices.Clone(cfg.Venues), slices.Clone(cfg.Markets)
	g := &Generator{cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, 0x2b7e151628aed2a6))}
	for _, m := range cfg.Markets {
		w, err := newSymbolWalk(m, len(cfg.Venues))
		if err != nil {
			return nil, err
		}
		g.walks = append(g.walks, w)
		for _, v := range cfg.Venues {
			g.books = append(g.books, &exchange.Book{Market: exchange.Market{Venue: v, Symbol: m.Symbol}, Scale: w.scale})
		}
	}
	for _, ins := range g.Instruments("") {
		if err := ins.Validate(); err != nil {
			return nil, fmt.Errorf("sim: generator: %w", err)
		}
	}
	return g, nil
}

func orDefault[T comparable](v, d T) T {
	var zero T
	if v == zero {
		return d
	}
	return v
}

func newSymbolWalk(m GeneratorMarket, venues int) (*symbolWalk, error) {
	fail := func(what string) (*symbolWalk, error) {
		return nil, fmt.Errorf("sim: generator: %s: %s (price %s, tick %s, lot %s): %w", m.Symbol, what, m.Price, m.Tick, m.Lot, exchange.ErrInvalid)
	}
	if m.Price.Sign() <= 0 || m.Tick.Sign() <= 0 || m.Lot.Sign() <= 0 || m.Size.Sign() < 0 {
		return fail("want positive numbers")
	}
	if m.Size.IsZero() {
		m.Size = exchange.Scaled(2000, 0).Quo(m.Price, 18, exchange.Up)
	}
	w := &symbolWalk{market: m, gaps: make([]gap, venues)}
	w.scale = exchange.Scale{Price: int8(-m.Tick.Places()), Size: int8(-m.Lot.Places())}
	var ok1, ok2 bool
	w.tick, ok1 = m.Tick.Int64(int(w.scale.Price))
	w.lot, ok2 = m.Lot.Int64(int(w.scale.Size))
	ticks, ok3 := m.Price.Quo(m.Tick, 0, exchange.HalfEven).Int64(0)
	lots, ok4 := m.Size.Quo(m.Lot, 0, exchange.Up).Int64(0)
	switch {
	case !ok1 || !ok2 || !ok3 || !ok4 || ticks > 1e9 || lots > 1e12 || w.tick > 1e4 || w.lot > 1e4:
		return fail("steps too fine")
	case ticks < 1000:
		return fail("the tick is more than a tenth of a percent of the price")
	}
	w.common, w.first, w.grid, w.size = ticks*unit, ticks*unit, max(1, ticks/50_000), max(1, lots)
	return w, nil
}

// Instruments lists the rules of the markets at v, or of all venues when v is "".
func (g *Generator) Instruments(v exchange.Venue) []exchange.Instrument {
	var r []exchange.Instrument
	for _, venue := range g.cfg.Venues {
		for _, m := range g.cfg.Markets {
			if v == "" || v == venue {
				r = append(r, exchange.Instrument{
					Market: exchange.Market{Venue: venue, Symbol: m.Symbol}, VenueSymbol: m.Symbol.String(), Tradable: true,
					Tick: m.Tick, Lot: m.Lot, MinQty: m.Lot, MinNotional: exchange.Scaled(5, 0), Contract: exchange.Scaled(1, 0), Settle: m.Symbol.Quote,
				})
			}
		}
	}
	return r
}

// Interval is the time that one Step stands for.
func (g *Generator) Interval() time.Duration { return g.cfg.Interval }

// Step advances the world by one Interval and returns every market's book, symbol by symbol in the order of the configuration, with now
// as both times. Slice and books are the Generator's: they hold until the next Step.
func (g *Generator) Step(now time.Time) []*exchange.Book {
	g.step++
	i := 0
	for n, w := range g.walks {
		g.move(w)
		for v := range g.cfg.Venues {
			b := g.books[i]
			b.Seq, b.VenueTime, b.RecvTime = g.step, now, now
			g.draw(b, w, n, v)
			i++
		}
	}
	return g.books
}

// bell is a bell-shaped number of about the given deviation: the sum of twelve even ones, without floats.
func (g *Generator) bell(deviation int64) int64 {
	var sum int64
	for range 12 {
		sum += g.random.Int64N(2*deviation+1) - deviation
	}
	return sum / 2 // the deviation of the sum is 2 * deviation, nearly
}

// move advances the common price by a step of about 0.14 basis points (half of it a year, at 25 ms), and the gaps.
func (g *Generator) move(w *symbolWalk) {
	w.common += w.common * g.bell(140) / gapUnit
	w.common = min(max(w.common, w.first/10), w.first*10)
	for v := range w.gaps {
		p := &w.gaps[v]
		p.now += g.bell(200) - p.now/16
		if p.left--; p.left <= 0 {
			p.shock /= 2
		}
	}
	g.dislocate(w)
}

// dislocate begins a gap with the configured chance.
func (g *Generator) dislocate(w *symbolWalk) {
	const certain = 1000 * int64(time.Second) // Gaps are counted over so long
	if g.random.Int64N(certain) >= int64(g.cfg.Gaps)*int64(g.cfg.Interval)/int64(len(g.walks)) {
		return
	}
	p := &w.gaps[g.random.IntN(len(w.gaps))]
	size := int64(g.cfg.GapBps) * 1000
	p.shock = size + g.random.Int64N(size/2+1)
	if g.random.IntN(2) == 0 {
		p.shock = -p.shock
	}
	life := 50*time.Millisecond + time.Duration(g.random.Int64N(int64(450*time.Millisecond)))
	p.left = max(1, int(life/g.cfg.Interval))
}

// draw makes the levels of venue v's book around its price. They stand on a grid, so that one that stays in sight keeps its price; what
// is on the grid is drawn by hash of the place, so that it keeps its size, until its turn to be renewed.
func (g *Generator) draw(b *exchange.Book, w *symbolWalk, symbol, v int) {
	mid := w.common + w.common*(w.gaps[v].now+w.gaps[v].shock)/gapUnit
	half := max(unit, mid*150/gapUnit) // half the spread: 0.15 basis points, or a tick
	b.Bids = g.side(b.Bids[:0], w, gridLevel{symbol, v, 0, (mid - half) / unit / w.grid}, -1)
	b.Asks = g.side(b.Asks[:0], w, gridLevel{symbol, v, 1, (mid+half)/unit/w.grid + 1}, 1)
}

// gridLevel is a place on the grid of one side of one book.
type gridLevel struct {
	symbol, venue, side int
	place               int64
}

func (g *Generator) side(levels []exchange.Level, w *symbolWalk, at gridLevel, away int64) []exchange.Level {
	for ; len(levels) < g.cfg.Depth && at.place > 0; at.place += away {
		if size := g.sizeAt(at, w.size); size > 0 {
			levels = append(levels, exchange.Level{Price: at.place * w.grid * w.tick, Size: size * w.lot})
		}
	}
	slices.Reverse(levels) // the best is the last
	return levels
}

// renewal is how many steps a level keeps its size.
const renewal = 16

// sizeAt is the number of lots at a place: none at a quarter of them, few at one in sixteen, else from 0.2 to 2 times the usual.
func (g *Generator) sizeAt(at gridLevel, usual int64) int64 {
	phase := g.cfg.Seed
	for _, x := range [...]int64{int64(at.symbol), int64(at.venue), int64(at.side), at.place} {
		phase = mix(phase ^ uint64(x))
	}
	h := mix(phase + (g.step+phase%renewal)/renewal)
	switch h % 16 {
	case 0, 1, 2, 3:
		return 0
	case 4:
		return max(1, usual/50)
	}
	return max(1, usual/5+int64(h>>32)%(usual*9/5+1))
}

// mix is the finalizer of splitmix64.
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
