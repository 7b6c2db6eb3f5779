package server_test

import (
	"net/http"
	"regexp"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// testCase is one thing that an RPC does. Each runs over both transports, against a real Kratos.
type testCase struct {
	name string
	rpc  string
	// world is the Kratos to ask; empty is the ordinary one.
	world world
	// prepare makes what the call needs, and says who calls with which message.
	prepare func(f *fixture) (proto.Message, caller)
	want    want
	// restOnly is a case that only JSON can say, grpcOnly one that only gRPC can.
	restOnly, grpcOnly bool
	// only is the one generation that the case is about; empty is both.
	only kratostest.Version
	// later is what must come of Kratos 1.x, where that is something else.
	later *want
	// aliases are additional bindings of the RPC, from 1 on, that the case is run with too, over REST.
	aliases []int
	// byGET is a completion without a form, that a browser is sent to by Kratos, and so makes by GET.
	byGET bool
}

// want is what must come.
type want struct {
	// outcome is the one of a completion, "redirect" of whatever sends a browser on, and empty for a resource.
	outcome string
	// code and reason are those of an error.
	code   codes.Code
	reason string
	// status is the HTTP status, where it does not follow from the outcome.
	status int
	// ours is an error that Kratos did not word, for the most part because it need not be asked. Where a field of the
	// request is to blame for it, that is the violation.
	ours      bool
	violation string
	// restReason is the reason over REST, where that is another one.
	restReason string
	// replaced is an error that names the flow that Kratos started in place of an expired one.
	replaced bool
	// check looks at the rest.
	check func(t *testing.T, f *fixture, r reply)
}

// failed says whether a case is about something that does not work out.
func (w want) failed() bool { return w.code != codes.OK || w.outcome == "flow" }

func (w want) httpStatus() int {
	switch {
	case w.status != 0:
		return w.status
	case w.outcome == "flow":
		return http.StatusBadRequest
	case w.outcome == "redirect":
		return http.StatusFound
	default:
		return http.StatusOK
	}
}

// allCases is the table.
func allCases() []testCase {
	return slices.Concat(
		loginCases(), registrationCases(), settingsCases(), settingsBrowserCases(), linkCases(), sessionCases(),
		resourceCases(), expiredCases(), requestCases(), updateCases(), updateSettingsCases(), updateLinkCases(), ownSessionsCases(),
		logoutCases(), unsupportedCases(),
	)
}

// generations are those whose adapters the cases run through, each in front of its own Kratos.
func generations() []kratostest.Version {
	return []kratostest.Version{kratostest.V05, kratostest.V13}
}

func TestCases(t *testing.T) {
	t.Parallel()
	for _, version := range generations() {
		t.Run(string(version), func(t *testing.T) {
			t.Parallel()
			worlds := startWorlds(t, version)
			for _, c := range allCases() {
				if c.only != "" && c.only != version {
					continue
				}
				if c.later != nil && version != kratostest.V05 {
					c.want = *c.later
				}
				t.Run(c.name, func(t *testing.T) { c.overAll(t, worlds[c.world]) })
			}
		})
	}
}

// overAll runs a case over all transports and paths.
func (c testCase) overAll(t *testing.T, w *runningWorld) {
	t.Helper()
	if c.want.outcome == "redirect" && c.want.status == 0 && isUpdate(c.rpc) {
		c.want.status = http.StatusSeeOther
	}
	if !c.restOnly {
		t.Run("grpc", func(t *testing.T) { c.run(t, w, &grpcClient{conn: w.server.conn}) })
	}
	if c.grpcOnly {
		return
	}
	rest := restClient{base: w.server.rest, http: w.server.http}
	t.Run("rest", func(t *testing.T) { c.run(t, w, &rest) })
	if c.byGET {
		other := rest
		other.byGET = true
		t.Run("GET", func(t *testing.T) { c.run(t, w, &other) })
	}
	rules := bindings(method(t, c.rpc))
	for _, i := range c.aliases {
		verb, path := verbAndPath(rules[i])
		other := rest
		other.binding = i
		t.Run(verb+" "+path, func(t *testing.T) { c.run(t, w, &other) })
	}
}

func (c testCase) run(t *testing.T, w *runningWorld, through client) {
	t.Helper()
	t.Parallel()
	f := &fixture{t: t, world: w, own: &grpcClient{conn: w.server.conn}}
	message, caller := c.prepare(f)
	r := through.do(t, call{rpc: c.rpc, message: message, caller: caller})
	through.verify(t, r, c.want)
	verifyCookies(t, r)
	if c.want.check != nil {
		c.want.check(t, f, r)
	}
}

// ownCookies are the names of Kratos's cookies. In 1.x that of the anti-CSRF cookie ends in a hash.
var ownCookies = regexp.MustCompile(`(csrf_token(_[0-9a-f]{64})?|ory_kratos_session|ory_kratos_continuity)=`)

// verifyCookies checks that each cookie stands for itself: joined into one value they would be one cookie to a browser.
func verifyCookies(t *testing.T, r reply) {
	t.Helper()
	for _, value := range r.cookies {
		if _, err := http.ParseSetCookie(value); err != nil {
			t.Errorf("%v: %s", err, value)
		}
		if names := len(ownCookies.FindAllString(value, -1)); names != 1 {
			t.Errorf("this is not one of Kratos's cookies, but %d: %s", names, value)
		}
	}
}

// alwaysWorks are the RPCs that can only fail with Kratos itself.
var alwaysWorks = map[string]string{
	kratosgrpcv1.RecoveryService_InitializeRecoveryViaApiFlow_FullMethodName:         "it takes nothing, and needs no session",
	kratosgrpcv1.VerificationService_InitializeVerificationViaApiFlow_FullMethodName: "it takes nothing, and needs no session",
}

// worksElsewhere are the RPCs that take more than a Kratos to succeed.
var worksElsewhere = map[string]string{
	kratosgrpcv1.SessionService_ExchangeSessionToken_FullMethodName: "it takes an OpenID Connect provider, and a browser that logs in there: see TestNativeOIDC of server/e2e",
}

// TestCasesAreComplete keeps an RPC from having no cases.
func TestCasesAreComplete(t *testing.T) {
	t.Parallel()
	works, fails := map[string]bool{}, map[string]bool{}
	for _, c := range allCases() {
		if c.want.failed() {
			fails[c.rpc] = true
		} else if !c.restOnly {
			works[c.rpc] = true
		}
	}
	rpcs := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("kratosgrpc.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				if bindings(service.Methods().Get(j))[0] == nil {
					// It is the server's own, over gRPC only, and has tests of its own.
					continue
				}
				rpcs++
				rpc := "/" + string(service.FullName()) + "/" + string(service.Methods().Get(j).Name())
				if why := worksElsewhere[rpc]; !works[rpc] && why == "" {
					t.Errorf("no case has %s succeed", rpc)
				}
				if why, ok := alwaysWorks[rpc]; ok == fails[rpc] {
					t.Errorf("a case has %s fail: %t; it should not be able to: %t (%s)", rpc, fails[rpc], ok, why)
				}
			}
		}
		return true
	})
	if rpcs != 41 {
		t.Errorf("the contract has %d RPCs; Kratos 0.5 has 27 operations, and 1.x 14 more", rpcs)
	}
}
