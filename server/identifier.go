package server

import (
	"cmp"

	"google.golang.org/protobuf/types/known/structpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// identifierOf is the identifier or the address that a submission of a login, a recovery or a verification is about, or "".
// Where somebody only hands in a code, it is the flow.
func identifierOf(req any) string {
	switch req := req.(type) {
	case *kratosgrpcv1.CompleteLoginFlowWithPasswordMethodRequest:
		return req.GetPayload().GetIdentifier()
	case *kratosgrpcv1.CompleteRecoveryFlowWithLinkMethodRequest:
		return req.GetPayload().GetEmail()
	case *kratosgrpcv1.CompleteVerificationFlowWithLinkMethodRequest:
		return req.GetPayload().GetEmail()
	case *kratosgrpcv1.UpdateLoginFlowRequest:
		return cmp.Or(firstText(req.GetPayload(), "identifier", "password_identifier"), flowOfCode(req))
	case *kratosgrpcv1.UpdateRecoveryFlowRequest:
		return cmp.Or(firstText(req.GetPayload(), "email", "recovery_address", "recovery_confirm_address"), flowOfCode(req))
	case *kratosgrpcv1.UpdateVerificationFlowRequest:
		return cmp.Or(firstText(req.GetPayload(), "email"), flowOfCode(req))
	}
	return ""
}

// flowOfCode is the flow that a code is handed in to, or "". It begins with what no identifier does.
func flowOfCode(req interface {
	GetFlow() string
	GetPayload() *structpb.Struct
},
) string {
	if req.GetFlow() == "" || req.GetPayload().GetFields()["code"] == nil {
		return ""
	}
	return "\x00" + req.GetFlow()
}

// firstText is the first of a form's fields that is a text and not empty.
func firstText(form *structpb.Struct, fields ...string) string {
	for _, field := range fields {
		if text := form.GetFields()[field].GetStringValue(); text != "" {
			return text
		}
	}
	return ""
}
