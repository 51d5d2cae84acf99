package bothlegs_test

import (
	"os"
	"strings"
	"testing"
)

// The program that the README shows is the one that CI builds and runs.
func TestReadmeShowsTheQuickstart(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("examples/quickstart/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(readme), "```go\n"+strings.TrimSpace(string(program))+"\n```") {
		t.Error("README.md does not show examples/quickstart/main.go as it is")
	}
	venue, err := os.ReadFile("example_venue_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(venue), "func Example_venue() {\n")
	body = strings.ReplaceAll("\n"+strings.TrimSuffix(body, "\n}\n"), "\n\t", "\n")
	if !strings.Contains(string(readme), "```go"+body+"\n```") {
		t.Error("README.md does not show the body of Example_venue as it is")
	}
	if strings.Contains(string(readme), "@@") {
		t.Error("README.md has a placeholder")
	}
	for _, command := range []string{"go run ./examples/engine", "go test ./... ./examples/engine/..."} {
		if !strings.Contains(string(readme), "\n    "+command+"\n") {
			t.Errorf("README.md does not give the command %q", command)
		}
	}
}
