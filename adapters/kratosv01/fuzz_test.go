package kratosv01_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// FuzzAnswers: whatever a recorded answer has become on the way, nothing panics, what is not a 200 is no session, and an
// error is always one of the contract's.
func FuzzAnswers(f *testing.F) {
	for _, e := range allRecorded(f) {
		f.Add(e.Response.Status, e.Response.Bytes())
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			t.Skip()
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Location", "http://127.0.0.1:4455/auth/login")
			w.WriteHeader(status)
			_, _ = w.Write(body)
		}))
		defer server.Close()
		a := newAdapter(t, server.URL)
		x := func() *adapters.Exchange {
			return &adapters.Exchange{Caller: adapters.Caller{Accept: "application/json"}}
		}

		session, err := a.Whoami(t.Context(), x(), &kratosgrpcv1.WhoamiRequest{})
		if err == nil && (status != http.StatusOK || session.GetSession().GetId() == "" || session.GetSession().GetIdentity().GetId() == "") {
			t.Errorf("status %d with %q is the session %v", status, body, session)
		}
		check(t, err)
		_, err = a.GetLoginFlow(t.Context(), x(), &kratosgrpcv1.GetLoginFlowRequest{Id: "a"})
		check(t, err)
		_, err = a.GetSettingsFlow(t.Context(), x(), &kratosgrpcv1.GetSettingsFlowRequest{Id: "a"})
		check(t, err)
		_, err = a.GetError(t.Context(), x(), &kratosgrpcv1.GetErrorRequest{Error: "a"})
		check(t, err)
		_, err = a.CompleteSettingsFlowWithProfileMethod(t.Context(), x(), &kratosgrpcv1.CompleteSettingsFlowWithProfileMethodRequest{Flow: "a"})
		check(t, err)
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if e := new(adapters.Error); err != nil && (!errors.As(err, &e) || e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UNSPECIFIED) {
		t.Errorf("the error is none of the contract's: %v", err)
	}
}
