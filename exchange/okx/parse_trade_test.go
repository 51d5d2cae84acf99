package okx_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
)

// spot and swap are markets of tests; a contract is 0.01 BTC.
func spot() okx.Market {
	return okx.Market{Code: "10459", Group: "1", Instrument: exchange.Instrument{
		Market: exchange.Market{Venue: okx.Venue, Symbol: exchange.MustSymbol("BTC-USDT")}, VenueSymbol: "BTC-USDT", Tradable: true,
		Tick: dec("0.1"), Lot: dec("0.00000001"), MinQty: dec("0.00001"), Contract: dec("1"), Settle: "USDT"}}
}

func swap() okx.Market {
	return okx.Market{Code: "10461", Group: "4", Instrument: exchange.Instrument{
		Market: exchange.Market{Venue: okx.Venue, Symbol: exchange.MustSymbol("BTC-USDT-PERP")}, VenueSymbol: "BTC-USDT-SWAP", Tradable: true,
		Tick: dec("0.1"), Lot: dec("0.0001"), MinQty: dec("0.0001"), Contract: dec("0.01"), Settle: "USDT"}}
}

func dec(s string) exchange.Decimal { return exchange.MustDecimal(s) }

// base is a row of a working order; tests change parts of it.
const base = `{"instType":"SWAP","instId":"BTC-USDT-SWAP","ordId":"77","clOrdId":"b15","side":"buy","ordType":"limit","state":"live","px":"50000.1","sz":"3",` +
	`"tgtCcy":"","reduceOnly":"false","accFillSz":"0","avgPx":"","fee":"0","feeCcy":"USDT","rebate":"","rebateCcy":"","cTime":"1700000000000","uTime":"1700000000123",` +
	`"cancelSource":"","cancelSourceReason":"","tradeId":"","fillPx":"","fillSz":"0","fillTime":"","fillFee":"0","fillFeeCcy":"","execType":"","reqId":"","amendResult":"","code":"0","msg":""}`

func changed(pairs ...string) string {
	r := base
	for i := 0; i < len(pairs); i += 2 {
		from := strings.Index(r, `"`+pairs[i]+`":`)
		if from < 0 {
			panic(pairs[i])
		}
		from += len(pairs[i]) + 3
		to := from + strings.IndexAny(r[from+1:], `,}`) + 1
		r = r[:from] + pairs[i+1] + r[to:]
	}
	return r
}

func showOrder(o exchange.Order) string {
	s := fmt.Sprintf("%s %q %s %s %s %s", o.Market.Symbol, o.ClientID, o.VenueID, o.Side, o.Type, o.TIF)
	if o.PostOnly {
		s += " post-only"
	}
	if o.ReduceOnly {
		s += " reduce-only"
	}
	s += fmt.Sprintf(" %s at %s: %s, %s filled at %s", o.Quantity, o.Price, o.Status, o.Filled, o.AvgPrice)
	for _, a := range o.Fees {
		s += ", paid " + a.String()
	}
	if o.Reason != "" {
		s += " (" + o.Reason + ")"
	}
	return s
}

func TestOrders(t *testing.T) {
	const same = `BTC-USDT-PERP "b15" 77 buy limit GTC 0.03 at 50000.1: `
	for _, tt := range []struct{ name, row, want string }{
		{"working", base, same + "accepted, 0.00 filled at 0"},
		{"sizes are contracts", changed("sz", `"1.5"`, "accFillSz", `"0.25"`, "avgPx", `"50000"`, "state", `"partially_filled"`),
			`BTC-USDT-PERP "b15" 77 buy limit GTC 0.015 at 50000.1: partially filled, 0.0025 filled at 50000`},
		{"filled", changed("accFillSz", `"3"`, "avgPx", `"50000"`, "state", `"filled"`, "fee", `"-0.75"`), same + "filled, 0.03 filled at 50000, paid 0.75 USDT"},
		{"a rebate is negative", changed("accFillSz", `"3"`, "avgPx", `"50000"`, "state", `"filled"`, "fee", `"0.15"`), same + "filled, 0.03 filled at 50000, paid -0.15 USDT"},
		{"fee and rebate in two assets", changed("accFillSz", `"1"`, "avgPx", `"50000"`, "fee", `"-0.1"`, "rebate", `"0.000001"`, "rebateCcy", `"BTC"`),
			same + "partially filled, 0.01 filled at 50000, paid 0.1 USDT, paid -0.000001 BTC"},
		{"fee and rebate in one", changed("accFillSz", `"1"`, "avgPx", `"50000"`, "fee", `"-0.1"`, "rebate", `"0.03"`, "rebateCcy", `"USDT"`),
			same + "partially filled, 0.01 filled at 50000, paid 0.07 USDT"},
		{"canceled by the user", changed("state", `"canceled"`, "cancelSource", `"1"`), same + "canceled, 0.00 filled at 0 (canceled by the user)"},
		{"canceled without a source", changed("state", `"canceled"`), same + "canceled, 0.00 filled at 0"},
		{"the rest of an IOC", changed("state", `"canceled"`, "cancelSource", `"14"`, "accFillSz", `"1"`, "avgPx", `"50000"`, "ordType", `"ioc"`),
			`BTC-USDT-PERP "b15" 77 buy limit IOC 0.03 at 50000.1: expired, 0.01 filled at 50000 (immediate or cancel: the rest is canceled)`},
		{"an IOC without a source", changed("state", `"canceled"`, "ordType", `"ioc"`), `BTC-USDT-PERP "b15" 77 buy limit IOC 0.03 at 50000.1: expired, 0.00 filled at 0`},
		{"fill or kill", changed("state", `"canceled"`, "cancelSource", `"13"`, "ordType", `"fok"`),
			`BTC-USDT-PERP "b15" 77 buy limit FOK 0.03 at 50000.1: expired, 0.00 filled at 0 (fill or kill: not to be filled at once)`},
		{"post-only that would take", changed("state", `"canceled"`, "cancelSource", `"31"`, "ordType", `"post_only"`),
			`BTC-USDT-PERP "b15" 77 buy limit GTC post-only 0.03 at 50000.1: rejected, 0.00 filled at 0 (post only: it would have taken)`},
		{"post-only by the venue's words", changed("state", `"canceled"`, "cancelSource", `"31"`, "cancelSourceReason", `"Your order would take"`, "ordType", `"post_only"`),
			`BTC-USDT-PERP "b15" 77 buy limit GTC post-only 0.03 at 50000.1: rejected, 0.00 filled at 0 (Your order would take)`},
		{"post-only that had filled", changed("state", `"canceled"`, "cancelSource", `"31"`, "accFillSz", `"1"`, "ordType", `"post_only"`),
			`BTC-USDT-PERP "b15" 77 buy limit GTC post-only 0.03 at 50000.1: expired, 0.01 filled at 0 (post only: it would have taken)`},
		{"self-trade", changed("state", `"canceled"`, "cancelSource", `"32"`), same + "expired, 0.00 filled at 0 (self-trade prevention)"},
		{"the dead-man switch", changed("state", `"canceled"`, "cancelSource", `"20"`), same + "canceled, 0.00 filled at 0 (cancel all after: time is up)"},
		{"a source that nobody documented", changed("state", `"canceled"`, "cancelSource", `"77"`), same + "expired, 0.00 filled at 0 (cancelSource 77)"},
		{"by market maker protection", changed("state", `"mmp_canceled"`), same + "canceled, 0.00 filled at 0"},
		{"a state that nobody documented", changed("state", `"dreaming"`), same + "unknown, 0.00 filled at 0"},
		{"amended", changed("reqId", `"r1"`, "amendResult", `"0"`, "sz", `"4"`), `BTC-USDT-PERP "b15" 77 buy limit GTC 0.04 at 50000.1: replaced, 0.00 filled at 0`},
		{"amended to what had filled", changed("reqId", `"r1"`, "amendResult", `"0"`, "accFillSz", `"3"`, "state", `"filled"`), same + "filled, 0.03 filled at 0"},
		{"not amended", changed("reqId", `"r1"`, "amendResult", `"-1"`), same + "accepted, 0.00 filled at 0"},
		{"market", changed("ordType", `"market"`, "px", `""`), `BTC-USDT-PERP "b15" 77 buy market GTC 0.03 at 0: accepted, 0.00 filled at 0`},
		{"market with a bound", changed("ordType", `"optimal_limit_ioc"`, "px", `"60000"`), `BTC-USDT-PERP "b15" 77 buy market IOC 0.03 at 0: accepted, 0.00 filled at 0`},
		{"a type that nobody documented", changed("ordType", `"rpi"`), same + "accepted, 0.00 filled at 0"},
		{"reduce-only", changed("reduceOnly", `"true"`, "side", `"sell"`), `BTC-USDT-PERP "b15" 77 sell limit GTC reduce-only 0.03 at 50000.1: accepted, 0.00 filled at 0`},
		{"reduce-only as a boolean", changed("reduceOnly", `true`), `BTC-USDT-PERP "b15" 77 buy limit GTC reduce-only 0.03 at 50000.1: accepted, 0.00 filled at 0`},
		{"numbers as numbers", changed("sz", `3`, "px", `50000.1`, "ordId", `77`, "uTime", `1700000000123`), same + "accepted, 0.00 filled at 0"},
		{"nulls", changed("avgPx", `null`, "rebate", `null`, "feeCcy", `null`), same + "accepted, 0.00 filled at 0"},
		{"a field twice, the same", strings.Replace(base, `"sz":"3"`, `"sz":"3","sz":3`, 1), same + "accepted, 0.00 filled at 0"},
		{"in quote, working", changed("tgtCcy", `"quote_ccy"`, "ordType", `"market"`, "px", `""`, "sz", `"100"`),
			`BTC-USDT-PERP "b15" 77 buy market GTC 0 at 0: accepted, 0.00 filled at 0`},
		{"in quote, filled", changed("tgtCcy", `"quote_ccy"`, "ordType", `"market"`, "px", `""`, "sz", `"100"`, "state", `"filled"`, "accFillSz", `"0.2"`, "avgPx", `"50000"`),
			`BTC-USDT-PERP "b15" 77 buy market GTC 0.002 at 0: filled, 0.002 filled at 50000`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, err := okx.Order(swap(), "main", []byte(tt.row))
			if err != nil {
				t.Fatal(err)
			}
			if got := showOrder(o); got != tt.want || o.Account != "main" {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if o.Time.UnixMilli() != 1700000000123 {
				t.Errorf("time %v", o.Time)
			}
		})
	}
}

func TestOrdersRefused(t *testing.T) {
	for name, row := range map[string]string{
		"no id":                       changed("ordId", `""`),
		"no size":                     changed("sz", `""`),
		"no filled size":              changed("state", `"canceled"`, "accFillSz", `""`),
		"a negative filled size":      changed("accFillSz", `"-1"`),
		"a size that is none":         changed("sz", `"three"`),
		"NaN":                         changed("px", `"NaN"`),
		"1e400":                       changed("sz", `1e400`),
		"no side":                     changed("side", `""`),
		"both sides":                  changed("side", `"both"`),
		"a fee in nothing":            changed("fee", `"-1"`, "feeCcy", `""`),
		"a time that is none":         changed("uTime", `"yesterday"`),
		"a time in another unit":      changed("uTime", `"1700000000123000000"`),
		"a size twice":                strings.Replace(base, `"sz":"3"`, `"sz":"3","sz":"4"`, 1),
		"a size twice, in capitals":   strings.Replace(base, `"sz":"3"`, `"sz":"3","SZ":"4"`, 1),
		"a list for a size":           changed("sz", `["3"]`),
		"truncated":                   base[:200],
		"not an object":               `7`,
		"nothing":                     ``,
		"an object within the object": changed("state", `{}`),
	} {
		if o, err := okx.Order(swap(), "", []byte(row)); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("%s: %s, %v", name, showOrder(o), err)
		}
	}
}

func showFill(f exchange.Fill) string {
	s := fmt.Sprintf("%s %s of %s %q: %s %s at %s, paid %s %s", f.Market.Symbol, f.TradeID, f.VenueID, f.ClientID, f.Side, f.Quantity, f.Price, f.Fee, f.FeeAsset)
	if f.Maker {
		s += ", maker"
	}
	return s + fmt.Sprintf(" @%d", f.Time.UnixMilli())
}

// The execution that a push is about.
func TestPushedFills(t *testing.T) {
	own, err := okx.VenueID("ORD-20240521-8a3f-01")
	if err != nil {
		t.Fatal(err)
	}
	part := []string{"state", `"partially_filled"`, "accFillSz", `"2"`, "tradeId", `"9"`, "fillPx", `"50000"`, "fillSz", `"1"`, "fillTime", `"1700000000120"`,
		"fillFee", `"-0.25"`, "fillFeeCcy", `"USDT"`, "execType", `"T"`, "fee", `"-0.5"`}
	with := func(pairs ...string) string { return changed(append(append([]string{}, part...), pairs...)...) }
	for _, tt := range []struct{ name, row, want string }{
		{"none", base, ""},
		{"one", with(), `BTC-USDT-PERP 9 of 77 "b15": buy 0.01 at 50000, paid 0.25 USDT @1700000000120`},
		{"a maker's", with("execType", `"M"`, "fillFee", `"0.1"`), `BTC-USDT-PERP 9 of 77 "b15": buy 0.01 at 50000, paid -0.1 USDT, maker @1700000000120`},
		{"of an id with hyphens", with("clOrdId", `"`+own+`"`), `BTC-USDT-PERP 9 of 77 "ORD-20240521-8a3f-01": buy 0.01 at 50000, paid 0.25 USDT @1700000000120`},
		{"told without its fee, the only one", with("fillFee", `""`, "accFillSz", `"1"`), `BTC-USDT-PERP 9 of 77 "b15": buy 0.01 at 50000, paid 0.5 USDT @1700000000120`},
		{"told without its fee, one of several", with("fillFee", `""`), ""},
		{"filled, and none told", with("state", `"filled"`, "fillSz", `"0"`, "tradeId", `""`), ""},
		{"a trade id of zero", with("tradeId", `"0"`), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list, err := okx.Pushes("main", swap())([]byte(`{"arg":{"channel":"orders","instType":"ANY"},"data":[` + tt.row + `]}`))
			if err != nil || len(list) != 1 || list[0].Order == nil {
				t.Fatalf("%v, %v", list, err)
			}
			got := ""
			for _, f := range list[0].Order.Fills {
				got += showFill(f)
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
	for name, row := range map[string]string{"no price": with("fillPx", `"0"`), "a fee of what": with("fillFeeCcy", `""`), "negative": with("fillSz", `"-1"`)} {
		if list, err := okx.Pushes("main", swap())([]byte(`{"arg":{"channel":"orders"},"data":[` + row + `]}`)); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("%s: %v, %v", name, list, err)
		}
	}
}

func TestPushesOfOtherMarkets(t *testing.T) {
	read := okx.Pushes("main", swap())
	for _, row := range []string{changed("instId", `"BTC-USD-SWAP"`), changed("instType", `"FUTURES"`, "sz", `"rubbish"`), changed("instType", `"OPTION"`)} {
		list, err := read([]byte(`{"arg":{"channel":"orders"},"data":[` + row + `]}`))
		if err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", row, list, err)
		}
	}
	for _, frame := range []string{`{"arg":{"channel":"orders"}}`, `{"data":[]}`, `{"arg":7}`, `[]`, `{"arg":{"channel":"orders"},"data":{}}`, `{"arg":{"channel":"account"},"data":[{"details":{}}]}`} {
		if list, err := read([]byte(frame)); !errors.Is(err, exchange.ErrFrame) {
			t.Errorf("%s: %v, %v", frame, list, err)
		}
	}
}

// A market's cross and isolated positions are told as one.
func TestPushedPositions(t *testing.T) {
	read := okx.Pushes("main", swap())
	row := func(id, pos, px string) string {
		return fmt.Sprintf(`{"arg":{"channel":"positions","instType":"SWAP"},"data":[{"instId":"BTC-USDT-SWAP","posId":%q,"posSide":"net","pos":%q,"avgPx":%q,"uTime":"1700000000123"}]}`, id, pos, px)
	}
	for _, tt := range []struct{ frame, want string }{
		{row("1", "3", "50000"), "0.03 1500"},
		{row("2", "-1", "60000"), "0.02 900"},
		{row("1", "0", ""), "-0.01 -600"},
		{row("2", "0", "0"), "0 0"},
		{row("1", "-2.5", "100"), "-0.025 -2.5"},
	} {
		list, err := read([]byte(tt.frame))
		if err != nil || len(list) != 1 || len(list[0].Positions) != 1 {
			t.Fatalf("%s: %v, %v", tt.frame, list, err)
		}
		p := list[0].Positions[0]
		if !p.Quantity.Equal(dec(strings.Fields(tt.want)[0])) || !p.Cost.Equal(dec(strings.Fields(tt.want)[1])) || p.Account != "main" || p.Market != swap().Market {
			t.Errorf("%s: %s %s, want %s", tt.frame, p.Quantity, p.Cost, tt.want)
		}
	}
}

func TestRates(t *testing.T) {
	show := func(r exchange.FeeRates) string { return r.Maker.String() + " " + r.Taker.String() }
	for _, tt := range []struct {
		name, row, want string
		market          okx.Market
	}{
		{"by group", `{"feeGroup":[{"groupId":"1","maker":"-0.0008","taker":"-0.001"},{"groupId":"4","maker":"0.00005","taker":"-0.0005"}],"maker":"-9","taker":"-9"}`, "-0.00005 0.0005", swap()},
		{"another group", `{"feeGroup":[{"groupId":"1","maker":"-0.0008","taker":"-0.001"},{"groupId":"4","maker":"0.00005","taker":"-0.0005"}]}`, "0.0008 0.001", spot()},
		{"the group is not told", `{"feeGroup":[{"groupId":"7","maker":"-0.0008","taker":"-0.001"}]}`, "0.0008 0.001", okx.Market{Instrument: spot().Instrument}},
		{"before groups", `{"maker":"-0.0008","taker":"-0.001","makerU":"","takerU":""}`, "0.0008 0.001", spot()},
		{"of swaps margined in USDT", `{"maker":"-0.0008","taker":"-0.001","makerU":"-0.0002","takerU":"-0.0005"}`, "0.0002 0.0005", swap()},
		{"none of this group", `{"feeGroup":[{"groupId":"7","maker":"-0.0008","taker":"-0.001"}]}`, "", spot()},
		{"nothing", `{}`, "", spot()},
	} {
		r, err := okx.Rates(tt.market, []byte(tt.row))
		if tt.want == "" && !errors.Is(err, exchange.ErrFrame) || tt.want != "" && (err != nil || show(r) != tt.want) {
			t.Errorf("%s: %s, %v, want %s", tt.name, show(r), err, tt.want)
		}
	}
}

func TestAccountModes(t *testing.T) {
	for _, tt := range []struct{ level, mode, spot, swap string }{
		{"1", "net_mode", "cash", "cross"}, {"2", "net_mode", "cash", "cross"}, {"3", "net_mode", "cross", "cross"}, {"4", "net_mode", "cross", "cross"},
		{"5", "net_mode", "", ""}, {"2", "long_short_mode", "", ""}, {"", "", "", ""},
	} {
		spot, swap, err := okx.Mode(fmt.Appendf(nil, `{"acctLv":%q,"posMode":%q}`, tt.level, tt.mode))
		if spot != tt.spot || swap != tt.swap || (err != nil) != (spot == "") || err != nil && !errors.Is(err, exchange.ErrUnsupported) {
			t.Errorf("level %s, %s: %s, %s, %v", tt.level, tt.mode, spot, swap, err)
		}
	}
}

func fuzzRow[T any](f *testing.F, seeds []string, read func([]byte) (T, error), check func(*testing.T, T)) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		v, err := read(row)
		switch {
		case err == nil:
			check(t, v)
		case !errors.Is(err, exchange.ErrFrame) && !errors.Is(err, exchange.ErrUnsupported):
			t.Errorf("%s: an error without class: %v", row, err)
		}
	})
}

func FuzzOrderRow(f *testing.F) {
	fuzzRow(f, []string{base, `{}`, changed("state", `"filled"`, "accFillSz", `3`), changed("fee", `"-1"`)},
		func(b []byte) (exchange.Order, error) { return okx.Order(swap(), "", b) },
		func(t *testing.T, o exchange.Order) {
			if o.VenueID == "" || o.Side == 0 || o.Filled.Sign() < 0 || o.Quantity.Sign() < 0 || o.Price.Sign() < 0 {
				t.Errorf("%s", showOrder(o))
			}
		})
}

func FuzzFillRow(f *testing.F) {
	fuzzRow(f, []string{`{"tradeId":"1","ordId":"2","side":"buy","fillPx":"1","fillSz":"1","fee":"-1","feeCcy":"BTC","fillTime":"1700000000120"}`, `{}`},
		func(b []byte) (exchange.Fill, error) { return okx.Fill(spot(), "", b) },
		func(t *testing.T, x exchange.Fill) {
			if x.TradeID == "" || x.VenueID == "" || x.Side == 0 || x.Price.Sign() <= 0 || x.Quantity.Sign() <= 0 || !x.Fee.IsZero() && x.FeeAsset == "" {
				t.Errorf("%s", showFill(x))
			}
		})
}

func FuzzBalanceRow(f *testing.F) {
	fuzzRow(f, []string{`{"uTime":"1","details":[{"ccy":"BTC","availBal":"1","frozenBal":"2"}]}`, `{}`},
		func(b []byte) ([]exchange.Balance, error) { l, _, err := okx.Balances(b); return l, err },
		func(t *testing.T, l []exchange.Balance) {
			for _, b := range l {
				if b.Asset == "" || b.Locked.Sign() < 0 {
					t.Errorf("%+v", b)
				}
			}
		})
}

func FuzzPositionRow(f *testing.F) {
	fuzzRow(f, []string{`{"posSide":"net","pos":"-1","avgPx":"2","uTime":"1"}`, `{"posSide":"short","pos":"1","avgPx":"2"}`},
		func(b []byte) (exchange.Position, error) { return okx.Position(swap(), "", b) },
		func(t *testing.T, p exchange.Position) {
			if p.Quantity.IsZero() && !p.Cost.IsZero() {
				t.Errorf("%+v", p)
			}
		})
}

func FuzzFeeRow(f *testing.F) {
	fuzzRow(f, []string{`{"maker":"-1","taker":"-1"}`, `{"feeGroup":[{"groupId":"1","maker":"-1","taker":"1"}]}`},
		func(b []byte) (exchange.FeeRates, error) { return okx.Rates(spot(), b) }, func(*testing.T, exchange.FeeRates) {})
}

func FuzzPush(f *testing.F) {
	fuzzRow(f, []string{`{"arg":{"channel":"orders"},"data":[` + base + `]}`, `{"arg":{"channel":"account"},"data":[{"uTime":"1","details":[]}]}`,
		`{"arg":{"channel":"positions"},"data":[{"instId":"BTC-USDT-SWAP","pos":"1","avgPx":"1"}]}`, `{"event":"login"}`},
		func(b []byte) ([]struct{}, error) { _, err := okx.Pushes("", swap(), spot())(b); return nil, err }, func(*testing.T, []struct{}) {})
}

func FuzzPayload(f *testing.F) {
	f.Add([]byte(`{"code":"0","msg":"","data":[{"ordId":"7","sCode":"0"}]}`), 200)
	f.Add([]byte(refusal("51008", "")), 200)
	f.Fuzz(func(t *testing.T, body []byte, status int) {
		for _, c := range []okx.Call{okx.Read, okx.Write, okx.Batch, okx.Socket} {
			_, err := okx.Payload(c, status, body)
			var e *exchange.Error
			if err != nil && (!errors.As(err, &e) || (c == okx.Read) != (e.Outcome == nil)) {
				t.Errorf("%d %s: %v", status, body, err)
			}
		}
		_, _ = okx.Acks(body)
		_, _ = okx.ServerTime(body)
		_, _, _ = okx.Mode(body)
		_, _ = okx.ReadEvent(body)
	})
}
