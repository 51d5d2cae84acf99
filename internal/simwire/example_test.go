package simwire_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
	"github.com/bothlegs/bothlegs/internal/simwire"
)

// toy is a venue with one host for everything: orders over HTTP, and a stream of the book.
type toy struct {
	*simwire.Hosts
	floor  *sim.Floor
	faults *sim.Injector
	limits *simwire.Meter
	format simwire.Format
}

func (v *toy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		v.stream(w, r)
		return
	}
	q, err := simwire.ReadRequest(r)
	if err != nil {
		simwire.JSON(http.StatusBadRequest, "what?").Write(w)
		return
	}
	if use := v.limits.Spend("orders", q.Remote, 1); use.Refused {
		simwire.JSON(http.StatusTooManyRequests, "slower", simwire.Field{Name: "Retry-After", Value: "1"}).Write(w)
		return
	}
	fate := v.faults.Next(time.Now(), sim.Call{Op: sim.OpPlace, Key: q.Get("id")})
	v.Meet(w, r, fate, func() simwire.Answer { return v.place(q) }, func() simwire.Answer {
		return simwire.JSON(http.StatusServiceUnavailable, "sorry")
	})
}

func (v *toy) place(q *simwire.Request) (a simwire.Answer) {
	order := exchange.OrderRequest{
		Market: exchange.Market{Venue: "x", Symbol: btc}, ClientID: q.Get("id"), Side: exchange.Buy, TIF: exchange.IOC,
		Price: exchange.MustDecimal(q.Get("price")), Quantity: exchange.MustDecimal(q.Get("quantity")),
	}
	v.floor.Do(func(now time.Time, e *sim.Engine) {
		o, err := e.Submit(now, order)
		if err != nil {
			a = simwire.JSON(http.StatusBadRequest, err.Error())
			return
		}
		a = simwire.JSON(http.StatusOK, o.Status.String())
	})
	return a
}

func (v *toy) stream(w http.ResponseWriter, r *http.Request) {
	s, err := v.Upgrade(w, r, simwire.SocketConfig{PingEvery: 20 * time.Second, PongWait: time.Minute})
	if err != nil {
		return
	}
	topics := simwire.NewTopics(s, v.floor)
	s.Run(func(text []byte) {
		s.Send([]byte("subscribed " + string(text)))
		topics.Add(simwire.NewBookTopic(s, simwire.BookTopic{
			Name: string(text), Symbol: btc, Injector: v.faults,
			Snapshot: func(_ time.Time, b *exchange.Book, _ bool) []byte {
				return v.format.AppendSide([]byte("asks "), b.Asks, b.Scale, "")
			},
			Delta: func(_ time.Time, d *simwire.Delta) []byte {
				return v.format.AppendLevels(fmt.Appendf(nil, "change %d: asks ", d.Count), d.Asks, d.Scale, "")
			},
		}))
	})
}

// A venue is hosts, a floor, an injector, and what it says.
func Example() {
	floor, instrument := exampleFloor()
	faults, err := sim.NewInjector(sim.Faults{}, sim.Latency{})
	if err != nil {
		panic(err)
	}
	v := &toy{floor: floor, faults: faults, format: simwire.NewFormat(instrument)}
	v.limits = simwire.NewMeter(simwire.Limit{Name: "orders", Max: 2, Per: time.Minute, Rolling: true})
	v.Hosts = simwire.Listen(simwire.HostsConfig{}, map[string]http.Handler{"toy": v})
	defer v.Close()

	conn, _, err := websocket.DefaultDialer.Dial(v.URL("ws", "toy")+"/stream", nil)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	hear := func() {
		_, text, _ := conn.ReadMessage()
		fmt.Println(string(text))
	}
	_ = conn.WriteMessage(websocket.TextMessage, []byte("book"))
	hear()
	hear()

	_ = faults.Add(sim.Rule{Op: sim.OpPlace, Fault: sim.Refused, Nth: 2})
	for _, id := range []string{"a", "b", "c"} {
		r, err := http.Post(v.URL("http", "toy")+"/order", "application/x-www-form-urlencoded", strings.NewReader("id="+id+"&price=101&quantity=0.5"))
		if err != nil {
			panic(err)
		}
		r.Body.Close()
		fmt.Println(id, r.Status)
	}
	hear()
	// Output:
	// subscribed book
	// asks [["100.50","0.200"],["101.00","1.000"]]
	// a 200 OK
	// b 503 Service Unavailable
	// c 429 Too Many Requests
	// change 1: asks [["100.50","0"],["101.00","0.700"]]
}

func exampleFloor() (*sim.Floor, exchange.Instrument) {
	instrument := exchange.Instrument{
		Market: exchange.Market{Venue: "x", Symbol: btc}, Tradable: true, Tick: exchange.MustDecimal("0.01"), Lot: exchange.MustDecimal("0.001"),
	}
	e, err := sim.NewEngine(sim.EngineConfig{
		Venue: "x", Instruments: []exchange.Instrument{instrument}, Balances: []exchange.Amount{{Asset: "USDT", Quantity: exchange.MustDecimal("1000")}},
	})
	if err != nil {
		panic(err)
	}
	err = e.SetBook(time.Now(), &exchange.Book{
		Market: instrument.Market, Scale: exchange.Scale{Price: -2, Size: -3},
		Asks: []exchange.Level{{Price: 10100, Size: 1000}, {Price: 10050, Size: 200}},
	})
	if err != nil {
		panic(err)
	}
	return sim.NewFloor(e), instrument
}

// What is refused has to wait for the oldest use to leave; who does not wait is shut out.
func ExampleMeter() {
	m := simwire.NewMeter(simwire.Limit{Name: "weight", Max: 10, Per: time.Hour, Rolling: true, Offences: 2, Ban: 2 * time.Hour})
	for range 4 {
		r := m.Spend("weight", "10.0.0.1", 4)
		wait := r.RetryAfter(time.Now())
		fmt.Println(r.Used, "of", r.Max, r.Refused, "banned:", !r.Banned.IsZero(), wait.Round(time.Minute))
	}
	// Output:
	// 4 of 10 false banned: false 1h0m0s
	// 8 of 10 false banned: false 1h0m0s
	// 8 of 10 true banned: false 1h0m0s
	// 8 of 10 true banned: true 2h0m0s
}

// A difference has absolute sizes; 0 removes a level.
func ExamplePicture() {
	p := simwire.NewPicture(2)
	p.Draw(&exchange.Book{Seq: 7, Bids: []exchange.Level{{Price: 98, Size: 5}, {Price: 99, Size: 5}}})
	var d simwire.Delta
	p.Update(&exchange.Book{Seq: 9, Bids: []exchange.Level{{Price: 98, Size: 5}, {Price: 99, Size: 4}, {Price: 100, Size: 1}}}, &d)
	fmt.Println(d.Prev, d.First, d.Last, d.Bids)
	// Output: 7 8 9 [{100 1} {99 4} {98 0}]
}

// Sizes of a market that counts contracts are told in contracts.
func ExampleFormat() {
	f := simwire.NewFormat(exchange.Instrument{
		Tick: exchange.MustDecimal("0.1"), Lot: exchange.MustDecimal("0.01"), Contract: exchange.MustDecimal("0.01"),
	})
	levels := []exchange.Level{{Price: 670000, Size: 25}}
	fmt.Println(string(f.AppendLevels(nil, levels, exchange.Scale{Price: -1, Size: -2}, `,"0","1"`)))
	// Output: [["67000.0","25","0","1"]]
}
