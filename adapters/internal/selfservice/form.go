package selfservice

import (
	"encoding/json"
	"net/url"
	"strconv"

	"google.golang.org/protobuf/types/known/structpb"
)

// AddTraits writes traits into a form as Kratos reads them: one dotted key a leaf, an array's elements under one key
// repeated. Kratos types the texts by the identity's JSON Schema.
//
// Forms can't say null or an empty array: both are left out, which is what they mean, a trait without a value.
func AddTraits(form url.Values, traits *structpb.Struct) {
	addObject(form, "traits.", traits)
}

// AddFields writes the fields of a payload into a form, as AddTraits does.
func AddFields(form url.Values, payload *structpb.Struct) {
	addObject(form, "", payload)
}

func addObject(form url.Values, prefix string, object *structpb.Struct) {
	for name, value := range object.GetFields() {
		addValue(form, prefix+name, value)
	}
}

func addValue(form url.Values, key string, value *structpb.Value) {
	switch v := value.GetKind().(type) {
	case *structpb.Value_StructValue:
		addObject(form, key+".", v.StructValue)
	case *structpb.Value_ListValue:
		for _, element := range v.ListValue.GetValues() {
			form.Add(key, text(element))
		}
	case *structpb.Value_NullValue:
	default:
		form.Add(key, text(value))
	}
}

// text is a value as a form says it. Within arrays, objects and arrays are said as JSON: no form can say them, and the
// schema's complaint then shows what came.
func text(value *structpb.Value) string {
	switch v := value.GetKind().(type) {
	case *structpb.Value_StringValue:
		return v.StringValue
	case *structpb.Value_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *structpb.Value_NumberValue:
		return strconv.FormatFloat(v.NumberValue, 'f', -1, 64)
	case *structpb.Value_NullValue, nil:
		return ""
	default:
		encoded, err := json.Marshal(value.AsInterface())
		if err != nil {
			return ""
		}
		return string(encoded)
	}
}
