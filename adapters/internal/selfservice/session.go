package selfservice

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// Session reads the answer to whoami, or has the generation's refusal translate what is none.
func Session(x *adapters.Exchange, res *upstream.Response, refusal func(*upstream.Response) *adapters.Error) (*kratosgrpcv1.WhoamiResponse, error) {
	encoded, err := EncodedSession(x, res, refusal)
	if err != nil {
		return nil, err
	}
	whoami := new(kratosgrpcv1.WhoamiResponse)
	if err := proto.Unmarshal(encoded.Response, whoami); err != nil {
		return nil, res.NotKratos(errors.New("it can't be decoded"))
	}
	return whoami, nil
}

// EncodedSession is Session for who hands it on.
func EncodedSession(x *adapters.Exchange, res *upstream.Response, refusal func(*upstream.Response) *adapters.Error) (*adapters.EncodedSession, error) {
	if res.Status != http.StatusOK {
		return nil, refusal(res)
	}
	session, err := kratosjson.Encode(res.Body, (*kratosgrpcv1.Session)(nil).ProtoReflect().Descriptor())
	if err != nil {
		return nil, res.NotKratos(err)
	}
	facts := factsIn(session)
	if facts.SessionID == "" || facts.IdentityID == "" {
		// Whatever answered this, a session it is not: "{}" must not pass for one, nor anything else that has an id.
		return nil, res.NotKratos(errors.New("it has no session"))
	}
	if seconds, err := strconv.ParseInt(res.Header.Get("Ory-Session-Cache-For"), 10, 32); err == nil {
		x.Answer.CacheFor = new(time.Duration(seconds) * time.Second)
	}
	// Kratos says it in a header too, which something on the way may drop.
	x.Answer.IdentityID = facts.IdentityID
	response := make([]byte, 0, len(session)+protowire.SizeTag(sessionNumber)+protowire.SizeBytes(len(session)))
	response = protowire.AppendBytes(protowire.AppendTag(response, sessionNumber, protowire.BytesType), session)
	return &adapters.EncodedSession{Response: response, SessionFacts: facts}, nil
}

// The numbers of fields, as the proto files have them.
const (
	// sessionNumber is WhoamiResponse.session.
	sessionNumber protowire.Number = 1

	sessionID       protowire.Number = 1
	sessionActive   protowire.Number = 2
	sessionExpires  protowire.Number = 3
	sessionIdentity protowire.Number = 6

	identityID protowire.Number = 1

	timestampSeconds protowire.Number = 1
	timestampNanos   protowire.Number = 2
)

// factsIn are adapters.FactsOf a session that is encoded, and well formed.
func factsIn(session []byte) (facts adapters.SessionFacts) {
	eachField(session, func(number protowire.Number, bytes []byte, value uint64) {
		switch number { //nolint:exhaustive // The others say nothing here.
		case sessionID:
			facts.SessionID = string(bytes)
		case sessionActive:
			facts.Inactive = value == 0
		case sessionExpires:
			var seconds, nanos int64
			eachField(bytes, func(number protowire.Number, _ []byte, value uint64) {
				switch number { //nolint:exhaustive // There is no other.
				case timestampSeconds:
					seconds = int64(value) //nolint:gosec // That is how protobuf writes one below zero.
				case timestampNanos:
					nanos = int64(value) //nolint:gosec // Less than a billion.
				}
			})
			facts.ExpiresAt = time.Unix(seconds, nanos).UTC()
		case sessionIdentity:
			eachField(bytes, func(number protowire.Number, bytes []byte, _ uint64) {
				if number == identityID {
					facts.IdentityID = string(bytes)
				}
			})
		}
	})
	return facts
}

// eachField calls f with the fields of a message that are bytes, which others are made of too, or whole numbers.
func eachField(message []byte, f func(number protowire.Number, bytes []byte, value uint64)) {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return
		}
		message = message[n:]
		var bytes []byte
		var value uint64
		switch kind {
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(message)
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(message)
		default:
			n = protowire.ConsumeFieldValue(number, kind, message)
		}
		if n < 0 {
			return
		}
		f(number, bytes, value)
		message = message[n:]
	}
}
