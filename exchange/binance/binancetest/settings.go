package binancetest

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

type accountConfig struct {
	FeeTier   int   `json:"feeTier"`
	Trades    bool  `json:"canTrade"`
	Deposits  bool  `json:"canDeposit"`
	Withdraws bool  `json:"canWithdraw"`
	Dual      bool  `json:"dualSidePosition"`
	Update    int64 `json:"updateTime"`
	Multi     bool  `json:"multiAssetsMargin"`
	Group     int   `json:"tradeGroupId"`
}

func (c *call) accountConfig() (any, *refusal) {
	return accountConfig{Trades: !c.key.ReadOnly, Deposits: true, Withdraws: true, Group: -1}, nil
}

// words are answers that never change.
type words map[string]any

func (c *call) symbolConfig() (any, *refusal) {
	all, refused := c.markets()
	if refused != nil {
		return nil, refused
	}
	rows := []words{}
	for _, m := range all {
		rows = append(rows, words{"symbol": m.symbol, "marginType": "CROSSED", "isAutoAddMargin": false, "leverage": 10, "maxNotionalValue": "1000000"})
	}
	return rows, nil
}

func (c *call) dual() (any, *refusal) { return words{"dualSidePosition": false}, nil }

// setDual refuses hedge mode: there is one position a symbol.
func (c *call) setDual() (any, *refusal) {
	both, refused := c.params.flag("dualSidePosition")
	switch {
	case refused != nil:
		return nil, refused
	case both:
		return nil, refuse(-4068, "Position side cannot be changed if there exists position.")
	}
	return nil, refuse(-4059, "No need to change position side.")
}

func (c *call) setLeverage() (any, *refusal) {
	m, refused := c.market()
	if refused != nil {
		return nil, refused
	}
	n, refused := c.params.integer("leverage", 0)
	if refused == nil && (n < 1 || n > 125) {
		refused = refuse(-4028, "Leverage %d is not valid", n)
	}
	return words{"leverage": n, "maxNotionalValue": "1000000", "symbol": m.symbol}, refused
}

func (c *call) setMarginType() (any, *refusal) {
	if _, refused := c.market(); refused != nil {
		return nil, refused
	}
	if v := c.params.get("marginType"); v != "CROSSED" {
		return nil, refuse(-4047, "Margin type cannot be changed if there exists open orders.")
	}
	return nil, refuse(-4046, "No need to change margin type.")
}

// orderLimits tells what the account has used of its limits of orders.
func (c *call) orderLimits() (any, *refusal) {
	rows := []limitRow{}
	for i, name := range c.h.limits.orders {
		row := c.h.limits.rows[i+1]
		n := c.h.s.meter.Read(name, string(c.key.Account)).Used
		row.Count = &n
		rows = append(rows, row)
	}
	return rows, nil
}

// income lists the fees that the account paid, which is all that is kept of a futures wallet's history.
func (c *call) income() (any, *refusal) {
	all, refused := c.markets()
	if refused != nil {
		return nil, refused
	}
	s, refused := c.span()
	if refused != nil {
		return nil, refused
	}
	rows := []words{}
	for _, m := range all {
		var fills []exchange.Fill
		c.h.s.look(func(_ time.Time, e *sim.Engine) { fills = e.Fills(c.key.Account, m.ins.Market.Symbol, s.from) })
		for _, f := range fills {
			if s.holds(f.Time) {
				rows = append(rows, words{"symbol": m.symbol, "incomeType": "COMMISSION", "income": money(f.Fee.Neg()), "asset": string(f.FeeAsset),
					"info": "COMMISSION", "time": ms(f.Time), "tranId": number(f.TradeID), "tradeId": f.TradeID})
			}
		}
	}
	return page(rows, s.limit, !s.from.IsZero()), nil
}
