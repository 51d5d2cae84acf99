package okx

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// What is asked of the venue. Nothing here does I/O.

const (
	placePath      = "/api/v5/trade/order"
	amendPath      = "/api/v5/trade/amend-order"
	cancelPath     = "/api/v5/trade/cancel-order"
	cancelManyPath = "/api/v5/trade/cancel-batch-orders"
	deadManPath    = "/api/v5/trade/cancel-all-after"
	orderPath      = "/api/v5/trade/order"
	pendingPath    = "/api/v5/trade/orders-pending"
	historyPath    = "/api/v5/trade/orders-history"
	fillsPath      = "/api/v5/trade/fills"         // of three days
	oldFillsPath   = "/api/v5/trade/fills-history" // of three months
	balancePath    = "/api/v5/account/balance"
	positionsPath  = "/api/v5/account/positions"
	feePath        = "/api/v5/account/trade-fee"
	configPath     = "/api/v5/account/config"
	ratePath       = "/api/v5/trade/account-rate-limit"
	timePath       = "/api/v5/public/time"
)

const (
	pageSize   = 100 // rows of a list, at most
	cancelSize = 20  // orders of a batch, at most
)

// placing is an order as it is sent. REST names the market by InstID, WebSocket by InstIDCode.
type placing struct {
	InstID     string      `json:"instId,omitempty"`
	InstIDCode json.Number `json:"instIdCode,omitempty"`
	TdMode     string      `json:"tdMode"`
	ClOrdID    string      `json:"clOrdId"`
	Side       string      `json:"side"`
	OrdType    string      `json:"ordType"`
	Sz         string      `json:"sz"`
	Px         string      `json:"px,omitempty"`
	TgtCcy     string      `json:"tgtCcy,omitempty"`
	TradeQuote string      `json:"tradeQuoteCcy,omitempty"`
	BanAmend   bool        `json:"banAmend,omitempty"`
	ReduceOnly bool        `json:"reduceOnly,omitempty"`
}

// quick is p as encoding/json writes it, at a tenth of the time: an order waits for it. false: something in it needs escaping.
func (p *placing) quick() ([]byte, bool) {
	b := append(make([]byte, 0, 256), '{')
	ok := true
	put := func(name, value string) {
		for i := range len(value) {
			switch c := value[i]; {
			case c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&':
				ok = false
			}
		}
		b = append(append(append(append(append(b, '"'), name...), `":"`...), value...), `",`...)
	}
	option := func(name, value string) {
		if value != "" {
			put(name, value)
		}
	}
	flag := func(name string, value bool) {
		if value {
			b = append(append(append(b, '"'), name...), `":true,`...)
		}
	}
	option("instId", p.InstID)
	put("tdMode", p.TdMode)
	put("clOrdId", p.ClOrdID)
	put("side", p.Side)
	put("ordType", p.OrdType)
	put("sz", p.Sz)
	option("px", p.Px)
	option("tgtCcy", p.TgtCcy)
	option("tradeQuoteCcy", p.TradeQuote)
	flag("banAmend", p.BanAmend)
	flag("reduceOnly", p.ReduceOnly)
	b[len(b)-1] = '}'
	return b, ok && p.InstIDCode == ""
}

// placingOf is r as it is sent over REST. An error wraps exchange.ErrInvalid or exchange.ErrUnsupported.
func placingOf(r *exchange.OrderRequest, d *details, m mode) (placing, error) {
	if err := r.Check(); err != nil {
		return placing{}, err
	}
	if r.Type == exchange.TypeMarket && r.TIF == exchange.FOK {
		return placing{}, fmt.Errorf("okx: %s: a market order is not all or nothing here: %w", r.Market, exchange.ErrUnsupported)
	}
	id, err := venueID(r.ClientID)
	if err != nil {
		return placing{}, err
	}
	size, err := contracts(r.Quantity, &d.Instrument)
	if err != nil {
		return placing{}, err
	}
	p := placing{InstID: d.VenueSymbol, TdMode: m.of(r.Market.Symbol.Kind), ClOrdID: id, Side: r.Side.String(), OrdType: ordType(r), Sz: size}
	if r.Type == exchange.TypeLimit {
		p.Px = r.Price.String()
	}
	if r.Market.Symbol.Kind == exchange.Perp {
		p.ReduceOnly = r.ReduceOnly
		return p, nil
	}
	p.TradeQuote = d.quote
	if r.ReduceOnly { // to ignore it would turn a safety into nothing without a word
		return placing{}, fmt.Errorf("okx: %s reduce-only: spot has no positions: %w", r.Market, exchange.ErrUnsupported)
	}
	if r.Type == exchange.TypeMarket {
		// By default the venue counts a purchase in quote, and makes an order smaller for which the funds do not suffice.
		p.TgtCcy, p.BanAmend = "base_ccy", true
	}
	return p, nil
}

// ordType is the venue's name of type and time in force. A market order is immediate or cancel whatever its time in force.
func ordType(r *exchange.OrderRequest) string {
	switch {
	case r.Type == exchange.TypeMarket:
		return "market"
	case r.PostOnly:
		return "post_only"
	case r.TIF == exchange.IOC:
		return "ioc"
	case r.TIF == exchange.FOK:
		return "fok"
	}
	return "limit"
}

// contracts is a base quantity as the venue counts it: exactly, or not at all.
func contracts(q exchange.Decimal, in *exchange.Instrument) (string, error) {
	n := q
	if !in.Contract.IsZero() && !in.Contract.Equal(exchange.Scaled(1, 0)) {
		const places = 20 // more than any lot has
		n = q.Quo(in.Contract, places, exchange.Down)
		if !n.Mul(in.Contract).Equal(q) {
			return "", fmt.Errorf("okx: %s: quantity %s is no number of contracts of %s: %w", in.Market, q, in.Contract, exchange.ErrInvalid)
		}
	}
	s := n.String()
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s, nil
}

// naming is how an order is pointed at: by one of its ids. The venue's goes before.
type naming struct {
	InstID     string      `json:"instId,omitempty"`
	InstIDCode json.Number `json:"instIdCode,omitempty"`
	OrdID      string      `json:"ordId,omitempty"`
	ClOrdID    string      `json:"clOrdId,omitempty"`
}

func namingOf(ref *exchange.OrderRef, d *details) (naming, error) {
	n := naming{InstID: d.VenueSymbol, OrdID: ref.VenueID}
	if n.OrdID != "" {
		return n, nil
	}
	var err error
	n.ClOrdID, err = venueID(ref.ClientID)
	return n, err
}

// is reports whether w is the order that n points at.
func (n *naming) is(w *orderRow) bool {
	if n.OrdID != "" {
		return string(w.OrdID) == n.OrdID
	}
	return string(w.ClOrdID) == n.ClOrdID
}

func (n *naming) query() url.Values {
	v := url.Values{"instId": {n.InstID}}
	if n.OrdID != "" {
		v.Set("ordId", n.OrdID)
	} else {
		v.Set("clOrdId", n.ClOrdID)
	}
	return v
}

// amending is a change as it is sent. NewSz is the new total, what has filled included.
type amending struct {
	naming
	NewSz string `json:"newSz,omitempty"`
	NewPx string `json:"newPx,omitempty"`
	ReqID string `json:"reqId,omitempty"`
}

func amendingOf(ref *exchange.OrderRef, c exchange.Change, d *details) (amending, error) {
	if c.Price.Sign() < 0 || c.Quantity.Sign() < 0 || c.Price.IsZero() && c.Quantity.IsZero() {
		return amending{}, fmt.Errorf("okx: a change to price %s, quantity %s: %w", c.Price, c.Quantity, exchange.ErrInvalid)
	}
	n, err := namingOf(ref, d)
	if err != nil {
		return amending{}, err
	}
	a := amending{naming: n}
	if !c.Price.IsZero() {
		a.NewPx = c.Price.String()
	}
	if !c.Quantity.IsZero() {
		a.NewSz, err = contracts(c.Quantity, &d.Instrument)
	}
	return a, err
}

// deadMan is the body of a request to cancel everything unless it comes again.
type deadMan struct {
	TimeOut string `json:"timeOut"` // seconds; "0" switches it off
}

const deadManMin, deadManMax = 10 * time.Second, 120 * time.Second

func deadManOf(after time.Duration) (deadMan, error) {
	if after != 0 && (after < deadManMin || after > deadManMax || after%time.Second != 0) {
		return deadMan{}, fmt.Errorf("okx: cancel all after %v: want whole seconds from %v to %v, or 0: %w", after, deadManMin, deadManMax, exchange.ErrInvalid)
	}
	return deadMan{TimeOut: fmt.Sprint(int(after / time.Second))}, nil
}

// body is v as JSON.
func body(v any) []byte {
	if p, ok := v.(placing); ok {
		if b, ok := p.quick(); ok {
			return b
		}
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("okx: strings that do not marshal: " + err.Error())
	}
	return b
}
