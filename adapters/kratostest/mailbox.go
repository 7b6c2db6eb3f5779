package kratostest

import (
	"io"
	"mime/quotedprintable"
	"net"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Mailbox receives what Kratos mails, whoever it is for: give its URL to
// [Options.SMTPURL]. Kratos looks into its queue about once a second.
type Mailbox struct {
	// URL is where it receives mails.
	URL string

	listener net.Listener
	mu       sync.Mutex
	links    map[string][]string // by address
	codes    map[string][]string // by address
}

// NewMailboxT opens a mailbox, which is closed when the test has ended.
func NewMailboxT(tb testing.TB) *Mailbox {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = listener.Close() })
	m := &Mailbox{URL: "smtp://" + listener.Addr().String() + "/", listener: listener, links: map[string][]string{}, codes: map[string][]string{}}
	go m.serve()
	return m
}

// Links returns the links that have been mailed to an address so far.
func (m *Mailbox) Links(address string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.links[address])
}

// Codes returns the codes that have been mailed to an address so far, see
// [Options.MailCodes].
func (m *Mailbox) Codes(address string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.codes[address])
}

func (m *Mailbox) serve() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return // closed
		}
		go m.receive(textproto.NewConn(conn))
	}
}

// receive speaks just enough SMTP.
func (m *Mailbox) receive(conn *textproto.Conn) {
	defer conn.Close()
	var to []string
	reply := "220 kratostest"
	for conn.PrintfLine("%s", reply) == nil {
		line, err := conn.ReadLine()
		if err != nil {
			return
		}
		reply = "250 OK"
		switch command := strings.ToUpper(line); {
		case strings.HasPrefix(command, "RCPT TO:"):
			address, _, _ := strings.Cut(line[len("RCPT TO:"):], ">")
			to = append(to, strings.TrimLeft(address, " <"))
		case command == "DATA":
			if conn.PrintfLine("354 Go on") != nil {
				return
			}
			mail, err := conn.ReadDotBytes()
			if err != nil {
				return
			}
			m.keep(to, string(mail))
			to = nil
		case command == "QUIT":
			_ = conn.PrintfLine("221 Bye")
			return
		}
	}
}

var (
	link = regexp.MustCompile(`https?://[^\s"<>]+`)
	code = regexp.MustCompile(`(?m)^\d{6}\r?$`)
)

// keep reads the mail as if all of it were one quoted text: there is nothing to find in the rest of it. Kratos 1.x says
// all of it twice, as text and as HTML.
func (m *Mailbox) keep(to []string, mail string) {
	plain, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(mail))) // what is malformed comes after the text
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, address := range to {
		for _, found := range link.FindAllString(string(plain), -1) {
			m.links[address] = append(m.links[address], strings.ReplaceAll(found, "&amp;", "&"))
		}
		for _, found := range code.FindAllString(string(plain), -1) {
			m.codes[address] = append(m.codes[address], strings.TrimSpace(found))
		}
	}
}
