package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"

	gobinance "github.com/adshao/go-binance/v2"
	"github.com/adshao/go-binance/v2/common"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance/binancetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func serveBinance(e *sim.Engine, secret string) server {
	return binancetest.NewServer(e, binancetest.Config{Keys: []binancetest.Key{{Account: clients, Key: apiKey, Secret: secret}}})
}

// binanceSpot are the words of the spot market, by its documents.
func binanceSpot() venueWords {
	return venueWords{
		name: "BTCUSDT", buy: "BUY", sell: "SELL",
		kinds: map[string]string{"limit": "LIMIT GTC", "ioc": "LIMIT IOC", "post-only": "LIMIT_MAKER GTC", "market": "MARKET GTC"},
		open:  "NEW", partial: "PARTIALLY_FILLED", filled: "FILLED", cancelled: "CANCELED", expired: "EXPIRED",
		funds: "-2010", duplicate: "-2010", unknown: "-2011", signature: "-1022", tooMany: "-1003", postOnly: "-2010", limits: limitsOfBinance(6000),
	}
}

func TestGoBinanceSpot(t *testing.T) {
	v := openVenue(t, market{venue: "binance", symbol: "BTC-USDT", name: "BTCUSDT", split: true}, serveBinance)
	endpoints := v.Endpoints()
	gobinance.BaseWsMainURL = endpoints["spotstream"] + "/ws"
	gobinance.BaseWsApiMainURL = endpoints["spotapi"] + "/ws-api/v3"
	contract(t, v, binanceSpot(), func(_ *testing.T, secret string) client {
		c := gobinance.NewClient(apiKey, secret)
		g := &goBinance{c: c}
		c.BaseURL, c.HTTPClient = endpoints["spotrest"], g.client()
		return g
	})
}

// goBinance is github.com/adshao/go-binance on spot.
type goBinance struct {
	listener
	c     *gobinance.Client
	stops []chan struct{}
}

// told makes the library's error of the venue a refusal.
func told(err error) error {
	var e *common.APIError
	if errors.As(err, &e) {
		return refusal{strconv.FormatInt(e.Code, 10), e.Message}
	}
	return err
}

func (g *goBinance) close() {
	for _, s := range g.stops {
		close(s)
	}
}

func (g *goBinance) instruments() (r []instrument, err error) {
	info, err := g.c.NewExchangeInfoService().Do(context.Background())
	if err != nil {
		return nil, told(err)
	}
	for _, s := range info.Symbols {
		if s.Status == string(gobinance.SymbolStatusTypeTrading) {
			r = append(r, instrument{s.Symbol, s.PriceFilter().TickSize, s.LotSizeFilter().StepSize})
		}
	}
	return r, nil
}

func (g *goBinance) snapshot() (int64, ladder, error) {
	d, err := g.c.NewDepthService().Symbol("BTCUSDT").Limit(1000).Do(context.Background())
	if err != nil {
		return 0, ladder{}, told(err)
	}
	return d.LastUpdateID, newLadder(d.Bids, d.Asks), nil
}

func newLadder(bids, asks []common.PriceLevel) ladder {
	l := ladder{map[string]string{}, map[string]string{}}
	l.change(bids, asks)
	return l
}

func (l ladder) change(bids, asks []common.PriceLevel) {
	for _, x := range bids {
		set(l.bids, x.Price, x.Quantity)
	}
	for _, x := range asks {
		set(l.asks, x.Price, x.Quantity)
	}
}

func (g *goBinance) book() (levels, error) {
	_, l, err := g.snapshot()
	return l.levels(exchange.Scaled(1, 0)), err
}

// followBook is the venue's recipe: a snapshot between the events, which must then follow one another without a gap.
func (g *goBinance) followBook(emit func(levels)) error {
	events := make(chan *gobinance.WsDepthEvent, 1024)
	_, stop, err := gobinance.WsDepthServe100Ms("BTCUSDT", func(e *gobinance.WsDepthEvent) { events <- e }, func(error) {})
	if err != nil {
		return err
	}
	g.stops = append(g.stops, stop)
	go rebuild(events, g.snapshot, func(last int64, e *gobinance.WsDepthEvent) verdict {
		switch {
		case e.LastUpdateID <= last:
			return old
		case e.FirstUpdateID > last+1:
			return gap
		}
		return next
	}, func(l ladder, e *gobinance.WsDepthEvent) int64 {
		l.change(e.Bids, e.Asks)
		return e.LastUpdateID
	}, emit)
	return nil
}

// verdict is how an event stands to the book that has been rebuilt so far.
type verdict int

const (
	old verdict = iota
	next
	gap
)

// rebuild applies events to a snapshot, and takes another one where the stream began later than the first. It gives up on a stream that has a gap
// further on: nothing is lost here.
func rebuild[E any](events <-chan E, snapshot func() (int64, ladder, error), judge func(int64, E) verdict, apply func(ladder, E) int64, emit func(levels)) {
	last, l, err := snapshot()
	tell := func() { emit(l.levels(exchange.Scaled(1, 0))) }
	applied := false
	for tell(); err == nil; tell() {
		e := <-events
		if judge(last, e) == gap {
			if applied {
				return
			}
			if last, l, err = snapshot(); err != nil {
				return
			}
		}
		if judge(last, e) == next {
			last, applied = apply(l, e), true
		}
	}
}

func (g *goBinance) balances() (map[string]purse, error) {
	a, err := g.c.NewGetAccountService().Do(context.Background())
	if err != nil {
		return nil, told(err)
	}
	r := map[string]purse{}
	for _, b := range a.Balances {
		r[b.Asset] = spotPurse(b.Free, b.Locked)
	}
	return r, nil
}

// spotPurse is of a wallet in which nothing is locked but for orders.
func spotPurse(free, locked string) purse {
	f, l := dec(free), dec(locked)
	return purse{f.Add(l), &f, &l}
}

func (g *goBinance) place(o order) (ack, error) {
	s := g.c.NewCreateOrderService().Symbol("BTCUSDT").Side(gobinance.SideTypeBuy).NewClientOrderID(o.id).Quantity(o.quantity.String())
	if o.side == "sell" {
		s.Side(gobinance.SideTypeSell)
	}
	switch o.kind {
	case "limit":
		s.Type(gobinance.OrderTypeLimit).TimeInForce(gobinance.TimeInForceTypeGTC).Price(o.price.String())
	case "ioc":
		s.Type(gobinance.OrderTypeLimit).TimeInForce(gobinance.TimeInForceTypeIOC).Price(o.price.String())
	case "post-only":
		s.Type(gobinance.OrderTypeLimitMaker).Price(o.price.String())
	case "market":
		s.Type(gobinance.OrderTypeMarket)
	}
	a, err := s.Do(context.Background())
	if err != nil {
		return ack{}, told(err)
	}
	r := ack{venueID: strconv.FormatInt(a.OrderID, 10)}
	if a.Side == "" { // the shortest form
		return r, nil
	}
	r.state = &state{
		id: a.ClientOrderID, venueID: r.venueID, side: string(a.Side), kind: fmt.Sprint(a.Type, " ", a.TimeInForce), status: string(a.Status),
		price: dec(a.Price), quantity: dec(a.OrigQuantity), filled: dec(a.ExecutedQuantity), spent: dec(a.CummulativeQuoteQuantity),
	}
	for _, f := range a.Fills {
		r.fills = append(r.fills, fill{
			tradeID: strconv.FormatInt(f.TradeID, 10), clientID: untold, price: dec(f.Price), quantity: dec(f.Quantity),
			fee: dec(f.Commission), feeAsset: f.CommissionAsset, brief: true,
		})
	}
	return r, nil
}

// amend is a cancellation and a new order in one: the library has no other. The order keeps its client id.
func (g *goBinance) amend(o order) error {
	_, err := g.c.NewCancelReplaceOrderService().Symbol("BTCUSDT").Side(gobinance.SideTypeBuy).Type(gobinance.OrderTypeLimit).
		TimeInForce(gobinance.TimeInForceTypeGTC).CancelReplaceMode("STOP_ON_FAILURE").CancelOrigClientOrderID(o.id).NewClientOrderID(o.id).
		Price(o.price.String()).Quantity(o.quantity.String()).Do(context.Background())
	return told(err)
}

func (g *goBinance) cancel(id string) error {
	_, err := g.c.NewCancelOrderService().Symbol("BTCUSDT").OrigClientOrderID(id).Do(context.Background())
	return told(err)
}

func goBinanceState(o *gobinance.Order) state {
	return state{
		id: o.ClientOrderID, venueID: strconv.FormatInt(o.OrderID, 10), side: string(o.Side), kind: fmt.Sprint(o.Type, " ", o.TimeInForce),
		status: string(o.Status),
		price:  dec(o.Price), quantity: dec(o.OrigQuantity), filled: dec(o.ExecutedQuantity), spent: dec(o.CummulativeQuoteQuantity),
	}
}

func (g *goBinance) query(id string) (state, error) {
	o, err := g.c.NewGetOrderService().Symbol("BTCUSDT").OrigClientOrderID(id).Do(context.Background())
	if err != nil {
		return state{}, told(err)
	}
	return goBinanceState(o), nil
}

func (g *goBinance) open() (r []state, err error) {
	all, err := g.c.NewListOpenOrdersService().Symbol("BTCUSDT").Do(context.Background())
	for _, o := range all {
		r = append(r, goBinanceState(o))
	}
	return r, told(err)
}

func (g *goBinance) fills() (r []fill, err error) {
	all, err := g.c.NewListTradesService().Symbol("BTCUSDT").Do(context.Background())
	for _, f := range all {
		side := "SELL"
		if f.IsBuyer {
			side = "BUY"
		}
		r = append(r, fill{
			tradeID: strconv.FormatInt(f.ID, 10), venueID: strconv.FormatInt(f.OrderID, 10), clientID: untold, side: side, price: dec(f.Price), quantity: dec(f.Quantity),
			fee: dec(f.Commission), feeAsset: f.CommissionAsset, maker: f.IsMaker, time: f.Time,
		})
	}
	return r, told(err)
}

func (g *goBinance) followAccount(to account) error {
	_, stop, err := gobinance.WsUserDataServeSignature(g.c.APIKey, g.c.SecretKey, g.c.KeyType, 0, func(e *gobinance.WsUserDataEvent) {
		switch e.Event {
		case gobinance.UserDataEventTypeExecutionReport:
			to.execution(&e.OrderUpdate)
		case gobinance.UserDataEventTypeOutboundAccountPosition:
			for _, b := range e.AccountUpdate.WsAccountUpdates {
				to.purse(b.Asset, spotPurse(b.Free, b.Locked))
			}
		}
	}, func(error) {})
	if err == nil {
		g.stops = append(g.stops, stop)
	}
	return err
}

// execution tells of an order, and of a fill where it is one.
func (to account) execution(o *gobinance.WsOrderUpdate) {
	id, venueID := o.ClientOrderId, strconv.FormatInt(o.Id, 10)
	if slices.Contains([]string{"CANCELED", "REPLACED"}, o.ExecutionType) {
		id = o.OrigCustomOrderId // the other one is the cancellation's
	}
	to.order(state{
		id: id, venueID: venueID, side: o.Side, kind: fmt.Sprint(o.Type, " ", o.TimeInForce), status: o.Status,
		price: dec(o.Price), quantity: dec(o.Volume), filled: dec(o.FilledVolume), spent: dec(o.FilledQuoteVolume),
	})
	if o.ExecutionType == "TRADE" {
		to.fill(fill{
			tradeID: strconv.FormatInt(o.TradeId, 10), venueID: venueID, clientID: id, side: o.Side, price: dec(o.LatestPrice), quantity: dec(o.LatestVolume),
			fee: dec(o.FeeCost), feeAsset: o.FeeAsset, maker: o.IsMaker, time: o.TransactionTime,
		})
	}
}

func (g *goBinance) flood() error {
	for range 100 {
		if _, err := g.c.NewDepthService().Symbol("BTCUSDT").Limit(5000).Do(context.Background()); err != nil {
			return told(err)
		}
	}
	return errors.New("the venue never had enough")
}
