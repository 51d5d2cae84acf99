package okx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

const (
	opPlace     = "place"
	opReplace   = "replace"
	opCancel    = "cancel"
	opCancelAll = "cancel all"
	opDeadMan   = "cancel all after"
)

// writing is a change of one order, fit for either way.
type writing struct {
	op       string
	path     string // over REST
	socketOp string // over WebSocket
	arg      argument
	lane     rest.Lane
	costs    []rest.Cost
	deadline time.Time
	d        *details
}

// argument names its market, by InstID or by code.
type argument interface{ byCode(code string) any }

func (p placing) byCode(code string) any {
	p.InstID, p.InstIDCode = "", json.Number(code)
	return p
}

func (n naming) byCode(code string) any {
	n.InstID, n.InstIDCode = "", json.Number(code)
	return n
}

func (a amending) byCode(code string) any {
	a.InstID, a.InstIDCode = "", json.Number(code)
	return a
}

// notSent is the error of what did not leave.
func notSent(op string, err error) error {
	told := &exchange.Error{Err: err}
	if e := (*exchange.Error)(nil); errors.As(err, &e) {
		copied := *e
		told = &copied
	} else {
		for _, class := range []error{exchange.ErrInvalid, exchange.ErrUnsupported} {
			if errors.Is(err, class) {
				told.Class = class
			}
		}
	}
	told.Venue, told.Op, told.Outcome = Venue, op, exchange.ErrNotSent
	return told
}

// pointedAt is an order of which only its names are known.
func pointedAt(ref *exchange.OrderRef) exchange.Order {
	o := exchange.Order{VenueID: ref.VenueID, Status: exchange.StatusUnknown}
	o.Market, o.Account, o.ClientID = ref.Market, ref.Account, ref.ClientID
	return o
}

var errLate = errors.New("its deadline has passed")

// prepare finds what is known of a market; its errors say that nothing was sent.
func (x *Exchange) prepare(ctx context.Context, op string, m exchange.Market, a exchange.AccountID) (*details, error) {
	if len(x.signers) == 0 {
		return nil, notSent(op, errNoKey(op))
	}
	if m.Venue != Venue {
		return nil, notSent(op, fmt.Errorf("asked about %s: %w", m, exchange.ErrInvalid))
	}
	if a != x.cfg.Account {
		return nil, notSent(op, fmt.Errorf("account %q, this is %q: %w", a, x.cfg.Account, exchange.ErrInvalid))
	}
	d, err := x.details(ctx, op, m.Symbol)
	if err != nil {
		return nil, notSent(op, err)
	}
	return d, nil
}

// Place sends one order. The answer is an acknowledgement: StatusAccepted says that the venue will look at it. Market orders are in base
// units, and never made smaller for lack of funds. After Deadline the venue refuses. Reduce-only is for swaps; an order for more than the
// position is refused. Where the account's level wants cross margin for spot, and it has borrowing switched on (the venue's autoLoan), a spot
// order for more than there is is not refused: the venue borrows what is missing.
func (x *Exchange) Place(ctx context.Context, req exchange.OrderRequest) (exchange.Order, error) {
	o, err := x.place(ctx, req)
	if err != nil {
		return exchange.Order{OrderRequest: req}, err
	}
	return o, nil
}

func (x *Exchange) place(ctx context.Context, req exchange.OrderRequest) (exchange.Order, error) {
	d, err := x.prepare(ctx, opPlace, req.Market, req.Account)
	if err != nil {
		return exchange.Order{}, err
	}
	m, err := x.modeOf(ctx, opPlace)
	if err != nil {
		return exchange.Order{}, notSent(opPlace, err)
	}
	p, err := placingOf(&req, d, m)
	if err != nil {
		return exchange.Order{}, notSent(opPlace, err)
	}
	w := &writing{op: opPlace, path: placePath, socketOp: "order", arg: p, lane: rest.Opens, costs: x.orderCosts(byPlace, d), deadline: req.Deadline, d: d}
	if req.ReduceOnly {
		w.lane = rest.Protects
	}
	x.tracker.Sending(req)
	row, err := x.write(ctx, w)
	if err == nil && row.ClOrdID != "" && string(row.ClOrdID) != p.ClOrdID {
		err = x.unread(opPlace, fmt.Errorf("an answer about another order: %w", exchange.ErrFrame))
	}
	if err != nil {
		if !errors.Is(exchange.OutcomeOf(err), exchange.ErrOutcomeUnknown) {
			x.tracker.Forget(req.Ref())
		}
		if errors.Is(err, exchange.ErrUnsupported) {
			x.forgetMode()
		}
		return exchange.Order{}, err
	}
	return x.answered(exchange.Order{OrderRequest: req, VenueID: string(row.OrdID), Status: exchange.StatusAccepted}, row), nil
}

// answered is o with what is known besides. An acknowledgement's time is no order's: pushes about it may be older, and are news.
func (x *Exchange) answered(o exchange.Order, row *ackRow) exchange.Order {
	o = x.tracker.Answered(o)
	if o.Time.IsZero() {
		f := fields{}
		o.Time = f.time("ts", row.TS)
	}
	return o
}

func (x *Exchange) unread(op string, err error) error {
	e := unread(write, err)
	e.Op = op
	return e
}

// write does w, once.
func (x *Exchange) write(ctx context.Context, w *writing) (*ackRow, error) {
	if !w.deadline.IsZero() && !time.Now().Before(w.deadline) {
		return nil, notSent(w.op, errLate)
	}
	data, taken, err := x.viaSocket(ctx, w)
	if !taken {
		data, err = x.post(ctx, &rest.Request{Op: w.op, Path: w.path, Wire: rest.Wire{Body: body(w.arg)}, Lane: w.lane, Costs: w.costs, Deadline: w.deadline})
	}
	if err != nil {
		return nil, err
	}
	row := takeOver(data)
	return &row, nil
}

func (x *Exchange) post(ctx context.Context, r *rest.Request) ([]byte, error) {
	r.Method, r.Write = http.MethodPost, true
	if err := x.sign(r); err != nil {
		return nil, notSent(r.Op, err)
	}
	return x.client.Do(ctx, r)
}

// nextID is a new id of a request: letters and digits, at most 32.
func (x *Exchange) nextID() string { return x.prefix + strconv.FormatUint(x.ids.Add(1), 36) }

// newPrefix is what tells an Exchange's ids from those of others.
func newPrefix(seed uint64) string {
	if seed == 0 {
		seed = rand.Uint64()
	}
	return fmt.Sprintf("r%011x", rand.New(rand.NewPCG(seed, 1)).Uint64()>>20)
}

// Cancel takes a working order off the book. It is acknowledged only: the answer has the order as it is known, and the order stream tells
// what became of it.
func (x *Exchange) Cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	o, err := x.cancel(ctx, ref)
	if err != nil {
		return pointedAt(&ref), err
	}
	return o, nil
}

func (x *Exchange) cancel(ctx context.Context, ref exchange.OrderRef) (exchange.Order, error) {
	d, err := x.prepare(ctx, opCancel, ref.Market, ref.Account)
	if err != nil {
		return exchange.Order{}, err
	}
	n, err := namingOf(&ref, d)
	if err != nil {
		return exchange.Order{}, notSent(opCancel, err)
	}
	w := &writing{op: opCancel, path: cancelPath, socketOp: "cancel-order", arg: n, lane: rest.Protects, costs: []rest.Cost{x.costOf(byCancel, d)}, d: d}
	row, err := x.write(ctx, w)
	if err != nil {
		return exchange.Order{}, err
	}
	o := pointedAt(&ref)
	o.VenueID = string(row.OrdID)
	if row.ClOrdID != "" {
		o.ClientID = clientID(string(row.ClOrdID))
	}
	return x.answered(o, row), nil
}

// CancelAll cancels the working orders on s that the venue lists, twenty at a time: it has no single request for it. Orders that come while
// it runs may stay. Where some were canceled and others were not, the outcome is unknown.
func (x *Exchange) CancelAll(ctx context.Context, s exchange.Symbol) error {
	d, err := x.prepare(ctx, opCancelAll, exchange.Market{Venue: Venue, Symbol: s}, x.cfg.Account)
	if err != nil {
		return err
	}
	orders, err := x.pending(ctx, opCancelAll, url.Values{"instId": {d.VenueSymbol}}, rest.Protects)
	if err != nil {
		return notSent(opCancelAll, err)
	}
	var all outcomes
	for part := range slices.Chunk(orders, cancelSize) {
		var list []naming
		for i := range part {
			list = append(list, naming{InstID: d.VenueSymbol, OrdID: part[i].VenueID})
		}
		x.cancelMany(ctx, list, d, &all)
	}
	if all.worst == nil {
		return nil
	}
	return all.worst
}

// outcomes are those of several orders as one: worst is unknown where any is, or where a part was done and another was not.
type outcomes struct {
	done  bool
	worst *exchange.Error
}

func (o *outcomes) succeeded() {
	if o.done = true; o.worst != nil {
		o.worst.Outcome = exchange.ErrOutcomeUnknown
	}
}

func (o *outcomes) failed(e *exchange.Error) {
	rank := []error{exchange.ErrNotSent, exchange.ErrRejected, exchange.ErrOutcomeUnknown}
	if o.done {
		e.Outcome = exchange.ErrOutcomeUnknown
	}
	if o.worst == nil || slices.Index(rank, e.Outcome) > slices.Index(rank, o.worst.Outcome) {
		o.worst = e
	}
}

func (x *Exchange) cancelMany(ctx context.Context, list []naming, d *details, all *outcomes) {
	cost := x.costOf(byCancelMany, d)
	if cost.N = len(list); cost.N == 1 { // counts as a single one
		cost = x.costOf(byCancel, d)
	}
	data, err := x.post(ctx, &rest.Request{Op: opCancelAll, Path: cancelManyPath, Wire: rest.Wire{Body: body(list)}, Lane: rest.Protects, Costs: []rest.Cost{cost}})
	var rows []ackRow
	if err == nil {
		rows, err = ackRows(data)
		if err == nil && len(rows) != len(list) {
			err = fmt.Errorf("%d rows for %d orders: %w", len(rows), len(list), exchange.ErrFrame)
		}
	}
	if e := (*exchange.Error)(nil); errors.As(err, &e) {
		all.failed(e)
		return
	} else if err != nil {
		e = unread(batch, err)
		e.Op = opCancelAll
		all.failed(e)
		return
	}
	for i := range rows {
		switch e := rows[i].refusal(batch, http.StatusOK); {
		case e == nil:
			all.succeeded()
		case !gone[e.Code]:
			e.Op = opCancelAll
			all.failed(e)
		}
	}
}

// gone are the codes of a cancellation that comes too late to be needed.
var gone = map[string]bool{"51400": true, "51401": true, "51402": true, "51410": true, "51603": true}

// CancelAllAfter has the venue cancel all working orders of the account, on every market, unless it is called again within after:
// whole seconds from 10 to 120, or 0.
func (x *Exchange) CancelAllAfter(ctx context.Context, _ exchange.Symbol, after time.Duration) error {
	d, err := deadManOf(after)
	if err != nil {
		return notSent(opDeadMan, err)
	}
	_, err = x.post(ctx, &rest.Request{Op: opDeadMan, Path: deadManPath, Wire: rest.Wire{Body: body(d)}, Lane: rest.Protects, Costs: []rest.Cost{x.cost(byDeadMan)}})
	return err
}
