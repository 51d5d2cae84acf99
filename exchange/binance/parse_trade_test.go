package binance_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
)

const (
	spotOrderRow  = `{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"id-1","price":"100.50","origQty":"2","executedQty":"0.5","cummulativeQuoteQty":"50.1","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"BUY","updateTime":1655217461579}`
	spotEventRow  = `{"e":"executionReport","E":1,"s":"BTCUSDT","c":"id-1","S":"BUY","o":"LIMIT","f":"GTC","q":"2","p":"100.5","C":"","x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE","i":28,"l":"0.5","z":"0.5","L":"100.2","n":"0.01","N":"BNB","T":1655217461579,"t":7,"m":true,"Z":"50.1","I":9}`
	perpEventRow  = `{"e":"ORDER_TRADE_UPDATE","E":1,"T":2,"o":{"s":"BTCUSDT","c":"id-1","S":"SELL","o":"LIMIT","f":"GTX","q":"2","p":"100.5","ap":"100.2","x":"TRADE","X":"FILLED","i":28,"l":"2","z":"2","L":"100.2","n":"-0.01","N":"USDT","T":1655217461579,"t":7,"m":true,"R":true,"AP":"5"}}`
	perpWalletRow = `{"e":"ACCOUNT_UPDATE","E":1,"T":2,"a":{"m":"ORDER","B":[{"a":"USDT","wb":"122.5","cw":"100","bc":"0"}],"P":[{"s":"BTCUSDT","pa":"-2","ep":"100.5","ps":"BOTH"},{"s":"BTCUSDT","pa":"5","ep":"1","ps":"LONG"}]}}`
)

func TestUncommonOrders(t *testing.T) {
	edit := func(pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(spotOrderRow)
		if out == spotOrderRow {
			t.Fatalf("%v changes nothing", pairs)
		}
		return out
	}
	const as = `BTC-USDT 28 "id-1" buy limit GTC 2@100.50 partially filled 0.5 avg 100.2000000000000000 t1655217461579`
	for _, c := range []struct{ name, row, want string }{
		{"as it is", spotOrderRow, as},
		{"numbers for strings", edit(`"100.50"`, `100.50`, `"0.5"`, `0.5`, `"2"`, `2`), as},
		{"strings for numbers", edit(`28`, `"28"`, `1655217461579`, `"1655217461579"`), as},
		{"one number twice", edit(`"price":"100.50"`, `"price":"100.50","price":"100.5"`), as},
		{"post-only", edit(`"LIMIT"`, `"LIMIT_MAKER"`), strings.Replace(as, "GTC", "GTC post", 1)},
		{"unknown type", edit(`"LIMIT"`, `"LIMIT_OF_TOMORROW"`), as},
		{"unknown status", edit(`PARTIALLY_FILLED`, `ODD`), strings.Replace(as, "partially filled", "unknown", 1)},
		{"sum in quote not known any more", edit(`"50.1"`, `"-1"`), strings.Replace(as, " avg 100.2000000000000000", "", 1)},
		{"expired by its own side", edit(`PARTIALLY_FILLED`, `EXPIRED_IN_MATCH`), strings.Replace(as, "partially filled 0.5 avg 100.2000000000000000", "expired 0.5 avg 100.2000000000000000 (self-trade prevention)", 1)},
		{"expired by a rule", edit(`"PARTIALLY_FILLED"`, `"EXPIRED","expiryReason":"EXECUTION_RULE_PRICE_RANGE_EXCEEDED"`), strings.Replace(as, "partially filled 0.5 avg 100.2000000000000000", "expired 0.5 avg 100.2000000000000000 (EXECUTION_RULE_PRICE_RANGE_EXCEEDED)", 1)},
		{"a new row of the venue's", edit(`"side"`, `"new":{"a":[1]},"side"`), as},
		{"names in other letters", edit(`"side"`, `"Status":"FILLED","SIDE":"SELL","side"`), as},
		{"a huge id", edit(`28`, `9223372036854775807`), strings.Replace(as, "28", "9223372036854775807", 1)},
		{"cancelled", edit(`"clientOrderId":"id-1"`, `"origClientOrderId":"id-1","clientOrderId":"cancel-1"`, `PARTIALLY_FILLED`, `CANCELED`), strings.Replace(as, "partially filled", "canceled", 1)},
	} {
		got, err := binance.ReadOrder(exchange.Spot, []byte(c.row))
		if s := showOrder(got); err != nil || s != c.want {
			t.Errorf("%s:\n%s (%v)\nwant\n%s", c.name, s, err, c.want)
		}
	}
	for name, row := range map[string]string{
		"no status": edit(`"status":"PARTIALLY_FILLED",`, ``), "no id": edit(`"orderId":28,`, ``), "null": edit(`"0.5"`, `null`), "no side": edit(`"side":"BUY",`, ``),
		"odd side": edit(`BUY`, `BOTH`), "two sides": edit(`"side":"BUY"`, `"side":"BUY","side":"SELL"`), "two quantities": edit(`"origQty":"2"`, `"origQty":"2","origQty":"3"`),
		"NaN": edit(`"0.5"`, `"NaN"`), "1e400": edit(`"0.5"`, `"1e400"`), "negative": edit(`"0.5"`, `"-0.5"`), "an object": edit(`"0.5"`, `{}`), "an id with a sign": edit(`28`, `-28`),
		"an id with a point": edit(`28`, `2.8`), "time in seconds to come": edit(`1655217461579`, `16552174615790000`), "nobody's symbol": edit(`BTCUSDT`, `ODD`),
		"cut off": spotOrderRow[:100], "more behind": spotOrderRow + `{}`, "a list": `[]`, "empty": ``, "null itself": `null`, "HTML": `<html>`,
	} {
		if got, err := binance.ReadOrder(exchange.Spot, []byte(row)); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("%s: %s, %v", name, showOrder(got), err)
		}
	}
}

func TestUncommonEvents(t *testing.T) {
	edit := func(row string, pairs ...string) string {
		out := strings.NewReplacer(pairs...).Replace(row)
		if out == row {
			t.Fatalf("%v changes nothing", pairs)
		}
		return out
	}
	spot, perp := exchange.Spot, exchange.Perp
	cancelled := edit(spotEventRow, `"x":"TRADE","X":"PARTIALLY_FILLED"`, `"x":"CANCELED","X":"CANCELED"`, `"l":"0.5"`, `"l":"0"`)
	first, _ := binance.VenueID(spot, "id-1", 1)
	second, _ := binance.VenueID(spot, "id-1", 2)
	const filled = ` 0.5 avg 100.2000000000000000 t1655217461579`
	for _, c := range []struct {
		name string
		kind exchange.Kind
		row  string
		want string
	}{
		{"a trade", spot, spotEventRow, `BTC-USDT 28 "id-1" buy limit GTC 2@100.5 partially filled` + filled + ` [7 of 28 BTC-USDT buy 0.5@100.2 0.01 BNB maker t1655217461579] | at 1655217461579`},
		{"a rebate", perp, perpEventRow, `BTC-USDT-PERP 28 "id-1" sell limit GTC post reduce 2@100.5 filled 2 avg 100.2 t1655217461579 [7 of 28 BTC-USDT-PERP sell 2@100.2 -0.01 USDT maker t1655217461579] | at 2`},
		{"a cancellation by somebody", spot, edit(cancelled, `"c":"id-1"`, `"c":"web_9"`, `"C":""`, `"C":"id-1"`), `BTC-USDT 28 "id-1" buy limit GTC 2@100.5 canceled` + filled + ` | at 1655217461579`},
		{"a cancellation for a successor", spot, edit(cancelled, `"c":"id-1"`, `"c":"`+first+`"`, `"C":""`, `"C":"id-1"`), `BTC-USDT 28 "id-1" buy limit GTC 2@100.5 replaced` + filled + ` | at 1655217461579`},
		{"a successor's, for its own", spot, edit(cancelled, `"c":"id-1"`, `"c":"`+second+`"`, `"C":""`, `"C":"`+first+`"`), `BTC-USDT 28 "id-1" buy limit GTC 2@100.5 replaced` + filled + ` | at 1655217461579`},
		{"a cancellation by a predecessor's name", spot, edit(cancelled, `"c":"id-1"`, `"c":"`+first+`"`, `"C":""`, `"C":"`+second+`"`), `BTC-USDT 28 "id-1" buy limit GTC 2@100.5 canceled` + filled + ` | at 1655217461579`},
		{"a successor that is refused", spot, edit(spotEventRow, `"c":"id-1"`, `"c":"`+first+`"`, `"x":"TRADE","X":"PARTIALLY_FILLED","r":"NONE"`, `"x":"REJECTED","X":"REJECTED","r":"INSUFFICIENT_BALANCES"`, `"l":"0.5","z":"0.5"`, `"l":"0","z":"0"`), `BTC-USDT 28 "id-1" buy limit GTC 2@100.5 canceled 0 (INSUFFICIENT_BALANCES) t1655217461579 | at 1655217461579`},
		{"an amendment", spot, edit(spotEventRow, `"x":"TRADE"`, `"x":"REPLACED"`, `"l":"0.5"`, `"l":"0"`), `BTC-USDT 28 "id-1" buy limit GTC 2@100.5 replaced` + filled + ` | at 1655217461579`},
		{"an amendment that ends it", perp, edit(perpEventRow, `"x":"TRADE","X":"FILLED"`, `"x":"AMENDMENT","X":"CANCELED"`, `"l":"2"`, `"l":"0"`), `BTC-USDT-PERP 28 "id-1" sell limit GTC post reduce 2@100.5 canceled 2 avg 100.2 t1655217461579 | at 2`},
		{"a fill without a price", perp, edit(perpEventRow, `"L":"100.2"`, `"L":"0"`), `BTC-USDT-PERP 28 "id-1" sell limit GTC post reduce 2@100.5 filled 2 avg 100.2 t1655217461579 | at 2`},
		{"a wallet", perp, perpWalletRow, `perp USDT 100+22.5 | BTC-USDT-PERP -2 cost -201.0 t2 | at 2`},
		{"a dated future", perp, edit(perpEventRow, `BTCUSDT`, `BTCUSDT_260925`), `at 2`},
		{"an unknown symbol", perp, edit(perpEventRow, `BTCUSDT`, `ODDEUR`), `unlisted ODDEUR | at 2`},
		{"a lite trade", perp, `{"e":"TRADE_LITE","E":1,"T":1,"s":"BTCUSDT","c":"TEST","S":"BUY","q":"0.001","p":"1","i":8,"l":"0.001","L":"1","t":1,"m":true}`, `at -62135596800000`},
		{"a type of tomorrow", perp, `{"e":"NEW_THING","E":"x"}`, `at -62135596800000`},
	} {
		got, err := binance.ReadEvent(c.kind, []byte(c.row))
		if s := showNotice(got); err != nil || s != c.want {
			t.Errorf("%s:\n%s (%v)\nwant\n%s", c.name, s, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		kind exchange.Kind
		row  string
	}{
		"no side":         {spot, edit(spotEventRow, `"S":"BUY",`, ``)},
		"a fill, no id":   {spot, edit(spotEventRow, `"t":7`, `"t":-1`)},
		"no quantity":     {spot, edit(spotEventRow, `"q":"2",`, ``)},
		"two quantities":  {spot, edit(spotEventRow, `"q":"2"`, `"q":"2","q":"4"`)},
		"no order":        {perp, `{"e":"ORDER_TRADE_UPDATE","E":1,"T":2}`},
		"no balance":      {perp, edit(perpWalletRow, `"wb":"122.5",`, ``)},
		"a bad position":  {perp, edit(perpWalletRow, `"-2"`, `"x"`)},
		"no account":      {perp, `{"e":"ACCOUNT_UPDATE","E":1,"T":2}`},
		"no wallet":       {spot, `{"e":"outboundAccountPosition","E":1}`},
		"cut off":         {spot, spotEventRow[:90]},
		"wrapped nothing": {spot, `{"subscriptionId":0,"event":5}`},
		"HTML":            {spot, `<html>`},
	} {
		if got, err := binance.ReadEvent(c.kind, []byte(c.row)); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("%s: %s, %v", name, showNotice(got), err)
		}
	}
	for _, row := range []string{`{"e":"listenKeyExpired","E":"1736996475556","listenKey":"x"}`, `{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1728973001334}}`} {
		if n, err := binance.ReadEvent(spot, []byte(row)); err != nil || !n.Gone {
			t.Errorf("%s: %+v, %v", row, n, err)
		}
	}
}

// checkNumbers holds what a parser made of data against what is in it: no number that is not written there.
func checkNumbers(t *testing.T, data []byte, o exchange.Order) {
	t.Helper()
	for _, d := range []exchange.Decimal{o.Price, o.Quantity, o.Filled} {
		if d.Sign() < 0 {
			t.Errorf("%s is negative in %s", d, showOrder(o))
		}
		if !d.IsZero() && !strings.Contains(string(data), d.String()) && !strings.ContainsAny(string(data), "eE\\+") {
			t.Errorf("%s is not in %s", d, data)
		}
	}
	for _, f := range o.Fills {
		if f.TradeID == "" || f.Quantity.Sign() < 0 || f.Market.Venue != binance.Venue {
			t.Errorf("fill %+v", f)
		}
	}
	if o.Side != exchange.Buy && o.Side != exchange.Sell {
		t.Errorf("side %s", o.Side)
	}
}

func checkError(t *testing.T, err error) bool {
	t.Helper()
	if err != nil && !errors.Is(err, exchange.ErrFrame) {
		t.Errorf("%v", err)
	}
	return err == nil
}

// Orders of every day are read by the quick reader, the same as by the other.
func TestQuickOrders(t *testing.T) {
	for _, c := range []struct {
		name string
		kind exchange.Kind
		row  string
	}{
		{"asked for", exchange.Spot, spotOrderRow},
		{"placed", exchange.Spot, `{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"a-1","transactTime":1507725176595,"price":"1.10000000","origQty":"10.00000000","executedQty":"10.00000000","origQuoteOrderQty":"0.000000","cummulativeQuoteQty":"10.00000000","status":"FILLED","timeInForce":"IOC","type":"LIMIT","side":"SELL","workingTime":1507725176595,"selfTradePreventionMode":"NONE","fills":[{"price":"4000.00000000","qty":"1.00000000","commission":"4.00000000","commissionAsset":"USDT","tradeId":56},{"price":"3999.00000000","qty":"5.00000000","commission":"-19.99500000","commissionAsset":"BNB","tradeId":57}]}`},
		{"placed, resting", exchange.Spot, `{"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"a-1","transactTime":0,"price":"1.1","origQty":"10","executedQty":"0","cummulativeQuoteQty":"0","status":"NEW","type":"LIMIT_MAKER","side":"BUY","fills":[]}`},
		{"expired", exchange.Spot, `{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"a-1","time":7,"updateTime":9,"price":"0","origQty":"10","executedQty":"2","cummulativeQuoteQty":"-1","status":"EXPIRED_IN_MATCH","type":"MARKET","side":"BUY"}`},
		{"placed, perpetual", exchange.Perp, `{"orderId":20072994037,"symbol":"BTCUSDT","pair":"BTCUSDT","status":"NEW","clientOrderId":"a-1","price":"30000","avgPrice":"0.00","origQty":"0.005","executedQty":"0","cumQty":"0","cumQuote":"0","timeInForce":"GTX","type":"LIMIT","reduceOnly":false,"closePosition":false,"side":"BUY","positionSide":"BOTH","stopPrice":"0","workingType":"CONTRACT_PRICE","priceProtect":false,"origType":"LIMIT","priceMatch":"NONE","selfTradePreventionMode":"EXPIRE_MAKER","goodTillDate":0,"updateTime":1629182711600}`},
		{"filled, perpetual", exchange.Perp, `{"orderId":20072994037,"symbol":"BTCUSDT","status":"FILLED","clientOrderId":"a-1","price":"0","avgPrice":"30001.25","origQty":"0.005","executedQty":"0.005","cumQuote":"150.00625","timeInForce":"FOK","type":"MARKET","reduceOnly":true,"side":"SELL","updateTime":1629182711600}`},
		{"filled, sum only", exchange.Perp, `{"orderId":20072994037,"symbol":"BTCUSDT","status":"FILLED","clientOrderId":"a-1","price":"0","origQty":"0.005","executedQty":"0.005","cumQuote":"150.00625","type":"MARKET","side":"SELL","updateTime":1629182711600}`},
	} {
		if quick, same := binance.OrderReaders(c.kind, []byte(c.row)); !quick || !same {
			t.Errorf("%s: quick %t, the same %t", c.name, quick, same)
		}
	}
	for _, row := range []string{`{"symbol":"BTCUSDT"}`, strings.Replace(spotOrderRow, `"side"`, `"new":1,"side"`, 1), strings.Replace(spotOrderRow, `"side"`, `"status":"NEW","side"`, 1), spotOrderRow + " "} {
		if quick, _ := binance.OrderReaders(exchange.Spot, []byte(row)); quick {
			t.Errorf("read %s", row)
		}
	}
}

func FuzzOrder(f *testing.F) {
	f.Add([]byte(spotOrderRow))
	f.Add([]byte(`{"symbol":"BTCUSDT","orderId":28,"clientOrderId":"a","transactTime":5,"price":"0","origQty":"1","executedQty":"1","status":"FILLED","type":"MARKET","side":"SELL","fills":[{"price":"4","qty":"1","commission":"4","commissionAsset":"USDT","tradeId":56}]}`))
	f.Add([]byte(`{"amendedOrder":{"symbol":"BTCUSDT","orderId":1,"clientOrderId":"a","price":"1","qty":"2","executedQty":"0","cumulativeQuoteQty":"0","status":"NEW","side":"BUY","type":"LIMIT"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, k := range []exchange.Kind{exchange.Spot, exchange.Perp} {
			if o, err := binance.ReadOrder(k, data); checkError(t, err) {
				checkNumbers(t, data, o)
			}
			if _, same := binance.OrderReaders(k, data); !same {
				t.Errorf("the two readers differ")
			}
			_, err := binance.ReadOrders(k, data)
			checkError(t, err)
			_, _, err = binance.ReadReplacement(data)
			checkError(t, err)
		}
	})
}

func FuzzEvent(f *testing.F) {
	for _, row := range []string{spotEventRow, perpEventRow, perpWalletRow, `{"subscriptionId":0,"event":{"e":"outboundAccountPosition","u":1,"B":[{"a":"ETH","f":"1","l":"0"}]}}`, `{"e":"listenKeyExpired","E":"1"}`} {
		f.Add([]byte(row))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, k := range []exchange.Kind{exchange.Spot, exchange.Perp} {
			if n, err := binance.ReadEvent(k, data); checkError(t, err) && n.Order != nil {
				checkNumbers(t, data, *n.Order)
			}
		}
	})
}

func FuzzAccount(f *testing.F) {
	for _, row := range []string{`{"balances":[{"asset":"BTC","free":"1","locked":"2"}]}`, `[{"asset":"USDT","balance":"5","availableBalance":"7"}]`, `[{"symbol":"BTCUSDT","positionAmt":"-1","entryPrice":"5","updateTime":1}]`,
		`{"standardCommission":{"maker":"1","taker":"2","buyer":"3","seller":"4"},"discount":{"enabledForAccount":true,"enabledForSymbol":true,"discount":"0.75"}}`, `{"makerCommissionRate":"-0.1","takerCommissionRate":"1"}`,
		`{"serverTime":5}`, `{"listenKey":"a"}`, `{"dualSidePosition":"true"}`, `[{"symbol":"BTCUSDT","id":1,"orderId":2,"price":"1","qty":"1","commission":"1","commissionAsset":"B","time":5,"isBuyer":true,"isMaker":true}]`} {
		f.Add([]byte(row))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, read := range []func([]byte) error{
			func(b []byte) error { _, err := binance.SpotBalances(b); return err },
			func(b []byte) error {
				list, err := binance.PerpBalances(b)
				for _, r := range list {
					if err == nil && r.Locked.Sign() < 0 {
						t.Errorf("%+v", r)
					}
				}
				return err
			},
			func(b []byte) error { _, err := binance.ReadPositions(b); return err },
			func(b []byte) error { _, err := binance.SpotFees(b); return err },
			func(b []byte) error { _, err := binance.PerpFees(b); return err },
			func(b []byte) error { _, err := binance.ServerTime(b); return err },
			func(b []byte) error { _, err := binance.ListenKey(b); return err },
			func(b []byte) error { _, err := binance.Hedged(b); return err },
			func(b []byte) error { _, err := binance.ReadFills(exchange.Spot, b); return err },
			func(b []byte) error { _, err := binance.ReadFills(exchange.Perp, b); return err },
		} {
			checkError(t, read(data))
		}
	})
}

// Whatever an answer is, a write that it answers is not taken for rejected without a reason that the tables know.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{body(-2010, "Duplicate order sent."), body(-2021, "x"), body(-9999, ""), "<html>", "", `{"code":"-1121"}`, `{"id":"1","status":400,"error":{"code":-1003,"msg":"banned until 99","data":{"retryAfter":5}}}`} {
		f.Add(400, []byte(s))
		f.Add(503, []byte(s))
	}
	f.Fuzz(func(t *testing.T, status int, data []byte) {
		for _, k := range []exchange.Kind{exchange.Spot, exchange.Perp} {
			err := binance.Refusal(k, "place", true, status, string(data), t0)
			var e *exchange.Error
			// The firewall's 403 passes nothing on, and says nothing of why.
			if errors.As(err, &e) && errors.Is(e.Outcome, exchange.ErrRejected) && e.Class == nil && status != 403 {
				var told struct{ Code json.RawMessage }
				if json.Unmarshal(data, &told) != nil || !strings.Contains(string(told.Code), "-2010") && !strings.Contains(string(told.Code), "-2022") {
					t.Errorf("%d %q: %v", status, data, err)
				}
			}
			_ = binance.FrameRefusal(k, "place", true, string(data), t0)
		}
	})
}

// What the fast reader of objects takes, encoding/json reads alike.
func FuzzFields(f *testing.F) {
	for _, row := range []string{spotOrderRow, perpEventRow, `{}`, `{"a":[{"b":"c"}],"d":null,"e":-1.5e3,"a":true}`, `{ "a": "\u0041" }`} {
		f.Add([]byte(row))
	}
	fast, slow := binance.FieldsReaders()
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := fast(data)
		if !ok {
			return
		}
		want, valid := slow(data)
		if !valid || !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q (%v)", data, got, want, valid)
		}
	})
}
