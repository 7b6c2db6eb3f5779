package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// comparison is what came of the steps of lives in both places.
type comparison []stepTaken

type stepTaken struct {
	step

	// at is the life and the step's name.
	at          string
	kratos, got outcome
}

// take takes a step in both places.
func (c *comparison) take(life string, s step, here, there *person) {
	if s.html != "" && here.accept == asBrowsers {
		s.want = s.html
	}
	taken := stepTaken{step: s, at: life + ": " + s.name, got: here.outcome(s.do(here)), kratos: there.outcome(s.do(there))}
	taken.kratos.Body = withoutDebug(taken.kratos.Body)
	*c = append(*c, taken)
}

// change is a way in which an answer is meant to differ from that of Kratos 0.5 itself.
type change struct {
	why string
	// want is the outcome's type of steps for which it is another. Of them nothing else is compared.
	want map[string]string
	// even takes from an object of either body what the two do not have in common. It is called with all of them, outer
	// ones first.
	even func(object map[string]any)
	// at are the steps of which even is true; none stands for all.
	at []string
}

// check compares all steps, but for what is meant to have changed. That must be true, of each of the steps that it names:
// without it they would not pass.
func (c comparison) check(t *testing.T, changes []change) {
	t.Helper()
	failed := map[string]bool{}
	for _, s := range c {
		if diff := s.diff(changes); diff != "" {
			failed[s.at] = true
			t.Errorf("%s: %s", s.at, diff)
		}
	}
	for i, meant := range changes {
		others := slices.Delete(slices.Clone(changes), i, i+1)
		shown := map[string]bool{}
		for _, s := range c {
			if meant.concerns(s.at) && !failed[s.at] && s.diff(others) != "" {
				shown[s.at] = true
			}
		}
		for _, at := range slices.Concat(meant.at, slices.Collect(maps.Keys(meant.want))) {
			if !shown[at] {
				t.Errorf("%s does not show this change any more: %s", at, meant.why)
			}
		}
		if len(shown) == 0 {
			t.Errorf("no step shows this change any more: %s", meant.why)
		}
	}
}

func (c *change) concerns(at string) bool {
	if c.want != nil {
		return c.want[at] != ""
	}
	return len(c.at) == 0 || slices.Contains(c.at, at)
}

// diff tells in what a step differs from what it is meant to be.
func (s *stepTaken) diff(changes []change) string {
	kratos, got := s.kratos.clone(), s.got.clone()
	want, wantKratos, onlyType := s.want, s.want, s.why != ""
	if onlyType {
		wantKratos = s.step.kratos
	}
	for _, meant := range changes {
		switch {
		case !meant.concerns(s.at):
		case meant.want != nil:
			want, onlyType = meant.want[s.at], true
		default:
			walk(kratos.Body, meant.even)
			walk(got.Body, meant.even)
		}
	}
	switch {
	case got.Type != want:
		return fmt.Sprintf("got %s, want %s\n%v", got.Type, want, got.Body)
	case kratos.Type != wantKratos:
		return fmt.Sprintf("Kratos answers %s, not %s %s\n%v", kratos.Type, wantKratos, s.why, kratos.Body)
	case onlyType:
		return ""
	}
	if diff := cmp.Diff(kratos, got); diff != "" {
		return "Kratos (-) and kratosgrpc (+) differ:\n" + diff
	}
	return ""
}

// clone is for changing a body and having it still.
func (o outcome) clone() outcome {
	data, err := json.Marshal(o.Body)
	if err == nil {
		o.Body = nil
		err = json.Unmarshal(data, &o.Body)
	}
	if err != nil {
		o.Body = err.Error()
	}
	return o
}

// walk visits each object within a value, outer ones first.
func walk(value any, visit func(object map[string]any)) {
	switch value := value.(type) {
	case []any:
		for _, inner := range value {
			walk(inner, visit)
		}
	case map[string]any:
		visit(value)
		for _, inner := range value {
			walk(inner, visit)
		}
	}
}
