package okx

import (
	"fmt"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// balances are what an account's rows hold, zero ones included. What is owed is taken off what is free, where the venue has not done so itself.
func (w *accountRow) balances() ([]exchange.Balance, error) {
	f := fields{}
	var r []exchange.Balance
	for i := range w.Details {
		d := &w.Details[i]
		r = append(r, exchange.Balance{
			Asset: exchange.Asset(f.must("ccy", d.Ccy)), Free: d.free(&f), Locked: f.amount("frozenBal", d.FrozenBal),
		})
	}
	return r, f.err
}

func (d *balanceRow) free(f *fields) exchange.Decimal {
	if d.AvailBal == "" { // in some account modes only equity is told, in which debts are counted
		return f.number("availEq", d.AvailEq)
	}
	free := f.number("availBal", d.AvailBal)
	if free.Sign() < 0 { // it is the debt
		return free
	}
	return free.Sub(f.maybe("liab", d.Liab).Abs())
}

// position is the row in the library's terms. Its cost is the average price multiplied out: the venue tells no other.
func (w *positionRow) position(in exchange.Instrument, account exchange.AccountID) (exchange.Position, error) {
	f := fields{}
	q := f.maybe("pos", w.Pos).Mul(in.Contract)
	switch w.PosSide {
	case "net", "":
	case "long", "short": // of an account that is not in net mode: such positions can be read
		if q = q.Abs(); w.PosSide == "short" {
			q = q.Neg()
		}
	default:
		f.fail("posSide", w.PosSide)
	}
	p := exchange.Position{Market: in.Market, Account: account, Quantity: q, Time: f.time("uTime", w.UTime)}
	if !q.IsZero() {
		p.Cost = q.Mul(f.number("avgPx", w.AvgPx))
	}
	return p, f.err
}

// merge sums the positions of each market: cross and isolated ones, long and short ones.
func merge(all []exchange.Position) []exchange.Position {
	var r []exchange.Position
	place := map[exchange.Market]int{}
	for _, p := range all {
		i, ok := place[p.Market]
		if !ok {
			place[p.Market] = len(r)
			r = append(r, p)
			continue
		}
		r[i].Quantity, r[i].Cost = r[i].Quantity.Add(p.Quantity), r[i].Cost.Add(p.Cost)
		if p.Time.After(r[i].Time) {
			r[i].Time = p.Time
		}
	}
	return r
}

// rates are the fees on the market of d. The venue's sign is ours turned round: "-0.001" is a charge of 0.1%.
func (w *feeRow) rates(d *details) (exchange.FeeRates, error) {
	maker, taker := w.Maker, w.Taker
	switch g := w.group(d.group); {
	case g >= 0:
		maker, taker = w.FeeGroup[g].Maker, w.FeeGroup[g].Taker
	case len(w.FeeGroup) > 0:
		return exchange.FeeRates{}, fmt.Errorf("no fee group %q of %s: %w", d.group, d.Market, exchange.ErrFrame)
	case d.Market.Symbol.Kind == exchange.Perp && d.Settle == "USDC" && w.TakerUSDC != "":
		maker, taker = w.MakerUSDC, w.TakerUSDC
	case d.Market.Symbol.Kind == exchange.Perp && w.TakerU != "":
		maker, taker = w.MakerU, w.TakerU
	}
	f := fields{}
	r := exchange.FeeRates{Maker: f.number("maker", maker).Neg(), Taker: f.number("taker", taker).Neg()}
	return r, f.err
}

// group is the place of the fee group with this id, or -1; the only one needs no id.
func (w *feeRow) group(id string) int {
	for i := range w.FeeGroup {
		if string(w.FeeGroup[i].GroupID) == id || len(w.FeeGroup) == 1 && id == "" {
			return i
		}
	}
	return -1
}

// mode is how an account trades.
type mode struct{ spot, swap string } // tdMode

// mode refuses what this adapter does not trade: its quantities have a sign instead of a side.
func (w *configRow) mode() (mode, error) {
	if w.PosMode != "net_mode" {
		return mode{}, fmt.Errorf("okx: the account's position mode is %.40q, and must be net_mode: %w", string(w.PosMode), exchange.ErrUnsupported)
	}
	switch w.AcctLv {
	case "1", "2": // spot; futures
		return mode{spot: "cash", swap: "cross"}, nil
	case "3", "4": // multi-currency margin; portfolio margin
		return mode{spot: "cross", swap: "cross"}, nil
	}
	return mode{}, fmt.Errorf("okx: account level %.40q is not known: %w", string(w.AcctLv), exchange.ErrUnsupported)
}

func (m mode) of(k exchange.Kind) string {
	if k == exchange.Perp {
		return m.swap
	}
	return m.spot
}

// serverTime reads the answer of /public/time.
func serverTime(data []byte) (time.Time, error) {
	w, err := one[struct {
		TS text `json:"ts"`
	}](data)
	if err != nil {
		return time.Time{}, err
	}
	f := fields{}
	t := f.time("ts", text(f.must("ts", w.TS)))
	return t, f.err
}
