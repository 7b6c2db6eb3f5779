package server_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func tokens(tokens ...string) *kratosgrpcv1.BatchWhoamiRequest {
	req := new(kratosgrpcv1.BatchWhoamiRequest)
	for _, token := range tokens {
		req.Credentials = append(req.Credentials, &kratosgrpcv1.WhoamiCredential{Credential: &kratosgrpcv1.WhoamiCredential_SessionToken{SessionToken: token}})
	}
	return req
}

// TestBatchWhoami: each credential has an answer of its own, in its place.
func TestBatchWhoami(t *testing.T) {
	t.Parallel()
	c := startCached(t)
	first := c.register()
	second := c.login()
	sessions := kratosgrpcv1.NewSessionServiceClient(c.conn)
	firstSession, _ := c.whoami(first, &kratosgrpcv1.WhoamiRequest{})
	secondSession, _ := c.whoami(second, &kratosgrpcv1.WhoamiRequest{})

	req := tokens(second, "made-up", first, second, "line\nbreak")
	req.Credentials = append(req.Credentials, &kratosgrpcv1.WhoamiCredential{Credential: &kratosgrpcv1.WhoamiCredential_Cookie{Cookie: "ory_kratos_session=made-up"}})
	// The call's own credential has no part in it.
	res, err := sessions.BatchWhoami(c.as("not looked at"), req)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{secondSession.GetId(), "UNAUTHENTICATED", firstSession.GetId(), secondSession.GetId(), "INVALID_REQUEST", "UNAUTHENTICATED"} {
		result := res.GetResults()[i]
		got := result.GetSession().GetId()
		if result.GetError() != nil {
			st := status.FromProto(result.GetError())
			got = strings.ToUpper(st.Code().String())
			for _, detail := range st.Details() {
				if info, ok := detail.(*errdetails.ErrorInfo); ok && st.Code() != codes.Unauthenticated {
					got = info.GetReason()
				}
			}
			if strings.Contains(st.String(), "made-up") || strings.Contains(st.String(), "break") {
				t.Errorf("the error holds the credential: %v", st)
			}
		}
		if got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}

	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("made-up-%d", i%10)
	}
	if res, err := sessions.BatchWhoami(t.Context(), tokens(many...)); err != nil || len(res.GetResults()) != 1000 {
		t.Errorf("1,000 credentials have %d answers: %v", len(res.GetResults()), err)
	}
	for name, req := range map[string]*kratosgrpcv1.BatchWhoamiRequest{
		"none": tokens(), "too many": tokens(slices.Concat(many, []string{"one more"})...), "an empty one": tokens(""), "no credential": {Credentials: []*kratosgrpcv1.WhoamiCredential{{}}},
	} {
		if _, err := sessions.BatchWhoami(t.Context(), req); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%s: %v", name, err)
		}
	}

	c.kratos.Kill()
	res, err = sessions.BatchWhoami(t.Context(), tokens(first, "never-asked"))
	if err != nil {
		t.Fatal(err)
	}
	if res.GetResults()[0].GetSession().GetId() != firstSession.GetId() || codes.Code(res.GetResults()[1].GetError().GetCode()) != codes.Unavailable {
		t.Errorf("without Kratos, the answers are %v", res)
	}
}
