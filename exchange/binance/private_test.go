package binance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

// follower is a StreamOrders, and what it emitted.
type follower struct {
	t    *testing.T
	stop context.CancelFunc
	done chan error

	mu   sync.Mutex
	log  []exchange.Event
	seen map[exchange.FillKey]int
}

// begin starts a StreamOrders and waits a while.
func begin(t *testing.T, x *binance.Exchange) *follower {
	ctx, stop := context.WithCancel(t.Context())
	f := &follower{t: t, stop: stop, done: make(chan error, 1), seen: map[exchange.FillKey]int{}}
	go func() {
		f.done <- x.StreamOrders(ctx, func(e exchange.Event) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.log = append(f.log, e)
			for _, fill := range e.Order.Fills {
				f.seen[fill.Key()]++
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		<-f.done
	})
	time.Sleep(time.Second)
	synctest.Wait()
	return f
}

// streaming is begin for a stream that comes up.
func streaming(t *testing.T, _ *office, x *binance.Exchange) *follower {
	t.Helper()
	f := begin(t, x)
	if k := f.kinds(); len(k) == 0 || k[0] != "stream up" {
		t.Fatalf("began with %v", k)
	}
	return f
}

func (f *follower) events() []exchange.Event {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

func (f *follower) kinds() (r []string) {
	for _, e := range f.events() {
		s := e.Kind.String()
		if e.Kind == exchange.OrderUpdate {
			s = fmt.Sprintf("%s %s %s/%s fills %d", e.Order.ClientID, e.Order.Status, short(e.Order.Filled), short(e.Order.Quantity), len(e.Order.Fills))
		}
		r = append(r, s)
	}
	return r
}

// short is d without the zeros behind its last digit.
func short(d exchange.Decimal) string {
	if s := d.String(); strings.Contains(s, ".") {
		return strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return d.String()
}

// expect compares the order events, and those of up and down.
func (f *follower) expect(want ...string) {
	f.t.Helper()
	got := slices.DeleteFunc(f.kinds(), func(s string) bool { return s == "balance" || s == "position" })
	if !slices.Equal(got, want) {
		f.t.Errorf("events\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// check holds the stream's last word of an order against a lookup: each fill once, and all of them.
func (f *follower) check(o exchange.Order) {
	f.t.Helper()
	var last exchange.Order
	for _, e := range f.events() {
		if e.Kind == exchange.OrderUpdate {
			last = e.Order
		}
	}
	var sum exchange.Decimal
	for _, fill := range o.Fills {
		sum = sum.Add(fill.Quantity)
		if n := f.seen[fill.Key()]; n != 1 {
			f.t.Errorf("fill %s was told %d times", fill.TradeID, n)
		}
	}
	if !sum.Equal(o.Filled) || !last.Filled.Equal(o.Filled) || last.Status != o.Status || len(f.seen) != len(o.Fills) {
		f.t.Errorf("stream: %s, %d fills; lookup: %s", showOrder(last), len(f.seen), showOrder(o))
	}
}

func TestOrderStream(t *testing.T) {
	for _, symbol := range []string{"BTC-USDT", "BTC-USDT-PERP"} {
		path := spotAPI
		if symbol == "BTC-USDT-PERP" {
			path = privatePath
		}
		bubble(t, symbol, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			f := streaming(t, o, x)
			if _, err := x.Place(t.Context(), limit(symbol, "100", "2")); err != nil {
				t.Fatal(err)
			}
			o.execute("id-1", "100", "0.5")
			f.expect("stream up", "id-1 partially filled 0.5/2 fills 1")
			if path == privatePath { // the same trade once more, without its fee
				o.send(path, fmt.Sprintf(`{"e":"TRADE_LITE","E":1,"T":1,"s":"BTCUSDT","c":"id-1","S":"BUY","q":"2","p":"100","i":%d,"l":"0.5","L":"100","t":%d,"m":false}`, o.orders[0].id, o.trades[0].id))
			}
			o.mu.Lock()
			o.tell(o.orders[0], "TRADE", &o.trades[0]) // twice
			o.mu.Unlock()
			f.expect("stream up", "id-1 partially filled 0.5/2 fills 1")

			// What happens while nobody listens is told before the stream is up again.
			o.mu.Lock()
			o.refuse = errors.New("down")
			o.mu.Unlock()
			o.drop(path)
			time.Sleep(time.Second)
			o.execute("id-1", "101", "1.5")
			o.mu.Lock()
			o.refuse = nil
			o.mu.Unlock()
			time.Sleep(2 * time.Minute)
			f.expect("stream up", "id-1 partially filled 0.5/2 fills 1", "stream down", "id-1 filled 2/2 fills 1", "stream up")
			found, err := x.Lookup(t.Context(), limit(symbol, "100", "2").Ref())
			if err != nil {
				t.Fatal(err)
			}
			f.check(found)
		})
	}
}

func TestReplacedOnTheStream(t *testing.T) {
	bubble(t, "at once and in turn", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		f := streaming(t, o, x)
		ref := put(t, o, x, "BTC-USDT", "")
		if _, err := x.Replace(t.Context(), ref, change("101", "")); err != nil {
			t.Fatal(err)
		}
		o.fillSome("id-1", "0.5")
		if _, err := x.Replace(t.Context(), ref, change("102", "3")); err != nil {
			t.Fatal(err)
		}
		o.fillSome("id-1", "1")
		for _, e := range f.events() {
			if e.Order.Status.Final() {
				t.Errorf("ended: %s", showOrder(e.Order))
			}
		}
		found, err := x.Lookup(t.Context(), ref)
		if err != nil || !found.Filled.Equal(dec("1.5")) || !found.Quantity.Equal(dec("3")) || len(found.Former) != 2 {
			t.Errorf("%s, %v", showOrder(found), err)
		}
		f.check(found)
	})
	bubble(t, "cancelled and not placed", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		f := streaming(t, o, x)
		ref := put(t, o, x, "BTC-USDT", "")
		if _, err := x.Replace(t.Context(), ref, change("101", "0.666")); exchange.OutcomeOf(err) != unknown {
			t.Fatal(err)
		}
		// Whether the stream comes to tell of the replacement before it failed is chance.
		if k := f.kinds(); k[len(k)-1] != "id-1 canceled 0/2 fills 0" {
			t.Errorf("%v", k)
		}
	})
}

func TestWalletsOnTheStream(t *testing.T) {
	bubble(t, "both", func(t *testing.T, o *office) {
		f := streaming(t, o, o.exchange(nil))
		o.send(spotAPI, `{"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1564034571105,"u":1564034571073,"B":[{"a":"ETH","f":"10000.5","l":"1"}]}}`)
		o.send(privatePath, `{"e":"ACCOUNT_UPDATE","T":1564745798939,"E":1564745798939,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"122","cw":"100","bc":"0"}],"P":[{"s":"BTCUSDT","pa":"0","ep":"0.0","ps":"BOTH"}]}}`)
		var got []string
		for _, e := range f.events() {
			if e.Kind == exchange.BalanceUpdate || e.Kind == exchange.PositionUpdate {
				got = append(got, showBalances(e.Balances)+showPositions(e.Positions))
			}
		}
		slices.Sort(got)
		want := []string{"BTC-USDT-PERP -0.5 cost -30000.0 t5", "BTC-USDT-PERP 0 cost 0.0 t1564745798939", "perp USDT 100+22", "perp USDT 60+40", "spot BTC 1.5+0.5", "spot ETH 10000.5+1"}
		if !slices.Equal(got, want) {
			t.Errorf("%q\nwant\n%q", got, want)
		}
	})
}

func TestStreamThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		name  string
		say   string
		reply reply
		class error
	}{
		{"a key that is refused", "POST /fapi/v1/listenKey", reply{status: 401, body: body(-2015, "Invalid API-key, IP, or permissions for action.")}, unauth},
		{"hedge mode", "GET /fapi/v1/accountConfig", reply{body: `{"dualSidePosition":true}`}, unsupp},
		{"a subscription that is refused", "WS userDataStream.subscribe.signature", reply{status: 401, body: body(-2015, "Invalid API-key, IP, or permissions for action.")}, unauth},
	} {
		bubble(t, tt.name, func(t *testing.T, o *office) {
			o.say(tt.say, tt.reply)
			f := begin(t, o.exchange(nil))
			select {
			case err := <-f.done:
				if !errors.Is(err, tt.class) {
					t.Errorf("%v", err)
				}
				f.done <- err
			default:
				t.Errorf("goes on: %v", f.kinds())
			}
		})
	}
}

// The key of the futures stream is prolonged, and replaced by another one without a gap.
func TestListenKey(t *testing.T) {
	bubble(t, "prolonged", func(t *testing.T, o *office) {
		f := streaming(t, o, o.exchange(nil))
		time.Sleep(5 * time.Hour)
		if n := len(o.asked("PUT /fapi/v1/listenKey")); n < 9 || n > 10 || o.keys != 1 {
			t.Errorf("prolonged %d times, %d keys", n, o.keys)
		}
		f.expect("stream up")
	})
	bubble(t, "forgotten", func(t *testing.T, o *office) {
		x := o.exchange(nil)
		f := streaming(t, o, x)
		o.say("PUT /fapi/v1/listenKey", reply{status: 500}, reply{status: 400, body: body(-1125, "This listenKey does not exist.")})
		time.Sleep(32*time.Minute + 10*time.Second)
		if n := o.asked("WS " + privatePath); len(n) != 2 || n[1].q.Get("listenKey") != "key2" {
			t.Errorf("%v", n)
		}
		put(t, o, x, "BTC-USDT-PERP", "")
		o.execute("id-1", "100", "0.5")
		f.expect("stream up", "id-1 partially filled 0.5/2 fills 1")
	})
	for name, frame := range map[string]string{"expired": `{"e":"listenKeyExpired","E":"1699596037418","listenKey":"key1"}`, "shut down": `{"e":"serverShutdown","E":5}`} {
		bubble(t, name, func(t *testing.T, o *office) {
			x := o.exchange(nil)
			f := streaming(t, o, x)
			o.send(privatePath, frame)
			time.Sleep(time.Minute)
			if n := o.asked("WS " + privatePath); len(n) != 2 || n[1].q.Get("listenKey") != "key2" {
				t.Errorf("%v", n)
			}
			put(t, o, x, "BTC-USDT-PERP", "")
			o.execute("id-1", "100", "0.5")
			if k := f.kinds(); k[len(k)-1] != "id-1 partially filled 0.5/2 fills 1" {
				t.Errorf("%v", k)
			}
		})
	}
}

// A market that came up after the list was read.
func TestUnlistedSymbol(t *testing.T) {
	bubble(t, "asked for", func(t *testing.T, o *office) {
		f := streaming(t, o, o.exchange(nil))
		time.Sleep(2 * time.Minute)
		o.say("GET /api/v3/exchangeInfo", reply{body: `{"symbols":[` + spotRow + "," + strings.NewReplacer("BTC", "NEW").Replace(spotRow) + `]}`})
		o.send(spotAPI, `{"subscriptionId":0,"event":{"e":"executionReport","E":5,"s":"NEWUSDT","c":"web_1","S":"BUY","o":"LIMIT","f":"GTC","q":"1","p":"2","C":"","x":"NEW","X":"NEW","r":"NONE","i":55,"l":"0","z":"0","L":"0","n":"0","N":null,"T":5,"t":-1,"Z":"0"}}`)
		time.Sleep(time.Second)
		f.expect("stream up", "web_1 accepted 0/1 fills 0")
		o.send(spotAPI, `{"subscriptionId":0,"event":{"e":"executionReport","E":5,"s":"ODDEUR","c":"web_2","S":"BUY","o":"LIMIT","f":"GTC","q":"1","p":"2","C":"","x":"NEW","X":"NEW","r":"NONE","i":56,"l":"0","z":"0","L":"0","n":"0","N":null,"T":5,"t":-1,"Z":"0"}}`)
		time.Sleep(time.Second)
		f.expect("stream up", "web_1 accepted 0/1 fills 0")
	})
}

// An account without futures is asked for none of them.
func TestSpotOnly(t *testing.T) {
	bubble(t, "all", func(t *testing.T, o *office) {
		x := o.exchange(func(c *binance.Config) { c.Kinds = []exchange.Kind{exchange.Spot} })
		streaming(t, o, x)
		list, err := x.Balances(t.Context())
		if err != nil || showBalances(list) != "spot BTC 1.5+0.5" {
			t.Errorf("%s, %v", showBalances(list), err)
		}
		if p, err := x.Positions(t.Context()); err != nil || len(p) != 0 {
			t.Errorf("%v, %v", p, err)
		}
		for _, a := range o.asked("") {
			if strings.Contains(a.path, "fapi") {
				t.Errorf("asked %v", a)
			}
		}
	})
}
