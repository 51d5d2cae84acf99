package okxtest

import (
	"bytes"
	"strings"
)

// params are the parameters of orders. The venue knows them in this spelling only, where encoding/json takes any case.
var params = []string{
	"instId", "instIdCode", "ordId", "clOrdId", "tdMode", "tag", "side", "posSide", "ordType", "sz", "px", "reduceOnly", "tgtCcy", "banAmend", "stpMode",
	"tradeQuoteCcy", "newSz", "newPx", "reqId", "cxlOnFail",
}

// spelled is body, in which parameters of another spelling are none that anybody knows. body stays as it is.
func spelled(body []byte) []byte {
	own := false
	for i := 0; i < len(body); i++ {
		if body[i] != '"' {
			continue
		}
		from := i + 1
		for i = from; i < len(body) && body[i] != '"'; i++ {
			if body[i] == '\\' {
				i++
			}
		}
		if i >= len(body) || !misspelled(body[from:i]) || !bytes.HasPrefix(bytes.TrimLeft(body[i+1:], " \t\r\n"), []byte(":")) {
			continue
		}
		if !own {
			body, own = bytes.Clone(body), true
		}
		copy(body[from:i], "?") // the request's signature is of the client's own bytes
	}
	return body
}

// misspelled reports whether a text is a parameter but for the case of its letters.
func misspelled(text []byte) bool {
	for _, p := range params {
		if len(p) == len(text) && strings.EqualFold(p, string(text)) {
			return p != string(text)
		}
	}
	return false
}
