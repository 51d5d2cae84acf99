package binancetest_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// shape holds an answer against a recorded one: all that is there is here, of the same JSON type. but names what need not be.
func (a answer) shape(fixture, at, but string) {
	a.Helper()
	raw, err := os.ReadFile(fixtures.Path(a.T, "binance/"+fixture))
	if err != nil {
		a.Fatal(err)
	}
	want := parse(a.T, 0, raw)
	v := want.any
	if at != "" {
		v = want.at(at)
	}
	a.covers(fixture, a.any, v, " "+but+" ")
}

func (a answer) covers(path string, have, want any, but string) {
	a.Helper()
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			a.Errorf("%s: no object: %s", path, text(have))
			return
		}
		for name, v := range w {
			if x, ok := h[name]; ok {
				a.covers(path+"."+name, x, v, but)
			} else if !strings.Contains(but, " "+name+" ") {
				a.Errorf("%s: no %q in %s", path, name, text(have))
			}
		}
	case []any:
		h, ok := have.([]any)
		if !ok {
			a.Errorf("%s: no list: %s", path, text(have))
		} else if len(h) > 0 && len(w) > 0 {
			a.covers(path+"[]", h[0], w[0], but)
		}
	case nil:
	default:
		if kind(have) != kind(want) && have != nil {
			a.Errorf("%s: %s, recorded is %s", path, text(have), text(want))
		}
	}
}

func kind(v any) string {
	switch v.(type) {
	case string:
		return "text"
	case bool:
		return "bool"
	}
	return "number"
}

// sub is a part of an answer.
func (a answer) sub(path string) answer { a.any = a.at(path); return a }

func TestShapes(t *testing.T) {
	virtual(t, func(r *rig) {
		api := r.dial("spotapi", "/ws-api/v3")
		r.call(api, "userDataStream.subscribe.signature")
		api.clear()
		r.place("side=BUY type=MARKET quantity=1.5").shape("rest_place_order/naut__spot__http_json__new_order_full_response.json", "", "")
		time.Sleep(time.Second)
		all := api.got()
		all[0].shape("ws_order_update/naut__spot__user_data_json__execution_report_wrapped.json", "", "")
		all[1].shape("ws_order_update/naut__spot__user_data_json__execution_report_wrapped.json", "", "")
		api.last().shape("ws_balance/naut__spot__user_data_json__account_position_wrapped.json", "", "")
		r.place("side=BUY type=LIMIT timeInForce=GTC quantity=0.1 price=40000 newClientOrderId=a").ok()
		r.ask("spot", "GET", order3, "symbol=BTCUSDT&origClientOrderId=a").shape("rest_place_order/naut__spot__http_json__order_response.json", "", "")
		r.ask("spot", "DELETE", order3, "symbol=BTCUSDT&origClientOrderId=a").shape("rest_cancel/naut__spot__http_json__cancel_order_response.json", "", "")
		r.ask("spot", "GET", "/api/v3/account", "").shape("rest_balances/naut__spot__http_json__account_response.json", "", "")
		r.ask("spot", "GET", "/api/v3/myTrades", "symbol=BTCUSDT").shape("rest_fills/naut__spot__http_json__account_trades_response.json", "", "")
		r.get("spot", "/api/v3/exchangeInfo").shape("rest_instruments/nautit__http_spot_market_exchange_info.json", "", "")
		r.get("spot", "/api/v3/exchangeInfo").sub("symbols.0").shape("rest_instruments/gct__GET_api_v3_exchangeInfo_0.json", "data.symbols.0", "")

		key := text(r.send("futures", "POST", "/fapi/v1/listenKey", "", "").at("listenKey"))
		s := r.dial("futuresprivate", "/private/ws?listenKey="+key)
		ticker := r.dial("futuresstream", "/public/ws/btcusdt@bookTicker")
		depth := r.dial("futuresstream", "/public/ws/btcusdt@depth@100ms")
		s.clear()
		r.open("side=BUY type=MARKET quantity=0.5").ok()
		time.Sleep(time.Second)
		for _, a := range s.got() {
			switch text(a.at("e")) {
			case "TRADE_LITE":
				a.shape("ws_fill/naut__futures__user_data_json__trade_lite.json", "", "")
			case "ORDER_TRADE_UPDATE":
				a.shape("ws_order_update/naut__futures__user_data_json__order_update_trade_partial.json", "", "AP cr n N") // of trailing stops
			case "ACCOUNT_UPDATE":
				a.shape("ws_balance/naut__futures__user_data_json__account_update.json", "", "")
			}
		}
		ticker.last().shape("ws_bbo/naut__futures__market_data_json__book_ticker_stream.json", "", "")
		depth.last().shape("ws_depth/naut__futures__market_data_json__depth_update_stream.json", "", "")
		r.ask("futures", "GET", "/fapi/v1/userTrades", "symbol=BTCUSDT").shape("rest_fills/nautit__http_futures_account_trades.json", "", "")
		r.ask("futures", "GET", "/fapi/v3/balance", "").shape("rest_balances/naut__futures__http_json__balance.json", "", "")
		r.ask("futures", "GET", "/fapi/v3/positionRisk", "").shape("rest_positions/naut__futures__http_json__position_risk.json", "",
			"leverage maxNotionalValue marginType isAutoAddMargin") // version 3 has them no more
		r.ask("futures", "GET", "/fapi/v1/allOrders", "symbol=BTCUSDT").shape("rest_order_history/nautit__http_futures_account_orders.json", "", "activatePrice priceRate")
		r.send("futures", "GET", "/fapi/v1/depth", "symbol=BTCUSDT", "").shape("rest_depth/nautit__http_futures_market_depth.json", "", "")
		r.get("futures", "/fapi/v1/exchangeInfo").sub("symbols.0").shape("rest_instruments/gct__GET_fapi_v1_exchangeInfo_0.json", "data.symbols.0", "permissionSets")
		r.ask("futures", "GET", "/fapi/v1/symbolConfig", "").shape("rest_account_config/nautit__http_futures_account_symbol_config.json", "", "")
		r.ask("futures", "GET", "/fapi/v1/commissionRate", "symbol=BTCUSDT").shape("rest_fee_rate/nautit__http_futures_wallet_commission_rate_ethusdt.json", "", "")
	})
}
