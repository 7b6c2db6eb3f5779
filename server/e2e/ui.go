package e2e

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// NewUI returns a self-service UI: the pages that Kratos sends browsers to. It is a whole one, for login, registration,
// settings and errors, and as small as it can be; it is here as an example as much as for the tests.
//
// A UI shows the forms of flows and takes no part in them:
//
//  1. The browser starts a flow at kratosgrpc's REST view, which is the address that Kratos has for its
//     serve.public.base_url: GET /self-service/login/browser.
//  2. Kratos makes the flow, sets cookies, and sends the browser to the UI, with the flow's id: GET /auth/login?flow=….
//  3. The UI fetches the flow over gRPC, with the browser's cookies, and makes a page of it (flowPage).
//  4. The browser posts the form to the REST view, which is the form's action. The UI never sees a password.
//  5. Kratos sends the browser on: back to 2, with messages in the flow, or to where all is well.
//
// The cookies are Kratos's, and meant for the host of its base URL. For the UI to get them, it has to be on that host or,
// with the flag --cookie-domain, below that domain; the port does not matter.
//
// public is the base URL of the REST view, and conn is a connection to kratosgrpc.
func NewUI(public string, conn grpc.ClientConnInterface) http.Handler {
	var (
		login        = kratosgrpcv1.NewLoginServiceClient(conn)
		registration = kratosgrpcv1.NewRegistrationServiceClient(conn)
		settings     = kratosgrpcv1.NewSettingsServiceClient(conn)
		session      = kratosgrpcv1.NewSessionServiceClient(conn)
		failure      = kratosgrpcv1.NewErrorServiceClient(conn)
	)
	pages := http.NewServeMux()

	// The paths are those that Kratos's configuration has as selfservice.flows.*.ui_url.
	pages.Handle("GET /auth/login", flowPage(public, "login", func(w http.ResponseWriter, r *http.Request, id string) (flow, error) {
		res, err := asVisitor(w, r, login.GetLoginFlow, &kratosgrpcv1.GetLoginFlowRequest{Id: id})
		return res.GetFlow(), err
	}))
	pages.Handle("GET /auth/registration", flowPage(public, "registration", func(w http.ResponseWriter, r *http.Request, id string) (flow, error) {
		res, err := asVisitor(w, r, registration.GetRegistrationFlow, &kratosgrpcv1.GetRegistrationFlowRequest{Id: id})
		return res.GetFlow(), err
	}))
	pages.Handle("GET /settings", flowPage(public, "settings", func(w http.ResponseWriter, r *http.Request, id string) (flow, error) {
		res, err := asVisitor(w, r, settings.GetSettingsFlow, &kratosgrpcv1.GetSettingsFlowRequest{Id: id})
		return res.GetFlow(), err
	}))

	pages.HandleFunc("GET /error", func(w http.ResponseWriter, r *http.Request) {
		// Kratos 0.5 has the error's id in the one parameter, Kratos 1.x in the other.
		id := cmp.Or(r.FormValue("error"), r.FormValue("id"))
		res, err := asVisitor(w, r, failure.GetError, &kratosgrpcv1.GetErrorRequest{Error: id})
		if err != nil {
			unavailable(w)
			return
		}
		render(w, "error", res.GetError())
	})
	pages.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		res, err := asVisitor(w, r, session.Whoami, &kratosgrpcv1.WhoamiRequest{})
		if err != nil && reasonOf(err) != "NO_ACTIVE_SESSION" {
			// That Kratos is down does not mean that nobody is logged in.
			unavailable(w)
			return
		}
		render(w, "home", map[string]any{"Public": public, "Traits": res.GetSession().GetIdentity().GetTraits().AsMap()})
	})
	return pages
}

// asVisitor makes a call in the name of the browser that asks for a page: with its cookies, and handing on those that
// the answer sets.
func asVisitor[Req, Res any](w http.ResponseWriter, r *http.Request, rpc func(context.Context, Req, ...grpc.CallOption) (Res, error), req Req) (Res, error) {
	// Parsed and not as they came: metadata is ASCII, and a cookie of somebody else's on this host may be anything.
	var cookies []string
	for _, cookie := range r.Cookies() {
		cookies = append(cookies, cookie.Name+"="+cookie.Value)
	}
	ctx := metadata.AppendToOutgoingContext(r.Context(), "cookie", strings.Join(cookies, "; "))
	var header metadata.MD
	res, err := rpc(ctx, req, grpc.Header(&header))
	for _, cookie := range header.Get("set-cookie") {
		w.Header().Add("Set-Cookie", cookie)
	}
	return res, err
}

// flow is what flows of all kinds have in common, which is enough to show them.
type flow interface {
	GetMessages() []*kratosgrpcv1.Message
	GetMethods() map[string]*kratosgrpcv1.FlowMethod
}

// flowPage shows the flows of a kind.
func flowPage(public, kind string, get func(w http.ResponseWriter, r *http.Request, id string) (flow, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := public + "/self-service/" + kind + "/browser"
		id := r.FormValue("flow")
		if id == "" {
			// Somebody came here by themselves: flows are started by Kratos, which then leads back here.
			http.Redirect(w, r, start, http.StatusSeeOther)
			return
		}
		f, err := get(w, r, id)
		switch reasonOf(err) {
		case "":
			// Settings say that they are changed by their state. Flows of the other kinds end elsewhere.
			s, _ := f.(interface{ GetState() string })
			render(w, "flow", map[string]any{"Kind": kind, "Flow": f, "Changed": s != nil && s.GetState() == "success"})
		case "NOT_FOUND", "FLOW_EXPIRED", "ACCESS_DENIED", "NO_ACTIVE_SESSION":
			// An old link or bookmark, or a flow of somebody else. To start anew is right for all of them: without a
			// session, Kratos leads from the settings to the login.
			http.Redirect(w, r, start, http.StatusSeeOther)
		default:
			unavailable(w)
		}
	})
}

// reasonOf tells why a call has failed, as the contract's ErrorReason without its prefix; of no error it is "".
func reasonOf(err error) string {
	if err == nil {
		return ""
	}
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return "UNKNOWN" // Such as a connection that is down.
}

func unavailable(w http.ResponseWriter) {
	http.Error(w, "This does not work at the moment. Please try again in a minute.", http.StatusBadGateway)
}

func render(w http.ResponseWriter, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// Every page is one person's, and those of flows have their anti-CSRF token.
	w.Header().Set("Cache-Control", "no-store")
	_ = templates.ExecuteTemplate(w, page, data)
}

// A flow may have several methods; each is a form of its own. Inputs that are left empty are disabled when the form is
// sent, so that they are not: Kratos refuses an empty text as a number, where nothing at all is fine.
var templates = template.Must(template.New("").Parse(`
{{define "messages"}}{{range .}}<p class="{{.Type}}">{{.Text}}</p>{{end}}{{end}}

{{define "field"}}
	{{$value := "" }}{{with .Value}}{{$value = .AsInterface}}{{end}}
	{{if eq .Type "hidden"}}<input type="hidden" name="{{.Name}}" value="{{$value}}">
	{{else if eq .Type "submit"}}<button name="{{.Name}}" value="{{$value}}">{{.Name}} {{$value}}</button>
	{{else if eq .Type "checkbox"}}<label>{{.Name}} <input type="checkbox" name="{{.Name}}" value="true"{{if eq (print $value) "true"}} checked{{end}}></label>
	{{else}}<label>{{.Name}} <input type="{{.Type}}" name="{{.Name}}" value="{{$value}}"{{with .Pattern}} pattern="{{.}}"{{end}}{{if .Required}} required{{end}}{{if .Disabled}} disabled{{end}}></label>
	{{end}}{{template "messages" .Messages}}
{{end}}

{{define "flow"}}<!doctype html><title>{{.Kind}}</title>
{{if .Changed}}<p class="changed">Your changes have been saved.</p>{{end}}
{{template "messages" .Flow.Messages}}
{{range $name, $method := .Flow.Methods}}{{with .Config}}
<form id="{{$name}}" action="{{.Action}}" method="{{.Method}}" onsubmit="for (const e of this.elements) e.disabled ||= e.value === '' && e.name">
	{{template "messages" .Messages}}
	{{range .Fields}}{{template "field" .}}{{end}}
	<button type="submit">Go</button>
</form>{{end}}{{end}}
<a id="home" href="/">Home</a>{{end}}

{{define "home"}}<!doctype html><title>home</title>
{{with .Traits}}<p id="who">{{.email}}{{with .name}} {{.first}}{{end}}</p>{{else}}<p id="nobody">Nobody is logged in.</p>{{end}}
{{if .Traits}}<a id="settings" href="{{.Public}}/self-service/settings/browser">Settings</a>
<a id="logout" href="{{.Public}}/self-service/browser/flows/logout">Log out</a>
{{else}}<a id="login" href="{{.Public}}/self-service/login/browser">Log in</a>
<a id="registration" href="{{.Public}}/self-service/registration/browser">Register</a>{{end}}{{end}}

{{define "error"}}<!doctype html><title>error</title>
{{range .Errors}}<p class="error">{{.Code}} {{.Message}} {{.Reason}}</p>{{end}}
<a id="home" href="/">Home</a>{{end}}
`))
