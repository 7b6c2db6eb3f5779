package server_test

import (
	"os"
	"strings"
	"testing"
)

// TestBenchmarkResults checks that the README quotes what `make bench` has written, word for word.
func TestBenchmarkResults(t *testing.T) {
	t.Parallel()
	quotation := func(file string) string {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		const mark = "<!-- quoted from server/bench/RESULTS.md: "
		_, after, begins := strings.Cut(string(data), mark+"begin -->\n")
		quoted, _, ends := strings.Cut(after, mark+"end -->\n")
		if !begins || !ends || !strings.Contains(quoted, "| met |") {
			t.Fatalf("%s quotes nothing", file)
		}
		return quoted
	}
	if got, want := quotation("../README.md"), quotation("bench/RESULTS.md"); got != want {
		t.Errorf("the README quotes\n%s\nand not\n%s", got, want)
	}
}
