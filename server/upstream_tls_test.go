package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/detect"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratostest/testpki"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv01"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv05"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosv1"
)

// TestAdaptersUseTLS: every adapter reaches a Kratos whose authority only the option knows.
func TestAdaptersUseTLS(t *testing.T) {
	t.Parallel()
	ca := testpki.NewAuthority(t)
	kratos := httptest.NewUnstartedServer(answers(http.StatusOK, `{"status":"ok"}`))
	kratos.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Issue(t).TLS(t)}, MinVersion: tls.VersionTLS12}
	kratos.Config.ErrorLog = log.New(io.Discard, "", 0)
	kratos.StartTLS()
	t.Cleanup(kratos.Close)

	option := adapters.WithTLS(func() *tls.Config { return &tls.Config{RootCAs: testpki.Pool(ca), MinVersion: tls.VersionTLS12} })
	for name, make := range map[string]func(options ...adapters.ClientOption) (adapters.Adapter, error){
		adapters.V01: func(o ...adapters.ClientOption) (adapters.Adapter, error) { return kratosv01.New(kratos.URL, o...) },
		adapters.V05: func(o ...adapters.ClientOption) (adapters.Adapter, error) { return kratosv05.New(kratos.URL, o...) },
		adapters.V1: func(o ...adapters.ClientOption) (adapters.Adapter, error) {
			return kratosv1.New(kratos.URL, kratosv1.WithClient(o...))
		},
	} {
		with, err := make(option)
		if err != nil {
			t.Fatal(err)
		}
		without, err := make()
		if err != nil {
			t.Fatal(err)
		}
		if err := with.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := without.Ready(t.Context()); err == nil {
			t.Errorf("%s: it believes any authority", name)
		}
	}
	// It is reached, and is no Kratos.
	if _, err := detect.Generation(t.Context(), kratos.URL, option); !errors.Is(err, detect.ErrNotKratos) {
		t.Errorf("detect: %v", err)
	}
}
