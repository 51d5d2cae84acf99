// Package scantest holds the two readers of a message against each other.
package scantest

import (
	"reflect"
	"testing"
)

// Agree fails the test when fast takes data and slow does not, or reads something else from it. It reports whether fast took it. Call
// it from a fuzz target for every message that has two readers.
func Agree[T any](t testing.TB, data []byte, fast func([]byte, *T) bool, slow func([]byte, *T) error) bool {
	t.Helper()
	var f, s T
	if !fast(data, &f) {
		return false
	}
	if err := slow(data, &s); err != nil {
		t.Fatalf("the fast reader takes %q, encoding/json does not: %v", data, err)
	}
	if !reflect.DeepEqual(f, s) {
		t.Fatalf("two readings of %q:\n fast %+v\n slow %+v", data, f, s)
	}
	return true
}
