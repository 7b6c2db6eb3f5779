// Package kratosreplay answers as a real Ory Kratos once did, so that tests meet releases that can't be started here: too
// old to be built, or too new.
//
//	s := kratosreplay.StartT(t, kratosreplay.Options{Exchanges: recording.Exchanges})
//	adapter, err := kratosv1.New(s.URL)
//
// A [Server] answers each recorded exchange once. It fails the test for a request that is not as one of those was, and
// for exchanges that nobody asked for. Only its readiness, GET /health/ready, it answers always.
//
// # Recordings
//
// A recording is a JSON file, to be read and written by people. Those of this package are in testdata, a folder a release,
// see [Recordings]; [Read] reads another one. What this package does not know of in a file is an error.
//
//	{
//	  "kratos": "v26.2.0",
//	  "api": "v1",
//	  "about": "An app logs in.",
//	  "exchanges": [
//	    {
//	      "name": "log in with a wrong password",
//	      "request": {
//	        "line": "POST /self-service/login?flow=36e7076e-1e06-40cd-9f22-b232b424d40a",
//	        "header": ["Accept: application/json", "Content-Type: application/json"],
//	        "json": {"method": "password", "identifier": "ada@example.org", "password": "wrong"}
//	      },
//	      "response": {
//	        "status": 400,
//	        "header": ["Content-Type: application/json; charset=utf-8", "Vary: Cookie"],
//	        "json": {"id": "36e7076e-1e06-40cd-9f22-b232b424d40a", "type": "api"}
//	      }
//	    }
//	  ]
//	}
//
// A header is a line, and so may be there more than once. A body is one of three:
//
//   - json: a JSON value. It is sent without the file's white space.
//   - form: the fields of an HTML form, as in ["csrf_token=…", "traits.name.first=Ada"], which are not escaped.
//   - text: everything else, byte for byte. So are two JSON objects in one body, and JSON that is none.
//
// The passwords, tokens and cookies are those of an instance that was thrown away.
//
// # When a request is as recorded
//
// The client that was recorded was another one, so what can't change Kratos's answer may differ. These have to be the same:
//
//   - the method and the path;
//   - the query: the same parameters, in any order, with the same values;
//   - Authorization, X-Session-Token, X-Csrf-Token and X-Request-Id: the same values, or none;
//   - the cookies: the same ones, in any order;
//   - what the client would like to have: JSON, HTML, anything (*/*), or it does not say. That is the one of these which the
//     Accept header prefers, and JSON where the Content-Type is application/json without a parameter, as Kratos has it;
//   - the body's media type, whatever its parameters;
//   - the body: the same JSON value, or the same form's fields in any order; else the same bytes.
//
// All other headers may be as they like. A recorded request has none of them, so that whatever stands in a file counts.
package kratosreplay
