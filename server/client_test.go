package server_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// client is a transport: both answer the same cases.
type client interface {
	// do makes a call.
	do(t *testing.T, c call) reply
	// verify checks what is particular to the transport about a reply that should be as wanted.
	verify(t *testing.T, r reply, w want)
}

// call is one call of an RPC.
type call struct {
	// rpc is the method's full name, as in LoginService_GetLoginFlow_FullMethodName.
	rpc     string
	message proto.Message
	caller  caller
}

// caller is what a call brings along.
type caller struct {
	sessionToken, bearer string
	// cookies are pairs, "name=value".
	cookies []string
	// html is a browser: it wants HTML and, over REST, sends its forms as forms.
	html bool
	// json is a script: it asks for JSON, which over gRPC is what comes as a rule, but not always.
	json bool
	// raw replaces the body, over REST only.
	raw string
}

// reply is what came, in the terms that the two transports share.
type reply struct {
	// body is the resource, or what is in the outcome, as JSON.
	body map[string]any
	// list is the resource where that is a list; next is what asks for its next page, and total how much there is in all.
	list  []any
	next  string
	total int
	// script is the resource where that is no JSON.
	script string
	// outcome is the name of the outcome's field; empty for resources and errors.
	outcome string
	// location is where a redirect leads.
	location string
	// cookies are the Set-Cookie values.
	cookies    []string
	identityID string

	// failure is the status of a gRPC call that failed.
	failure *status.Status
	// response is the head of a REST response.
	response *http.Response
}

// at finds a value in the body by its path: keys and indices, with dots between them. What is not there is nil.
func (r reply) at(path string) any { return at(r.body, path) }

func at(value any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}

// text is at for strings.
func (r reply) text(path string) string {
	s, _ := r.at(path).(string)
	return s
}

// field finds a form's field by its name.
func (r reply) field(method, name string) map[string]any {
	fields, _ := at(r.at("methods."+method), "config.fields").([]any)
	for _, f := range fields {
		if at(f, "name") == name {
			field, _ := f.(map[string]any)
			return field
		}
	}
	return nil
}

// formMessage is the first message about a form as a whole: 1.x has one form, and so says it of the flow.
func (r reply) formMessage() map[string]any {
	paths := []string{"messages.0"}
	methods, _ := r.at("methods").(map[string]any)
	for name := range methods {
		paths = append(paths, "methods."+name+".config.messages.0")
	}
	for _, path := range paths {
		if message, ok := r.at(path).(map[string]any); ok {
			return message
		}
	}
	return nil
}

// method finds the descriptor of an RPC by its full name, "/package.Service/Method".
func method(t *testing.T, rpc string) protoreflect.MethodDescriptor {
	t.Helper()
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(rpc, "/"), "/", "."))
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		t.Fatal(err)
	}
	found, ok := d.(protoreflect.MethodDescriptor)
	if !ok {
		t.Fatalf("%s is no method", name)
	}
	return found
}

func decodeObject(t *testing.T, data []byte) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatalf("the body is no JSON object: %v: %s", err, data)
	}
	return object
}
