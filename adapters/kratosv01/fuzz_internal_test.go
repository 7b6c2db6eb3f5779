package kratosv01

import (
	"errors"
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
	"github.com/kratosgrpc/kratosgrpc/adapters/kratosreplay"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// FuzzAnswers: whatever a recorded answer has become on the way, nothing panics, what is not a 200 is no session, and no other
// data either, and an error is always one of the contract's.
func FuzzAnswers(f *testing.F) {
	recordings, err := kratosreplay.Recordings(kratosreplay.V01)
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range recordings {
		for _, e := range r.Exchanges {
			for _, status := range []int{e.Response.Status, http.StatusOK, http.StatusCreated, http.StatusFound, http.StatusUnauthorized} {
				f.Add(status, e.Response.Header.HTTP().Get("Location"), e.Response.Bytes())
			}
		}
	}
	f.Fuzz(func(t *testing.T, status int, location string, body []byte) {
		res := func() *upstream.Response {
			return &upstream.Response{Status: status, Header: http.Header{"Vary": {"Cookie"}, "Location": {location}}, Body: body}
		}
		session, err := readSession(res())
		check(t, status, session.GetId() != "" && session.GetIdentity().GetId() != "", err)
		for _, flow := range []flowMessage{new(kratosgrpcv1.LoginFlow), new(kratosgrpcv1.RegistrationFlow), new(kratosgrpcv1.SettingsFlow)} {
			err := readFlow(res(), flow)
			check(t, status, flow.GetId() != "", err)
			if _, encoding := proto.Marshal(flow); err == nil && encoding != nil {
				t.Errorf("the flow can't be sent: %v", encoding)
			}
		}
		container, err := readError(res())
		check(t, status, container.GetId() != "", err)

		to, err := redirect(res())
		if err == nil && (status < 300 || status > 399 || to.GetLocation() == "") {
			t.Errorf("status %d leads to %v", status, to)
		}
		checkError(t, err)
		checkError(t, loginRequired(res()))
	})
}

// check checks that what was read is whole and has come with a 200, or is an error.
func check(t *testing.T, status int, whole bool, err error) {
	t.Helper()
	if err == nil && (status != http.StatusOK || !whole) {
		t.Errorf("status %d is taken for data", status)
	}
	checkError(t, err)
}

func checkError(t *testing.T, err error) {
	t.Helper()
	if e := new(adapters.Error); err != nil && (!errors.As(err, &e) || e.Reason == kratosgrpcv1.ErrorReason_ERROR_REASON_UNSPECIFIED) {
		t.Errorf("the error is none of the contract's: %v", err)
	}
}
