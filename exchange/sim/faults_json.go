package sim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// ParseFaults reads what Faults.MarshalJSON writes. A member that is not known, anything after the object, and what NewInjector would refuse
// are errors that wrap exchange.ErrInvalid.
//
//	{"seed": 7, "orders": {"lost_ack": 60000, "reject": 200000}, "slow_by": "2s",
//	 "chances": [{"op": "books", "fault": "drop", "per_million": 1000}],
//	 "script": [{"op": "place", "fault": "reset-after", "nth": 3}, {"op": "orders", "fault": "stall", "for": "30s"}]}
func ParseFaults(text []byte) (Faults, error) {
	var f Faults
	if err := f.UnmarshalJSON(text); err != nil {
		return Faults{}, err
	}
	return f, f.validate()
}

// faultsText is Faults as text. Rates are in a million.
type faultsText struct {
	Seed    uint64       `json:"seed,omitempty"`
	Orders  *ratesText   `json:"orders,omitempty"`
	Lookups *ratesText   `json:"lookups,omitempty"`
	SlowBy  span         `json:"slow_by,omitempty"`
	Chances []chanceText `json:"chances,omitempty"`
	Script  []ruleText   `json:"script,omitempty"`
}

type ratesText struct {
	LostAck uint32 `json:"lost_ack,omitempty"`
	Reject  uint32 `json:"reject,omitempty"`
	Partial uint32 `json:"partial,omitempty"`
	Late    uint32 `json:"late,omitempty"`
	Slow    uint32 `json:"slow,omitempty"`
}

type chanceText struct {
	Op         Op     `json:"op"`
	Fault      Fault  `json:"fault"`
	PerMillion uint32 `json:"per_million"`
	For        span   `json:"for,omitempty"`
}

type ruleText struct {
	Op      Op     `json:"op"`
	Fault   Fault  `json:"fault"`
	Nth     int    `json:"nth,omitempty"`
	Count   int    `json:"count,omitempty"`
	Key     string `json:"key,omitempty"`
	For     span   `json:"for,omitempty"`
	Percent int64  `json:"percent,omitempty"`
}

// span is a duration as Go writes one: "1.5s".
type span time.Duration

func (s span) MarshalText() ([]byte, error) { return []byte(time.Duration(s).String()), nil }

func (s *span) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*s = span(d)
	return err
}

// MarshalJSON is f as text; see [ParseFaults].
func (f Faults) MarshalJSON() ([]byte, error) {
	t := faultsText{Seed: f.Seed, Orders: f.Orders.text(), Lookups: f.Lookups.text(), SlowBy: span(f.SlowBy)}
	for _, c := range f.Chances {
		t.Chances = append(t.Chances, chanceText{c.Op, c.Fault, c.PerMillion, span(c.For)})
	}
	for _, r := range f.Script {
		t.Script = append(t.Script, ruleText{r.Op, r.Fault, r.Nth, r.Count, r.Key, span(r.For), r.Percent})
	}
	return json.Marshal(t)
}

func (r Rates) text() *ratesText {
	if r == (Rates{}) {
		return nil
	}
	t := ratesText(r)
	return &t
}

// UnmarshalJSON reads what MarshalJSON writes, and no other members. It does not judge the faults; [ParseFaults] does. Errors wrap
// exchange.ErrInvalid.
func (f *Faults) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var t faultsText
	if err := d.Decode(&t); err != nil {
		return fmt.Errorf("sim: faults: %w: %w", exchange.ErrInvalid, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("sim: faults: something follows: %w", exchange.ErrInvalid)
	}
	*f = Faults{Seed: t.Seed, Orders: t.Orders.rates(), Lookups: t.Lookups.rates(), SlowBy: time.Duration(t.SlowBy)}
	for _, c := range t.Chances {
		f.Chances = append(f.Chances, Chance{c.Op, c.Fault, c.PerMillion, time.Duration(c.For)})
	}
	for _, r := range t.Script {
		f.Script = append(f.Script, Rule{r.Op, r.Fault, r.Nth, r.Count, r.Key, time.Duration(r.For), r.Percent})
	}
	return nil
}

func (t *ratesText) rates() Rates {
	if t == nil {
		return Rates{}
	}
	return Rates(*t)
}
