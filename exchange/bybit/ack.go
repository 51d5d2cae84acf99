package bybit

import "github.com/bothlegs/bothlegs/internal/scan"

// The answer to an order stands in every order's way. It is read as the venue writes it at first, by names that the venue documents, each
// once; whatever else is for the readers of everything, which take four times as long.

// readAnswer reads the answer to a write. The error wraps exchange.ErrFrame.
func readAnswer(body []byte) (told envelope, err error) {
	if fastAnswer(body, &told) {
		return told, nil
	}
	told = envelope{}
	err = decode(body, &told)
	return told, err
}

func fastAnswer(body []byte, told *envelope) bool {
	c := scan.New(body)
	var seen uint32
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "retCode":
			c.Once(&seen, 1)
			told.Code = text(c.Raw())
		case "retMsg":
			c.Once(&seen, 2)
			told.Message = string(c.Text())
		case "result":
			c.Once(&seen, 4)
			told.Result = c.Raw()
		case "retExtInfo":
			c.Once(&seen, 8)
			c.Skip()
		case "time":
			c.Once(&seen, 16)
			told.Time = text(c.Raw())
		default:
			c.Fail()
		}
	}
	return c.Done() && isInt(told.Code) && (told.Time == "" || isInt(told.Time))
}

// isInt reports digits, with a sign perhaps: numbers in quotes have another reader.
func isInt(s text) bool {
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (i > 0 || s[i] != '-') {
			return false
		}
	}
	return s != ""
}

// readIDs reads which order an acknowledgement is about.
func readIDs(result []byte) (w ids, err error) {
	if fastIDs(result, &w) {
		return w, nil
	}
	w = ids{}
	err = decode(result, &w)
	return w, err
}

func fastIDs(result []byte, w *ids) bool {
	c := scan.New(result)
	var seen uint32
	c.Object()
	for c.Next() {
		switch string(c.Key()) {
		case "orderId":
			c.Once(&seen, 1)
			w.OrderID = text(c.Text())
		case "orderLinkId":
			c.Once(&seen, 2)
			w.OrderLinkID = text(c.Text())
		default:
			c.Fail()
		}
	}
	return c.Done()
}
