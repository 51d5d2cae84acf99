package binancetest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// socket is a client's end of a WebSocket, with all that came.
type socket struct {
	*testing.T
	conn *websocket.Conn
	wg   sync.WaitGroup

	mu     sync.Mutex
	all    []answer
	pings  int
	ended  error
	silent bool // leaves pings unanswered
}

func (r *rig) dial(host, path string) *socket {
	r.Helper()
	d := websocket.Dialer{NetDialContext: r.Dial, HandshakeTimeout: 10 * time.Second}
	conn, res, err := d.Dial(r.URL(host)+path, nil)
	if err != nil {
		r.Fatalf("%s%s: %v, %v", host, path, err, res)
	}
	s := &socket{T: r.T, conn: conn}
	conn.SetPingHandler(func(data string) error {
		s.mu.Lock()
		s.pings++
		silent := s.silent
		s.mu.Unlock()
		if silent {
			return nil
		}
		return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
	})
	s.wg.Go(func() {
		for {
			_, raw, err := conn.ReadMessage()
			s.mu.Lock()
			if err != nil {
				s.ended = err
				s.mu.Unlock()
				return
			}
			s.all = append(s.all, parse(r.T, 0, raw))
			s.mu.Unlock()
		}
	})
	r.Cleanup(func() { conn.Close(); s.wg.Wait() })
	return s
}

// mute leaves pings unanswered from now on.
func (s *socket) mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = true
}

// say sends text.
func (s *socket) say(format string, args ...any) {
	s.Helper()
	if err := s.conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, format, args...)); err != nil {
		s.Errorf("%s: %v", format, err)
	}
}

// got is what has come so far, once everything rests.
func (s *socket) got() []answer {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// last is the newest message.
func (s *socket) last() answer {
	s.Helper()
	all := s.got()
	if len(all) == 0 {
		return answer{T: s.T}
	}
	return all[len(all)-1]
}

// clear forgets what has come.
func (s *socket) clear() *socket {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = nil
	return s
}

func (s *socket) end() error {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// call sends a signed request of a WebSocket API and returns its answer.
func (r *rig) call(s *socket, method string, params ...string) answer {
	r.Helper()
	params = append(params, "apiKey", r.key, "timestamp", strconv.FormatInt(time.Now().Add(r.skew).UnixMilli(), 10))
	return r.bare(s, method, append(params, "signature", r.signing(sorted(params)))...)
}

func sorted(params []string) string {
	var list []string
	for i := 0; i < len(params); i += 2 {
		list = append(list, params[i]+"="+params[i+1])
	}
	slices.Sort(list)
	return strings.Join(list, "&")
}

// bare sends a request as it is, all values as texts.
func (r *rig) bare(s *socket, method string, params ...string) answer {
	r.Helper()
	m := map[string]any{}
	for i := 0; i < len(params); i += 2 {
		m[params[i]] = params[i+1]
	}
	b, _ := json.Marshal(m)
	r.calls++
	id := fmt.Sprintf("%d-%s", r.calls, method)
	s.say(`{"id":%q,"method":%q,"params":%s}`, id, method, b)
	for _, a := range s.got() {
		if text(a.at("id")) == id {
			n, _ := strconv.Atoi(text(a.at("status")))
			a.status = n
			return a
		}
	}
	r.Fatalf("%s: no answer", method)
	return answer{}
}

// trade is an order of somebody else's.
func (r *rig) trade(m exchange.Market, side exchange.Side, price, quantity string) {
	r.Helper()
	var err error
	r.Floor().Do(func(now time.Time, e *sim.Engine) {
		_, err = e.Submit(now, exchange.OrderRequest{Market: m, Account: other, ClientID: fmt.Sprint("x", now.UnixNano(), price), Side: side, Price: dec(price), Quantity: dec(quantity)})
	})
	if err != nil {
		r.Fatal(err)
	}
}

// move lets resting orders fill: the market goes to mid.
func (r *rig) move(m exchange.Market, mid int64) { r.publish(m, mid) }
