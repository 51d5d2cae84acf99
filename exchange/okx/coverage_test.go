package okx_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/feed"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// Why a recorded payload is not read.
const (
	olderAPI     = "older API"
	otherProduct = "other product"
	duplicate    = "duplicate"
	notInPort    = "private type not in the port" // public ones too: candles, tickers, trades, funding
)

// unused are the payloads that are not read.
var unused = map[string]string{
	"rest_account_config/jkorf__Endpoints__UnifiedApi__Account__SetAccountPositionMode.txt": notInPort,
	"rest_balances/jkorf__Endpoints__UnifiedApi__Account__GetFundingBalance.txt":            notInPort, // of the funding account
	"rest_currencies/jkorf__Endpoints__UnifiedApi__Account__GetAssets.txt":                  notInPort,
	"rest_funding/jkorf__Endpoints__UnifiedApi__Account__GetFundingBillDetails.txt":         notInPort,
	"rest_funding/jkorf__Endpoints__UnifiedApi__ExchangeData__GetFundingRateHistory.txt":    notInPort,
	"rest_funding/jkorf__Endpoints__UnifiedApi__ExchangeData__GetFundingRates.txt":          notInPort,
	"rest_instruments/naut__http_get_instruments_futures.json":                              otherProduct,
	"rest_instruments/naut__http_get_instruments_margin.json":                               otherProduct,
	"rest_klines/jkorf__Endpoints__UnifiedApi__ExchangeData__GetKlineHistory.txt":           notInPort,
	"rest_klines/naut__http_get_candlesticks.json":                                          notInPort,
	"rest_klines/naut__http_get_candlesticks_full.json":                                     notInPort,
	"rest_ledger/jkorf__Endpoints__UnifiedApi__Account__GetBillArchive.txt":                 notInPort,
	"rest_leverage/jkorf__Endpoints__UnifiedApi__Account__GetAccountLeverage.txt":           notInPort,
	"rest_leverage/jkorf__Endpoints__UnifiedApi__Account__SetAccountLeverage.txt":           notInPort,
	"rest_positions/jkorf__Endpoints__UnifiedApi__Account__GetAccountPositionRisk.txt":      notInPort,
	"rest_positions/jkorf__Endpoints__UnifiedApi__Account__GetAccountPositions.txt":         otherProduct, // a dated future
	"rest_positions/jkorf__Endpoints__UnifiedApi__Trading__ClosePosition.txt":               notInPort,
	"rest_positions/naut__http_get_account_positions-history.json":                          notInPort,
	"rest_ticker/jkorf__Endpoints__UnifiedApi__ExchangeData__GetBlockTicker.txt":            notInPort,
	"rest_ticker/jkorf__Endpoints__UnifiedApi__ExchangeData__GetBlockTickers.txt":           notInPort,
	"rest_ticker/jkorf__Endpoints__UnifiedApi__ExchangeData__GetEstimatedPrice.txt":         notInPort,
	"rest_ticker/jkorf__Endpoints__UnifiedApi__ExchangeData__GetIndexTickers.txt":           notInPort,
	"rest_ticker/jkorf__Endpoints__UnifiedApi__ExchangeData__GetTicker.txt":                 notInPort,
	"rest_ticker/jkorf__Endpoints__UnifiedApi__ExchangeData__GetTickers.txt":                notInPort,
	"rest_trades_public/jkorf__Endpoints__UnifiedApi__ExchangeData__GetRecentTrades.txt":    notInPort,
	"rest_trades_public/jkorf__Endpoints__UnifiedApi__ExchangeData__GetTradeHistory.txt":    notInPort,
	"rest_transfer/jkorf__Endpoints__UnifiedApi__Account__GetTransfer.txt":                  notInPort,
	"ws_balance/jkorf__Subscriptions__Unified__Account__Greeks.txt":                         notInPort,
	"ws_bbo/gctinline__okx_test__ws_bbo.jsonl":                                              notInPort,
	"ws_bbo/naut__ws_bbo_tbt.json":                                                          notInPort,
	"ws_depth/gctinline__ws_subscriptions_test__ws_depth.jsonl":                             notInPort, // requests
	"ws_depth/jkorf__Subscriptions__Unified__ExchangeData__OrderBook.txt":                   notInPort, // five levels, without action
	"ws_fill/jkorf__Subscriptions__Unified__Trading__UserTrade.txt":                         notInPort, // for VIP4, and without the fee
	"ws_kline/gctinline__okx_test__ws_kline.jsonl":                                          notInPort,
	"ws_kline/jkorf__Subscriptions__Unified__ExchangeData__IndexKlines.txt":                 notInPort,
	"ws_kline/naut__ws_candle.json":                                                         notInPort,
	"ws_mark_funding/jkorf__Subscriptions__Unified__ExchangeData__FundingRate.txt":          notInPort,
	"ws_mark_funding/jkorf__Subscriptions__Unified__ExchangeData__MarkPrice.txt":            notInPort,
	"ws_mark_funding/tardis__okex_swap.2__ws_mark_funding.jsonl":                            notInPort,
	"ws_order_update/gctinline__okx_test__ws_order_update.jsonl":                            otherProduct, // algo, grid, spread orders
	"ws_other/jkorf__Subscriptions__Unified__ExchangeData__Concurrent.txt":                  notInPort,
	"ws_other/jkorf__Subscriptions__Unified__ExchangeData__Symbol.txt":                      notInPort,
	"ws_other/jkorf__Subscriptions__Unified__Trading__LiquidationWarning.txt":               notInPort,
	"ws_position/gctinline__okx_test__ws_position.jsonl":                                    otherProduct, // grids, dated futures
	"ws_ticker/cflive__OKX__spot+linear__ws_ticker__0.jsonl":                                notInPort,
	"ws_ticker/gctinline__okx_test__ws_ticker.jsonl":                                        notInPort,
	"ws_ticker/jkorf__Subscriptions__Unified__ExchangeData__IndexTicker.txt":                notInPort,
	"ws_ticker/jkorf__Subscriptions__Unified__ExchangeData__Ticker.txt":                     notInPort,
	"ws_ticker/naut__ws_tickers.json":                                                       notInPort,
	"ws_ticker/tardis__okex_swap.2__ws_ticker.jsonl":                                        notInPort,
	"ws_trades/cflive__OKX__spot+linear__ws_trades__0.jsonl":                                notInPort,
	"ws_trades/gct__wsAllTrades__ws_trades.jsonl":                                           notInPort,
	"ws_trades/gctinline__okx_test__ws_trades.jsonl":                                        notInPort,
	"ws_trades/jkorf__Subscriptions__Unified__ExchangeData__Trades.txt":                     notInPort,
	"ws_trades/naut__ws_trades.json":                                                        notInPort,
}

// payloads are a recorded file's: of one REST answer, or of one push a line. Scripts of requests and acknowledgements before it are cut off.
func payloads(t *testing.T, name string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(fixtures.Path(t, "okx/"+name))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasSuffix(name, ".jsonl"):
		return bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	case strings.HasSuffix(name, ".txt") && b[0] == '>':
		_, b, _ = bytes.Cut(b, []byte("\n="))
		return [][]byte{b}
	case strings.HasSuffix(name, ".txt"):
		parts := bytes.SplitN(b, []byte("\n"), 4)
		return [][]byte{parts[3]}
	}
	return [][]byte{b}
}

// answered are the rows of a REST answer, by way of the adapter's reader.
func answered(t *testing.T, c okx.Call, body []byte) []json.RawMessage {
	t.Helper()
	data, err := okx.Payload(c, 200, body)
	if err != nil {
		t.Fatal(err)
	}
	var rows []json.RawMessage
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// used is how each payload that is read is read, and what must come out: three values of it at least.
var used = map[string]struct {
	read func(t *testing.T, name string) string
	want string
}{
	"rest_account_config/jkorf__Endpoints__UnifiedApi__Account__GetAccountConfiguration.txt": {readConfig, "level 3, net_mode: spot cross, swap cross"},
	"rest_amend/jkorf__Endpoints__UnifiedApi__Trading__AmendOrder.txt":                       {readAcks(okx.Write), `12344 "" 0 1695190491421`},
	"rest_cancel/jkorf__Endpoints__UnifiedApi__Trading__CancelOrder.txt":                     {readAcks(okx.Write), `12345689 "oktswap6" 0 1695190491421`},
	"rest_cancel_all/jkorf__Endpoints__UnifiedApi__Trading__CancelAllAfter.txt":              {readAcks(okx.Batch), ` ""  1587971400`},
	"rest_batch_cancel/jkorf__Endpoints__UnifiedApi__Trading__CancelMultipleOrders.txt":      {readAcks(okx.Batch), `12345689 "oktswap6" 0 1695190491421; 12344 "oktswap7" 0 1695190491421`},
	"rest_batch_orders/jkorf__Endpoints__UnifiedApi__Trading__PlaceMultipleOrders.txt":       {readAcks(okx.Batch), `12345689 "oktswap6" 0 1695190491421; 12344 "oktswap7" 0 1695190491421`},
	"rest_place_order/naut__http_place_order_response.json":                                  {readAck, `12345678901234567890 "client_order_123" 0 `},
	"wsapi_amend/jkorf__Socket__UnifiedApi__AmendMultipleOrders.txt":                         {readAcks(okx.Batch), `12345689 "oktswap6" 0 1695190491421; 12344 "oktswap7" 0 1695190491421`},
	"wsapi_cancel/jkorf__Socket__UnifiedApi__CancelMultipleOrders.txt":                       {readAcks(okx.Batch), `2517748157541376 "oktswap6" 0 1695190491421; 2517748155771904 "oktswap7" 0 1695190491421`},
	"wsapi_place_order/jkorf__Socket__UnifiedApi__PlaceOrder.txt":                            {readAcks(okx.Socket), `12345689 "" 0 1695190491421`},

	"rest_balances/naut__http_balance_detail_new_fields.json": {readBalanceRow, "USDT 100.0 + 0"},
	"rest_balances/naut__http_balance_detail_old_fields.json": {readBalanceRow, "USDT 100.0 + 0"},
	"rest_balances/naut__http_get_account_balance.json":       {readAccount, "USDT 94.42612990333333 + 5.468566666666667 @1744499648556"},
	"rest_fee_rate/jkorf__Endpoints__UnifiedApi__Account__GetFeeRates.txt": {func(t *testing.T, name string) string {
		r, err := okx.Rates(spot(), answered(t, okx.Read, payloads(t, name)[0])[0])
		return fmt.Sprint(r.Maker, " ", r.Taker, " ", err)
	}, "0.0008 0.001 <nil>"},
	"rest_fills/jkorf__Endpoints__UnifiedApi__Trading__GetUserTrades.txt":        {readFill, `BTC-USDT 744876980 of 680800019749904384 "": buy 0.00192834 at 51858, paid 0.00000192834 BTC @1708587373361`},
	"rest_fills/jkorf__Endpoints__UnifiedApi__Trading__GetUserTradesArchive.txt": {readFill, `BTC-USDT 744876980 of 680800019749904384 "": buy 0.00192834 at 51858, paid 0.00000192834 BTC @1708587373361`},
	"rest_open_orders/naut__http_get_orders_pending_with_attached_tp_sl.json": {readOrder,
		`BTC-USDT-PERP "O-attached-entry" 2234567890123456789 buy limit GTC 0.0001 at 2300: accepted, 0.00 filled at 0`},
	"rest_order_history/jkorf__Endpoints__UnifiedApi__Trading__GetOrderArchive.txt": {readOrder,
		`BTC-USDT "" 680800019749904384 buy market GTC 0.00192834 at 0: filled, 0.00192834 filled at 51858, paid 0.00000192834 BTC`},
	"rest_order_history/jkorf__Endpoints__UnifiedApi__Trading__GetOrderHistory.txt": {readOrder,
		`BTC-USDT "" 680800019749904384 buy market GTC 0.00192834 at 0: filled, 0.00192834 filled at 51858, paid 0.00000192834 BTC`},
	"rest_order_history/naut__http_get_orders_history.json": {readOrder,
		`BTC-USDT-PERP "" 2497956918703120384 buy market GTC 0.0003 at 0: filled, 0.0003 filled at 103698.9, paid 0.021776769 USDT`},
	"rest_order_query/jkorf__Endpoints__UnifiedApi__Trading__GetOrderDetails.txt": {readOrder,
		`BTC-USDT "" 680800019749904384 buy market GTC 0.00192834 at 0: filled, 0.00192834 filled at 51858, paid 0.00000192834 BTC`},
	"rest_positions/naut__http_get_positions.json": {func(t *testing.T, name string) string {
		p, err := okx.Position(swap(), "", answered(t, okx.Read, payloads(t, name)[0])[0])
		return fmt.Sprint(p.Market.Symbol, " ", p.Quantity, " ", p.Cost, " @", p.Time.UnixMilli(), " ", err)
	}, "BTC-USDT-PERP 0.005 50.000 @1622559930237 <nil>"},
	"rest_server_time/jkorf__Endpoints__UnifiedApi__ExchangeData__GetServerTime.txt": {func(t *testing.T, name string) string {
		data, err := okx.Payload(okx.Read, 200, payloads(t, name)[0])
		if err != nil {
			t.Fatal(err)
		}
		at, err := okx.ServerTime(data)
		return fmt.Sprint(at.UTC().Format(time.RFC3339Nano), " ", err)
	}, "2020-08-10T02:26:23.085Z <nil>"},

	"rest_depth/naut__http_get_order_book.json":                                   {readBook, "41006.7x0.48792100 41006.6x0.23970000 41006.5x1.12500000 | 41006.8x0.60038921 41006.9x0.30178218 41007.0x2.05842530"},
	"rest_instruments/cf__instruments_SPOT_full_2022-05.json":                     {readInstrument("BTC-USDT"), "BTC-USDT tick 0.1 lot 0.00000001 min 0.00001 contract 1 tradable true"},
	"rest_instruments/cf__instruments_SWAP_full_2022-05.json":                     {readInstrument("BTC-USDT-SWAP"), "BTC-USDT-PERP tick 0.1 lot 0.01 min 0.01 contract 0.01 tradable true"},
	"rest_instruments/jkorf__Endpoints__UnifiedApi__ExchangeData__GetSymbols.txt": {readInstrument("BTC-USDT"), "BTC-USDT tick 0.1 lot 0.00000001 min 0.00001 contract 1 tradable true"},

	"ws_ack/cflive__OKX__spot+linear__ws_ack__0.jsonl": {readEvents, "subscribe tickers ; subscribe tickers ; subscribe tickers ; subscribe trades ; subscribe trades "},
	"ws_ack/tardis__okex.1__ws_ack.jsonl":              {readEvents, "subscribe trades "},
	"ws_error/gctinline__okx_test__ws_error.jsonl":     {readEvents, "error  60012"},
	"ws_balance/gctinline__okx_test__ws_balance.jsonl": {readPushes, "BTC 1 + 0 @1597026383085"},
	"ws_balance/naut__ws_account.json":                 {readPushes, "USDT 100.52768569797846 + 0, BTC 0.0000000051 + 0, ETH 0.000000185 + 0 @1751531646836"},
	"ws_balance/naut__ws_account_empty.json":           {readEmpty, "account: 0 updates, 0 balances @1774795570586"},
	"ws_depth/gctinline__okx_test__ws_depth.jsonl":     {readBooks, "0.07026 5 / 0.07014 56"},
	"ws_depth/naut__ws_books_snapshot.json":            {readBooks, "8476.98 415 / 8476.97 256"},
	"ws_depth/naut__ws_books_update.json":              {readBooks, "8476.98 415 / 8476.97 256"},
	"ws_order_update/gct__wsOrders__ws_order_update.jsonl": {readPushes,
		`BTC-USDT "HamsterParty14" 452197707845865472 sell limit GTC 0.001 at 31527.1: filled, 0.001 filled at 31527.1, paid 0.02522168 USDT` +
			` [BTC-USDT 242589207 of 452197707845865472 "HamsterParty14": sell 0.001 at 31527.1, paid 0.02522168 USDT, maker @1654084353263]; ` +
			`BTC-USDT "" 620258920632008725 sell market GTC 0 at 0: accepted, 0 filled at 0; ` +
			`BTC-USDT "" 620258920632008725 sell market GTC 0 at 0: partially filled, 0.00038128 filled at 26228.1, paid 0.010000249968 USDT` +
			` [BTC-USDT 435550732 of 620258920632008725 "": sell 0.00038128 at 26228.1, paid 0.010000249968 USDT @1694153250535]; ` +
			`BTC-USDT "" 620258920632008725 sell market GTC 0.00038128 at 0: filled, 0.00038128 filled at 26228.1, paid 0.010000249968 USDT`},
	"ws_order_update/jkorf__Subscriptions__Unified__Trading__Order.txt": {readPushes,
		`BTC-USDT "" 452197707845865472 sell limit GTC 0.001 at 31527.1: filled, 0.001 filled at 31527.1, paid 0.02522168 USDT` +
			` [BTC-USDT 242589207 of 452197707845865472 "": sell 0.001 at 31527.1, paid 0.02522168 USDT, maker @1654084353263]`},
	"ws_order_update/naut__ws_orders.json": {readPushes,
		`BTC-USDT-PERP "001BTCUSDT20250106001" 2497956918703120384 buy market GTC 0.0003 at 0: filled, 0.0003 filled at 103698.9, paid 0.021776769 USDT` +
			` [BTC-USDT-PERP 1518905529 of 2497956918703120384 "001BTCUSDT20250106001": buy 0.0003 at 103698.9, paid 0.021776769 USDT, maker @1746947317402]`},
	"ws_order_update/naut__ws_orders_fok.json": {readPushes,
		`BTC-USDT "FOK-TEST-001" 2497956918703120385 buy limit FOK 0.05 at 50000.0: filled, 0.05 filled at 50000.0, paid 0.25 USDT` +
			` [BTC-USDT 1518905530 of 2497956918703120385 "FOK-TEST-001": buy 0.05 at 50000.0, paid 0.25 USDT @1746947317402]`},
	"ws_order_update/naut__ws_orders_ioc.json": {readPushes,
		`BTC-USDT "IOC-TEST-001" 2497956918703120386 sell limit IOC 0.05 at 50100.0: partially filled, 0.02 filled at 50100.5, paid 0.1002 USDT` +
			` [BTC-USDT 1518905531 of 2497956918703120386 "IOC-TEST-001": sell 0.02 at 50100.5, paid 0.1002 USDT @1746947318502]`},
}

// Every recorded payload is read by the adapter's own reader and compared, or listed with a reason. Run with -v for the list.
func TestCoverage(t *testing.T) {
	root := fixtures.Path(t, "okx")
	reasons := []string{olderAPI, otherProduct, duplicate, notInPort}
	found := map[string]bool{}
	count := map[string]int{}
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, p)
		name = filepath.ToSlash(name)
		found[name] = true
		u, isUsed := used[name]
		reason, isUnused := unused[name]
		switch {
		case isUsed == isUnused:
			t.Errorf("%s: read %v, listed as unused %v", name, isUsed, isUnused)
		case isUnused:
			count[reason]++
			t.Logf("unused: %s: %s", name, reason)
			if !slices.Contains(reasons, reason) {
				t.Errorf("%s: %q is no reason", name, reason)
			}
		default:
			count["read"]++
			t.Run(name, func(t *testing.T) {
				if got := u.read(t, name); got != u.want {
					t.Errorf("got  %s\nwant %s", got, u.want)
				}
			})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range used {
		if !found[name] {
			t.Errorf("%s is not there", name)
		}
	}
	for name := range unused {
		if !found[name] {
			t.Errorf("%s is not there", name)
		}
	}
	t.Logf("%d payloads: %v", len(found), count)
}

func readConfig(t *testing.T, name string) string {
	row := answered(t, okx.Read, payloads(t, name)[0])[0]
	spot, swap, err := okx.Mode(row)
	if err != nil {
		t.Fatal(err)
	}
	var told struct{ AcctLv, PosMode string }
	if err := json.Unmarshal(row, &told); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("level %s, %s: spot %s, swap %s", told.AcctLv, told.PosMode, spot, swap)
}

func readAcks(c okx.Call) func(t *testing.T, name string) string {
	return func(t *testing.T, name string) string {
		data, err := okx.Payload(c, 200, payloads(t, name)[0])
		if err != nil {
			t.Fatal(err)
		}
		if c == okx.Batch {
			return showAcks(t, data)
		}
		r := okx.TakeOver(data)
		return fmt.Sprintf("%s %q 0 %s", r.OrdID, r.ClOrdID, r.TS)
	}
}

func readAck(t *testing.T, name string) string {
	return showAcks(t, slices.Concat([]byte("["), payloads(t, name)[0], []byte("]")))
}

func showAcks(t *testing.T, data []byte) string {
	rows, err := okx.Acks(data)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, r := range rows {
		s = append(s, fmt.Sprintf("%s %q %s %s", r.OrdID, r.ClOrdID, r.SCode, r.TS))
	}
	return strings.Join(s, "; ")
}

func showBalances(list []exchange.Balance) string {
	var s []string
	for _, b := range list {
		s = append(s, fmt.Sprintf("%s %s + %s", b.Asset, b.Free, b.Locked))
	}
	return strings.Join(s, ", ")
}

func readBalanceRow(t *testing.T, name string) string {
	list, _, err := okx.Balances(slices.Concat([]byte(`{"details":[`), payloads(t, name)[0], []byte("]}")))
	if err != nil {
		t.Fatal(err)
	}
	return showBalances(list)
}

func readAccount(t *testing.T, name string) string {
	list, at, err := okx.Balances(answered(t, okx.Read, payloads(t, name)[0])[0])
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s @%d", showBalances(list), at.UnixMilli())
}

// marketOf is the market of a row: of whatever swap it is, a contract is 0.01.
func marketOf(row []byte) okx.Market {
	if bytes.Contains(row, []byte("-SWAP")) {
		return swap()
	}
	return spot()
}

func readOrder(t *testing.T, name string) string {
	row := answered(t, okx.Read, payloads(t, name)[0])[0]
	o, err := okx.Order(marketOf(row), "", row)
	if err != nil {
		t.Fatal(err)
	}
	return showOrder(o)
}

func readFill(t *testing.T, name string) string {
	row := answered(t, okx.Read, payloads(t, name)[0])[0]
	f, err := okx.Fill(marketOf(row), "", row)
	if err != nil {
		t.Fatal(err)
	}
	return showFill(f)
}

func readEvents(t *testing.T, name string) string {
	var s []string
	for _, line := range payloads(t, name) {
		e, err := okx.ReadEvent(line)
		if err != nil {
			t.Fatal(err)
		}
		s = append(s, fmt.Sprintf("%s %s %s", e.Event, e.Channel, e.Code))
	}
	return strings.Join(s, "; ")
}

// readPushes reads the account's pushes of a file; other channels in it are passed over.
func readPushes(t *testing.T, name string) string {
	read := okx.Pushes("", spot(), swap())
	var s []string
	for _, line := range payloads(t, name) {
		list, err := read(line)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range list {
			switch {
			case u.Order != nil:
				text := showOrder(*u.Order)
				for _, f := range u.Order.Fills {
					text += " [" + showFill(f) + "]"
				}
				s = append(s, text)
			case u.Balances != nil:
				s = append(s, fmt.Sprintf("%s @%d", showBalances(u.Balances), u.At.UnixMilli()))
			}
		}
	}
	return strings.Join(s, "; ")
}

func readEmpty(t *testing.T, name string) string {
	frame := payloads(t, name)[0]
	list, err := okx.Pushes("", spot())(frame)
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		Arg  struct{ Channel string }
		Data []json.RawMessage
	}
	if err := json.Unmarshal(frame, &told); err != nil {
		t.Fatal(err)
	}
	all, at, err := okx.Balances(told.Data[0])
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s: %d updates, %d balances @%d", told.Arg.Channel, len(list), len(all), at.UnixMilli())
}

// readBook reads a REST answer by way of Exchange.Snapshot.
func readBook(t *testing.T, name string) string {
	x := venue(t, answers{spotPath: rows(spotRow), swapPath: rows(swapRow), "/api/v5/market/books?instId=BTC-USDT&sz=3": {body: string(payloads(t, name)[0])}})
	b, err := x.Snapshot(t.Context(), exchange.MustSymbol("BTC-USDT"), 3)
	if err != nil {
		t.Fatal(err)
	}
	var s []string
	for _, side := range [][]exchange.Level{b.Bids, b.Asks} {
		for _, l := range slices.Backward(side) {
			s = append(s, fmt.Sprintf("%sx%s", b.Price(l), b.Size(l)))
		}
		s = append(s, "|")
	}
	return strings.TrimSuffix(strings.Join(s, " "), " |")
}

// readInstrument reads a list by way of Exchange.Instruments.
func readInstrument(inst string) func(t *testing.T, name string) string {
	return func(t *testing.T, name string) string {
		a := answers{spotPath: rows(spotRow), swapPath: rows(swapRow)}
		path := spotPath
		if strings.HasSuffix(inst, "-SWAP") {
			path = swapPath
		}
		a[path] = answer{body: string(payloads(t, name)[0])}
		list, err := venue(t, a).Instruments(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range list {
			if i.VenueSymbol == inst {
				return fmt.Sprintf("%s tick %s lot %s min %s contract %s tradable %v", i.Market.Symbol, i.Tick, i.Lot, i.MinQty, i.Contract, i.Tradable)
			}
		}
		return "absent"
	}
}

// readBooks reads pushes of books by way of the Protocol's Decoder: the best levels, or what is wrong.
func readBooks(t *testing.T, name string) string {
	one := dec("0.00001")
	symbol := exchange.MustSymbol("BTC-USDT")
	p := protocol(t, okx.ProtocolConfig{Symbols: []exchange.Symbol{symbol}, AllowMissingSeq: true, Instruments: []exchange.Instrument{{
		Market: exchange.Market{Venue: okx.Venue, Symbol: symbol}, VenueSymbol: "BTC-USDT", Tick: one, Lot: dec("1"), Contract: dec("1")}}})
	got := ""
	d := p.Decoder(func(b *exchange.Book) {
		if b.Err != nil {
			got = "gap"
			return
		}
		bid, _ := b.Best(exchange.Sell)
		ask, _ := b.Best(exchange.Buy)
		got = fmt.Sprintf("%s %s / %s %s", plainText(b.Price(ask)), b.Size(ask), plainText(b.Price(bid)), b.Size(bid))
	})
	frames := payloads(t, name)
	if strings.Contains(name, "update") { // of the snapshot beside it
		frames = append(payloads(t, strings.Replace(name, "update", "snapshot", 1)), frames...)
	}
	for i, line := range frames {
		m, err := d.Frame(time.UnixMilli(int64(i)), line)
		if err != nil && !errors.Is(err, exchange.ErrFrame) {
			t.Fatal(err)
		}
		if m.Kind == feed.Resubscribe {
			return "gap"
		}
	}
	return got
}

func plainText(d exchange.Decimal) string { return strings.TrimRight(d.String(), "0") }
