package feed

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// ReplayConfig says what to replay. Dir and Protocols are required.
type ReplayConfig struct {
	// Dir holds the recordings: its files *.gz and *.jsonl, and those that its manifest.json names. Files x_part1.gz, x_part2.gz are
	// one stream.
	Dir string

	// Protocols decode the frames: each connection is the one's that Owns its address.
	Protocols []Protocol

	// Speed is Run's: 0 as fast as possible, 1 as recorded, else a multiple of that. Step does not look at it.
	Speed float64

	// SkipUnowned leaves out connections and REST answers that no protocol owns, and counts them; else they are an error.
	SkipUnowned bool

	// MaxBytes bounds the memory for all files together, unpacked; 0: 1 GiB.
	MaxBytes int64
}

// ReplayStats counts what was replayed so far.
type ReplayStats struct {
	Messages uint64 // frames decoded
	Answers  uint64 // REST answers decoded
	Skipped  uint64 // frames and answers that no protocol owns
	Books    uint64 // emitted, valid
	Invalid  uint64 // emitted with Err: gaps, crossed books, lost connections
}

// ReplayError is what is wrong with a recording, and where.
type ReplayError struct {
	File string // name within the folder
	Line int    // from 1; 0: the file as a whole
	Err  error
}

// Error is "feed: recording FILE:LINE: reason".
func (e *ReplayError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("feed: recording %s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("feed: recording %s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap is the reason.
func (e *ReplayError) Unwrap() error { return e.Err }

// Replay plays recorded connections through the decoders that live ones go through, merged by their receive time: equal times in the
// order of file names, then lines. OpenReplay has checked every file to its end, so that only what a Decoder refuses is found out
// later.
//
// There are two ways to run it. Step, for simulated runs: the caller's thread, no clock, books carry the recorded RecvTime. Run, for live
// ones: paced by the clock, books carry the time at which Run decoded them, so that ages and staleness mean what they mean live
// (VenueTime stays as recorded). Use one of them. A Replay is not safe for concurrent use.
type Replay struct {
	cfg     ReplayConfig
	records []record // by time
	files   []string
	conns   []*replayConn
	answers []replayAnswer
	pos     int
	emit    func(*exchange.Book)
	stats   ReplayStats
	err     error // sticky
}

// record is one line that has an effect.
type record struct {
	at   int64 // ns since 1970
	data []byte
	file int32 // index into files
	line int32
	to   int32 // lineConnect, lineFrame: index into conns. lineAnswer: into answers
	kind lineKind
}

// replayConn is one recorded connection; a nil decoder is one that no protocol owns.
type replayConn struct {
	stream  string
	owner   int // index into Protocols, -1: none
	decoder Decoder
	seen    bool // connected once: the next time the first is lost
}

// replayAnswer is where a REST answer goes: to the connections of its stream whose protocol owns the URL.
type replayAnswer struct {
	url   string
	conns []*replayConn
}

// OpenReplay reads and checks the whole folder. What is wrong with a recording is a [*ReplayError].
func OpenReplay(cfg ReplayConfig) (*Replay, error) {
	switch {
	case len(cfg.Protocols) == 0 || slices.ContainsFunc(cfg.Protocols, func(p Protocol) bool { return p == nil }):
		return nil, fmt.Errorf("feed: a replay needs protocols: %w", exchange.ErrInvalid)
	case cfg.Speed < 0 || math.IsNaN(cfg.Speed) || math.IsInf(cfg.Speed, 0):
		return nil, fmt.Errorf("feed: replay speed %v: %w", cfg.Speed, exchange.ErrInvalid)
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 1 << 30
	}
	r := &Replay{cfg: cfg}
	if err := newLoader(r).load(); err != nil {
		return nil, err
	}
	return r, nil
}

// Span is the receive time of the first and of the last record.
func (r *Replay) Span() (first, last time.Time) {
	return time.Unix(0, r.records[0].at), time.Unix(0, r.records[len(r.records)-1].at)
}

// Rewind goes back to the start, with new decoders and counters, as if just opened but without reading the files again.
func (r *Replay) Rewind() {
	for _, c := range r.conns {
		c.seen = false
		if c.decoder != nil {
			c.decoder = r.cfg.Protocols[c.owner].Decoder(r.book)
		}
	}
	r.pos, r.stats, r.err = 0, ReplayStats{}, nil
}

// Stats counts what was replayed so far.
func (r *Replay) Stats() ReplayStats { return r.stats }

// Next is the recorded time of the next Step; false at the end, or after an error.
func (r *Replay) Next() (at time.Time, ok bool) {
	if r.err != nil || r.pos == len(r.records) {
		return time.Time{}, false
	}
	return time.Unix(0, r.records[r.pos].at), true
}

// Step decodes the next record at its recorded time, and passes the books that it changes to emit, during the call. After the end it
// does nothing. An error is a [*ReplayError], and final: every further Step returns it.
func (r *Replay) Step(emit func(*exchange.Book)) error {
	at, ok := r.Next()
	if !ok {
		return r.err
	}
	return r.step(at, emit)
}

func (r *Replay) step(at time.Time, emit func(*exchange.Book)) error {
	rec := &r.records[r.pos]
	r.pos++
	r.emit = emit
	if err := r.decode(rec, at); err != nil {
		r.err = &ReplayError{File: r.files[rec.file], Line: int(rec.line), Err: err}
	}
	r.emit = nil
	return r.err
}

var errRecordedReconnect = errors.New("the recorded connection was made anew")

func (r *Replay) decode(rec *record, at time.Time) error {
	if rec.kind == lineAnswer {
		a := r.answers[rec.to]
		if len(a.conns) == 0 {
			r.stats.Skipped++
			return nil
		}
		r.stats.Answers++
		for _, c := range a.conns {
			if err := c.decoder.Answer(at, a.url, rec.data); err != nil {
				return err
			}
		}
		return nil
	}
	c := r.conns[rec.to]
	switch {
	case rec.kind == lineConnect:
		if c.seen && c.decoder != nil {
			c.decoder.Lost(at, errRecordedReconnect)
		}
		c.seen = true
	case c.decoder == nil:
		r.stats.Skipped++
	default:
		if _, err := c.decoder.Frame(at, rec.data); err != nil {
			return err
		}
		r.stats.Messages++
	}
	return nil
}

// book is what the decoders emit to.
func (r *Replay) book(b *exchange.Book) {
	if b.Err != nil {
		r.stats.Invalid++
	} else {
		r.stats.Books++
	}
	if r.emit != nil {
		r.emit(b)
	}
}

// Run replays what is left, live: at Speed, with the time of decoding as RecvTime. It returns nil at the end of the recording, ctx's error,
// or a [*ReplayError].
func (r *Replay) Run(ctx context.Context, emit func(*exchange.Book)) error {
	began := time.Now()
	first, ok := r.Next()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ; ok; _, ok = r.Next() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if r.cfg.Speed > 0 {
			at, _ := r.Next()
			due := time.Duration(float64(at.Sub(first)) / r.cfg.Speed)
			if wait := due - time.Since(began); wait > 0 {
				timer.Reset(wait)
				select {
				case <-timer.C:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		}
		if err := r.step(time.Now(), emit); err != nil {
			return err
		}
	}
	return r.err
}

// StreamBooks is Run for some symbols, of every venue in the recording; none: all. With it a Replay is a [Source].
func (r *Replay) StreamBooks(ctx context.Context, symbols []exchange.Symbol, emit func(*exchange.Book)) error {
	return r.Run(ctx, func(b *exchange.Book) {
		if len(symbols) == 0 || slices.Contains(symbols, b.Market.Symbol) {
			emit(b)
		}
	})
}
