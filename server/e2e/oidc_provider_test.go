package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// openIDProvider is an OpenID provider where everybody is whoever they say they are. The protocol is a library's; what
// is left to do here is its memory and its login.
type openIDProvider struct {
	server *httptest.Server
	memory *providerMemory
}

// startProvider starts a provider with one client, which may have people sent back to the given address.
func startProvider(t *testing.T, redirectURI string) *openIDProvider {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	p := &openIDProvider{server: httptest.NewServer(mux), memory: &providerMemory{
		key: key, client: providerClient{redirectURI: redirectURI}, requests: map[string]*authRequest{}, codes: map[string]string{},
	}}
	t.Cleanup(p.server.Close)

	protocol, err := op.NewProvider(new(op.Config), p.memory, op.StaticIssuer(p.server.URL), op.WithAllowInsecure())
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", protocol)
	// There is no page with a form: guest, which has no eyes, fills it in unseen.
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("request")
		if err := p.memory.logIn(id, r.FormValue("name")); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, p.server.URL+"/authorize/callback?id="+id, http.StatusFound)
	})
	return p
}

// The client that Kratos is at the provider.
const (
	providerClientID     = "kratos"
	providerClientSecret = "open-sesame"
)

// kratosConfig is the provider in Kratos's configuration, under an id. Who comes from there is not registered by Kratos
// in these tests, but it wants to know how.
func (p *openIDProvider) kratosConfig(id string) map[string]any {
	const mapper = `local claims = std.extVar('claims'); {identity: {traits: {email: claims.sub + '@provider.example.org'}}}`
	return map[string]any{
		"id":            id,
		"provider":      "generic",
		"issuer_url":    p.server.URL,
		"client_id":     providerClientID,
		"client_secret": providerClientSecret,
		"mapper_url":    "base64://" + base64.StdEncoding.EncodeToString([]byte(mapper)),
	}
}

// providerMemory is what the library wants remembered. What it would ask of no client like Kratos is the embedded
// interface's, which is nil.
type providerMemory struct {
	op.Storage

	key    *rsa.PrivateKey
	client providerClient

	mu       sync.Mutex
	requests map[string]*authRequest
	codes    map[string]string // the id of the request that a code is for
}

var errUnknown = errors.New("there is no such thing here")

func (m *providerMemory) logIn(request, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.requests[request]
	if r == nil || name == "" {
		return errUnknown
	}
	r.subject, r.at = name, time.Now()
	return nil
}

func (m *providerMemory) CreateAuthRequest(_ context.Context, asked *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := &authRequest{AuthRequest: asked, id: rand.Text()}
	m.requests[r.id] = r
	return r, nil
}

func (m *providerMemory) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.requests[id]; r != nil {
		return r, nil
	}
	return nil, errUnknown
}

func (m *providerMemory) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	m.mu.Lock()
	id := m.codes[code]
	m.mu.Unlock()
	return m.AuthRequestByID(ctx, id)
}

func (m *providerMemory) SaveAuthCode(_ context.Context, id, code string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.codes[code] = id
	return nil
}

func (m *providerMemory) DeleteAuthRequest(_ context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.requests, id)
	return nil
}

func (m *providerMemory) CreateAccessToken(context.Context, op.TokenRequest) (string, time.Time, error) {
	return rand.Text(), time.Now().Add(time.Minute), nil
}

func (m *providerMemory) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != providerClientID {
		return nil, errUnknown
	}
	return &m.client, nil
}

func (m *providerMemory) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != providerClientID || secret != providerClientSecret {
		return errUnknown
	}
	return nil
}

func (m *providerMemory) SetUserinfoFromScopes(_ context.Context, info *oidc.UserInfo, subject, _ string, _ []string) error {
	info.Subject = subject // Which takes the place of the subject that the ID token has.
	return nil
}

func (m *providerMemory) SigningKey(context.Context) (op.SigningKey, error) {
	return signingKey{m.key}, nil
}

func (m *providerMemory) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}

func (m *providerMemory) KeySet(context.Context) ([]op.Key, error) {
	return []op.Key{publicKey{&m.key.PublicKey}}, nil
}

func (m *providerMemory) Health(context.Context) error { return nil }

// authRequest is somebody's way through the provider.
type authRequest struct {
	*oidc.AuthRequest

	id      string
	subject string
	at      time.Time
}

func (r *authRequest) GetID() string                         { return r.id }
func (r *authRequest) GetACR() string                        { return "" }
func (r *authRequest) GetAMR() []string                      { return nil }
func (r *authRequest) GetAudience() []string                 { return []string{r.ClientID} }
func (r *authRequest) GetAuthTime() time.Time                { return r.at }
func (r *authRequest) GetClientID() string                   { return r.ClientID }
func (r *authRequest) GetCodeChallenge() *oidc.CodeChallenge { return nil }
func (r *authRequest) GetNonce() string                      { return r.Nonce }
func (r *authRequest) GetScopes() []string                   { return r.Scopes }
func (r *authRequest) GetSubject() string                    { return r.subject }
func (r *authRequest) Done() bool                            { return r.subject != "" }

// providerClient is Kratos, seen from the provider.
type providerClient struct{ redirectURI string }

func (c *providerClient) GetID() string                        { return providerClientID }
func (c *providerClient) RedirectURIs() []string               { return []string{c.redirectURI} }
func (c *providerClient) PostLogoutRedirectURIs() []string     { return nil }
func (c *providerClient) ApplicationType() op.ApplicationType  { return op.ApplicationTypeWeb }
func (c *providerClient) AuthMethod() oidc.AuthMethod          { return oidc.AuthMethodBasic }
func (c *providerClient) LoginURL(request string) string       { return "/login?request=" + request }
func (c *providerClient) AccessTokenType() op.AccessTokenType  { return op.AccessTokenTypeBearer }
func (c *providerClient) IDTokenLifetime() time.Duration       { return time.Minute }
func (c *providerClient) IsScopeAllowed(string) bool           { return false }
func (c *providerClient) IDTokenUserinfoClaimsAssertion() bool { return false }
func (c *providerClient) ClockSkew() time.Duration             { return 0 }

// DevMode allows plain HTTP.
func (c *providerClient) DevMode() bool { return true }

func (c *providerClient) ResponseTypes() []oidc.ResponseType {
	return []oidc.ResponseType{oidc.ResponseTypeCode}
}

func (c *providerClient) GrantTypes() []oidc.GrantType { return []oidc.GrantType{oidc.GrantTypeCode} }

//nolint:revive // The library spells it Id.
func (c *providerClient) RestrictAdditionalIdTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

func (c *providerClient) RestrictAdditionalAccessTokenScopes() func([]string) []string {
	return func(scopes []string) []string { return scopes }
}

const signingKeyID = "the-one"

type signingKey struct{ key *rsa.PrivateKey }

func (signingKey) SignatureAlgorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (signingKey) ID() string                                  { return signingKeyID }
func (k signingKey) Key() any                                  { return k.key }

type publicKey struct{ key *rsa.PublicKey }

func (publicKey) Algorithm() jose.SignatureAlgorithm { return jose.RS256 }
func (publicKey) ID() string                         { return signingKeyID }
func (publicKey) Use() string                        { return "sig" }
func (k publicKey) Key() any                         { return k.key }
