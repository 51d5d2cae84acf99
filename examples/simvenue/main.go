// Command simvenue starts three simulated venues on this machine that speak the protocols of Binance, OKX and Bybit, so that any program
// written for those can trade on them without keys, money or a network.
//
//	go run ./examples/simvenue                what there is, and a request to try for each venue
//	go run ./examples/simvenue -json          the same as one line of JSON, for programs
//
// Prices are made up, and nearly the same at all three: they share one random walk a symbol. It serves until it is interrupted. Run it with
// -help for the flags.
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
	if err != nil {
		fmt.Fprintln(stderr, "simvenue:", err)
		return 2
	}
	if err := serve(ctx, o, stdout); err != nil {
		fmt.Fprintln(stderr, "simvenue:", err)
		return 1
	}
	return 0
}

// serve runs the venues until ctx ends.
func serve(ctx context.Context, o options, stdout io.Writer) error {
	w, err := openWorld(o)
	if err != nil {
		return err
	}
	defer w.close()
	if err := w.step(); err != nil { // who reads the addresses finds books
		return err
	}
	if o.json {
		err = printJSON(stdout, w.venues)
	} else {
		err = printText(stdout, w.venues)
	}
	if err != nil {
		return err
	}
	return w.run(ctx)
}
