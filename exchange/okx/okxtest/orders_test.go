package okxtest_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx/okxtest"
)

// What is refused, by which code: in the row of an HTTP 200.
func TestRefusedOrders(t *testing.T) {
	for _, tt := range []struct{ name, body, code string }{
		{"no mode", order("tdMode=-"), "50014"},
		{"a mode that is none", order("tdMode=margin"), "51000"},
		{"a mode of another level", order("tdMode=cross"), "51010"},
		{"a swap for cash", swapOrder("tdMode=cash"), "51000"},
		{"isolated", swapOrder("tdMode=isolated"), "51010"},
		{"a side that is none", order("side=long"), "51000"},
		{"a position side in net mode", swapOrder("posSide=long"), "51000"},
		{"a type that is none", order("ordType=stop"), "51000"},
		{"a type for swaps", order("ordType=optimal_limit_ioc px=-"), "51000"},
		{"an id with a hyphen", order("clOrdId=a-1"), "51000"},
		{"an id of 33 characters", order("clOrdId=" + strings.Repeat("a", 33)), "51000"},
		{"a tag of 17", order("tag=" + strings.Repeat("a", 17)), "51000"},
		{"no size", order("sz=-"), "51000"},
		{"no price", order("px=-"), "51000"},
		{"a size with an exponent", order("sz=1e-3"), "51000"},
		{"a size with a sign", order("sz=+0.001"), "51000"},
		{"a size without digits before the point", order("sz=.001"), "51000"},
		{"a price without digits behind it", order("px=49000."), "51000"},
		{"a price off the tick", order("px=49000.05"), "51000"},
		{"less than the smallest", order("sz=0.0009"), "51020"},
		{"off the lot", order("sz=0.00105"), "51121"},
		{"more than the largest", order("sz=101"), "51203"},
		{"more contracts than the largest", swapOrder("sz=10000.1"), "51101"},
		{"more than the largest, at market", order("sz=101 ordType=market px=- tgtCcy=base_ccy"), "51202"},
		{"a part of a contract that is no lot", swapOrder("sz=0.15"), "51121"},
		{"more than there is of quote", order("sz=3"), "51008"},
		{"more than there is of base", order("sz=3 side=sell px=51000"), "51008"},
		{"more quote than there is, and than the book has", order("ordType=market px=- banAmend=true sz=1" + strings.Repeat("0", 50)), "51008"},
		{"more than the margin", swapOrder("sz=9000"), "51008"},
		{"self-trade prevention that is none", order("stpMode=all"), "51000"},
		{"self-trade prevention of both for all or nothing", order("ordType=fok stpMode=cancel_both"), "50016"},
		{"a target that is none", order("ordType=market px=- tgtCcy=usd"), "51000"},
		{"quote worth less than the smallest", order("ordType=market px=- sz=1"), "51020"},
		{"reduce-only spot", order("reduceOnly=true"), "51139"},
		{"reduce-only without a position", swapOrder("reduceOnly=true"), "51169"},
		{"no market", order("instId=-"), "50014"},
		{"an unknown market", order("instId=ETH-USDT"), "51001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				a := r.post(placePath, tt.body)
				if a.status != 200 || a.Code != "1" || a.Msg != "All operations failed" {
					t.Fatalf("%d %s", a.status, a.raw)
				}
				r.want(a.row(), "sCode="+tt.code+" ordId=-")
				if a.row()["sMsg"] == "" {
					t.Errorf("no words: %s", a.raw)
				}
				if a := r.get("/api/v5/trade/orders-pending"); len(a.Data) != 0 {
					t.Errorf("it works nevertheless: %s", a.raw)
				}
			})
		})
	}
}

// Parameters have one spelling: others are passed over, though their values are let be.
func TestSpelling(t *testing.T) {
	virtual(t, func(r *rig) {
		r.want(r.post(placePath, strings.Replace(order(""), `"instId"`, `"INSTID"`, 1)).row(), "sCode=50014")
		r.want(r.post(placePath, strings.Replace(order(""), `"sz":`, `"Sz" :`, 1)).row(), "sCode=51000")
		r.want(r.post(placePath, strings.Replace(order("clOrdId=a1"), `"clOrdId"`, `"clOrdID"`, 1)).row(), "sCode=0 clOrdId=-")
		r.want(r.post(placePath, order("clOrdId=SZ tag=ORDID")).row(), "sCode=0 clOrdId=SZ tag=ORDID")
		batch := "[" + order("clOrdId=b1") + "," + strings.Replace(order("clOrdId=b2"), `"px"`, `"PX"`, 1) + "]"
		if a := r.post("/api/v5/trade/batch-orders", batch); a.Code != "2" || is(a.Data[1], "sCode=51000 clOrdId=b2") != "" {
			t.Error(a.raw)
		}
	})
}

// The words of a refusal for lack of funds name the currency; a number tells which kind of it.
func TestFundsAreNamed(t *testing.T) {
	virtual(t, func(r *rig) {
		a := r.post(placePath, order("sz=3"))
		r.want(a.row(), "sCode=51008 subCode=1000")
		if !strings.Contains(a.raw, "Insufficient USDT balance") {
			t.Error(a.raw)
		}
		r.want(r.post(placePath, swapOrder("sz=9000")).row(), "sCode=51008 subCode=1001")
	})
}

// What an order becomes, by its type: read by its client id.
func TestOrderTypes(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"resting", order("px=49000"), "state=live accFillSz=0 avgPx=- px=49000 sz=0.001 ordType=limit cancelSource=- posSide=net tdMode=cash"},
		{"filled", order("px=50001 sz=0.5"), "state=filled accFillSz=0.5 avgPx=50000.1 fillPx=50000.1 fillSz=0.5 feeCcy=BTC fee=-0.00025"},
		{"filled in part", order("px=50000.1 sz=1.5"), "state=partially_filled accFillSz=1 sz=1.5"},
		{"market, in base", order("ordType=market px=- sz=0.5 tgtCcy=base_ccy"), "state=filled accFillSz=0.5 px=- tgtCcy=base_ccy"},
		{"market, in quote by default", order("ordType=market px=- sz=100"), "state=filled accFillSz=0.0019 sz=100 tgtCcy=quote_ccy"},
		{"market sale, in base by default", order("ordType=market px=- sz=0.5 side=sell"), "state=filled accFillSz=0.5 tgtCcy=base_ccy feeCcy=USDT fee=-12.499975"},
		{"market sale, in quote", order("ordType=market px=- sz=100 side=sell tgtCcy=quote_ccy"), "state=filled accFillSz=0.002 sz=100"},
		{"post-only that rests", order("ordType=post_only px=50000"), "state=live"},
		{"post-only that would take", order("ordType=post_only px=50000.1"), "state=canceled accFillSz=0 cancelSource=31"},
		{"immediate, in part", order("ordType=ioc px=50000.1 sz=1.5"), "state=canceled accFillSz=1 cancelSource=14"},
		{"immediate, nothing", order("ordType=ioc px=49000"), "state=canceled accFillSz=0 cancelSource=14"},
		{"all or nothing: all", order("ordType=fok px=50000.1 sz=1"), "state=filled accFillSz=1"},
		{"all or nothing: nothing", order("ordType=fok px=50000.1 sz=1.5"), "state=canceled accFillSz=0 cancelSource=13"},
		{"swap", swapOrder("px=50001 sz=2.5"), "instType=SWAP state=filled accFillSz=2.5 avgPx=50000.1 feeCcy=USDT fee=-0.62500125 lever=10 tdMode=cross"},
		{"swap at market", swapOrder("ordType=market px=- sz=3"), "state=filled accFillSz=3"},
		{"swap, at the best prices", swapOrder("ordType=optimal_limit_ioc px=- sz=3"), "state=filled accFillSz=3 ordType=optimal_limit_ioc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				body := object(parsed(tt.body), "clOrdId=abc1 tag=159881cb7207BCDE")
				a := r.post(placePath, body)
				if a.Code != "0" || a.Data[0]["tag"] != "159881cb7207BCDE" || !strings.Contains(a.raw, `"inTime":"946684800000000"`) {
					t.Fatal(a.raw)
				}
				inst := "BTC-USDT"
				if strings.Contains(body, "SWAP") {
					inst += "-SWAP"
				}
				b := r.get("/api/v5/trade/order?instId=" + inst + "&clOrdId=abc1")
				r.want(b.row(), "tag=159881cb7207BCDE clOrdId=abc1 ordId="+fmt.Sprint(a.Data[0]["ordId"]))
				r.want(b.row(), tt.want)
			})
		})
	}
}

// Without banAmend the venue makes a market order smaller when the funds do not suffice.
func TestMarketOrdersShrink(t *testing.T) {
	virtual(t, func(r *rig) {
		r.publish(spotMarket, -1, -4, 500000)
		big := "ordType=market px=- sz=3 side=sell"
		r.want(r.post(placePath, order(big+" banAmend=true")).row(), "sCode=51008")
		id := r.place(order(big))
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&ordId="+id).row(), "state=filled accFillSz=2 sz=2")
		id = r.place(order("ordType=market px=- sz=4 tgtCcy=base_ccy"))
		a := r.get("/api/v5/trade/order?instId=BTC-USDT&ordId=" + id).row()
		if n := dec(fmt.Sprint(a["accFillSz"])); n.Cmp(dec("2.9")) < 0 || n.Cmp(dec("3")) > 0 {
			t.Errorf("%s", n)
		}
	})
}

// A client id is unique among orders that work, and may be used again afterwards: then it points at the newest.
func TestClientIDs(t *testing.T) {
	virtual(t, func(r *rig) {
		first := r.place(order("clOrdId=a1"))
		r.want(r.post(placePath, order("clOrdId=a1")).row(), "sCode=51016 clOrdId=a1")
		r.want(r.post("/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","clOrdId":"a1"}`).row(), "sCode=0 clOrdId=a1 ordId="+first)
		second := r.place(order("clOrdId=a1"))
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&clOrdId=a1").row(), "state=live ordId="+second)
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&clOrdId=a1&ordId="+first).row(), "state=canceled cancelSource=1")
		r.place(order("clOrdId=-"))
		r.place(order("clOrdId=-"))
		if a := r.get("/api/v5/trade/orders-pending"); len(a.Data) != 3 || a.Data[0]["clOrdId"] != "" {
			t.Error(a.raw)
		}
	})
}

func TestCancel(t *testing.T) {
	virtual(t, func(r *rig) {
		id := r.place(order(""))
		path := "/api/v5/trade/cancel-order"
		r.want(r.post(path, `{"instId":"BTC-USDT"}`).row(), "sCode=51003")
		r.want(r.post(path, `{"instId":"BTC-USDT-SWAP","ordId":"`+id+`"}`).row(), "sCode=51400 ordId="+id)
		r.want(r.post(path, `{"instId":"BTC-USDT","ordId":"`+id+`","clOrdId":"other"}`).row(), "sCode=0 ordId="+id)
		r.want(r.post(path, `{"instId":"BTC-USDT","ordId":"`+id+`"}`).row(), "sCode=51400")
		r.want(r.post(path, `{"instId":"BTC-USDT","clOrdId":"none"}`).row(), "sCode=51400 clOrdId=none")
		r.key = okxtest.Key{Key: "k2", Secret: "s2", Passphrase: "p2"}
		if a := r.get("/api/v5/trade/order?instId=BTC-USDT&ordId=" + id); a.Code != "51603" {
			t.Errorf("another account's order: %s", a.raw)
		}
		time.Sleep(2 * time.Hour)
		r.key = okxtest.Key{Key: "k1", Secret: "s1", Passphrase: "p1"}
		if a := r.get("/api/v5/trade/order?instId=BTC-USDT&ordId=" + id); a.Code != "51603" {
			t.Errorf("an order that was canceled without a fill two hours ago: %s", a.raw)
		}
	})
}

func TestAmend(t *testing.T) {
	const path = "/api/v5/trade/amend-order"
	for _, tt := range []struct{ name, change, code, want string }{
		{"the price", `"newPx":"48000"`, "0", "state=live px=48000 sz=2"},
		{"the size", `"newSz":"1.5"`, "0", "state=live px=49000 sz=1.5"},
		{"both", `"newPx":"48000","newSz":"3"`, "0", "px=48000 sz=3"},
		{"to what it is", `"newPx":"49000"`, "0", "px=49000 sz=2"},
		{"to a price that takes", `"newPx":"50000.1"`, "0", "state=filled px=50000.1 accFillSz=2"},
		{"nothing", `"reqId":"r1"`, "50015", "px=49000 sz=2"},
		{"off the tick", `"newPx":"48000.01"`, "51000", "px=49000"},
		{"off the lot", `"newSz":"1.55"`, "51121", "sz=2"},
		{"below the smallest", `"newSz":"0.05"`, "51020", "sz=2"},
		{"beyond the funds", `"newSz":"9999"`, "51502", "sz=2"},
		{"an id that is none", `"newSz":"3","reqId":"a-1"`, "51000", "sz=2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			virtual(t, func(r *rig) {
				id := r.place(swapOrder("sz=2 clOrdId=abc"))
				a := r.post(path, `{"instId":"BTC-USDT-SWAP","clOrdId":"abc",`+tt.change+`}`)
				r.want(a.row(), "sCode="+tt.code+" ordId="+id)
				r.want(r.get("/api/v5/trade/order?instId=BTC-USDT-SWAP&clOrdId=abc").row(), tt.want+" ordId="+id)
			})
		})
	}
	virtual(t, func(r *rig) {
		a := r.post(path, `{"instId":"BTC-USDT-SWAP","clOrdId":"abc","newSz":"1"}`)
		r.want(a.row(), "sCode=51503")
	})
}

// An amendment to no more than has filled ends the order as filled.
func TestAmendToWhatHasFilled(t *testing.T) {
	virtual(t, func(r *rig) {
		id := r.place(order("px=50000.1 sz=1.5"))
		r.want(r.post("/api/v5/trade/amend-order", `{"instId":"BTC-USDT","ordId":"`+id+`","newSz":"1"}`).row(), "sCode=0")
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&ordId="+id).row(), "state=filled sz=1 accFillSz=1 cancelSource=-")
	})
}

func TestBatches(t *testing.T) {
	virtual(t, func(r *rig) {
		list := func(bodies ...string) string { return "[" + strings.Join(bodies, ",") + "]" }
		place := "/api/v5/trade/batch-orders"
		a := r.post(place, list(order("clOrdId=a1"), swapOrder("clOrdId=a2")))
		if a.Code != "0" || len(a.Data) != 2 {
			t.Fatal(a.raw)
		}
		r.want(a.Data[1], "clOrdId=a2 sCode=0")
		if a = r.post(place, list(order("clOrdId=a3"), order("clOrdId=a1"))); a.Code != "2" || a.Msg != "Bulk operation partially succeeded." {
			t.Error(a.raw)
		}
		if a = r.post(place, list(order("clOrdId=a1"), order("sz=3"))); a.Code != "1" || a.Data[0]["sCode"] != "51016" || a.Data[1]["sCode"] != "51008" {
			t.Error(a.raw)
		}
		a = r.post("/api/v5/trade/amend-batch-orders", `[{"instId":"BTC-USDT","clOrdId":"a1","newPx":"48000"},{"instId":"BTC-USDT","clOrdId":"x","newPx":"48000"}]`)
		if a.Code != "2" || a.Data[1]["sCode"] != "51503" {
			t.Error(a.raw)
		}
		a = r.post("/api/v5/trade/cancel-batch-orders", `[{"instId":"BTC-USDT","clOrdId":"a1"},{"instId":"BTC-USDT-SWAP","clOrdId":"a2"},{"instId":"BTC-USDT","clOrdId":"a3"}]`)
		if a.Code != "0" {
			t.Error(a.raw)
		}
		if a = r.get("/api/v5/trade/orders-pending"); len(a.Data) != 0 {
			t.Error(a.raw)
		}
		if a = r.post(place, list()); a.Code != "50014" {
			t.Error(a.raw)
		}
		if a = r.post(place, list(strings.Split(strings.Repeat(order("")+"\n", 21), "\n")[:21]...)); a.Code != "51111" {
			t.Error(a.raw)
		}
	})
}

// expTime is a header: after it nothing is placed or amended, but cancellations are.
func TestExpTime(t *testing.T) {
	virtual(t, func(r *rig) {
		until := func(d time.Duration) func(*http.Request) {
			return func(q *http.Request) { q.Header.Set("expTime", strconv.FormatInt(time.Now().Add(d).UnixMilli(), 10)) }
		}
		id := fmt.Sprint(r.ask(r.request(http.MethodPost, placePath, order("clOrdId=a1"), until(0))).row()["ordId"])
		for _, path := range []string{placePath, "/api/v5/trade/amend-order"} {
			a := r.ask(r.request(http.MethodPost, path, object(parsed(order("clOrdId=a1")), "newPx=48000"), until(-time.Millisecond)))
			if a.Code != "1" || a.status != 200 {
				t.Errorf("%s: %s", path, a.raw)
			}
			r.want(a.row(), "sCode=50036 clOrdId=a1")
			never := func(q *http.Request) { q.Header.Set("expTime", "soon") }
			if a := r.ask(r.request(http.MethodPost, path, object(parsed(order("clOrdId=a1")), "newPx=48000"), never)); a.Code != "51000" || a.status != 400 {
				t.Errorf("%s, until soon: %s", path, a.raw)
			}
		}
		a := r.ask(r.request(http.MethodPost, "/api/v5/trade/cancel-order", `{"instId":"BTC-USDT","ordId":"`+id+`"}`, until(-time.Hour)))
		r.want(a.row(), "sCode=0")
	})
}

func TestReadOnlyKeys(t *testing.T) {
	virtual(t, func(r *rig) {
		r.key = okxtest.Key{Key: "k3", Secret: "s3", Passphrase: "p3"}
		if a := r.post(placePath, order("")); a.Code != "50120" || a.status != 200 || a.Data == nil {
			t.Error(a.raw)
		}
		r.want(r.get("/api/v5/account/config").row(), "perm=read_only")
		for path, body := range map[string]string{
			"/api/v5/trade/cancel-all-after": `{"timeOut":"10"}`, "/api/v5/account/set-leverage": `{"instId":"BTC-USDT-SWAP","mgnMode":"cross","lever":"10"}`,
		} {
			if a := r.post(path, body); a.Code != "50120" {
				t.Errorf("%s: %s", path, a.raw)
			}
		}
	})
}

// The level decides which mode spot is traded with, and under which type it is filed.
func TestLevels(t *testing.T) {
	for _, tt := range []struct {
		level      okxtest.Level
		spot, swap string // codes of orders with cash, and of a swap
	}{{okxtest.LevelSpot, "0", "51010"}, {okxtest.LevelFutures, "0", "0"}, {okxtest.LevelMulti, "51010", "0"}, {okxtest.LevelPortfolio, "51010", "0"}} {
		t.Run(fmt.Sprint(tt.level), func(t *testing.T) {
			virtual(t, func(r *rig) {
				r.want(r.get("/api/v5/account/config").row(), fmt.Sprintf("acctLv=%d", tt.level))
				r.want(r.post(placePath, order("")).row(), "sCode="+tt.spot)
				r.want(r.post(placePath, swapOrder("")).row(), "sCode="+tt.swap)
				if tt.spot != "0" {
					id := r.place(order("tdMode=cross px=50001 sz=0.01"))
					r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&ordId="+id).row(), "instType=MARGIN")
					r.want(r.get("/api/v5/trade/fills?instType=MARGIN").row(), "instType=MARGIN fillSz=0.01")
				}
			}, func(c *okxtest.Config) { c.Level = tt.level })
		})
	}
	virtual(t, func(r *rig) {
		r.want(r.get("/api/v5/account/config").row(), "posMode=long_short_mode")
		r.want(r.post(placePath, swapOrder("posSide=long")).row(), "sCode=51000")
	}, func(c *okxtest.Config) { c.LongShort = true })
}

// An order of one's own account is never met: by default the one that rests is canceled.
func TestSelfTradePrevention(t *testing.T) {
	for _, tt := range []struct{ mode, resting, taking string }{
		{"-", "state=canceled cancelSource=32", "state=live"},
		{"cancel_maker", "state=canceled cancelSource=32", "state=live"},
		{"cancel_taker", "state=live", "state=canceled cancelSource=32"},
		{"cancel_both", "state=canceled cancelSource=32", "state=canceled cancelSource=32"},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			virtual(t, func(r *rig) {
				rests := r.place(order("px=50000 side=sell"))
				takes := r.place(order("px=50000 stpMode=" + tt.mode))
				r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&ordId="+rests).row(), tt.resting)
				r.want(r.get("/api/v5/trade/order?instId=BTC-USDT&ordId="+takes).row(), tt.taking)
			})
		})
	}
}

// Each fill has its own bill; swaps count contracts; a maker's rebate is positive.
func TestFills(t *testing.T) {
	virtual(t, func(r *rig) {
		r.place(order("px=50000.2 sz=1.5 clOrdId=a1"))
		a := r.get("/api/v5/trade/fills?instType=SPOT")
		if len(a.Data) != 2 {
			t.Fatal(a.raw)
		}
		r.want(a.Data[0], "fillPx=50000.2 fillSz=0.5 side=buy execType=T feeCcy=BTC fee=-0.00025 feeRate=-0.0005 clOrdId=a1 billId=2 instId=BTC-USDT ts=946684800000")
		r.want(a.Data[1], "fillPx=50000.1 fillSz=1 fee=-0.0005 billId=1")
		id := r.place(swapOrder("px=50000 sz=4 side=sell"))
		r.trade(swapMarket, exchange.Buy, "50000", "0.02")
		a = r.get("/api/v5/trade/fills-history?instType=SWAP&ordId=" + id)
		r.want(a.row(), "fillPx=50000 fillSz=2 execType=M feeCcy=USDT fee=0.1 feeRate=- side=sell")
		r.want(r.get("/api/v5/trade/order?instId=BTC-USDT-SWAP&ordId="+id).row(), "state=partially_filled accFillSz=2 fee=0 rebate=0.1 rebateCcy=USDT")
		time.Sleep(73 * time.Hour)
		if a := r.get("/api/v5/trade/fills"); len(a.Data) != 0 {
			t.Errorf("fills of three days, after them: %s", a.raw)
		}
		if a := r.get("/api/v5/trade/fills-history?instType=SPOT"); len(a.Data) != 2 {
			t.Errorf("fills of three months: %s", a.raw)
		}
	})
}

func TestPaging(t *testing.T) {
	virtual(t, func(r *rig) {
		var ids []string
		for range 7 {
			ids = append(ids, r.place(order("px=50001 sz=0.001")))
			time.Sleep(time.Second)
		}
		column := func(a reply, name string) (s string) {
			for _, row := range a.Data {
				s += fmt.Sprint(row[name]) + " "
			}
			return s
		}
		for _, tt := range []struct{ target, name, want string }{
			{"/api/v5/trade/fills?limit=3", "billId", "7 6 5 "},
			{"/api/v5/trade/fills?limit=3&after=5", "billId", "4 3 2 "},
			{"/api/v5/trade/fills?limit=3&after=2", "billId", "1 "},
			{"/api/v5/trade/fills?before=5", "billId", "7 6 "},
			{"/api/v5/trade/fills?begin=946684803000&end=946684805000", "billId", "6 5 4 "},
			{"/api/v5/trade/orders-history?instType=SPOT&limit=2", "ordId", ids[6] + " " + ids[5] + " "},
			{"/api/v5/trade/orders-history?instType=SPOT&limit=2&after=" + ids[5], "ordId", ids[4] + " " + ids[3] + " "},
			{"/api/v5/trade/orders-history-archive?instType=SPOT&before=" + ids[4], "ordId", ids[6] + " " + ids[5] + " "},
			{"/api/v5/trade/orders-history?instType=SWAP", "ordId", ""},
			{"/api/v5/trade/orders-history?instType=SPOT&state=canceled", "ordId", ""},
			{"/api/v5/trade/orders-history?instType=SPOT&ordType=limit&instId=BTC-USDT&limit=1", "ordId", ids[6] + " "},
		} {
			if got := column(r.get(tt.target), tt.name); got != tt.want {
				t.Errorf("%s: %s, want %s", tt.target, got, tt.want)
			}
		}
		time.Sleep(8 * 24 * time.Hour)
		if a := r.get("/api/v5/trade/orders-history?instType=SPOT"); len(a.Data) != 0 {
			t.Errorf("history of seven days, after eight: %s", a.raw)
		}
		if a := r.get("/api/v5/trade/orders-history-archive?instType=SPOT"); len(a.Data) != 7 {
			t.Errorf("archive: %s", a.raw)
		}
	})
}
