package okx

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue's JSON about orders and accounts, as far as it is read here. Sizes of swaps are in contracts.

// text is a string, number or boolean of the venue's, in its own spelling; null and absence are "". Told twice, it must be the same: which
// of two numbers is meant nobody knows.
type text string

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	switch b[0] {
	case '"':
		if s = string(b[1 : len(b)-1]); strings.IndexByte(s, '\\') >= 0 {
			if err := json.Unmarshal(b, &s); err != nil {
				return err
			}
		}
	case '{', '[':
		return fmt.Errorf("%.20s where a value should be: %w", b, exchange.ErrFrame)
	case 'n':
	default:
		s = string(b)
	}
	if *t != "" && *t != text(s) {
		return fmt.Errorf("a field twice, as %.20q and %.20q: %w", *t, s, exchange.ErrFrame)
	}
	*t = text(s)
	return nil
}

// list is the rows of an answer. Told twice, it must be the same.
type list json.RawMessage

// UnmarshalJSON implements json.Unmarshaler.
func (l *list) UnmarshalJSON(b []byte) error {
	if *l != nil && !bytes.Equal(*l, b) {
		return fmt.Errorf("data twice: %w", exchange.ErrFrame)
	}
	*l = bytes.Clone(b)
	return nil
}

// envelope is every REST answer, and every answer to an order over WebSocket.
type envelope struct {
	Code    text `json:"code"`
	Message text `json:"msg"`
	Data    list `json:"data"`
}

// ackAnswer is the answer to an order, an amendment or a cancellation.
type ackAnswer struct {
	Code    text     `json:"code"`
	Message text     `json:"msg"`
	Data    []ackRow `json:"data"`
}

// push is a message of a private channel. Events have none of its fields, but event.
type push struct {
	ID      text    `json:"id"` // of an answer to an order
	Op      text    `json:"op"`
	Event   text    `json:"event"`
	Code    text    `json:"code"`
	Message text    `json:"msg"`
	Arg     pushArg `json:"arg"`
	Data    list    `json:"data"`
}

type pushArg struct {
	Channel  text `json:"channel"`
	InstType text `json:"instType"`
}

// ackRow is what the venue answers to an order, an amendment or a cancellation: taken, or not. It is no outcome.
type ackRow struct {
	OrdID   text `json:"ordId"`
	ClOrdID text `json:"clOrdId"`
	SCode   text `json:"sCode"`
	SMsg    text `json:"sMsg"`
	TS      text `json:"ts"`
}

// handOver is w's fields as the payload of an answer that has been read.
func (w *ackRow) handOver() []byte {
	return []byte(w.OrdID + "\x00" + w.ClOrdID + "\x00" + w.TS)
}

// takeOver undoes handOver.
func takeOver(data []byte) (w ackRow) {
	ordID, rest, _ := strings.Cut(string(data), "\x00")
	clOrdID, ts, _ := strings.Cut(rest, "\x00")
	w.OrdID, w.ClOrdID, w.TS = text(ordID), text(clOrdID), text(ts)
	return w
}

// orderRow is an order: in REST answers as it is, in pushes with the execution that the push is about, if any.
type orderRow struct {
	InstType     text `json:"instType"`
	InstID       text `json:"instId"`
	OrdID        text `json:"ordId"`
	ClOrdID      text `json:"clOrdId"`
	Side         text `json:"side"`
	OrdType      text `json:"ordType"`
	State        text `json:"state"`
	Px           text `json:"px"`
	Sz           text `json:"sz"`
	TgtCcy       text `json:"tgtCcy"` // of spot market orders: what sz counts
	ReduceOnly   text `json:"reduceOnly"`
	AccFillSz    text `json:"accFillSz"`
	AvgPx        text `json:"avgPx"`
	Fee          text `json:"fee"` // negative: paid
	FeeCcy       text `json:"feeCcy"`
	Rebate       text `json:"rebate"` // positive: received
	RebateCcy    text `json:"rebateCcy"`
	CTime        text `json:"cTime"`
	UTime        text `json:"uTime"`
	CancelSource text `json:"cancelSource"`
	CancelReason text `json:"cancelSourceReason"`

	TradeID     text `json:"tradeId"`
	FillPx      text `json:"fillPx"`
	FillSz      text `json:"fillSz"`
	FillTime    text `json:"fillTime"`
	FillFee     text `json:"fillFee"` // of pushes
	FillFeeCcy  text `json:"fillFeeCcy"`
	ExecType    text `json:"execType"`
	ReqID       text `json:"reqId"`
	AmendResult text `json:"amendResult"`
	Code        text `json:"code"` // of an amendment that failed
	Message     text `json:"msg"`
}

// fillRow is an execution in a REST answer.
type fillRow struct {
	InstType text `json:"instType"`
	InstID   text `json:"instId"`
	TradeID  text `json:"tradeId"`
	OrdID    text `json:"ordId"`
	ClOrdID  text `json:"clOrdId"`
	BillID   text `json:"billId"`
	Side     text `json:"side"`
	FillPx   text `json:"fillPx"`
	FillSz   text `json:"fillSz"`
	Fee      text `json:"fee"` // negative: paid
	FeeCcy   text `json:"feeCcy"`
	ExecType text `json:"execType"`
	FillTime text `json:"fillTime"`
	TS       text `json:"ts"`
}

// accountRow is an account's balances.
type accountRow struct {
	UTime   text         `json:"uTime"`
	Details []balanceRow `json:"details"`
}

type balanceRow struct {
	Ccy       text `json:"ccy"`
	AvailBal  text `json:"availBal"`
	AvailEq   text `json:"availEq"`
	FrozenBal text `json:"frozenBal"`
	Liab      text `json:"liab"` // owed
}

type positionRow struct {
	InstID  text `json:"instId"`
	PosID   text `json:"posId"`
	PosSide text `json:"posSide"`
	Pos     text `json:"pos"` // signed where posSide is net
	AvgPx   text `json:"avgPx"`
	UTime   text `json:"uTime"`
}

type feeRow struct {
	Maker     text `json:"maker"`
	Taker     text `json:"taker"`
	MakerU    text `json:"makerU"` // of swaps margined in USDT
	TakerU    text `json:"takerU"`
	MakerUSDC text `json:"makerUSDC"`
	TakerUSDC text `json:"takerUSDC"`
	FeeGroup  []struct {
		GroupID text `json:"groupId"`
		Maker   text `json:"maker"`
		Taker   text `json:"taker"`
	} `json:"feeGroup"`
}

// configRow is how the account is set up.
type configRow struct {
	AcctLv  text `json:"acctLv"`
	PosMode text `json:"posMode"`
}

// rateRow is how many orders of swaps the account may place and amend in 2 s: it rises with what of them fills.
type rateRow struct {
	Limit text `json:"accRateLimit"`
}
