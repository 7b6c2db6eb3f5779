package server

import "testing"

// TestSteady: one check that fails, or succeeds, changes nothing but at first.
func TestSteady(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ checks, says string }{
		"ready at first":      {"+", "+"},
		"unready at first":    {"-", "-"},
		"one fails":           {"+-+-+", "+++++"},
		"two fail, and two":   {"+--+--+", "+++++++"},
		"three fail":          {"+---", "+++-"},
		"comes back":          {"+---++", "+++--+"},
		"comes back, not yet": {"+---+-+-", "+++-----"},
		"starts late":         {"--++---", "---+++-"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := steady{unreadyAfter: 3, readyAfter: 2}
			if !s.last() {
				t.Error("before the first check the last one was bad")
			}
			before := byte(0)
			for i := range len(c.checks) {
				says, news := s.hear(c.checks[i] == '+')
				if says != (c.says[i] == '+') || news != (c.says[i] != before) {
					t.Errorf("check %d: says %t, news %t", i+1, says, news)
				}
				if s.last() != (c.checks[i] == '+') {
					t.Errorf("check %d is not the last", i+1)
				}
				before = c.says[i]
			}
		})
	}
}
