package sessions

import (
	"crypto/hkdf"
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

// hasher is what makes one key at a time, and a place for what it hashes.
type hasher struct {
	mac  hash.Hash
	text []byte
}

// newKeyer takes a secret, from which it derives its own; without one it makes one.
func newKeyer(secret []byte) (*keyer, error) {
	if len(secret) == 0 {
		secret = make([]byte, sha256.Size)
		_, _ = rand.Read(secret)
	}
	// Package shared has other labels for what it derives.
	secret, err := hkdf.Key(sha256.New, secret, nil, "kratosgrpc session cache: lookup", sha256.Size)
	if err != nil {
		return nil, err
	}
	return &keyer{pool: sync.Pool{New: func() any {
		h := &hasher{mac: hmac.New(sha256.New, secret)}
		// The first time, it only takes down what it resets to.
		h.mac.Reset()
		return h
	}}}, nil
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
	h := k.pool.Get().(*hasher) //nolint:forcetypeassert // Nothing else is in there.
	defer k.pool.Put(h)
	return h.sum(kind, credential), true
}

// sum hashes a credential, and keeps nothing of it: what hashes holds the end of it until it is reset.
func (h *hasher) sum(kind byte, credential string) (k key) {
	h.text = append(append(h.text[:0], kind), credential...)
	_, _ = h.mac.Write(h.text)
	clear(h.text)
	h.text = h.mac.Sum(h.text[:0])
	h.mac.Reset()
	copy(k[:], h.text)
	return k
}
