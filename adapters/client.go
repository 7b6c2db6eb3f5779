package adapters

import "crypto/tls"

// ClientOption is something about the way to a Kratos.
type ClientOption func(*ClientOptions)

// ClientOptions are what options have chosen.
type ClientOptions struct {
	// TLS is asked for every new connection to an https URL, so that certificates can change. Nil means the system's
	// authorities and no certificate.
	TLS func() *tls.Config
	// Care is how to treat a Kratos that is slow, or down.
	Care Care
}

// WithTLS has current asked for the configuration of every new connection to an https URL. What it returns is not kept; the
// server's name and the protocols (ALPN) are added to it.
func WithTLS(current func() *tls.Config) ClientOption {
	return func(o *ClientOptions) { o.TLS = current }
}

// WithCare says how to treat a Kratos that is slow, or down. Without it that is [DefaultCare].
func WithCare(care Care) ClientOption {
	return func(o *ClientOptions) { o.Care = care }
}
