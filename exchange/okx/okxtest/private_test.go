package okxtest_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestLogin(t *testing.T) {
	good := func(r *rig) string { return r.login(time.Now()) }
	for _, tt := range []struct {
		name string
		text func(*rig) string
		code string
	}{
		{"good", good, "0"},
		{"half a second ahead", func(r *rig) string { return r.login(time.Now().Add(500 * time.Millisecond)) }, "0"},
		{"too old", func(r *rig) string { return r.login(time.Now().Add(-31 * time.Second)) }, "60006"},
		{"in milliseconds", func(r *rig) string { return strings.Replace(good(r), `"timestamp":"`, `"timestamp":"000`, 1) }, "60007"},
		{"a time that is none", func(r *rig) string { return strings.Replace(good(r), `"timestamp":"`, `"timestamp":"x`, 1) }, "60004"},
		{"unknown key", func(r *rig) string { r.key.Key = "k9"; return good(r) }, "60005"},
		{"wrong passphrase", func(r *rig) string { r.key.Passphrase = "p9"; return good(r) }, "60024"},
		{"wrong secret", func(r *rig) string { r.key.Secret = "s9"; return good(r) }, "60007"},
		{"nothing", func(*rig) string { return `{"op":"login","args":[{}]}` }, "60009"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				s := r.dial("private", "/ws/v5/private")
				s.write(tt.text(r))
				want := "event=error code=" + tt.code
				if tt.code == "0" {
					want = "event=login code=0 msg=-"
				}
				r.want(s.read(), want)
			})
		})
	}
}

// The life of an order as its channel tells it, one message a step; REST says the same in the end.
func TestOrderChannel(t *testing.T) {
	const amend = "/api/v5/trade/amend-order"
	for _, tt := range []struct {
		name string
		do   func(*rig)
		want []string
	}{
		{"rests and is canceled", func(r *rig) {
			id := r.place(order("clOrdId=a1"))
			r.post("/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","ordId":"`+id+`"}`)
		}, []string{"state=live accFillSz=0 fillSz=0 tradeId=- clOrdId=a1 instType=SPOT", "state=canceled cancelSource=1 fillSz=0 tradeId=-"}},
		{"takes two levels", func(r *rig) { r.place(order("px=50000.2 sz=1.5")) }, []string{
			"state=live", "state=partially_filled accFillSz=1 fillSz=1 fillPx=50000.1 execType=T fillFee=-0.0005 fillFeeCcy=BTC fee=-0.0005 avgPx=50000.1",
			"state=filled accFillSz=1.5 fillSz=0.5 fillPx=50000.2 fillFee=-0.00025 fee=-0.00075"}},
		{"takes what there is", func(r *rig) { r.place(order("ordType=ioc px=50000.1 sz=1.5")) }, []string{
			"state=live", "state=partially_filled accFillSz=1 fillSz=1", "state=canceled accFillSz=1 fillSz=0 cancelSource=14"}},
		{"post-only that would take", func(r *rig) { r.place(order("ordType=post_only px=50001")) }, []string{
			"state=live", "state=canceled cancelSource=31 accFillSz=0"}},
		{"a market order in quote", func(r *rig) { r.place(order("ordType=market px=- sz=100")) }, []string{
			"state=live sz=100 tgtCcy=quote_ccy px=-", "state=filled accFillSz=0.0019 fillSz=0.0019 fillNotionalUsd=95.00019"}},
		{"a swap, in contracts", func(r *rig) { r.place(swapOrder("px=50001 sz=2.5")) }, []string{
			"state=live sz=2.5 instType=SWAP", "state=filled fillSz=2.5 accFillSz=2.5 fillFeeCcy=USDT fillFee=-0.62500125"}},
		{"amended", func(r *rig) {
			r.place(order("clOrdId=a1"))
			r.post(amend, `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"48000","newSz":"0.002","reqId":"r1"}`)
		}, []string{"state=live px=49000 reqId=- amendResult=-", "state=live px=48000 sz=0.002 reqId=r1 amendResult=0 code=-"}},
		{"amended so as to take", func(r *rig) {
			r.place(order("clOrdId=a1"))
			r.post(amend, `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"50001","reqId":"r1"}`)
		}, []string{"state=live", "state=live px=50001 reqId=r1 amendResult=0", "state=filled fillPx=50000.1 amendResult=-"}},
		{"post-only, amended so as to take", func(r *rig) {
			r.place(order("clOrdId=a1 ordType=post_only"))
			r.want(r.post(amend, `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"50001","reqId":"r1"}`).row(), "sCode=0 reqId=r1")
		}, []string{"state=live", "state=live px=49000 reqId=r1 amendResult=-1 code=51511"}},
		{"post-only, amended so as to take, canceled on failure", func(r *rig) {
			r.place(order("clOrdId=a1 ordType=post_only"))
			r.post(amend, `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"50001","reqId":"r1","cxlOnFail":true}`)
		}, []string{"state=live", "state=live reqId=r1 amendResult=1 code=51511", "state=canceled"}},
		{"amended to what has filled", func(r *rig) {
			r.place(order("clOrdId=a1 px=50000.1 sz=1.5"))
			r.post(amend, `{"instId":"BTC-USDT","clOrdId":"a1","newSz":"1","reqId":"r1"}`)
		}, []string{"state=live", "state=partially_filled", "state=filled accFillSz=1 sz=1 reqId=r1 amendResult=0"}},
		{"amended to what it is", func(r *rig) {
			r.place(order("clOrdId=a1"))
			r.post(amend, `{"instId":"BTC-USDT","clOrdId":"a1","newPx":"49000","reqId":"r1"}`)
		}, []string{"state=live", "state=live reqId=r1 amendResult=0"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				s := r.private()
				s.subscribe(`{"channel":"orders","instType":"ANY"}`)
				tt.do(r)
				for _, want := range tt.want {
					r.want(s.data("orders"), want)
				}
				s.write("ping")
				if text, _ := s.next(); text != "pong" {
					t.Errorf("one more: %s", text)
				}
			})
		})
	}
}

// Subscriptions say which orders they are about.
func TestOrderChannelFilters(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"orders","instType":"SWAP","instFamily":"BTC-USDT"}`)
		r.place(order(""))
		r.place(swapOrder("clOrdId=a2"))
		r.want(s.data("orders"), "instId=BTC-USDT-SWAP clOrdId=a2")
		for _, bad := range []string{`{"channel":"orders"}`, `{"channel":"orders","instType":"BOND"}`} {
			s.write(`{"op":"subscribe","args":[` + bad + `]}`)
			r.want(s.read(), "event=error code=60018")
		}
	})
}

func TestAccountChannels(t *testing.T) {
	details := func(row map[string]any) map[string]any { return row["details"].([]any)[0].(map[string]any) }
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"account","ccy":"USDT","extraParams":"{\"updateInterval\":\"0\"}"}`)
		row := s.data("account")
		r.want(row, "eventType=snapshot")
		r.want(details(row), "ccy=USDT cashBal=100000 availBal=100000")
		r.place(order("sz=1 px=40000"))
		row = s.data("account")
		r.want(row, "eventType=event_update")
		r.want(details(row), "ccy=USDT availBal=60000 frozenBal=40000")
	})
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"positions","instType":"SWAP"}`)
		if m := s.read(); m["event"] != "channel-conn-count" || m["connCount"] != "1" {
			t.Error(m)
		}
		if m := s.read(); m["eventType"] != "snapshot" || len(m["data"].([]any)) != 0 {
			t.Error(m)
		}
		r.place(swapOrder("sz=2 px=50001"))
		r.want(s.data("positions"), "eventType=event_update pos=2 avgPx=50000.1 instId=BTC-USDT-SWAP")
		began := time.Now()
		r.want(s.data("positions"), "eventType=snapshot pos=2")
		if d := time.Since(began); d != 5*time.Second {
			t.Errorf("it was repeated after %v", d)
		}
		r.place(swapOrder("sz=2 px=49999 side=sell"))
		r.want(s.data("positions"), "pos=0")
	})
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"balance_and_position"}`)
		r.want(s.data("balance_and_position"), "eventType=snapshot")
		r.place(swapOrder("sz=2 px=50001"))
		row := s.data("balance_and_position")
		r.want(row["posData"].([]any)[0].(map[string]any), "pos=2 avgPx=50000.1")
		r.want(row["balData"].([]any)[0].(map[string]any), "ccy=USDT cashBal=99999.499999")
	})
}

// balance_and_position tells of money that came or went, not of money that is locked, and says why.
func TestBalanceAndPosition(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"balance_and_position"}`)
		r.want(s.data("balance_and_position"), "eventType=snapshot")
		r.place(order(""))
		time.Sleep(time.Second)
		r.place(swapOrder("sz=2 px=50001"))
		row := s.data("balance_and_position")
		r.want(row, "eventType=filled")
		if len(row["balData"].([]any)) != 1 || len(row["posData"].([]any)) != 1 {
			t.Error(row)
		}
		r.Floor().Do(func(now time.Time, e *sim.Engine) {
			if _, err := e.Fund(now, swapMarket.Symbol, dec("0.001")); err != nil {
				t.Error(err)
			}
		})
		row = s.data("balance_and_position")
		r.want(row, "eventType=funding_fee")
		r.want(row["balData"].([]any)[0].(map[string]any), "ccy=USDT cashBal=99998.499999")
	})
}

// Funding is paid, and told.
func TestFunding(t *testing.T) {
	virtual(t, func(r *rig) {
		r.place(swapOrder("sz=2 px=50001"))
		s := r.private()
		s.subscribe(`{"channel":"account","ccy":"USDT","extraParams":"{\"updateInterval\":\"0\"}"}`)
		s.data("account")
		r.Floor().Do(func(now time.Time, e *sim.Engine) {
			if paid, err := e.Fund(now, swapMarket.Symbol, dec("0.001")); len(paid) != 1 || err != nil {
				t.Errorf("%v, %v", paid, err)
			}
		})
		row := s.data("account")
		r.want(row["details"].([]any)[0].(map[string]any), "ccy=USDT cashBal=99998.499999")
	})
}

// The fast channel of fills is for some tiers, and names client ids that are numbers.
func TestFillsChannel(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		s.write(`{"op":"subscribe","args":[{"channel":"fills"}]}`)
		r.want(s.read(), "event=error code=64003")
	})
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"fills"}`)
		r.place(swapOrder("sz=2 px=50001 clOrdId=a1"))
		r.want(s.data("fills"), "instId=BTC-USDT-SWAP fillSz=2 fillPx=50000.1 side=buy execType=T clOrdId=0 fee=<nil>")
		r.place(order("sz=0.5 px=50001 clOrdId=42"))
		r.want(s.data("fills"), "instId=BTC-USDT fillSz=0.5 clOrdId=42")
	}, func(c *okxtest.Config) { c.VIP = 5 })
}

func TestPrivateChannelsWantALogin(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.dial("private", "/ws/v5/private")
		s.write(`{"id":"1","op":"subscribe","args":[{"channel":"account"}]}`)
		r.want(s.read(), "event=error code=60011 id=1")
		s.write(`{"id":"2","op":"subscribe","args":[{"channel":"books","instId":"BTC-USDT"}]}`)
		r.want(s.read(), "event=error code=60018")
	})
}

// An account may have thirty connections to a channel: the next one is confirmed, and then put off.
func TestChannelConnections(t *testing.T) {
	virtual(t, func(r *rig) {
		var last *socket
		for i := range 31 {
			last = r.private()
			last.subscribe(`{"channel":"orders","instType":"ANY"}`)
			want := fmt.Sprintf("event=channel-conn-count channel=orders connCount=%d", i+1)
			if i == 30 {
				want = "event=channel-conn-count-error channel=orders connCount=30"
			}
			r.want(last.read(), want)
		}
		r.place(order(""))
		last.write("ping")
		if text, err := last.next(); text != "pong" {
			t.Error(text, err)
		}
	}, func(c *okxtest.Config) { c.Connects = 100 })
}

// Two subscriptions to a channel are one connection, until both have ended.
func TestChannelConnectionsOfTwoSubscriptions(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		for _, kind := range []string{"SPOT", "SWAP"} {
			s.subscribe(`{"channel":"orders","instType":"` + kind + `"}`)
			r.want(s.read(), "event=channel-conn-count connCount=1")
		}
		for i, kind := range []string{"SPOT", "SWAP"} {
			s.write(`{"id":"2","op":"unsubscribe","args":[{"channel":"orders","instType":"` + kind + `"}]}`)
			r.want(s.read(), "event=unsubscribe")
			other := r.private()
			other.subscribe(`{"channel":"orders","instType":"ANY"}`)
			r.want(other.read(), fmt.Sprintf("event=channel-conn-count connCount=%d", 2-i))
			other.c.Close()
			time.Sleep(time.Second)
		}
	})
}

// Who follows one currency is told of it alone.
func TestAccountOfOneCurrency(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		for _, ccy := range []string{"BTC", "EUR"} {
			s.subscribe(`{"channel":"account","ccy":"` + ccy + `","extraParams":"{\"updateInterval\":\"0\"}"}`)
			if row := s.data("account"); len(row["details"].([]any)) != map[string]int{"BTC": 1}[ccy] {
				t.Error(row)
			}
		}
		r.place(order("")) // locks USDT
		time.Sleep(time.Second)
		r.place(order("side=sell px=51000")) // locks BTC
		row := s.data("account")
		r.want(row["details"].([]any)[0].(map[string]any), "ccy=BTC availBal=1.999")
	})
}

// An order that takes a thousand levels is told whole to who reads.
func TestManyPushesAtOnce(t *testing.T) {
	const levels = 3000
	virtual(t, func(r *rig) {
		b := &exchange.Book{Market: spotMarket, Scale: exchange.Scale{Price: -1, Size: -4}}
		for i := int64(levels); i >= 1; i-- {
			b.Bids = append(b.Bids, exchange.Level{Price: 100000 - i, Size: 10})
			b.Asks = append(b.Asks, exchange.Level{Price: 100000 + i, Size: 10})
		}
		if err := r.Publish(b); err != nil {
			t.Fatal(err)
		}
		s := r.private()
		s.subscribe(`{"channel":"orders","instType":"ANY"}`)
		r.place(order("ordType=market px=- sz=3 tgtCcy=base_ccy"))
		for i := 0; ; i++ {
			if row := s.data("orders"); row["state"] == "filled" {
				if i != levels {
					t.Errorf("told after %d others", i)
				}
				return
			}
		}
	}, func(c *okxtest.Config) { c.Latency.Feed.Min = 5 * time.Millisecond })
}

// What somebody else does is not told.
func TestAccountsAreApart(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"orders","instType":"ANY"}`)
		r.trade(spotMarket, exchange.Buy, "49000", "0.01")
		id := r.place(order(""))
		r.want(s.data("orders"), "ordId="+id)
	})
}

func TestOrderEntry(t *testing.T) {
	arg := func(code int, changes string) string {
		m := parsed(order(changes))
		delete(m, "instId")
		body := object(m, "")
		if code != 0 {
			body = fmt.Sprintf(`{"instIdCode":%d,%s`, code, body[1:])
		}
		return body
	}
	for _, tt := range []struct{ name, send, want, row string }{
		{"an order", `{"id":"1","op":"order","args":[` + arg(10459, "clOrdId=a2") + `]}`, "id=1 op=order code=0 event=<nil>", "sCode=0 clOrdId=a2"},
		{"by name", `{"id":"1","op":"order","args":[` + order("") + `]}`, "code=1", "sCode=50014"},
		{"by a number that is none", `{"id":"1","op":"order","args":[` + arg(7, "") + `]}`, "code=1", "sCode=51001"},
		{"the name does not matter", `{"id":"1","op":"order","args":[` + arg(10459, "instId=NONE") + `]}`, "code=0", "sCode=0"},
		{"a market's number as a text", `{"id":"1","op":"cancel-order","args":[{"instIdCode":"10459","clOrdId":"a1"}]}`, "code=1", "sCode=51000"},
		{"a time that is none", `{"id":"1","op":"order","expTime":"soon","args":[` + arg(10459, "") + `]}`, "code=51000", ""},
		{"several", `{"id":"1","op":"batch-orders","args":[` + arg(10459, "") + `,` + arg(10459, "sz=3") + `]}`, "op=batch-orders code=2", "sCode=0"},
		{"two as one", `{"id":"1","op":"order","args":[` + arg(10459, "") + `,` + arg(10459, "") + `]}`, "code=60013", ""},
		{"none", `{"id":"1","op":"order","args":[]}`, "code=60013", ""},
		{"out of time", `{"id":"1","op":"order","expTime":"946684799999","args":[` + arg(10459, "") + `]}`, "code=1", "sCode=50036"},
		{"in time", `{"id":"1","op":"order","expTime":"946684800000","args":[` + arg(10459, "") + `]}`, "code=0", "sCode=0"},
		{"without an id", `{"op":"order","args":[` + arg(10459, "") + `]}`, "event=error code=60012", ""},
		{"cancel", `{"id":"c1","op":"cancel-order","args":[{"instIdCode":10459,"clOrdId":"a1"}]}`, "id=c1 op=cancel-order code=0", "sCode=0 clOrdId=a1"},
		{"cancel by name", `{"id":"c1","op":"cancel-order","args":[{"instId":"BTC-USDT","clOrdId":"a1"}]}`, "code=1", "sCode=50014"},
		{"cancel another market's", `{"id":"c1","op":"cancel-order","args":[{"instIdCode":10460,"clOrdId":"a1"}]}`, "code=1", "sCode=51400"},
		{"cancel several", `{"id":"c1","op":"batch-cancel-orders","args":[{"instIdCode":10459,"clOrdId":"a1"},{"instIdCode":10459,"clOrdId":"x"}]}`, "code=2", "sCode=0"},
		{"amend", `{"id":"m1","op":"amend-order","args":[{"instIdCode":10459,"clOrdId":"a1","newPx":"48000","reqId":"r1"}]}`, "op=amend-order code=0", "sCode=0 reqId=r1"},
		{"amend several", `{"id":"m1","op":"batch-amend-orders","args":[{"instIdCode":10459,"clOrdId":"a1","newPx":"48000"}]}`, "code=0", "sCode=0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				r.place(order("clOrdId=a1"))
				s := r.private()
				s.write(tt.send)
				m := s.read()
				r.want(m, tt.want)
				rows, _ := m["data"].([]any)
				switch {
				case tt.row == "" && len(rows) != 0:
					t.Errorf("%v", m)
				case tt.row != "" && (len(rows) == 0 || m["inTime"] != "946684800000000"):
					t.Errorf("%v", m)
				case tt.row != "":
					r.want(rows[0].(map[string]any), tt.row)
				}
			})
		})
	}
	virtual(t, func(r *rig) {
		s := r.dial("private", "/ws/v5/private")
		s.write(`{"id":"1","op":"order","args":[` + arg(10459, "") + `]}`)
		r.want(s.read(), "id=1 op=order code=60011")
	})
	virtual(t, func(r *rig) {
		r.key = okxtest.Key{Key: "k3", Secret: "s3", Passphrase: "p3"}
		s := r.private()
		s.write(`{"id":"1","op":"order","args":[` + arg(10459, "") + `]}`)
		r.want(s.read(), "id=1 op=order code=50120")
	})
}

// A subscriber that does not read is disconnected.
func TestSlowSubscribers(t *testing.T) {
	virtual(t, func(r *rig) {
		s := r.private()
		s.subscribe(`{"channel":"orders","instType":"ANY"}`)
		if err := r.Injector().Add(sim.Rule{Op: sim.OpOrders, Fault: sim.SlowReader}); err != nil {
			t.Fatal(err)
		}
		r.place(order(""))
		for {
			_, err := s.next()
			var e *websocket.CloseError
			if errors.As(err, &e) && e.Code == 4008 {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
