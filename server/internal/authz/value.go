package authz

import "strings"

// maxHeaderBytes bounds the value of a header: a service that has to take larger ones would refuse the request.
const maxHeaderBytes = 4 << 10

// headerValue is a value as a header can hold it, or "" if there is nothing or it is too long. Whatever is not printable
// ASCII is percent-encoded, byte by byte, and so are the percent sign itself and blanks at either end; in a list also commas,
// which stand between its elements.
func headerValue(v Value) string {
	if v.IsZero() {
		return ""
	}
	if !v.IsList && !needsEncoding(v.Texts[0], false) && len(v.Texts[0]) <= maxHeaderBytes {
		return v.Texts[0]
	}
	var encoded strings.Builder
	for i, text := range v.Texts {
		if i > 0 {
			encoded.WriteByte(',')
		}
		encode(&encoded, text, v.IsList)
		if encoded.Len() > maxHeaderBytes {
			return ""
		}
	}
	return encoded.String()
}

func needsEncoding(text string, inList bool) bool {
	for i := range len(text) {
		if isEncoded(text, i, inList) {
			return true
		}
	}
	return false
}

// isEncoded reports whether the i-th byte of a text can't stand as it is.
func isEncoded(text string, i int, inList bool) bool {
	switch c := text[i]; {
	case c < 0x20, c > 0x7e, c == '%':
		return true
	case c == ' ':
		return i == 0 || i == len(text)-1
	default:
		return c == ',' && inList
	}
}

func encode(to *strings.Builder, text string, inList bool) {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		if c := text[i]; isEncoded(text, i, inList) {
			to.Write([]byte{'%', digits[c>>4], digits[c&15]})
		} else {
			to.WriteByte(c)
		}
	}
}
