package okx

import "github.com/bothlegs/bothlegs/exchange"

// fault is what a refusal means to the caller.
type fault uint8

const (
	unlisted fault = iota // nobody told us: an order that it answers may have happened
	invalid               // it can never succeed as it is
	funds
	denied  // key, account, region, tier
	limited // too many, too fast
	skewed  // our clock and the venue's differ
	closed  // not tradable, not in service, for a while
	busy    // overloaded; over REST it did not happen
	unsure  // the venue itself does not know whether it happened
	conflict
	missing
	twin // a client id that exists: that order may be the one that was sent before
	barred
	overdue // its deadline has passed
)

// faults says of each fault its class, and whether it is certain that nothing happened.
var faults = [...]struct {
	class   error
	certain bool
}{
	unlisted: {nil, false},
	invalid:  {exchange.ErrInvalid, true},
	funds:    {exchange.ErrInsufficientFunds, true},
	denied:   {exchange.ErrUnauthorized, true},
	limited:  {exchange.ErrRateLimited, true},
	skewed:   {exchange.ErrClockSkew, true},
	closed:   {exchange.ErrUnavailable, true},
	busy:     {exchange.ErrUnavailable, true},
	unsure:   {exchange.ErrUnavailable, false},
	conflict: {exchange.ErrConflict, true},
	missing:  {exchange.ErrNotFound, true},
	twin:     {exchange.ErrConflict, false},
	barred:   {exchange.ErrUnsupported, true}, // by the account's mode
	overdue:  {nil, true},
}

// codes are those that an order, a cancellation, an amendment, a query or a stream can meet (docs-v5, 2026-08, and what clients have seen).
// A code means the same in all of them.
var codes = map[string]fault{
	// The service.
	"50001": unsure, "50004": unsure, "50005": unsure, "50026": unsure,
	"51054": unsure, "51149": unsure, // an order's time-out
	"51412": unsure, // a cancellation's
	"50013": busy,
	"50011": limited, "50040": limited, "50061": limited, "51113": limited,
	"50062": closed,

	// The request.
	"50000": invalid, "50002": invalid, "50006": invalid, "50010": invalid, "50014": invalid, "50015": invalid, "50016": invalid,
	"50024": invalid, "50025": invalid, "50044": invalid, "50115": invalid, "70010": invalid, "70013": invalid,
	"51000": invalid, "51003": invalid, "51111": invalid, "51407": invalid, "51408": invalid, "51409": invalid,
	"51500": invalid, "51501": invalid, "51600": invalid, "51601": invalid, "51602": invalid, "54009": invalid,
	"50036": overdue, "50037": overdue, // expTime

	// Key and account.
	"4088": denied, "50007": denied, "50008": denied, "50009": denied, "50012": denied, "50027": denied, "50028": denied,
	"50100": denied, "50101": denied, "50103": denied, "50104": denied, "50105": denied, "50106": denied, "50107": denied, "50108": denied,
	"50109": denied, "50110": denied, "50111": denied, "50113": denied, "50114": denied, "50119": denied, "50120": denied,
	"51009": denied, "51024": denied, "51155": denied, "59113": denied,
	"50102": skewed, "50112": skewed,
	"51010": barred, "51018": barred, "51019": barred, "51128": barred, "51133": barred, "51139": barred, "54000": barred, "54001": barred,
	"50017": closed, "50018": closed, "50019": closed, "50020": closed, "50021": closed, "50022": closed, "50023": closed, // frozen

	// The instrument.
	"51001": invalid, "51002": invalid, "51012": invalid, "51014": invalid, "51015": invalid, "51026": invalid, "51130": invalid,
	"51021": closed, "51022": closed, "51027": closed, "51028": closed, "51029": closed, "51030": closed, "51109": closed, "51110": closed,
	"51124": closed, "54008": closed, "54011": closed, "54072": closed, "54073": closed, "54094": closed,

	// Price and size.
	"51006": invalid, "51031": invalid, "51116": invalid, "51122": invalid, "51135": invalid, "51136": invalid, "51137": invalid,
	"51138": invalid, "51204": invalid,
	"51004": invalid, "51005": invalid, "51007": invalid, "51020": invalid, "51100": invalid, "51101": invalid, "51104": invalid,
	"51105": invalid, "51106": invalid, "51107": invalid, "51108": invalid, "51118": invalid, "51120": invalid, "51121": invalid,
	"51132": invalid, "51150": invalid, "51185": invalid, "51201": invalid, "51202": invalid, "51203": invalid, "54051": invalid,
	"51008": funds, "51017": funds, "51119": funds, "51127": funds, "51131": funds, "51502": funds,

	// What the account has and does.
	"51011": twin, "51016": twin,
	"51023": conflict, "51112": conflict, "51115": conflict, "51125": conflict, "51126": conflict, "51129": conflict, "51134": conflict,
	"51148": conflict, "51162": conflict, "51163": conflict, "51169": conflict, "51170": conflict, "51171": conflict, "51205": conflict, "54004": conflict,
	"51025": conflict, "51102": conflict, "51103": conflict, "51117": conflict, "51174": conflict, "51406": conflict, // too many orders

	// Cancel, amend, query.
	"51400": missing, "51405": missing, "51503": missing, "51603": missing,
	"51401": conflict, "51402": conflict, "51410": conflict, "51509": conflict, "51510": conflict, "51511": conflict, "51513": conflict,
	"51403": barred, "51506": barred,
	"51404": closed, "51508": closed,

	// WebSocket.
	"60001": denied, "60002": denied, "60003": denied, "60005": denied, "60007": denied, "60008": denied, "60009": denied, "60011": denied,
	"60021": denied, "60022": denied, "60024": denied, "60026": denied, "60031": denied, "60032": denied,
	"60029": denied, "60030": denied, "64003": denied, // the tier is too low for the channel
	"60004": skewed, "60006": skewed,
	"60012": invalid, "60013": invalid, "60017": invalid, "60018": invalid, "60019": invalid, "60027": invalid, "60028": invalid,
	"64000": invalid, "64001": invalid, "64002": invalid,
	"60014": limited, "60020": limited, "60023": limited, "60025": limited,
	"60010": conflict, "64004": conflict,
	"60015": unsure, "60016": unsure, "63999": unsure, "64007": unsure, "64008": unsure,

	// The WebSocket's close codes.
	"1009": invalid, "4002": invalid, "4001": denied, "4007": denied, "4003": limited, "4008": limited,
	"4004": unsure, "4005": unsure, "4006": unsure,
}
