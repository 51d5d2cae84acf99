package bybit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

func rowsOf(rows ...string) []byte { return []byte(`{"list":[` + strings.Join(rows, ",") + `]}`) }

func TestOrderStatuses(t *testing.T) {
	tests := []struct {
		status, reason, cancel string
		more                   []string
		want                   exchange.Status
		told                   string // Reason
	}{
		{status: "New", want: exchange.StatusAccepted},
		{status: "Created", want: exchange.StatusAccepted},
		{status: "Untriggered", want: exchange.StatusAccepted},
		{status: "Triggered", want: exchange.StatusAccepted},
		{status: "New", more: []string{"cumExecQty", "1"}, want: exchange.StatusPartiallyFilled},
		{status: "PartiallyFilled", want: exchange.StatusPartiallyFilled},
		{status: "Filled", reason: "EC_OrigClOrdIDDoesNotExist", want: exchange.StatusFilled},
		{status: "Cancelled", cancel: "CancelByUser", reason: "EC_PerCancelRequest", want: exchange.StatusCanceled, told: "EC_PerCancelRequest CancelByUser"},
		{status: "Cancelled", want: exchange.StatusCanceled},
		{status: "Cancelled", cancel: "CancelByUser", more: []string{"cumExecQty", "1"}, want: exchange.StatusCanceled, told: "CancelByUser"},
		{status: "Deactivated", want: exchange.StatusCanceled},
		{status: "PartiallyFilledCanceled", more: []string{"cumExecQty", "1", "timeInForce", "IOC"}, want: exchange.StatusExpired},
		{status: "PartiallyFilledCanceled", cancel: "CancelByUser", more: []string{"cumExecQty", "1"}, want: exchange.StatusCanceled, told: "CancelByUser"},
		{status: "Cancelled", more: []string{"timeInForce", "IOC"}, want: exchange.StatusExpired},
		{status: "Cancelled", more: []string{"orderType", "Market"}, want: exchange.StatusExpired},
		{status: "Cancelled", reason: "EC_NoImmediateQtyToFill", more: []string{"timeInForce", "IOC"}, want: exchange.StatusExpired, told: "EC_NoImmediateQtyToFill"},
		{status: "Rejected", reason: "EC_CancelForNoFullFill", more: []string{"timeInForce", "FOK"}, want: exchange.StatusExpired, told: "EC_CancelForNoFullFill"},
		{status: "Cancelled", reason: "EC_PostOnlyWillTakeLiquidity", more: []string{"timeInForce", "PostOnly"}, want: exchange.StatusRejected, told: "EC_PostOnlyWillTakeLiquidity"},
		{status: "Rejected", reason: "EC_PostOnlyWillTakeLiquidity", more: []string{"timeInForce", "PostOnly"}, want: exchange.StatusRejected, told: "EC_PostOnlyWillTakeLiquidity"},
		{status: "Cancelled", reason: "EC_ReachRiskPriceLimit", want: exchange.StatusRejected, told: "EC_ReachRiskPriceLimit"},
		{status: "Cancelled", reason: "EC_ReachMarketPriceLimit", more: []string{"cumExecQty", "1"}, want: exchange.StatusCanceled, told: "EC_ReachMarketPriceLimit"},
		{status: "Cancelled", cancel: "CancelBySmp", want: exchange.StatusExpired, told: "CancelBySmp"},
		{status: "Cancelled", cancel: "CancelByDCP", want: exchange.StatusExpired, told: "CancelByDCP"},
		{status: "Cancelled", cancel: "CancelAllBeforeLiq", want: exchange.StatusExpired, told: "CancelAllBeforeLiq"},
		{status: "Rejected", reason: "INSUFFICIENT_MARGIN", want: exchange.StatusRejected, told: "INSUFFICIENT_MARGIN"},
		{status: "Rejected", reason: "EC_Others", more: []string{"cumExecQty", "1"}, want: exchange.StatusCanceled, told: "EC_Others"},
		{status: "Pondering", want: exchange.StatusUnknown, told: "Pondering"},
		{status: "", want: exchange.StatusUnknown},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status, tt.reason, tt.cancel, tt.more), func(t *testing.T) {
			if tt.cancel == "" {
				tt.cancel = "UNKNOWN"
			}
			if tt.reason == "" {
				tt.reason = "EC_NoError"
			}
			got, err := reading().Orders(exchange.Spot, rowsOf(row("", "7", "a", tt.status, append(tt.more, "rejectReason", tt.reason, "cancelType", tt.cancel)...)))
			if err != nil || len(got.Orders) != 1 || got.Orders[0].Status != tt.want || got.Orders[0].Reason != tt.told {
				t.Errorf("got %v, %v; want %s, %q", got.Orders, err, tt.want, tt.told)
			}
		})
	}
}

// Numbers may be strings and strings numbers; quantities are in base; what is not known is left out.
func TestOrderRows(t *testing.T) {
	const head = `{"symbol":"BTCUSDT","orderId":"7","orderLinkId":"a","side":"Buy","orderType":"Limit","orderStatus":"New","timeInForce":"GTC",`
	for _, tt := range []struct {
		name string
		kind exchange.Kind
		row  string
		want string // "": an error
	}{
		{name: "numbers", row: head + `"price":100.5,"qty":2,"cumExecQty":0,"updatedTime":5}`, want: "buy limit GTC 2 x 100.5 accepted filled 0 avg 0 fees [] at 5"},
		{name: "nulls", row: head + `"price":"100","qty":"2","cumExecQty":null,"avgPrice":null,"rejectReason":null,"reduceOnly":null}`, want: "buy limit GTC 2 x 100 accepted filled 0 avg 0 fees []"},
		{name: "a flag in words", kind: exchange.Perp, row: head + `"price":"1","qty":"2","reduceOnly":"true"}`, want: "fees [] reduce-only"},
		{name: "a flag that is none", row: head + `"price":"1","qty":"2","reduceOnly":"maybe"}`},
		{name: "an integer id", row: `{"symbol":"BTCUSDT","orderId":12345678901234567890,"side":"Sell","price":"1","qty":"2","orderStatus":"New"}`, want: "12345678901234567890/ sell limit GTC 2 x 1"},
		{name: "fees by asset", row: head + `"qty":"2","price":"1","cumFeeDetail":{"USDT":"0.1","BTC":"-0.002","MNT":"0"}}`, want: "fees [-0.002 BTC 0.1 USDT]"},
		{name: "an older form of fees", row: head + `"qty":"2","price":"1","cumExecFee":"0.3","feeCurrency":"MNT"}`, want: "fees [0.3 MNT]"},
		{name: "bought, the fee's asset not told", row: head + `"qty":"2","price":"1","cumExecFee":"0.3"}`, want: "fees [0.3 BTC]"},
		{name: "a rebate, its asset not told", row: head + `"qty":"2","price":"1","cumExecFee":"-0.3"}`, want: "fees [-0.3 USDT]"},
		{name: "of a perpetual", kind: exchange.Perp, row: head + `"qty":"2","price":"1","cumExecFee":"0.3"}`, want: "fees [0.3 USDT]"},
		{name: "a market order by value", row: strings.Replace(head, "Limit", "Market", 1) + `"qty":"500","marketUnit":"quoteCoin","cumExecQty":"0.01","price":"99"}`, want: "buy market GTC 0 x 0 partially filled filled 0.01"}, // how much more is not known
		{name: "a market order by value that has ended", row: strings.Replace(strings.Replace(head, "Limit", "Market", 1), `"New"`, `"PartiallyFilledCanceled"`, 1) + `"qty":"500","marketUnit":"quoteCoin","cumExecQty":"0.01","price":"99"}`, want: "buy market GTC 0.01 x 0 expired filled 0.01"},
		{name: "by value, as purchases are where nothing is said", row: strings.Replace(head, "Limit", "Market", 1) + `"qty":"500","cumExecQty":"0.01"}`, want: "buy market GTC 0 x 0"},
		{name: "a market order in base", row: strings.Replace(head, "Limit", "Market", 1) + `"qty":"5","marketUnit":"baseCoin"}`, want: "buy market GTC 5 x 0"},
		{name: "a retail order", row: strings.Replace(head, "GTC", "RPI", 1) + `"qty":"5","price":"1"}`, want: "fees [] post-only"},
		{name: "another product's market", row: strings.Replace(head, "BTCUSDT", "BTC-26SEP25", 1) + `"qty":"5","price":"1"}`, want: "none"},
		{name: "a negative quantity", row: head + `"qty":"-2","price":"1"}`},
		{name: "NaN", row: head + `"qty":"NaN","price":"1"}`},
		{name: "a huge number", row: head + `"qty":"1e400","price":"1"}`},
		{name: "an array", row: head + `"qty":["2"],"price":"1"}`},
		{name: "no side", row: strings.Replace(head, `"Buy"`, `""`, 1) + `"qty":"2","price":"1"}`},
		{name: "no id", row: strings.Replace(head, `"7"`, `""`, 1) + `"qty":"2","price":"1"}`},
		{name: "a time that is none", row: head + `"qty":"2","price":"1","updatedTime":"yesterday"}`},
		{name: "a member twice", row: head + `"qty":"2","price":"1","qty":"3"}`},
		{name: "a member twice, in another case", row: head + `"qty":"2","price":"1","QTY":"3"}`},
		{name: "a member twice, further down", row: head + `"qty":"2","price":"1","cumFeeDetail":{"BTC":"1","BTC":"2"}}`},
		{name: "truncated", row: head + `"qty":"2`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := reading().Orders(tt.kind, rowsOf(tt.row))
			switch {
			case tt.want == "":
				if !errors.Is(err, exchange.ErrFrame) {
					t.Errorf("got %v, %v", got.Orders, err)
				}
			case tt.want == "none":
				if err != nil || len(got.Orders) != 0 {
					t.Errorf("got %v, %v", got.Orders, err)
				}
			case err != nil || len(got.Orders) != 1 || !strings.Contains(sayOrder(got.Orders[0]), tt.want):
				t.Errorf("got %v, %v; want %s", said(got), err, tt.want)
			}
		})
	}
}

func TestFillRows(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind exchange.Kind
		more []string
		want string // "": an error; "none": no trade
	}{
		{name: "bought", want: "buy 2 x 100 fee 0.01 USDT maker false"},
		{name: "bought, asset not told", more: []string{"feeCurrency", ""}, want: "fee 0.01 BTC"},
		{name: "sold, asset not told", more: []string{"feeCurrency", "", "side", "Sell"}, want: "sell 2 x 100 fee 0.01 USDT"},
		{name: "a maker's rebate, bought", more: []string{"feeCurrency", "", "isMaker", "true", "execFee", "-0.02"}, want: "fee -0.02 USDT maker true"},
		{name: "a maker's rebate, sold", more: []string{"feeCurrency", "", "isMaker", "true", "execFee", "-0.02", "side", "Sell"}, want: "fee -0.02 BTC"},
		{name: "a maker's fee", more: []string{"feeCurrency", "", "isMaker", "true"}, want: "fee 0.01 BTC"},
		{name: "perpetual, asset not told", kind: exchange.Perp, more: []string{"feeCurrency", ""}, want: "fee 0.01 USDT"},
		{name: "liquidation", kind: exchange.Perp, more: []string{"execType", "BustTrade"}, want: "buy 2 x 100"},
		{name: "deleveraging", kind: exchange.Perp, more: []string{"execType", "AdlTrade"}, want: "buy 2 x 100"},
		{name: "block trade", kind: exchange.Perp, more: []string{"execType", "BlockTrade"}, want: "buy 2 x 100"},
		{name: "delisting", kind: exchange.Perp, more: []string{"execType", "Delivery"}, want: "buy 2 x 100"},
		{name: "funding", kind: exchange.Perp, more: []string{"execType", "Funding"}, want: "none"},
		{name: "bookkeeping", kind: exchange.Perp, more: []string{"execType", "CorporateAction"}, want: "none"},
		{name: "what nobody documented", more: []string{"execType", "Present"}, want: "none"},
		{name: "another product's", more: []string{"symbol", "BTCUSD"}, want: "none"},
		{name: "a packed client id", more: []string{"orderLinkId", "_1Qm"}, want: "/7/_1Qm buy"},
		{name: "no price", more: []string{"execPrice", ""}},
		{name: "no quantity", more: []string{"execQty", "0"}},
		{name: "no fee", more: []string{"execFee", ""}},
		{name: "no id", more: []string{"execId", ""}},
		{name: "no order", more: []string{"orderId", ""}},
		{name: "no time", more: []string{"execTime", ""}},
		{name: "a negative price", more: []string{"execPrice", "-1"}},
		{name: "no side", more: []string{"side", "None"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := reading().Fills(tt.kind, rowsOf(traded("", "e1", "7", "a", "2", "100", tt.more...)))
			switch {
			case tt.want == "":
				if !errors.Is(err, exchange.ErrFrame) {
					t.Errorf("got %v, %v", said(got), err)
				}
			case tt.want == "none":
				if err != nil || len(got.Fills) != 0 {
					t.Errorf("got %v, %v", said(got), err)
				}
			case err != nil || len(got.Fills) != 1 || !strings.Contains(said(got)[0], tt.want) || got.Fills[0].Account != "main":
				t.Errorf("got %v, %v; want %s", said(got), err, tt.want)
			}
		})
	}
}

func TestGrants(t *testing.T) {
	for _, tt := range []struct {
		name, op, data string
		class          error // nil: granted
	}{
		{"private login", "login", `{"success":true,"ret_msg":"","op":"auth","conn_id":"c"}`, nil},
		{"order entry login", "login", `{"reqId":"1","retCode":0,"retMsg":"OK","op":"auth","connId":"c"}`, nil},
		{"refused in words", "login", `{"success":false,"ret_msg":"Params Error","op":"auth"}`, exchange.ErrUnauthorized},
		{"too late", "login", `{"success":false,"ret_msg":"request expired","op":"auth"}`, exchange.ErrClockSkew},
		{"too late, with a code", "login", `{"retCode":10004,"retMsg":"Request has expired","op":"auth"}`, exchange.ErrClockSkew},
		{"an expired key, with a code", "login", `{"retCode":33004,"retMsg":"Your api key has expired.","op":"auth"}`, exchange.ErrUnauthorized},
		{"an expired key", "login", `{"success":false,"ret_msg":"api key expired","op":"auth"}`, exchange.ErrUnauthorized},
		{"refused by code", "login", `{"retCode":10004,"retMsg":"Invalid sign","op":"auth"}`, exchange.ErrUnauthorized},
		{"a restart", "login", `{"retCode":10016,"retMsg":"Service is restarting","op":"auth"}`, exchange.ErrUnavailable},
		{"a code beside a yes", "subscribe", `{"success":true,"retCode":10016,"op":"subscribe"}`, exchange.ErrUnavailable},
		{"no verdict on the key", "login", `{"success":false,"ret_msg":"Too many visits!","op":"auth"}`, exchange.ErrUnavailable},
		{"nor this", "login", `{"success":false,"ret_msg":"Server error.","op":"auth"}`, exchange.ErrUnavailable},
		{"nothing", "login", `{"op":"auth"}`, exchange.ErrUnavailable},
		{"damaged", "login", `{"op":`, exchange.ErrFrame},
	} {
		if err := bybit.Granted(tt.op, []byte(tt.data)); (err == nil) != (tt.class == nil) || tt.class != nil && !errors.Is(err, tt.class) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.class)
		}
	}
}

// sane reports what no payload may become.
func sane(t *testing.T, p bybit.Parsed, err error) {
	t.Helper()
	if err != nil && !errors.Is(err, exchange.ErrFrame) {
		t.Errorf("%v is no bad frame", err)
	}
	for _, o := range p.Orders {
		if o.Quantity.Sign() < 0 || o.Filled.Sign() < 0 || o.Price.Sign() < 0 || o.Side == 0 || o.Status > exchange.StatusExpired || o.VenueID == "" {
			t.Errorf("an order that is none: %s", sayOrder(o))
		}
	}
	for _, f := range p.Fills {
		if f.Quantity.Sign() <= 0 || f.Price.Sign() <= 0 || f.TradeID == "" || f.FeeAsset == "" || f.Time.IsZero() {
			t.Errorf("a fill that is none: %+v", f)
		}
	}
	for _, b := range p.Balances {
		if b.Asset == "" || b.Locked.Sign() < 0 {
			t.Errorf("a balance that is none: %+v", b)
		}
	}
	for _, o := range p.Positions {
		if o.Quantity.IsZero() != o.Cost.IsZero() || o.Quantity.Sign() != o.Cost.Sign() {
			t.Errorf("a position that is none: %+v", o)
		}
	}
}

func FuzzOrders(f *testing.F) {
	f.Add(rowsOf(row("", "7", "a", "New")), false)
	f.Add(rowsOf(row("", "7", "_0x", "Cancelled", "rejectReason", "EC_PostOnlyWillTakeLiquidity")), true)
	f.Add([]byte(`{"list":[{"symbol":"BTCUSDT","orderId":7,"side":"Buy","qty":1e2,"cumFeeDetail":{"BTC":1}}]}`), false)
	f.Fuzz(func(t *testing.T, data []byte, perp bool) {
		kind := exchange.Spot
		if perp {
			kind = exchange.Perp
		}
		got, err := reading().Orders(kind, data)
		sane(t, got, err)
	})
}

func FuzzFills(f *testing.F) {
	f.Add(rowsOf(traded("", "e", "7", "a", "1", "2")))
	f.Add(rowsOf(traded("", "e", "7", "", "1", "2", "execType", "Funding", "feeCurrency", "")))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := reading().Fills(exchange.Spot, data)
		sane(t, got, err)
	})
}

func FuzzPush(f *testing.F) {
	f.Add([]byte(topic("order", row("spot", "7", "a", "New"))))
	f.Add([]byte(topic("execution", traded("linear", "e", "7", "a", "1", "2"))))
	f.Add([]byte(topic("wallet", `{"accountType":"UNIFIED","coin":[{"coin":"BTC","walletBalance":"1"}]}`)))
	f.Add([]byte(topic("position", `{"category":"linear","symbol":"BTCUSDT","side":"Sell","size":"1","entryPrice":"5","positionIdx":0}`)))
	f.Add([]byte(`{"topic":"execution.fast","data":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := reading().Push(data)
		sane(t, got, err)
	})
}

func FuzzAccount(f *testing.F) {
	f.Add(rowsOf(`{"accountType":"UNIFIED","coin":[{"coin":"BTC","walletBalance":"1","locked":"2","spotBorrow":"3"}]}`))
	f.Add(rowsOf(`{"symbol":"BTCUSDT","side":"Buy","size":"1","avgPrice":"5"}`))
	f.Add(rowsOf(`{"symbol":"BTCUSDT","takerFeeRate":"0.1","makerFeeRate":"-1"}`))
	f.Add([]byte(`{"timeSecond":"1","timeNano":"1000000000"}`))
	f.Add([]byte(`{"orderId":"1","orderLinkId":"2","list":[{"orderId":"1"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func(bybit.Parser, []byte) (bybit.Parsed, error){bybit.Parser.Balances, bybit.Parser.Positions, bybit.Parser.Rates, bybit.Parser.Acks} {
			got, err := read(reading(), data)
			sane(t, got, err)
		}
		if at, err := reading().Time(data); err == nil && at.IsZero() {
			t.Error("no time, and no error")
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add([]byte(`{"reqId":"1","retCode":0,"retMsg":"OK","op":"order.create","data":{"orderId":"7"},"header":{"X-Bapi-Limit":"10"}}`))
	f.Add([]byte(`{"success":false,"ret_msg":"expired","op":"auth"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, _, _, err := bybit.Reply(data); err != nil && !errors.Is(err, exchange.ErrFrame) {
			t.Error(err)
		}
		_ = bybit.Granted("login", data)
	})
}

// Both ways of looking for a member that comes twice find the same.
func FuzzOnce(f *testing.F) {
	for _, s := range []string{`{"a":1,"A":2}`, `{"a":{"a":[{"a":1},{"a":2}]},"b":"a"}`, `{"\u0061":1,"a":2}`, `[{"a":1},{"a":1,"a":1}]`, `{"a":"\"a\":1,","a":1}`, `{"ſ":1,"s":2}`, `{"a"`, `}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if quick, slow := bybit.Once(data); json.Valid(data) && quick != slow {
			t.Errorf("%s: %v, %v", data, quick, slow)
		}
	})
}
