package simwire

import (
	"math"

	"github.com/bothlegs/bothlegs/exchange"
)

// Picture is what one subscriber was shown of a market's book: its best levels, from which the next difference is made. It is not safe for
// concurrent use.
type Picture struct {
	depth int
	shown exchange.Book
	other exchange.Book // memory of the one before
	last  uint64
	count uint64
}

// Delta is what changed between two pictures. Sizes are absolute; 0 removes the level.
type Delta struct {
	Scale      exchange.Scale
	Bids, Asks []exchange.Level // best first
	First      uint64           // number of the first change in it: the one after Prev
	Last       uint64           // number of the last one: the book's Seq
	Prev       uint64           // Last of the difference, or the snapshot, before
	Count      uint64           // 1 for the first difference after a snapshot, then one more each
	Book       *exchange.Book   // what is shown now; the picture's, until its next change
}

// Empty reports whether no level changed.
func (d *Delta) Empty() bool { return len(d.Bids)+len(d.Asks) == 0 }

// NewPicture shows the best depth levels of each side; 0: all.
func NewPicture(depth int) *Picture { return &Picture{depth: depth} }

// Draw shows b: a snapshot. What it returns is what is seen of it, the picture's until its next change.
func (p *Picture) Draw(b *exchange.Book) *exchange.Book {
	p.shown.CopyFrom(b, p.depth)
	p.last, p.count = b.Seq, 0
	return &p.shown
}

// Update shows b instead and lets d be the difference, in d's own memory, which it reuses; false: nothing that is shown has changed, and d
// is not to be sent. The changes that are not shown are then part of the next difference's numbers. A book that has been renumbered (Seq below
// the last one) is no less a difference.
func (p *Picture) Update(b *exchange.Book, d *Delta) bool {
	p.shown, p.other = p.other, p.shown
	p.shown.CopyFrom(b, p.depth)
	d.Bids, d.Asks = d.Bids[:0], d.Asks[:0]
	d.Scale, d.Book = p.align(), &p.shown
	d.Bids = difference(d.Bids, p.other.Bids, p.shown.Bids, 1)
	d.Asks = difference(d.Asks, p.other.Asks, p.shown.Asks, -1)
	if d.Empty() {
		return false
	}
	p.count++
	d.Prev, d.First, d.Last, d.Count = p.last, p.last+1, b.Seq, p.count
	p.last = b.Seq
	return true
}

// Same lets d be the difference between what is shown and itself: it has numbers, and no levels.
func (p *Picture) Same(d *Delta) {
	*d = Delta{Bids: d.Bids[:0], Asks: d.Asks[:0], Scale: p.shown.Scale, Book: &p.shown, First: p.last, Last: p.last, Prev: p.last, Count: p.count}
}

// undo takes the last Update back, which had made d.
func (p *Picture) undo(d *Delta) {
	p.shown, p.other = p.other, p.shown
	p.last, p.count = d.Prev, d.Count-1
}

// Last is the number of the newest change that was shown.
func (p *Picture) Last() uint64 { return p.last }

// align brings both books to the finer of their scales, and returns it.
func (p *Picture) align() exchange.Scale {
	s := exchange.Scale{Price: min(p.shown.Scale.Price, p.other.Scale.Price), Size: min(p.shown.Scale.Size, p.other.Scale.Size)}
	if len(p.other.Bids)+len(p.other.Asks) == 0 {
		s = p.shown.Scale
	}
	for _, b := range [2]*exchange.Book{&p.shown, &p.other} {
		refine(b, s)
	}
	return s
}

// refine counts b in smaller units. A level that cannot be counted so is left out: no venue has such numbers.
func refine(b *exchange.Book, s exchange.Scale) {
	if b.Scale == s {
		return
	}
	price, size := pow10(int(b.Scale.Price)-int(s.Price)), pow10(int(b.Scale.Size)-int(s.Size))
	for _, side := range [2]*[]exchange.Level{&b.Bids, &b.Asks} {
		kept := (*side)[:0]
		for _, l := range *side {
			if l.Price <= math.MaxInt64/price && l.Size <= math.MaxInt64/size {
				kept = append(kept, exchange.Level{Price: l.Price * price, Size: l.Size * size})
			}
		}
		*side = kept
	}
	b.Scale = s
}

func pow10(n int) int64 {
	r := int64(1)
	for range min(max(n, 0), 18) {
		r *= 10
	}
	return r
}

// difference appends what leads from one side of a book to another, best first. up is 1 where the best price is the highest, else -1.
func difference(d, from, to []exchange.Level, up int64) []exchange.Level {
	i, j := len(from)-1, len(to)-1
	for i >= 0 || j >= 0 {
		switch {
		case j < 0 || i >= 0 && (from[i].Price-to[j].Price)*up > 0:
			d = append(d, exchange.Level{Price: from[i].Price})
			i--
		case i < 0 || from[i].Price != to[j].Price:
			d = append(d, to[j])
			j--
		default:
			if from[i].Size != to[j].Size {
				d = append(d, to[j])
			}
			i, j = i-1, j-1
		}
	}
	return d
}

// Cross spoils b: a bid stands at the price of the best ask. Where there is no ask it is left as it is.
func Cross(b *exchange.Book) {
	if ask, ok := b.Best(exchange.Buy); ok {
		b.Bids = append(b.Bids, ask)
	}
}
