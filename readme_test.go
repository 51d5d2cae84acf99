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
	if strings.Contains(string(readme), "@@") {
		t.Error("README.md has a placeholder")
	}
	for _, command := range []string{"go run ./examples/engine", "go test ./... ./examples/engine/..."} {
		if !strings.Contains(string(readme), "\n    "+command+"\n") {
			t.Errorf("README.md does not give the command %q", command)
		}
	}
}
