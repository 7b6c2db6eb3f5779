package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/kratosgrpc/kratosgrpc/adapters"
)

// The sizes of pages, as Kratos has them.
const (
	defaultPageSize = 250
	maxPageSize     = 1000
)

// paged are the paths of lists that come in pages.
var paged = map[string]bool{"/sessions": true, "/schemas": true}

// page is the part of a list that a request asks for.
type page struct {
	path         string
	size, offset int
}

// pageKey is the context's key of the page.
type pageKey struct{}

// pageOf reads which page a query asks for, as Kratos does: by a size and a token or, where neither is there, by a size
// and a number, which are the older names. What makes no sense is the first page of the usual size. The query has the
// contract's names then.
func pageOf(path string, query url.Values) page {
	p := page{path: path, size: defaultPageSize}
	size, number := query.Get("page_size"), 0
	if !query.Has("page_size") && !query.Has("page_token") {
		size = query.Get("per_page")
		number, _ = strconv.Atoi(query.Get("page"))
	}
	if n, err := strconv.Atoi(size); err == nil {
		p.size = min(max(n, 1), maxPageSize)
	}
	if number > 0 && number < maxNumber/p.size {
		query.Set("page_token", adapters.PageToken(number*p.size))
	}
	p.offset = adapters.PageOffset(query.Get("page_token"))
	if size != "" {
		query.Set("page_size", strconv.Itoa(p.size))
	} else {
		query.Del("page_size")
	}
	query.Del("per_page")
	query.Del("page")
	return p
}

// maxNumber keeps a page's number times its size within what all platforms count.
const maxNumber = 1 << 31

// list is what lists have in common.
type list interface {
	GetNextPageToken() string
	GetTotalSize() int32
}

// writePage writes the headers that Kratos has for where a page stands in its list.
func writePage(ctx context.Context, h http.Header, l list) {
	h.Set("X-Total-Count", strconv.Itoa(int(l.GetTotalSize())))
	if p, ok := ctx.Value(pageKey{}).(page); ok {
		h.Set("Link", p.links(l.GetNextPageToken(), int(l.GetTotalSize())))
	}
}

// links are the links to other pages; next is the token of the next one, if there is one.
func (p page) links(next string, total int) string {
	if p.offset == 0 && next == "" && total > 0 {
		p.size = min(p.size, total)
	}
	last := max(total-1, 0) / p.size * p.size
	var links []string
	if p.offset > 0 || next == "" {
		links = append(links, p.link("first", adapters.PageToken(0), 0))
	}
	if next != "" {
		links = append(links, p.link("next", next, p.offset/p.size+1))
	}
	if before := min(p.offset, last) - p.size; before >= 0 {
		links = append(links, p.link("prev", adapters.PageToken(before), before/p.size))
	}
	if next != "" {
		links = append(links, p.link("last", adapters.PageToken(last), last/p.size))
	}
	return strings.Join(links, ",")
}

func (p page) link(rel, token string, number int) string {
	query := url.Values{
		"page_size": {strconv.Itoa(p.size)}, "page_token": {token},
		"per_page": {strconv.Itoa(p.size)}, "page": {strconv.Itoa(number)},
	}
	return fmt.Sprintf("<%s?%s>; rel=%q", p.path, query.Encode(), rel)
}
