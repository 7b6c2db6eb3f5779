package upstream

// Kind says what a request does, and so how often it may be made.
type Kind int

const (
	// Once is for a request that begins, changes or uses up something, or may. It is made once, whatever becomes of it.
	Once Kind = iota
	// Read is for one that only asks: it may be made once more where there was no answer.
	Read
	// Lookup is a Read that many wait for: it may be made once more where the answer takes its time.
	Lookup
	// Probe asks Kratos how it is. It is made whatever is known already, and made once.
	Probe
)
