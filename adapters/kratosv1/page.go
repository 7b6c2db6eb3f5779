package kratosv1

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	"github.com/kratosgrpc/kratosgrpc/adapters/internal/upstream"
)

// defaultPageSize is how many items Kratos answers where nothing is said.
const defaultPageSize = 250

// page is a page of a list.
type page struct{ offset, size int }

// pageOf is the page that a request asks for. Kratos has pages by their numbers: where a token is of pages of another size,
// the page is the one that the token's item is on, so that no item is left out.
func pageOf(req interface {
	GetPageSize() int32
	GetPageToken() string
},
) page {
	p := page{adapters.PageOffset(req.GetPageToken()), int(req.GetPageSize())}
	if p.size <= 0 {
		p.size = defaultPageSize
	}
	p.offset -= p.offset % p.size
	return p
}

// byNumber is the query for it by its number, and first is that of the first page. What is Kratos's default is left out.
func (p page) byNumber(first int) parameters {
	query := newQuery()
	if p.offset > 0 {
		query = query.add("page", strconv.Itoa(p.offset/p.size+first))
	}
	if p.size != defaultPageSize {
		query = query.add("per_page", strconv.Itoa(p.size))
	}
	return query
}

// next is the token of the next page, or "" on the last.
func (p page) next(total int32) string {
	if p.offset < int(total)-p.size {
		return adapters.PageToken(p.offset + p.size)
	}
	return ""
}

// list reads the items of a list, and how many there are on all its pages.
func list(res *upstream.Response) (items []json.RawMessage, total int32, err error) {
	if res.Status != http.StatusOK {
		return nil, 0, refusal(res)
	}
	if err := json.Unmarshal(res.Body, &items); err != nil {
		// The error of package json may quote the input.
		return nil, 0, res.NotKratos(errors.New("it is no list"))
	}
	count, err := strconv.ParseInt(res.Header.Get("X-Total-Count"), 10, 32)
	if err != nil || count < 0 {
		// Where Kratos does not say, what it answers is all that is known.
		count = int64(min(len(items), math.MaxInt32))
	}
	return items, int32(count), nil
}
