package selfservice_test

import (
	"encoding/json"
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/selfservice"
)

func TestAddTraits(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	for _, c := range []struct {
		name   string
		traits object
		want   url.Values
	}{
		{name: "nothing", want: url.Values{}},
		{name: "text", traits: object{"a": "b"}, want: url.Values{"traits.a": {"b"}}},
		{name: "empty text", traits: object{"a": ""}, want: url.Values{"traits.a": {""}}},
		{name: "text like other types", traits: object{"a": "1", "b": "true", "c": "null"}, want: url.Values{"traits.a": {"1"}, "traits.b": {"true"}, "traits.c": {"null"}}},
		{
			name: "unicode", traits: object{"naïve 字": "„Ž“ \u202e\x00\n🦉"},
			want: url.Values{"traits.naïve 字": {"„Ž“ \u202e\x00\n🦉"}},
		},
		{
			name: "characters of the encoding", traits: object{"a&b=c+d%20": "e&f=g+h%20;i"},
			want: url.Values{"traits.a&b=c+d%20": {"e&f=g+h%20;i"}},
		},
		{name: "nested", traits: object{"a": object{"b": object{"c": "d"}, "e": "f"}}, want: url.Values{"traits.a.b.c": {"d"}, "traits.a.e": {"f"}}},
		{name: "empty object", traits: object{"a": object{}}, want: url.Values{}},
		// As Kratos reads it, for it knows of no other dots.
		{name: "dots in a key", traits: object{"a.b": "c"}, want: url.Values{"traits.a.b": {"c"}}},
		{name: "dots in a key and nested", traits: object{"a.b": "c", "a": object{"b": "c"}}, want: url.Values{"traits.a.b": {"c", "c"}}},
		{name: "empty key", traits: object{"": object{"": "a"}}, want: url.Values{"traits..": {"a"}}},
		{name: "null", traits: object{"a": nil, "b": object{"c": nil}}, want: url.Values{}},
		{name: "bool", traits: object{"a": true, "b": false}, want: url.Values{"traits.a": {"true"}, "traits.b": {"false"}}},
		{name: "array", traits: object{"a": []any{"b", "c", "b"}}, want: url.Values{"traits.a": {"b", "c", "b"}}},
		{name: "empty array", traits: object{"a": []any{}}, want: url.Values{}},
		{name: "array of types", traits: object{"a": []any{1, true, nil, ""}}, want: url.Values{"traits.a": {"1", "true", "", ""}}},
		{
			name: "array of objects and arrays", traits: object{"a": []any{object{"b": "c"}, []any{1, nil}}},
			want: url.Values{"traits.a": {`{"b":"c"}`, `[1,null]`}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			traits, err := structpb.NewStruct(c.traits)
			if err != nil {
				t.Fatal(err)
			}
			got := url.Values{}
			selfservice.AddTraits(got, traits)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAddTraitsWritesNumbersOut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		number float64
		want   string
	}{
		{0, "0"},
		{math.Copysign(0, -1), "-0"},
		{1, "1"},
		{-1, "-1"},
		{0.1, "0.1"},
		{1e6, "1000000"},
		{1e21, "1000000000000000000000"},
		{1e-7, "0.0000001"},
		{1 << 53, "9007199254740992"},
		{1.0 / 3, "0.3333333333333333"},
	} {
		form := url.Values{}
		selfservice.AddTraits(form, &structpb.Struct{Fields: map[string]*structpb.Value{"a": structpb.NewNumberValue(c.number)}})
		if got := form.Get("traits.a"); got != c.want {
			t.Errorf("%v: got %q, want %q", c.number, got, c.want)
		}
	}
}

// FuzzAddTraits: whatever the traits, the form comes to Kratos as it was made, each of its keys is a trait's path, and
// nothing but null and what is empty is left out.
func FuzzAddTraits(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":{"b":[1,true,null,{"c":"d"}]}}`, `{"a.b":"&=+%","":{"":-0}}`, `{"n":1e300,"字":"\u0000"}`, `{"a":[[]],"b":[],"c":null}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, traits string) {
		s := new(structpb.Struct)
		if !utf8.ValidString(traits) || s.UnmarshalJSON([]byte(traits)) != nil {
			t.Skip()
		}
		form := url.Values{"csrf_token": {"token"}}
		selfservice.AddTraits(form, s)

		parsed, err := url.ParseQuery(form.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(form, parsed); diff != "" {
			t.Errorf("what Kratos reads (-want +got):\n%s", diff)
		}
		want := map[string][]string{"csrf_token": {"token"}}
		leaves("traits", s.AsMap(), want)
		for _, values := range []map[string][]string{want, parsed} {
			// Which of two same keys comes first is left to chance, as the order of an object's keys is.
			for _, v := range values {
				slices.Sort(v)
			}
		}
		if diff := cmp.Diff(want, map[string][]string(parsed)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// leaves is addTraits in other words.
func leaves(path string, value any, into map[string][]string) {
	switch v := value.(type) {
	case nil:
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			leaves(path+"."+key, v[key], into)
		}
	case []any:
		for _, element := range v {
			into[path] = append(into[path], scalar(element))
		}
	default:
		into[path] = append(into[path], scalar(v))
	}
}

func scalar(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(encoded))
}
