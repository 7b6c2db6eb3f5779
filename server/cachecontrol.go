package server

import (
	"context"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

const cacheControlKey = "cache-control"

// withCacheControl is a request as the caller's metadata would have it: an answer that is no older than both say.
func withCacheControl(ctx context.Context, req *kratosgrpcv1.WhoamiRequest) *kratosgrpcv1.WhoamiRequest {
	maxAge, ok := maxAgeIn(metadata.ValueFromIncomingContext(ctx, cacheControlKey))
	if !ok || req.GetMaxStaleness() != nil && req.GetMaxStaleness().AsDuration() <= maxAge {
		return req
	}
	req = proto.CloneOf(req)
	req.MaxStaleness = durationpb.New(maxAge)
	return req
}

// maxAgeIn is how old an answer may be, if the values of Cache-Control say so.
func maxAgeIn(values []string) (maxAge time.Duration, ok bool) {
	for _, value := range values {
		for directive := range strings.SplitSeq(value, ",") {
			name, argument, _ := strings.Cut(strings.ToLower(strings.TrimSpace(directive)), "=")
			age := time.Duration(0)
			switch name {
			case "no-cache", "no-store":
			case "max-age":
				// What can't be read is taken for the strictest.
				if seconds, err := strconv.ParseUint(strings.Trim(argument, `"`), 10, 31); err == nil {
					age = time.Duration(seconds) * time.Second
				}
			default:
				continue
			}
			if !ok || age < maxAge {
				maxAge, ok = age, true
			}
		}
	}
	return maxAge, ok
}
