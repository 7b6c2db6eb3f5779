package e2e

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// linkFlow is what recovery and verification flows have in common.
type linkFlow interface {
	proto.Message
	GetId() string
	GetState() string
	GetMessages() []*kratosgrpcv1.Message
	GetMethods() map[string]*kratosgrpcv1.FlowMethod
	GetExpiresAt() *timestamppb.Timestamp
}

// linkKind is recovery or verification: what a mailed link is good for.
type linkKind struct {
	// path is the part of the REST view, ui the page that Kratos sends browsers to.
	path, ui string
	// subject is of the mail with the link, unknown of the one to an address that Kratos does not know.
	subject, unknown string
	// Ids of Kratos's messages: of a link that was sent, of a token that is none or was used, and of one that expired.
	sent             map[kratostest.Version]int32
	invalid, expired int32

	newFlow func() linkFlow
	// begin has a link mailed in an API flow over gRPC.
	begin func(ctx context.Context, s *stack, email string) (linkFlow, error)
	// open passes what a link says over gRPC.
	open func(ctx context.Context, s *stack, link mailedLink, options ...grpc.CallOption) (*kratosgrpcv1.Redirect, error)
}

// mailedLink is a link, and what it says. In links of Kratos 0.5 there is no flow.
type mailedLink struct {
	address, flow, token string
}

var recovery = linkKind{
	path: "/self-service/recovery", ui: "/recovery",
	subject: "Recover access to your account", unknown: "Account access attempted",
	sent:    map[kratostest.Version]int32{kratostest.V05: 1060002, kratostest.V13: 1060002},
	invalid: 4060004, expired: 4060005,
	newFlow: func() linkFlow { return new(kratosgrpcv1.RecoveryFlow) },
	begin: func(ctx context.Context, s *stack, email string) (linkFlow, error) {
		service := kratosgrpcv1.NewRecoveryServiceClient(s.grpc)
		started, err := service.InitializeRecoveryViaApiFlow(ctx, &kratosgrpcv1.InitializeRecoveryViaApiFlowRequest{})
		if err != nil {
			return nil, err
		}
		res, err := service.CompleteRecoveryFlowWithLinkMethod(ctx, &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{
			Flow: started.GetFlow().GetId(), Payload: &kratosgrpcv1.RecoveryLinkPayload{Email: email},
		})
		return res.GetSuccess().GetFlow(), err
	},
	open: func(ctx context.Context, s *stack, link mailedLink, options ...grpc.CallOption) (*kratosgrpcv1.Redirect, error) {
		res, err := kratosgrpcv1.NewRecoveryServiceClient(s.grpc).CompleteRecoveryFlowWithLinkMethod(ctx,
			&kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{Flow: link.flow, Token: link.token}, options...)
		return res.GetRedirect(), err
	},
}

var verification = linkKind{
	path: "/self-service/verification", ui: "/verify",
	subject: "Please verify your email address", unknown: "Someone tried to verify this email address",
	sent:    map[kratostest.Version]int32{kratostest.V05: 1070002, kratostest.V13: 1080001},
	invalid: 4070001, expired: 4070005,
	newFlow: func() linkFlow { return new(kratosgrpcv1.VerificationFlow) },
	begin: func(ctx context.Context, s *stack, email string) (linkFlow, error) {
		service := kratosgrpcv1.NewVerificationServiceClient(s.grpc)
		started, err := service.InitializeVerificationViaApiFlow(ctx, &kratosgrpcv1.InitializeVerificationViaApiFlowRequest{})
		if err != nil {
			return nil, err
		}
		res, err := service.CompleteVerificationFlowWithLinkMethod(ctx, &kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest{
			Flow: started.GetFlow().GetId(), Payload: &kratosgrpcv1.VerificationLinkPayload{Email: email},
		})
		return res.GetSuccess().GetFlow(), err
	},
	open: func(ctx context.Context, s *stack, link mailedLink, options ...grpc.CallOption) (*kratosgrpcv1.Redirect, error) {
		res, err := kratosgrpcv1.NewVerificationServiceClient(s.grpc).CompleteVerificationFlowWithLinkMethod(ctx,
			&kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest{Flow: link.flow, Token: link.token}, options...)
		return res.GetRedirect(), err
	},
}

// beginGRPC has a link mailed as an app does, over gRPC.
func (k *linkKind) beginGRPC(t *testing.T, s *stack, _ *visitor, email string) linkFlow {
	t.Helper()
	flow, err := k.begin(t.Context(), s, email)
	if err != nil {
		t.Fatal(err)
	}
	k.checkSent(t, s, flow)
	return flow
}

// beginREST has a link mailed as a browser does, by the form of its page.
func (k *linkKind) beginREST(t *testing.T, s *stack, v *visitor, email string) linkFlow {
	t.Helper()
	flow := k.flowAt(t, v, v.browse(t, s.rest+k.path+"/browser"))
	to := v.submit(t, flow.GetMethods()["link"].GetConfig(), url.Values{"email": {email}})
	flow = k.flowAt(t, v, to)
	k.checkSent(t, s, flow)
	return flow
}

func (k *linkKind) checkSent(t *testing.T, s *stack, flow linkFlow) {
	t.Helper()
	if flow.GetState() != "sent_email" || !says(flow, k.sent[s.version]) {
		t.Fatalf("the flow is not that of a link on its way:\n%v", flow)
	}
}

// flowAt fetches the flow of the page that a browser was sent to, as that page does.
func (k *linkKind) flowAt(t *testing.T, v *visitor, to *url.URL) linkFlow {
	t.Helper()
	if to.Path != k.ui || to.Query().Get("flow") == "" {
		t.Fatalf("sent to %s, not to a flow at %s", to, k.ui)
	}
	flow := k.newFlow()
	v.fetch(t, k.path+"/flows?id="+to.Query().Get("flow"), flow)
	return flow
}

// linkPath is where links lead: in Kratos 1.x it is where the forms of all methods do.
func (k *linkKind) linkPath(s *stack) string {
	if s.version == kratostest.V05 {
		return k.path + "/methods/link"
	}
	return k.path
}

// mailed is the link in the next mail, which leads to the REST view.
func (k *linkKind) mailed(t *testing.T, s *stack, mails *mailServer, email string) mailedLink {
	t.Helper()
	m := mails.next(t, email)
	if m.subject != k.subject || m.to != email || m.from != "kratos@example.org" {
		t.Errorf("the mail is %q from %s to %s", m.subject, m.from, m.to)
	}
	address := m.link()
	if !strings.Contains(m.text, address) {
		t.Errorf("the mail's text does not have the link:\n%s", m.text)
	}
	to, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	link := mailedLink{address: address, flow: to.Query().Get("flow"), token: to.Query().Get("token")}
	if !strings.HasPrefix(address, s.rest+k.linkPath(s)+"?") || link.token == "" || (link.flow == "") != (s.version == kratostest.V05) {
		t.Fatalf("the mail leads to %q, not to the REST view:\n%s", address, m.html)
	}
	return link
}

// madeUp is a link that was never mailed. But in Kratos 1.x its flow must be one.
func (k *linkKind) madeUp(t *testing.T, s *stack, token string) mailedLink {
	t.Helper()
	link := mailedLink{token: token}
	query := url.Values{"token": {token}}
	if s.version != kratostest.V05 {
		v := newVisitor(t, s)
		link.flow = k.flowAt(t, v, v.browse(t, s.rest+k.path+"/browser")).GetId()
		query.Set("flow", link.flow)
	}
	link.address = s.rest + k.linkPath(s) + "?" + query.Encode()
	return link
}

// refusedOverREST checks that a link is good for nothing: it ends at a fresh flow that says why.
func (k *linkKind) refusedOverREST(t *testing.T, v *visitor, link mailedLink, why int32) {
	t.Helper()
	flow := k.flowAt(t, v, v.browse(t, link.address))
	if flow.GetState() != "choose_method" || !says(flow, why) {
		t.Errorf("the flow does not say %d:\n%v", why, flow)
	}
	if v.hasSession(t) {
		t.Error("a refused link logs in")
	}
}

// refusedOverGRPC checks the same of a token.
func (k *linkKind) refusedOverGRPC(t *testing.T, s *stack, v *visitor, link mailedLink, why int32) {
	t.Helper()
	var header metadata.MD
	redirect, err := k.open(v.with(t), s, link, grpc.Header(&header))
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(redirect.GetLocation())
	if err != nil {
		t.Fatal(err)
	}
	v.keep(t, header)
	flow := k.flowAt(t, v, to)
	if flow.GetState() != "choose_method" || !says(flow, why) || flow.GetId() != redirect.GetFlowId() {
		t.Errorf("the flow does not say %d:\n%v", why, flow)
	}
	if v.hasSession(t) {
		t.Error("a refused token logs in")
	}
}

func says(flow linkFlow, id int32) bool {
	for _, m := range flow.GetMessages() {
		if m.GetId() == id {
			return true
		}
	}
	return false
}

// awaitExpiry waits until a flow, and with it its link, has expired.
func awaitExpiry(t *testing.T, flow linkFlow) {
	t.Helper()
	eventually(t, "the flow's end", func() bool { return time.Now().After(flow.GetExpiresAt().AsTime().Add(10 * time.Millisecond)) })
}
