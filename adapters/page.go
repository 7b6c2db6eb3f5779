package adapters

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
)

// pageToken is what is in a page token, in the form that Kratos 1.x has for it.
type pageToken struct {
	Offset  string `json:"offset"`
	Version int    `json:"v"`
}

// PageToken is the token of the page that begins after as many items.
func PageToken(offset int) string {
	text, err := json.Marshal(pageToken{strconv.Itoa(offset), 2})
	if err != nil {
		// It is two plain fields.
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// PageOffset is how many items come before the page of a token: 0 for the first, and for what is no such token.
func PageOffset(token string) int {
	var t pageToken
	text, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || json.Unmarshal(text, &t) != nil {
		return 0
	}
	offset, err := strconv.Atoi(t.Offset)
	if err != nil {
		return 0
	}
	return max(offset, 0)
}
