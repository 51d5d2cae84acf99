package pipe_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bothlegs/bothlegs/internal/pipe"
)

// Bytes arrive in order whatever the sizes of writes, reads and buffer, both ways at once.
func TestCarriesBytes(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		size := 1 + rnd.IntN(300)
		a, b := pipe.New(size)
		var wg sync.WaitGroup
		for i, ends := range [2][2]net.Conn{{a, b}, {b, a}} {
			sent := make([]byte, 20000)
			for j := range sent {
				sent[j] = byte(rnd.Uint32())
			}
			wr, rr := rand.New(rand.NewPCG(seed, uint64(i)+1)), rand.New(rand.NewPCG(seed, uint64(i)+3))
			wg.Go(func() {
				for rest := sent; len(rest) > 0; {
					k := min(len(rest), wr.IntN(500))
					if n, err := ends[0].Write(rest[:k]); n != k || err != nil {
						t.Errorf("seed %d: wrote %d of %d: %v", seed, n, k, err)
						return
					}
					rest = rest[k:]
				}
			})
			wg.Go(func() {
				got := make([]byte, 0, len(sent))
				for len(got) < len(sent) {
					p := make([]byte, 1+rr.IntN(500))
					n, err := ends[1].Read(p)
					if err != nil {
						t.Errorf("seed %d: %v", seed, err)
						return
					}
					got = append(got, p[:n]...)
				}
				if !bytes.Equal(got, sent) {
					t.Errorf("seed %d, buffer %d: other bytes arrived", seed, size)
				}
			})
		}
		wg.Wait()
	}
}

func TestWriteWaitsForSpaceOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe.New(4)
		if n, err := a.Write([]byte("1234")); n != 4 || err != nil {
			t.Fatalf("a write that fits: %d, %v", n, err)
		}
		done := make(chan error, 1)
		go func() { _, err := a.Write([]byte("56")); done <- err }()
		synctest.Wait()
		select {
		case err := <-done:
			t.Fatalf("a write beyond the buffer did not wait: %v", err)
		default:
		}
		p := make([]byte, 3)
		if _, err := io.ReadFull(b, p); err != nil || string(p) != "123" {
			t.Fatal(string(p), err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	cases := []struct {
		name string
		set  func(net.Conn, time.Time) error
		do   func(net.Conn) error
	}{
		{"read", net.Conn.SetReadDeadline, func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err }},
		{"write", net.Conn.SetWriteDeadline, func(c net.Conn) error { _, err := c.Write(make([]byte, 9)); return err }},
		{"both", net.Conn.SetDeadline, func(c net.Conn) error { _, err := c.Read(make([]byte, 1)); return err }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, _ := pipe.New(4)
				began := time.Now()
				expect := func(what string, after time.Duration) {
					t.Helper()
					err := c.do(a)
					var timeout net.Error
					if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
						t.Errorf("%s: %v", what, err)
					}
					if d := time.Since(began); d != after {
						t.Errorf("%s: after %v, want %v", what, d, after)
					}
				}
				_ = c.set(a, began.Add(time.Second))
				expect("in a second", time.Second)
				expect("and at once again", time.Second)
				_ = c.set(a, began.Add(3*time.Second))
				go func() { <-time.After(time.Second); _ = c.set(a, began.Add(5*time.Second)) }()
				expect("moved while waiting", 5*time.Second)
				_ = c.set(a, time.Time{})
				go func() { <-time.After(time.Second); _ = c.set(a, time.Now()) }()
				expect("taken away, then now", 6*time.Second)
				if err := a.Close(); err != nil {
					t.Error(err)
				}
				if err := c.set(a, time.Now()); !errors.Is(err, net.ErrClosed) {
					t.Errorf("on a closed end: %v", err)
				}
			})
		})
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := pipe.New(8)
		if _, err := a.Write([]byte("last")); err != nil {
			t.Fatal(err)
		}
		waiting := make(chan error, 2)
		go func() { _, err := a.Read(make([]byte, 1)); waiting <- err }()
		go func() { _, err := a.Write(make([]byte, 9)); waiting <- err }()
		synctest.Wait()
		_ = a.Close()
		_ = a.Close()
		for range 2 {
			if err := <-waiting; !errors.Is(err, net.ErrClosed) {
				t.Errorf("waiting on the closed end: %v", err)
			}
		}
		got, err := io.ReadAll(b) // what was written before
		if err != nil || !bytes.HasPrefix(got, []byte("last")) {
			t.Errorf("the other end reads %q, %v", got, err)
		}
		if _, err := b.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("the other end writes: %v", err)
		}
		for what, err := range map[string]error{"read": second(a.Read(nil)), "write": second(a.Write(nil))} {
			if !errors.Is(err, net.ErrClosed) {
				t.Errorf("%s on the closed end: %v", what, err)
			}
		}
	})
}

func second(_ int, err error) error { return err }

func TestListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pipe.Listen()
		var wg sync.WaitGroup
		wg.Go(func() {
			for {
				c, err := l.Accept()
				if err != nil {
					if !errors.Is(err, net.ErrClosed) {
						t.Error(err)
					}
					return
				}
				wg.Go(func() { _, _ = io.Copy(c, c); c.Close() })
			}
		})
		for i := range 3 {
			c, err := l.Dial(t.Context(), "tcp", "anywhere:443")
			if err != nil {
				t.Fatal(err)
			}
			said := fmt.Sprint("hello ", i)
			p := make([]byte, len(said))
			_, _ = c.Write([]byte(said))
			if _, err := io.ReadFull(c, p); err != nil || string(p) != said {
				t.Errorf("%q came back, %v", p, err)
			}
			c.Close()
		}
		_ = l.Close()
		_ = l.Close()
		wg.Wait()
		if _, err := l.Dial(t.Context(), "", ""); !errors.Is(err, net.ErrClosed) {
			t.Errorf("dialing a closed listener: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := pipe.Listen().Dial(ctx, "", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("dialing with a cancelled context: %v", err)
		}
	})
}

func ExampleNew() {
	a, b := pipe.New(16)
	_, _ = a.Write([]byte("fits, so it")) // does not wait for a reader
	_ = a.Close()
	got, _ := io.ReadAll(b)
	fmt.Println(string(got))
	// Output: fits, so it
}
