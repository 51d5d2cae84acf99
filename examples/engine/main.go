// Command engine is the main program: it trades price gaps between venues, both legs or neither, and shows what happens.
//
//	go run ./examples/engine                        three simulated venues, live, over the protocols of real ones
//	go run ./examples/engine -inprocess             the same without the protocols
//	go run ./examples/engine -replay DIR -speed max a recording, in virtual time
//
// No real order is sent. Run it with -help for the flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with everything that it touches passed in; it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	var s summary
	var d *desk
	if err == nil {
		s, d, err = perform(ctx, o, stdout, stderr)
	}
	var bad usageError
	switch {
	case errors.As(err, &bad):
		fmt.Fprintln(stderr, "engine:", err)
		return 2
	case err != nil:
		fmt.Fprintln(stderr, "engine:", err)
		return 1
	}
	if o.json {
		err = s.json(stdout)
	} else {
		err = s.print(stdout, d.quote)
	}
	switch {
	case err != nil:
		fmt.Fprintln(stderr, "engine:", err)
		return 1
	case !s.sound():
		fmt.Fprintln(stderr, "engine: the books do not balance: see ledger_imbalance, position_drift and fill_mismatch")
		return 1
	}
	return 0
}

// perform does one run.
func perform(ctx context.Context, o options, stdout, stderr io.Writer) (summary, *desk, error) {
	if o.journal != "" {
		fmt.Fprintln(stderr, "engine: -journal is accepted, but journals are not durable yet: nothing is written to", o.journal)
	}
	began := time.Now()
	d, runDesk, err := prepare(o)
	if err != nil {
		return summary{}, nil, err
	}
	progress := stdout
	if o.json {
		progress = stderr // stdout is for the object
	}
	p := newProgress(progress, d.tally)
	err = runDesk(ctx, p)
	p.end()
	if err != nil {
		return summary{}, nil, err
	}
	a, err := d.audit()
	return d.tally.summary(a, time.Since(began)), d, err
}

// prepare makes the desk, and the function that runs it, for the way that the options ask for.
func prepare(o options) (*desk, func(context.Context, *progress) error, error) {
	if o.replay == "" {
		from, listings, err := generated(o)
		if err != nil {
			return nil, nil, err
		}
		return livePlan(o, listings, from)
	}
	replay, listings, err := openRecording(o)
	if err != nil {
		return nil, nil, err
	}
	if o.speed > 0 {
		return livePlan(o, listings, replayed(replay))
	}
	d, err := newDesk(o, listings)
	return d, func(ctx context.Context, p *progress) error { return simulate(ctx, d, replay, p.virtual) }, err
}

func livePlan(o options, listings []listing, from source) (*desk, func(context.Context, *progress) error, error) {
	d, err := newDesk(o, listings)
	return d, func(ctx context.Context, p *progress) error {
		if o.duration > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, o.duration)
			defer cancel()
		}
		stop := p.follow()
		defer stop()
		return trade(ctx, d, from)
	}, err
}
