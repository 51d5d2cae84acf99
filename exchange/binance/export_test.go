package binance

import (
	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/book"
)

// Frame is what tests compare of a frame that was read.
type Frame struct {
	Kind   int
	ID     uint64
	Market string
	Seen   uint32
	E, T   int64
	Update book.Update
}

// Readers are the two readers of frames of BTCUSDT and ETHBTC.
func Readers(kind exchange.Kind) (fast func([]byte, *Frame) bool, slow func([]byte, *Frame) error) {
	symbols := []exchange.Symbol{{Base: "BTC", Quote: "USDT", Kind: kind}, {Base: "ETH", Quote: "BTC", Kind: kind}}
	p, err := newProtocol(Production(), kind, symbols, nil)
	if err != nil {
		panic(err)
	}
	d := p.decoder(func(*exchange.Book) {})
	frame := func(m *message, f *Frame) {
		*f = Frame{Kind: int(m.kind), ID: m.id, Seen: m.seen, E: m.event, T: m.engine, Update: m.update}
		if m.market != nil {
			f.Market = m.market.name
		}
	}
	return func(data []byte, f *Frame) bool {
			var m message
			ok := d.fast(data, &m)
			frame(&m, f)
			return ok
		}, func(data []byte, f *Frame) error {
			var m message
			err := d.slow(data, &m)
			frame(&m, f)
			return err
		}
}

// Snapshot is what tests compare of a snapshot that was read.
type Snapshot = snapshot

// SnapshotReaders are the two readers of REST snapshots.
func SnapshotReaders() (fast func([]byte, *Snapshot) bool, slow func([]byte, *Snapshot) error) {
	start := exchange.Scale{Price: -2, Size: -5}
	return func(b []byte, s *Snapshot) bool { return fastSnapshot(start, b, s) },
		func(b []byte, s *Snapshot) error { return slowSnapshot(start, b, s) }
}

// ParseInstruments is exported for tests on recorded answers.
func ParseInstruments(k exchange.Kind, body []byte) ([]exchange.Instrument, error) {
	return parseInstruments(nil, k, body)
}
