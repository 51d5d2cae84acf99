package okxtest

import (
	"bytes"
	"encoding/json"
	"strconv"
	"time"
)

// word is a string, number or boolean in its own spelling: the venue is not strict about which of them a parameter is.
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(b []byte) error {
	switch b[0] {
	case '"':
		if bytes.IndexByte(b, '\\') < 0 {
			*w = word(b[1 : len(b)-1])
			return nil
		}
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*w = word(s)
	case 'n':
		*w = ""
	case '{', '[':
		return &json.UnmarshalTypeError{Value: "object"}
	default:
		*w = word(b)
	}
	return nil
}

// envelope is every REST answer.
type envelope struct {
	Code    string `json:"code"`
	Message string `json:"msg"`
	Data    any    `json:"data"`
	InTime  string `json:"inTime,omitempty"` // of orders; in microseconds
	OutTime string `json:"outTime,omitempty"`
}

// none is the data of an answer that has none.
var none = json.RawMessage("[]")

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
func micros(t time.Time) string { return strconv.FormatInt(t.UnixMicro(), 10) }

// target points at an order, or says where a new one is to go.
type target struct {
	InstID     string          `json:"instId"`
	InstIDCode json.RawMessage `json:"instIdCode"` // a number, which a text is not
	OrdID      word            `json:"ordId"`
	ClOrdID    word            `json:"clOrdId"`
}

func (t *target) at() *target { return t }

// orderArg is a new order.
type orderArg struct {
	target
	TdMode     string `json:"tdMode"`
	Tag        string `json:"tag"`
	Side       string `json:"side"`
	PosSide    string `json:"posSide"`
	OrdType    string `json:"ordType"`
	Sz         word   `json:"sz"`
	Px         word   `json:"px"`
	ReduceOnly word   `json:"reduceOnly"`
	TgtCcy     string `json:"tgtCcy"`
	BanAmend   word   `json:"banAmend"`
	StpMode    string `json:"stpMode"`
	TradeQuote string `json:"tradeQuoteCcy"`
}

// amendArg changes one.
type amendArg struct {
	target
	NewSz     word `json:"newSz"`
	NewPx     word `json:"newPx"`
	ReqID     word `json:"reqId"`
	CxlOnFail word `json:"cxlOnFail"`
}

// ack is what the venue answers to an order, a cancellation or an amendment.
type ack struct {
	ClOrdID string  `json:"clOrdId"`
	OrdID   string  `json:"ordId"`
	Tag     *string `json:"tag,omitempty"`   // of new orders
	ReqID   *string `json:"reqId,omitempty"` // of amendments
	TS      string  `json:"ts"`
	SCode   string  `json:"sCode"`
	SMsg    string  `json:"sMsg"`
	SubCode string  `json:"subCode"`
}

// refuse makes a the row of a refusal.
func (a *ack) refuse(r *refusal) {
	a.SCode, a.SMsg, a.SubCode = r.code, r.message, r.sub
}

// verdict is the code of an answer with rows: 0 all done, 1 none, 2 some.
func verdict(rows []ack) string {
	failed := 0
	for i := range rows {
		if rows[i].SCode != "0" {
			failed++
		}
	}
	switch failed {
	case 0:
		return "0"
	case len(rows):
		return "1"
	}
	return "2"
}

// orderRow is an order in answers and pushes.
type orderRow struct {
	InstType     string   `json:"instType"`
	InstID       string   `json:"instId"`
	OrdID        string   `json:"ordId"`
	ClOrdID      string   `json:"clOrdId"`
	Tag          string   `json:"tag"`
	Px           string   `json:"px"`
	Sz           string   `json:"sz"`
	OrdType      string   `json:"ordType"`
	Side         string   `json:"side"`
	PosSide      string   `json:"posSide"`
	TdMode       string   `json:"tdMode"`
	TgtCcy       string   `json:"tgtCcy"`
	Ccy          string   `json:"ccy"`
	State        string   `json:"state"`
	AccFillSz    string   `json:"accFillSz"`
	AvgPx        string   `json:"avgPx"`
	FillPx       string   `json:"fillPx"`
	FillSz       string   `json:"fillSz"`
	FillTime     string   `json:"fillTime"`
	TradeID      string   `json:"tradeId"`
	Fee          string   `json:"fee"`
	FeeCcy       string   `json:"feeCcy"`
	Rebate       string   `json:"rebate"`
	RebateCcy    string   `json:"rebateCcy"`
	Pnl          string   `json:"pnl"`
	Lever        string   `json:"lever"`
	ReduceOnly   string   `json:"reduceOnly"`
	StpMode      string   `json:"stpMode"`
	Source       string   `json:"source"`
	Category     string   `json:"category"`
	CancelSource string   `json:"cancelSource"`
	CancelReason string   `json:"cancelSourceReason"`
	TradeQuote   string   `json:"tradeQuoteCcy"`
	AlgoID       string   `json:"algoId"`
	AttachAlgo   []string `json:"attachAlgoOrds"` // always empty
	CTime        string   `json:"cTime"`
	UTime        string   `json:"uTime"`

	*orderNews
}

// orderNews is what only a push has.
type orderNews struct {
	FillFee      string `json:"fillFee"`
	FillFeeCcy   string `json:"fillFeeCcy"`
	FillPnl      string `json:"fillPnl"`
	FillNotional string `json:"fillNotionalUsd"`
	ExecType     string `json:"execType"`
	ReqID        string `json:"reqId"`
	AmendResult  string `json:"amendResult"`
	AmendSource  string `json:"amendSource"`
	Code         string `json:"code"`
	Message      string `json:"msg"`
}

// fillRow is an execution.
type fillRow struct {
	InstType string `json:"instType"`
	InstID   string `json:"instId"`
	TradeID  string `json:"tradeId"`
	OrdID    string `json:"ordId"`
	ClOrdID  string `json:"clOrdId"`
	BillID   string `json:"billId"`
	SubType  string `json:"subType"`
	Tag      string `json:"tag"`
	FillPx   string `json:"fillPx"`
	FillSz   string `json:"fillSz"`
	FillPnl  string `json:"fillPnl"`
	Side     string `json:"side"`
	PosSide  string `json:"posSide"`
	ExecType string `json:"execType"`
	FeeCcy   string `json:"feeCcy"`
	Fee      string `json:"fee"`
	FeeRate  string `json:"feeRate"`
	FillTime string `json:"fillTime"`
	TS       string `json:"ts"`
}
