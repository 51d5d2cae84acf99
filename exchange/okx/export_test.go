package okx

import (
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Message is one decoded frame.
type Message = message

// Fast is the first reader, to which every market in scale is followed.
func Fast(scale exchange.Scale) func([]byte, *Message) bool {
	return func(data []byte, m *Message) bool {
		r := follow(scale)
		ok := r.fast(data)
		*m = r.m
		return ok
	}
}

// Slow is the second reader.
func Slow(scale exchange.Scale) func([]byte, *Message) error {
	return func(data []byte, m *Message) error {
		r := follow(scale)
		err := r.slow(data)
		*m = r.m
		return err
	}
}

func follow(scale exchange.Scale) *reader {
	return &reader{start: func(channel, inst []byte) (exchange.Scale, bool) {
		return scale, string(channel) == "books" && string(inst) != "OTHER"
	}}
}

// VenueID and ClientID are the two ways of client ids.
func VenueID(id string) (string, error) { return venueID(id) }

// ClientID undoes VenueID.
func ClientID(v string) string { return clientID(v) }

// Signer signs REST requests.
func Signer(c Credentials) func(stamp, method, target string, body []byte) string {
	s, err := newSigner(c)
	if err != nil {
		panic(err)
	}
	return s.request
}

// LoginSigner signs logins.
func LoginSigner(c Credentials) func(time.Time) (stamp, signature string) {
	s, err := newSigner(c)
	if err != nil {
		panic(err)
	}
	return s.login
}

// Sign signs one REST request.
func Sign(c Credentials, stamp, method, target string, body []byte) string {
	return Signer(c)(stamp, method, target, body)
}

// SignLogin signs one login.
func SignLogin(c Credentials, at time.Time) (stamp, signature string) { return LoginSigner(c)(at) }

// CheckCredentials is New's check.
func CheckCredentials(c Credentials) error {
	_, err := newSigner(c)
	return err
}
