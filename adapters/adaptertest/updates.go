package adaptertest

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// values are the fields of a payload.
type values = map[string]*structpb.Value

// updates is the completion by any method, here by one of them. The fields filled in are new each time.
func updates[Req, Res proto.Message](name, method string, op operation[Req, Res], request func(id, method string, payload *structpb.Struct) Req, filled func() values) completion {
	with := func(id, csrf string, payload values) Req {
		payload["csrf_token"] = structpb.NewStringValue(csrf)
		return request(id, method, &structpb.Struct{Fields: payload})
	}
	return completes(name, method, op,
		func(id, csrf string) Req { return with(id, csrf, values{}) },
		func(id, csrf string) Req { return with(id, csrf, filled()) })
}

// someEmail is an address of nobody's.
func someEmail() values { return values{"email": structpb.NewStringValue(newEmail())} }

var (
	updatesLogin = updates("UpdateLoginFlow", "password", adapters.Adapter.UpdateLoginFlow, func(id, method string, payload *structpb.Struct) *kratosgrpcv1.UpdateLoginFlowRequest {
		return &kratosgrpcv1.UpdateLoginFlowRequest{Flow: id, Method: method, Payload: payload}
	}, func() values {
		return values{"identifier": structpb.NewStringValue(newEmail()), "password": structpb.NewStringValue(goodPassword)}
	})
	updatesRegistration = updates("UpdateRegistrationFlow", "password", adapters.Adapter.UpdateRegistrationFlow, func(id, method string, payload *structpb.Struct) *kratosgrpcv1.UpdateRegistrationFlowRequest {
		return &kratosgrpcv1.UpdateRegistrationFlowRequest{Flow: id, Method: method, Payload: payload}
	}, func() values {
		return values{"traits": structpb.NewStructValue(freshTraits()), "password": structpb.NewStringValue(goodPassword)}
	})
	updatesSettings = updates("UpdateSettingsFlow", "profile", adapters.Adapter.UpdateSettingsFlow, func(id, method string, payload *structpb.Struct) *kratosgrpcv1.UpdateSettingsFlowRequest {
		return &kratosgrpcv1.UpdateSettingsFlowRequest{Flow: id, Method: method, Payload: payload}
	}, func() values {
		return values{"traits": structpb.NewStructValue(freshTraits())}
	})
	updatesRecovery = updates("UpdateRecoveryFlow", "link", adapters.Adapter.UpdateRecoveryFlow, func(id, method string, payload *structpb.Struct) *kratosgrpcv1.UpdateRecoveryFlowRequest {
		return &kratosgrpcv1.UpdateRecoveryFlowRequest{Flow: id, Method: method, Payload: payload}
	}, someEmail)
	updatesVerification = updates("UpdateVerificationFlow", "link", adapters.Adapter.UpdateVerificationFlow, func(id, method string, payload *structpb.Struct) *kratosgrpcv1.UpdateVerificationFlowRequest {
		return &kratosgrpcv1.UpdateVerificationFlowRequest{Flow: id, Method: method, Payload: payload}
	}, someEmail)
)
