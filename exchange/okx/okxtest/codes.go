package okxtest

import (
	"fmt"
	"net/http"
)

// refusal is the venue's no: its code, its words, and the number that it has begun to tell besides.
type refusal struct{ code, message, sub string }

// no is the refusal of a code; args fill its words.
func no(code string, args ...any) *refusal {
	return &refusal{code: code, message: fmt.Sprintf(answers[code].words, args...)}
}

// status is the HTTP status that a request refused as a whole is answered with.
func (r *refusal) status() int {
	if s := answers[r.code].status; s != 0 {
		return s
	}
	return http.StatusOK
}

// answers are the venue's codes that are given here (docs-v5, 2026-07). Status 0 is 200.
var answers = map[string]struct {
	status int
	words  string
}{
	"1": {0, "All operations failed"},
	"2": {0, "Bulk operation partially succeeded."},

	"50000": {400, "Body for POST request cannot be empty."},
	"50001": {503, "Service temporarily unavailable. Please try again later."},
	"50002": {400, "JSON syntax error"},
	"50004": {400, "API endpoint request timeout. (does not mean that the request was successful or failed, please check the request result)."},
	"50006": {400, `Invalid Content-Type. Please use "application/JSON".`},
	"50011": {429, "Too Many Requests"},
	"50013": {429, "Systems are busy. Please try again later."},
	"50014": {400, "Parameter %s can not be empty."},
	"50015": {400, "Either parameter %s or %s is required"},
	"50016": {400, "Parameter %s does not match parameter %s."},
	"50025": {0, "Parameter %s count exceeds the limit %d."},
	"50026": {500, "System error. Try again later"},
	"50036": {0, "The expTime can't be earlier than the current system time. Please adjust the expTime and try again."},
	"50061": {0, "You've reached the maximum order rate limit for this account."},

	"50101": {401, "APIKey does not match current environment."},
	"50102": {401, "Timestamp request expired."},
	"50103": {401, `Request header "OK-ACCESS-KEY" cannot be empty.`},
	"50104": {401, `Request header "OK-ACCESS-PASSPHRASE" cannot be empty.`},
	"50105": {401, `Request header "OK-ACCESS-PASSPHRASE" incorrect.`},
	"50106": {401, `Request header "OK-ACCESS-SIGN" cannot be empty.`},
	"50107": {401, `Request header "OK-ACCESS-TIMESTAMP" cannot be empty.`},
	"50111": {401, "Invalid OK-ACCESS-KEY."},
	"50112": {401, "Invalid OK-ACCESS-TIMESTAMP."},
	"50113": {401, "Invalid signature."},
	"50115": {405, "Invalid request method."},
	"50120": {0, "This API key doesn't have permission to use this function"},

	"51000": {400, "Parameter %s error"},
	"51001": {0, "Instrument ID, Instrument ID code or Spread ID doesn't exist."},
	"51003": {0, "Either client order ID or order ID is required."},
	"51006": {0, "Order price is not within the price limit"},
	"51008": {0, "Order failed. Insufficient %s balance in account"},
	"51010": {0, "Request unsupported under current account mode"},
	"51016": {0, "Client order ID already exists."},
	"51020": {0, "Your order should meet or exceed the minimum order amount."},
	"51022": {0, "Contract suspended."},
	"51101": {0, "Order failed, the sz of the current order can't be more than %s (contracts)."},
	"51102": {0, "Order failed, the number of pending orders for this instId can't be more than %d (orders)"},
	"51103": {0, "Order failed, the number of pending orders across all instIds can't be more than %d (orders)"},
	"51109": {0, "No available offers."},
	"51111": {0, "Maximum %d orders can be placed in bulk."},
	"51121": {0, "Order quantity must be a multiple of the lot size."},
	"51127": {0, "Available balance is 0."},
	"51139": {0, "Reduce-only feature is unavailable for the spot transactions by spot mode."},
	"51149": {500, "Order timed out. Please try again. (does not mean that the request was successful or failed, please check the request result)"},
	"51169": {0, "Order failed because you don't have any positions in this direction for this contract to reduce or close."},
	"51170": {0, "Failed to place order. A reduce-only order can't be the same trading direction as your existing positions."},
	"51171": {0, "Failed to edit order. The edited order may execute an opposite trading direction of your existing reduce-only positions."},
	"51202": {0, "Market order amount exceeds the maximum amount."},
	"51203": {0, "Order amount exceeds the limit %s."},

	"51400": {0, "Order cancellation failed as the order has been filled, canceled or does not exist."},
	"51410": {0, "Cancellation failed as the order is already in canceling status or pending settlement."},
	"51412": {0, "Cancellation timed out. Please try again later."},
	"51502": {0, "Order modification failed. Insufficient %s margin in account."},
	"51503": {0, "Order modification failed as the order has been filled, canceled or does not exist."},
	"51506": {0, "Order modification unavailable for the order type"},
	"51511": {0, "Operation failed as the order price doesn't meet the requirement for Post Only orders."},
	"51512": {0, "Failed to amend orders in batches. You cannot have duplicate orders in the same amend-batch-orders request."},
	"51603": {0, "Order doesn't exist"},

	"59670": {0, "Adjust the leverage after closing the position."},

	"60004": {0, "Invalid timestamp"},
	"60005": {0, "Invalid apiKey"},
	"60006": {0, "Timestamp request expired"},
	"60007": {0, "Invalid sign"},
	"60009": {0, "Login failed."},
	"60011": {0, "Please log in"},
	"60012": {0, "Invalid request: %s"},
	"60013": {0, "Invalid args"},
	"60014": {0, "Requests too frequent"},
	"60018": {0, "Wrong URL or channel:%s,instId:%s doesn't exist. Please use the correct URL, channel and parameters referring to API document."},
	"60024": {0, "Wrong passphrase"},
	"63999": {0, "Internal system error"},
	"64003": {0, "Your trading fee tier doesn't meet the requirement to access this channel"},
	"64004": {0, "Subscribe to both books-l2-tbt and other depth channels of one instId is not allowed."},
	"64007": {0, "Operation %s failed due to WebSocket internal error. Please try again later."},
	"64008": {0, "The connection will soon be closed for a service upgrade. Please reconnect."},
}
