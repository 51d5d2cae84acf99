package bybit

import "github.com/bothlegs/bothlegs/exchange"

// Message is one decoded frame.
type Message = message

// Fast is the first reader, to which every book in scale is followed.
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
	return &reader{start: func(topic []byte) (exchange.Scale, bool) {
		return scale, len(topic) > 10 && string(topic[:10]) == "orderbook."
	}}
}
