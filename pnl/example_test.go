package pnl_test

import (
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/pnl"
)

// One arbitrage: bought on one venue, sold dearer on the other, fees paid on both.
func ExampleLedger() {
	dec := exchange.MustDecimal
	symbol := exchange.MustSymbol("BTC-USDT")
	l := pnl.NewLedger()
	for _, v := range []exchange.Venue{"binance", "okx"} {
		if err := l.Open(v, "", exchange.Amount{Asset: "USDT", Quantity: dec("10000")}, exchange.Amount{Asset: "BTC", Quantity: dec("1")}); err != nil {
			fmt.Println(err)
		}
	}
	buy := exchange.Fill{Market: exchange.Market{Venue: "binance", Symbol: symbol}, TradeID: "71", VenueID: "900", Side: exchange.Buy,
		Price: dec("64000"), Quantity: dec("0.1"), Fee: dec("3.2"), FeeAsset: "USDT"}
	sell := exchange.Fill{Market: exchange.Market{Venue: "okx", Symbol: symbol}, TradeID: "15", VenueID: "ab", Side: exchange.Sell,
		Price: dec("64100"), Quantity: dec("0.1"), Fee: dec("3.205"), FeeAsset: "USDT"}
	for _, f := range []exchange.Fill{buy, sell, buy} { // told twice, booked once
		if err := l.Record(f); err != nil {
			fmt.Println(err)
		}
	}
	net, err := l.Net("USDT", func(exchange.Asset) (exchange.Decimal, bool) { return dec("64050"), true })
	fmt.Println("net", net, err)
	fmt.Println("on okx", l.Balance("okx", "", "USDT"), "USDT", l.Balance("okx", "", "BTC"), "BTC")
	fmt.Println("fills", l.Fills(), "imbalance", l.Imbalance())
	// Output:
	// net 3.595 <nil>
	// on okx 16406.795 USDT 0.9 BTC
	// fills 2 imbalance []
}
