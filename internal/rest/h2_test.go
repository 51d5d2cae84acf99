package rest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
	"github.com/bothlegs/bothlegs/internal/rest"
)

// How a resetter ends a request that it has read.
const (
	protocolError = 1
	internalError = 2
	refusedStream = 7
	goAway        = 1 << 8 // the whole connection, as if it had not been read
)

// resetter speaks just enough HTTP/2 to read whole requests, and ends each without an answer.
type resetter struct {
	net.Listener
	end uint32
	got atomic.Int32 // requests that were read to their end
}

func (s *resetter) serve() {
	for {
		c, err := s.Accept()
		if err != nil {
			return
		}
		go s.talk(c)
	}
}

func (s *resetter) talk(c net.Conn) {
	defer c.Close()
	if _, err := io.ReadFull(c, make([]byte, 24)); err != nil { // the preface
		return
	}
	frame(c, 4, 0, 0)
	for h := make([]byte, 9); ; {
		if _, err := io.ReadFull(c, h); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, c, int64(h[0])<<16|int64(h[1])<<8|int64(h[2])); err != nil {
			return
		}
		switch {
		case h[3] == 4 && h[4]&1 == 0: // settings
			frame(c, 4, 1, 0)
		case h[3] > 1 || h[4]&1 == 0: // no end of a request
		case s.end == goAway:
			s.got.Add(1)
			frame(c, 7, 0, 0, 0, 0)
			return
		default:
			s.got.Add(1)
			frame(c, 3, 0, binary.BigEndian.Uint32(h[5:]), s.end)
		}
	}
}

func frame(c net.Conn, kind, flags byte, stream uint32, payload ...uint32) {
	b := binary.BigEndian.AppendUint32([]byte{0, 0, byte(4 * len(payload)), kind, flags}, stream)
	for _, p := range payload {
		b = binary.BigEndian.AppendUint32(b, p)
	}
	_, _ = c.Write(b)
}

// certificate is one for 127.0.0.1, and what trusts it.
func certificate() ([]tls.Certificate, *tls.Config) {
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.TLS.Certificates, &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// Over HTTP/2 net/http sends again by itself what the venue has read and then reset: hundreds of orders for one. None of ours is, and its
// outcome is unknown.
func TestOnceOverHTTP2(t *testing.T) {
	certs, trust := certificate()
	for name, end := range map[string]uint32{"protocol error": protocolError, "internal error": internalError, "refused stream": refusedStream, "going away": goAway} {
		for _, method := range []string{http.MethodPost, http.MethodDelete} {
			t.Run(method+" "+name, func(t *testing.T) {
				l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: certs, NextProtos: []string{"h2"}, MinVersion: tls.VersionTLS12})
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				s := &resetter{Listener: l, end: end}
				go s.serve()
				tr := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: trust.Clone()}
				defer tr.CloseIdleConnections()
				c := client("https://" + l.Addr().String())
				c.HTTP = rest.Harden(&http.Client{Timeout: 3 * time.Second, Transport: tr})
				r := order(rest.Opens)
				if r.Method = method; method == http.MethodPost {
					r.Body = []byte("symbol=BTCUSDT&side=BUY")
				}
				began := time.Now()
				body, err := c.Do(t.Context(), r)
				check(t, body, err, false, r, exchange.ErrOutcomeUnknown, exchange.ErrUnavailable)
				if n := s.got.Load(); n != 1 || time.Since(began) > 2*time.Second {
					t.Errorf("the venue read %d orders within %v: %v", n, time.Since(began), err)
				}
			})
		}
	}
}

// Over the same transport reads are sent again, and a second order goes its way.
func TestHTTP2StillServes(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	c := client(s.URL)
	c.HTTP = rest.Harden(s.Client())
	for range 3 {
		if body, err := c.Do(t.Context(), order(rest.Opens)); err != nil || string(body) != "HTTP/2.0" {
			t.Errorf("%q, %v", body, err)
		}
	}
	own := rest.Harden(nil)
	own.Transport.(*http.Transport).TLSClientConfig.RootCAs = s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	defer own.CloseIdleConnections()
	c = client(s.URL)
	c.HTTP = own
	if body, err := c.Do(t.Context(), order(rest.Opens)); err != nil || string(body) != "HTTP/1.1" {
		t.Errorf("a client of our own: %q, %v", body, err)
	}
}

// An order that meets a connection which the venue has closed meanwhile has not left by it: it goes by another one.
func TestIdleConnectionHasGone(t *testing.T) {
	var got atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "yes")
	}))
	defer s.Close()
	var last *stale
	tr := &http.Transport{}
	tr.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		last = &stale{Conn: c}
		return last, err
	}
	defer tr.CloseIdleConnections()
	c := client(s.URL)
	c.HTTP = rest.Harden(&http.Client{Transport: tr})
	r := order(rest.Opens)
	r.Body = []byte("{}")
	for range 2 {
		body, err := c.Do(t.Context(), r)
		check(t, body, err, true, r, nil, nil)
		last.gone.Store(true)
	}
	if n := got.Load(); n != 2 {
		t.Errorf("%d orders", n)
	}
}

// stale is a connection that takes nothing any more once it has gone.
type stale struct {
	net.Conn
	gone atomic.Bool
}

func (c *stale) Write(b []byte) (int, error) {
	if c.gone.Load() {
		return 0, net.ErrClosed
	}
	return c.Conn.Write(b)
}
