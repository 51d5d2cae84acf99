package bybit_test

import (
	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
)

func covered() map[string]coverage {
	acks := pageOf(bybit.Parser.Acks)
	return map[string]coverage{
		"rest_amend/hiro__amend-order.json": {acks, []string{
			"ids 28902376-ea8a-46d8-b440-5db48dfdf467/",
			"28902376",
			"5db48dfdf467/",
		}},
		"rest_amend/jkorf__Endpoints__V5Api__Trading__EditMultipleOrders.txt": {acks, []string{
			"ids b551f227-7059-4fb5-a6a6-699c04dbd2f2/",
			"ids fa6a595f-1a57-483f-b9d3-30e9c8235a52/",
		}},
		"rest_batch_cancel/jkorf__Endpoints__V5Api__Trading__CancelMultipleOrders.txt": {acks, []string{
			"ids 1666800494330512128/spot-btc-03",
			"ids /1666800494330512129",
		}},
		"rest_batch_orders/jkorf__Endpoints__V5Api__Trading__PlaceMultipleOrders.txt": {acks, []string{
			"ids 1666800494330512128/spot-btc-03",
			"ids 1666800494330512129/spot-atom-03",
		}},
		"rest_cancel/hiro__cancel-order.json": {acks, []string{
			"ids 1366592124616832000/1677646476275746",
			"1366592124616832000",
		}},
		"rest_cancel_all/jkorf__Endpoints__V5Api__Trading__CancelAllOrder.txt": {acks, []string{
			"ids 1616024287544869632/1616024287544869633",
			"ids 1616024329462743808/1616024329462743809",
		}},
		"rest_place_order/hiro__create-order.json": {acks, []string{
			"ids 1358868270414852352/1676725721103693",
			"1676725721103693",
		}},
		"rest_balances/hiro__account-get-wallet-balance.json": {pageOf(bybit.Parser.Balances), []string{
			"balance BTC free 1.16350244 locked 0 unified",
			"balance USDT free 1339.61537267 locked 100 unified",
		}},
		"rest_balances/jkorf__Endpoints__V5Api__Account__GetBalances.txt": {pageOf(bybit.Parser.Balances), []string{
			"balance BTC free 0 locked 0 unified",
		}},
		"rest_balances/naut__http_get_wallet_balance.json": {pageOf(bybit.Parser.Balances), []string{
			"balance BTC free 0 locked 0",
			"balance ETH free -0.06142 locked 0",
			"balance USDT free 1000.50 locked 0",
		}},
		"rest_depth/naut__http_get_orderbook.json": {snapshotOf, []string{
			"bybit:BTC-USDT 1234567: 27450.5x1.5 27450x2 27449.5x0.75 | 27451x1.2 27451.5x3 27452x0.5",
			"at 1709891679000",
		}},
		"rest_fee_rate/naut__http_get_fee_rate.json": {pageOf(bybit.Parser.Rates), []string{
			"rates BTCUSDT maker 0.0001 taker 0.0006",
			"rates SOLUSDT maker 0.00025 taker 0.00075",
		}},
		"rest_fills/jkorf__Endpoints__V5Api__Trading__GetUserTrades.txt": {fillPage, []string{
			"fill bybit:ETH-USDC-PERP e0cbe81d-0f18-5866-9415-cf319b5dab3b/8c065341-7b52-4ca9-ac2c-37e31ac55c94/ buy 0.1 x 1190.15 fee 0.071409 USDC maker false at 1672282722429",
			"cursor 132766%3A2%2C132766%3A2",
		}},
		"rest_fills/naut__http_get_executions.json": {fillPage, []string{
			"fill bybit:BTC-USDT-PERP e0cbe81d-0f18-5866-9415-cf319b5dab3b/8c065341-7b52-4ca9-ac2c-37e31ac55c94/test-order-001 buy 0.100 x 50000.00 fee 0.0150 USDT maker true at 1672282722429",
			"fill bybit:ETH-USDT-PERP f1dce92e-1g29-6977-a526-dg420c6ecb4c/7b954230-6a41-3ba8-bc20-26d20ab44b83/test-order-002 sell 0.500 x 3000.00 fee 0.9000 USDT maker false at 1672282822529",
		}},
		"rest_instruments/cf__instruments_linear_full_2026-08.json": {instrumentsOf, []string{
			"bybit:1000BONK-USDC-PERP 1000BONKPERP tick 0.000001 lot 10 min 10 max 5500000 notional 5 tradable true",
			"bybit:0G-USDT-PERP 0GUSDT tick 0.0001 lot 0.1 min 0.1 max 350000.0 notional 5",
			"760 of a kind",
		}},
		"rest_instruments/cf__instruments_spot_full_2026-08.json": {instrumentsOf, []string{
			"bybit:BTC-USDT BTCUSDT tick 0.1 lot 0.000001 min 0 max 230 notional 5 tradable true",
			"bybit:ETH-BTC ETHBTC tick 0.000001 lot 0.00001 min 0 max 1542.6000000000001 notional 0.000065",
			"557 of a kind",
		}},
		"rest_instruments/jkorf__Endpoints__V5Api__ExchangeData__GetSpotSymbols.txt": {instrumentsOf, []string{
			"bybit:BTC-USDT BTCUSDT tick 0.01 lot 0.000001 min 0 max 0 notional 1 tradable true",
			"1 of a kind",
		}},
		"rest_instruments/naut__http_get_instruments_linear.json": {instrumentsOf, []string{
			"bybit:BTC-USDT-PERP BTCUSDT tick 0.5 lot 0.001 min 0.001 max 100.0 notional 5 tradable true",
			"bybit:ETH-USDT-PERP ETHUSDT tick 0.05 lot 0.01 min 0.01 max 1000.0",
		}},
		"rest_instruments/naut__http_get_instruments_spot.json": {instrumentsOf, []string{
			"bybit:BTC-USDT BTCUSDT tick 0.1 lot 0.0001 min 0 max 0 notional 10 tradable true",
			"bybit:ETH-USDT ETHUSDT tick 0.01 lot 0.00001",
		}},
		"rest_instruments/naut__http_get_instruments_spot_xstocks.json": {instrumentsOf, []string{
			"bybit:AAPL-USDT AAPLUSDT tick 0.01 lot 0.0001 min 0 max 0 notional 10 tradable true",
		}},
		"rest_misc/gctinline__bybit_auth_test__rest_misc.jsonl": {answersOf, []string{
			"result {} error true",
			"code 10001 rejected invalid request",
			"1 answers",
		}},
		"rest_misc/gctinline__unmarshal_test__rest_misc.jsonl": {answersOf, []string{
			"result {} error false",
			"2 answers",
		}},
		"rest_open_orders/naut__http_get_orders_realtime_tp_sl.json": {orderPage(exchange.Perp), []string{
			"order bybit:BTC-USDT-PERP sl-order-001/client-sl-001 sell limit GTC 0.500 x 47500.00 accepted filled 0 avg 0 fees [] reduce-only at 1672364262457",
			"tp-order-001/client-tp-001 sell market GTC 0.500 x 0 accepted",
		}},
		"rest_order_history/hiro__get-history-orders.json": {orderPage(exchange.Spot), []string{
			"order bybit:BTC-USDT 1368933863545500672/1677925633310702 buy limit GTC 0.010000 x 10000.00 accepted filled 0.000000 avg 0 fees [] at 1677925633323",
			"cursor 1368933863545500672%3A1677925633316%2C1368933863545500672%3A1677925633316",
		}},
		"rest_order_history/naut__http_get_orders_history.json": {orderPage(exchange.Perp), []string{
			"order bybit:BTC-USDT-PERP abcdef123456/client-1 buy limit GTC 0.010 x 30000 canceled filled 0 avg 0 fees [] \"CancelByUser\" at 1700000005000",
		}},
		"rest_order_history/naut__http_get_orders_history_with_duplicate.json": {orderPage(exchange.Perp), []string{
			"closed-order-1/client-closed-1 buy limit GTC 0.010 x 30000 canceled filled 0",
			"open-order-1/client-open-1 buy limit GTC 0.010 x 3930.41 accepted filled 0 avg 0 fees [] at 1761355905606",
		}},
		"rest_order_query/naut__http_get_order_partially_filled_rejected.json": {orderPage(exchange.Perp), []string{
			"order bybit:BTC-USDT-PERP 5cf98598-39a7-459e-97bf-76ca765ee021/O-20251001-164609-APEX-000-49 buy limit GTC 0.010 x 30000 canceled filled 0.005 avg 30000 fees [0.0825 USDT] \"INSUFFICIENT_MARGIN\" at 1672364262457",
		}},
		"rest_positions/hiro__position-get-position-info.json": {pageOf(bybit.Parser.Positions), []string{
			"position bybit:BTC-USDT-PERP 0 cost 0 at 1691735404177",
			"cursor BTCUSDT%2C1691735404177%2C0",
		}},
		"rest_positions/naut__http_get_positions.json": {pageOf(bybit.Parser.Positions), []string{
			"position bybit:BTC-USDT-PERP 0.5 cost 25000.000 at 1697673600012",
			"position bybit:ETH-USDT-PERP -5.0 cost -15000.000 at 1697673700112",
			"position bybit:SOL-USDT-PERP 0 cost 0",
		}},
		"ws_ack/cflive__BYBIT__linear__ws_ack__0.jsonl": {controls, []string{
			"ack 0 <nil>",
			"granted: <nil>",
			"5 messages",
		}},
		"ws_ack/cflive__BYBIT__spot__ws_ack__0.jsonl": {controls, []string{
			"ack 0 <nil>",
			"granted: <nil>",
			"4 messages",
		}},
		"ws_ack/gctinline__bybit_test__ws_ack.jsonl": {controls, []string{
			"ack 1 <nil>",
			"granted: <nil>",
			"1 messages",
		}},
		"ws_ack/naut__ws_subscription_ack.json": {controls, []string{
			"ack 0 <nil>",
			"granted: <nil>",
			"1 messages",
		}},
		"ws_error/gctinline__bybit_test__ws_error.jsonl": {controls, []string{
			"refused 1 bybit subscribe: \"failed auth\"",
			"granted: bybit subscribe: \"failed auth\"",
			"1 messages",
		}},
		"ws_login/naut__ws_auth_failure.json": {controls, []string{
			"granted: bybit subscribe: unauthorized: code 10003: \"Invalid apikey\"",
			"1 messages",
		}},
		"ws_pong/gctinline__bybit_test__ws_pong.jsonl": {controls, []string{
			"pong 0 <nil>",
			"2 messages",
			"granted: bybit subscribe",
		}},
		"ws_balance/gct__wsAuth__ws_balance.jsonl": {pushes, []string{
			"balance USDC free 0.00000000 locked 201.34882644 unified",
			"balance USDT free 11723.92075829 locked 2.72589075",
			"balance BREAK free 201.34882644 locked 0",
			"2 messages",
		}},
		"ws_balance/hiro__private-wallet.json": {pushes, []string{
			"balance USDC free 0 locked 0",
			"balance USDT free -620.53813709 locked 0",
		}},
		"ws_balance/jkorf__Subscriptions__V5__Private__Balance.txt": {scriptPush, []string{
			"balance BTC free 0.00102964 locked 0 unified",
			"1 messages",
			"2 grants",
		}},
		"ws_balance/naut__ws_account_position_with_open_time.json": {onePosition, []string{
			"position bybit:BTC-USDT-PERP 0.1 cost 5000.0 at 1700000000000",
		}},
		"ws_balance/naut__ws_account_wallet_locked_exceeds_total.json": {pushes, []string{
			"balance USDT free 0.0 locked 100.0 unified",
			"1 messages",
		}},
		"ws_balance/naut__ws_account_wallet_small_order.json": {pushes, []string{
			"balance USDT free 51283.79743837 locked 50.028 unified",
			"1 messages",
		}},
		"ws_depth/gctinline__bybit_test__ws_depth.jsonl": {booksOf("BTC-USDT"), []string{
			"bybit:BTC-USDT 2876700: 75848.74x0.067669 75848.63x0.004772 75848.61x0.00659",
			"bybit:BTC-USDT 2876701: 75848.74x0.067669 75848.63x0.004772 75848.62x0.014895",
		}},
		"ws_depth/naut__ws_orderbook_delta.json": {booksOf("BTC-USDT"), []string{
			"bybit:BTC-USDT 123456790: 27450x0.4 27449x1 | 27452x3",
		}},
		"ws_depth/naut__ws_orderbook_snapshot.json": {booksOf("BTC-USDT"), []string{
			"bybit:BTC-USDT 123456789: 27450x0.5 27449.5x1 | 27451x0.75 27451.5x0.9",
		}},
		"ws_fill/hiro__private-execution.json": {pushes, []string{
			"fill bybit:XRP-USDT-PERP 7e2ae69c-4edf-5800-a352-893d52b446aa/f6e324ff-99c2-4e89-9739-3086e47f9381/ sell 25 x 0.3374 fee 0.005061 USDT maker false at 1672364174443",
		}},
		"ws_fill/jkorf__Subscriptions__V5__Private__UserTrades.txt": {scriptPush, []string{
			"fill bybit:XRP-USDT-PERP 7e2ae69c-4edf-5800-a352-893d52b446aa/f6e324ff-99c2-4e89-9739-3086e47f9381/ sell 25 x 0.3374 fee 0.005061 USDT",
			"2 grants",
		}},
		"ws_fill/naut__ws_account_execution.json": {pushes, []string{
			"fill bybit:BTC-USDT-PERP 0ab1bdf7-4219-438b-b30a-32ec863018f7/9aac161b-8ed6-450d-9cab-c5cc67c21784/test-order-link-001 sell 0.5 x 95900.1 fee 26.3725275 USDT maker false at 1746270400353",
		}},
		"ws_fill/naut__ws_account_execution_fast_envelope_id.json": {pushes, []string{
			"fills 0, orders 0, balances 0",
			"1 messages",
		}},
		"ws_order_update/gctinline__bybit_websocket_requests_test__ws_order_update.jsonl": {pushes, []string{
			"order bybit:FLOW-USDT 2281309546159014400/019ffefa-ffb4-738f-9c29-ad4fe85302e5 sell limit FOK 194.10 x 0.03154 filled filled 194.1 avg 0.03154 fees [0.0048975312 USDT] at 1786689290244",
		}},
		"ws_order_update/naut__ws_account_order.json": {pushes, []string{
			"order bybit:BTC-USDT-PERP abcdef123456/client-1 buy limit GTC 0.010 x 30000 canceled filled 0 avg 0 fees [] \"CancelByUser\" at 1700000005000",
		}},
		"ws_order_update/naut__ws_account_order_limit_if_touched.json": {pushes, []string{
			"order bybit:BTC-USDT-PERP test-lit-001/test-client-lit-001 buy limit GTC 0.100 x 55500.00 accepted filled 0 avg 0 fees [] at 1672364262457",
		}},
		"ws_order_update/naut__ws_account_order_partially_filled_rejected.json": {pushes, []string{
			"order bybit:APEX-USDT 5cf98598-39a7-459e-97bf-76ca765ee021/O-20251001-164609-APEX-000-49 buy limit GTC 100.0 x 1.500 canceled filled 50.0 avg 1.500 fees [0.0413 USDT] at 1672364262457",
		}},
		"ws_order_update/naut__ws_account_order_stop_limit.json": {pushes, []string{
			"test-stop-limit-001/test-client-stop-limit-001 sell limit GTC 0.100 x 44500.00 accepted filled 0 avg 0 fees [] at 1672364262457",
		}},
		"ws_order_update/naut__ws_account_order_stop_loss.json": {pushes, []string{
			"test-stop-loss-001/test-client-sl-001 sell market GTC 0.500 x 0 accepted filled 0 avg 0 fees [] reduce-only at 1672364262457",
		}},
		"ws_order_update/naut__ws_account_order_stop_market.json": {pushes, []string{
			"test-stop-market-001/test-client-stop-market-001 sell market GTC 0.100 x 0 accepted filled 0 avg 0 fees [] at 1672364262457",
		}},
		"ws_order_update/naut__ws_account_order_take_profit.json": {pushes, []string{
			"test-take-profit-001/test-client-tp-001 sell market GTC 0.500 x 0 accepted filled 0 avg 0 fees [] reduce-only at 1672364262457",
		}},
		"ws_position/gct__wsAuth__ws_position.jsonl": {pushes, []string{
			"position bybit:XRP-USDT-PERP 75 cost 27.1125 at 1672364174449",
		}},
		"ws_position/hiro__private-position.json": {pushes, []string{
			"position bybit:BTC-USDT-PERP 0.1 cost 2303.29 at 1677331636515",
		}},
		"wsapi_amend/jkorf__Socket__V5Api__Private__EditOrder.txt": {scriptReply, []string{
			"code 0",
			"id a4c1718e-fe53-4659-a118-1f6ecce04ad9",
			"limit 10",
		}},
		"wsapi_cancel/jkorf__Socket__V5Api__Private__CancelOrder.txt": {scriptReply, []string{
			"code 0",
			"id a4c1718e-fe53-4659-a118-1f6ecce04ad9",
			"limit 10",
		}},
		"wsapi_place_order/jkorf__Socket__V5Api__Private__PlaceOrder.txt": {scriptReply, []string{
			"code 0",
			"id a4c1718e-fe53-4659-a118-1f6ecce04ad9",
			"limit 10",
		}},
	}
}

func notOurs() map[string]string {
	const (
		older   = "older API"
		other   = "other product"
		twice   = "duplicate"
		foreign = "private type not in the port" // or public data of a type that the adapter does not read
	)
	return map[string]string{
		"rest_account_config/jkorf__Endpoints__V5Api__Account__SwitchPositionMode.txt":          foreign,
		"rest_balances/hiro__asset-get-all-coins-balance.json":                                  foreign,
		"rest_balances/jkorf__Endpoints__V5Api__Account__ConfirmSmallBalancesQuote.txt":         other,
		"rest_balances/jkorf__Endpoints__V5Api__Account__GetSmallBalanceAssets.txt":             other,
		"rest_balances/jkorf__Endpoints__V5Api__Account__GetSmallBalancesQuote.txt":             other,
		"rest_cancel_all/hiro__cancel-all-orders.json":                                          twice, // of two answers in one, as a client wrote it
		"rest_cancel_all/jkorf__Endpoints__V5Api__Trading__CancelAllSpreadOrders.txt":           other,
		"rest_currencies/jkorf__Endpoints__V5Api__Account__GetAssetInfo.txt":                    foreign,
		"rest_depth/gct__GET_spot_quote_v1_depth_0.json":                                        older,
		"rest_depth/hiro__market-get-orderbook.json":                                            twice, // levels as a client wrote them
		"rest_fills/jkorf__Endpoints__V5Api__Trading__GetSpreadUserTrades.txt":                  other,
		"rest_funding/jkorf__Endpoints__V5Api__Account__GetFundingTransactionHistory.txt":       other,
		"rest_funding/jkorf__Endpoints__V5Api__ExchangeData__GetFundingRateHistory.txt":         foreign,
		"rest_funding/naut__http_get_funding_history.json":                                      foreign,
		"rest_instruments/gct__GET_spot_v1_symbols_0.json":                                      older,
		"rest_instruments/hiro__market-get-instruments-info-spot.json":                          older, // statuses are numbers
		"rest_klines/jkorf__Endpoints__V5Api__ExchangeData__GetKlines.txt":                      foreign,
		"rest_ledger/jkorf__Endpoints__V5Api__Account__GetTransactionHistory.txt":               foreign,
		"rest_leverage/jkorf__Endpoints__V5Api__Account__SetLeverage.txt":                       foreign,
		"rest_leverage/jkorf__Endpoints__V5Api__ExchangeData__GetLeverageTokens.txt":            other,
		"rest_leverage/jkorf__Endpoints__V5Api__Trading__RedeemLeverageToken.txt":               other,
		"rest_order_history/jkorf__Endpoints__V5Api__Trading__GetLeverageTokenOrderHistory.txt": other,
		"rest_positions/hiro__position-get-closed-pnl.json":                                     foreign,
		"rest_positions/jkorf__Endpoints__V5Api__Trading__GetPositions.txt":                     other, // inverse
		"rest_server_time/gct__GET_spot_v1_time_0.json":                                         older,
		"rest_ticker/gct__GET_spot_quote_v1_ticker_24hr_0.json":                                 older,
		"rest_ticker/gct__GET_spot_quote_v1_ticker_24hr_1.json":                                 older,
		"rest_ticker/gct__GET_spot_quote_v1_ticker_book_ticker_0.json":                          older,
		"rest_ticker/gct__GET_spot_quote_v1_ticker_price_0.json":                                older,
		"rest_ticker/gct__GET_spot_quote_v1_ticker_price_1.json":                                older,
		"rest_ticker/gct__GET_v5_market_tickers_1.json":                                         foreign,
		"rest_ticker/hiro__market-get-tickers-spot.json":                                        foreign,
		"rest_trades_public/jkorf__Endpoints__V5Api__ExchangeData__GetSpreadRecentTrades.txt":   other,
		"rest_trades_public/jkorf__Endpoints__V5Api__ExchangeData__GetTradeHistory.txt":         foreign,
		"rest_trades_public/naut__http_get_trades_recent.json":                                  foreign,
		"ws_bbo/tardis__bybit_spot.0__ws_bbo.jsonl":                                             older,
		"ws_depth/tardis__bybit.0__ws_depth.jsonl":                                              older,
		"ws_depth/tardis__bybit.1__ws_depth.jsonl":                                              older,
		"ws_depth/tardis__bybit_spot.0__ws_depth.jsonl":                                         older,
		"ws_fill/jkorf__Subscriptions__V5__Private__SpreadUserTrade.txt":                        other,
		"ws_kline/naut__ws_kline.json":                                                          foreign,
		"ws_order_update/jkorf__Subscriptions__V5__Private__Order.txt":                          other, // options
		"ws_other/jkorf__Subscriptions__V5__Spot__Concurrent.txt":                               foreign,
		"ws_other/jkorf__Subscriptions__V5__Spot__SystemStatus.txt":                             foreign,
		"ws_ticker/cflive__BYBIT__linear__ws_ticker__0.jsonl":                                   foreign,
		"ws_ticker/cflive__BYBIT__spot__ws_ticker__0.jsonl":                                     foreign,
		"ws_ticker/gct__wsTicker__ws_ticker.jsonl":                                              foreign,
		"ws_ticker/gctinline__bybit_test__ws_ticker.jsonl":                                      foreign,
		"ws_ticker/jkorf__Subscriptions__V5__Linear__Ticker.txt":                                foreign,
		"ws_ticker/jkorf__Subscriptions__V5__Spot__Ticker.txt":                                  foreign,
		"ws_ticker/tardis__bybit.2__ws_ticker.jsonl":                                            foreign,
		"ws_trades/cflive__BYBIT__linear__ws_trades__0.jsonl":                                   foreign,
		"ws_trades/cflive__BYBIT__spot__ws_trades__0.jsonl":                                     foreign,
		"ws_trades/gctinline__bybit_test__ws_trades.jsonl":                                      foreign,
		"ws_trades/jkorf__Subscriptions__V5__Linear__Trades.txt":                                foreign,
		"ws_trades/jkorf__Subscriptions__V5__Spot__Trades.txt":                                  foreign,
		"ws_trades/tardis__bybit.1__ws_trades.jsonl":                                            older,
		"ws_trades/tardis__bybit.2__ws_trades.jsonl":                                            foreign,
		"ws_trades/tardis__bybit_spot.0__ws_trades.jsonl":                                       older,
	}
}
