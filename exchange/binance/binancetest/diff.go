package binancetest

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// tape follows a market's book change by change, for the streams of differences. A difference names every level that was touched since the one
// before, also one that is as it was again: a snapshot may have been taken in between. The floor guards it.
type tape struct {
	book    exchange.Book // as it was at the last change, counted in units that only ever get finer
	next    exchange.Book // memory
	version uint64
	begun   bool
	shift   uint64 // how much higher than the book's versions the venue's numbers are
	differs []*differ
}

// touched are the prices of levels by side: bids, asks.
type touched [2][]int64

// number is the venue's of the last change.
func (t *tape) number(version uint64) uint64 { return version + t.shift }

// follow takes in what has changed, which all who follow are to tell.
func (m *market) follow(e *sim.Engine) {
	t := &m.tape
	if len(t.differs) == 0 {
		t.begun = false
		return
	}
	v := e.Version(m.ins.Market.Symbol)
	if t.begun && v == t.version || !e.Book(m.ins.Market.Symbol, &t.next) {
		return
	}
	t.version = v
	if !t.begun {
		t.book.CopyFrom(&t.next, 0)
		t.begun = true
		return
	}
	t.align()
	var news touched
	news[0] = compare(t.book.Bids, t.next.Bids, 1)
	news[1] = compare(t.book.Asks, t.next.Asks, -1)
	t.book, t.next = t.next, t.book
	for _, d := range t.differs {
		d.touch(news)
	}
}

// align counts both books, and what is to be told, in the finer units of the two.
func (t *tape) align() {
	s := exchange.Scale{Price: min(t.book.Scale.Price, t.next.Scale.Price), Size: min(t.book.Scale.Size, t.next.Scale.Size)}
	if by := factor(t.book.Scale.Price, s.Price); by != 1 {
		for _, d := range t.differs {
			for side := range d.news {
				for i := range d.news[side] {
					d.news[side][i] *= by
				}
			}
		}
	}
	for _, b := range [2]*exchange.Book{&t.book, &t.next} {
		price, size := factor(b.Scale.Price, s.Price), factor(b.Scale.Size, s.Size)
		for _, side := range [2][]exchange.Level{b.Bids, b.Asks} {
			for i := range side {
				side[i].Price, side[i].Size = side[i].Price*price, side[i].Size*size
			}
		}
		b.Scale = s
	}
}

// factor is 10^(from-to), for to not above from.
func factor(from, to int8) int64 {
	n := int64(1)
	for ; from > to; from-- {
		n *= 10
	}
	return n
}

// compare is the prices at which two sides differ; up is 1 where the best price is the highest, else -1.
func compare(from, to []exchange.Level, up int64) (prices []int64) {
	i, j := len(from)-1, len(to)-1
	for i >= 0 || j >= 0 {
		switch {
		case j < 0 || i >= 0 && (from[i].Price-to[j].Price)*up > 0:
			prices = append(prices, from[i].Price)
			i--
		case i < 0 || from[i].Price != to[j].Price:
			prices = append(prices, to[j].Price)
			j--
		default:
			if from[i].Size != to[j].Size {
				prices = append(prices, to[j].Price)
			}
			i, j = i-1, j-1
		}
	}
	return prices
}

// differ is one subscription to the differences of a book.
type differ struct {
	m      *market
	s      *Server
	socket *simwire.Socket
	name   string
	wrap   func(name string, data []byte) []byte

	// The floor guards these.
	news    touched // since the last message
	last    uint64  // number of the last change that was told
	stale   time.Time
	mending bool // the last message crossed the book
}

// touch notes prices to tell.
func (d *differ) touch(news touched) {
	for side := range news {
		d.news[side] = append(d.news[side], news[side]...)
	}
}

// begin takes part from now on.
func (d *differ) begin(e *sim.Engine) {
	t := &d.m.tape
	t.differs = append(slices.DeleteFunc(t.differs, (*differ).gone), d)
	d.m.follow(e)
	d.last = t.number(e.Version(d.m.ins.Market.Symbol))
}

// look tells what is to be told. It is called on the floor.
func (d *differ) look(now time.Time, e *sim.Engine) time.Time {
	t := &d.m.tape
	d.m.follow(e)
	switch {
	case now.Before(d.stale):
		return d.stale
	case len(d.news[0])+len(d.news[1]) == 0:
		return time.Time{}
	}
	d.stale = time.Time{}
	if d.mending { // the book has not changed, what is told of it does
		d.mending = false
		t.shift++
	}
	fate := d.s.injector.Next(now, sim.Call{Op: sim.OpBooks, Key: d.m.ins.Market.String()})
	if fate.Fault == sim.StaleBook {
		d.stale = now.Add(fate.For)
		return d.stale
	}
	told := d.news
	d.news = touched{}
	if best, ok := t.book.Best(exchange.Buy); ok && fate.Fault == sim.CrossedBook {
		told[0] = append(told[0], best.Price)
		d.news[0], d.mending = []int64{best.Price}, true
	}
	d.socket.Push(d.name, d.wrap(d.name, d.text(now, told, fate.Fault == sim.CrossedBook)), fate)
	if d.mending {
		return now
	}
	return time.Time{}
}

// gone reports whether the subscription's connection has ended.
func (d *differ) gone() bool {
	select {
	case <-d.socket.Done():
		return true
	default:
		return false
	}
}

// leave ends the subscription. It is called on the floor.
func (d *differ) leave() {
	t := &d.m.tape
	t.differs = slices.DeleteFunc(t.differs, func(x *differ) bool { return x == d || x.gone() })
}

// text is the event. Of futures the numbers of changes leave holes.
func (d *differ) text(now time.Time, told touched, crossed bool) []byte {
	t := &d.m.tape
	prev, last := d.last, t.number(t.version)
	d.last = last
	text := d.m.beginUpdate(now, t.book.VenueTime)
	if d.m.kind == exchange.Perp {
		text = strconv.AppendUint(append(text, `"U":`...), prev*perpStride+2, 10)
		text = strconv.AppendUint(append(text, `,"u":`...), last*perpStride, 10)
		text = strconv.AppendUint(append(text, `,"pu":`...), prev*perpStride, 10)
	} else {
		text = strconv.AppendUint(append(text, `"U":`...), prev+1, 10)
		text = strconv.AppendUint(append(text, `,"u":`...), last, 10)
	}
	bids := levels(told[0], t.book.Bids, 1)
	if best, ok := t.book.Best(exchange.Buy); ok && crossed {
		bids[0] = best
	}
	text = d.m.format().AppendLevels(append(text, `,"b":`...), bids, t.book.Scale, "")
	text = d.m.format().AppendLevels(append(text, `,"a":`...), levels(told[1], t.book.Asks, -1), t.book.Scale, "")
	return append(text, '}')
}

// levels are those of a side at some prices, best first; of one that is not there the size is zero.
func levels(prices []int64, side []exchange.Level, up int64) []exchange.Level {
	slices.SortFunc(prices, func(a, b int64) int { return cmp.Compare(b*up, a*up) })
	prices = slices.Compact(prices)
	r := make([]exchange.Level, 0, len(prices))
	for _, p := range prices {
		i, ok := slices.BinarySearchFunc(side, p, func(l exchange.Level, p int64) int { return cmp.Compare(l.Price*up, p*up) })
		l := exchange.Level{Price: p}
		if ok {
			l = side[i]
		}
		r = append(r, l)
	}
	return r
}
