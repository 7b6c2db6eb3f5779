package kratosv05

import (
	"google.golang.org/protobuf/proto"

	"github.com/kratosgrpc/kratosgrpc/adapters/internal/uinodes"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// addUI says of a flow in the words of Kratos 1.x what Kratos 0.5 has said of it. Other messages stay as they are.
func addUI(m proto.Message) {
	if !m.ProtoReflect().IsValid() {
		return
	}
	switch f := m.(type) {
	case *kratosgrpcv1.LoginFlow:
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
		f.Refresh = f.Forced //nolint:protogetter // Unset and false are not the same.
	case *kratosgrpcv1.RegistrationFlow:
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
	case *kratosgrpcv1.SettingsFlow:
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
	case *kratosgrpcv1.RecoveryFlow:
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
	case *kratosgrpcv1.VerificationFlow:
		f.Ui = uinodes.FromMethods(f.GetMethods(), f.GetMessages(), f.GetActive())
	}
}
