package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/exchange/sim"
)

// options are the program's flags, checked.
type options struct {
	json    bool
	seed    uint64
	balance exchange.Decimal // quote value of each asset at each venue
	faults  sim.Faults
}

const usage = `Usage: simvenue [flags]

Serves three simulated venues on 127.0.0.1 that speak the protocols of Binance, OKX and Bybit. Ctrl-C ends it.
Exit 0: it was interrupted; 1: it failed; 2: bad flags. Those are the built program's: "go run" makes each failure a 1.

`

// example is a file for -faults.
const example = `{"script": [{"op": "place", "fault": "lost-ack", "nth": 2}]}`

func parseOptions(args []string, help io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("simvenue", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // one clear line instead of the whole usage
	fs.BoolVar(&o.json, "json", false, "print addresses, keys and markets as one line of JSON")
	fs.Uint64Var(&o.seed, "seed", 1, "`SEED` of prices and faults; orders still meet whatever book is there when they arrive")
	balance := fs.String("balance", "100000", "what the account holds of each asset at each venue, worth this `AMOUNT` of USDT")
	faults := fs.String("faults", "", "what goes wrong, a `FILE` of JSON such as "+example+": the faults are below")

	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, usage)
		fs.SetOutput(help)
		fs.PrintDefaults()
		printFaults(help)
		return o, err
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if err == nil {
		o.balance, err = exchange.ParseDecimal(*balance)
		if err != nil || o.balance.Sign() <= 0 {
			err = fmt.Errorf("-balance %q: want a number above 0", *balance)
		}
	}
	if err == nil {
		fs.Visit(func(f *flag.Flag) {
			if f.Name == "faults" {
				o.faults, err = readFaults(*faults)
			}
		})
	}
	if err != nil {
		return o, fmt.Errorf("%w (simvenue -help lists the flags)", err)
	}
	return o, nil
}

// printFaults lists which operations meet which faults.
func printFaults(out io.Writer) {
	fmt.Fprint(out, "\nOperations, and the faults that each may meet:\n")
	for _, op := range sim.Ops() {
		line := fmt.Sprintf("  %-11s", op)
		for _, f := range sim.FaultKinds() {
			if !f.Meets(op) {
				continue
			}
			if len(line)+1+len(f) > 110 {
				fmt.Fprintln(out, line)
				line = strings.Repeat(" ", 13)
			}
			line += " " + string(f)
		}
		fmt.Fprintln(out, line)
	}
	fmt.Fprint(out, `
A lost-ack leaves the request without an answer for as long as the client waits: give it a time-out. With reset-after the connection ends.
`)
}

func readFaults(name string) (sim.Faults, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return sim.Faults{}, fmt.Errorf("-faults: %w", err)
	}
	f, err := sim.ParseFaults(text)
	if err != nil {
		return f, fmt.Errorf("-faults %s: %w", name, err)
	}
	return f, nil
}
