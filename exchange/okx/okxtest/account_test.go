package okxtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Money that an order holds is frozen; what a position holds is, too, but not by an order.
func TestBalances(t *testing.T) {
	virtual(t, func(r *rig) {
		r.place(order("sz=1 px=40000"))
		a := r.get("/api/v5/account/balance?ccy=USDT")
		usdt := a.row()["details"].([]any)[0].(map[string]any)
		r.want(usdt, "ccy=USDT cashBal=100000 eq=100000 availBal=60000 frozenBal=40000 ordFrozen=40000 upl=0")
		r.place(swapOrder("sz=10 px=50001"))
		r.publish(swapMarket, -1, -3, 510000)
		usdt = r.get("/api/v5/account/balance?ccy=USDT,ETH").row()["details"].([]any)[0].(map[string]any)
		r.want(usdt, "cashBal=99997.499995 frozenBal=40500.001 ordFrozen=40000 upl=99.99 eq=100097.489995 availBal=59497.498995")
		if a := r.get("/api/v5/account/balance"); len(a.row()["details"].([]any)) != 2 {
			t.Error(a.raw)
		}
	})
}

// Positions are signed contracts; the average price stays what it was when a part is closed.
func TestPositions(t *testing.T) {
	virtual(t, func(r *rig) {
		if a := r.get("/api/v5/account/positions"); a.Code != "0" || len(a.Data) != 0 {
			t.Error(a.raw)
		}
		r.place(swapOrder("sz=10 px=49999 side=sell"))
		r.publish(swapMarket, -1, -3, 480000)
		r.place(swapOrder("sz=4 px=48001 reduceOnly=true"))
		r.want(r.post(placePath, swapOrder("sz=7 px=48001 reduceOnly=true")).row(), "sCode=51169")
		r.want(r.post(placePath, swapOrder("sz=1 px=48000 reduceOnly=true side=sell")).row(), "sCode=51170")
		r.want(r.get("/api/v5/account/positions?instType=SWAP&instId=BTC-USDT-SWAP").row(),
			"instId=BTC-USDT-SWAP posSide=net pos=-6 avgPx=49999.9 markPx=48000 upl=119.994 lever=10 mgnMode=cross ccy=USDT")
		if a := r.get("/api/v5/account/positions?instType=FUTURES"); len(a.Data) != 0 {
			t.Error(a.raw)
		}
	})
}

func TestLeverage(t *testing.T) {
	virtual(t, func(r *rig) {
		path := "/api/v5/account/set-leverage"
		r.want(r.post(path, `{"instId":"BTC-USDT-SWAP","lever":"10","mgnMode":"cross"}`).row(), "lever=10 instId=BTC-USDT-SWAP")
		for body, code := range map[string]string{
			`{"instId":"BTC-USDT-SWAP","lever":"20","mgnMode":"cross"}`: "59670", `{"instId":"X","lever":"10","mgnMode":"cross"}`: "51001",
			`{"instId":"BTC-USDT-SWAP","lever":"10"}`: "50014", `{`: "50002",
		} {
			if a := r.post(path, body); a.Code != code {
				t.Errorf("%s: %s, want %s", body, a.raw, code)
			}
		}
	})
}

// What closing a part of a position brings is money at once, and is told so everywhere.
func TestPartOfAPositionIsClosed(t *testing.T) {
	details := func(row map[string]any) map[string]any { return row["details"].([]any)[0].(map[string]any) }
	virtual(t, func(r *rig) {
		r.place(swapOrder("ordType=market px=- sz=100"))
		r.publish(swapMarket, -1, -3, 510000)
		s := r.private()
		s.subscribe(`{"channel":"account","ccy":"USDT","extraParams":"{\"updateInterval\":\"0\"}"}`)
		s.data("account")
		s.subscribe(`{"channel":"balance_and_position"}`)
		s.data("balance_and_position")
		r.place(swapOrder("side=sell ordType=market px=- sz=50"))
		// Fees of 0.05 % of 50000.1 and of half of 50999.9; half of the difference is made, of the other half the mark is 51000.
		const half = "cashBal=100462.149975 eq=100962.099975 upl=499.95 frozenBal=2500.005 availBal=97962.144975"
		r.want(details(r.get("/api/v5/account/balance?ccy=USDT").row()), half)
		r.want(details(s.data("account")), half)
		r.want(s.data("balance_and_position")["balData"].([]any)[0].(map[string]any), "ccy=USDT cashBal=100462.149975")
		r.place(swapOrder("side=sell ordType=market px=- sz=50"))
		const all = "cashBal=100949.3 eq=100949.3 upl=0 frozenBal=0 availBal=100949.3"
		r.want(details(r.get("/api/v5/account/balance?ccy=USDT").row()), all)
		r.want(details(s.data("account")), all)
	})
}

// An order that closes tells what it has brought, by the average price of what it closes; so does one of an earlier run.
func TestProfitOfOrders(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"orders","instType":"SWAP"}`)
		told := func(want string) {
			r.Helper()
			for row := s.data("orders"); ; row = s.data("orders") {
				if row["state"] == "filled" {
					r.want(row, want)
					return
				}
			}
		}
		r.place(swapOrder("ordType=market px=- sz=1"))
		told("fillPnl=0 pnl=0")
		r.publish(swapMarket, -1, -3, 510000)
		r.place(swapOrder("ordType=market px=- sz=1 clOrdId=second")) // 50000.1 and 51000.1
		told("fillPnl=0 pnl=0")
		r.place(swapOrder("side=sell ordType=market px=- sz=1 clOrdId=part"))
		told("fillPnl=4.998 pnl=4.998") // at 50999.9, by the average 50500.1
		details := r.get("/api/v5/account/balance?ccy=USDT").row()["details"].([]any)[0].(map[string]any)
		r.want(details, "upl=4.999 cashBal=100004.2379995 eq=100009.2369995") // less fees: 0.05 % of 1520.001
		r.place(swapOrder("side=sell ordType=market px=- sz=3 clOrdId=turns"))
		told("fillPnl=4.998 pnl=4.998 avgPx=50999.9")
		r.place(swapOrder("ordType=market px=- sz=2 clOrdId=back"))
		told("fillPnl=-0.004 pnl=-0.004")
		r.Server = r.restart()
		for id, pnl := range map[string]string{"second": "0", "part": "4.998", "turns": "4.998", "back": "-0.004"} {
			r.want(r.get("/api/v5/trade/order?instId=BTC-USDT-SWAP&clOrdId="+id).row(), "pnl="+pnl)
		}
		r.want(r.get("/api/v5/trade/fills?limit=1").row(), "fillPnl=-0.004 clOrdId=back")
	})
}

// The dead man's switch cancels what works when it is not called again: everything, or what has its tag.
func TestCancelAllAfter(t *testing.T) {
	const path = "/api/v5/trade/cancel-all-after"
	pending := func(r *rig) int { return len(r.get("/api/v5/trade/orders-pending").Data) }
	virtual(t, func(r *rig) {
		id := r.place(order(""))
		r.place(order("tag=t1"))
		for _, bad := range []string{`{"timeOut":"9"}`, `{"timeOut":"121"}`, `{"timeOut":"x"}`, `{}`} {
			if a := r.post(path, bad); a.Code != "51000" {
				t.Errorf("%s: %s", bad, a.raw)
			}
			time.Sleep(time.Second)
		}
		at := time.Now()
		a := r.post(path, `{"timeOut":"10"}`)
		r.want(a.row(), "triggerTime="+millis(at.Add(10*time.Second)))
		time.Sleep(9 * time.Second)
		r.want(r.post(path, `{"timeOut":"10","tag":""}`).row(), "tag=-")
		time.Sleep(9 * time.Second)
		if pending(r) != 2 {
			t.Error("it struck although it was called again")
		}
		time.Sleep(2 * time.Second)
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&ordId="+id).row(), "state=canceled cancelSource=20")
		if pending(r) != 0 {
			t.Error("it did not strike")
		}
		r.place(order("tag=t1"))
		r.place(order(""))
		r.post(path, `{"timeOut":"10","tag":"t1"}`)
		time.Sleep(11 * time.Second)
		if pending(r) != 1 {
			t.Errorf("%d orders work after that with the tag", pending(r))
		}
		r.post(path, `{"timeOut":"10"}`)
		time.Sleep(time.Second)
		r.post(path, `{"timeOut":"0"}`)
		time.Sleep(time.Minute)
		if pending(r) != 1 {
			t.Error("it was switched off, and struck")
		}
	})
}

// A switch has a tag or none; each has a limit of its own, and there are not more than twenty with one.
func TestSwitchesByTag(t *testing.T) {
	const path = "/api/v5/trade/cancel-all-after"
	virtual(t, func(r *rig) {
		for _, bad := range []string{"a-b", "12345678901234567"} {
			if a := r.post(path, `{"timeOut":"10","tag":"`+bad+`"}`); a.Code != "51000" {
				t.Errorf("%s: %s", bad, a.raw)
			}
		}
		for i := range 21 {
			want := "0"
			if i == 20 {
				want = "50025"
			}
			if a := r.post(path, fmt.Sprintf(`{"timeOut":"10","tag":"t%d"}`, i)); a.Code != want {
				t.Errorf("%d: %s", i, a.raw)
			}
		}
		if a := r.post(path, `{"timeOut":"10","tag":"t3"}`); a.Code != "50011" {
			t.Errorf("a tag twice in a second: %s", a.raw)
		}
		time.Sleep(11 * time.Second)
		if a := r.post(path, `{"timeOut":"10","tag":"t20"}`); a.Code != "0" {
			t.Errorf("after the others struck: %s", a.raw)
		}
	})
}

// restart is another server over the same engine.
func (r *rig) restart() (again *okxtest.Server) {
	r.Inspect(func(e *sim.Engine) {
		again = okxtest.NewServer(e, okxtest.Config{Pipe: true, Keys: []okxtest.Key{r.key}})
	})
	r.Cleanup(again.Close)
	r.http.CloseIdleConnections()
	r.http.Transport = transport(again)
	return again
}

// What an account had before the server began is there; so is what trades beside it.
func TestOrdersOfAnEarlierRun(t *testing.T) {
	virtual(t, func(r *rig) {
		resting := r.place(order("clOrdId=a1"))
		r.place(order("px=50001 sz=0.2"))
		r.Server = r.restart()
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&clOrdId=a1").row(), "ordId="+resting+" state=live ordType=limit tdMode=cash")
		r.want(r.get("/api/v5/trade/fills").row(), "fillSz=0.2 fee=-0.0001")
		r.want(r.post("/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","clOrdId":"a1"}`).row(), "sCode=0")
		r.want(r.get("/api/v5/trade/orders-history?instType=SPOT&state=canceled").row(), "ordId="+resting)
	})
}

// Executions of an earlier run are told newest first and numbered as they happened, whatever their markets.
func TestFillsOfAnEarlierRun(t *testing.T) {
	virtual(t, func(r *rig) {
		for i, body := range []string{order("px=50001"), swapOrder("px=50001"), order("px=50001"), swapOrder("px=50001"), order("px=49999.9 clOrdId=old"), swapOrder("px=50001")} {
			r.place(object(parsed(body), fmt.Sprintf("tag=t%d", i)))
			time.Sleep(time.Second)
		}
		r.publish(spotMarket, -1, -4, 499990) // the old order is the last to trade
		r.Server = r.restart()
		var got []string
		for _, row := range r.get("/api/v5/trade/fills").Data {
			got = append(got, fmt.Sprint(row["billId"], " ", row["instId"]))
		}
		want := "[6 BTC-USDT 5 BTC-USDT-SWAP 4 BTC-USDT-SWAP 3 BTC-USDT 2 BTC-USDT-SWAP 1 BTC-USDT]"
		if fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
		r.want(r.get("/api/v5/trade/fills?after=6&limit=1").row(), "billId=5")
	})
}

func TestNewServerRefusesWhatItCannotPlay(t *testing.T) {
	for name, cfg := range map[string]okxtest.Config{
		"half a key":         {Keys: []okxtest.Key{{Account: mine, Key: "k"}}},
		"a key twice":        {Keys: []okxtest.Key{{mine, "k", "s", "p", false}, {other, "k", "s", "p", false}}},
		"no such account":    {Keys: []okxtest.Key{{"nobody", "k", "s", "p", false}}},
		"a level of no kind": {Level: 5},
		"impossible faults":  {Faults: sim.Faults{Script: []sim.Rule{{Op: sim.OpPlace, Fault: sim.Drop}}}},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if words, ok := recover().(string); !ok || !strings.HasPrefix(words, "okxtest: ") {
					t.Errorf("%v", words)
				}
			}()
			e, err := sim.NewEngine(sim.EngineConfig{Venue: "okx", Account: mine, Accounts: []sim.AccountConfig{{ID: other}}})
			if err != nil {
				t.Fatal(err)
			}
			cfg.Pipe = true
			okxtest.NewServer(e, cfg)
		})
	}
	other, err := sim.NewEngine(sim.EngineConfig{Venue: "binance"})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*sim.Engine{nil, other} {
		func() {
			defer func() {
				if words, ok := recover().(string); !ok || !strings.Contains(words, `plays "okx"`) {
					t.Errorf("%v", words)
				}
			}()
			okxtest.NewServer(e, okxtest.Config{Pipe: true})
		}()
	}
}
