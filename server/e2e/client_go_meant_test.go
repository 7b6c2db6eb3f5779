package e2e

import "strings"

// sdkDifference is one that is meant: drop takes it out of both answers, and says whether it was there.
type sdkDifference struct {
	drop func(kratos, own *answer) bool
	why  string
}

func cookiesAreDropped(kratos, own *answer) bool {
	there := len(kratos.Cookies) > 0 && len(own.Cookies) == 0
	kratos.Cookies = nil
	return there
}

func linksToNowhereAreDropped(kratos, own *answer) bool {
	there := strings.Contains(kratos.Headers["Link"], "page=-1") && !strings.Contains(own.Headers["Link"], "page=-1")
	delete(kratos.Headers, "Link")
	delete(own.Headers, "Link")
	return there
}

// lastPageIsShown is true of a page of two for the last of five.
func lastPageIsShown(kratos, own *answer) bool {
	shown, _ := own.Body.([]any)
	instead, _ := kratos.Body.([]any)
	kratos.Body, own.Body = nil, nil
	return len(shown) == 1 && len(instead) == 2
}

func typeIsDropped(kratos, own *answer) bool {
	there := kratos.ContentType != "" && own.ContentType == ""
	kratos.ContentType = ""
	return there
}

// meant are the differences that are meant, by the stage's name.
var meant = map[string]sdkDifference{
	"script for security keys":                          {cookiesAreDropped, "an anti-CSRF cookie is of no use to who fetches a script"},
	"look at the own settings":                          {cookiesAreDropped, "who authenticates by a token has no use for an anti-CSRF cookie"},
	"look at the secret":                                {cookiesAreDropped, "who authenticates by a token has no use for an anti-CSRF cookie"},
	"no other sessions":                                 {linksToNowhereAreDropped, "an empty list has no other pages, before it or after it"},
	"the last sessions":                                 {lastPageIsShown, "the first page has two numbers with Kratos, so that its links lead to the first again and never to the last"},
	"nor other traits, for the address is a credential": {cookiesAreDropped, "an app does not go on after a login in a browser"},
	"a provider needs a browser":                        {cookiesAreDropped, "an app does not go on after a login in a browser"},
	"end one of them":                                   {typeIsDropped, "an answer without a body has no type"},
}
