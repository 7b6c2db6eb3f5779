package mesh

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var update = flag.Bool("update", false, "rewrite the README's table of verdicts")

// proxies are what a request can come by.
type proxies struct {
	m *mesh
	// mistaken has a route whose context_extensions are wrong, lenient lets pass where kratosgrpc can't be asked.
	envoy, mistaken, lenient *envoy
	nginx                    string
	// judged is how many requests kratosgrpc has judged.
	judged int
}

// situation is a row of the table.
type situation struct {
	name string
	// path is what is asked for, and who asks: with both credentials, or with these headers.
	path    string
	who     *person
	headers []string
	// by is the Envoy that is asked, if not the usual one. nginx is asked where it knows such routes.
	by      *envoy
	inNginx bool
}

// TestVerdicts checks the README's table of verdicts: each cell is what a client of a real Envoy, or a real nginx, is answered
// in that situation.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	m := startMesh(t, append(meshFlags, "--session-cache-ttl=1h")...)
	cleo := signUp(t, m.kratos.PublicURL, "cleo@example.org")
	p := &proxies{
		m: m, envoy: startEnvoy(t, m), lenient: startEnvoy(t, m, lettingPass), nginx: startNginx(t, m),
		mistaken: startEnvoy(t, m, edit{"session: optional", "sesion: optional"}),
	}
	var rows []string
	add := func(situations ...situation) {
		t.Helper()
		for _, s := range situations {
			rows = append(rows, p.row(t, s))
		}
	}
	const two, nobodys = "X-Session-Token", "nobody's"
	add(
		situation{name: "a session", path: "/", who: m.ada, inNginx: true},
		situation{name: "no credential", path: "/", inNginx: true},
		situation{name: "a credential that is no session's, or no more", path: "/", who: &person{token: nobodys, cookie: sessionCookie + "=" + nobodys}, inNginx: true},
		situation{name: "two credentials of a kind that differ", path: "/", headers: []string{two, m.ada.token, two, nobodys}, inNginx: true},
		situation{name: "no credential, or no session's; `session: optional`", path: "/public/", who: &person{token: nobodys, cookie: sessionCookie + "=" + nobodys}, inNginx: true},
		situation{name: "no second factor; `required_aal: aal2`", path: "/admin/", who: m.ada},
		situation{name: "another trait than `trait.…` asks for", path: "/beta/", who: cleo},
		situation{name: "`context_extensions` that are not understood", path: "/public/", who: m.ada, by: p.mistaken},
	)
	m.gate.with(busy, func() {
		add(situation{name: "Kratos has too much to do (429)", path: "/", who: m.tester, inNginx: true})
	})
	m.gate.whileSlow(func() {
		add(
			situation{name: "Kratos is slow", path: "/", who: m.tester, inNginx: true},
			situation{name: "Kratos is slow; `session: optional`", path: "/public/", who: m.tester, inNginx: true},
		)
	})
	m.kratos.Kill()
	add(
		situation{name: "Kratos is down", path: "/", who: m.tester, inNginx: true},
		situation{name: "Kratos is down; `failure_mode_allow: true`", path: "/", who: m.tester, by: p.lenient},
		situation{name: "Kratos is down, the session is in the cache", path: "/", who: m.ada, inNginx: true},
		situation{name: "Kratos is down, the session is in the cache; `max_staleness: 0s`", path: "/admin/", who: m.ada},
	)
	m.kratosgrpc.kill()
	add(
		situation{name: "kratosgrpc is down", path: "/", who: m.ada, inNginx: true},
		situation{name: "kratosgrpc is down; `failure_mode_allow: true`", path: "/", who: m.ada, by: p.lenient},
	)
	compareWithReadme(t, rows)
}

// row asks with each kind of client.
func (p *proxies) row(t *testing.T, s situation) string {
	t.Helper()
	by := p.envoy
	if s.by != nil {
		by = s.by
	}
	var token, cookie []string
	if s.who != nil {
		token, cookie = []string{"X-Session-Token", s.who.token}, []string{"Cookie", s.who.cookie}
	}
	api := append(append([]string{}, s.headers...), token...)
	browser := append(append([]string{"Accept", aBrowsers}, s.headers...), cookie...)

	before := p.judged
	p.judged += 2
	cells := []string{s.name, "", p.web(t, by.base, s.path, api), p.web(t, by.base, s.path, browser), "–", "–"}
	// A gRPC client asks for another path than those that have rules of their own.
	if s.path == "/" {
		p.judged++
		cells[4] = p.api(t, by, api)
	}
	if s.inNginx {
		cells[5] = p.web(t, p.nginx, s.path, api)
	}
	cells[1] = p.verdict(t, before)
	return "| " + strings.Join(cells, " | ") + " |"
}

// web is how a request to the HTTP service ends.
func (p *proxies) web(t *testing.T, base, path string, headers []string) string {
	t.Helper()
	before := p.m.web.count.Load()
	res, _ := asks(t, base, path, append(headers, identityHeader, "a-spoof")...)
	passed := p.m.web.count.Load() > before
	location := res.Header.Get("Location")
	switch {
	case passed && res.StatusCode == http.StatusOK:
		return passedAs(p.m.web.last.Load().Header.Values(identityHeader))
	case passed:
		t.Errorf("%s%s passes, and is answered %d", base, path, res.StatusCode)
	case strings.HasPrefix(location, loginURL+"?aal=aal2&"):
		return fmt.Sprintf("%d to log in, with `aal=aal2`", res.StatusCode)
	case strings.HasPrefix(location, loginURL+"?"):
		return fmt.Sprintf("%d to log in", res.StatusCode)
	}
	return fmt.Sprint(res.StatusCode)
}

// api is how a call of the gRPC service ends.
func (p *proxies) api(t *testing.T, e *envoy, headers []string) string {
	t.Helper()
	_, before := p.m.api.seen()
	st := e.calls(t, append(headers, identityHeader, "a-spoof")...)
	md, after := p.m.api.seen()
	if st.Code() == codes.OK && after > before {
		return passedAs(md.Get(identityHeader))
	}
	if after > before {
		t.Errorf("a call passes, and is answered %v", st)
	}
	return "`" + codeName(st) + "`"
}

// codeName is a code as gRPC's specification writes it.
func codeName(st *status.Status) string {
	var name strings.Builder
	for i, c := range st.Code().String() {
		if i > 0 && c >= 'A' && c <= 'Z' {
			name.WriteByte('_')
		}
		name.WriteRune(c)
	}
	return strings.ToUpper(name.String())
}

// passedAs says whom a service takes a request for.
func passedAs(identity []string) string {
	switch {
	case len(identity) == 0:
		return "passes, as nobody's"
	case len(identity) == 1 && identity[0] != "a-spoof":
		return "passes, as the identity's"
	default:
		return fmt.Sprintf("passes as %q", identity)
	}
}

// verdict is what kratosgrpc's log says of requests that are alike, of which the first comes after so many others.
func (p *proxies) verdict(t *testing.T, before int) string {
	t.Helper()
	if !p.m.kratosgrpc.running() {
		return "Envoy's own"
	}
	var lines []string
	eventually(t, "the verdict is in the log", func() bool {
		lines = p.m.kratosgrpc.output.lines(`"verdict"`)
		return len(lines) >= p.judged
	})
	var verdict string
	for _, line := range lines[before:p.judged] {
		var logged struct{ Verdict string }
		if err := json.Unmarshal([]byte(line), &logged); err != nil {
			t.Fatal(err)
		}
		if verdict != "" && verdict != logged.Verdict {
			t.Errorf("of requests that are alike, the verdicts are %s and %s", verdict, logged.Verdict)
		}
		verdict = logged.Verdict
	}
	return "`" + verdict + "`"
}

// compareWithReadme checks the table in the README, or rewrites it.
func compareWithReadme(t *testing.T, rows []string) {
	t.Helper()
	const begin, end = "<!-- verdicts -->\n", "<!-- /verdicts -->"
	table := begin + "| situation | verdict | API client | browser | gRPC client | by nginx |\n|---|---|---|---|---|---|\n" + strings.Join(rows, "\n") + "\n" + end
	file := filepath.Join("..", "..", "..", "README.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	from, to := strings.Index(readme, begin), strings.Index(readme, end)
	if from < 0 || to < from {
		t.Fatalf("the README has no place for the table, which is:\n%s", table)
	}
	to += len(end)
	if readme[from:to] == table {
		return
	}
	if !*update {
		t.Fatalf("the README's table is stale; go test ./server/internal/mesh -run TestVerdicts -update mends it. It is:\n%s", table)
	}
	if err := os.WriteFile(file, []byte(readme[:from]+table+readme[to:]), 0o600); err != nil {
		t.Fatal(err)
	}
}
