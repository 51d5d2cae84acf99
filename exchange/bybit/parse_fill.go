package bybit

import (
	"encoding/json"
	"fmt"

	"github.com/bothlegs/bothlegs/exchange"
)

// nature is what an execution's type says of it.
type nature uint8

const (
	strange  nature = iota // a type that nobody documented
	cashFlow               // a cash flow, or bookkeeping of the venue's
	foreign                // changes hands, but by no order that this library sends
	ours                   // an order's trade, or a liquidation's
)

func natureOf(execType text) nature {
	switch execType {
	case "Trade", "AdlTrade", "BustTrade":
		return ours
	case "BlockTrade", "MovePosition", "FutureSpread", "Delivery", "Settle":
		return foreign
	case "Funding", "SessionSettlePnL", "CorporateAction", "ForwardSplitSettle", "ReverseSplitSettle", "Dividend":
		return cashFlow
	}
	return strange
}

// fill is one execution; ok is false also for what is no trade. An execution of ours that cannot be read is an error, whatever waits for it: money
// has moved, and nobody knows how much. Another kind of row that cannot be read is passed over, and told: it must not keep from
// our own, and what it does to a position is told by the position.
func (p *parser) fill(kind exchange.Kind, w *executionRow) (f exchange.Fill, ok bool, err error) {
	m, ok := p.market(kind, w.Symbol)
	if !ok {
		return f, false, nil
	}
	n := natureOf(w.ExecType)
	switch n {
	case cashFlow:
		return f, false, nil
	case strange:
		err = frame("its type is", w.ExecType)
	default:
		f, err = p.execution(m, w)
	}
	if err == nil {
		return f, true, nil
	}
	err = fmt.Errorf("execution %.40q of order %.40q, %.20s on %.20s: %w", string(w.ExecID), string(w.OrderID), w.ExecType, w.Symbol, err)
	if n == ours {
		return exchange.Fill{}, true, err
	}
	if p.passed != nil {
		p.passed(fmt.Errorf("bybit: passed over: %w", err))
	}
	return exchange.Fill{}, false, nil
}

func (p *parser) execution(m exchange.Market, w *executionRow) (f exchange.Fill, err error) {
	if w.damage != nil {
		return f, w.damage
	}
	if w.ExecID == "" || w.OrderID == "" {
		return f, frame("no id in", w.ExecID+" "+w.OrderID)
	}
	side, err := sideOf(w.Side)
	if err != nil {
		return f, err
	}
	var n amounts
	fee := w.ExecFee
	if fee == "" {
		fee = w.ExecFeeV2
	}
	f = exchange.Fill{
		Market: m, Account: p.account, TradeID: string(w.ExecID), VenueID: string(w.OrderID), ClientID: clientID(string(w.OrderLinkID)),
		Side: side, Price: n.size(w.ExecPrice), Quantity: n.size(w.ExecQty), Fee: n.read(fee), FeeAsset: exchange.Asset(w.FeeCurrency),
		Maker: bool(w.IsMaker), Time: n.millis(w.ExecTime),
	}
	if f.FeeAsset == "" {
		f.FeeAsset = feeAsset(m.Symbol, side, f.Maker && f.Fee.Sign() < 0)
	}
	switch {
	case n.err != nil:
		return f, n.err
	case f.Price.Sign() <= 0 || f.Quantity.Sign() <= 0 || fee == "":
		return f, frame("no price, quantity or fee:", w.ExecPrice+" "+w.ExecQty+" "+fee)
	case f.Time.IsZero():
		return f, frame("no time:", w.ExecTime)
	}
	return f, nil
}

// UnmarshalJSON keeps what is wrong with a row in the row, if at least its kind can be read: one odd row must not take the others with it.
func (w *executionRow) UnmarshalJSON(b []byte) error {
	type plain executionRow
	err := json.Unmarshal(b, (*plain)(w))
	if err == nil {
		return nil
	}
	var kind struct {
		Category text `json:"category"`
		Symbol   text `json:"symbol"`
		ExecType text `json:"execType"`
	}
	if json.Unmarshal(b, &kind) != nil {
		return err
	}
	var names struct {
		ids
		ExecID text `json:"execId"`
	}
	_ = json.Unmarshal(b, &names) // for the error: as much as can be read
	w.Category, w.Symbol, w.ExecType, w.ids, w.ExecID = kind.Category, kind.Symbol, kind.ExecType, names.ids, names.ExecID
	w.damage = fmt.Errorf("%v: %w", err, exchange.ErrFrame)
	return nil
}
