package bybittest

import (
	"slices"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// walletRow is the unified account as REST and the wallet topic tell it.
type walletRow struct {
	AccountType           string    `json:"accountType"`
	AccountLTV            string    `json:"accountLTV"`
	AccountIMRate         string    `json:"accountIMRate"`
	AccountMMRate         string    `json:"accountMMRate"`
	TotalEquity           string    `json:"totalEquity"`
	TotalWalletBalance    string    `json:"totalWalletBalance"`
	TotalMarginBalance    string    `json:"totalMarginBalance"`
	TotalAvailableBalance string    `json:"totalAvailableBalance"`
	TotalPerpUPL          string    `json:"totalPerpUPL"`
	TotalInitialMargin    string    `json:"totalInitialMargin"`
	TotalMaintenance      string    `json:"totalMaintenanceMargin"`
	Coins                 []coinRow `json:"coin"`
}

// coinRow is one coin of the account.
type coinRow struct {
	Coin             string `json:"coin"`
	Equity           string `json:"equity"`
	USDValue         string `json:"usdValue"`
	WalletBalance    string `json:"walletBalance"`
	Free             string `json:"free"`
	Locked           string `json:"locked"`
	SpotHedgingQty   string `json:"spotHedgingQty"`
	BorrowAmount     string `json:"borrowAmount"`
	SpotBorrow       string `json:"spotBorrow"`
	AccruedInterest  string `json:"accruedInterest"`
	AvailToWithdraw  string `json:"availableToWithdraw"`
	AvailToBorrow    string `json:"availableToBorrow"`
	TotalOrderIM     string `json:"totalOrderIM"`
	TotalPositionIM  string `json:"totalPositionIM"`
	TotalPositionMM  string `json:"totalPositionMM"`
	UnrealisedPnl    string `json:"unrealisedPnl"`
	CumRealisedPnl   string `json:"cumRealisedPnl"`
	Bonus            string `json:"bonus"`
	MarginCollateral bool   `json:"marginCollateral"`
	CollateralSwitch bool   `json:"collateralSwitch"`
}

// purse is what an account has of one coin, taken apart.
type purse struct {
	balance          exchange.Balance
	orders, position exchange.Decimal // margin
	unrealised       exchange.Decimal
	realised         exchange.Decimal // by closes that are not settled in the engine yet
}

// purseOf takes an asset apart. It is called under the floor's lock.
func (s *Server) purseOf(e *sim.Engine, account exchange.AccountID, b exchange.Balance) purse {
	p := purse{balance: b}
	for _, ins := range s.instruments {
		y := ins.Market.Symbol
		if y.Kind != exchange.Perp || y.Quote != b.Asset {
			continue
		}
		orders, position := e.Margin(account, y)
		p.orders, p.position = p.orders.Add(orders), p.position.Add(position)
	}
	for _, pos := range e.Positions(account) {
		if pos.Market.Symbol.Quote != b.Asset {
			continue
		}
		entry := e.Entry(account, pos.Market.Symbol)
		p.realised = p.realised.Add(realised(pos, entry))
		if mark, ok := e.Mark(pos.Market.Symbol); ok {
			p.unrealised = p.unrealised.Add(pos.Quantity.Mul(mark.Sub(entry)))
		}
	}
	return p
}

// realised is what closing parts of a position has brought. An entry price is rounded: what is less than the venue's wallets count is nothing.
func realised(p exchange.Position, entry exchange.Decimal) exchange.Decimal {
	return p.Quantity.Mul(entry).Sub(p.Cost).Round(exchange.Scaled(1, -8), exchange.HalfEven)
}

// row tells a purse. What closing a part of a position has brought is in the wallet, whatever the engine thinks of the rest.
func (p purse) row() coinRow {
	whole := p.balance.Total().Add(p.realised)
	equity := whole.Add(p.unrealised)
	return coinRow{
		Coin: string(p.balance.Asset), Equity: plain(equity), USDValue: plain(equity), WalletBalance: plain(whole),
		Locked: plain(p.balance.Locked.Sub(p.orders).Sub(p.position)), SpotHedgingQty: "0", BorrowAmount: "0", SpotBorrow: "0", AccruedInterest: "0",
		TotalOrderIM: plain(p.orders), TotalPositionIM: plain(p.position), TotalPositionMM: "0",
		UnrealisedPnl: plain(p.unrealised), CumRealisedPnl: "0", Bonus: "0", MarginCollateral: true, CollateralSwitch: true,
	}
}

// walletOf is an account's wallet with these coins; nil: all that it has. It is called under the floor's lock.
func (s *Server) walletOf(e *sim.Engine, account exchange.AccountID, coins []string) walletRow {
	var initial, upl exchange.Decimal
	rows := []coinRow{}
	for _, b := range e.Balances(account) {
		p := s.purseOf(e, account, b)
		initial, upl = initial.Add(p.orders).Add(p.position), upl.Add(p.unrealised)
		if coins == nil || slices.Contains(coins, string(b.Asset)) {
			rows = append(rows, p.row())
		}
	}
	// The simulation knows no rates between coins: the sums count the coins that margin is paid in, one for one.
	var equity, free exchange.Decimal
	for _, b := range e.Balances(account) {
		if s.isSettle(b.Asset) {
			p := s.purseOf(e, account, b)
			equity, free = equity.Add(b.Total()).Add(p.realised), free.Add(b.Free)
		}
	}
	return walletRow{
		AccountType: "UNIFIED", AccountLTV: "0", AccountIMRate: "0", AccountMMRate: "0", TotalEquity: plain(equity.Add(upl)),
		TotalWalletBalance: plain(equity), TotalMarginBalance: plain(equity.Add(upl)), TotalAvailableBalance: plain(free), TotalPerpUPL: plain(upl),
		TotalInitialMargin: plain(initial), TotalMaintenance: "0", Coins: rows,
	}
}

func (s *Server) isSettle(a exchange.Asset) bool {
	return slices.ContainsFunc(s.instruments, func(i exchange.Instrument) bool { return i.Settle == a })
}

func (s *Server) wallet(a *ask) (any, *refusal) {
	if a.Query.Get("accountType") != "UNIFIED" {
		return nil, refuse(codeParams, "accountType only support UNIFIED.")
	}
	var coins []string
	if c := a.Query.Get("coin"); c != "" {
		coins = strings.Split(c, ",")
	}
	var row walletRow
	s.floor.Read(func(_ time.Time, e *sim.Engine) { row = s.walletOf(e, a.account, coins) })
	return object{"list": []walletRow{row}}, nil
}

// positionRow is a position as REST and the position topic tell it.
type positionRow struct {
	Category       string `json:"category,omitempty"` // on the stream only
	PositionIdx    int    `json:"positionIdx"`
	RiskID         int    `json:"riskId"`
	RiskLimitValue string `json:"riskLimitValue"`
	Symbol         string `json:"symbol"`
	Side           string `json:"side"`
	Size           string `json:"size"`
	AvgPrice       string `json:"avgPrice,omitempty"`   // REST
	EntryPrice     string `json:"entryPrice,omitempty"` // stream
	PositionValue  string `json:"positionValue"`
	TradeMode      int    `json:"tradeMode"`
	PositionStatus string `json:"positionStatus"`
	AutoAddMargin  int    `json:"autoAddMargin"`
	AdlRank        int    `json:"adlRankIndicator"`
	Leverage       string `json:"leverage"`
	Balance        string `json:"positionBalance"`
	MarkPrice      string `json:"markPrice"`
	LiqPrice       string `json:"liqPrice"`
	BustPrice      string `json:"bustPrice"`
	PositionMM     string `json:"positionMM"`
	PositionIM     string `json:"positionIM"`
	TpslMode       string `json:"tpslMode"`
	TakeProfit     string `json:"takeProfit"`
	StopLoss       string `json:"stopLoss"`
	TrailingStop   string `json:"trailingStop"`
	UnrealisedPnl  string `json:"unrealisedPnl"`
	CurRealisedPnl string `json:"curRealisedPnl"`
	CumRealisedPnl string `json:"cumRealisedPnl"`
	Seq            int64  `json:"seq"`
	IsReduceOnly   bool   `json:"isReduceOnly"`
	CreatedTime    string `json:"createdTime"`
	UpdatedTime    string `json:"updatedTime"`
}

// positionOf tells an account's position on ins, open or not. It is called under the floor's lock.
func (s *Server) positionOf(e *sim.Engine, account exchange.AccountID, ins exchange.Instrument) positionRow {
	y := ins.Market.Symbol
	r := positionRow{
		RiskID: 1, RiskLimitValue: "2000000", Symbol: ins.VenueSymbol, Size: "0", AvgPrice: "0", PositionValue: "", PositionStatus: "Normal",
		Leverage: leverage, Balance: "0", PositionMM: "", TpslMode: "Full", TakeProfit: "", StopLoss: "", TrailingStop: "0",
		CurRealisedPnl: "0", CumRealisedPnl: "0", Seq: int64(e.Version(y)), CreatedTime: "0", UpdatedTime: "0",
	}
	mark, ok := e.Mark(y)
	if ok {
		r.MarkPrice = plain(mark)
	}
	for _, p := range e.Positions(account) {
		if p.Market != ins.Market {
			continue
		}
		entry := e.Entry(account, y)
		_, margin := e.Margin(account, y)
		r.Side, r.Size, r.AvgPrice, r.PositionValue = "Buy", plain(p.Quantity.Abs()), plain(entry), plain(p.Quantity.Mul(entry).Abs())
		if p.Quantity.Sign() < 0 {
			r.Side = "Sell"
		}
		if ok {
			r.UnrealisedPnl = plain(p.Quantity.Mul(mark.Sub(entry)))
		}
		r.PositionIM, r.CurRealisedPnl = plain(margin), plain(realised(p, entry))
		r.CreatedTime, r.UpdatedTime = milli(p.Time.UnixMilli()), milli(p.Time.UnixMilli())
	}
	return r
}

// positions answers position/list: one symbol whether open or not, else those that are open.
func (s *Server) positions(a *ask) (any, *refusal) {
	list, no := s.chosen(a.Query)
	k := a.kind()
	switch {
	case no != nil:
		return nil, no
	case k != exchange.Perp:
		return nil, refuse(codeParams, "params error: Illegal category")
	case a.Symbol+a.Query.Get("settleCoin") == "":
		return nil, refuse(codeParams, "params error: symbol or settleCoin is needed")
	}
	limit, no := sizeOf(a.Query, 20, 200)
	if no != nil {
		return nil, no
	}
	list = bySymbol(list)
	rows, next, cursor := []positionRow{}, "", a.Query.Get("cursor")
	s.floor.Read(func(_ time.Time, e *sim.Engine) {
		for _, ins := range list {
			r := s.positionOf(e, a.account, ins)
			if cursor != "" && ins.VenueSymbol <= cursor || r.Size == "0" && a.Symbol == "" || len(rows) == limit {
				continue
			}
			rows, next = append(rows, r), ins.VenueSymbol
		}
	})
	return object{"category": "linear", "list": rows, "nextPageCursor": next}, nil
}

func (s *Server) feeRate(a *ask) (any, *refusal) {
	list, no := s.chosen(a.Query)
	if no != nil {
		return nil, no
	}
	rows := []object{}
	s.floor.Read(func(_ time.Time, e *sim.Engine) {
		for _, ins := range list {
			if f, err := e.Fees(a.account, ins.Market.Symbol); err == nil {
				rows = append(rows, object{"symbol": ins.VenueSymbol, "baseCoin": "", "takerFeeRate": plain(f.Taker), "makerFeeRate": plain(f.Maker)})
			}
		}
	})
	return object{"category": a.Category, "list": rows}, nil
}

func (s *Server) accountInfo(_ *ask) (any, *refusal) {
	return object{
		"unifiedMarginStatus": 5, "marginMode": marginMode, "dcpStatus": "OFF", "timeWindow": 10, "smpGroup": 0, "isMasterTrader": false,
		"spotHedgingStatus": "OFF", "updatedTime": "0",
	}, nil
}

func (s *Server) queryAPI(a *ask) (any, *refusal) {
	readOnly := 0
	if a.key.ReadOnly {
		readOnly = 1
	}
	return object{
		"id": "1", "note": "simulated", "apiKey": a.key.Key, "readOnly": readOnly, "secret": "", "type": 1, "ips": []string{"*"}, "uta": 1,
		"permissions": object{"ContractTrade": []string{"Order", "Position"}, "Spot": []string{"SpotTrade"}, "Wallet": []string{}},
		"userID":      1, "inviterID": 0, "vipLevel": "No VIP", "mktMakerLevel": "0", "affiliateID": 0, "rsaPublicKey": "", "isMaster": true,
		"parentUid": "0", "kycLevel": "LEVEL_1", "kycRegion": "", "createdAt": "2020-01-01T00:00:00Z", "expiredAt": "2099-01-01T00:00:00Z",
	}, nil
}
