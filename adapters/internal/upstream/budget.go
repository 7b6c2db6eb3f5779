package upstream

import "sync/atomic"

const (
	// Of so many requests, one may be made again.
	budgetShare = 10
	// budgetFloor is how many may be while little is asked, and so at first.
	budgetFloor = 10
)

// budget bounds how many requests are made again, so that a Kratos that fails does not get twice as many. It begins full. The
// zero value is ready for use.
type budget struct {
	// spent is in shares of a request that is made again.
	spent atomic.Int64
}

// earn notes a request.
func (b *budget) earn() {
	for {
		spent := b.spent.Load()
		if spent == 0 || b.spent.CompareAndSwap(spent, spent-1) {
			return
		}
	}
}

// take asks whether one may be made again.
func (b *budget) take() bool {
	for {
		spent := b.spent.Load()
		if spent > (budgetFloor-1)*budgetShare {
			return false
		}
		if b.spent.CompareAndSwap(spent, spent+budgetShare) {
			return true
		}
	}
}
