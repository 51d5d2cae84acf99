package binancetest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// spotWallet is the answer to GET account of spot.
type spotWallet struct {
	Maker       int           `json:"makerCommission"`
	Taker       int           `json:"takerCommission"`
	Buyer       int           `json:"buyerCommission"`
	Seller      int           `json:"sellerCommission"`
	Rates       commission    `json:"commissionRates"`
	Trades      bool          `json:"canTrade"`
	Withdraws   bool          `json:"canWithdraw"`
	Deposits    bool          `json:"canDeposit"`
	Brokered    bool          `json:"brokered"`
	RequireSTP  bool          `json:"requireSelfTradePrevention"`
	PreventSOR  bool          `json:"preventSor"`
	Update      int64         `json:"updateTime"`
	Type        string        `json:"accountType"`
	Balances    []spotBalance `json:"balances"`
	Permissions []string      `json:"permissions"`
	UID         int64         `json:"uid"`
}

type spotBalance struct {
	Asset  string `json:"asset"`
	Free   string `json:"free"`
	Locked string `json:"locked"`
}

type commission struct {
	Maker  string `json:"maker"`
	Taker  string `json:"taker"`
	Buyer  string `json:"buyer"`
	Seller string `json:"seller"`
}

// fees are the account's rates on m.
func (c *call) fees(m *market) (r exchange.FeeRates) {
	c.h.s.look(func(_ time.Time, e *sim.Engine) { r, _ = e.Fees(c.key.Account, m.ins.Market.Symbol) })
	return r
}

// rates writes fees; none for buyers and sellers.
func rates(r exchange.FeeRates) commission {
	none := money(exchange.Decimal{})
	return commission{money(r.Maker), money(r.Taker), none, none}
}

func points(d exchange.Decimal) int {
	n, _ := d.Round(exchange.Scaled(1, -4), exchange.HalfEven).Int64(-4)
	return int(n)
}

// wallet tells the spot wallet.
func (c *call) wallet() (any, *refusal) {
	omit, refused := c.params.flag("omitZeroBalances")
	if refused != nil {
		return nil, refused
	}
	var f exchange.FeeRates
	if len(c.h.list) > 0 {
		f = c.fees(c.h.list[0])
	}
	a := spotWallet{
		Maker: points(f.Maker), Taker: points(f.Taker), Rates: rates(f), Trades: !c.key.ReadOnly, Withdraws: true, Deposits: true, Update: time.Now().UnixMilli(),
		Type: "SPOT", Permissions: []string{"SPOT"}, UID: 1, Balances: []spotBalance{},
	}
	held := map[exchange.Asset]bool{}
	for _, b := range c.balances() {
		held[b.Asset] = true
		a.Balances = append(a.Balances, spotBalance{string(b.Asset), money(b.Free), money(b.Locked)})
	}
	for _, asset := range c.h.assets {
		if !omit && !held[asset] {
			a.Balances = append(a.Balances, spotBalance{string(asset), money(exchange.Decimal{}), money(exchange.Decimal{})})
		}
	}
	return a, nil
}

// balances are those of the wallet of the request's market.
func (c *call) balances() (list []exchange.Balance) {
	other := exchange.WalletPerp
	if c.h.kind == exchange.Perp {
		other = exchange.WalletSpot
	}
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		for _, b := range e.Balances(c.key.Account) {
			if b.Wallet != other {
				list = append(list, b)
			}
		}
	})
	return list
}

type spotFees struct {
	Symbol   string     `json:"symbol"`
	Standard commission `json:"standardCommission"`
	Special  commission `json:"specialCommission"`
	Tax      commission `json:"taxCommission"`
	Discount discount   `json:"discount"`
}

type discount struct {
	Account bool   `json:"enabledForAccount"`
	Symbol  bool   `json:"enabledForSymbol"`
	Asset   string `json:"discountAsset"`
	Rate    string `json:"discount"`
}

func (c *call) spotFees() (any, *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	none := rates(exchange.FeeRates{})
	return spotFees{m.symbol, rates(c.fees(m)), none, none, discount{Asset: "BNB", Rate: "0.75000000"}}, nil
}

type perpFees struct {
	Symbol string `json:"symbol"`
	Maker  string `json:"makerCommissionRate"`
	Taker  string `json:"takerCommissionRate"`
	RPI    string `json:"rpiCommissionRate"`
}

func (c *call) perpFees() (any, *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	r := c.fees(m)
	return perpFees{m.symbol, r.Maker.String(), r.Taker.String(), r.Maker.String()}, nil
}

type perpWallet struct {
	Alias     string `json:"accountAlias"`
	Asset     string `json:"asset"`
	Balance   string `json:"balance"`
	Cross     string `json:"crossWalletBalance"`
	Profit    string `json:"crossUnPnl"`
	Available string `json:"availableBalance"`
	Withdraw  string `json:"maxWithdrawAmount"`
	Margin    bool   `json:"marginAvailable"`
	Update    int64  `json:"updateTime"`
}

// maintenance is the margin that a position must keep, in thousandths of its worth.
const maintenance = 4

// profits are what the account's positions would bring at the mark price, by asset, and the margin that they must keep.
func (c *call) profits() (by map[exchange.Asset]exchange.Decimal, all, kept exchange.Decimal) {
	by = map[exchange.Asset]exchange.Decimal{}
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		for _, p := range e.Positions(c.key.Account) {
			y := p.Market.Symbol
			mark, ok := e.Mark(y)
			if y.Kind != exchange.Perp || !ok {
				continue
			}
			profit := p.Quantity.Mul(mark.Sub(e.Entry(c.key.Account, y)))
			by[y.Quote], all = by[y.Quote].Add(profit), all.Add(profit)
			kept = kept.Add(p.Quantity.Abs().Mul(mark).Mul(exchange.Scaled(maintenance, -3)))
		}
	})
	return by, all, kept
}

func (c *call) perpBalances() (any, *refusal) {
	rows := []perpWallet{}
	profits, _, _ := c.profits()
	for _, b := range c.balances() {
		free := money(b.Free.Max(exchange.Decimal{}))
		rows = append(rows, perpWallet{"SIM", string(b.Asset), money(b.Total()), money(b.Total()), money(profits[b.Asset]), free, free, true, time.Now().UnixMilli()})
	}
	return rows, nil
}

// perpRisk is a position as positionRisk has it.
type perpRisk struct {
	Symbol      string `json:"symbol"`
	Side        string `json:"positionSide"`
	Qty         string `json:"positionAmt"`
	Entry       string `json:"entryPrice"`
	BreakEven   string `json:"breakEvenPrice"`
	Mark        string `json:"markPrice"`
	Profit      string `json:"unRealizedProfit"`
	Liquidation string `json:"liquidationPrice"`
	Isolated    string `json:"isolatedMargin"`
	Notional    string `json:"notional"`
	MarginAsset string `json:"marginAsset"`
	Wallet      string `json:"isolatedWallet"`
	Initial     string `json:"initialMargin"`
	Maintenance string `json:"maintMargin"`
	OfPosition  string `json:"positionInitialMargin"`
	OfOrders    string `json:"openOrderInitialMargin"`
	ADL         int    `json:"adl"`
	Bids        string `json:"bidNotional"`
	Asks        string `json:"askNotional"`
	Update      int64  `json:"updateTime"`
}

func (c *call) positionRisk() (any, *refusal) {
	all, refused := c.markets()
	if refused != nil {
		return nil, refused
	}
	rows := []perpRisk{}
	c.h.s.look(func(_ time.Time, e *sim.Engine) {
		for _, m := range all {
			if r, ok := c.risk(e, m); ok {
				rows = append(rows, r)
			}
		}
	})
	return rows, nil
}

// risk is the account's position on m; false where it has neither that nor orders.
func (c *call) risk(e *sim.Engine, m *market) (perpRisk, bool) {
	y := m.ins.Market.Symbol
	var q exchange.Decimal
	var at time.Time
	for _, p := range e.Positions(c.key.Account) {
		if p.Market == m.ins.Market {
			q, at = p.Quantity, p.Time
		}
	}
	orders, position := e.Margin(c.key.Account, y)
	if q.IsZero() && orders.IsZero() && len(e.OpenOrders(c.key.Account, y)) == 0 {
		return perpRisk{}, false
	}
	mark, _ := e.Mark(y)
	entry := e.Entry(c.key.Account, y)
	r := perpRisk{
		Symbol: m.symbol, Side: "BOTH", Qty: m.qty(q), Entry: m.price(entry), BreakEven: m.price(entry), Mark: money(mark), Profit: money(q.Mul(mark.Sub(entry))),
		Liquidation: "0", Isolated: "0", Notional: money(q.Mul(mark)), MarginAsset: string(y.Quote), Wallet: "0", Initial: money(orders.Add(position)),
		Maintenance: money(q.Abs().Mul(mark).Mul(exchange.Scaled(maintenance, -3))), OfPosition: money(position), OfOrders: money(orders), ADL: 1, Bids: "0", Asks: "0",
		Update: ms(at),
	}
	if q.IsZero() {
		r.Entry, r.BreakEven, r.ADL = "0.0", "0.0", 0
	}
	return r, true
}

// perpTotals is the answer to GET account of futures.
type perpTotals struct {
	Initial     string     `json:"totalInitialMargin"`
	Maintenance string     `json:"totalMaintMargin"`
	Wallet      string     `json:"totalWalletBalance"`
	Profit      string     `json:"totalUnrealizedProfit"`
	Margin      string     `json:"totalMarginBalance"`
	Cross       string     `json:"totalCrossWalletBalance"`
	Available   string     `json:"availableBalance"`
	Withdraw    string     `json:"maxWithdrawAmount"`
	Assets      any        `json:"assets"`
	Positions   []perpRisk `json:"positions"`
}

type perpAsset struct {
	Asset     string `json:"asset"`
	Wallet    string `json:"walletBalance"`
	Margin    string `json:"marginBalance"`
	Initial   string `json:"initialMargin"`
	Cross     string `json:"crossWalletBalance"`
	Available string `json:"availableBalance"`
	Update    int64  `json:"updateTime"`
}

func (c *call) perpAccount() (any, *refusal) {
	var total, locked exchange.Decimal
	assets := []perpAsset{}
	profits, profit, kept := c.profits()
	for _, b := range c.balances() {
		total, locked = total.Add(b.Total()), locked.Add(b.Locked)
		all := money(b.Total())
		assets = append(assets, perpAsset{string(b.Asset), all, money(b.Total().Add(profits[b.Asset])), money(b.Locked), all, money(b.Free), time.Now().UnixMilli()})
	}
	positions, _ := c.positionRisk()
	a := perpTotals{
		Initial: money(locked), Maintenance: money(kept), Wallet: money(total), Profit: money(profit), Margin: money(total.Add(profit)), Cross: money(total),
		Available: money(total.Sub(locked)), Withdraw: money(total.Sub(locked)), Assets: assets,
	}
	a.Positions, _ = positions.([]perpRisk)
	return a, nil
}
