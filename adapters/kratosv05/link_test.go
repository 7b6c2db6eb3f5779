package kratosv05_test

import (
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestLinkAgain: a link is sent by way of other flows than the caller's, of which nothing shows in the flow that comes of
// it. The form that has been sent is sent again, and then filled in badly.
func TestLinkAgain(t *testing.T) {
	t.Parallel()
	kratos := kratostest.StartT(t, kratostest.Options{SMTPURL: kratostest.NewMailboxT(t).URL})
	adapter, err := kratosv05.New(kratos.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	started, err := adapter.InitializeRecoveryViaApiFlow(t.Context(), new(adapters.Exchange), new(kratosgrpcv1.InitializeRecoveryViaApiFlowRequest))
	if err != nil {
		t.Fatal(err)
	}
	id := started.GetFlow().GetId()
	send := func(email string) *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodResponse {
		t.Helper()
		res, err := adapter.CompleteRecoveryFlowWithLinkMethod(t.Context(), new(adapters.Exchange), &kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest{
			Flow: id, Payload: &kratosgrpcv1.RecoveryLinkPayload{Email: email},
		})
		if err != nil {
			t.Fatal(err)
		}
		return res
	}

	for range 2 {
		sent := send("ada@example.org").GetSuccess().GetFlow()
		if said := sent.GetMessages(); len(said) != 1 || len(sent.GetUi().GetMessages()) != 1 {
			t.Errorf("a sent link is said as %v, and in the ui as %v", said, sent.GetUi().GetMessages())
		}
		id = sent.GetId()
	}

	refused := send("").GetFlow()
	if refused.GetId() == "" || refused.GetState() == "sent_email" {
		t.Fatalf("a link was sent to nobody: %v", refused)
	}
	if said := refused.GetMessages(); len(said) != 0 {
		t.Errorf("of a link that was not sent it says %v", said)
	}
	if refused.GetUi() == nil || len(refused.GetUi().GetNodes()) == 0 {
		t.Errorf("the flow has no ui: %v", refused)
	}
}
