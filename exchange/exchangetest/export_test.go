package exchangetest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// list keeps failures instead of failing.
type list struct {
	mu    sync.Mutex
	texts []string
}

func (l *list) Helper() {}

func (l *list) Errorf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts = append(l.texts, fmt.Sprintf(format, args...))
}

// Failures runs the case of that name and returns what it finds wrong, without failing t.
func Failures(t *testing.T, cfg Config, name string) []string {
	for _, r := range cfg.runs() {
		if r.name == name {
			var l list
			cfg.run(t, r, &l)
			return l.texts
		}
	}
	t.Fatalf("no case %q", name)
	return nil
}

// Validate is what Run would say of cfg.
func Validate(cfg Config) error { return cfg.validate() }

// Names lists the cases, without the kinds that they run for.
func Names(cfg Config) (r []string) {
	seen := map[string]bool{}
	for _, x := range cfg.runs() {
		if _, name, _ := strings.Cut(x.name, "/"); !seen[name] {
			seen[name] = true
			r = append(r, name)
		}
	}
	return r
}
