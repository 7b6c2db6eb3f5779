package server_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestSentForm checks who is believed to have sent a form: the REST view of what it has decoded, and nobody of himself.
func TestSentForm(t *testing.T) {
	t.Parallel()
	adapter := new(recorder)
	s := startServer(t, adapter)
	for name, c := range map[string]struct {
		contentType, body string
		header            http.Header
		want              bool
	}{
		"form":                    {contentType: "application/x-www-form-urlencoded", body: "method=password", want: true},
		"form, in some charset":   {contentType: "Application/X-WWW-Form-Urlencoded; charset=utf-8", body: "method=password", want: true},
		"JSON":                    {contentType: "application/json", body: `{"method":"password"}`},
		"JSON that claims a form": {contentType: "application/json", body: `{"method":"password"}`, header: http.Header{"X-Kratosgrpc-Sent-Form": {"true"}, "Grpc-Metadata-X-Kratosgrpc-Sent-Form": {"true"}}},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.rest+"/self-service/login?flow=f", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.header != nil {
			req.Header = c.header
		}
		req.Header.Set("Content-Type", c.contentType)
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		readReply(t, res)
		if adapter.take(); adapter.caller.SentForm != c.want || adapter.caller.AcceptUnsaid {
			t.Errorf("%s: the caller is said to have sent a form: %t", name, adapter.caller.SentForm)
		}
		if got := adapter.login.GetPayload().GetFields()["method"].GetStringValue(); got != "password" {
			t.Errorf("%s: the payload is %v", name, adapter.login.GetPayload())
		}
	}

	ctx := metadata.AppendToOutgoingContext(t.Context(), "x-kratosgrpc-sent-form", "true")
	_, err := kratosgrpcv1.NewLoginServiceClient(s.conn).UpdateLoginFlow(ctx, &kratosgrpcv1.UpdateLoginFlowRequest{Flow: "f"})
	if err != nil {
		t.Fatal(err)
	}
	if adapter.caller.SentForm || !adapter.caller.AcceptUnsaid {
		t.Errorf("a gRPC caller is believed: form %t, said what it accepts: %t", adapter.caller.SentForm, !adapter.caller.AcceptUnsaid)
	}
	ctx = metadata.AppendToOutgoingContext(t.Context(), "accept", "application/json")
	if _, err = kratosgrpcv1.NewLoginServiceClient(s.conn).UpdateLoginFlow(ctx, &kratosgrpcv1.UpdateLoginFlowRequest{Flow: "f"}); err != nil {
		t.Fatal(err)
	}
	if adapter.caller.AcceptUnsaid {
		t.Error("what a gRPC caller says that it accepts is not heard")
	}
}

// TestUpstreamStatus checks where Kratos's own status shows: over REST, at the paths of 1.x.
func TestUpstreamStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]int{200: 200, 400: 400, 303: 303, 422: 422, 0: 400} {
		s := startServer(t, &recorder{status: status})
		var header, trailer metadata.MD
		_, err := kratosgrpcv1.NewLoginServiceClient(s.conn).UpdateLoginFlow(t.Context(), &kratosgrpcv1.UpdateLoginFlowRequest{Flow: "f"}, grpc.Header(&header), grpc.Trailer(&trailer))
		if err != nil {
			t.Fatal(err)
		}
		if got := metadata.Join(header, trailer); len(got) != 1 {
			t.Errorf("a gRPC caller is told more than it asked for: %v", got)
		}

		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.rest+"/self-service/login?flow=f", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := s.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		r := readReply(t, res)
		if res.StatusCode != want {
			t.Errorf("the status is %d, want %d", res.StatusCode, want)
		}
		for name := range res.Header {
			if strings.Contains(strings.ToLower(name), "kratosgrpc") {
				t.Errorf("there is a header %s", name)
			}
		}
		switch status {
		case 303:
			if r.location != "https://elsewhere.example.org/?a=b" {
				t.Errorf("leads to %q", r.location)
			}
		case 422:
			if r.text("redirect_browser_to") != "https://elsewhere.example.org/?a=b" || r.text("error.id") != "browser_location_change_required" || res.Header.Get("Location") != "" {
				t.Errorf("the answer is %v, location %q", r.body, res.Header.Get("Location"))
			}
		default:
			if r.text("id") != "f" {
				t.Errorf("the answer is %v", r.body)
			}
		}

		if code, body := getPath(t, s, "/self-service/login/api"); code != http.StatusOK {
			t.Errorf("another operation answers %d: %s", code, body)
		}
	}
}
