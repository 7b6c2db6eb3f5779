package kratosjson_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

func TestUnmarshalTakesKratosNames(t *testing.T) {
	t.Parallel()
	session := new(kratosgrpcv1.Session)
	err := kratosjson.Unmarshal([]byte(`{"id":"a","active":true,"identity":{"id":"b","schema_id":"c","verifiable_addresses":null,"of_later":{"d":[1]}},"issued_at":null}`), session)
	if err != nil {
		t.Fatal(err)
	}
	want := &kratosgrpcv1.Session{Id: "a", Active: new(true), Identity: &kratosgrpcv1.Identity{
		Id: "b", SchemaId: "c",
		Extra: &structpb.Struct{Fields: map[string]*structpb.Value{"of_later": structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{
			"d": structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{structpb.NewNumberValue(1)}}),
		}})}},
	}}
	if !proto.Equal(session, want) {
		t.Errorf("got %v, want %v", session, want)
	}
}

// TestUnmarshalAnew: whoever asks twice and reads both answers into one message has the second.
func TestUnmarshalAnew(t *testing.T) {
	t.Parallel()
	const second = `{"id":"b","messages":[{"id":2,"text":"","type":""}]}`
	read := new(kratosgrpcv1.RecoveryFlow)
	for _, body := range []string{`{"id":"a","active":"link","new":1,"messages":[{"id":1}],"methods":{"old":{}}}`, second} {
		if err := kratosjson.Unmarshal([]byte(body), read); err != nil {
			t.Fatal(err)
		}
	}
	want := new(kratosgrpcv1.RecoveryFlow)
	if err := kratosjson.Unmarshal([]byte(second), want); err != nil || !proto.Equal(read, want) {
		t.Errorf("got %v, want %v (%v)", read, want, err)
	}
}

// TestUnmarshalKeepsSecrets: what can't be read may still hold a secret, which the error must not.
func TestUnmarshalKeepsSecrets(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"session_token":secret}`, `{"session_token":["secret"]}`, `{"session":{"issued_at":"secret"}}`, `secret`, `{"secret`} {
		if err := kratosjson.Unmarshal([]byte(body), new(kratosgrpcv1.LoginSuccess)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error is %v", body, err)
		}
	}
}

// FuzzUnmarshal: no bytes make it panic, and what was read can be read again.
func FuzzUnmarshal(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `[]`, `{"id":"a","methods":{"password":{"config":{"fields":[{"name":"a","value":{"b":[1,null]}}]}}}}`,
		`{"expires_at":"0001-01-01T00:00:00Z"}`, `{"expires_at":"9999-12-31T23:59:59.999999999+14:00"}`, `{"messages":[{"id":4000006,"context":{}}]}`, "{\"id\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, m := range []proto.Message{
			new(kratosgrpcv1.LoginFlow), new(kratosgrpcv1.SettingsFlow), new(kratosgrpcv1.Session), new(kratosgrpcv1.RegistrationSuccess),
			new(kratosgrpcv1.SelfServiceError), new(kratosgrpcv1.UpstreamError),
		} {
			if kratosjson.Unmarshal(data, m) != nil {
				continue
			}
			if _, err := proto.Marshal(m); err != nil {
				t.Errorf("%q makes a %T that can't be sent: %v", data, m, err)
			}
			written, err := kratosjson.Marshal(m)
			if err != nil {
				t.Fatalf("%q makes a %T that can't be written: %v", data, m, err)
			}
			again := m.ProtoReflect().New().Interface()
			if err := kratosjson.Unmarshal(written, again); err != nil || !proto.Equal(again, m) {
				t.Errorf("%q is read as %v, and again, from %s, as %v (%v)", data, m, written, again, err)
			}
		}
	})
}
