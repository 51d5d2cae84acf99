package ws_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/bothlegs/bothlegs/internal/pipe"
	"github.com/bothlegs/bothlegs/internal/ws"
)

func TestEcho(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := pipe.Listen()
		var wg sync.WaitGroup
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				for {
					k, b, err := c.ReadMessage()
					if err != nil {
						return
					}
					_ = c.WriteMessage(k, b)
				}
			})
		})}
		go srv.Serve(l)
		c, err := ws.Dial(t.Context(), ws.Config{URL: "ws://venue/x?secret=1", NetDial: l.Dial})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() {
			done <- c.Run(ctx, func(_ time.Time, b []byte) error { c.Answer(string(b), b); return nil })
		}()
		if b, err := c.Call(ctx, "1", []byte("1")); string(b) != "1" || err != nil {
			t.Error(b, err)
		}
		time.Sleep(10 * time.Minute)
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		srv.Close()
		l.Close()
		wg.Wait()
	})
}
