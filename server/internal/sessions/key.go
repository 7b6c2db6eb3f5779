package sessions

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"hash"
	"sync"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// key stands for a credential.
type key [sha256.Size]byte

// keyer makes keys under a secret.
type keyer struct{ pool sync.Pool }

// newKeyer takes a secret; without one it makes one.
func newKeyer(secret []byte) *keyer {
	if len(secret) == 0 {
		secret = make([]byte, sha256.Size)
		_, _ = rand.Read(secret)
	}
	return &keyer{pool: sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

// The kinds of credentials, of which each has keys of its own.
const (
	kindBearer = iota
	kindToken
	kindCookie
)

// of makes the key of a caller, whose session cookie is cookies, and says whether there is anything to make one of.
func (k *keyer) of(c *adapters.Caller, cookies string) (sum key, ok bool) {
	kind, credential := byte(kindBearer), c.Credential.Token
	switch c.Credential.Kind {
	case adapters.BearerToken:
	case adapters.SessionToken:
		kind = kindToken
	case adapters.NoCredential:
		kind, credential = kindCookie, cookies
	}
	if credential == "" {
		return key{}, false
	}
	mac := k.pool.Get().(hash.Hash) //nolint:forcetypeassert // Nothing else is in there.
	defer k.pool.Put(mac)
	mac.Reset()
	_, _ = mac.Write([]byte{kind})
	_, _ = mac.Write([]byte(credential))
	mac.Sum(sum[:0])
	return sum, true
}
