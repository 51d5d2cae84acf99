package okx_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/okx"
	"github.com/bothlegs/bothlegs/internal/fixtures"
)

// refusal is what the venue answers to an order that it does not take.
func refusal(code, message string) string {
	return fmt.Sprintf(`{"code":"1","msg":"All operations failed","data":[{"clOrdId":"","ordId":"","tag":"","ts":"1754837511941","sCode":%q,"sMsg":%q,"subCode":""}],"inTime":"1","outTime":"2"}`, code, message)
}

// Each code of the fact sheet: what it means for an order over REST, and its class.
func TestCodes(t *testing.T) {
	rejected, unknown := exchange.ErrRejected, exchange.ErrOutcomeUnknown
	for _, tt := range []struct {
		codes   string
		status  int
		outcome error
		class   error
	}{
		{"50001", 503, unknown, exchange.ErrUnavailable},
		{"50004", 400, unknown, exchange.ErrUnavailable},
		{"51149 51054", 500, unknown, exchange.ErrUnavailable},
		{"51412", 200, unknown, exchange.ErrUnavailable},
		{"50026", 500, unknown, exchange.ErrUnavailable},
		{"50013", 429, rejected, exchange.ErrUnavailable},
		{"50011 50040 50061 60014", 429, rejected, exchange.ErrRateLimited},
		{"50011 50040 50061 60014", 200, rejected, exchange.ErrRateLimited},
		{"50102 50112 60004 60006", 401, rejected, exchange.ErrClockSkew},
		{"50103 50104 50105 50106 50107 50111 50113 50114 50119 50120 50101 50110", 401, rejected, exchange.ErrUnauthorized},
		{"50014 50015 50016 51000", 400, rejected, exchange.ErrInvalid},
		{"51001", 200, rejected, exchange.ErrInvalid},
		{"51006 51136 51137 51138 51122 51116", 200, rejected, exchange.ErrInvalid},
		{"51008 51127 51131 51008_1000 51008_1001", 200, rejected, exchange.ErrInsufficientFunds},
		{"51010", 200, rejected, exchange.ErrUnsupported},
		{"51016", 200, unknown, exchange.ErrConflict},
		{"51020 51121 51005 51101 51201 51202 51203 51120", 200, rejected, exchange.ErrInvalid},
		{"51021 51022 51027 51028 51029 51030 51110 51124", 200, rejected, exchange.ErrUnavailable},
		{"51102 51103 51174 51025", 200, rejected, exchange.ErrConflict},
		{"51169 51170 51148 51112 51023 51205", 200, rejected, exchange.ErrConflict},
		{"51400", 200, rejected, exchange.ErrNotFound},
		{"51410 51401 51402", 200, rejected, exchange.ErrConflict},
		{"51503", 200, rejected, exchange.ErrNotFound},
		{"51506", 200, rejected, exchange.ErrUnsupported},
		{"51511 51513", 200, rejected, exchange.ErrConflict},
		{"51603", 200, rejected, exchange.ErrNotFound},
		{"54004", 200, rejected, exchange.ErrConflict},
		{"50007 50027 50028 51009 51024 51155 59113", 200, rejected, exchange.ErrUnauthorized},
		{"60011", 200, rejected, exchange.ErrUnauthorized},
		{"60012 60013 60018 60027 60028", 200, rejected, exchange.ErrInvalid},
		{"64003 60029 60030", 200, rejected, exchange.ErrUnauthorized},
		{"64004", 200, rejected, exchange.ErrConflict},
		{"64007 63999 64008", 200, unknown, exchange.ErrUnavailable},
		{"99999 1 2 51998 XYZ", 200, unknown, nil},
		{"99999", 500, unknown, exchange.ErrUnavailable},
	} {
		for _, code := range strings.Fields(tt.codes) {
			t.Run(fmt.Sprintf("%s in HTTP %d", code, tt.status), func(t *testing.T) {
				plain, _, _ := strings.Cut(code, "_")
				row := refusal(code, "why")
				top := fmt.Sprintf(`{"code":%q,"msg":"why","data":[]}`, code)
				for _, body := range []string{row, top} {
					check := func(c okx.Call, outcome error) {
						t.Helper()
						_, err := okx.Payload(c, tt.status, []byte(body))
						var e *exchange.Error
						if !errors.As(err, &e) || e.Outcome != outcome || !errors.Is(e.Class, tt.class) || e.Code != plain || e.Message != "why" {
							t.Errorf("%s: %v, want %v and %v", body, err, outcome, tt.class)
						}
					}
					check(okx.Write, tt.outcome)
					socket := tt.outcome
					if plain == "50013" { // over a socket nobody says that it was not taken
						socket = unknown
					}
					check(okx.Socket, socket)
				}
				_, err := okx.Payload(okx.Read, tt.status, []byte(top))
				var e *exchange.Error
				if !errors.As(err, &e) || e.Outcome != nil || !errors.Is(e.Class, tt.class) {
					t.Errorf("as a read: %v", err)
				}
			})
		}
	}
}

// elsewhere are the codes that none of our requests meets.
func elsewhere(code string) bool {
	n, _ := strconv.Atoi(code)
	switch {
	case n >= 51046 && n <= 51099 && code != "51054": // attached stops, copy trading
	case n >= 51156 && n <= 51166 && code != "51162" && code != "51163": // copy trading
	case n >= 51250 && n <= 51330: // algo orders, copy trading
	case n >= 51732 && n <= 51774: // on-chain products
	case n == 52000, n == 54074: // settings
	case n >= 55100 && n <= 55113: // bots
	case n >= 58000 && n <= 58350: // funding
	case n >= 59000 && n <= 59686 && code != "59113": // account settings, lending, sub-accounts
	case n >= 70010 && n <= 70067 && code != "70010" && code != "70013": // transfers of positions
	default:
		return false
	}
	return true
}

// Every code that clients have a class for is in the table, or of another product.
func TestCodesOfOthers(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/errors_codes.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		OKX struct {
			Codes []struct {
				Code    string
				Class   string `json:"ccxt_class"`
				Message string
			}
		}
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	listed, other := 0, 0
	for _, c := range vectors.OKX.Codes {
		switch {
		case c.Code == "" || strings.Trim(c.Code, "0123456789") != "":
			continue // words
		case okx.Listed(c.Code) == elsewhere(c.Code):
			t.Errorf("%s (%s: %s): listed %v, of another product %v", c.Code, c.Class, c.Message, okx.Listed(c.Code), elsewhere(c.Code))
		case okx.Listed(c.Code):
			listed++
			agree(t, c.Code, c.Class)
		default:
			other++
		}
	}
	t.Logf("%d codes listed, %d of other products", listed, other)
	if listed < 180 || other < 150 {
		t.Errorf("%d listed and %d of other products: the vectors have changed", listed, other)
	}
}

// agree holds the classes of others against ours, where they say the same thing.
func agree(t *testing.T, code, class string) {
	want := map[string]error{
		"InsufficientFunds": exchange.ErrInsufficientFunds, "RateLimitExceeded": exchange.ErrRateLimited, "AuthenticationError": exchange.ErrUnauthorized,
		"PermissionDenied": exchange.ErrUnauthorized, "AccountSuspended": exchange.ErrUnauthorized, "RequestTimeout": exchange.ErrUnavailable,
		"ExchangeNotAvailable": exchange.ErrUnavailable, "OnMaintenance": exchange.ErrUnavailable, "BadSymbol": exchange.ErrInvalid,
		"ContractUnavailable": exchange.ErrUnavailable, "NetworkError": exchange.ErrUnavailable, "InvalidNonce": exchange.ErrClockSkew,
	}[class]
	if code == "50112" || code == "60004" || code == "60010" { // a timestamp that is none; a second login
		return
	}
	_, err := okx.Payload(okx.Read, 200, fmt.Appendf(nil, `{"code":%q,"msg":"","data":[]}`, code))
	if want != nil && !errors.Is(err, want) {
		t.Errorf("%s: %v, others say %s", code, err, class)
	}
}

func TestErrorBodies(t *testing.T) {
	b, err := os.ReadFile(fixtures.Path(t, "vectors/errors_bodies.json"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Venue  string
		Status int `json:"http_status"`
		Body   json.RawMessage
	}
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	want := []error{exchange.ErrInsufficientFunds, exchange.ErrInvalid}
	codes, words := []string{"51008", "51000"}, []string{"Order failed. Insufficient USDT margin in account", "Parameter tdMode error"}
	n := 0
	for _, v := range vectors {
		if v.Venue != "okx" {
			continue
		}
		_, err := okx.Payload(okx.Write, v.Status, v.Body)
		var e *exchange.Error
		if n >= len(want) || !errors.As(err, &e) || !errors.Is(err, exchange.ErrRejected) || e.Class != want[n] || e.Code != codes[n] || e.Message != words[n] {
			t.Errorf("%s: %v", v.Body, err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d bodies", n)
	}
}

// Answers that are none, or not about what was asked.
func TestOddAnswers(t *testing.T) {
	rejected, unknown := exchange.ErrRejected, exchange.ErrOutcomeUnknown
	ack := `{"code":"0","msg":"","data":[{"ordId":"7","clOrdId":"b15","sCode":"0","sMsg":""}]}`
	for _, tt := range []struct {
		name    string
		call    okx.Call
		status  int
		body    string
		outcome error // nil: no error
		class   error
	}{
		{"acknowledged", okx.Write, 200, ack, nil, nil},
		{"acknowledged, the numbers as numbers", okx.Write, 200, `{"code":0,"data":[{"ordId":7,"sCode":0}]}`, nil, nil},
		{"over a socket", okx.Socket, 200, `{"id":"r1","op":"order","code":"0","msg":"","data":[{"ordId":"7","sCode":"0"}]}`, nil, nil},
		{"HTML", okx.Write, 200, `<html>Attention Required!</html>`, unknown, exchange.ErrFrame},
		{"HTML of a firewall", okx.Write, 403, `<html>Attention Required!</html>`, unknown, exchange.ErrBanned},
		{"the venue's own 403", okx.Write, 403, `{"code":"50111","data":[]}`, rejected, exchange.ErrUnauthorized},
		{"HTML of a gateway", okx.Write, 502, `<html>Bad Gateway</html>`, unknown, exchange.ErrUnavailable},
		{"too many, in HTML", okx.Write, 429, `<html>`, rejected, exchange.ErrRateLimited},
		{"nothing", okx.Write, 200, ``, unknown, exchange.ErrFrame},
		{"nothing but a status", okx.Write, 404, ``, unknown, nil},
		{"truncated", okx.Write, 200, ack[:60], unknown, exchange.ErrFrame},
		{"no code", okx.Write, 200, `{"data":[{"sCode":"0"}]}`, unknown, exchange.ErrFrame},
		{"null", okx.Write, 200, `null`, unknown, exchange.ErrFrame},
		{"no row", okx.Write, 200, `{"code":"0","data":[]}`, unknown, exchange.ErrFrame},
		{"no code in the row", okx.Write, 200, `{"code":"0","data":[{"ordId":"7"}]}`, unknown, exchange.ErrFrame},
		{"two rows", okx.Write, 200, `{"code":"0","data":[{"ordId":"7","sCode":"0"},{"ordId":"8","sCode":"0"}]}`, unknown, exchange.ErrFrame},
		{"no data", okx.Write, 200, `{"code":"0"}`, unknown, exchange.ErrFrame},
		{"all failed, without a row", okx.Write, 200, `{"code":"1","msg":"x","data":[]}`, unknown, nil},
		{"all failed, and the row says it did not", okx.Write, 200, strings.Replace(ack, `"code":"0"`, `"code":"1"`, 1), unknown, nil},
		{"a code twice, the same", okx.Write, 200, strings.Replace(ack, `"code":"0"`, `"code":"0","code":"0"`, 1), nil, nil},
		{"a code twice, another", okx.Write, 200, strings.Replace(ack, `"code":"0"`, `"code":"51008","code":"0"`, 1), unknown, exchange.ErrFrame},
		{"a row's code twice", okx.Write, 200, strings.Replace(ack, `"sCode":"0"`, `"sCode":"51008","sCode":"0"`, 1), unknown, exchange.ErrFrame},
		{"data twice", okx.Write, 200, strings.Replace(ack, `"data"`, `"data":[{"ordId":"8","sCode":"0"}],"data"`, 1), unknown, exchange.ErrFrame},
		{"success in an HTTP error", okx.Write, 500, ack, unknown, exchange.ErrUnavailable},
		{"a refusal in an HTTP error", okx.Write, 400, refusal("51000", ""), rejected, exchange.ErrInvalid},
		{"its deadline has passed", okx.Write, 200, refusal("50036", ""), rejected, nil},
		{"more digits than the market has", okx.Write, 200, refusal("51150", ""), rejected, exchange.ErrInvalid},
		{"an amendment that would turn the position", okx.Write, 200, refusal("51171", ""), rejected, exchange.ErrConflict},
		{"a batch of which some failed", okx.Batch, 200, `{"code":"2","data":[{"ordId":"1","sCode":"0"},{"ordId":"2","sCode":"51400"}]}`, nil, nil},
		{"a batch refused as a whole", okx.Batch, 200, `{"code":"50011","data":[]}`, rejected, exchange.ErrRateLimited},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data, err := okx.Payload(tt.call, tt.status, []byte(tt.body))
			if tt.outcome == nil {
				if err != nil || len(data) == 0 {
					t.Errorf("%s, %v", data, err)
				}
				return
			}
			var e *exchange.Error
			if !errors.As(err, &e) || e.Outcome != tt.outcome || tt.class != nil && !errors.Is(err, tt.class) || tt.class == nil && e.Class != nil {
				t.Errorf("%v, want %v and %v", err, tt.outcome, tt.class)
			}
		})
	}
}

// The venue repeats requests that it does not understand: a login, with its keys.
func TestErrorsRepeatNoRequest(t *testing.T) {
	for _, c := range []okx.Call{okx.Read, okx.Write, okx.Socket} {
		_, err := okx.Payload(c, 200, []byte(`{"event":"error","code":"60012","msg":"Invalid request: {\"op\":\"login\",\"args\":[{\"apiKey\":\"k3y-0f-test\",\"passphrase\":\"p4ss-0f-test\"}]}"}`))
		if err == nil || !strings.Contains(err.Error(), "Invalid request:") {
			t.Error(err)
		}
		silent(t, "error", fmt.Sprintf("%v %+v %#v", err, err, err))
	}
}

// Whatever the quick reader of an order's answer takes, the other one reads alike.
func FuzzAck(f *testing.F) {
	for _, s := range []string{ack, refusal("51008", "why"), `{"id":"r1","op":"order","code":"0","msg":"","data":[{"ordId":"7","sCode":"0"}]}`, `{"code":"0","data":[]}`, `{"code":"0","CODE":"1"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if fast := okx.FastAck(body); fast != "" && fast != okx.SlowAck(body) {
			t.Errorf("%s: %s, and %s", body, fast, okx.SlowAck(body))
		}
	})
}

func TestAcksAreReadQuickly(t *testing.T) {
	for _, body := range []string{ack, refusal("51008", "why"), `{"id":"r1","op":"order","code":"0","msg":"","data":[{"ordId":"7","clOrdId":"b","tag":"","ts":"1","sCode":"0","sMsg":"","subCode":""}],"inTime":"1","outTime":"2"}`} {
		if got := okx.FastAck([]byte(body)); got == "" || got != okx.SlowAck([]byte(body)) {
			t.Errorf("%s: %s", body, got)
		}
	}
}
