package kratosreplay

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
)

// The folders of testdata, one a release.
const (
	// V262 is Kratos 26.2.0, the API of 1.x in its latest shape.
	V262 = "v26.2"
	// V01 is Kratos 0.1.0-alpha.4, whose flows are requests.
	V01 = "v0.1"
)

//go:embed testdata
var testdata embed.FS

// Recordings are those of a release, in the order of their files' names.
func Recordings(release string) ([]Recording, error) {
	files, err := fs.Glob(testdata, path.Join("testdata", release, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("kratosreplay: there are no recordings of %q", release)
	}
	var all []Recording
	for _, name := range files {
		r, err := readFile(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, r)
	}
	return all, nil
}

func readFile(name string) (Recording, error) {
	file, err := testdata.Open(name)
	if err != nil {
		return Recording{}, err
	}
	defer func() { _ = file.Close() }()
	return Read(file)
}
