package kratosv1

import (
	"math"
	"strconv"
	"testing"

	"github.com/kratosgrpc/kratosgrpc/adapters"
	kratosgrpcv1 "github.com/kratosgrpc/kratosgrpc/gen/go/kratosgrpc/v1"
)

// TestEveryItemIsOnAPage: whoever follows the tokens sees all items, also where the size changes on the way.
func TestEveryItemIsOnAPage(t *testing.T) {
	t.Parallel()
	for _, first := range []int{0, 1} {
		for _, sizes := range [][]int32{{0}, {1}, {2}, {7}, {1, 2}, {3, 2}, {2, 3}, {1, 5, 2}, {5, 1}} {
			for total := range 12 {
				seen := make([]bool, total)
				for pages, token := 0, ""; ; pages++ {
					if pages > total {
						t.Fatalf("%d items by %v: there is no last page", total, sizes)
					}
					p := pageOf(&kratosgrpcv1.ListMySessionsRequest{PageSize: sizes[min(pages, len(sizes)-1)], PageToken: token})
					for i := range answered(t, p.byNumber(first), first, total) {
						seen[i] = true
					}
					if token = p.next(int32(total)); token == "" {
						break
					}
				}
				for i, is := range seen {
					if !is {
						t.Errorf("%d items by %v: the one at %d is on no page", total, sizes, i)
					}
				}
			}
		}
	}
}

// answered are the items that Kratos answers, of so many.
func answered(t *testing.T, query parameters, first, total int) map[int]bool {
	t.Helper()
	number, size := first, defaultPageSize
	for name, value := range map[string]*int{"page": &number, "per_page": &size} {
		if !query.Has(name) {
			continue
		}
		var err error
		if *value, err = strconv.Atoi(query.Get(name)); err != nil {
			t.Fatal(err)
		}
	}
	items := map[int]bool{}
	for i := (number - first) * size; i < min((number-first+1)*size, total); i++ {
		items[i] = true
	}
	return items
}

// TestPageBeyondTheEnd: a token from elsewhere leads no further.
func TestPageBeyondTheEnd(t *testing.T) {
	t.Parallel()
	for _, offset := range []int{10, 11, 1 << 30, math.MaxInt} {
		p := pageOf(&kratosgrpcv1.ListMySessionsRequest{PageSize: 2, PageToken: adapters.PageToken(offset)})
		if next := p.next(10); next != "" {
			t.Errorf("from %d on, the page after is said to begin at %d", offset, adapters.PageOffset(next))
		}
	}
}
