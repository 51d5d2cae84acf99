package bybittest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// told is what an account's socket has said.
type told struct {
	orders map[string]row              // the last of each order
	filled map[string]exchange.Decimal // sum of executions
	execs  map[string]bool
	wallet map[string]string // balance by coin
	sizes  map[string]string // signed, by symbol
}

// listen reads a socket until it ends.
func (s *socket) listen(v *told, done chan<- struct{}) {
	defer close(done)
	for {
		var w row
		if s.ws.ReadJSON(&w) != nil {
			return
		}
		data, _ := w["data"].([]any)
		for _, x := range data {
			v.hear(s.T, w.text("topic"), row(x.(map[string]any)))
		}
	}
}

func (v *told) hear(t *testing.T, topic string, w row) {
	id := w.text("category") + w.text("orderId")
	switch topic {
	case "order":
		if old, there := v.orders[id]; there && (old.text("updatedTime") > w.text("updatedTime") || dec(old.text("cumExecQty")).Cmp(dec(w.text("cumExecQty"))) > 0) {
			t.Errorf("an order goes back: %v, then %v", old, w)
		}
		v.orders[id] = w
	case "execution":
		key := id + w.text("execId") // both sides of a trade have one
		if v.execs[key] {
			t.Errorf("an execution twice: %v", w)
		}
		v.execs[key] = true
		v.filled[id] = v.filled[id].Add(dec(w.text("execQty")))
	case "wallet":
		for _, c := range w["coin"].([]any) {
			coin := row(c.(map[string]any))
			v.wallet[coin.text("coin")] = coin.text("walletBalance")
		}
	case "position":
		size := w.text("size")
		if w.text("side") == "Sell" {
			size = "-" + size
		}
		v.sizes[w.text("symbol")] = size
	}
}

// Whatever two accounts do to one another: what the streams told is what REST tells, and what the engine has.
func TestStreamsAgreeWithREST(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(c *bybittest.Config) { c.RateScale = 1000 })
				random := rand.New(rand.NewPCG(seed, 1))
				one, two := r, r.as("KEY2", "second")
				s := one.login("/v5/private", "order", "execution", "wallet", "position")
				v := &told{orders: map[string]row{}, filled: map[string]exchange.Decimal{}, execs: map[string]bool{}, wallet: map[string]string{}, sizes: map[string]string{}}
				done := make(chan struct{})
				go s.listen(v, done)
				for i := range 150 {
					who := one
					if random.IntN(2) == 0 {
						who = two
					}
					who.act(random, i)
					time.Sleep(time.Duration(random.IntN(200)) * time.Millisecond)
				}
				time.Sleep(time.Minute)
				s.ws.Close()
				<-done
				v.agrees(r)
			})
		})
	}
}

// act is any request; it may be refused.
func (r *rig) act(random *rand.Rand, i int) {
	category := []string{"spot", "linear"}[random.IntN(2)]
	link := fmt.Sprint("o", random.IntN(i+1))
	switch random.IntN(10) {
	case 0:
		r.post("/v5/order/cancel", body("{'category':'%s','symbol':'BTCUSDT','orderLinkId':'%s'}", category, link))
	case 1:
		r.post("/v5/order/amend", body("{'category':'%s','symbol':'BTCUSDT','orderLinkId':'%s','price':'%d','qty':'%d'}", category, link, 95+random.IntN(11), 1+random.IntN(4)))
	case 2:
		symbol := map[string]string{"spot": "BTC-USDT", "linear": "BTC-USDT-PERP"}[category]
		low := 96 + random.IntN(6)
		r.publish(symbol, []string{fmt.Sprint(low), "2", "90", "5"}, []string{fmt.Sprint(low + 1), "2", "110", "5"})
	case 3:
		r.post("/v5/order/cancel-all", body("{'category':'%s','symbol':'BTCUSDT'}", category))
	default:
		side := []string{"Buy", "Sell"}[random.IntN(2)]
		tif := []string{"GTC", "GTC", "IOC", "FOK", "PostOnly"}[random.IntN(5)]
		kind := []string{"Limit", "Limit", "Limit", "Market"}[random.IntN(4)]
		if kind == "Market" {
			tif = "IOC"
		}
		r.post("/v5/order/create", body("{'category':'%s','symbol':'BTCUSDT','side':'%s','orderType':'%s','qty':'%d','price':'%d','timeInForce':'%s','marketUnit':'baseCoin',"+
			"'reduceOnly':%v,'orderLinkId':'o%d'}", category, side, kind, 1+random.IntN(3), 95+random.IntN(11), tif, random.IntN(8) == 0, i))
	}
}

func (v *told) agrees(r *rig) {
	var fills int
	r.s.Inspect(func(e *sim.Engine) {
		for _, y := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
			fills += len(e.Fills("one", exchange.MustSymbol(y), time.Time{}))
		}
	})
	if fills != len(v.execs) || fills == 0 {
		r.Errorf("%d executions told of %d", len(v.execs), fills)
	}
	for id, w := range v.orders {
		rows, _ := r.list("/v5/order/history?category=" + w.text("category") + "&symbol=BTCUSDT&orderId=" + w.text("orderId"))
		if len(rows) != 1 {
			r.Fatalf("%d orders %s", len(rows), id)
		}
		for _, name := range []string{"orderStatus", "cumExecQty", "cumExecValue", "avgPrice", "leavesQty", "price", "qty", "cancelType", "rejectReason", "updatedTime"} {
			r.want(rows[0], name, w.text(name))
		}
		if sum := v.filled[id]; !sum.Equal(dec(w.text("cumExecQty"))) {
			r.Errorf("%s: executions of %s, filled %s", id, sum, w.text("cumExecQty"))
		}
	}
	var wallet struct{ List []struct{ Coin []row } }
	r.do(r.request(http.MethodGet, "/v5/account/wallet-balance?accountType=UNIFIED", "")).into(r.T, &wallet)
	for _, c := range wallet.List[0].Coin {
		if got, there := v.wallet[c.text("coin")]; there && got != c.text("walletBalance") {
			r.Errorf("%s: told %s, is %s", c.text("coin"), got, c.text("walletBalance"))
		}
	}
	rows, _ := r.list("/v5/position/list?category=linear&symbol=BTCUSDT")
	size := rows[0].text("size")
	if rows[0].text("side") == "Sell" {
		size = "-" + size
	}
	if got, there := v.sizes["BTCUSDT"]; there && !dec(got).Equal(dec(size)) {
		r.Errorf("position: told %s, is %s", got, size)
	}
}

// No message may harm the server, and each request has an answer of the venue's form.
func FuzzRequests(f *testing.F) {
	f.Add("/v5/order/create", "category=spot", []byte(`{"category":"spot","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"1","price":"90"}`))
	f.Add("/v5/order/amend", "", []byte(`{"category":"linear","symbol":"BTCUSDT","orderId":"x","qty":"1e999999"}`))
	f.Add("/v5/order/cancel-all", "", []byte(`{"category":"linear","baseCoin":"BTC"}`))
	f.Add("/v5/execution/list", "category=linear&limit=-1&cursor=99999999999999999999&startTime=9999999999999999999", []byte(nil))
	f.Add("/v5/market/instruments-info", "category=linear&limit=0&cursor=%zz", []byte(nil))
	f.Add("/v5/position/set-leverage", "", []byte(`[]`))
	f.Fuzz(func(t *testing.T, path, query string, text []byte) {
		r := newRig(t, func(c *bybittest.Config) { c.RateScale = 1000 })
		method := http.MethodPost
		if len(text) == 0 {
			method = http.MethodGet
		}
		req := r.request(method, "", string(text))
		req.URL.Path, req.URL.RawQuery = path, query
		r.sign(req, time.Now().UnixMilli(), string(text))
		resp, err := r.http.Do(req)
		if err != nil {
			return // no request that could be sent
		}
		resp.Body.Close()
		if resp.StatusCode >= 500 {
			t.Errorf("%s?%s %s: %s", path, query, text, resp.Status)
		}
		for _, at := range []string{"/v5/public/linear", "/v5/private", "/v5/trade"} {
			s := r.dial(at)
			s.send("%s", string(text))
			s.send("{'op':'ping'}")
			if w := s.next(); w == nil {
				t.Error("no answer")
			}
			s.ws.Close()
		}
	})
}
