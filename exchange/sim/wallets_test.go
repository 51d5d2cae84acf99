package sim_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestSplitWallets(t *testing.T) {
	cfg := config()
	cfg.SplitWallets = true
	cfg.Margin = []exchange.Amount{{Asset: "USDT", Quantity: dec("50")}}
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	setBook(t, e, around100(perp))
	if _, err := e.Submit(start, ioc(limit("big", perp, exchange.Buy, "5", "101"))); !errors.Is(err, exchange.ErrInsufficientFunds) {
		t.Errorf("margin from the spot wallet: %v", err)
	}
	submit(t, e, ioc(limit("p", perp, exchange.Buy, "1", "101")))
	submit(t, e, ioc(limit("s", spot, exchange.Buy, "1", "101")))
	var got []string
	for _, b := range e.Balances("") {
		got = append(got, fmt.Sprintf("%s %s %s %s", b.Wallet, b.Asset, b.Free, b.Locked))
	}
	want := []string{"spot BTC 11.00 0", "spot USDT 898.798000 0", "perp USDT 39.698000 10.1000"}
	if !slices.Equal(got, want) {
		t.Errorf("balances %q, want %q", got, want)
	}
	audit(t, cfg, e)
}

func TestFeesInAThirdAsset(t *testing.T) {
	cfg := config()
	cfg.BaseFee, cfg.FeeAsset, cfg.FeePrice = true, "BNB", dec("300")
	cfg.Balances = append(cfg.Balances, exchange.Amount{Asset: "BNB", Quantity: dec("0.001")})
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	o := submit(t, e, ioc(limit("a", spot, exchange.Buy, "1", "101"))) // 0.202 in quote
	if got := fmt.Sprint(o.Fees); got != "[0.00067334 BNB]" {
		t.Errorf("fees %s", got)
	}
	checkBalance(t, e, "BTC", "11", "0")
	checkBalance(t, e, "USDT", "899", "0")
	o = submit(t, e, ioc(limit("b", spot, exchange.Buy, "1", "102"))) // 0.204: more than is left
	if got := fmt.Sprint(o.Fees); got != "[0.00200 BTC]" {
		t.Errorf("fees when it has run out: %s", got)
	}
	o = submit(t, e, ioc(limit("c", spot, exchange.Sell, "1.2", "98")))
	if got := fmt.Sprint(o.Fees); got != "[0.198000 USDT 0.00013067 BNB]" { // for the second, smaller fill there is enough
		t.Errorf("fees of a sell: %s", got)
	}
	audit(t, cfg, e)
}

// Each event tells the fees as they were then.
func TestFeesOfSeveralAssets(t *testing.T) {
	cfg := config()
	cfg.FeeAsset, cfg.FeePrice = "BNB", dec("100")
	cfg.Balances = append(cfg.Balances, exchange.Amount{Asset: "BNB", Quantity: dec("0.003")})
	e := newEngine(t, cfg)
	setBook(t, e, around100(spot))
	o := submit(t, e, limit("a", spot, exchange.Sell, "10", "100"))
	for _, q := range []string{"3.5", "1", "3.1", "1"} { // 0.35, 0.1, 0.31 and 0.1 in quote; 0.3 can be paid in the third asset
		if _, err := e.Fill(start, o.Ref(), dec(q)); err != nil {
			t.Fatal(err)
		}
	}
	news, _, _ := e.Events(1)
	for i, want := range []string{
		"[0.350000 USDT]", "[0.350000 USDT 0.001 BNB]", "[0.660000 USDT 0.001 BNB]", "[0.660000 USDT 0.002 BNB]",
	} {
		if got := fmt.Sprint(news[i].Order.Fees); got != want {
			t.Errorf("event %d: fees %s, want %s", i, got, want)
		}
	}
	audit(t, cfg, e)
}

func TestFunding(t *testing.T) {
	cfg := crowded()
	cfg.SplitWallets = true
	cfg.Fees = exchange.FeeRates{}
	cfg.Margin = []exchange.Amount{{Asset: "USDT", Quantity: dec("100")}}
	for i := range cfg.Accounts {
		cfg.Accounts[i].Margin = cfg.Margin
	}
	e := newEngine(t, cfg)
	if _, err := e.Fund(start, perp.Symbol, dec("0.0001")); !errors.Is(err, exchange.ErrUnavailable) {
		t.Errorf("without a mark price: %v", err)
	}
	if _, err := e.Fund(start, spot.Symbol, dec("0.0001")); !errors.Is(err, exchange.ErrInvalid) {
		t.Errorf("of spot: %v", err)
	}
	setBook(t, e, around100(perp))
	submit(t, e, of("two", limit("a", perp, exchange.Sell, "2", "100")))
	submit(t, e, ioc(limit("t", perp, exchange.Buy, "2", "100")))
	submit(t, e, limit("rest", perp, exchange.Buy, "1", "100.5"))
	mark, ok := e.Mark(perp.Symbol)
	if !ok || !mark.Equal(dec("100.75")) { // what rests is in the book too
		t.Errorf("mark price %s, %v", mark, ok)
	}
	_, since, _ := e.Events(0)
	paid, err := e.Fund(start, perp.Symbol, dec("0.001"))
	if err != nil || len(paid) != 2 {
		t.Fatalf("%v, %v", paid, err)
	}
	for i, want := range []string{" -0.201500 USDT", "two 0.201500 USDT"} {
		if got := string(paid[i].Account) + " " + paid[i].Amount.String(); got != want && !paid[i].Amount.Quantity.Equal(dec([]string{"-0.2015", "0.2015"}[i])) {
			t.Errorf("paid %s, want %s", got, want)
		}
	}
	news, _, _ := e.Events(since)
	if len(news) != 2 || news[1].Kind != exchange.BalanceUpdate || news[1].Order.Account != "two" || news[1].Balances[0].Wallet != exchange.WalletPerp ||
		!news[1].Balances[0].Total().Equal(dec("100.2015")) {
		t.Errorf("events %+v", news)
	}
	audit(t, cfg, e, paid...)
}

// A resting reduce-only order offers what is left of the position, and goes with it.
func TestReduceOnlyOrdersFollowThePosition(t *testing.T) {
	cfg := crowded()
	cfg.Fees = exchange.FeeRates{}
	e := newEngine(t, cfg)
	setBook(t, e, around100(perp))
	submit(t, e, ioc(limit("open", perp, exchange.Buy, "1", "101")))
	r := limit("r", perp, exchange.Sell, "1", "100.5")
	r.ReduceOnly = true
	submit(t, e, r)
	submit(t, e, ioc(limit("less", perp, exchange.Sell, "0.4", "99")))
	if got := visible(t, e, perp, exchange.Buy); got != "[{1005 60} {1020 500}]" {
		t.Errorf("it shows more than the position: %s", got)
	}
	fok := of("two", limit("k", perp, exchange.Buy, "0.61", "100.5"))
	fok.TIF = exchange.FOK
	checkShape(t, submit(t, e, fok), nil, "expired 0")
	submit(t, e, limit("close", perp, exchange.Sell, "0.3", "100")) // stands before it
	fok.ClientID, fok.Quantity = "k2", dec("0.61")
	checkShape(t, submit(t, e, fok), nil, "expired 0") // 0.3, and then only 0.3 are left to reduce
	fok.ClientID, fok.Quantity = "k3", dec("0.6")
	checkShape(t, submit(t, e, fok), nil, "filled 0.60 0.30@100.0 0.30@100.5")
	o, err := e.Lookup(r.Ref())
	checkShape(t, o, err, "expired 0.30 0.30@100.5")
	if o.Reason != sim.ReasonReduceOnly || len(e.Positions("")) != 0 {
		t.Errorf("%q, positions %v", o.Reason, e.Positions(""))
	}
	audit(t, cfg, e)
}
