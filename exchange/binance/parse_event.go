package binance

import (
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// notice is a message of a private stream, read.
type notice struct {
	order    *report // with its fill, if any
	balances []exchange.Balance
	places   []exchange.Position
	time     time.Time
	gone     bool   // nothing more comes on this connection
	leave    bool   // ... soon
	unlisted string // a symbol that is not known: what is about it is not in here
}

// event reads a message of a private stream, wrapped or not. Types that are none of the port's give an empty notice. So does TRADE_LITE: it
// tells no fee and no status, and the same trade comes again as ORDER_TRADE_UPDATE.
func (r reader) event(data []byte) (notice, error) {
	f := parseFields(data)
	switch {
	case f.has("event"):
		f = parseFields(f.value("event"))
	case f.has("data") && f.has("stream"):
		f = parseFields(f.value("data"))
	}
	var n notice
	switch f.optText("e") {
	case "executionReport":
		r.spotOrder(f, &n)
	case "ORDER_TRADE_UPDATE":
		n.time = f.time("T")
		o := parseFields(f.value("o"))
		r.perpOrder(o, &n)
		f.adopt(o)
	case "outboundAccountPosition":
		spotWallet(f, &n)
	case "ACCOUNT_UPDATE":
		r.perpAccount(f, &n)
	case "listenKeyExpired", "eventStreamTerminated":
		n.gone = true
	case "serverShutdown":
		n.leave = true
	}
	if err := f.wrap("event"); err != nil {
		return notice{}, err
	}
	return n, nil
}

// spotOrder reads an executionReport. When an order is cancelled "c" names the cancellation, and "C" the order.
func (r reader) spotOrder(f *fields, n *notice) {
	o, l := r.begin(f, n)
	name, by := f.text("c"), ""
	if original := f.optText("C"); original != "" {
		name, by = original, name
	}
	o.name = name
	o.ClientID, o.successor = clientID(r.kind, name)
	o.Reason = reason(f.text("X"), f.optText("r"), f.optText("eR"))
	n.time = f.time("T")
	o.Time = n.time
	o.fill(f, l)
	if quote := f.optNumber("Z"); quote.Sign() > 0 && o.Filled.Sign() > 0 {
		o.AvgPrice = quote.Quo(o.Filled, avgScale, exchange.HalfEven)
	}
	if id, successor := clientID(r.kind, by); o.Status == exchange.StatusCanceled && id == o.ClientID && successor > o.successor {
		o.replaced, o.Status = true, exchange.StatusReplaced
	}
	if o.successor > 0 && o.Status == exchange.StatusRejected {
		o.Status = exchange.StatusCanceled // its predecessor, with what it had filled, was
	}
}

// perpOrder reads the order of an ORDER_TRADE_UPDATE.
func (r reader) perpOrder(f *fields, n *notice) {
	o, l := r.begin(f, n)
	o.name = f.text("c")
	o.ClientID, o.successor = clientID(r.kind, o.name)
	o.ReduceOnly = f.flag("R")
	o.Reason = reason(f.text("X"), f.optText("er"))
	o.Time = f.time("T")
	o.fill(f, l)
	if o.Filled.Sign() > 0 {
		o.AvgPrice = f.optNumber("ap")
	}
}

// begin reads what the reports of both markets have under the same names; l is what this one says to have filled.
func (r reader) begin(f *fields, n *notice) (o *report, l exchange.Decimal) {
	o = new(report)
	name := f.text("s")
	s, ok := r.symbol(name)
	if !ok && !strings.Contains(name, "_") { // dated futures are not the library's
		n.unlisted = name
	}
	if ok {
		n.order = o
	}
	o.Market, o.Account = exchange.Market{Venue: Venue, Symbol: s}, r.account
	o.VenueID = f.id("i")
	o.terms(f, f.text("S"), f.text("o"), f.optText("f"))
	o.Price, o.Quantity, o.Filled = f.positive("p"), f.positive("q"), f.positive("z")
	o.Status = status(f.text("X"))
	switch f.text("x") {
	case "REPLACED", "AMENDMENT":
		if o.Status.Working() {
			o.Status = exchange.StatusReplaced
		}
	}
	return o, f.positive("l")
}

// fill adds the fill. One without a price is none that could be booked: Filled tells that it is missing, so that it is looked up.
func (o *report) fill(f *fields, l exchange.Decimal) {
	price := f.positive("L")
	if l.Sign() <= 0 || price.Sign() <= 0 {
		return
	}
	o.Fills = []exchange.Fill{{
		Market: o.Market, Account: o.Account, TradeID: f.id("t"), VenueID: o.VenueID, ClientID: o.ClientID, Side: o.Side, Price: price,
		Quantity: l, Fee: f.optNumber("n"), FeeAsset: exchange.Asset(f.optText("N")), Maker: f.flag("m"), Time: o.Time,
	}}
	if o.Time.IsZero() {
		f.fail("a fill without time")
	}
}

// spotWallet reads an outboundAccountPosition.
func spotWallet(f *fields, n *notice) {
	n.time = f.time(f.first("u", "E"))
	for _, raw := range f.list("B") {
		row := parseFields(raw)
		n.balances = append(n.balances, exchange.Balance{
			Asset: exchange.Asset(row.text("a")), Wallet: exchange.WalletSpot, Free: row.number("f"), Locked: row.number("l"),
		})
		f.adopt(row)
	}
}

// perpAccount reads an ACCOUNT_UPDATE. It does not tell what is free: Locked is the margin of isolated positions, and the rest, of which
// cross positions and orders have their margin, is Free. Positions of hedge mode, one of two sides each, are left out.
func (r reader) perpAccount(f *fields, n *notice) {
	n.time = f.time(f.first("T", "E"))
	a := parseFields(f.value("a"))
	for _, raw := range a.optList("B") {
		row := parseFields(raw)
		total, cross := row.number("wb"), row.number("cw")
		b := exchange.Balance{Asset: exchange.Asset(row.text("a")), Wallet: exchange.WalletPerp, Free: cross.Min(total)}
		b.Locked = total.Sub(b.Free)
		n.balances = append(n.balances, b)
		a.adopt(row)
	}
	for _, raw := range a.optList("P") {
		row := parseFields(raw)
		name, side := row.text("s"), row.text("ps")
		q, entry := row.number("pa"), row.positive("ep")
		a.adopt(row)
		s, ok := r.symbol(name)
		if !ok && !strings.Contains(name, "_") {
			n.unlisted = name
		}
		if ok && side == "BOTH" {
			n.places = append(n.places, exchange.Position{
				Market: exchange.Market{Venue: Venue, Symbol: s}, Account: r.account, Quantity: q, Cost: q.Mul(entry), Time: n.time,
			})
		}
	}
	f.adopt(a)
}
