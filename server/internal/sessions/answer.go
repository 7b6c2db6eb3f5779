package sessions

import (
	"context"
	"errors"
	"net/netip"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// answer is what a question to Kratos has come to. All who have waited for it share it, so nothing of it is changed.
type answer struct {
	// encoded is the response as it goes out: it is encoded once, not for each who asks.
	encoded []byte
	facts   adapters.SessionFacts
	carried adapters.Answer
	err     error

	// once guards json, which is made when it is first asked for.
	once    sync.Once
	json    []byte
	jsonErr error
}

// question asks Kratos.
func (l *Lookup) question(ctx context.Context, adapter adapters.Adapter, caller adapters.Caller, req *kratosgrpcv1.WhoamiRequest) *answer {
	// It may be asked for many, and nothing of whoever was first is to stand for all. Kratos keeps from where a session
	// began, not from where it is asked about.
	caller.Address, caller.UserAgent = netip.Addr{}, ""
	x := &adapters.Exchange{Caller: caller}
	a := new(answer)
	if encoder, ok := adapter.(adapters.SessionEncoder); ok && l.options.Prepare == nil {
		var session *adapters.EncodedSession
		if session, a.err = encoder.EncodedWhoami(ctx, x, req); a.err == nil {
			a.encoded, a.facts = session.Response, session.SessionFacts
		}
	} else {
		var res *kratosgrpcv1.WhoamiResponse
		if res, a.err = adapter.Whoami(ctx, x, req); a.err == nil {
			if l.options.Prepare != nil {
				l.options.Prepare(res)
			}
			a.facts = adapters.FactsOf(res.GetSession())
			a.encoded, a.err = proto.Marshal(res)
		}
	}
	a.carried = x.Answer
	return a
}

// share hands an answer to one of those who wait for it.
func (a *answer) share(x *adapters.Exchange) (found, error) {
	x.Answer = a.carried
	if a.err != nil {
		return found{}, ownError(a.err)
	}
	return found{encoded: a.encoded, answer: a}, nil
}

// share hands an entry to somebody who asks for it.
func (e *entry) share(k key, x *adapters.Exchange) (found, error) {
	if e.encoded == nil {
		return found{}, ownError(e.refusal)
	}
	x.Answer.IdentityID = e.identityID
	return found{encoded: e.encoded, key: k, entry: e}, nil
}

// again is what Kratos has said when the entry was made.
func (e *entry) again() *answer {
	if e.encoded == nil {
		return &answer{err: e.refusal}
	}
	return &answer{encoded: e.encoded, carried: adapters.Answer{IdentityID: e.identityID}}
}

// json is a session that was found, as Kratos writes it.
func (l *Lookup) json(f found) ([]byte, error) {
	if f.entry != nil {
		return l.cache.json(f.key, f.entry)
	}
	f.answer.once.Do(func() { f.answer.json, f.answer.jsonErr = written(f.answer.encoded) })
	return f.answer.json, f.answer.jsonErr
}

// written is a response's session as Kratos writes it.
func written(encoded []byte) ([]byte, error) {
	res, err := decoded(encoded)
	if err != nil {
		return nil, err
	}
	return kratosjson.Marshal(res.GetSession())
}

// ownError is an error for one caller: whoever gets it may change it.
func ownError(err error) error {
	e := new(adapters.Error)
	if !errors.As(err, &e) {
		return err
	}
	own := *e
	own.Upstream = proto.CloneOf(e.Upstream)
	return &own
}
