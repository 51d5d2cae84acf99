package exchangetest_test

import (
	"strings"
	"testing"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/exchangetest"
)

func TestConfigIsChecked(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*exchangetest.Config)
		want string
	}{
		{"nothing to open", func(c *exchangetest.Config) { c.Open = nil }, "without Open"},
		{"no symbol", func(c *exchangetest.Config) { c.Spot, c.Perp = exchange.Symbol{}, exchange.Symbol{} }, "without a symbol"},
		{"kinds mixed up", func(c *exchangetest.Config) { c.Spot, c.Perp = c.Perp, c.Spot }, "with spot"},
		{"virtual time without a stage", func(c *exchangetest.Config) { c.NoStage = true }, "not in real time"},
		{"no such case", func(c *exchangetest.Config) { c.Unsupported = map[string]string{"spot/everything": "cannot"} }, "no case"},
		{"no case of this kind", func(c *exchangetest.Config) { c.Unsupported = map[string]string{"spot/position": "cannot"} }, "no case"},
		{"no reason", func(c *exchangetest.Config) { c.Unsupported = map[string]string{"dead-man": ""} }, "no reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := contract(nil)
			c.edit(&cfg)
			if err := exchangetest.Validate(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	if err := exchangetest.Validate(contract(nil)); err != nil {
		t.Error(err)
	}
}

// What is missing is a failure, not a case less.
func TestNothingIsLeftOutSilently(t *testing.T) {
	bare := contract(nil)
	bare.Open = func(t *testing.T) exchange.Exchange { return contract(nil).Open(t).(*broken).Exchange }
	real := bare
	real.RealTime = true
	less := contract(nil)
	less.OpenReadOnly, less.OpenFeeAsset = nil, nil
	bald := contract(nil)
	bald.Open = func(t *testing.T) exchange.Exchange {
		b := contract(nil).Open(t).(*broken)
		return struct {
			exchange.Exchange
			exchangetest.Stage
		}{struct{ exchange.Exchange }{b}, b.Stage}
	}
	for _, c := range []struct {
		name, run string
		cfg       exchangetest.Config
		want      string
	}{
		{"no stage", "spot/ioc-full", bare, "is no Stage"},
		{"no stage, though it could do without", "spot/instruments", bare, "is no Stage"},
		{"no stage in real time", "spot/ioc-full", real, "is no Stage"},
		{"no key to read with", "spot/read-only-key", less, "nothing to open"},
		{"no ability", "spot/dead-man", bald, "is no exchange.DeadMan"},
		{"no account with a fee asset", "spot/fee-asset", less, "nothing to open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := exchangetest.Failures(t, c.cfg, c.run)
			if len(said) != 1 || !strings.Contains(said[0], c.want) {
				t.Errorf("%q, want %q", said, c.want)
			}
		})
	}
}
