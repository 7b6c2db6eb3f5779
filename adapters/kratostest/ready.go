package kratostest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// awaitReady waits until the API at base says that it is ready, and fails early
// if the process has ended.
func (p *process) awaitReady(ctx context.Context, base string) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		ready := isReady(ctx, client, base)

		// Pause after a good answer too: had another program taken the port, it
		// would be the one that answered, and Kratos about to exit.
		select {
		case <-p.done:
			return fmt.Errorf("it exited: %w", p.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
		if ready {
			return nil
		}
	}
}

func isReady(ctx context.Context, client *http.Client, base string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health/ready", http.NoBody)
	if err != nil {
		return false
	}
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode == http.StatusOK
}
