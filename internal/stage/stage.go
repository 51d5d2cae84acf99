// Package stage lets exchange/exchangetest direct a simulated venue: what sim's own contract test and those of the wire servers share.
package stage

import (
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// Account trades under test; Other is everybody else who trades.
const (
	Account exchange.AccountID = "main"
	Other   exchange.AccountID = "other"
)

// Stage is an exchangetest.Stage over what every simulated venue has.
type Stage struct {
	Floor    *sim.Floor
	Injector *sim.Injector
	Client   func(t *testing.T) exchange.Exchange // another client of Account, closed by t.Cleanup
}

var _ exchangetest.Stage = Stage{}

// Publish gives the engine a book.
func (s Stage) Publish(b *exchange.Book) (err error) {
	s.Floor.Do(func(now time.Time, e *sim.Engine) { err = e.SetBook(now, b) })
	return err
}

// Trade submits an order of Other.
func (s Stage) Trade(r exchange.OrderRequest) (o exchange.Order, err error) {
	r.Account = Other
	s.Floor.Do(func(now time.Time, e *sim.Engine) { o, err = e.Submit(now, r) })
	return o, err
}

// Fault is a rule of the injector.
func (s Stage) Fault(f exchangetest.Fault) error {
	return s.Injector.Add(sim.Rule{Op: sim.Op(f.Op), Fault: sim.Fault(f.Kind), Nth: f.Nth, For: f.For})
}

// Reopen is Client.
func (s Stage) Reopen(t *testing.T) exchange.Exchange { return s.Client(t) }

// Sent counts what the injector has decided about.
func (s Stage) Sent(op string) int { return s.Injector.Calls(sim.Op(op)) }

// Met counts the fates that the injector has given.
func (s Stage) Met(op, kind string) int { return s.Injector.Struck(sim.Op(op), sim.Fault(kind)) }

// Config is an engine as the contract wants it: both accounts, with what they need of every asset of the instruments.
func Config(venue exchange.Venue, instruments ...exchange.Instrument) sim.EngineConfig {
	own := make(map[exchange.Asset]exchange.Decimal)
	var assets []exchange.Asset
	add := func(a exchange.Asset, quantity int64) {
		if _, ok := own[a]; !ok {
			assets = append(assets, a)
		}
		own[a] = own[a].Max(exchange.Scaled(quantity, 0))
	}
	for _, ins := range instruments {
		add(ins.Market.Symbol.Base, 1_000)
		add(ins.Market.Symbol.Quote, 200_000)
	}
	cfg := sim.EngineConfig{
		Venue: venue, Account: Account, Instruments: instruments,
		Fees:     exchange.FeeRates{Maker: exchange.Scaled(-1, -4), Taker: exchange.Scaled(5, -4)},
		Accounts: []sim.AccountConfig{{ID: Other}},
	}
	for _, a := range assets {
		cfg.Balances = append(cfg.Balances, exchange.Amount{Asset: a, Quantity: own[a]})
		rich := own[a].Mul(exchange.Scaled(1, 4))
		cfg.Accounts[0].Balances = append(cfg.Accounts[0].Balances, exchange.Amount{Asset: a, Quantity: rich})
	}
	return cfg
}
