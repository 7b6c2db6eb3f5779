package server

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestEveryReasonHasAMeaning checks that each reason of the contract has a code and an HTTP status, and that the README
// and the reason's own comment name them.
func TestEveryReasonHasAMeaning(t *testing.T) {
	readme := read(t, "..", "README.md")
	comments := read(t, "..", "proto", "kratosgrpc", "v1", "error_reason.proto")

	for value, name := range kratosgrpcv1.ErrorReason_name {
		reason := kratosgrpcv1.ErrorReason(value)
		if reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
			continue
		}
		meaning, ok := meanings[reason]
		if !ok || meaning.code == codes.OK {
			t.Errorf("%s has no meaning", name)
			continue
		}
		short, code := strings.TrimPrefix(name, "ERROR_REASON_"), codeName(meaning.code)

		row := regexp.MustCompile("(?m)^\\|[^|]*`" + short + "`[^|]*\\|([^|]*)\\|([^|]*)\\|$").FindStringSubmatch(readme)
		switch {
		case row == nil:
			t.Errorf("%s is not in the README", short)
		case !strings.Contains(row[1], "`"+code+"`"):
			t.Errorf("the README says that %s is%s, but it is %s", short, row[1], code)
		case !strings.Contains(row[2], strconv.Itoa(meaning.http)):
			t.Errorf("the README says that %s is HTTP%s, but it is %d", short, row[2], meaning.http)
		}

		comment := regexp.MustCompile(`(?s)\n\n((?:  //[^\n]*\n)+)  ` + name + ` =`).FindStringSubmatch(comments)
		if comment == nil || !strings.Contains(strings.Join(strings.Fields(strings.ReplaceAll(comment[1], "//", "")), " "), code) {
			t.Errorf("the comment of %s does not name %s", name, code)
		}
		if comment == nil || !strings.Contains(comment[1], `"reason": "`+short+`"`) {
			t.Errorf("the comment of %s has no example", name)
		}
	}
}

// codeName is a code as it is written in documents, such as INVALID_ARGUMENT.
func codeName(code codes.Code) string {
	if code == codes.Canceled {
		return "CANCELLED"
	}
	name := regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(code.String(), "${1}_$2")
	return strings.ToUpper(name)
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
