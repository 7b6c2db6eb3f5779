package selfservice

import (
	"context"
	"fmt"
	"net/http"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// Ready asks Kratos's readiness endpoint. It returns nil if Kratos says of itself that it is ready.
func Ready(ctx context.Context, client *upstream.Client) error {
	res, err := client.Do(ctx, upstream.Request{Method: http.MethodGet, Path: "/health/ready", Kind: upstream.Probe})
	if err != nil {
		return err
	}
	if res.Status != http.StatusOK {
		return fmt.Errorf("kratos says of itself that it is not ready (status %d)", res.Status)
	}
	return nil
}
