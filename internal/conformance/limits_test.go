package conformance_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// answer is the head of an answer over HTTP.
type answer struct {
	at     time.Time
	status int
	header http.Header
}

// listener is the transport of a client in Go: it keeps the heads of all answers.
type listener struct {
	mu  sync.Mutex
	all []answer
}

func (l *listener) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.all = append(l.all, answer{time.Now(), a.StatusCode, a.Header})
	}
	return a, err
}

func (l *listener) answers() []answer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all)
}

func (l *listener) client() *http.Client { return &http.Client{Transport: l} }

// number is a header's.
func (a answer) number(name string) (int64, error) {
	n, err := strconv.ParseInt(a.header.Get(name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("status %d: %s is %q", a.status, name, a.header.Values(name))
	}
	return n, nil
}

// limitsOfBinance: the weight that is used is told with every answer, and grows; 429 says after how many seconds the minute has passed.
func limitsOfBinance(weight int64) func(before, flood []answer) error {
	return func(_, flood []answer) error {
		var used int64
		for _, a := range flood {
			if a.status == http.StatusTooManyRequests {
				wait, err := a.number("Retry-After")
				if err == nil && (wait < 1 || wait > 60) {
					err = fmt.Errorf("Retry-After %d, of a minute", wait)
				}
				return err
			}
			n, err := a.number("X-MBX-USED-WEIGHT-1M")
			if err != nil {
				return err
			}
			if a.status != http.StatusOK || n <= used && n > weight/10 || n > weight { // a new minute begins low
				return fmt.Errorf("status %d, weight %d after %d, of %d", a.status, n, used, weight)
			}
			used = n
		}
		return errors.New("no 429")
	}
}

// limitsOfOKX: the venue tells by the status alone.
func limitsOfOKX(before, flood []answer) error {
	refused := 0
	for _, a := range slices.Concat(before, flood) {
		for name := range a.header {
			if name == "Retry-After" || name == "X-Ratelimit-Limit" {
				return fmt.Errorf("the venue has no %s", name)
			}
		}
	}
	for _, a := range flood {
		switch a.status {
		case http.StatusTooManyRequests:
			refused++
		case http.StatusOK:
		default:
			return fmt.Errorf("status %d", a.status)
		}
	}
	if refused == 0 {
		return errors.New("no 429")
	}
	return nil
}

// limitsOfBybit: it answers 200, with headers that say how many more it takes until when.
func limitsOfBybit(_, flood []answer) error {
	spent := false
	for _, a := range flood {
		limit, err := a.number("X-Bapi-Limit")
		left, err1 := a.number("X-Bapi-Limit-Status")
		reset, err2 := a.number("X-Bapi-Limit-Reset-Timestamp")
		if err := errors.Join(err, err1, err2); err != nil {
			return err
		}
		if away := time.UnixMilli(reset).Sub(a.at).Abs(); a.status != http.StatusOK || left < 0 || left > limit || away > patience {
			return fmt.Errorf("status %d, %d of %d left until %s away", a.status, left, limit, away)
		}
		spent = spent || left == 0
	}
	if !spent {
		return errors.New("some were left all the time")
	}
	return nil
}
