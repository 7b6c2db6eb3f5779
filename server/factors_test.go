package server_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// startV13 has a server in front of a Kratos 1.3.1 of its own, for what takes more than one call.
func startV13(t *testing.T, options kratostest.Options) *fixture {
	t.Helper()
	options.Version = kratostest.V13
	kratos := kratostest.StartT(t, options)
	s := startServer(t, adapterFor(t, options.Version, kratos.PublicURL))
	return &fixture{t: t, world: &runningWorld{version: options.Version, kratos: kratos, server: s}, own: &grpcClient{conn: s.conn}}
}

// oneTimePassword is what an authenticator app shows at a time: RFC 6238.
func oneTimePassword(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	if err := binary.Write(mac, binary.BigEndian, at.Unix()/30); err != nil {
		t.Fatal(err)
	}
	sum := mac.Sum(nil)
	place := sum[len(sum)-1] & 0xf
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[place:])&0x7fffffff%1_000_000)
}

// TestSecondFactor enrols an authenticator app, finds that a password alone does not do any more, and logs in with both.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	const (
		settings  = kratosgrpcv1.SettingsService_UpdateSettingsFlow_FullMethodName
		login     = kratosgrpcv1.LoginService_UpdateLoginFlow_FullMethodName
		initLogin = kratosgrpcv1.LoginService_InitializeLoginViaApiFlow_FullMethodName
		whoami    = kratosgrpcv1.SessionService_Whoami_FullMethodName
		wrongCode = 4000008
	)
	f := startV13(t, kratostest.Options{})
	mine := f.session()

	start := f.must(kratosgrpcv1.SettingsService_InitializeSettingsViaApiFlow_FullMethodName, nil, mine)
	secret, _ := at(node(start.body, "totp_secret_key"), "attributes.text.context.secret").(string)
	if secret == "" {
		t.Fatalf("the flow shows no secret: %v", start.body)
	}
	enrol := func(code string) reply {
		t.Helper()
		return f.must(settings, object{"flow": start.text("id"), "method": "totp", "payload": object{"totp_code": code}}, mine)
	}
	if r := enrol("000000"); r.outcome != "flow" || !slices.Contains(messageIDs(r.body), wrongCode) {
		t.Errorf("a wrong code is %q, with %v", r.outcome, messageIDs(r.body))
	}
	if r := enrol(oneTimePassword(t, secret, time.Now())); r.outcome != "success" || r.text("state") != "success" {
		t.Fatalf("the right code is %q: %v", r.outcome, r.body)
	}
	if r := f.must(whoami, nil, mine); r.text("authenticator_assurance_level") != "aal2" {
		t.Errorf("who has just shown a second factor is at %s", r.text("authenticator_assurance_level"))
	}

	// A password alone.
	half := caller{sessionToken: f.logInAgain()}
	higher := want{code: codes.PermissionDenied, reason: "HIGHER_AAL_REQUIRED", status: 403}
	asked := call{rpc: whoami, message: &kratosgrpcv1.WhoamiRequest{}, caller: half}
	overGRPC := f.own.do(t, asked)
	f.own.verify(t, overGRPC, higher)
	to := verifyDetails(t, overGRPC.failure).GetMetadata()["redirect_to"]
	if queryOf(t, to).Get("aal") != "aal2" {
		t.Errorf("the metadata leads to %q", to)
	}
	rest := &restClient{base: f.world.server.rest, http: f.world.server.http}
	overREST := rest.do(t, asked)
	rest.verify(t, overREST, higher)
	if overREST.text("redirect_browser_to") != to || overREST.text("error.id") != "session_aal2_required" || overREST.location != "" {
		t.Errorf("the answer is %v, and leads to %q", overREST.body, overREST.location)
	}

	// And the second factor.
	second := f.must(initLogin, object{"aal": "aal2"}, half)
	if second.text("requested_aal") != "aal2" || node(second.body, "totp_code") == nil {
		t.Fatalf("this is no login with a second factor: %v", second.body)
	}
	complete := func(code string) reply {
		t.Helper()
		return f.must(login, object{"flow": second.text("id"), "payload": object{"method": "totp", "totp_code": code}}, half)
	}
	if r := complete("000000"); r.outcome != "flow" || !slices.Contains(messageIDs(r.body), wrongCode) {
		t.Errorf("a wrong code is %q, with %v", r.outcome, messageIDs(r.body))
	}
	if r := complete(oneTimePassword(t, secret, time.Now())); r.outcome != "success" || r.text("session.authenticator_assurance_level") != "aal2" {
		t.Fatalf("the right code is %q: %v", r.outcome, r.body)
	}
	full := f.must(whoami, nil, half)
	if full.text("authenticator_assurance_level") != "aal2" || full.text("authentication_methods.0.method") != "password" || full.text("authentication_methods.1.method") != "totp" {
		t.Errorf("the session is %v", full.body)
	}
}

// TestMailedCode verifies an address with the code in a mail: first opens the link that is there too, which leads to where
// the code can be typed in.
func TestMailedCode(t *testing.T) {
	t.Parallel()
	const update = kratosgrpcv1.VerificationService_UpdateVerificationFlow_FullMethodName
	mailbox := kratostest.NewMailboxT(t)
	f := startV13(t, kratostest.Options{MailCodes: true, SMTPURL: mailbox.URL})
	f.register()
	var links []string
	for deadline := time.Now().Add(30 * time.Second); len(links) == 0 && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		links = mailbox.Links(f.account.email)
	}
	if len(links) == 0 {
		t.Fatal("no mail came")
	}
	link, err := url.Parse(links[0])
	if err != nil {
		t.Fatal(err)
	}
	b := f.open()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.world.server.rest+link.RequestURI(), http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	res, err := f.world.server.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	opened := readReply(t, res)
	if res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(opened.location, "http://127.0.0.1:4455/verify?flow=") {
		t.Fatalf("the link leads to %d %q: %v", res.StatusCode, opened.location, opened.body)
	}
	b.take(opened)
	flow := b.fetch("Verification", "code", flowIn(t, opened.location))

	complete := func(code string) reply {
		t.Helper()
		return f.must(update, object{"flow": flow, "payload": object{"method": "code", "code": code, "csrf_token": b.csrf}}, b.script())
	}
	const wrongCode, verified = 4070006, 1080002
	if r := complete("000000"); r.outcome != "flow" || !slices.Contains(messageIDs(r.body), wrongCode) {
		t.Errorf("a wrong code is %q, with %v", r.outcome, messageIDs(r.body))
	}
	if r := complete(mailbox.Codes(f.account.email)[0]); r.outcome != "success" || r.text("state") != "passed_challenge" || !slices.Contains(messageIDs(r.body), verified) {
		t.Errorf("the right code is %q: %v", r.outcome, r.body)
	}
	whoami := f.must(service("Session", "Whoami"), nil, caller{sessionToken: f.account.token})
	if whoami.at("identity.verifiable_addresses.0.verified") != true {
		t.Errorf("the address is not verified: %v", whoami.body)
	}
}

// TestCodeLogin signs somebody up and in with codes that are mailed.
func TestCodeLogin(t *testing.T) {
	t.Parallel()
	const (
		signUp       = kratosgrpcv1.RegistrationService_UpdateRegistrationFlow_FullMethodName
		login        = kratosgrpcv1.LoginService_UpdateLoginFlow_FullMethodName
		signUpMailed = 1040005
		loginMailed  = 1010014
		wrongCode    = 4010008
	)
	mailbox := kratostest.NewMailboxT(t)
	f := startV13(t, kratostest.Options{MailCodes: true, CodeLogin: true, SMTPURL: mailbox.URL})
	email := newEmail()
	// code is the newest of so many that were mailed.
	code := func(mailed int) string {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if got := mailbox.Codes(email); len(got) >= mailed {
				return got[mailed-1]
			}
		}
		t.Fatalf("no code came")
		return ""
	}
	sent := func(r reply, message int) {
		t.Helper()
		if r.outcome != "flow" || r.text("state") != "sent_email" || !slices.Contains(messageIDs(r.body), message) {
			t.Fatalf("no code was sent: %q, %v", r.outcome, r.body)
		}
	}

	flow, traits := f.start("Registration", caller{}), object{"email": email}
	sent(f.must(signUp, object{"flow": flow, "method": "code", "payload": object{"traits": traits}}, caller{}), signUpMailed)
	r := f.must(signUp, object{"flow": flow, "method": "code", "payload": object{"traits": traits, "code": code(1)}}, caller{})
	if r.outcome != "success" || r.text("identity.traits.email") != email || !f.alive(r.text("session_token")) {
		t.Fatalf("nobody is registered: %q, %v", r.outcome, r.body)
	}

	flow = f.start("Login", caller{})
	before := len(mailbox.Codes(email))
	sent(f.must(login, object{"flow": flow, "payload": object{"method": "code", "identifier": email}}, caller{}), loginMailed)
	guess := f.must(login, object{"flow": flow, "payload": object{"method": "code", "identifier": email, "code": "000000"}}, caller{})
	if guess.outcome != "flow" || !slices.Contains(messageIDs(guess.body), wrongCode) {
		t.Errorf("a wrong code is %q, with %v", guess.outcome, messageIDs(guess.body))
	}
	right := f.must(login, object{"flow": flow, "payload": object{"method": "code", "identifier": email, "code": code(before + 1)}}, caller{})
	if right.outcome != "success" || !strings.HasPrefix(right.text("session_token"), "ory_st_") {
		t.Fatalf("the right code is %q: %v", right.outcome, right.body)
	}
	whoami := f.must(service("Session", "Whoami"), nil, caller{sessionToken: right.text("session_token")})
	if whoami.text("identity.traits.email") != email || whoami.text("authentication_methods.0.method") != "code" {
		t.Errorf("the session is %v", whoami.body)
	}
}
