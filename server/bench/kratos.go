package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest"
)

// serveKratos runs a real Kratos 1.3.1, with an account that has a session. It logs as it does by default, to nowhere.
func serveKratos(ctx context.Context) error {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	kratos, err := kratostest.Start(ctx, kratostest.Options{
		Version:    kratostest.V13,
		Production: true,
		Output:     nowhere,
		Logf:       func(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) },
	})
	if err != nil {
		return err
	}
	token, err := register(ctx, kratos.PublicURL)
	if err == nil {
		err = sayHello(hello{PID: kratos.PID(), Addr: strings.TrimPrefix(kratos.PublicURL, "http://"), Token: token})
	}
	if err == nil {
		<-ctx.Done()
	}
	if stopErr := kratos.Stop(); err == nil {
		err = stopErr
	}
	return err
}

// register makes an account, and returns the token of its session.
func register(ctx context.Context, kratos string) (string, error) {
	const path = "/self-service/registration"
	var flow struct {
		ID string `json:"id"`
	}
	if err := ask(ctx, http.MethodGet, kratos+path+"/api", nil, &flow); err != nil {
		return "", err
	}
	form := map[string]any{
		"method":   "password",
		"password": "no-machine-for-this",
		"traits":   map[string]any{"email": "ada@example.org", "name": map[string]any{"first": "Ada", "last": "Lovelace"}},
	}
	var registered struct {
		Token string `json:"session_token"`
	}
	if err := ask(ctx, http.MethodPost, kratos+path+"?flow="+flow.ID, form, &registered); err != nil {
		return "", err
	}
	if registered.Token == "" {
		return "", fmt.Errorf("registering brought no session")
	}
	return registered.Token, nil
}

func ask(ctx context.Context, method, url string, body, answer any) error {
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(encoded))
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, url, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(answer)
}
