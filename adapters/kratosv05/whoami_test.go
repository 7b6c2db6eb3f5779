package kratosv05_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// answering is an adapter for a Kratos that answers everything with what answer points to.
func answering(tb testing.TB, status *int, body *[]byte) *kratosv05.Adapter {
	tb.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Kratos-Authenticated-Identity-Id", "somebody")
		w.WriteHeader(*status)
		_, _ = w.Write(*body)
	}))
	tb.Cleanup(server.Close)
	adapter, err := kratosv05.New(server.URL)
	if err != nil {
		tb.Fatal(err)
	}
	return adapter
}

func session(tb testing.TB) []byte {
	tb.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", "session.json"))
	if err != nil {
		tb.Fatal(err)
	}
	return body
}

// FuzzWhoami: no answer but a good one is ever a session, and "no session" is only what Kratos says with status 401.
func FuzzWhoami(f *testing.F) {
	good := session(f)
	for _, status := range []int{200, 201, 204, 206, 302, 400, 401, 403, 404, 429, 500, 503} {
		f.Add(status, good)
		for _, body := range []string{``, `{}`, `null`, `{"id":"a"}`, `{"id":"a","identity":{"id":"b"}}`, `{"error":{"code":401}}`, `{"error":{"code":500}}`, `{"error":{"code":1e99}}`, `<html>`, "404 page not found\n", `{"id":1}`} {
			f.Add(status, []byte(body))
		}
	}
	var status int
	var body []byte
	adapter := answering(f, &status, &body)
	f.Fuzz(func(t *testing.T, code int, answer []byte) {
		if code < 200 || code > 599 {
			t.Skip()
		}
		status, body = code, answer
		x := new(adapters.Exchange)
		res, err := adapter.Whoami(t.Context(), x, &kratosgrpcv1.WhoamiRequest{})
		if err == nil {
			if code != http.StatusOK || res.GetSession().GetId() == "" || res.GetSession().GetIdentity().GetId() == "" {
				t.Errorf("status %d, %q passes for the session %v", code, answer, res)
			}
			return
		}
		if res != nil || x.Answer.IdentityID != "" {
			t.Errorf("status %d, %q: an error, and beside it %v of %q", code, answer, res, x.Answer.IdentityID)
		}
		e, ok := errors.AsType[*adapters.Error](err)
		if !ok || e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
			t.Fatalf("status %d, %q: the error is %v", code, answer, err)
		}
		if e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION && code != http.StatusUnauthorized {
			t.Errorf("status %d, %q passes for no session", code, answer)
		}
	})
}

func BenchmarkWhoami(b *testing.B) {
	status, body := http.StatusOK, session(b)
	adapter := answering(b, &status, &body)
	x := &adapters.Exchange{Caller: adapters.Caller{Credential: adapters.Credential{Kind: adapters.SessionToken, Token: "secret"}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := adapter.Whoami(b.Context(), x, &kratosgrpcv1.WhoamiRequest{}); err != nil {
			b.Fatal(err)
		}
	}
}
