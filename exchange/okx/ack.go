package okx

import (
	"encoding/json"

	"github.com/bothlegs/bothlegs/internal/scan"
)

// parseAck reads the answer to an order: first as the venue writes it, else in any spelling that JSON allows. It stands in every order's
// way, and the second reader takes four times as long.
func parseAck(body []byte) (told ackAnswer, err error) {
	if fastAck(body, &told) {
		return told, nil
	}
	return slowAck(body)
}

func slowAck(body []byte) (told ackAnswer, err error) {
	err = json.Unmarshal(body, &told)
	return told, err
}

// fastAck knows the names that the venue documents, each once. told has one row afterwards, or none.
func fastAck(body []byte, told *ackAnswer) bool {
	c := scan.New(body)
	var seen uint32
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "code":
			c.Once(&seen, 1)
			told.Code = text(c.Text())
		case "msg":
			c.Once(&seen, 2)
			told.Message = text(c.Text())
		case "data":
			c.Once(&seen, 4)
			c.Array()
			if c.More() {
				told.Data = make([]ackRow, 1)
				told.Data[0].read(&c)
				if c.More() {
					c.Fail()
				}
			}
		case "id", "op", "inTime", "outTime":
			c.Text()
		default:
			c.Fail()
		}
	}
	if !c.Done() {
		*told = ackAnswer{}
		return false
	}
	return true
}

func (w *ackRow) read(c *scan.Cursor) {
	var seen uint32
	field := func(bit uint32, v *text) {
		c.Once(&seen, bit)
		*v = text(c.Text())
	}
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "ordId":
			field(1, &w.OrdID)
		case "clOrdId":
			field(2, &w.ClOrdID)
		case "sCode":
			field(4, &w.SCode)
		case "sMsg":
			field(8, &w.SMsg)
		case "ts":
			field(16, &w.TS)
		case "tag", "subCode", "reqId":
			c.Text()
		default:
			c.Fail()
		}
	}
}
