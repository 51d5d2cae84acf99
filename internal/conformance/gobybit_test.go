package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"

	gobybit "github.com/hirokisan/bybit/v2"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit/bybittest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func serveBybit(e *sim.Engine, secret string) server {
	return bybittest.NewServer(e, bybittest.Config{Keys: []bybittest.Key{{Account: clients, Key: apiKey, Secret: secret}}})
}

// bybitWords are the words of one of the venue's markets, by its documents.
func bybitWords(category string) venueWords {
	w := venueWords{
		name: "BTCUSDT", buy: "Buy", sell: "Sell",
		kinds: map[string]string{"limit": "Limit GTC", "ioc": "Limit IOC", "post-only": "Limit PostOnly", "market": "Market IOC"},
		open:  "New", partial: "PartiallyFilled", filled: "Filled", cancelled: "Cancelled", expired: "PartiallyFilledCanceled",
		funds: "170131", duplicate: "170141", unknown: "170213", signature: "10004", tooMany: "10006", limits: limitsOfBybit,
	}
	if category == "linear" { // which has one word for all ends before the whole has filled
		w.expired, w.funds, w.duplicate, w.unknown = "Cancelled", "110007", "110072", "110001"
	}
	return w
}

func TestGoBybit(t *testing.T) {
	for _, m := range []struct {
		category gobybit.CategoryV5
		symbol   string
	}{{gobybit.CategoryV5Spot, "BTC-USDT"}, {gobybit.CategoryV5Linear, "BTC-USDT-PERP"}} {
		category := m.category
		t.Run(string(category), func(t *testing.T) {
			v := openVenue(t, market{venue: "bybit", symbol: m.symbol, name: "BTCUSDT"}, serveBybit)
			endpoints := v.Endpoints()
			contract(t, v, bybitWords(string(category)), func(_ *testing.T, secret string) client {
				ctx, stop := context.WithCancel(context.Background())
				g := &goBybit{
					stream:   gobybit.NewWebsocketClient().WithBaseURL(endpoints["stream"]),
					private:  gobybit.NewWebsocketClient().WithBaseURL(endpoints["private"]).WithAuth(apiKey, secret),
					category: category, ctx: ctx, stop: stop,
				}
				g.c = gobybit.NewClient().WithHTTPClient(g.client()).WithBaseURL(endpoints["rest"]).WithAuth(apiKey, secret).V5()
				return g
			})
		})
	}
}

// goBybit is github.com/hirokisan/bybit.
type goBybit struct {
	listener
	c               gobybit.V5ServiceI
	stream, private *gobybit.WebSocketClient
	category        gobybit.CategoryV5
	ctx             context.Context //nolint:containedctx // the client's life
	stop            func()
	wg              sync.WaitGroup
}

const bybitSymbol gobybit.SymbolV5 = "BTCUSDT"

func (g *goBybit) close() {
	g.stop()
	g.wg.Wait()
}

func (g *goBybit) told(err error) error {
	var e *gobybit.ErrorResponse
	var rate *gobybit.RateLimitV5Error
	switch {
	case errors.As(err, &rate):
		return refusal{strconv.Itoa(rate.RetCode), rate.RetMsg}
	case errors.As(err, &e):
		return refusal{strconv.Itoa(e.RetCode), e.RetMsg}
	}
	return err
}

func ptr[T any](v T) *T { return &v }

func (g *goBybit) instruments() (r []instrument, err error) {
	info, err := g.c.Market().GetInstrumentsInfo(gobybit.V5GetInstrumentsInfoParam{Category: g.category})
	if err != nil {
		return nil, g.told(err)
	}
	if s := info.Result.Spot; s != nil {
		for _, i := range s.List {
			r = append(r, instrument{string(i.Symbol), i.PriceFilter.TickSize, i.LotSizeFilter.BasePrecision})
		}
	}
	if s := info.Result.LinearInverse; s != nil {
		for _, i := range s.List {
			r = append(r, instrument{string(i.Symbol), i.PriceFilter.TickSize, i.LotSizeFilter.QtyStep})
		}
	}
	return r, nil
}

func (g *goBybit) book() (levels, error) {
	b, err := g.c.Market().GetOrderbook(gobybit.V5GetOrderbookParam{Category: g.category, Symbol: bybitSymbol, Limit: ptr(200)})
	if err != nil {
		return levels{}, g.told(err)
	}
	l := ladder{map[string]string{}, map[string]string{}}
	for _, x := range b.Result.Bids {
		set(l.bids, x.Price, x.Quantity)
	}
	for _, x := range b.Result.Asks {
		set(l.asks, x.Price, x.Quantity)
	}
	return l.levels(exchange.Scaled(1, 0)), nil
}

// run reads a socket until the client is closed.
func (g *goBybit) run(start func(context.Context, gobybit.ErrHandler) error) {
	g.wg.Go(func() { _ = start(g.ctx, func(bool, error) {}) })
}

func (g *goBybit) followBook(emit func(levels)) error {
	s, err := g.stream.V5().Public(g.category)
	if err != nil {
		return err
	}
	l, last := ladder{}, 0
	_, err = s.SubscribeOrderBook(gobybit.V5WebsocketPublicOrderBookParamKey{Depth: 50, Symbol: bybitSymbol}, func(m gobybit.V5WebsocketPublicOrderBookResponse) error {
		if m.Type == "snapshot" {
			l = ladder{map[string]string{}, map[string]string{}}
		} else if m.Data.UpdateID != last+1 {
			return errors.New("a gap")
		}
		last = m.Data.UpdateID
		for _, x := range m.Data.Bids {
			set(l.bids, x.Price, x.Size)
		}
		for _, x := range m.Data.Asks {
			set(l.asks, x.Price, x.Size)
		}
		emit(l.levels(exchange.Scaled(1, 0)))
		return nil
	})
	g.run(s.Start)
	return err
}

func (g *goBybit) balances() (map[string]purse, error) {
	w, err := g.c.Account().GetWalletBalance(gobybit.AccountTypeV5UNIFIED, nil)
	if err != nil {
		return nil, g.told(err)
	}
	r := map[string]purse{}
	for _, a := range w.Result.List {
		for _, c := range a.Coin {
			r[string(c.Coin)] = bybitPurse(c.WalletBalance, c.Locked, c.TotalOrderIM, c.TotalPositionIM)
		}
	}
	return r, nil
}

// bybitPurse is of a wallet in which locked is what spot orders hold.
func bybitPurse(wallet, locked, orders, position string) purse {
	p := purse{total: dec(wallet)}
	held := dec(locked).Add(dec(orders))
	free := p.total.Sub(held).Sub(dec(position))
	p.free, p.orders = &free, &held
	return p
}

func (g *goBybit) place(o order) (ack, error) {
	p := gobybit.V5CreateOrderParam{
		Category: g.category, Symbol: bybitSymbol, Side: gobybit.SideBuy, OrderType: gobybit.OrderTypeLimit, Qty: o.quantity.String(), OrderLinkID: &o.id,
	}
	if o.side == "sell" {
		p.Side = gobybit.SideSell
	}
	if o.kind == "market" {
		p.OrderType, p.MarketUnit = gobybit.OrderTypeMarket, ptr(gobybit.MarketUnitBaseCoin)
	} else {
		tif := map[string]gobybit.TimeInForce{"limit": "GTC", "ioc": "IOC", "post-only": gobybit.TimeInForcePostOnly}
		p.Price, p.TimeInForce = ptr(o.price.String()), ptr(tif[o.kind])
	}
	a, err := g.c.Order().CreateOrder(p)
	if err != nil {
		return ack{}, g.told(err)
	}
	return ack{venueID: a.Result.OrderID}, nil
}

func (g *goBybit) amend(o order) error {
	_, err := g.c.Order().AmendOrder(gobybit.V5AmendOrderParam{Category: g.category, Symbol: bybitSymbol, OrderLinkID: &o.id, Price: ptr(o.price.String()), Qty: ptr(o.quantity.String())})
	return g.told(err)
}

func (g *goBybit) cancel(id string) error {
	_, err := g.c.Order().CancelOrder(gobybit.V5CancelOrderParam{Category: g.category, Symbol: bybitSymbol, OrderLinkID: &id})
	return g.told(err)
}

func (g *goBybit) orders(p gobybit.V5GetOpenOrdersParam) (r []state, err error) {
	p.Category, p.Symbol = g.category, ptr(bybitSymbol)
	all, err := g.c.Order().GetOpenOrders(p)
	if err != nil {
		return nil, g.told(err)
	}
	for _, o := range all.Result.List {
		r = append(r, state{
			id: o.OrderLinkID, venueID: o.OrderID, side: string(o.Side), kind: fmt.Sprint(o.OrderType, " ", o.TimeInForce), status: string(o.OrderStatus),
			price: decOr0(o.Price), quantity: dec(o.Qty), filled: dec(o.CumExecQty), spent: dec(o.CumExecValue), fee: ptr(dec(o.CumExecFee)),
			feeAsset: untold,
		})
	}
	return r, nil
}

// decOr0 reads a number that may be empty.
func decOr0(s string) exchange.Decimal {
	if s == "" {
		return exchange.Decimal{}
	}
	return dec(s)
}

func (g *goBybit) query(id string) (state, error) {
	all, err := g.orders(gobybit.V5GetOpenOrdersParam{OrderLinkID: &id})
	if err == nil && len(all) != 1 {
		err = errors.New("not found")
	}
	if err != nil {
		return state{}, err
	}
	return all[0], nil
}

func (g *goBybit) open() ([]state, error) { return g.orders(gobybit.V5GetOpenOrdersParam{}) }

func (g *goBybit) fills() (r []fill, err error) {
	all, err := g.c.Execution().GetExecutionList(gobybit.V5GetExecutionParam{Category: g.category, Symbol: ptr(bybitSymbol), Limit: ptr(100)})
	if err != nil {
		return nil, g.told(err)
	}
	for _, f := range all.Result.List {
		r = append(r, fill{
			tradeID: f.ExecID, venueID: f.OrderID, clientID: f.OrderLinkID, side: string(f.Side), price: dec(f.ExecPrice), quantity: dec(f.ExecQty),
			fee: dec(f.ExecFee), feeAsset: string(f.FeeCurrency), maker: f.IsMaker, time: milli(f.ExecTime),
		})
	}
	return r, nil
}

// milli is a time that is told in text.
func milli(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

func (g *goBybit) followAccount(to account) error {
	s, err := g.private.V5().Private()
	if err != nil {
		return err
	}
	if err := s.Subscribe(); err != nil {
		return err
	}
	_, err = s.SubscribeOrder(func(m gobybit.V5WebsocketPrivateOrderResponse) error {
		for _, o := range m.Data {
			to.order(state{
				id: o.OrderLinkID, venueID: o.OrderID, side: string(o.Side), kind: fmt.Sprint(o.OrderType, " ", o.TimeInForce), status: string(o.OrderStatus),
				price: decOr0(o.Price), quantity: dec(o.Qty), filled: dec(o.CumExecQty), spent: dec(o.CumExecValue), fee: ptr(dec(o.CumExecFee)),
				feeAsset: untold,
			})
		}
		return nil
	})
	_, err1 := s.SubscribeExecution(func(m gobybit.V5WebsocketPrivateExecutionResponse) error {
		for _, f := range m.Data {
			to.fill(fill{
				tradeID: f.ExecID, venueID: f.OrderID, clientID: f.OrderLinkID, side: string(f.Side), price: dec(f.ExecPrice), quantity: dec(f.ExecQty),
				fee: dec(f.ExecFee), feeAsset: untold, maker: f.IsMaker, time: milli(f.ExecTime),
			})
		}
		return nil
	})
	_, err2 := s.SubscribeWallet(func(m gobybit.V5WebsocketPrivateWalletResponse) error {
		for _, w := range m.Data {
			for _, c := range w.Coins {
				to.purse(string(c.Coin), purse{total: dec(c.WalletBalance)}) // it does not know what is locked
			}
		}
		return nil
	})
	g.run(s.Start)
	return errors.Join(err, err1, err2)
}

// flood asks many questions at once: the venue counts them by the second. What a busy machine fails at is no refusal.
func (g *goBybit) flood() error {
	all := make(chan error, 200)
	for range cap(all) {
		go func() {
			_, err := g.open()
			all <- err
		}()
	}
	first := errors.New("the venue never had enough")
	for range cap(all) {
		err := <-all
		if r, of := errors.AsType[refusal](err); of && r.code == "10006" {
			first = r
		}
	}
	return first
}
