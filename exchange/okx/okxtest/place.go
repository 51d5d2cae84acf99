package okxtest

import (
	"errors"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// What the size of a spot market order counts.
const (
	baseSized  = "base_ccy"
	quoteSized = "quote_ccy"
)

// placing is a new order on its way to the engine.
type placing struct {
	*Server
	now time.Time
	e   *sim.Engine
	a   *account
	m   *market
	arg *orderArg
	req exchange.OrderRequest
	t   sim.Terms
}

// place does one new order, and says what became of it: that it was taken, or why not.
func (s *Server) place(c *call, now time.Time, e *sim.Engine, arg *orderArg) ack {
	tag := arg.Tag
	row := ack{ClOrdID: string(arg.ClOrdID), Tag: &tag, TS: millis(now), SCode: "0", SMsg: "Order placed"}
	m, r := s.market(c, &arg.target)
	if r == nil {
		r = c.late(now)
	}
	p := placing{Server: s, now: now, e: e, a: s.keeper.accounts[c.key.Account], m: m, arg: arg, t: sim.Terms{PostOnlyEnds: true, Percent: c.fate.Percent}}
	if r == nil && c.fate.Fault == sim.RejectAfterAck {
		p.t.Reject = reasonFault
	}
	if r == nil {
		r = p.check()
	}
	if r == nil {
		r = p.admit()
	}
	if r == nil {
		row.OrdID, r = p.submit()
	}
	if r != nil {
		row.refuse(r)
	}
	return row
}

// reasonFault is why an order ends that is refused after its acknowledgement.
const reasonFault = "refused after the acknowledgement"

// check fills p.req, or refuses what is no order.
func (p *placing) check() *refusal {
	a := p.arg
	if r := p.checkMode(); r != nil {
		return r
	}
	p.req = exchange.OrderRequest{Market: p.m.Market, Account: p.a.id, ReduceOnly: a.ReduceOnly == "true"}
	switch a.Side {
	case "buy":
		p.req.Side = exchange.Buy
	case "sell":
		p.req.Side = exchange.Sell
	default:
		return no("51000", "side")
	}
	if !p.kind() {
		return no("51000", "ordType")
	}
	switch {
	case !alphanumeric(string(a.ClOrdID), 32):
		return no("51000", "clOrdId")
	case !alphanumeric(a.Tag, maxTag):
		return no("51000", "tag")
	case p.req.ReduceOnly && !p.m.swap:
		return no("51139")
	}
	switch a.StpMode {
	case "":
		p.t.SelfTrade, a.StpMode = sim.CancelMaker, "cancel_maker"
	case "cancel_maker":
		p.t.SelfTrade = sim.CancelMaker
	case "cancel_taker":
		p.t.SelfTrade = sim.CancelTaker
	case "cancel_both":
		p.t.SelfTrade = sim.CancelBoth
	default:
		return no("51000", "stpMode")
	}
	if a.StpMode == "cancel_both" && a.OrdType == "fok" {
		return no("50016", "stpMode", "ordType")
	}
	return p.numbers()
}

// checkMode refuses what the account's level and mode do not allow.
func (p *placing) checkMode() *refusal {
	a, want := p.arg, p.cfg.tdMode(p.m)
	switch {
	case a.TdMode == "":
		return no("50014", "tdMode")
	case a.TdMode != "cash" && a.TdMode != "cross" && a.TdMode != "isolated":
		return no("51000", "tdMode")
	case p.m.swap && a.TdMode == "cash":
		return no("51000", "tdMode")
	case p.m.swap && p.cfg.Level == LevelSpot, a.TdMode != want:
		return no("51010")
	case p.m.swap && p.cfg.LongShort, a.PosSide != "" && a.PosSide != "net":
		return no("51000", "posSide")
	case !p.m.Tradable:
		return no("51022")
	}
	return nil
}

// kind reads ordType.
func (p *placing) kind() bool {
	switch p.arg.OrdType {
	case "limit":
	case "post_only":
		p.req.PostOnly = true
	case "ioc":
		p.req.TIF = exchange.IOC
	case "fok":
		p.req.TIF = exchange.FOK
	case "optimal_limit_ioc":
		p.req.Type, p.req.TIF = exchange.TypeMarket, exchange.IOC
		return p.m.swap
	case "market":
		p.req.Type = exchange.TypeMarket
	default:
		return false
	}
	return true
}

// numbers reads size and price.
func (p *placing) numbers() *refusal {
	a := p.arg
	sz, ok := number(a.Sz)
	if !ok {
		return no("51000", "sz")
	}
	if p.req.Type == exchange.TypeLimit {
		if p.req.Price, ok = number(a.Px); !ok || !p.req.Price.IsMultiple(p.m.Tick) {
			return no("51000", "px")
		}
		a.TgtCcy = ""
	}
	p.req.Quantity = p.m.base(sz)
	if p.req.Type == exchange.TypeMarket && !p.m.swap {
		return p.sizing(sz)
	}
	return p.m.checkSize(&p.req)
}

// sizing reads the size of a spot market order: one that counts quote buys as much as that is worth at the book's prices.
func (p *placing) sizing(sz exchange.Decimal) *refusal {
	switch p.arg.TgtCcy {
	case "":
		if p.arg.TgtCcy = baseSized; p.req.Side == exchange.Buy {
			p.arg.TgtCcy = quoteSized
		}
	case baseSized, quoteSized:
	default:
		return no("51000", "tgtCcy")
	}
	if p.arg.TgtCcy == quoteSized {
		if p.req.Side == exchange.Buy && p.arg.BanAmend == "true" && sz.Cmp(p.free()) > 0 { // the book may be worth less
			return p.short()
		}
		p.req.Quantity = p.worth(sz)
		if p.req.Quantity.IsZero() {
			return no("51020")
		}
	}
	return p.m.checkSize(&p.req)
}

// worth is how much base a market order gets, or gives, for so much quote: whole lots.
func (p *placing) worth(quote exchange.Decimal) exchange.Decimal {
	var b exchange.Book
	if !p.e.Book(p.m.Market.Symbol, &b) || b.Err != nil {
		return exchange.Decimal{}
	}
	levels := b.Asks
	if p.req.Side == exchange.Sell {
		levels = b.Bids
	}
	var got exchange.Decimal
	for i := len(levels) - 1; i >= 0 && quote.Sign() > 0; i-- {
		price, size := b.Price(levels[i]), b.Size(levels[i])
		const places = 18
		n := size.Min(quote.Quo(price, places, exchange.Down))
		got, quote = got.Add(n), quote.Sub(size.Mul(price))
	}
	return got.Round(p.m.Lot, exchange.Down)
}

// checkSize refuses sizes that the market does not take.
func (m *market) checkSize(r *exchange.OrderRequest) *refusal {
	switch {
	case r.Quantity.Cmp(m.MinQty) < 0:
		return no("51020")
	case !r.Quantity.IsMultiple(m.Lot):
		return no("51121")
	case m.MaxQty.IsZero() || r.Quantity.Cmp(m.MaxQty) <= 0:
		return nil
	case r.Type == exchange.TypeMarket:
		return no("51202")
	case m.swap:
		return no("51101", m.size(m.MaxQty))
	}
	return no("51203", num(m.MaxQty))
}

// admit counts the order against what an account may have, and may ask for.
func (p *placing) admit() *refusal {
	name := string(p.arg.ClOrdID)
	switch old := p.a.byName[name]; {
	case name != "" && old != nil && !old.ended():
		return no("51016")
	case p.a.live[p.m] >= maxPending:
		return no("51102", maxPending)
	case p.a.working >= maxPendingAll:
		return no("51103", maxPendingAll)
	case p.m.swap && !p.spend(limitOrders, string(p.a.id), 1):
		return no("50061")
	}
	return nil
}

// submit gives the order to the engine. An order that is taken has an id.
func (p *placing) submit() (string, *refusal) {
	k := p.keeper
	p.req.ClientID = k.alias(p.a, p.e, p.m, p.arg.ClOrdID)
	k.coming = &record{m: p.m, arg: *p.arg, margin: !p.m.swap && p.arg.TdMode != "cash"}
	k.coming.ClientID, k.coming.Account = p.req.ClientID, p.a.id
	defer func() { k.coming = nil }()
	o, err := p.e.SubmitWith(p.now, p.req, p.t)
	if errors.Is(err, exchange.ErrInsufficientFunds) && p.shrink() {
		o, err = p.e.SubmitWith(p.now, p.req, p.t)
	}
	if err != nil {
		return "", p.refused(err)
	}
	k.follow(p.now, p.e)
	return o.VenueID, nil
}

// shrink makes a spot market order smaller, as the venue does unless it is told not to; false: there is nothing to make it of.
func (p *placing) shrink() bool {
	if p.m.swap || p.req.Type != exchange.TypeMarket || p.arg.BanAmend == "true" {
		return false
	}
	have := p.free()
	if p.req.Side == exchange.Buy {
		fees, err := p.e.Fees(p.a.id, p.m.Market.Symbol)
		if err != nil {
			return false
		}
		const places = 8
		have = p.worth(have.Quo(exchange.Scaled(1, 0).Add(fees.Taker.Max(fees.Maker).Max(exchange.Decimal{})), places, exchange.Down))
	}
	p.req.Quantity = p.req.Quantity.Min(have.Round(p.m.Lot, exchange.Down))
	return p.m.checkSize(&p.req) == nil
}

// free is what there is to pay it from.
func (p *placing) free() exchange.Decimal {
	for _, b := range p.e.Balances(p.a.id) {
		if b.Asset == p.pays() {
			return b.Free
		}
	}
	return exchange.Decimal{}
}

// pays is the asset that the order is paid from.
func (p *placing) pays() exchange.Asset {
	if !p.m.swap && p.req.Side == exchange.Sell {
		return p.m.Market.Symbol.Base
	}
	return p.m.Market.Symbol.Quote
}

// refused is the engine's no in the venue's words.
func (p *placing) refused(err error) *refusal {
	var e *exchange.Error
	if !errors.As(err, &e) {
		return no("50026")
	}
	switch {
	case errors.Is(err, exchange.ErrInsufficientFunds):
		return p.short()
	case e.Code == "duplicate":
		return no("51016")
	case e.Code == "deadline":
		return no("50036")
	case e.Code == "reduce_only":
		return p.reduceOnly()
	case errors.Is(err, exchange.ErrUnavailable):
		return no("51022")
	case strings.Contains(err.Error(), "notional"):
		return no("51020")
	}
	return no("51000", "sz")
}

// short refuses what there is not money enough for.
func (p *placing) short() *refusal {
	r := no("51008", p.pays())
	if r.sub = "1000"; p.m.swap {
		r.sub = "1001"
	}
	return r
}

// reduceOnly tells an order that would add to the position from one that there is not enough position for.
func (p *placing) reduceOnly() *refusal {
	for _, x := range p.e.Positions(p.a.id) {
		if x.Market == p.m.Market && (x.Quantity.Sign() > 0) == (p.req.Side == exchange.Buy) {
			return no("51170")
		}
	}
	return no("51169")
}

// alphanumeric reports whether s has at most n characters, all of them letters and digits.
func alphanumeric(s string, n int) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return len(s) <= n
}
