package sim

import "slices"

// Op is a kind of call, or of stream, that faults are drawn for.
type Op string

// The operations. Those of streams are met by every message that is sent on one.
const (
	OpPlace     Op = "place"
	OpReplace   Op = "replace"
	OpCancel    Op = "cancel"
	OpCancelAll Op = "cancel-all"
	OpLookup    Op = "lookup"
	OpRead      Op = "read"      // any other question: balances, fills, a book over REST, the time
	OpBooks     Op = "books"     // a message of the public stream
	OpOrders    Op = "orders"    // a message of the private stream
	OpConnect   Op = "connect"   // a socket is opened
	OpLogin     Op = "login"     // a socket is made an account's
	OpSubscribe Op = "subscribe" // a topic is asked for
)

// Fault is one way in which a call or a message goes wrong. Which operations may meet it: [Fault.Meets].
type Fault string

// Faults of calls. Each says what happens at the venue, and then what the client sees.
const (
	// LostAck: the request is executed, and no answer ever comes. The client's own time-out ends the call: outcome unknown.
	LostAck Fault = "lost-ack"
	// Refused: nothing is executed; the answer says so in the venue's words for a system that takes no orders now.
	Refused Fault = "refused"
	// Partial: at most a part executes at once (Percent; 1 to 99 where none is given), although there may be depth for more. The rest
	// does what its time in force says.
	Partial Fault = "partial"
	// Late: the request arrives a millisecond after its deadline, where it has one that the venue knows, and is refused for that.
	Late Fault = "late"
	// Slow: the request travels longer (For; Faults.SlowBy where none is given) and is executed when it arrives.
	Slow Fault = "slow"
	// SlowAck: the request is executed at once, its answer travels longer (as Slow): the streams tell of it first.
	SlowAck Fault = "slow-ack"
	// Duplicated: the request arrives twice. Both are executed, one after the other; over HTTP the client sees the answer to the first,
	// over a socket both.
	Duplicated Fault = "duplicated"
	// FillAfterCancel: somebody else trades against the order (Percent of what is left; 1 to 99 where none is given), and then the request
	// is executed. The client hears of the fill only after the answer.
	FillAfterCancel Fault = "fill-after-cancel"
	// RejectAfterAck: the order is acknowledged, then refused: it ends as rejected without a fill. A change that was acknowledged is
	// dropped, and the order stays as it was.
	RejectAfterAck Fault = "reject-after-ack"
)

// Faults of answers and of the venue's front. Without a connection the client is told what it would make of them.
const (
	// Reset: the connection is reset before the request is read. Nothing is executed, which the client cannot know.
	Reset Fault = "reset"
	// ResetAfter: the request is executed, then the connection is reset instead of an answer.
	ResetAfter Fault = "reset-after"
	// HalfAnswer: the request is executed; the connection ends in the middle of the answer.
	HalfAnswer Fault = "half-answer"
	// Garbage: the request is executed; the answer is not what the protocol knows, with the status of success.
	Garbage Fault = "garbage"
	// HTML: the request is executed; a proxy answers with a page of its own (502).
	HTML Fault = "html"
	// Empty: the request is executed; the answer has no body, with the status of success.
	Empty Fault = "empty"
	// RateLimited: nothing is executed; the venue's refusal for too many requests (429 with its headers), which lasts For.
	RateLimited Fault = "rate-limited"
	// Banned: nothing is executed; the venue shuts the address out (418 or 403), for For.
	Banned Fault = "banned"
	// Overloaded503: nothing is executed; 503 in the words that say so: overloaded.
	Overloaded503 Fault = "overloaded-503"
	// Unknown503: the request is executed; 503 in the words that say that this is not known.
	Unknown503 Fault = "unknown-503"
	// Failed503: nothing is executed; 503 in the words that say so: failed.
	Failed503 Fault = "failed-503"
	// ServerError: the request is executed; the answer is an internal error (500), in the venue's form.
	ServerError Fault = "server-error"
	// Skew: nothing is executed; the venue's clock is For away from the client's (ahead where positive; 10 s where none is given), so
	// that it refuses the request's time.
	Skew Fault = "skew"
)

// Faults of streams: each strikes at a message that is about to be sent.
const (
	// Disconnect: the venue closes the connection in good form, before the message.
	Disconnect Fault = "disconnect"
	// Cut: the connection ends in the middle of the message.
	Cut Fault = "cut"
	// Stall: nothing is sent for For, the answer to a ping neither, while the connection stands; then what has waited. Where no For is
	// given it lasts until the client gives the connection up.
	Stall Fault = "stall"
	// Drop: the message is never sent. Those after it are: a gap in the sequence.
	Drop Fault = "drop"
	// Twice: the message is sent twice.
	Twice Fault = "twice"
	// Swapped: the message changes places with the one after it.
	Swapped Fault = "swapped"
	// Delayed: the message, and all that come after it on the connection, are sent For later.
	Delayed Fault = "delayed"
	// Corrupt: the message is damaged: no parser takes it.
	Corrupt Fault = "corrupt"
	// StaleBook: this book is not brought up to date for For, while the connection lives and others are; then what has changed is sent.
	StaleBook Fault = "stale-book"
	// CrossedBook: the message makes the best bid no lower than the best ask.
	CrossedBook Fault = "crossed-book"
	// SlowReader: the venue finds that the client reads too slowly, drops what waits for it, and disconnects it.
	SlowReader Fault = "slow-reader"
)

// ops is a set of operations: bit i is the one at index i of opTable.
type ops uint16

var opTable = [...]Op{
	OpPlace, OpReplace, OpCancel, OpCancelAll, OpLookup, OpRead, OpBooks, OpOrders, OpConnect, OpLogin, OpSubscribe,
}

const (
	onPlace ops = 1 << iota
	onReplace
	onCancel
	onCancelAll
	onLookup
	onRead
	onBooks
	onOrders
	onConnect
	onLogin
	onSubscribe

	onCall   = onPlace | onReplace | onCancel | onCancelAll | onLookup | onRead
	onStream = onBooks | onOrders
	onSocket = onLogin | onSubscribe
	onHTTP   = onCall | onConnect
	onAny    = onHTTP | onSocket
)

// kind is what is known of a Fault.
type kind struct {
	fault    Fault
	meets    ops
	executed bool // a request takes effect although the fault struck
	wire     bool // it exists on a connection only
}

// kinds is the table that says which fault which operation may meet.
var kinds = [...]kind{
	{LostAck, onAny, true, false},
	{Refused, onAny, false, false},
	{Partial, onPlace | onReplace, true, false},
	{Late, onCall | onLogin, true, false},
	{Slow, onAny, true, false},
	{SlowAck, onAny, true, false},
	{Duplicated, onCall, true, false},
	{FillAfterCancel, onReplace | onCancel | onCancelAll, true, false},
	{RejectAfterAck, onPlace | onReplace | onCancel, true, false},

	{Reset, onAny, false, true},
	{ResetAfter, onAny, true, true},
	{HalfAnswer, onAny, true, true},
	{Garbage, onAny, true, true},
	{HTML, onHTTP, true, true},
	{Empty, onAny, true, true},
	{RateLimited, onAny, false, false},
	{Banned, onAny, false, false},
	{Overloaded503, onAny, false, false},
	{Unknown503, onAny, true, false},
	{Failed503, onAny, false, false},
	{ServerError, onAny, true, false},
	{Skew, onCall | onLogin, false, false},

	{Disconnect, onStream | onSocket, true, false},
	{Cut, onStream, true, true},
	{Stall, onStream, true, false},
	{Drop, onStream, true, false},
	{Twice, onStream, true, false},
	{Swapped, onStream, true, false},
	{Delayed, onStream, true, false},
	{Corrupt, onStream, true, true},
	{StaleBook, onBooks, true, false},
	{CrossedBook, onBooks, true, false},
	{SlowReader, onStream, true, false},
}

func (f Fault) kind() (kind, bool) {
	for _, k := range kinds {
		if k.fault == f {
			return k, true
		}
	}
	return kind{}, false
}

// Meets reports whether op may meet f: false where the two make no sense together, and where either is unknown.
func (f Fault) Meets(op Op) bool {
	i := slices.Index(opTable[:], op)
	k, ok := f.kind()
	return ok && i >= 0 && k.meets&(1<<i) != 0
}

// Executed reports whether a request that meets f takes effect at the venue all the same, as one without a fault ("") does.
func (f Fault) Executed() bool {
	k, ok := f.kind()
	return k.executed || !ok
}

// Wire reports whether f exists on a connection only. [Link] and [Exchange], which have none, tell the client at once what it would make
// of such a fault: that the outcome is not known, or that the stream was down.
func (f Fault) Wire() bool {
	k, _ := f.kind()
	return k.wire
}

// Ops lists the operations, for tables.
func Ops() []Op { return slices.Clone(opTable[:]) }

// FaultKinds lists the faults, for tables.
func FaultKinds() []Fault {
	var r []Fault
	for _, k := range kinds {
		r = append(r, k.fault)
	}
	return r
}
