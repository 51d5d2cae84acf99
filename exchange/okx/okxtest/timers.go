package okxtest

import (
	"sync"
	"time"

	"github.com/bothlegs/bothlegs/exchange"
)

// timers are the dead man's switches.
type timers struct {
	fire func(exchange.AccountID, string)
	wg   sync.WaitGroup // of those that strike

	mu      sync.Mutex
	running map[deadKey]*armed
	over    bool
}

// deadKey is what a switch is about: orders with the tag, or all.
type deadKey struct {
	account exchange.AccountID
	tag     string
}

// armed is a switch that has been set.
type armed struct{ timer *time.Timer }

// set lets the switch strike after so long; 0: it is switched off. It is false when the account has too many.
func (t *timers) set(a exchange.AccountID, tag string, after time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.running == nil {
		t.running = make(map[deadKey]*armed)
	}
	key := deadKey{a, tag}
	if old := t.running[key]; old != nil {
		old.timer.Stop()
		delete(t.running, key)
	}
	if after == 0 || t.over {
		return true
	}
	n := 0
	for k := range t.running {
		if k.account == a && k.tag != "" {
			n++
		}
	}
	if tag != "" && n >= maxTags {
		return false
	}
	x := &armed{}
	x.timer = time.AfterFunc(after, func() { t.strike(key, x) })
	t.running[key] = x
	return true
}

// strike does what x was set for, unless it is void.
func (t *timers) strike(key deadKey, x *armed) {
	t.mu.Lock()
	valid := !t.over && t.running[key] == x
	if valid {
		delete(t.running, key)
		t.wg.Add(1)
	}
	t.mu.Unlock()
	if valid {
		defer t.wg.Done()
		t.fire(key.account, key.tag)
	}
}

// stop ends all, and waits for those that strike.
func (t *timers) stop() {
	t.mu.Lock()
	t.over = true
	for _, x := range t.running {
		x.timer.Stop()
	}
	t.mu.Unlock()
	t.wg.Wait()
}
