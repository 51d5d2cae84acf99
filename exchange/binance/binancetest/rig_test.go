package binancetest_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

var (
	spotMarket = exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol("BTC-USDT")}
	perpMarket = exchange.Market{Venue: "binance", Symbol: exchange.MustSymbol("BTC-USDT-PERP")}
)

// Two accounts: ours, and somebody else's.
const mine, other exchange.AccountID = "main", "other"

// rig is a server in memory with a client that knows nothing but HTTP and WebSocket.
type rig struct {
	*testing.T
	*binancetest.Server
	http    *http.Client
	key     string
	signing func(payload string) string
	skew    time.Duration // of the client's clock
	header  http.Header   // of the last answer
	calls   int
}

func engine(t testing.TB, change ...func(*sim.EngineConfig)) *sim.Engine {
	t.Helper()
	spot := exchange.Instrument{Market: spotMarket, VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.01"), Lot: dec("0.00001"), MinQty: dec("0.00001"),
		MaxQty: dec("100"), MinNotional: dec("5"), Contract: dec("1"), Settle: "USDT"}
	perp := exchange.Instrument{Market: perpMarket, VenueSymbol: "BTCUSDT", Tradable: true, Tick: dec("0.1"), Lot: dec("0.001"), MinQty: dec("0.001"),
		MaxQty: dec("100"), MinNotional: dec("50"), Contract: dec("1"), Settle: "USDT"}
	money := []exchange.Amount{{Asset: "USDT", Quantity: dec("100000")}, {Asset: "BTC", Quantity: dec("2")}}
	margin := []exchange.Amount{{Asset: "USDT", Quantity: dec("50000")}}
	cfg := sim.EngineConfig{
		Venue: "binance", Account: mine, Instruments: []exchange.Instrument{spot, perp}, BaseFee: true, SplitWallets: true, Balances: money, Margin: margin,
		Fees: exchange.FeeRates{Maker: dec("0.0001"), Taker: dec("0.0005")}, Accounts: []sim.AccountConfig{{ID: other, Balances: money, Margin: margin}},
	}
	for _, f := range change {
		f(&cfg)
	}
	e, err := sim.NewEngine(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// newRig has BTCUSDT of both markets, around 50,000.
func newRig(t *testing.T, change ...func(*binancetest.Config)) *rig {
	t.Helper()
	cfg := binancetest.Config{Pipe: true, Keys: []binancetest.Key{
		{Account: mine, Key: "k1", Secret: "s1"}, {Account: other, Key: "k2", Secret: "s2"}, {Account: mine, Key: "k3", Secret: "s3", ReadOnly: true},
	}}
	for _, f := range change {
		f(&cfg)
	}
	s := binancetest.NewServer(engine(t), cfg)
	t.Cleanup(s.Close)
	tr := &http.Transport{DialContext: s.Dial}
	t.Cleanup(tr.CloseIdleConnections)
	r := &rig{T: t, Server: s, http: &http.Client{Transport: tr, Timeout: 30 * time.Second}}
	r.as("k1", "s1")
	r.publish(spotMarket, 50_000)
	r.publish(perpMarket, 50_000)
	return r
}

// virtual runs a test in virtual time.
func virtual(t *testing.T, f func(*rig), change ...func(*binancetest.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(newRig(t, change...)) })
}

// as signs what follows with an HMAC key.
func (r *rig) as(key, secret string) {
	r.key = key
	r.signing = func(payload string) string {
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte(payload))
		return hex.EncodeToString(h.Sum(nil))
	}
}

// edKey is an Ed25519 key: the venue's half in PEM, and what signs with the other.
func edKey(t *testing.T) (public string, sign func(string) string) {
	t.Helper()
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return publicPEM(t, pub), func(payload string) string {
		return base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte(payload)))
	}
}

func publicPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// publish gives a market three levels a side, a unit apart, around mid: one coin each.
func (r *rig) publish(m exchange.Market, mid int64) {
	r.Helper()
	b := &exchange.Book{Market: m}
	for i := int64(3); i >= 1; i-- {
		b.Bids = append(b.Bids, exchange.Level{Price: mid - i, Size: 1})
		b.Asks = append(b.Asks, exchange.Level{Price: mid + i, Size: 1})
	}
	if err := r.Publish(b); err != nil {
		r.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	*testing.T
	status int
	raw    string
	any
}

// at walks into the JSON: "fills.0.price".
func (a answer) at(path string) any {
	a.Helper()
	v := a.any
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// has compares values at paths; numbers are given as they print.
func (a answer) has(pairs ...string) answer {
	a.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := text(a.at(pairs[i])); got != pairs[i+1] {
			a.Errorf("%s is %s, want %s, in %.1000s", pairs[i], got, pairs[i+1], a.raw)
		}
	}
	return a
}

func text(v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return x
	case json.Number:
		return x.String()
	}
	b, _ := json.Marshal(v)
	return string(b)
}

func parse(t *testing.T, status int, raw []byte) answer {
	a := answer{T: t, status: status, raw: string(raw)}
	d := json.NewDecoder(strings.NewReader(a.raw))
	d.UseNumber()
	_ = d.Decode(&a.any)
	return a
}

// get asks without a key; host is "spot" or "futures".
func (r *rig) get(host, path string) answer {
	r.Helper()
	return r.send(host, "GET", path, "", "")
}

// ask sends a signed request: params in the query, or in the body of POST and PUT.
func (r *rig) ask(host, method, path, params string) answer {
	r.Helper()
	if params != "" {
		params += "&"
	}
	params += "timestamp=" + strconv.FormatInt(time.Now().Add(r.skew).UnixMilli(), 10)
	params += "&signature=" + url.QueryEscape(r.signing(params))
	if method == "POST" || method == "PUT" {
		return r.send(host, method, path, "", params)
	}
	return r.send(host, method, path, params, "")
}

func (r *rig) send(host, method, path, query, body string) answer {
	r.Helper()
	status, raw, header, err := r.try(host, method, path, query, body)
	if err != nil {
		r.Fatal(err)
	}
	r.header = header
	return parse(r.T, status, raw)
}

func (r *rig) try(host, method, path, query, body string) (int, []byte, http.Header, error) {
	address := r.URL(host+"rest") + path
	if query != "" {
		address += "?" + query
	}
	q, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	if body != "" {
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if r.key != "" {
		q.Header.Set("X-MBX-APIKEY", r.key)
	}
	res, err := r.http.Do(q)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, raw, res.Header, err
}

// refused checks an answer for a code.
func (a answer) refused(status, code int) answer {
	a.Helper()
	if a.status != status || text(a.at("code")) != strconv.Itoa(code) {
		a.Errorf("got %d %.300s, want %d with code %d", a.status, a.raw, status, code)
	}
	return a
}

// ok checks an answer for success.
func (a answer) ok() answer {
	a.Helper()
	if a.status != http.StatusOK {
		a.Errorf("got %d %.300s", a.status, a.raw)
	}
	return a
}
