package authz

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// encoded is a session as a lookup hands it out.
func encoded(t *testing.T, session *kratosgrpcv1.Session) *Session {
	t.Helper()
	data, err := proto.Marshal(&kratosgrpcv1.WhoamiResponse{Session: session})
	if err != nil {
		t.Fatal(err)
	}
	read, err := ReadSession(data)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func object(t *testing.T, fields map[string]any) *structpb.Struct {
	t.Helper()
	object, err := structpb.NewStruct(fields)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// TestPath: a path finds what Kratos's JSON has at it, and of what is no text, nothing.
func TestPath(t *testing.T) {
	t.Parallel()
	s := encoded(t, &kratosgrpcv1.Session{
		Id: "s", Active: new(true), AuthenticatorAssuranceLevel: "aal2", ExpiresAt: timestamppb.New(time.Unix(1_800_000_000, 500_000_000)),
		Identity: &kratosgrpcv1.Identity{
			Id: "i", SchemaUrl: new("https://id.example.org/schema"),
			Traits: object(t, map[string]any{
				"email": "ada@example.org", "name": map[string]any{"first": "Ada", "": "none"}, "age": 36, "half": 0.5, "large": 1e15, "admin": false,
				"tags": []any{"a", "b", 3, true}, "empty": "", "none": nil, "nothing": []any{}, "mixed": []any{"a", map[string]any{}}, "nested": []any{[]any{"a"}},
			}),
			MetadataPublic: structpb.NewStructValue(object(t, map[string]any{"tier": "gold"})),
		},
	})
	for path, want := range map[string]Value{
		"id":                            {Texts: []string{"s"}},
		"active":                        {Texts: []string{"true"}},
		"authenticator_assurance_level": {Texts: []string{"aal2"}},
		"expires_at":                    {Texts: []string{"2027-01-15T08:00:00.5Z"}},
		"issued_at":                     {},
		"identity.id":                   {Texts: []string{"i"}},
		"identity.schema_id":            {},
		"identity.schema_url":           {Texts: []string{"https://id.example.org/schema"}},
		"identity.metadata_public.tier": {Texts: []string{"gold"}},
		"identity.metadata_public.no":   {},
		"identity.traits.email":         {Texts: []string{"ada@example.org"}},
		"identity.traits.name.first":    {Texts: []string{"Ada"}},
		"identity.traits.name.last":     {},
		"identity.traits.name":          {},
		"identity.traits.email.x":       {},
		"identity.traits.age":           {Texts: []string{"36"}},
		"identity.traits.half":          {Texts: []string{"0.5"}},
		"identity.traits.large":         {Texts: []string{"1000000000000000"}},
		"identity.traits.admin":         {Texts: []string{"false"}},
		"identity.traits.tags":          {Texts: []string{"a", "b", "3", "true"}, IsList: true},
		"identity.traits.empty":         {Texts: []string{""}},
		"identity.traits.none":          {},
		"identity.traits.nothing":       {IsList: true},
		"identity.traits.mixed":         {},
		"identity.traits.nested":        {},
		"identity.traits.absent":        {},
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got, err := s.at(p)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", path, diff)
		}
	}
	for _, path := range []string{
		"", ".", "id.", "no", "identity", "identity.traits", "identity.metadata_public", "identity.no", "id.x", "expires_at.seconds", "devices",
		"identity.verifiable_addresses", "tokenized", "extra.x", "identity.traits..x", "Id",
	} {
		if _, err := ParsePath(path); err == nil {
			t.Errorf("%q is taken for a path", path)
		}
	}
}

// TestPathAgrees compares, for made-up traits, what a path finds in an encoded session with what is there once it is decoded.
func TestPathAgrees(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	var invent func(depth int) any
	invent = func(depth int) any {
		switch kind := random.IntN(7); {
		case kind == 0:
			return nil
		case kind == 1:
			return random.IntN(2) == 0
		case kind == 2:
			return float64(random.IntN(1000)) / 4
		case kind <= 4 || depth == 0:
			return strings.Repeat("ü", random.IntN(3)) + strconv.Itoa(random.IntN(100))
		default:
			fields := map[string]any{}
			for range random.IntN(4) {
				fields[string(rune('a'+random.IntN(3)))] = invent(depth - 1)
			}
			return fields
		}
	}
	found := 0
	for range 5000 {
		traits := map[string]any{"a": invent(3), "b": invent(3), "c": invent(3)}
		s := encoded(t, &kratosgrpcv1.Session{Id: "s", Identity: &kratosgrpcv1.Identity{Id: "i", Traits: object(t, traits)}})
		keys := []string{string(rune('a' + random.IntN(3)))}
		for range random.IntN(3) {
			keys = append(keys, string(rune('a'+random.IntN(3))))
		}
		var at any = traits
		for _, key := range keys {
			inner, _ := at.(map[string]any)
			at = inner[key]
		}
		var want Value
		switch at := at.(type) {
		case string:
			want = textOf(at)
		case bool:
			want = textOf(strconv.FormatBool(at))
		case float64:
			want = textOf(strconv.FormatFloat(at, 'f', -1, 64))
		}
		p, err := ParsePath("identity.traits." + strings.Join(keys, "."))
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.at(p)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s in %v: -want +got\n%s", p, traits, diff)
		}
		if len(got.Texts) > 0 {
			found++
		}
	}
	if found < 1000 {
		t.Errorf("only %d values were found: the test says little", found)
	}
}

// FuzzSession reads what is no session: there is an error or a value, and no panic.
func FuzzSession(f *testing.F) {
	data, err := proto.Marshal(&kratosgrpcv1.WhoamiResponse{Session: &kratosgrpcv1.Session{
		Id: "s", Active: new(true), AuthenticatorAssuranceLevel: "aal1", ExpiresAt: timestamppb.Now(),
		Identity: &kratosgrpcv1.Identity{Id: "i", Traits: &structpb.Struct{Fields: map[string]*structpb.Value{
			"a": structpb.NewStringValue("b"), "c": structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewNumberValue(1)}}),
		}}},
	}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ReadSession(data)
		if err != nil {
			return
		}
		for _, text := range []string{"id", "active", "expires_at", "identity.traits.a", "identity.traits.c", "identity.metadata_public.a.b"} {
			p, err := ParsePath(text)
			if err != nil {
				t.Fatal(err)
			}
			value, err := s.at(p)
			if err == nil && isUnclean(headerValue(value)) {
				t.Errorf("%s is %q in a header", text, headerValue(value))
			}
		}
	})
}
