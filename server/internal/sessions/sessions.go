package sessions

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"runtime"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
	"github.com/kratosgrpc/kratosgrpc/server/internal/sessions/shared"
)

// Options say how sessions are looked up.
type Options struct {
	// TTL is how long Kratos's answer is good at most. Without one nothing is kept.
	TTL time.Duration
	// NegativeTTL is how long it is good that there is no such session, at most TTL.
	NegativeTTL time.Duration
	// Size is how many sessions are kept at most.
	Size int
	// Key is the secret under which credentials are hashed. Without one there is a new one each time.
	Key []byte
	// Timeout bounds a question to Kratos, which outlives whoever asked first, unless that one has more time.
	Timeout time.Duration
	// Prepare changes an answer of Kratos's before it is kept: what is kept goes out as it is. Nil changes nothing.
	Prepare func(*kratosgrpcv1.WhoamiResponse)
	// Now is the clock. Nil is the real one.
	Now func() time.Time
	// Redis is the second level that replicas share. Nil is for a server that is alone.
	Redis *Redis
}

// Lookup tells whose session a credential is.
type Lookup struct {
	options Options
	keys    *keyer
	cache   *cache
	flights singleflight.Group
	watches watches
	shared  *shared.Level
}

// New makes a lookup that knows nothing yet.
func New(o Options) (*Lookup, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	c, err := newCache(o)
	if err != nil {
		return nil, err
	}
	keys, err := newKeyer(o.Key)
	if err != nil {
		return nil, err
	}
	l := &Lookup{options: o, keys: keys, cache: c, watches: watches{all: map[key]*watched{}}}
	return l, l.share()
}

// Whoami tells whose session the caller's credential is: it is the RPC of that name. The response is encoded already, as
// its unknown fields, where it costs nothing and looks the same to whoever receives it; Decoded reads it. It is as
// Options.Prepare has made it.
func (l *Lookup) Whoami(adapter adapters.Adapter, ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (*kratosgrpcv1.WhoamiResponse, error) { //nolint:revive // In the order of a method expression.
	found, err := l.find(ctx, adapter, x, req)
	if err != nil {
		return nil, err
	}
	res := new(kratosgrpcv1.WhoamiResponse)
	res.ProtoReflect().SetUnknown(found.encoded)
	return res, nil
}

// WhoamiJSON is Whoami with the session as Kratos writes it.
func (l *Lookup) WhoamiJSON(adapter adapters.Adapter, ctx context.Context, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (*httpbody.HttpBody, error) { //nolint:revive // In the order of a method expression.
	found, err := l.find(ctx, adapter, x, req)
	if err != nil {
		return nil, err
	}
	body, err := l.json(found)
	return &httpbody.HttpBody{Data: body}, err
}

// Encoded is a response of Whoami as it goes out. Others have it too: nothing of it is changed.
func Encoded(res *kratosgrpcv1.WhoamiResponse) []byte { return res.ProtoReflect().GetUnknown() }

// Decoded is a response of Whoami with its fields, for who wants to read them.
func Decoded(res *kratosgrpcv1.WhoamiResponse) (*kratosgrpcv1.WhoamiResponse, error) {
	return decoded(Encoded(res))
}

func decoded(encoded []byte) (*kratosgrpcv1.WhoamiResponse, error) {
	res := new(kratosgrpcv1.WhoamiResponse)
	return res, proto.Unmarshal(encoded, res)
}

// found is a session, as an answer has it that was waited for, or an entry that was kept.
type found struct {
	encoded []byte
	answer  *answer
	key     key
	entry   *entry
}

// find finds the session of a caller's credential.
func (l *Lookup) find(ctx context.Context, adapter adapters.Adapter, x *adapters.Exchange, req *kratosgrpcv1.WhoamiRequest) (found, error) {
	k, ok := l.keyOf(adapter, &x.Caller)
	maxAge := time.Duration(math.MaxInt64)
	if req.GetMaxStaleness() != nil {
		maxAge = req.GetMaxStaleness().AsDuration()
	}
	if !ok || req.GetTokenizeAs() != "" || maxAge <= 0 {
		// Nobody's question is nobody else's, a token that is made for one is not for another, and who wants to know what is
		// true now must not be told what was true a moment ago.
		return l.question(ctx, adapter, x.Caller, req).share(x)
	}
	if e := l.cache.find(k, maxAge); e != nil {
		return e.share(k, x)
	}
	epoch := l.cache.current()
	fresh := maxAge != time.Duration(math.MaxInt64)
	flight := flightOf(k, epoch, fresh)
	done := l.flights.DoChan(flight, func() (any, error) {
		growStack()
		// Should Kratos never answer this one, those who come later ask for themselves.
		defer time.AfterFunc(l.options.Timeout/joined, func() { l.flights.Forget(flight) }).Stop()
		if !fresh {
			// The one who asked before may have had the answer since this one has looked.
			if e := l.cache.find(k, maxAge); e != nil {
				return e.again(), nil
			}
		}
		return l.ask(ctx, adapter, x.Caller, req, k, epoch, fresh), nil
	})
	select {
	case result := <-done:
		a, ok := result.Val.(*answer)
		if !ok {
			return found{}, errors.New("a lookup had no answer")
		}
		return a.share(x)
	case <-ctx.Done():
		return found{}, gaveUp(ctx)
	}
}

// joined is the part of the time that a question may take, in which others still join it.
const joined = 4

// flightOf names the question of a credential in an epoch. Who wants a fresh answer does not join those who may be told
// what is known.
func flightOf(k key, epoch uint64, fresh bool) string {
	name := binary.BigEndian.AppendUint64(k[:], epoch)
	if fresh {
		name = append(name, 'f')
	}
	return string(name)
}

func gaveUp(ctx context.Context) error {
	e := &adapters.Error{Reason: kratosgrpcv1.ErrorReason_ERROR_REASON_CANCELLED, Message: "the caller gave up", Err: ctx.Err()}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		e.Reason, e.Message = kratosgrpcv1.ErrorReason_ERROR_REASON_DEADLINE_EXCEEDED, "Kratos did not answer within the call's deadline"
	}
	return e
}

// growStack has the stack of a new goroutine grow to what a question needs, while there is next to nothing on it: in steps,
// on the way down, it would be copied each time, which took an eighth of all that a question costs.
//
//go:noinline
func growStack() {
	var deep [12 << 10]byte
	runtime.KeepAlive(&deep)
}

// ask asks the other replicas, unless the answer is to be fresh, and then Kratos, for all who want to know, and keeps what
// may be kept.
func (l *Lookup) ask(ctx context.Context, adapter adapters.Adapter, caller adapters.Caller, req *kratosgrpcv1.WhoamiRequest, k key, epoch uint64, fresh bool) (a *answer) {
	defer func() {
		// It runs in a goroutine of its own, where a panic would end the process.
		if p := recover(); p != nil {
			a = &answer{err: fmt.Errorf("a panic with a %T", p)}
		}
	}()
	timeout := l.options.Timeout
	if deadline, ok := ctx.Deadline(); ok {
		// Who asks first may have more time than usual; that it has less is no reason to let the others down.
		timeout = max(timeout, time.Until(deadline))
	}
	ctx, cancel := adapters.Unattended(ctx, timeout)
	defer cancel()
	known, ticket := l.fromOthers(ctx, k, epoch)
	if known != nil && !fresh {
		return known
	}
	asked := l.options.Now()
	a = l.question(ctx, adapter, caller, req)
	if e := l.entryOf(a, asked, epoch); e != nil {
		l.cache.add(k, e)
		l.forOthers(ctx, ticket, k, e)
	}
	return a
}

// entryOf is what is kept of an answer, or nil.
func (l *Lookup) entryOf(a *answer, asked time.Time, epoch uint64) *entry {
	if l.options.TTL <= 0 {
		return nil
	}
	if len(a.carried.SetCookies) > 0 {
		// A cookie has to come to the browser that it is for.
		return nil
	}
	if a.err == nil {
		if a.facts.Inactive {
			return nil
		}
		expires := asked.Add(l.options.TTL)
		if limit := a.carried.CacheFor; limit != nil {
			expires = earlier(expires, asked.Add(*limit))
		}
		if !a.facts.ExpiresAt.IsZero() {
			expires = earlier(expires, a.facts.ExpiresAt)
		}
		if !expires.After(asked) {
			return nil
		}
		return &entry{encoded: a.encoded, sessionID: a.facts.SessionID, identityID: a.facts.IdentityID, asked: asked, expires: expires, epoch: epoch}
	}
	e := new(adapters.Error)
	if !errors.As(a.err, &e) || e.Reason != kratosgrpcv1.ErrorReason_ERROR_REASON_NO_ACTIVE_SESSION || e.HTTPStatus != 401 {
		return nil
	}
	return &entry{refusal: e, asked: asked, expires: asked.Add(l.cache.negativeTTL), epoch: epoch}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// keyOf makes the key of a caller's credential, if it has one.
func (l *Lookup) keyOf(adapter adapters.Adapter, c *adapters.Caller) (key, bool) {
	return l.keys.of(c, c.CookieHeader(func(name string) bool { return name == adapter.SessionCookie() }))
}
