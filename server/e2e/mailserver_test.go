package e2e

import (
	"errors"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// message is a mail as its reader sees it.
type message struct {
	from, to, subject string
	text, html        string
}

// mailServer takes the mails that Kratos's courier delivers, which `kratos serve` runs beside its APIs.
type mailServer struct {
	url string

	mu       sync.Mutex
	received map[string][]message // not read yet, by address
	broken   []error
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{url: "smtp://" + listener.Addr().String() + "/", received: map[string][]message{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }))
	server.Domain = "mail.example.org"
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-ended; err != nil {
			t.Errorf("the mail server ended with %v", err)
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, err := range m.broken {
			t.Errorf("a mail can't be read: %v", err)
		}
	})
	return m
}

// next waits for the next mail to an address.
func (m *mailServer) next(t *testing.T, address string) message {
	t.Helper()
	var got message
	eventually(t, "a mail to "+address, func() bool {
		m.mu.Lock()
		defer m.mu.Unlock()
		unread := m.received[address]
		if len(unread) == 0 {
			return false
		}
		got, m.received[address] = unread[0], unread[1:]
		return true
	})
	return got
}

// mailSession is one delivery.
type mailSession struct {
	server     *mailServer
	recipients []string
}

func (s *mailSession) Reset()                             { s.recipients = nil }
func (*mailSession) Logout() error                        { return nil }
func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.recipients = append(s.recipients, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	got, err := readMail(r)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if err != nil {
		s.server.broken = append(s.server.broken, err)
		return err
	}
	for _, to := range s.recipients {
		s.server.received[to] = append(s.server.received[to], got)
	}
	return nil
}

// readMail reads a mail and undoes its encodings.
func readMail(r io.Reader) (message, error) {
	raw, err := mail.ReadMessage(r)
	if err != nil {
		return message{}, err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(raw.Header.Get("Subject"))
	if err != nil {
		return message{}, err
	}
	// Kratos ends its subjects with the line break that ends their templates.
	subject = strings.TrimSuffix(subject, "\n")
	m := message{from: raw.Header.Get("From"), to: raw.Header.Get("To"), subject: subject}
	_, parameters, err := mime.ParseMediaType(raw.Header.Get("Content-Type"))
	if err != nil {
		return message{}, err
	}
	parts := multipart.NewReader(raw.Body, parameters["boundary"])
	for {
		// NextPart would decode some, depending on a header that it then hides.
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return message{}, err
		}
		var body io.Reader = part
		if part.Header.Get("Content-Transfer-Encoding") == "quoted-printable" {
			body = quotedprintable.NewReader(part)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			return message{}, err
		}
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			m.text = string(content)
		case "text/html":
			m.html = string(content)
		}
	}
}

var anchor = regexp.MustCompile(`<a href="([^"]*)"`)

// link is where the mail leads whoever clicks into it, if anywhere.
func (m message) link() string {
	found := anchor.FindStringSubmatch(m.html)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}
