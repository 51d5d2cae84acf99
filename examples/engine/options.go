package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// options are the program's flags, checked.
type options struct {
	replay   string
	speed    float64 // 0: as fast as possible, in virtual time
	duration time.Duration
	json     bool
	seed     uint64
	fee      exchange.Decimal // taker fee, a fraction
	minEdge  exchange.Decimal // a fraction of the notional, net of fees
	size     exchange.Decimal // quote notional of one arbitrage
	balance  exchange.Decimal // quote value of each asset at each venue
	maxSkew  time.Duration
	faults   string
	journal  string
	direct   bool
	symbols  []exchange.Symbol
}

// wired reports whether the venues are behind their protocols. A recording's books were received once already: they are shown as they came.
func (o options) wired() bool { return o.replay == "" && !o.direct }

// usageError is bad input on the command line: exit 2.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

const usage = `Usage: engine [flags]

Trades price gaps between simulated venues, without keys or network: on generated books, at servers on this machine that speak the protocols
of Binance, OKX and Bybit; or on a recording.
Ctrl-C ends it cleanly with a summary. Exit 0: the run ended and its books balance; 1: they do not, or the run failed;
2: bad flags, or a damaged recording. Those are the built program's: "go run" makes each failure a 1.

`

func parseOptions(args []string, help io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("engine", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // one clear line instead of the whole usage
	fs.StringVar(&o.replay, "replay", "", "trade on the recording in `DIR` instead of generated books")
	speed := fs.String("speed", "recorded", "`SPEED` of -replay: recorded, a multiple such as 10, or max")
	fs.DurationVar(&o.duration, "duration", 0, "stop after this long, of recorded time with -speed max (0: until Ctrl-C, or the recording's end)")
	fs.BoolVar(&o.json, "json", false, "print the summary as one JSON object, the last line of stdout")
	fs.Uint64Var(&o.seed, "seed", 1, "`SEED` of generated books, latency and faults; only with -speed max does a run repeat exactly")
	fee := fs.String("fee-bps", "5", "taker fee of all markets, in `BPS`, basis points")
	edge := fs.String("min-edge-bps", "1", "smallest net profit worth trading, in `BPS` of the notional, fees deducted")
	size := fs.String("size", "1000", "largest notional of one arbitrage, an `AMOUNT` of quote")
	balance := fs.String("balance", "100000", "what is held of each asset at each venue at the start, worth this `AMOUNT` of quote")
	fs.DurationVar(&o.maxSkew, "max-skew", 50*time.Millisecond, "largest age gap between the books of two legs")
	fs.StringVar(&o.faults, "faults", "none", "fault `PROFILE` of the simulated venues: none, basic or full")
	fs.BoolVar(&o.direct, "inprocess", false, "trade with the simulated venues directly, without their protocols")
	fs.StringVar(&o.journal, "journal", "", "keep the journal in `DIR` (accepted; it takes effect once journals are durable)")
	symbols := fs.String("symbols", "BTC-USDT,BTC-USDT-PERP", "the `SYMBOLS` to trade of -replay, comma separated")

	err := fs.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(help, usage)
		fs.SetOutput(help)
		fs.PrintDefaults()
		return o, err
	}
	if err == nil && fs.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case err != nil:
	case given["replay"] && o.replay == "":
		err = errors.New("-replay: an empty folder name")
	case o.replay != "" && o.direct:
		err = errors.New("-inprocess: a recording is always traded so")
	case o.replay == "" && (given["speed"] || given["symbols"]):
		err = errors.New("-speed and -symbols go with -replay")
	}
	if err == nil {
		err = o.read(*speed, *fee, *edge, *size, *balance, *symbols)
	}
	if err != nil {
		return o, usageError{fmt.Errorf("%w (engine -help lists the flags)", err)}
	}
	return o, nil
}

// read turns the textual flags into values and checks all of them.
func (o *options) read(speed, fee, edge, size, balance, symbols string) (err error) {
	switch speed {
	case "recorded":
		o.speed = 1
	case "max":
		o.speed = 0
	default:
		if o.speed, err = strconv.ParseFloat(speed, 64); err != nil || !(o.speed > 0 && o.speed <= 1e6) {
			return fmt.Errorf("-speed %q: want recorded, max, or a multiple above 0", speed)
		}
	}
	if o.fee, err = bps("fee-bps", fee, -100); err != nil {
		return err
	}
	if o.minEdge, err = bps("min-edge-bps", edge, 0); err != nil {
		return err
	}
	if o.size, err = positive("size", size); err != nil {
		return err
	}
	if o.balance, err = positive("balance", balance); err != nil {
		return err
	}
	for s := range strings.SplitSeq(symbols, ",") {
		y, err := exchange.ParseSymbol(strings.TrimSpace(s))
		if err != nil {
			return fmt.Errorf("-symbols: %w", err)
		}
		if slices.Contains(o.symbols, y) {
			return fmt.Errorf("-symbols: %s twice", y)
		}
		o.symbols = append(o.symbols, y)
	}
	switch {
	case o.duration < 0:
		return fmt.Errorf("-duration %s is negative", o.duration)
	case o.maxSkew <= 0:
		return fmt.Errorf("-max-skew %s: want more than 0", o.maxSkew)
	}
	return o.folders()
}

func (o *options) folders() error {
	if o.replay != "" {
		if i, err := os.Stat(o.replay); err != nil || !i.IsDir() {
			return fmt.Errorf("-replay %s: no such folder, or not a folder", o.replay)
		}
	}
	if o.journal != "" {
		if i, err := os.Stat(o.journal); err == nil && !i.IsDir() {
			return fmt.Errorf("-journal %s: not a folder", o.journal)
		}
	}
	return nil
}

// bps reads basis points as a fraction.
func bps(flag, s string, least int64) (exchange.Decimal, error) {
	d, err := exchange.ParseDecimal(s)
	if err != nil {
		return d, fmt.Errorf("-%s %q: want a number", flag, s)
	}
	if d.Cmp(exchange.Scaled(least, 0)) < 0 || d.Cmp(exchange.Scaled(5000, 0)) > 0 {
		return d, fmt.Errorf("-%s %s: want %d to 5000 basis points", flag, s, least)
	}
	if d.Places() > 5 { // of a fraction the scanner takes nine
		return d, fmt.Errorf("-%s %s: at most 5 digits behind the point", flag, s)
	}
	return d.Mul(exchange.Scaled(1, -4)), nil
}

func positive(flag, s string) (exchange.Decimal, error) {
	d, err := exchange.ParseDecimal(s)
	if err != nil || d.Sign() <= 0 {
		return d, fmt.Errorf("-%s %q: want a number above 0", flag, s)
	}
	return d, nil
}
