package binance_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/binance"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// Short names of what a table expects.
var (
	unknown  = exchange.ErrOutcomeUnknown
	rejected = exchange.ErrRejected
	unavail  = exchange.ErrUnavailable
	limited  = exchange.ErrRateLimited
	banned   = exchange.ErrBanned
	skew     = exchange.ErrClockSkew
	unauth   = exchange.ErrUnauthorized
	invalid  = exchange.ErrInvalid
	funds    = exchange.ErrInsufficientFunds
	conflict = exchange.ErrConflict
	notFound = exchange.ErrNotFound
	unsupp   = exchange.ErrUnsupported
)

func body(code int, msg string) string {
	b, _ := json.Marshal(map[string]any{"code": code, "msg": msg})
	return string(b)
}

func checkRefusal(t *testing.T, what string, err error, outcome, class error) {
	t.Helper()
	var e *exchange.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: %v", what, err)
		return
	}
	if e.Outcome != outcome || e.Class != class {
		t.Errorf("%s: outcome %v, class %v; want %v, %v", what, e.Outcome, e.Class, outcome, class)
	}
}

// Section 6 of the fact sheet, code by code, of a placement in both markets.
func TestCodes(t *testing.T) {
	const both, spot, perp = "both", "spot", "perp"
	for _, c := range []struct {
		market         string
		status, code   int
		msg            string
		outcome, class error
	}{
		{both, 400, -1000, "An unknown error occurred while processing the request.", unknown, unavail},
		{both, 400, -1001, "Internal error; unable to process your request. Please try again.", unknown, unavail},
		{both, 429, -1003, "Too much request weight used", rejected, limited},
		{both, 418, -1003, "Way too much request weight used; IP banned until 1660090423228.", rejected, banned},
		{both, 400, -1004, "Server is busy, please wait and try again", unknown, unavail},
		{both, 400, -1006, "An unexpected response was received from the message bus. Execution status unknown.", unknown, unavail},
		{both, 400, -1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.", unknown, unavail},
		{both, 503, -1008, "Request throttled by system-level protection.", rejected, unavail},
		{both, 400, -1008, "Server is currently overloaded with other requests.", rejected, unavail},
		{both, 400, -1015, "Too many new orders; current limit is 50 orders per 10 SECOND.", rejected, limited},
		{both, 429, -1015, "Too many new orders.", rejected, limited},
		{both, 400, -1016, "This service is no longer available.", rejected, unavail},
		{both, 400, -1021, "Timestamp for this request is outside of the recvWindow.", rejected, skew},
		{perp, 400, -5028, "The requested timestamp is outside the recvWindow of the matching engine", rejected, skew},
		{perp, 400, -4188, "Timestamp for this request is outside of the ME recvWindow.", rejected, skew},
		{both, 400, -1022, "Signature for this request is not valid.", rejected, unauth},
		{both, 401, -2014, "API-key format invalid.", rejected, unauth},
		{both, 401, -2015, "Invalid API-key, IP, or permissions for action.", rejected, unauth},
		{both, 401, -1002, "You are not authorized to execute this request.", rejected, unauth},
		{both, 400, -1111, "Parameter 'price' has too much precision.", rejected, invalid},
		{both, 400, -1121, "Invalid symbol.", rejected, invalid},
		{both, 400, -1013, "Filter failure: LOT_SIZE", rejected, invalid},
		{both, 400, -1014, "Unsupported order combination.", rejected, invalid},
		{both, 400, -1115, "Invalid timeInForce.", rejected, invalid},
		{both, 400, -1116, "Invalid orderType.", rejected, invalid},
		{both, 400, -1117, "Invalid side.", rejected, invalid},
		{spot, 400, -2010, "Account has insufficient balance for requested action.", rejected, funds},
		{spot, 400, -2010, "Duplicate order sent.", unknown, conflict},
		{spot, 400, -2010, "Order would immediately match and take.", rejected, conflict},
		{spot, 400, -2010, "Market is closed.", rejected, unavail},
		{spot, 400, -2010, "This symbol is restricted for this account.", rejected, unauth},
		{spot, 400, -2010, "This action is disabled on this account.", rejected, unauth},
		{spot, 400, -2010, "Words of tomorrow.", rejected, nil},
		{both, 400, -2011, "Unknown order sent.", rejected, notFound},
		{spot, 400, -2011, "Order was not canceled due to cancel restrictions.", rejected, conflict},
		{both, 400, -2013, "Order does not exist.", rejected, notFound},
		{spot, 400, -2021, "Order cancel-replace partially failed.", unknown, conflict},
		{spot, 400, -2022, "Order cancel-replace failed.", unknown, conflict}, // without the halves
		{spot, 400, -2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived.", rejected, invalid},
		{spot, 400, -2038, "Order amend rejected.", rejected, conflict},
		{spot, 400, -2039, "Client order ID is not correct for this order ID.", rejected, invalid},
		{perp, 400, -2018, "Balance is insufficient.", rejected, funds},
		{perp, 400, -2019, "Margin is insufficient.", rejected, funds},
		{perp, 400, -2020, "Unable to fill.", rejected, conflict},
		{perp, 400, -2021, "Order would immediately trigger.", rejected, conflict},
		{perp, 400, -2022, "ReduceOnly Order is rejected.", rejected, conflict},
		{perp, 400, -2025, "Reach max open order limit.", rejected, conflict},
		{perp, 400, -4045, "Reach max stop order limit.", rejected, conflict},
		{perp, 400, -2027, "Exceeded the maximum allowable position at current leverage.", rejected, conflict},
		{perp, 400, -2028, "Leverage is smaller than permitted: insufficient margin balance.", rejected, funds},
		{perp, 400, -4003, "Quantity less than zero.", rejected, invalid},
		{perp, 400, -4004, "Quantity less than min quantity.", rejected, invalid},
		{perp, 400, -4005, "Quantity greater than max quantity.", rejected, invalid},
		{perp, 400, -4014, "Price not increased by tick size.", rejected, invalid},
		{perp, 400, -4023, "Qty not increased by step size.", rejected, invalid},
		{perp, 400, -4164, "Order's notional must be no smaller than 5.0", rejected, invalid},
		{perp, 400, -4016, "Price is higher than mark price multiplier cap.", rejected, invalid},
		{perp, 400, -4024, "Price is lower than mark price multiplier floor.", rejected, invalid},
		{perp, 400, -4131, "The counterparty's best price does not meet the PERCENT_PRICE filter limit", rejected, conflict},
		{perp, 400, -4061, "Order's position side does not match user's setting.", rejected, invalid},
		{perp, 400, -4116, "ClientOrderId is duplicated.", unknown, conflict},
		{perp, 400, -4120, "Order type not supported for this endpoint.", rejected, unsupp},
		{perp, 400, -4192, "Trade forbidden due to Cooling-off Period.", rejected, unavail},
		{perp, 400, -4400, "Futures Trading Quantitative Rules violated", rejected, unavail},
		{perp, 400, -5021, "Due to the order could not be filled immediately, the FOK order has been rejected.", rejected, conflict},
		{perp, 400, -5022, "Due to the order could not be executed as maker, the Post Only order will be rejected.", rejected, conflict},
		{perp, 400, -5027, "No need to modify the order.", rejected, conflict},
		{both, 400, -1125, "This listenKey does not exist.", rejected, notFound},
		{both, 400, -9999, "A code of tomorrow.", unknown, nil},
		{both, 503, -9999, "A code of tomorrow.", unknown, unavail},
		{spot, 400, -4116, "a code of the other market", unknown, nil},
		{perp, 400, -2038, "a code of the other market", unknown, nil},
	} {
		for k, name := range map[exchange.Kind]string{exchange.Spot: spot, exchange.Perp: perp} {
			if c.market != both && c.market != name {
				continue
			}
			what := fmt.Sprintf("%s %d %d %q", name, c.status, c.code, c.msg)
			checkRefusal(t, what, binance.Refusal(k, "place", true, c.status, body(c.code, c.msg), time.Now()), c.outcome, c.class)
			checkRefusal(t, what+", read", binance.Refusal(k, "lookup", false, c.status, body(c.code, c.msg), time.Now()), nil, c.class)
			frame := fmt.Sprintf(`{"id":"1","status":%d,"error":%s}`, c.status, body(c.code, c.msg))
			checkRefusal(t, what+", WebSocket", binance.FrameRefusal(k, "place", true, frame, time.Now()), c.outcome, c.class)
		}
	}
}

// Answers without a code, by their status and their words.
func TestAnswersWithoutCode(t *testing.T) {
	for _, c := range []struct {
		kind           exchange.Kind
		status         int
		body           string
		outcome, class error
	}{
		{exchange.Perp, 503, `{"code":-1000,"msg":"Unknown error, please check your request or try again later."}`, unknown, unavail},
		{exchange.Perp, 503, `Unknown error, please check your request or try again later.`, unknown, unavail},
		{exchange.Perp, 503, `Service Unavailable.`, rejected, unavail},
		{exchange.Perp, 503, `Service Unavailable`, unknown, unavail},
		{exchange.Perp, 503, `<html>Service Unavailable.</html>`, unknown, unavail},
		{exchange.Perp, 503, `Internal error; unable to process your request. Please try again`, unknown, unavail},
		{exchange.Perp, 503, `{"msg":"Service Unavailable."}`, unknown, unavail},
		{exchange.Perp, 503, `{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}`, rejected, unavail},
		{exchange.Perp, 503, `Internal error; unable to process your request. Please try again.`, rejected, unavail},
		{exchange.Perp, 500, `Service Unavailable.`, unknown, unavail},
		{exchange.Spot, 503, `Service Unavailable.`, unknown, unavail},
		{exchange.Spot, 503, `{"code":-1001,"msg":"Internal error; unable to process your request. Please try again."}`, unknown, unavail},
		{exchange.Perp, 408, ``, unknown, unavail},
		{exchange.Spot, 502, `<html><body>Bad Gateway</body></html>`, unknown, unavail},
		{exchange.Spot, 504, ``, unknown, unavail},
		{exchange.Spot, 403, `<html>WAF</html>`, rejected, nil},
		{exchange.Spot, 451, ``, rejected, unauth},
		{exchange.Spot, 401, ``, rejected, unauth},
		{exchange.Spot, 429, ``, rejected, limited},
		{exchange.Spot, 418, ``, rejected, banned},
		{exchange.Spot, 400, `<html></html>`, unknown, nil},
		{exchange.Spot, 404, `{}`, unknown, nil},
		{exchange.Spot, 400, `{"code":"-1121","msg":"quoted"}`, rejected, invalid},
		{exchange.Spot, 200, `{"code":-1121,"msg":"an error in a success"}`, rejected, invalid},
		{exchange.Spot, 200, `{"code":-9999,"msg":"an error in a success"}`, unknown, nil},
		{exchange.Spot, 302, ``, unknown, nil},
	} {
		err := binance.Refusal(c.kind, "place", true, c.status, c.body, time.Now())
		checkRefusal(t, fmt.Sprintf("%s %d %s", c.kind, c.status, c.body), err, c.outcome, c.class)
	}
	for _, ok := range []string{`{"code":200,"msg":"The operation of cancel all open order is done."}`, `{}`, `[{"code":-2011}]`, `{"symbol":"BTCUSDT"}`} {
		if err := binance.Refusal(exchange.Perp, "cancel all", true, 200, ok, time.Now()); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
}

// Every recorded refusal of the venue.
func TestRecordedBodies(t *testing.T) {
	raw, err := os.ReadFile(fixtures.Path(t, "vectors/errors_bodies.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Venue  string
		Status int `json:"http_status"`
		Body   json.RawMessage
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	ban := time.UnixMilli(1659142907531)
	want := []struct {
		op             string
		write          bool
		outcome, class error
		wait           time.Duration
	}{
		{"place", true, rejected, banned, 1660090423228*time.Millisecond - time.Duration(ban.UnixNano())},
		{"", false, nil, nil, 0}, // an item of a batch: batches are not sent
		{"place", true, rejected, unauth, 0},
		{"fees", false, nil, unavail, 0},
		{"cancel", true, rejected, invalid, 0},
		{"replace", true, rejected, notFound, 0}, // nothing was attempted after the cancellation found nothing
		{"replace", true, unknown, conflict, 0},  // cancelled, and not placed
		{"replace", true, rejected, notFound, 0}, // both refused
		{"place", true, rejected, limited, 0},
		{"place", true, rejected, funds, 0},
		{"place", true, rejected, banned, 1659146400000*time.Millisecond - 1659142907531*time.Millisecond},
		{"fees", false, nil, unavail, 0},
		{"fees", false, nil, unavail, 0},
		{"replace", true, unknown, conflict, 0},
		{"replace", true, unknown, notFound, 0}, // placed, and not cancelled
		{"place", true, rejected, limited, 0},
		{"replace", true, unknown, limited, 0},
	}
	n := 0
	for _, b := range all {
		if b.Venue != "binance" {
			continue
		}
		if n == len(want) {
			t.Fatalf("a body that no row expects: %s", b.Body)
		}
		w := want[n]
		n++
		if w.op == "" {
			continue
		}
		var err error
		if strings.Contains(string(b.Body), `"status"`) && strings.Contains(string(b.Body), `"id"`) {
			err = binance.FrameRefusal(exchange.Spot, w.op, w.write, string(b.Body), ban)
		} else {
			err = binance.Refusal(exchange.Spot, w.op, w.write, max(b.Status, 400), string(b.Body), ban)
		}
		checkRefusal(t, string(b.Body), err, w.outcome, w.class)
		var e *exchange.Error
		if errors.As(err, &e) && e.RetryAfter != w.wait {
			t.Errorf("%s: retry after %v, want %v", b.Body, e.RetryAfter, w.wait)
		}
	}
	if n != len(want) {
		t.Errorf("%d bodies of %d", n, len(want))
	}
}

// foreign are documented codes that no request of this package can meet, by what they are about.
func foreign(code int, name string) bool {
	for _, part := range []string{"FIX", "COMP_ID", "COMPID", "TAG_", "_TAG", "GROUP", "COMPONENT", "SEQ_NUM", "GARBLED", "LOGON", "LOGGED_IN", "DROP_COPY", "SESSIONS",
		"OCO", "OPO", "SBE", "SCHEMA", "PEG_", "PENDING_PARAM", "WORKING_PARAM", "TICKER_TYPE", "ENTRIES_IN_A_GROUP", "REQUEST_ID"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// Every code of the venue's own list has a meaning, or cannot be met. Those of perpetuals come from a list of names of another client: the
// ones about orders are all in the tables; the rest concerns margin types, options, transfers and the like.
func TestEveryDocumentedCode(t *testing.T) {
	raw, err := os.ReadFile(fixtures.Path(t, "vectors/errors_codes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lists struct {
		Binance struct {
			Codes []struct {
				Code int
				Name string
			}
		}
		Classes struct {
			Codes []struct {
				Code    int
				Class   string `json:"ccxt_class"`
				Message string
			}
		} `json:"binance_ccxt_classes"`
	}
	if err := json.Unmarshal(raw, &lists); err != nil {
		t.Fatal(err)
	}
	listed := 0
	for _, c := range lists.Binance.Codes {
		switch known := binance.Listed(exchange.Spot, c.Code); {
		case known:
			listed++
		case !foreign(c.Code, c.Name):
			t.Errorf("%d %s has no meaning", c.Code, c.Name)
		}
	}
	perps := map[int]string{}
	for _, c := range lists.Classes.Codes {
		switch c.Class {
		case "OrderNotFillable", "OrderImmediatelyFillable", "InvalidOrder", "OrderNotFound", "InsufficientFunds", "AuthenticationError", "InvalidNonce", "RequestTimeout":
			perps[c.Code] = c.Message
		}
	}
	met := 0
	for code, msg := range perps {
		if !binance.Listed(exchange.Perp, code) && !binance.Listed(exchange.Spot, code) {
			if code <= -3000 && code > -4000 || code < -5500 || code > 0 || notTrading(code) {
				continue
			}
			t.Errorf("%d %q has no meaning", code, msg)
		}
		met++
	}
	if listed < 55 || met < 30 {
		t.Errorf("%d documented codes listed, %d of perpetuals", listed, met)
	}
}

// notTrading are codes of conditional orders, which are not placed, of transfers and of accounts' settings.
func notTrading(code int) bool {
	switch code {
	case -4006, -4007, -4136, -4135, -1010, -5041, -4025, -4026, -4046:
		return true
	}
	return code <= -5001 && code >= -5013
}
