package kratosv1_test

import (
	"errors"
	"net/http"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestSessionCookie: where Kratos's session cookie has another name, a browser's session is found by that name.
func TestSessionCookie(t *testing.T) {
	t.Parallel()
	const name = "ory_session_somebody"
	kratos := kratostest.StartT(t, kratostest.Options{Version: kratostest.V13, ExtraConfig: func(config map[string]any) {
		config["session"] = map[string]any{"cookie": map[string]any{"name": name}}
	}})
	as := func(options ...kratosv1.Option) *kratosv1.Adapter {
		t.Helper()
		adapter, err := kratosv1.New(kratos.PublicURL, options...)
		if err != nil {
			t.Fatal(err)
		}
		return adapter
	}
	knowing, usual := as(kratosv1.WithSessionCookie(name)), as(kratosv1.WithSessionCookie(""))
	if knowing.SessionCookie() != name || usual.SessionCookie() != "ory_kratos_session" {
		t.Errorf("the cookies are %q and %q", knowing.SessionCookie(), usual.SessionCookie())
	}

	cookies := registerInBrowser(t, knowing)
	asked := func(adapter *kratosv1.Adapter) error {
		_, err := adapter.Whoami(t.Context(), &adapters.Exchange{Caller: adapters.Caller{Cookies: cookies}}, new(kratosgrpcv1.WhoamiRequest))
		return err
	}
	if err := asked(knowing); err != nil {
		t.Errorf("the browser has no session: %v", err)
	}
	// To who knows no better, this is somebody else's cookie.
	if e, ok := errors.AsType[*adapters.Error](asked(usual)); !ok || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION {
		t.Errorf("got %v, want no session", asked(usual))
	}
}

// registerInBrowser registers somebody, and returns the cookies that the browser has then.
func registerInBrowser(t *testing.T, adapter *kratosv1.Adapter) (cookies []string) {
	t.Helper()
	x := &adapters.Exchange{Caller: adapters.Caller{Accept: "application/json"}}
	started, err := adapter.InitializeRegistrationViaBrowserFlow(t.Context(), x, new(kratosgrpcv1.InitializeRegistrationViaBrowserFlowRequest))
	if err != nil {
		t.Fatal(err)
	}
	x.Caller.Cookies = pairs(t, x.Answer.SetCookies)
	payload := map[string]*structpb.Value{
		"traits":   structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{"email": structpb.NewStringValue("ada@example.org")}}),
		"password": structpb.NewStringValue("correct-Horse-battery-staple-4711"),
	}
	for _, node := range started.GetFlow().GetUi().GetNodes() {
		if node.GetAttributes().GetName() == "csrf_token" {
			payload["csrf_token"] = node.GetAttributes().GetValue()
		}
	}
	res, err := adapter.UpdateRegistrationFlow(t.Context(), x, &kratosgrpcv1.UpdateRegistrationFlowRequest{
		Flow: started.GetFlow().GetId(), Method: "password", Payload: &structpb.Struct{Fields: payload},
	})
	if err != nil || res.GetSuccess() == nil {
		t.Fatalf("the registration does not succeed: %v", err)
	}
	return append(x.Caller.Cookies, pairs(t, x.Answer.SetCookies)...)
}

// pairs are cookies as a browser sends them.
func pairs(t *testing.T, lines []string) []string {
	t.Helper()
	var sent []string
	for _, line := range lines {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		sent = append(sent, cookie.Name+"="+cookie.Value)
	}
	return sent
}
