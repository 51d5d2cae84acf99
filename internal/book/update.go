// Package book keeps order books: a snapshot, the deltas that follow it, and each venue's rule about which delta follows which. It
// is pure: no clock, no I/O, no goroutine; what it is told comes with the call.
package book

import (
	"time"

	"github.com/bothlegs/bothlegs/internal/scan"
)

// Update is one decoded message about one market: a snapshot, or a delta of absolute sizes. In a snapshot a size of 0 means nothing,
// in a delta it deletes. Where a message names a price twice, the last counts.
//
// First, Last and Prev are the venue's sequence numbers; which of them count is the matter of its [Rule].
type Update struct {
	Snapshot   bool
	Unnumbered bool  // the message carried no sequence number
	First      int64 // of the first change in it (Binance U)
	Last       int64 // of the last change in it (Binance u and lastUpdateId, OKX seqId, Bybit u)
	Prev       int64 // Last of the message before it (Binance futures pu, OKX prevSeqId)
	Time       time.Time
	scan.Sides
}

// CopyFrom makes u a copy of src in u's own memory.
func (u *Update) CopyFrom(src *Update) {
	sides := u.Sides
	sides.CopyFrom(&src.Sides)
	*u = *src
	u.Sides = sides
}
