package shared

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"golang.org/x/crypto/chacha20poly1305"
)

// format is the version of what is in Redis and between replicas. Replicas of another one neither see nor hear these: a new
// one wants a word in the changelog, for changes don't cross while both run.
const format = "1"

// nameBytes is how much of an HMAC makes a name.
const nameBytes = 16

// sealer makes names and seals values, under keys of their own.
type sealer struct {
	naming []byte
	aead   cipher.AEAD
	// prefix is what all names begin with: who has another secret has other names.
	prefix string
}

func newSealer(secret []byte) (*sealer, error) {
	derive := func(label string, size int) ([]byte, error) {
		return hkdf.Key(sha256.New, secret, nil, "kratosgrpc session cache "+format+": "+label, size)
	}
	naming, err := derive("names", sha256.Size)
	if err != nil {
		return nil, err
	}
	sealing, err := derive("values", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	prefix, err := derive("prefix", 8) //nolint:mnd // Enough to tell secrets apart.
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.NewX(sealing)
	if err != nil {
		return nil, err
	}
	return &sealer{naming: naming, aead: aead, prefix: "kratosgrpc:" + hex.EncodeToString(prefix) + ":"}, nil
}

// hash stands for something of a kind, and tells nothing of it.
func (s *sealer) hash(kind string, of []byte) string {
	mac := hmac.New(sha256.New, s.naming)
	_, _ = mac.Write([]byte(kind))
	_, _ = mac.Write([]byte{0})
	_, _ = mac.Write(of)
	return hex.EncodeToString(mac.Sum(nil)[:nameBytes])
}

// seal encrypts for a place: it can't be opened for another one.
func (s *sealer) seal(plain []byte, place string) []byte {
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	_, _ = rand.Read(nonce)
	return s.aead.Seal(nonce, nonce, plain, []byte(place))
}

var errForeign = errors.New("it was not sealed by a replica for this place")

func (s *sealer) open(sealed []byte, place string) ([]byte, error) {
	size := s.aead.NonceSize()
	if len(sealed) < size {
		return nil, errForeign
	}
	plain, err := s.aead.Open(nil, sealed[:size], sealed[size:], []byte(place))
	if err != nil {
		return nil, errForeign
	}
	return plain, nil
}
