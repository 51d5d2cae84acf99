package okxtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"time"
)

// stamp is how a request tells its time: ISO 8601, UTC, with milliseconds.
const stamp = "2006-01-02T15:04:05.000Z"

// Headers, in the spelling under which net/http files OK-ACCESS-KEY and the like: it need not look for another one.
const (
	headerKey     = "Ok-Access-Key"
	headerExpires = "Exptime"
)

// skew is how far a request's time may be from the venue's, either way.
const skew = 30 * time.Second

// signature is what the venue expects over text: HMAC-SHA256 in Base64.
func signature(secret, text string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// same compares signatures in constant time, as a venue does.
func same(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// authenticate finds the key that signed r, whose body is given; else what is wrong with it.
func (s *Server) authenticate(now time.Time, r *http.Request, body []byte) (*Key, *refusal) {
	var v [4]string
	for i, h := range [...]struct{ name, code string }{
		{headerKey, "50103"}, {"Ok-Access-Passphrase", "50104"}, {"Ok-Access-Sign", "50106"}, {"Ok-Access-Timestamp", "50107"},
	} {
		if v[i] = r.Header.Get(h.name); v[i] == "" {
			return nil, no(h.code)
		}
	}
	at, err := time.Parse(stamp, v[3])
	switch {
	case err != nil || len(v[3]) != len(stamp):
		return nil, no("50112")
	case now.Sub(at).Abs() > skew:
		return nil, no("50102")
	case s.cfg.Simulated != (r.Header.Get("X-Simulated-Trading") == "1"):
		return nil, no("50101")
	}
	key := s.keys[v[0]]
	switch {
	case key == nil:
		return nil, no("50111")
	case v[1] != key.Passphrase:
		return nil, no("50105")
	case !same(v[2], signature(key.Secret, v[3]+r.Method+r.URL.RequestURI()+string(body))):
		return nil, no("50113")
	}
	return key, nil
}

// loginArg is what a login says.
type loginArg struct {
	APIKey     string `json:"apiKey"`
	Passphrase string `json:"passphrase"`
	Timestamp  word   `json:"timestamp"` // seconds
	Sign       string `json:"sign"`
}

// login finds the key of a login over WebSocket.
func (s *Server) login(now time.Time, a *loginArg) (*Key, *refusal) {
	if a.APIKey == "" || a.Passphrase == "" || a.Timestamp == "" || a.Sign == "" {
		return nil, no("60009")
	}
	seconds, err := strconv.ParseInt(string(a.Timestamp), 10, 64)
	if err != nil {
		return nil, no("60004")
	}
	key := s.keys[a.APIKey]
	switch {
	case now.Sub(time.Unix(seconds, 0)).Abs() > skew:
		return nil, no("60006")
	case key == nil:
		return nil, no("60005")
	case a.Passphrase != key.Passphrase:
		return nil, no("60024")
	case !same(a.Sign, signature(key.Secret, string(a.Timestamp)+"GET/users/self/verify")):
		return nil, no("60007")
	}
	return key, nil
}
