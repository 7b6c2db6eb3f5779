package detect

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// unknown is an id that nothing has.
const unknown = "b5a4f1ee-4f0b-4b1c-9d0e-7b0c7d7a5e11"

// signs is how many answers have to be those of a generation: all, but that newer ones may be configured, or guarded by
// something on the way, not to list their schemas.
var signs = map[string]int{adapters.V01: 5, adapters.V05: 4, adapters.V1: 3}

// probes are the questions, which together tell the generations apart.
var probes = []probe{
	// All generations have an example here, but each in its form; 0.1 denies that there is one.
	{"/self-service/errors", url.Values{"error": {"stub:500"}, "id": {"stub:500"}}, exampleError},
	{"/self-service/login/flows", url.Values{"id": {unknown}}, unknownFlow},
	{"/schemas", nil, schemas},
	{"/self-service/browser/flows/requests/login", url.Values{"request": {unknown}}, unknownRequest},
	{"/sessions/whoami", nil, noSession},
	// By its other answers 0.6 would be 0.5, and 0.2 to 0.4 would be 0.1.
	{"/version", nil, version},
}

func exampleError(res *upstream.Response) []string {
	var body struct {
		ID     string            `json:"id"`
		Error  map[string]any    `json:"error"`
		Errors []json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal(res.Body, &body); err != nil {
		return nil
	}
	switch {
	case res.Status == http.StatusOK && body.ID != "" && body.Error != nil:
		return []string{adapters.V1}
	case res.Status == http.StatusOK && body.ID != "" && len(body.Errors) > 0:
		return []string{adapters.V05}
	case res.Status == http.StatusForbidden && isError(res):
		return []string{adapters.V01}
	}
	return nil
}

// unknownFlow: 0.1 has no such path.
func unknownFlow(res *upstream.Response) []string {
	switch {
	case res.Status != http.StatusNotFound:
		return nil
	case isError(res):
		return []string{adapters.V05, adapters.V1}
	default:
		return []string{adapters.V01}
	}
}

// schemas: before 1.x they can't be listed.
func schemas(res *upstream.Response) []string {
	var list []struct {
		ID     string          `json:"id"`
		Schema json.RawMessage `json:"schema"`
	}
	if res.Status != http.StatusOK || json.Unmarshal(res.Body, &list) != nil || len(list) == 0 || list[0].ID == "" {
		return nil
	}
	return []string{adapters.V1}
}

// unknownRequest: only 0.1 has such a path.
func unknownRequest(res *upstream.Response) []string {
	if res.Status == http.StatusForbidden && isError(res) {
		return []string{adapters.V01}
	}
	return nil
}

// noSession: all have it, on the public API alone.
func noSession(res *upstream.Response) []string {
	if res.Status == http.StatusUnauthorized && isError(res) {
		return adapters.Generations()
	}
	return nil
}

// version: up to 0.5 the public API says of which release it is, or nothing if nobody had said so when it was built.
func version(res *upstream.Response) []string {
	var body struct {
		Version *string `json:"version"`
	}
	if res.Status != http.StatusOK || json.Unmarshal(res.Body, &body) != nil || body.Version == nil {
		return nil
	}
	switch v := strings.TrimPrefix(*body.Version, "v"); {
	case strings.HasPrefix(v, "0.1."):
		return []string{adapters.V01}
	case strings.HasPrefix(v, "0.5."):
		return []string{adapters.V05}
	case strings.HasPrefix(v, "0."):
		return nil
	default:
		return []string{adapters.V01, adapters.V05}
	}
}

// isError tells whether an answer is an error in Kratos's form: it says its own status again. What follows is not looked
// at, for of an unknown request 0.1 says everything twice.
func isError(res *upstream.Response) bool {
	var body struct {
		Error struct {
			Code    int    `json:"code"`
			Status  string `json:"status"`
			Message string `json:"message"`
		} `json:"error"`
	}
	return json.NewDecoder(bytes.NewReader(res.Body)).Decode(&body) == nil && body.Error.Code == res.Status && body.Error.Message != ""
}
