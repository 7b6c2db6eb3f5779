package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/go-openapi/runtime"
)

// outcome is what the SDK makes of an answer, without what is different each time.
type outcome struct {
	// Type is the SDK's type for it, which stands for a status; where it has none, the status itself.
	Type string
	// Location is where a redirect leads.
	Location string
	// Body is the SDK's model of the body, as JSON.
	Body any
}

// outcome describes what a call of the SDK returned, of which one is nil.
func (p *person) outcome(res any, err error) outcome {
	o := outcome{Location: p.mask(p.wire.location)}
	if unknown := new(runtime.APIError); errors.As(err, &unknown) {
		o.Type = fmt.Sprintf("status %d", unknown.Code)
		return o
	}
	if err != nil {
		res = err
		if reflect.TypeOf(err).Elem().PkgPath() != sdkPackage {
			o.Type = fmt.Sprintf("%T: %v", err, err)
			return o
		}
	}
	o.Type = reflect.TypeOf(res).Elem().Name()
	data, err := json.Marshal(res)
	if err == nil {
		err = json.Unmarshal(data, &o.Body)
	}
	if err != nil {
		o.Body = err.Error()
	}
	o.Body = p.maskAll(o.Body)
	return o
}

var sdkPackage = "github.com/ory/kratos-client-go/client/public"

var (
	anyUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	anyTime = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z`)
)

func (p *person) mask(text string) string {
	for _, own := range p.urls {
		text = strings.ReplaceAll(text, own, "<kratos>")
	}
	return anyTime.ReplaceAllString(anyUUID.ReplaceAllString(text, "<id>"), "<time>")
}

func (p *person) maskAll(value any) any {
	switch value := value.(type) {
	case string:
		return p.mask(value)
	case []any:
		for i := range value {
			value[i] = p.maskAll(value[i])
		}
	case map[string]any:
		for key, inner := range value {
			switch {
			case key == "session_token" && inner != nil, key == "value" && value["name"] == "csrf_token" && inner != "":
				value[key] = "<secret>"
			default:
				value[key] = p.maskAll(inner)
			}
		}
	}
	return value
}

// withoutDebug removes what Kratos tells developers, and kratosgrpc tells nobody.
func withoutDebug(value any) any {
	switch value := value.(type) {
	case []any:
		for i := range value {
			value[i] = withoutDebug(value[i])
		}
	case map[string]any:
		delete(value, "debug")
		for key := range value {
			value[key] = withoutDebug(value[key])
		}
	}
	return value
}
