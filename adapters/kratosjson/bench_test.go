package kratosjson_test

import (
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// cannedSession is what Kratos 1.3.1 answers to whoami.
const cannedSession = `{"id":"c3c4c688-5a9f-4b6f-a731-b86640d1cf3c","active":true,"expires_at":"2099-11-24T05:39:46.973212996Z","authenticated_at":"2026-11-23T05:39:46.973212996Z","authenticator_assurance_level":"aal1","authentication_methods":[{"method":"password","aal":"aal1","completed_at":"2026-11-23T05:39:46.973212419Z"}],"issued_at":"2026-11-23T05:39:46.973212996Z","identity":{"id":"eec37e13-f8b7-4acf-ab55-8c3827a9e4fb","schema_id":"default","schema_url":"http://127.0.0.1:4433/schemas/ZGVmYXVsdA","state":"active","state_changed_at":"2026-11-23T05:39:46.971453534Z","traits":{"email":"ada@example.org","name":{"last":"Lovelace","first":"Ada"}},"verifiable_addresses":[{"id":"a3f73afc-23c1-4685-91c2-baadfb986cfe","value":"ada@example.org","verified":false,"via":"email","status":"sent","created_at":"2026-11-23T05:39:46.972444Z","updated_at":"2026-11-23T05:39:46.972444Z"}],"recovery_addresses":[{"id":"ed4ced18-ffc1-47b7-86a4-cf62b77054de","value":"ada@example.org","via":"email","created_at":"2026-11-23T05:39:46.972611Z","updated_at":"2026-11-23T05:39:46.972611Z"}],"metadata_public":null,"created_at":"2026-11-23T05:39:46.972186Z","updated_at":"2026-11-23T05:39:46.972186Z","organization_id":null},"devices":[{"id":"2072b38d-dcfa-4947-b984-23b942484e02","ip_address":"127.0.0.1:54974","user_agent":"client","location":""}]}`

func BenchmarkSession(b *testing.B) {
	session := new(kratosgrpcv1.Session)
	if err := kratosjson.Unmarshal([]byte(cannedSession), session); err != nil {
		b.Fatal(err)
	}
	b.Run("unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := kratosjson.Unmarshal([]byte(cannedSession), new(kratosgrpcv1.Session)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("marshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := kratosjson.Marshal(session); err != nil {
				b.Fatal(err)
			}
		}
	})
}
