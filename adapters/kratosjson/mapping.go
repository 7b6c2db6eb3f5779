package kratosjson

import (
	"google.golang.org/protobuf/reflect/protoreflect"
)

const extraField protoreflect.Name = "extra"

// The rules that the names alone don't say.
var (
	// named are the fields that Kratos writes in another case.
	named = map[protoreflect.FullName]string{
		"kratosgrpc.v1.UiNodeAttributes.onclick_trigger": "onclickTrigger",
		"kratosgrpc.v1.UiNodeAttributes.onload_trigger":  "onloadTrigger",
	}
	// always are the fields that Kratos writes whatever they hold: its SDKs refuse answers without them.
	always = map[protoreflect.FullName]bool{
		"kratosgrpc.v1.DisableMyOtherSessionsResponse.count": true,
		"kratosgrpc.v1.Message.id":                           true,
		"kratosgrpc.v1.Message.text":                         true,
		"kratosgrpc.v1.Message.type":                         true,
		"kratosgrpc.v1.Ui.action":                            true,
		"kratosgrpc.v1.Ui.method":                            true,
		"kratosgrpc.v1.Ui.nodes":                             true,
		"kratosgrpc.v1.UiNode.messages":                      true,
	}
	// raw are the fields of bytes that hold JSON.
	raw = map[protoreflect.FullName]bool{
		"kratosgrpc.v1.IdentitySchema.schema": true,
	}
	// lenient are the messages in which a value may be of another type than its field.
	lenient = map[protoreflect.FullName]bool{
		"kratosgrpc.v1.UiNodeAttributes": true,
	}
	// secret are the keys of messages that are left out.
	secret = map[protoreflect.FullName]map[string]bool{
		"kratosgrpc.v1.UpstreamError": {"debug": true},
	}
	// aside are the fields that are not part of a message's own JSON.
	aside = map[protoreflect.FullName]bool{
		"kratosgrpc.v1.UpstreamError.beside": true,
	}
)
