package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

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
	// restOnly is a case that only JSON can say.
	restOnly bool
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
		resourceCases(), expiredCases(), requestCases(),
	)
}

func TestCases(t *testing.T) {
	t.Parallel()
	worlds := startWorlds(t)
	for _, c := range allCases() {
		w := worlds[c.world]
		t.Run(c.name, func(t *testing.T) {
			if !c.restOnly {
				t.Run("grpc", func(t *testing.T) { c.run(t, w, &grpcClient{conn: w.server.conn}) })
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
		})
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

// verifyCookies checks that each cookie stands for itself: joined into one value they would be one cookie to a browser.
func verifyCookies(t *testing.T, r reply) {
	t.Helper()
	for _, value := range r.cookies {
		if _, err := http.ParseSetCookie(value); err != nil {
			t.Errorf("%v: %s", err, value)
		}
		names := 0
		for _, name := range []string{"csrf_token=", "ory_kratos_session=", "ory_kratos_continuity="} {
			names += strings.Count(value, name)
		}
		if names != 1 {
			t.Errorf("this is not one of Kratos's cookies, but %d: %s", names, value)
		}
	}
}

// alwaysWorks are the RPCs that can only fail with Kratos itself.
var alwaysWorks = map[string]string{
	kratosgrpcv1.RecoveryService_InitializeRecoveryViaApiFlow_FullMethodName:         "it takes nothing, and needs no session",
	kratosgrpcv1.VerificationService_InitializeVerificationViaApiFlow_FullMethodName: "it takes nothing, and needs no session",
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
				rpcs++
				rpc := "/" + string(service.FullName()) + "/" + string(service.Methods().Get(j).Name())
				if !works[rpc] {
					t.Errorf("no case has %s succeed", rpc)
				}
				if why, ok := alwaysWorks[rpc]; ok == fails[rpc] {
					t.Errorf("a case has %s fail: %t; it should not be able to: %t (%s)", rpc, fails[rpc], ok, why)
				}
			}
		}
		return true
	})
	if rpcs != 27 {
		t.Errorf("the contract has %d RPCs, and Kratos 0.5 has 27 operations", rpcs)
	}
}
