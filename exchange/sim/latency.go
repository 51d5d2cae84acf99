package sim

import (
	"fmt"
	"math/bits"
	"sort"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Latency is how long messages travel. The zero value is no time at all.
type Latency struct {
	Entry    Delay // request, from the client to the matching
	Response Delay // answer, back to the client
	Feed     Delay // books and private events, to the client
}

// Delay is a sum of parts, of which any may be left out: from Min up to and including Min + Jitter, evenly; one from a distribution; one as
// it was measured at that time. All of it is integer arithmetic, so that it is the same everywhere.
type Delay struct {
	Min, Jitter time.Duration
	Quantiles   []Quantile // ascending; between two of them it is drawn evenly
	Rows        []Measured // ascending; between two of them it is interpolated
}

// Quantile says that Share millionths of all delays are no longer than Delay. None is shorter than that of the first of a table, or
// longer than that of the last.
type Quantile struct {
	Share uint32
	Delay time.Duration
}

// Measured is a delay as it was at one time by the clock of the simulation. Before the first row of a table, and after the last, it is as there.
type Measured struct {
	At    time.Time
	Delay time.Duration
}

// constant reports whether every delay is Min.
func (d *Delay) constant() bool { return d.Jitter == 0 && len(d.Quantiles) == 0 && len(d.Rows) == 0 }

// longest bounds all that is waited for, so that sums do not overflow: 36 years.
const longest time.Duration = 1 << 60

// draw is the delay of what h was drawn for, at now.
func (d *Delay) draw(now time.Time, h uint64) time.Duration {
	sum := d.Min
	if d.Jitter > 0 {
		sum += time.Duration(h % uint64(d.Jitter+1))
	}
	if len(d.Quantiles) > 0 {
		sum += d.quantile(mix(h))
	}
	if len(d.Rows) > 0 {
		sum += d.measured(now)
	}
	return sum
}

// quantile is the delay at the point of the distribution that h, as a fraction of 2^64, stands for.
func (d *Delay) quantile(h uint64) time.Duration {
	share, rest := bits.Mul64(h, million) // rest are fractions of a millionth
	q := d.Quantiles
	i := sort.Search(len(q), func(i int) bool { return uint64(q[i].Share) > share })
	switch i {
	case 0:
		return q[0].Delay
	case len(q):
		return q[i-1].Delay
	}
	a, b := q[i-1], q[i]
	return between(a.Delay, b.Delay, (share-uint64(a.Share))<<32|rest>>32, uint64(b.Share-a.Share)<<32)
}

// measured is the delay at now.
func (d *Delay) measured(now time.Time) time.Duration {
	r := d.Rows
	i := sort.Search(len(r), func(i int) bool { return r[i].At.After(now) })
	switch i {
	case 0:
		return r[0].Delay
	case len(r):
		return r[i-1].Delay
	}
	a, b := r[i-1], r[i]
	return between(a.Delay, b.Delay, uint64(now.Sub(a.At)), uint64(b.At.Sub(a.At)))
}

// between is a + (b - a) * n / of, rounded towards a; n is at most of.
func between(a, b time.Duration, n, of uint64) time.Duration {
	low, high := min(a, b), max(a, b)
	hi, lo := bits.Mul64(uint64(high-low), n)
	part, _ := bits.Div64(hi, lo, of)
	if a <= b {
		return a + time.Duration(part)
	}
	return a - time.Duration(part)
}

func (l *Latency) validate() error {
	for _, d := range [...]*Delay{&l.Entry, &l.Response, &l.Feed} {
		if why := d.wrong(); why != "" {
			return fmt.Errorf("sim: latency: %s: %w", why, exchange.ErrInvalid)
		}
	}
	return nil
}

// wrong says why d is none; "": it is one.
func (d *Delay) wrong() string {
	if d.Min < 0 || d.Jitter < 0 {
		return fmt.Sprintf("negative: %s, %s", d.Min, d.Jitter)
	}
	most := uint64(d.Min) + uint64(d.Jitter)
	if n := len(d.Quantiles); n > 0 {
		most += uint64(d.Quantiles[n-1].Delay)
	}
	if most > uint64(longest) {
		return fmt.Sprintf("%s and %s and more take too long", d.Min, d.Jitter)
	}
	for i, q := range d.Quantiles {
		switch {
		case q.Share > million || q.Delay < 0:
			return fmt.Sprintf("quantile %d is %s", q.Share, q.Delay)
		case i > 0 && (q.Share <= d.Quantiles[i-1].Share || q.Delay < d.Quantiles[i-1].Delay):
			return fmt.Sprintf("quantile %d is %s after %v", q.Share, q.Delay, d.Quantiles[i-1])
		}
	}
	for i, r := range d.Rows {
		switch {
		case r.Delay < 0 || r.Delay > longest:
			return fmt.Sprintf("measured %s", r.Delay)
		case i > 0 && !r.At.After(d.Rows[i-1].At):
			return fmt.Sprintf("row of %s after one of %s", r.At, d.Rows[i-1].At)
		}
	}
	return ""
}

// hash mixes the words that identify a draw into 64 even bits: FNV-1a over the bytes, then the finalizer of splitmix64, since the
// low bits of FNV are weak. Nothing else may enter: the same call meets the same fate in whatever order calls come.
func hash(seed uint64, salt, op, key string, try int) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := offset ^ seed*0x9e3779b97f4a7c15
	for _, s := range [...]string{salt, op, key} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * prime
		}
		h = (h ^ 0xff) * prime // so that "ab", "c" is not "a", "bc"
	}
	return finish((h ^ uint64(try)) * prime)
}

// finish is the finalizer of splitmix64.
func finish(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
