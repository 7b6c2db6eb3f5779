package kratosreplay

import (
	"bytes"
	"encoding/json"
	"errors"
	"mime"
	"net/url"
	"reflect"
	"strings"
)

// Body is the body of a request or an answer, in one of its fields; in none if there is no body.
type Body struct {
	// JSON is a JSON value.
	JSON json.RawMessage `json:"json,omitempty"`
	// Form holds the fields of an HTML form, as in "traits.name.first=Ada", not escaped.
	Form []string `json:"form,omitempty"`
	// Text is any other body.
	Text string `json:"text,omitempty"`
}

// The media types that are compared by what they say.
const (
	jsonType = "application/json"
	formType = "application/x-www-form-urlencoded"
)

func (b Body) checkBody() error {
	fields := 0
	for _, set := range []bool{b.JSON != nil, b.Form != nil, b.Text != ""} {
		if set {
			fields++
		}
	}
	if fields > 1 {
		return errors.New("a body is one of json, form and text")
	}
	for _, field := range b.Form {
		if !strings.Contains(field, "=") {
			return errors.New("a form's field is a name, an equals sign, and a value")
		}
	}
	return nil
}

// Bytes are the body as it was sent, but for white space in JSON and the order of a form's fields.
func (b Body) Bytes() []byte {
	switch {
	case b.JSON != nil:
		var compact bytes.Buffer
		if err := json.Compact(&compact, b.JSON); err != nil {
			// A recording that was read holds no such JSON: its decoder would have refused it.
			return b.JSON
		}
		return compact.Bytes()
	case b.Form != nil:
		values := url.Values{}
		for _, field := range b.Form {
			name, value, _ := strings.Cut(field, "=")
			values.Add(name, value)
		}
		return []byte(values.Encode())
	}
	return []byte(b.Text)
}

// sameBody tells whether two bodies of a media type say the same.
func sameBody(mediaType string, a, b []byte) bool {
	switch mediaType {
	case jsonType:
		var x, y any
		if json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil {
			return reflect.DeepEqual(x, y)
		}
	case formType:
		x, errX := url.ParseQuery(string(a))
		y, errY := url.ParseQuery(string(b))
		if errX == nil && errY == nil {
			return reflect.DeepEqual(x, y)
		}
	}
	return bytes.Equal(a, b)
}

// mediaType is that of a Content-Type header, without parameters.
func mediaType(contentType string) string {
	if kind, _, err := mime.ParseMediaType(contentType); err == nil {
		return kind
	}
	return contentType
}
