package bybit

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
)

// The venue's JSON about orders and accounts, as far as it is read here: of REST answers and of the private stream alike, which differ in
// few names.

// text is a string, or a number in its place; null is empty.
type text string

// UnmarshalJSON keeps a number as it is written.
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case string(b) == "null":
		*t = ""
	case plain(b):
		*t = text(b[1 : len(b)-1])
	case len(b) > 0 && b[0] == '"':
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = text(s)
	case len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9'):
		*t = text(b)
	default:
		return fmt.Errorf("%.20s for a text", b)
	}
	return nil
}

// plain reports a string that stands for itself.
func plain(b []byte) bool {
	if len(b) < 2 || b[0] != '"' {
		return false
	}
	for _, c := range b[1 : len(b)-1] {
		if c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}

// flag is a boolean, or its name or number in its place; null is false.
type flag bool

// UnmarshalJSON takes no other words: a flag that is misread is an order of another kind.
func (f *flag) UnmarshalJSON(b []byte) error {
	switch strings.Trim(string(b), `"`) {
	case "true", "1":
		*f = true
	case "false", "0", "", "null":
		*f = false
	default:
		return fmt.Errorf("%.20s for a flag", b)
	}
	return nil
}

// page is a list, and where it goes on.
type page[T any] struct {
	Category       text `json:"category"`
	NextPageCursor text `json:"nextPageCursor"`
	List           []T  `json:"list"`
}

// push is a message of the private stream.
type push struct {
	Topic string          `json:"topic"`
	Time  text            `json:"creationTime"`
	Data  json.RawMessage `json:"data"`
}

// ids is the result of placing, amending and cancelling.
type ids struct {
	OrderID     text `json:"orderId"`
	OrderLinkID text `json:"orderLinkId"`
}

type orderRow struct {
	ids
	Category     text          `json:"category"` // on the stream only
	Symbol       text          `json:"symbol"`
	Side         text          `json:"side"`
	OrderType    text          `json:"orderType"`
	TimeInForce  text          `json:"timeInForce"`
	MarketUnit   text          `json:"marketUnit"`
	Price        text          `json:"price"`
	Qty          text          `json:"qty"`
	Status       text          `json:"orderStatus"`
	CancelType   text          `json:"cancelType"`
	RejectReason text          `json:"rejectReason"`
	AvgPrice     text          `json:"avgPrice"`
	CumExecQty   text          `json:"cumExecQty"`
	CumExecFee   text          `json:"cumExecFee"` // deprecated
	CumFeeDetail map[text]text `json:"cumFeeDetail"`
	FeeCurrency  text          `json:"feeCurrency"`
	ReduceOnly   flag          `json:"reduceOnly"`
	CreatedTime  text          `json:"createdTime"`
	UpdatedTime  text          `json:"updatedTime"`
}

type executionRow struct {
	ids
	Category    text `json:"category"` // on the stream only
	Symbol      text `json:"symbol"`
	Side        text `json:"side"`
	ExecID      text `json:"execId"`
	ExecType    text `json:"execType"`
	ExecPrice   text `json:"execPrice"`
	ExecQty     text `json:"execQty"`
	ExecFee     text `json:"execFee"`
	ExecFeeV2   text `json:"execFeeV2"` // in its place: of spreads' spot legs
	FeeCurrency text `json:"feeCurrency"`
	IsMaker     flag `json:"isMaker"`
	ExecTime    text `json:"execTime"`

	damage error // why the rest cannot be read
}

type walletRow struct {
	AccountType text      `json:"accountType"`
	Coins       []coinRow `json:"coin"`
}

type coinRow struct {
	Coin            text `json:"coin"`
	WalletBalance   text `json:"walletBalance"`
	Locked          text `json:"locked"`
	SpotBorrow      text `json:"spotBorrow"`
	TotalOrderIM    text `json:"totalOrderIM"` // empty under portfolio margin
	TotalPositionIM text `json:"totalPositionIM"`
	UnrealisedPnl   text `json:"unrealisedPnl"` // of positions that are settled in the coin
}

type positionRow struct {
	Category    text `json:"category"` // on the stream only
	Symbol      text `json:"symbol"`
	PositionIdx text `json:"positionIdx"`
	Side        text `json:"side"` // empty when flat
	Size        text `json:"size"`
	AvgPrice    text `json:"avgPrice"`   // REST
	EntryPrice  text `json:"entryPrice"` // stream
	UpdatedTime text `json:"updatedTime"`
}

type feeRow struct {
	Symbol       text `json:"symbol"`
	TakerFeeRate text `json:"takerFeeRate"`
	MakerFeeRate text `json:"makerFeeRate"`
}

type timeResult struct {
	Second text `json:"timeSecond"`
	Nano   text `json:"timeNano"`
}

// decode reads data into v. A member that comes twice is an error: which of them counts would be a guess about money. Errors wrap
// exchange.ErrFrame.
func decode(data []byte, v any) error {
	if err := once(data); err != nil {
		return fmt.Errorf("%w: %w", err, exchange.ErrFrame)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%v: %w", err, exchange.ErrFrame)
	}
	return nil
}
