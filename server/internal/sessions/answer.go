package sessions

import (
	"context"
	"errors"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosjson"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// answer is what a question to Kratos has come to. All who have waited for it share it, so nothing of it is changed.
type answer struct {
	// message is the response, encoded is the same as it goes out: it is encoded once, not for each who asks.
	message *kratosgrpcv1.WhoamiResponse
	encoded []byte
	carried adapters.Answer
	err     error

	// once guards json, which is made when it is first asked for.
	once    sync.Once
	json    []byte
	jsonErr error
}

// question asks Kratos.
func (l *Lookup) question(ctx context.Context, adapter adapters.Adapter, caller adapters.Caller, req *kratosgrpcv1.WhoamiRequest) *answer {
	x := &adapters.Exchange{Caller: caller}
	res, err := adapter.Whoami(ctx, x, req)
	a := &answer{message: res, carried: x.Answer, err: err}
	if err == nil {
		l.options.Prepare(res)
		a.encoded, a.err = proto.Marshal(res)
	}
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

// json is a session that was found, as Kratos writes it.
func (l *Lookup) json(f found) ([]byte, error) {
	if f.entry != nil {
		return l.cache.json(f.key, f.entry)
	}
	f.answer.once.Do(func() { f.answer.json, f.answer.jsonErr = kratosjson.Marshal(f.answer.message.GetSession()) })
	return f.answer.json, f.answer.jsonErr
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
