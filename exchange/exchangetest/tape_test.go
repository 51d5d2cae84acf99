package exchangetest

import (
	"testing"
	"testing/synctest"
)

// A call of emit while another one runs is a failure, whatever else the two do.
func TestEmitMustNotOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var said list
		hold := make(chan struct{})
		calls := 0
		emit := exclusive(&scene{reporter: &said}, "orders", func(int) {
			calls++
			<-hold
		})
		go emit(1)
		synctest.Wait()
		emit(2)
		close(hold)
		synctest.Wait()
		emit(3)
		if len(said.texts) != 1 || calls != 2 {
			t.Errorf("%d calls passed, and it says %q, want two and one failure", calls, said.texts)
		}
	})
}
