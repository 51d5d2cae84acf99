package bybit_test

import (
	"testing"

	"github.com/bothlegs/bothlegs/exchange/bybit"
	"github.com/bothlegs/bothlegs/internal/scan/scantest"
)

var acks = []string{
	`{"retCode":0,"retMsg":"OK","result":{"orderId":"c6f055d9-7f21-4079-913d-e6523a9cfffa","orderLinkId":"a-1"},"retExtInfo":{},"time":1672211918471}`,
	`{"retCode":110007,"retMsg":"ab not enough for new order","result":{},"retExtInfo":{},"time":1672211918471}`,
	`{"retCode":10006,"retMsg":"Too many visits!","result":{},"retExtInfo":{"list":[]},"time":"1672211918471"}`,
	`{"retCode":0,"retCode":1,"retMsg":"","result":{},"time":1}`,
	`{"retCode":0,"retMsg":"","result":{"orderId":"1","orderId":"2"},"time":1}`,
	`{"retCode":0,"retMsg":"","result":{"orderId":"1","OrderID":"2"},"time":1}`,
	`{"retCode":-1,"retMsg":"","result":null,"time":1e3}`,
	`{"retCode":01,"retMsg":""}`, `{}`, `null`, `<html>`, ``,
}

// What the venue sends every day is read the quick way.
func TestAcknowledgementsAreReadQuickly(t *testing.T) {
	for i, body := range acks[:2] {
		var a bybit.Told
		if !bybit.FastAnswer([]byte(body), &a) || a.Code == "" || i == 0 && a.OrderLinkID != "a-1" {
			t.Errorf("%s: %+v", body, a)
		}
	}
}

// FuzzAcknowledgements holds the quick reader to encoding/json.
func FuzzAcknowledgements(f *testing.F) {
	for _, body := range acks {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		scantest.Agree(t, body, bybit.FastAnswer, bybit.SlowAnswer)
	})
}
