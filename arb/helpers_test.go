package arb_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/arb"
	"github.com/bothlegs/bothlegs/exchange"
)

var (
	marketA = exchange.Market{Venue: "alpha", Symbol: exchange.MustSymbol("BTC-USDT")}
	marketB = exchange.Market{Venue: "beta", Symbol: exchange.MustSymbol("BTC-USDT")}
	marketC = exchange.Market{Venue: "gamma", Symbol: exchange.MustSymbol("BTC-USDT")}
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

func instrument(m exchange.Market) exchange.Instrument {
	return exchange.Instrument{Market: m, Tradable: true, Tick: dec("0.01"), Lot: dec("0.00001"), Contract: dec("1"), Settle: m.Symbol.Quote}
}

func fees(rate, fixed string) arb.Fees {
	f := arb.Fee{Rate: dec(rate), Fixed: dec(fixed)}
	return arb.Fees{Buy: f, Sell: f}
}

// config pairs each market with the next, with rules of cents and hundred-thousandths, the default fees, and 1000 USDT.
func config(markets ...exchange.Market) arb.ScannerConfig {
	cfg := arb.ScannerConfig{Notional: dec("1000"), Fees: map[exchange.Market]arb.Fees{}}
	for i, m := range markets {
		cfg.Instruments = append(cfg.Instruments, instrument(m))
		if i > 0 {
			cfg.Pairs = append(cfg.Pairs, arb.Pair{A: markets[i-1], B: m})
		}
	}
	return cfg
}

func mustScanner(t testing.TB, cfg arb.ScannerConfig) *arb.Scanner {
	t.Helper()
	s, err := arb.NewScanner(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// book is made of levels in words, best first, in cents and hundred-thousandths: "100.5 2, 100 1".
func book(m exchange.Market, bids, asks string) *exchange.Book {
	b := &exchange.Book{Market: m, Scale: exchange.Scale{Price: -2, Size: -5}, RecvTime: start}
	b.Bids, b.Asks = levels(b.Scale, bids), levels(b.Scale, asks)
	return b
}

func levels(s exchange.Scale, text string) (l []exchange.Level) {
	for level := range strings.SplitSeq(text, ", ") {
		price, size, ok := strings.Cut(level, " ")
		if !ok {
			continue
		}
		p, okPrice := dec(price).Int64(int(s.Price))
		q, okSize := dec(size).Int64(int(s.Size))
		if !okPrice || !okSize {
			panic("off the scale: " + level)
		}
		l = append(l, exchange.Level{Price: p, Size: q})
	}
	slices.Reverse(l)
	return l
}
