package okxtest

import (
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// accountRow is an account's money.
type accountRow struct {
	UTime   string       `json:"uTime"`
	TotalEq string       `json:"totalEq"`
	AdjEq   string       `json:"adjEq"`
	AvailEq string       `json:"availEq"`
	IsoEq   string       `json:"isoEq"`
	Imr     string       `json:"imr"`
	Mmr     string       `json:"mmr"`
	MgnRate string       `json:"mgnRatio"`
	Details []balanceRow `json:"details"`
}

// balanceRow is what an account has of one currency.
type balanceRow struct {
	Ccy       string `json:"ccy"`
	CashBal   string `json:"cashBal"`
	Eq        string `json:"eq"`
	AvailBal  string `json:"availBal"`
	AvailEq   string `json:"availEq"`
	FrozenBal string `json:"frozenBal"`
	OrdFrozen string `json:"ordFrozen"`
	Upl       string `json:"upl"`
	Liab      string `json:"liab"`
	Interest  string `json:"interest"`
	EqUsd     string `json:"eqUsd"`
	IsoEq     string `json:"isoEq"`
	UTime     string `json:"uTime"`
}

// positionRow is an open swap.
type positionRow struct {
	InstType    string `json:"instType"`
	InstID      string `json:"instId"`
	PosID       string `json:"posId"`
	PosSide     string `json:"posSide"`
	Pos         string `json:"pos"` // contracts; negative: short
	AvailPos    string `json:"availPos"`
	MgnMode     string `json:"mgnMode"`
	Ccy         string `json:"ccy"`
	PosCcy      string `json:"posCcy"`
	AvgPx       string `json:"avgPx"`
	MarkPx      string `json:"markPx"`
	Last        string `json:"last"`
	LiqPx       string `json:"liqPx"`
	Lever       string `json:"lever"`
	Upl         string `json:"upl"`
	UplRatio    string `json:"uplRatio"`
	Imr         string `json:"imr"`
	Mmr         string `json:"mmr"`
	Margin      string `json:"margin"`
	NotionalUsd string `json:"notionalUsd"`
	Adl         string `json:"adl"`
	CTime       string `json:"cTime"`
	UTime       string `json:"uTime"`
}

// accountRow has the balances that are given.
func (k *keeper) accountRow(now time.Time, e *sim.Engine, a *account, of []exchange.Balance) *accountRow {
	upl := make(map[exchange.Asset]exchange.Decimal)
	margin := make(map[exchange.Asset]exchange.Decimal)
	for _, p := range e.Positions(a.id) {
		asset := p.Market.Symbol.Quote
		upl[asset] = upl[asset].Add(profit(e, p))
		_, held := e.Margin(a.id, p.Market.Symbol)
		margin[asset] = margin[asset].Add(held)
	}
	w := &accountRow{UTime: millis(now), Details: []balanceRow{}}
	for _, b := range a.settled(e, of) {
		w.Details = append(w.Details, balanceRow{
			Ccy: string(b.Asset), CashBal: num(b.Total()), Eq: num(b.Total().Add(upl[b.Asset])), AvailBal: num(b.Free), AvailEq: num(b.Free),
			FrozenBal: num(b.Locked), OrdFrozen: num(b.Locked.Sub(margin[b.Asset])), Upl: num(upl[b.Asset]), Liab: "0", Interest: "0", UTime: millis(now),
		})
	}
	return w
}

// settled are balances with what closing parts of positions has brought, which is money at the venue whatever stays open. An entry price is
// rounded: what is less than the venue counts is nothing.
func (a *account) settled(e *sim.Engine, of []exchange.Balance) []exchange.Balance {
	r := slices.Clone(of)
	for _, p := range e.Positions(a.id) {
		got := p.Quantity.Mul(e.Entry(a.id, p.Market.Symbol)).Sub(p.Cost).Round(exchange.Scaled(1, -8), exchange.HalfEven)
		for i := range r {
			if r[i].Asset == p.Market.Symbol.Quote {
				r[i].Free = r[i].Free.Add(got)
			}
		}
	}
	return r
}

// profit is what closing p at the mark would bring.
func profit(e *sim.Engine, p exchange.Position) exchange.Decimal {
	mark, ok := e.Mark(p.Market.Symbol)
	if !ok {
		return exchange.Decimal{}
	}
	return mark.Sub(e.Entry(p.Account, p.Market.Symbol)).Mul(p.Quantity)
}

// positionRow is p; one that has been closed is of size 0.
func (k *keeper) positionRow(now time.Time, e *sim.Engine, a *account, p exchange.Position) positionRow {
	m := k.bySymbol[p.Market.Symbol]
	mark, _ := e.Mark(p.Market.Symbol)
	_, margin := e.Margin(a.id, p.Market.Symbol)
	return positionRow{
		InstType: "SWAP", InstID: m.instID, PosID: strconv.FormatInt(m.code, 10), PosSide: "net", Pos: m.size(p.Quantity), MgnMode: "cross",
		Ccy: string(p.Market.Symbol.Quote), AvgPx: some(e.Entry(a.id, p.Market.Symbol)), MarkPx: some(mark), Last: some(mark), Lever: leverage,
		Upl: num(profit(e, p)), Imr: num(margin), NotionalUsd: num(p.Quantity.Abs().Mul(mark)), Adl: "1", CTime: millis(p.Time), UTime: millis(now),
	}
}

// bothRow is what balance_and_position tells.
type bothRow struct {
	PTime     string    `json:"pTime"`
	EventType string    `json:"eventType"`
	BalData   []bothBal `json:"balData"`
	PosData   []bothPos `json:"posData"`
	Trades    []bothPos `json:"trades"` // always empty
}

type bothBal struct {
	Ccy     string `json:"ccy"`
	CashBal string `json:"cashBal"`
	UTime   string `json:"uTime"`
}

type bothPos struct {
	PosID   string `json:"posId"`
	InstID  string `json:"instId"`
	MgnMode string `json:"mgnMode"`
	PosSide string `json:"posSide"`
	Pos     string `json:"pos"`
	Ccy     string `json:"ccy"`
	AvgPx   string `json:"avgPx"`
	UTime   string `json:"uTime"`
}

func newBothRow(now time.Time, event string, of []exchange.Balance, positions []positionRow) *bothRow {
	w := &bothRow{PTime: millis(now), EventType: event, BalData: []bothBal{}, PosData: []bothPos{}, Trades: []bothPos{}}
	for _, b := range of {
		w.BalData = append(w.BalData, bothBal{string(b.Asset), num(b.Total()), millis(now)})
	}
	for _, p := range positions {
		w.PosData = append(w.PosData, bothPos{p.PosID, p.InstID, p.MgnMode, p.PosSide, p.Pos, p.Ccy, p.AvgPx, p.UTime})
	}
	return w
}

// balance answers what the account has; ccy names currencies, separated by commas.
func (s *Server) balance(c *call) (any, *refusal) {
	wanted := listed(c.query.Get("ccy"))
	var row *accountRow
	s.floor.Read(func(now time.Time, e *sim.Engine) {
		a := s.keeper.accounts[c.key.Account]
		var of []exchange.Balance
		for _, b := range e.Balances(a.id) {
			if len(wanted) == 0 || wanted[string(b.Asset)] {
				of = append(of, b)
			}
		}
		row = s.keeper.accountRow(now, e, a, of)
	})
	return []*accountRow{row}, nil
}

func (s *Server) positions(c *call) (any, *refusal) {
	kind, ids := c.query.Get("instType"), listed(c.query.Get("instId"))
	rows := []positionRow{}
	s.floor.Read(func(now time.Time, e *sim.Engine) {
		a := s.keeper.accounts[c.key.Account]
		for _, p := range e.Positions(a.id) {
			w := s.keeper.positionRow(now, e, a, p)
			if (kind == "" || kind == w.InstType) && (len(ids) == 0 || ids[w.InstID]) {
				w.UTime = millis(p.Time)
				rows = append(rows, w)
			}
		}
	})
	return rows, nil
}

func (s *Server) config(c *call) (any, *refusal) {
	mode, perm := "net_mode", "read_only,trade"
	if s.cfg.LongShort {
		mode = "long_short_mode"
	}
	if c.key.ReadOnly {
		perm = "read_only"
	}
	tier := "Lv1"
	if s.cfg.VIP > 0 {
		tier = "VIP" + strconv.Itoa(s.cfg.VIP)
	}
	return []map[string]any{{
		"uid": s.uid(c.key.Account), "mainUid": s.uid(c.key.Account), "acctLv": strconv.Itoa(int(s.cfg.Level)), "posMode": mode, "autoLoan": false,
		"acctStpMode": "cancel_maker", "feeType": "0", "level": tier, "levelTmp": "", "perm": perm, "label": c.key.Key, "greeksType": "PA", "ctIsoMode": "automatic",
		"mgnIsoMode": "automatic", "roleType": "0", "kycLv": "3", "ip": "", "enableSpotBorrow": false, "settleCcy": "", "settleCcyList": []string{},
	}}, nil
}

// uid is the venue's number for an account.
func (s *Server) uid(id exchange.AccountID) string {
	for i, a := range s.people {
		if a == id {
			return strconv.Itoa(44705892343619 + i)
		}
	}
	return ""
}

// fee answers the account's rates. The venue's sign is negative for what is paid.
func (s *Server) fee(c *call) (any, *refusal) {
	kind := c.query.Get("instType")
	id, family := c.query.Get("instId"), c.query.Get("instFamily")
	if kind == "" {
		return nil, no("50014", "instType")
	}
	for _, m := range s.markets {
		if m.instType() != kind || id != "" && id != m.instID || family != "" && family != m.family() {
			continue
		}
		var rates exchange.FeeRates
		s.floor.Read(func(_ time.Time, e *sim.Engine) { rates, _ = e.Fees(c.key.Account, m.Market.Symbol) })
		maker, taker := num(rates.Maker.Neg()), num(rates.Taker.Neg())
		row := map[string]any{
			"instType": kind, "category": "1", "level": "Lv1", "ts": millis(time.Now()), "ruleType": "normal", "fiat": []string{},
			"maker": maker, "taker": taker, "makerU": "", "takerU": "", "makerUSDC": "", "takerUSDC": "", "delivery": "", "exercise": "",
			"feeGroup": []map[string]string{{"groupId": groupID, "maker": maker, "taker": taker}},
		}
		if m.swap {
			row["makerU"], row["takerU"] = maker, taker
		}
		return []map[string]any{row}, nil
	}
	return nil, no("51001")
}

func (s *Server) accountRate(*call) (any, *refusal) {
	n := strconv.Itoa(s.cfg.OrderRate)
	return []map[string]string{{"accRateLimit": n, "nextAccRateLimit": n, "fillRatio": "0", "mainFillRatio": "0", "ts": millis(time.Now())}}, nil
}

// leverage answers, and pretends to set, the one leverage that there is.
func (s *Server) leverage(c *call) (any, *refusal) {
	arg := struct {
		InstID  string `json:"instId"`
		MgnMode string `json:"mgnMode"`
		Lever   word   `json:"lever"`
	}{c.query.Get("instId"), c.query.Get("mgnMode"), leverage}
	if len(c.body) > 0 {
		if bad := c.read(&arg); bad != nil {
			return nil, bad
		}
	}
	switch {
	case arg.MgnMode == "":
		return nil, no("50014", "mgnMode")
	case s.byID[arg.InstID] == nil:
		return nil, no("51001")
	case arg.Lever != leverage:
		return nil, no("59670")
	}
	return []map[string]string{{"instId": arg.InstID, "mgnMode": arg.MgnMode, "posSide": "net", "lever": string(arg.Lever)}}, nil
}
