package conformance_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/adshao/go-binance/v2/futures"

	"github.com/bothlegs/bothlegs/exchange"
)

func TestGoBinanceFutures(t *testing.T) {
	v := openVenue(t, market{venue: "binance", symbol: "BTC-USDT-PERP", name: "BTCUSDT", split: true}, serveBinance)
	endpoints := v.Endpoints()
	futures.BaseWsMainUrl = endpoints["futuresstream"] + "/public/ws" // it knows the retired path without a group
	w := venueWords{
		name: "BTCUSDT", buy: "BUY", sell: "SELL",
		kinds: map[string]string{"limit": "LIMIT GTC", "ioc": "LIMIT IOC", "post-only": "LIMIT GTX", "market": "MARKET GTC"},
		open:  "NEW", partial: "PARTIALLY_FILLED", filled: "FILLED", cancelled: "CANCELED", expired: "EXPIRED",
		funds: "-2019", duplicate: "-4116", unknown: "-2011", signature: "-1022", tooMany: "-1003", postOnly: "-5022", limits: limitsOfBinance(2400),
		noOrderStream: true,
	}
	contract(t, v, w, func(_ *testing.T, secret string) client {
		c := futures.NewClient(apiKey, secret)
		g := &goFutures{c: c}
		c.BaseURL, c.HTTPClient = endpoints["futuresrest"], g.client()
		return g
	})
}

// goFutures is github.com/adshao/go-binance on USD-M futures.
type goFutures struct {
	listener
	c    *futures.Client
	stop chan struct{}
}

func (g *goFutures) close() {
	if g.stop != nil {
		close(g.stop)
	}
}

func (g *goFutures) instruments() (r []instrument, err error) {
	info, err := g.c.NewExchangeInfoService().Do(context.Background())
	if err != nil {
		return nil, told(err)
	}
	for _, s := range info.Symbols {
		if s.Status == string(futures.SymbolStatusTypeTrading) && s.ContractType == futures.ContractTypePerpetual {
			r = append(r, instrument{s.Symbol, s.PriceFilter().TickSize, s.LotSizeFilter().StepSize})
		}
	}
	return r, nil
}

func (g *goFutures) snapshot() (int64, ladder, error) {
	d, err := g.c.NewDepthService().Symbol("BTCUSDT").Limit(1000).Do(context.Background())
	if err != nil {
		return 0, ladder{}, told(err)
	}
	return d.LastUpdateID, newLadder(d.Bids, d.Asks), nil
}

func (g *goFutures) book() (levels, error) {
	_, l, err := g.snapshot()
	return l.levels(exchange.Scaled(1, 0)), err
}

// followBook is the venue's recipe: the first event spans the snapshot, each later one names the one before it.
func (g *goFutures) followBook(emit func(levels)) (err error) {
	events := make(chan *futures.WsDepthEvent, 1024)
	_, g.stop, err = futures.WsDiffDepthServeWithRate("BTCUSDT", 100*time.Millisecond, func(e *futures.WsDepthEvent) { events <- e }, func(error) {})
	if err != nil {
		return err
	}
	first := true
	go rebuild(events, func() (int64, ladder, error) { first = true; return g.snapshot() }, func(last int64, e *futures.WsDepthEvent) verdict {
		switch {
		case e.LastUpdateID < last || !first && e.LastUpdateID == last:
			return old
		case first && e.FirstUpdateID > last, !first && e.PrevLastUpdateID != last:
			return gap
		}
		return next
	}, func(l ladder, e *futures.WsDepthEvent) int64 {
		first = false
		l.change(e.Bids, e.Asks)
		return e.LastUpdateID
	}, emit)
	return nil
}

func (g *goFutures) balances() (map[string]purse, error) {
	all, err := g.c.NewGetBalanceService().Do(context.Background())
	if err != nil {
		return nil, told(err)
	}
	r := map[string]purse{}
	for _, b := range all {
		free := dec(b.AvailableBalance)
		r[b.Asset] = purse{total: dec(b.Balance), free: &free}
	}
	return r, nil
}

func (g *goFutures) place(o order) (ack, error) {
	s := g.c.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).NewClientOrderID(o.id).Quantity(o.quantity.String())
	if o.side == "sell" {
		s.Side(futures.SideTypeSell)
	}
	if o.kind == "market" {
		s.Type(futures.OrderTypeMarket)
	} else {
		tif := map[string]futures.TimeInForceType{"limit": futures.TimeInForceTypeGTC, "ioc": futures.TimeInForceTypeIOC, "post-only": futures.TimeInForceTypeGTX}
		s.Type(futures.OrderTypeLimit).TimeInForce(tif[o.kind]).Price(o.price.String())
	}
	a, err := s.Do(context.Background())
	if err != nil {
		return ack{}, told(err)
	}
	return ack{venueID: strconv.FormatInt(a.OrderID, 10)}, nil
}

func (g *goFutures) amend(o order) error {
	_, err := g.c.NewModifyOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).OrigClientOrderID(o.id).Price(o.price.String()).
		Quantity(o.quantity.String()).Do(context.Background())
	return told(err)
}

func (g *goFutures) cancel(id string) error {
	_, err := g.c.NewCancelOrderService().Symbol("BTCUSDT").OrigClientOrderID(id).Do(context.Background())
	return told(err)
}

func goFuturesState(o *futures.Order) state {
	return state{
		id: o.ClientOrderID, venueID: strconv.FormatInt(o.OrderID, 10), side: string(o.Side), kind: fmt.Sprint(o.Type, " ", o.TimeInForce),
		status: string(o.Status),
		price:  dec(o.Price), quantity: dec(o.OrigQuantity), filled: dec(o.ExecutedQuantity), spent: dec(o.CumQuote),
	}
}

func (g *goFutures) query(id string) (state, error) {
	o, err := g.c.NewGetOrderService().Symbol("BTCUSDT").OrigClientOrderID(id).Do(context.Background())
	if err != nil {
		return state{}, told(err)
	}
	return goFuturesState(o), nil
}

func (g *goFutures) open() (r []state, err error) {
	all, err := g.c.NewListOpenOrdersService().Symbol("BTCUSDT").Do(context.Background())
	for _, o := range all {
		r = append(r, goFuturesState(o))
	}
	return r, told(err)
}

func (g *goFutures) fills() (r []fill, err error) {
	all, err := g.c.NewListAccountTradeService().Symbol("BTCUSDT").Do(context.Background())
	for _, f := range all {
		r = append(r, fill{
			tradeID: strconv.FormatInt(f.ID, 10), venueID: strconv.FormatInt(f.OrderID, 10), clientID: untold, side: string(f.Side),
			price: dec(f.Price), quantity: dec(f.Quantity), fee: dec(f.Commission), feeAsset: f.CommissionAsset, maker: f.Maker, time: f.Time,
		})
		if f.Buyer != (f.Side == futures.SideTypeBuy) {
			return nil, fmt.Errorf("buyer is %t, and side %s", f.Buyer, f.Side)
		}
	}
	return r, told(err)
}

func (g *goFutures) followAccount(account) error { return errors.New("it dials a retired path") }

func (g *goFutures) flood() error {
	for range 300 {
		if _, err := g.c.NewDepthService().Symbol("BTCUSDT").Limit(1000).Do(context.Background()); err != nil {
			return told(err)
		}
	}
	return errors.New("the venue never had enough")
}
