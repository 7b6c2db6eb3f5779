package server

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// drain stops in an order in which no call is lost: first everybody is told to go elsewhere, while calls are still served,
// for a load balancer takes a moment to notice; then no new calls are taken, and those under way may end; then it is over.
func (s *Server) drain() {
	s.config.Logger.Info("draining", "delay", s.config.DrainDelay)
	s.health.leave()
	s.pause()

	ctx, cancel := context.WithTimeout(context.Background(), s.config.DrainTimeout)
	defer cancel()
	stopHard := context.AfterFunc(ctx, func() {
		s.grpc.Stop()
		s.inner.Stop()
	})
	s.health.shutdown()

	var stopping sync.WaitGroup
	stopping.Go(s.grpc.GracefulStop)
	stopping.Go(func() {
		if err := s.http.Shutdown(ctx); err != nil {
			_ = s.http.Close()
		}
		_ = s.toInner.Close()
		s.inner.GracefulStop()
	})
	stopping.Wait()
	if !stopHard() {
		s.config.Logger.Warn("calls were cut off: they did not end in time", "drain_timeout", s.config.DrainTimeout)
	}
	s.config.Logger.Info("stopped")
}

// pause waits until everybody knows, or somebody is in a hurry.
func (s *Server) pause() {
	timer := time.NewTimer(s.config.DrainDelay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.hurry:
		s.config.Logger.Info("draining at once")
	}
}

// Hurry has a server that drains wait no longer for load balancers to notice.
func (s *Server) Hurry() { s.hurried.Do(func() { close(s.hurry) }) }

// closing sends clients away from the connection that a request has come by, once the server drains, for net/http does so only
// for connections that are idle by then; and once the connection is old.
func (s *Server) closing(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.health.stopping.Load() || isOld(r.Context()) {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}
