package feed

import (
	"net/http"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// Protocol is what a venue's public stream speaks: all that a [Session] or a [Replay] must know of the venue. Users implement it to
// add one. A Protocol is immutable and safe for concurrent use; what changes lives in its Decoders.
type Protocol interface {
	// Spec tells where to connect and what the venue demands of a connection.
	Spec() Spec

	// Subscribe and Unsubscribe make one request frame for topics, at most Spec().TopicsPerFrame of them. id is unique within the
	// connection; the answer's Message carries it back where the venue echoes ids.
	Subscribe(id uint64, topics []string) []byte
	Unsubscribe(id uint64, topics []string) []byte

	// Owns reports whether address, the URL of a recorded WebSocket connection or REST answer, belongs to this protocol. It is
	// how a recording is told which market its frames are of: symbols alone do not say ("BTCUSDT" is spot and perpetual).
	Owns(address string) bool

	// Decoder makes the state of one connection. Its books go to emit, on the goroutine that called the Decoder.
	Decoder(emit func(*exchange.Book)) Decoder
}

// Decoder turns the raw messages of one connection into books. Its methods are safe for concurrent use: a REST snapshot may arrive
// on another goroutine than the frames.
type Decoder interface {
	// Frame takes one message of the stream, received at the given time, and says what it was. data is the caller's again when
	// Frame returns. Trouble of one book (a gap, a crossed book) is no error: that book is emitted with Err set, before Frame
	// returns. An error means that the frame cannot belong to this connection, or is damaged: it wraps exchange.ErrFrame.
	Frame(at time.Time, data []byte) (Message, error)

	// Answer takes the body of a REST answer to a GET of url. URLs that are not the protocol's are an error.
	Answer(at time.Time, url string, body []byte) error

	// Lost emits every book of the connection with an Err that wraps exchange.ErrDown and cause: nothing is known until the next
	// snapshot.
	Lost(at time.Time, cause error)
}

// Spec is what a venue demands of a connection.
type Spec struct {
	URL            string
	Header         http.Header
	Heartbeat      Heartbeat
	TopicsPerFrame int     // largest number of topics in one request; 0: no limit
	TopicsPerConn  int     // largest number of topics on one connection; 0: no limit
	Rate           float64 // client messages a second that the venue allows on one connection; 0: no limit
	Acks           Acks
}

// Acks says how the venue confirms a subscription.
type Acks uint8

const (
	AckByID    Acks = iota // one answer a request, with its id (Binance, Bybit)
	AckByTopic             // one answer a topic (OKX)
)

// Heartbeat is who keeps the connection alive and how. WebSocket ping frames of the venue are always answered at once, with
// their payload.
type Heartbeat struct {
	Interval time.Duration // between our pings; 0: the session's default
	Text     []byte        // send this as a text message; nil: a WebSocket ping frame
}

// MessageKind is what a frame was.
type MessageKind uint8

const (
	Other       MessageKind = iota // nothing of concern to the session
	Data                           // market data of Topic
	Ack                            // a request was accepted: ID or Topic say which
	Refused                        // a request was refused: ID or Topic say which, Err why
	Pong                           // the answer to a text heartbeat
	Resubscribe                    // Topic's continuity is lost: subscribe it anew
	Reconnect                      // the venue is about to close: connect anew now
)

// Message says what a frame was.
type Message struct {
	Kind  MessageKind
	ID    uint64
	Topic string // valid for as long as the Decoder: it is one of the strings subscribed
	Err   error
}
