package upstream_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const (
	noSession   = kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION
	unavailable = kratosgrpcv1.ErrorReason_ERROR_REASON_UPSTREAM_UNAVAILABLE
	rejected    = kratosgrpcv1.ErrorReason_ERROR_REASON_REJECTED_BY_UPSTREAM
)

func TestFailureReasons(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]kratosgrpcv1.ErrorReason{
		200: rejected,
		400: rejected,
		401: noSession,
		403: kratosgrpcv1.ErrorReason_ERROR_REASON_ACCESS_DENIED,
		404: kratosgrpcv1.ErrorReason_ERROR_REASON_NOT_FOUND,
		409: rejected,
		410: kratosgrpcv1.ErrorReason_ERROR_REASON_FLOW_EXPIRED,
		429: kratosgrpcv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
		500: unavailable,
		503: unavailable,
		599: unavailable,
	} {
		body := fmt.Sprintf(`{"error":{"code":%d,"status":"S","reason":"why","message":"what","request":"r"}}`, status)
		e := (&upstream.Response{Status: status, Body: []byte(body)}).Failure()
		if e.Reason != want || e.HTTPStatus != status {
			t.Errorf("%d: got %v with status %d, want %v", status, e, e.HTTPStatus, want)
		}
		if e.Upstream.GetReason() != "why" || e.Upstream.GetMessage() != "what" || e.Upstream.GetRequest() != "r" {
			t.Errorf("%d: Kratos's words are %v", status, e.Upstream)
		}
		if want == unavailable && strings.Contains(e.Message, "why") {
			t.Errorf("%d: the message is Kratos's: %q", status, e.Message)
		}
	}
}

// TestFailureOfWhatIsNotKratos: a proxy's page says nothing about a session, whatever its status.
func TestFailureOfWhatIsNotKratos(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		"", "null", "[]", "7", "{}", "<html>Unauthorized</html>", `{"error":null}`, `{"error":"unauthorized"}`, `{"error":[]}`, `{"error":{}}`,
		`{"error":{"message":"Unauthorized"}}`, `{"error":{"code":"401x"}}`, `{"message":"Unauthorized"}`, `{"error":{"code":401}`, `{"error":{"code":401}}{}`,
	} {
		for _, status := range []int{200, 302, 400, 401, 403, 404, 410, 429, 500, 502} {
			e := (&upstream.Response{Status: status, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte(body)}).Failure()
			if e.Reason != unavailable || e.HTTPStatus != status || e.Err == nil {
				t.Errorf("%d, %q: got %v with status %d", status, body, e, e.HTTPStatus)
			}
		}
	}
}

// TestFailureBelievesTheBody: of a fault of its own Kratos answers 400 in API flows.
func TestFailureBelievesTheBody(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 404} {
		e := (&upstream.Response{Status: status, Body: []byte(`{"error":{"code":500,"message":"database is locked"}}`)}).Failure()
		if e.Reason != unavailable || e.HTTPStatus != status || e.Upstream.GetCode() != 500 {
			t.Errorf("%d: got %v", status, e)
		}
	}
}

func TestFailureMessage(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"error":{"code":400,"reason":"why","message":"what"}}`: "why",
		`{"error":{"code":400,"message":"what"}}`:                "what",
	} {
		if e := (&upstream.Response{Status: 400, Body: []byte(body)}).Failure(); e.Message != want {
			t.Errorf("%s: got %q, want %q", body, e.Message, want)
		}
	}
}

// TestFailureDropsDebug: with --dev Kratos answers stack traces.
func TestFailureDropsDebug(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 500} {
		body := fmt.Sprintf(`{"error":{"code":%d,"debug":"secret stack","message":"what","details":{"redirect_to":"there"},"id":"some_id"}}`, status)
		e := (&upstream.Response{Status: status, Body: []byte(body)}).Failure()
		said := fmt.Sprintf("%v %+v %s", e, *e, protojson.Format(e.Upstream))
		if strings.Contains(said, "secret") {
			t.Errorf("%d: got %s", status, said)
		}
		if e.Upstream.GetId() != "some_id" || e.Upstream.GetDetails().GetFields()["redirect_to"].GetStringValue() != "there" {
			t.Errorf("%d: the rest is %v", status, e.Upstream)
		}
	}
}

func TestFailureRetryAfter(t *testing.T) {
	t.Parallel()
	answer := func(status int, after string) time.Duration {
		header := http.Header{}
		if after != "" {
			header.Set("Retry-After", after)
		}
		return (&upstream.Response{Status: status, Header: header, Body: []byte(`{"error":{"code":429,"message":"slow down"}}`)}).Failure().RetryAfter
	}
	for after, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "0": 0, "-7": 0, "1.5": 0, "soon": 0, "Wed, 21 Oct 2015 07:28:00 GMT": 0, "99999999999999999999": 0,
	} {
		if got := answer(429, after); got != want {
			t.Errorf("%q: got %v, want %v", after, got, want)
		}
	}
	if got := answer(429, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)); got < 59*time.Minute || got > time.Hour {
		t.Errorf("a date in an hour: got %v", got)
	}
	if got := answer(429, "9223372036854775807"); got < 0 {
		t.Errorf("more seconds than there are: got %v", got)
	}
	if got := answer(400, "7"); got != 0 {
		t.Errorf("status 400: got %v", got)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	session := new(kratosgrpcv1.Session)
	if err := (&upstream.Response{Status: 200, Body: []byte(`{"id":"a"}`)}).Decode(session); err != nil || session.GetId() != "a" {
		t.Errorf("got %v, %v", session, err)
	}
	fails(t, (&upstream.Response{Status: 200, Body: []byte(`{"id":["secret"]}`)}).Decode(session), unavailable)
	cause := errors.New("it is empty")
	e := (&upstream.Response{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}}).NotKratos(cause)
	if !errors.Is(e, cause) || !strings.Contains(e.Error(), "text/html") || strings.Contains(e.Message, "html") {
		t.Errorf("got %v", e)
	}
}

// FuzzFailure: no answer makes it panic, and only status 401 is ever taken for the lack of a session.
func FuzzFailure(f *testing.F) {
	for _, body := range []string{`{"error":{"code":401,"message":"No active session"}}`, `{"error":{"code":-1,"details":{"a":[{}]}}}`, `<html>`, `{"error":{"code":1e3}}`} {
		for _, status := range []int{200, 302, 400, 401, 429, 500} {
			f.Add(status, []byte(body), "7")
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte, after string) {
		e := (&upstream.Response{Status: status, Header: http.Header{"Retry-After": {after}}, Body: body}).Failure()
		if e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UNSPECIFIED || e.HTTPStatus != status || e.RetryAfter < 0 {
			t.Errorf("got %v with status %d, to retry after %v", e, e.HTTPStatus, e.RetryAfter)
		}
		if e.Reason == noSession && status != http.StatusUnauthorized {
			t.Errorf("status %d passes for the lack of a session", status)
		}
	})
}
