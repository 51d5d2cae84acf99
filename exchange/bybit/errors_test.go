package bybit_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// verdicts is section 6 of the venue's sheet: class and outcome of each code.
func verdicts() map[string]struct {
	codes          []int
	class, outcome error
} {
	rejected, unknown := exchange.ErrRejected, exchange.ErrOutcomeUnknown
	type verdict = struct {
		codes          []int
		class, outcome error
	}
	return map[string]verdict{
		"server time-out, error, restart": {[]int{10000, 10016}, exchange.ErrUnavailable, unknown},
		"spot backend":                    {[]int{170007, 170146, 170147, 170310, 170032, 170001, 170234, 3400214}, exchange.ErrUnavailable, unknown},
		"order entry restarts":            {[]int{10019}, exchange.ErrUnavailable, rejected},
		"overload":                        {[]int{429}, exchange.ErrUnavailable, rejected},
		"rate":                            {[]int{10006, 10403, 10429, 170005, 170222, 20003}, exchange.ErrRateLimited, rejected},
		"clock":                           {[]int{10002, -1}, exchange.ErrClockSkew, rejected},
		"auth, region, compliance": {[]int{10003, 10004, 10005, 10007, 10008, 10009, 10010, 33004, -2015, 10024, 10027, 110124},
			exchange.ErrUnauthorized, rejected},
		"parameters, symbol": {[]int{10001, 10017, 10029, 10404, 170130, 170105, 170121}, exchange.ErrInvalid, rejected},
		// The sheet has 20003 here too; the venue's own list says "too frequent requests under the same session".
		"duplicate request":      {[]int{10014, 20006}, exchange.ErrConflict, unknown},
		"duplicate order link":   {[]int{110072, 170141}, exchange.ErrConflict, unknown},
		"order does not exist":   {[]int{110001, 170213, 170143}, exchange.ErrNotFound, rejected},
		"already done":           {[]int{110008, 110010, 170139, 170142, 170190}, exchange.ErrConflict, rejected},
		"being processed":        {[]int{110079, 170144, 170191}, exchange.ErrUnavailable, rejected},
		"a cancel is on its way": {[]int{170212}, exchange.ErrUnavailable, unknown},
		"balance, margin": {[]int{110004, 110006, 110007, 110012, 110044, 110045, 110051, 110052, 110053, 170131, 170033},
			exchange.ErrInsufficientFunds, rejected},
		"price band": {[]int{110003, 110120, 110121, 170132, 170133, 170192, 170193, 170194, 170371, 170372}, exchange.ErrInvalid, rejected},
		"quantity, precision, notional": {[]int{110017, 170135, 170136, 170137, 170134, 170148, 170140, 110094, 170124, 170381, 170382},
			exchange.ErrInvalid, rejected},
		"too many orders": {[]int{110020, 110009}, exchange.ErrConflict, rejected},
		"market state": {[]int{110022, 110023, 110042, 110074, 110066, 110063, 170151, 170157, 170159, 110103, 170217},
			exchange.ErrConflict, rejected},
		"post-only":        {[]int{170218}, exchange.ErrConflict, rejected},
		"no net position":  {[]int{110034}, exchange.ErrConflict, rejected},
		"filled that much": {[]int{110064, 170313}, exchange.ErrConflict, rejected},
		"not documented":   {[]int{1, 123456, 99999, 170149, 170150, 170311}, nil, unknown},
	}
}

func TestCodes(t *testing.T) {
	for name, v := range verdicts() {
		for _, code := range v.codes {
			t.Run(fmt.Sprintf("%s/%d", name, code), func(t *testing.T) {
				if class, outcome := bybit.Classify(true, 200, code); class != v.class || outcome != v.outcome {
					t.Errorf("a write: %v, %v; want %v, %v", class, outcome, v.class, v.outcome)
				}
				if class, outcome := bybit.Classify(false, 200, code); class != v.class || outcome != nil {
					t.Errorf("a read: %v, %v; want %v", class, outcome, v.class)
				}
				// What a gateway says in the place of the server proves nothing.
				if _, outcome := bybit.Classify(true, 502, code); outcome != exchange.ErrOutcomeUnknown {
					t.Errorf("with status 502: %v", outcome)
				}
			})
		}
	}
	for _, code := range []int{110025, 110026, 110043, 34040} {
		body := fmt.Sprintf(`{"retCode":%d,"retMsg":"not modified","result":{"a":1}}`, code)
		if result, e := bybit.Answer(true, 200, []byte(body)); e != nil || string(result) != "unchanged" || !bybit.Standing(code) {
			t.Errorf("%d, not modified: %s, %v", code, result, e)
		}
	}
}

func TestStatuses(t *testing.T) {
	for status, want := range map[int][2]error{
		400: {exchange.ErrInvalid, exchange.ErrRejected}, 401: {exchange.ErrUnauthorized, exchange.ErrRejected},
		403: {exchange.ErrBanned, exchange.ErrRejected}, 404: {exchange.ErrInvalid, exchange.ErrRejected},
		429: {exchange.ErrRateLimited, exchange.ErrRejected},
		408: {exchange.ErrUnavailable, exchange.ErrOutcomeUnknown}, 500: {exchange.ErrUnavailable, exchange.ErrOutcomeUnknown},
		502: {exchange.ErrUnavailable, exchange.ErrOutcomeUnknown}, 503: {exchange.ErrUnavailable, exchange.ErrOutcomeUnknown},
		504: {exchange.ErrUnavailable, exchange.ErrOutcomeUnknown}, 302: {nil, exchange.ErrOutcomeUnknown}, 418: {nil, exchange.ErrOutcomeUnknown},
		200: {nil, exchange.ErrOutcomeUnknown},
	} {
		if class, outcome := bybit.Classify(true, status, 0); class != want[0] || outcome != want[1] {
			t.Errorf("HTTP %d: %v, %v; want %v", status, class, outcome, want)
		}
	}
}

// Every documented code that orders, queries and streams can meet is sorted; the others are listed by what they are about.
func TestDocumentedCodes(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/errors_codes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Bybit struct {
			Codes []struct {
				Section, Message string
				Code             int
			}
		}
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	vague := map[int]bool{170149: true, 170150: true, 170311: true, 170035: true} // "failed" without a reason; "submitted for processing"
	sections := map[string]bool{"HTTP Code": true, "WS OE General code": true, "UTA": true, "Spot Trade": true}
	sorted, foreign := 0, 0
	for _, c := range all.Bybit.Codes {
		if !sections[c.Section] {
			foreign++
			continue
		}
		class, outcome := bybit.Classify(true, 200, c.Code)
		if c.Section == "HTTP Code" {
			class, outcome = bybit.Classify(true, c.Code, 0)
		}
		known := class != nil || bybit.Standing(c.Code) || c.Code == 0 || vague[c.Code]
		switch elsewhere := elsewhere(c.Code); {
		case known && elsewhere != "":
			t.Errorf("%d is both sorted and %s", c.Code, elsewhere)
		case !known && elsewhere == "":
			t.Errorf("%d (%s) is not sorted", c.Code, c.Message)
		case !known:
			foreign++
			if outcome != exchange.ErrOutcomeUnknown {
				t.Errorf("%d: %v", c.Code, outcome)
			}
		default:
			sorted++
		}
	}
	t.Logf("%d codes sorted, %d of other operations", sorted, foreign)
}

// elsewhere is what a code is about that no operation of ours meets.
func elsewhere(code int) string {
	for what, codes := range map[string][]int{
		"options":                     {30035, 110062, 110065},
		"leverage, margin mode":       {110015, 110024, 110028, 110031, 110033, 110035, 110036, 110037, 110038, 110041, 110047, 110048, 110073, 110076, 110078, 110082, 110083},
		"stop loss and take profit":   {110054, 110055, 110056, 110058, 110060, 110061},
		"inverse contracts":           {110107},
		"spread trading":              {110110, 110111, 110112, 110113},
		"upgrade and kind of account": {3100181, 3400208, 3400209, 3400210, 3400211, 3400212, 3400213, 3400052, 3400053, 3400054, 3400071, 3401010, 3200419, 3200425, 3200641, 500010, 500011},
		"loans, collateral":           {181017, 182100, 182101, 182102, 182103, 182108, 182110, 182111, 182112, 182011},
	} {
		for _, c := range codes {
			if c == code {
				return what
			}
		}
	}
	return ""
}

// The collected bodies, and hand-written ones of every shape that a write can meet.
func TestAnswers(t *testing.T) {
	tests := []struct {
		name           string
		status         int // 200
		body           string
		class, outcome error // outcome of a write
		code           string
		message        string // in it
	}{
		{name: "the clock", body: `{"retCode": 10002, "retMsg": "invalid request, please check your server timestamp or recv_window param. req_timestamp[1706972576658],server_timestamp[1706972587026],recv_window[5000]"}`,
			class: exchange.ErrClockSkew, outcome: exchange.ErrRejected, code: "10002", message: "recv_window[5000]"},
		{name: "no funds", body: `{"retCode": 170131, "retMsg": "Insufficient balance."}`, class: exchange.ErrInsufficientFunds, outcome: exchange.ErrRejected, code: "170131"},
		{name: "another product's", body: `{"retCode": 182120, "retMsg": "Please use the repay and no-convert-repay API."}`, outcome: exchange.ErrOutcomeUnknown, code: "182120"},
		{name: "margin mode", body: `{"retCode": 3400045, "retMsg": "Set margin mode failed", "result": {"reasons": []}}`, outcome: exchange.ErrOutcomeUnknown, code: "3400045"},
		{name: "a code in quotes", body: `{"retCode":"10006","retMsg":"Too many visits!"}`, class: exchange.ErrRateLimited, outcome: exchange.ErrRejected, code: "10006"},
		{name: "a signature that does not fit", body: `{"retCode":10004,"retMsg":"error sign! origin_string[1672211918471my-key5000category=spot]"}`,
			class: exchange.ErrUnauthorized, outcome: exchange.ErrRejected, code: "10004", message: "error sign!"},
		{name: "HTML", body: `<html>maintenance</html>`, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, code: "HTTP 200"},
		{name: "empty", body: ``, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, code: "HTTP 200"},
		{name: "truncated", body: `{"retCode":0,"retMsg":"OK","result":{"orderId":"1"`, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, code: "HTTP 200"},
		{name: "no code", body: `{"result":{"orderId":"1"}}`, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, code: "HTTP 200"},
		{name: "a code that is none", body: `{"retCode":"no","result":{}}`, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, code: "HTTP 200"},
		{name: "an array", body: `[]`, outcome: exchange.ErrOutcomeUnknown, class: exchange.ErrFrame, code: "HTTP 200"},
		{name: "a gateway's page", status: 502, body: `<html>`, class: exchange.ErrUnavailable, outcome: exchange.ErrOutcomeUnknown, code: "HTTP 502"},
		{name: "success with a server's error", status: 500, body: `{"retCode":0,"result":{}}`, class: exchange.ErrUnavailable, outcome: exchange.ErrOutcomeUnknown, code: "HTTP 500"},
		{name: "access too frequent", status: 403, body: `access too frequent`, class: exchange.ErrBanned, outcome: exchange.ErrRejected, code: "HTTP 403"},
		{name: "401", status: 401, body: ``, class: exchange.ErrUnauthorized, outcome: exchange.ErrRejected, code: "HTTP 401"},
		{name: "429", status: 429, body: ``, class: exchange.ErrRateLimited, outcome: exchange.ErrRejected, code: "HTTP 429"},
		{name: "a long message", body: `{"retCode":1,"retMsg":"` + strings.Repeat("x", 1000) + `"}`, outcome: exchange.ErrOutcomeUnknown, code: "1", message: "xxx"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.status == 0 {
				tt.status = 200
			}
			_, e := bybit.Answer(true, tt.status, []byte(tt.body))
			if e == nil {
				t.Fatal("no error")
			}
			if e.Outcome != tt.outcome || e.Code != tt.code || tt.class != nil && !errors.Is(e, tt.class) || tt.class == nil && e.Class != nil {
				t.Errorf("got %v, code %s; want %v, %v, %s", e, e.Code, tt.class, tt.outcome, tt.code)
			}
			if !strings.Contains(e.Message, tt.message) || strings.Contains(e.Error(), "my-key") || len(e.Message) > 400 {
				t.Errorf("message %q", e.Message)
			}
		})
	}
}

// Every collected error body of the venue is among those of TestAnswers, and read to the same code.
func TestErrorBodies(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/errors_bodies.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Venue, Source string
		Body          json.RawMessage
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	want := map[int]error{10002: exchange.ErrRejected, 170131: exchange.ErrRejected, 182120: exchange.ErrOutcomeUnknown, 3400045: exchange.ErrOutcomeUnknown}
	ok := 0
	for _, v := range all {
		if v.Venue != "bybit" {
			continue
		}
		_, e := bybit.Answer(true, 200, v.Body)
		if e == nil {
			ok++ // a list of strategies, and a batch whose single items failed: neither request is ours
			continue
		}
		code, _ := strconv.Atoi(e.Code)
		if outcome, known := want[code]; !known || e.Outcome != outcome {
			t.Errorf("%s: %v", v.Source, e)
		}
		delete(want, code)
	}
	if len(want) != 0 || ok != 2 {
		t.Errorf("not met: %v; %d without an error, want 2", want, ok)
	}
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{`{"retCode":0,"retMsg":"OK","result":{}}`, `{"retCode":10006}`, `<html>`, ``, `{"retCode":"0"}`, `{"retCode":null}`, `{"retCode":1e3}`} {
		f.Add(200, s)
	}
	f.Fuzz(func(t *testing.T, status int, body string) {
		_, e := bybit.Answer(true, status, []byte(body))
		if e != nil && e.Outcome == nil {
			t.Errorf("an error without outcome: %v", e)
		}
		if e == nil && status != 200 {
			t.Errorf("status %d is no success", status)
		}
	})
}
