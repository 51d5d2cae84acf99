package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// progress shows what happens now: one line that is written over and over on a terminal, a line every few seconds elsewhere.
type progress struct {
	w        io.Writer
	t        *tally
	terminal bool
	every    time.Duration
	began    time.Time
	shown    time.Time
	lines    int
}

func newProgress(w io.Writer, t *tally) *progress {
	p := &progress{w: w, t: t, every: 3 * time.Second, began: time.Now()}
	if f, ok := w.(*os.File); ok {
		if i, err := f.Stat(); err == nil && i.Mode()&os.ModeCharDevice != 0 {
			p.terminal, p.every = true, 200*time.Millisecond
		}
	}
	p.shown = p.began
	return p
}

func (p *progress) show(elapsed time.Duration) {
	p.lines++
	if p.terminal {
		const width = 79 // a wrapped line could not be written over
		fmt.Fprintf(p.w, "\r\x1b[K%.*s", width, p.t.progress(elapsed, true))
		return
	}
	fmt.Fprintln(p.w, p.t.progress(elapsed, false))
}

// follow shows the line regularly until the function that it returns is called.
func (p *progress) follow() (stop func()) {
	done := make(chan struct{})
	var shower sync.WaitGroup
	shower.Go(func() {
		tick := time.NewTicker(p.every)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				p.show(time.Since(p.began))
			}
		}
	})
	return func() {
		close(done)
		shower.Wait()
	}
}

// virtual shows the line when it is due; elapsed is virtual time.
func (p *progress) virtual(elapsed time.Duration) {
	if now := time.Now(); now.Sub(p.shown) >= p.every {
		p.shown = now
		p.show(elapsed)
	}
}

func (p *progress) end() {
	if p.terminal && p.lines > 0 {
		fmt.Fprintln(p.w)
	}
}
