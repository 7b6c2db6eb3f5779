package server

// steady makes of checks that may fail now and then what can be said of a server that is in service: it changes its mind only
// when several in a row say so. The first one is believed.
type steady struct {
	unreadyAfter, readyAfter int

	begun, ready, heard bool
	// against is how many checks in a row have said the opposite of ready.
	against int
}

// last is what the last check has said. Before the first it is good.
func (s *steady) last() bool { return !s.begun || s.heard }

// hear takes a check, and returns what is to be said now, and whether that is news.
func (s *steady) hear(ready bool) (says, news bool) {
	s.heard = ready
	if !s.begun {
		s.begun, s.ready = true, ready
		return ready, true
	}
	if ready == s.ready {
		s.against = 0
		return s.ready, false
	}
	enough := s.unreadyAfter
	if ready {
		enough = s.readyAfter
	}
	if s.against++; s.against < enough {
		return s.ready, false
	}
	s.ready, s.against = ready, 0
	return ready, true
}
