package exchangetest_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

var callOps = []sim.Op{sim.OpPlace, sim.OpReplace, sim.OpCancel, sim.OpCancelAll, sim.OpLookup, sim.OpRead}

func TestMatrixDump(t *testing.T) {
	for _, c := range columns() {
		for _, op := range callOps {
			for _, f := range sim.FaultKinds() {
				if !f.Meets(op) {
					continue
				}
				t.Run(fmt.Sprint(c.name, "/", op, "/", f), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := playCall(t, c, op, f)
						cls := ""
						for n, e := range map[string]error{"ratelimited": exchange.ErrRateLimited, "banned": exchange.ErrBanned, "unavail": exchange.ErrUnavailable, "skew": exchange.ErrClockSkew, "conflict": exchange.ErrConflict, "notfound": exchange.ErrNotFound, "invalid": exchange.ErrInvalid, "unauth": exchange.ErrUnauthorized} {
							if errors.Is(r.err, e) {
								cls += n
							}
						}
						out := exchange.OutcomeOf(r.err)
						if op == sim.OpLookup || op == sim.OpRead {
							if r.err != nil {
								out = errors.New("error")
							}
						}
						t.Logf("ROW %-13s %-10s %-18s out=%v class=%s sent=%d effect=%t status=%s %q", c.name, op, f, out, cls, r.sent, r.effect, r.order.Status, r.faults)
					})
				})
			}
		}
	}
}
