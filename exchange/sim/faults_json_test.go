package sim_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

func TestFaultsAsText(t *testing.T) {
	const text = `{"seed":18446744073709551615,"orders":{"lost_ack":60000,"reject":200000,"partial":3,"late":4,"slow":5},` +
		`"lookups":{"reject":7},"slow_by":"2s","chances":[{"op":"books","fault":"drop","per_million":1000},` +
		`{"op":"orders","fault":"stall","per_million":1,"for":"30s"}],"script":[{"op":"place","fault":"reset-after","nth":3},` +
		`{"op":"cancel-all","fault":"skew","count":2,"key":"#7","for":"-1m0s"},{"op":"place","fault":"partial","percent":40}]}`
	want := sim.Faults{
		Seed: 1<<64 - 1, Orders: sim.Rates{LostAck: 60000, Reject: 200000, Partial: 3, Late: 4, Slow: 5}, Lookups: sim.Rates{Reject: 7},
		SlowBy: 2 * time.Second,
		Chances: []sim.Chance{{Op: sim.OpBooks, Fault: sim.Drop, PerMillion: 1000}, {Op: sim.OpOrders, Fault: sim.Stall, PerMillion: 1,
			For: 30 * time.Second}},
		Script: []sim.Rule{{Op: sim.OpPlace, Fault: sim.ResetAfter, Nth: 3}, {Op: sim.OpCancelAll, Fault: sim.Skew, Count: 2, Key: "#7",
			For: -time.Minute}, {Op: sim.OpPlace, Fault: sim.Partial, Percent: 40}},
	}
	got, err := sim.ParseFaults([]byte(text))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v\nwant %+v", got, err, want)
	}
	if out, err := json.Marshal(want); err != nil || string(out) != text {
		t.Errorf("written %s, %v\nwant %s", out, err, text)
	}
	if out, err := json.Marshal(sim.Faults{}); err != nil || string(out) != "{}" {
		t.Errorf("none is %s, %v", out, err)
	}
}

func TestParseFaultsRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":            ``,
		"no object":          `7`,
		"an unknown member":  `{"sed": 7}`,
		"one in a rule":      `{"script": [{"op": "place", "fault": "reset", "when": 3}]}`,
		"one in rates":       `{"orders": {"lost-ack": 3}}`,
		"two objects":        `{}{}`,
		"something after it": `{} x`,
		"a bare duration":    `{"slow_by": 3}`,
		"no duration":        `{"slow_by": "soon"}`,
		"an impossible pair": `{"script": [{"op": "orders", "fault": "crossed-book"}]}`,
		"an unknown fault":   `{"chances": [{"op": "orders", "fault": "fire", "per_million": 1}]}`,
		"rates above one":    `{"orders": {"lost_ack": 600000, "reject": 600000}}`,
		"a negative rate":    `{"orders": {"lost_ack": -1}}`,
	} {
		if _, err := sim.ParseFaults([]byte(text)); !errors.Is(err, exchange.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is read is written so that it reads the same, and is taken by an Injector.
func FuzzParseFaults(f *testing.F) {
	f.Add(`{"seed":1,"orders":{"lost_ack":6},"slow_by":"2s","chances":[{"op":"books","fault":"drop","per_million":10}]}`)
	f.Add(`{"script":[{"op":"place","fault":"partial","nth":2,"count":3,"key":"a","for":"1.5s","percent":7}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := sim.ParseFaults([]byte(text))
		if err != nil {
			if !errors.Is(err, exchange.ErrInvalid) {
				t.Fatalf("%v", err)
			}
			return
		}
		if _, err := sim.NewInjector(got, sim.Latency{}); err != nil {
			t.Fatalf("%+v was read, and is refused: %v", got, err)
		}
		out, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		again, err := sim.ParseFaults(out)
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Fatalf("%s reads as %+v, %v\nwas %+v from %s", out, again, err, got, strings.ToValidUTF8(text, "?"))
		}
	})
}
