package bothlegs_test

import (
	"bufio"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/bothlegs/bothlegs"

// may says what a package may import of this module; the rule of the longest matching prefix counts. "internal" stands for every
// package below it. It is read from the sources in process: the answer of "go list" could come from the test cache.
var may = map[string][]string{
	"":                      {},
	"exchange":              {},
	"exchange/binance":      {"exchange", "feed", "internal"},
	"exchange/okx":          {"exchange", "feed", "internal"},
	"exchange/bybit":        {"exchange", "feed", "internal"},
	"exchange/sim":          {"exchange", "internal"},
	"exchange/exchangetest": {"exchange"},
	// A server shares nothing with the adapter that it mirrors, nor with what adapters are built of: their errors would cancel out.
	"exchange/binance/binancetest": {"exchange", "exchange/sim", "internal/simwire", "internal/pipe"},
	"exchange/okx/okxtest":         {"exchange", "exchange/sim", "internal/simwire", "internal/pipe"},
	"exchange/bybit/bybittest":     {"exchange", "exchange/sim", "internal/simwire", "internal/pipe"},
	"feed":                         {"exchange", "internal"},
	"arb":                          {"exchange", "internal"},
	"order":                        {"exchange", "internal"},
	"pnl":                          {"exchange", "internal"},
	"internal":                     {"exchange", "internal"},
	"internal/simwire":             {"exchange", "exchange/sim", "internal/pipe"},
	"internal/stage":               {"exchange", "exchange/sim", "exchange/exchangetest"},
	"internal/conformance":         {"exchange", "exchange/sim", "exchange/binance/binancetest", "exchange/okx/okxtest", "exchange/bybit/bybittest"},
	"examples": {"arb", "exchange", "exchange/binance", "exchange/okx", "exchange/bybit", "exchange/sim", "feed", "order", "pnl",
		"exchange/binance/binancetest", "exchange/okx/okxtest", "exchange/bybit/bybittest"},
}

// thirdParty says which packages outside the standard library a package of the root module may import.
var thirdParty = map[string][]string{
	"exchange":                     {"github.com/cockroachdb/apd/v3"},
	"exchange/binance":             {"golang.org/x/time/rate"},
	"exchange/okx":                 {"golang.org/x/time/rate"},
	"exchange/bybit":               {"golang.org/x/time/rate"},
	"exchange/binance/binancetest": {},
	"exchange/okx/okxtest":         {"github.com/gorilla/websocket"},
	"exchange/bybit/bybittest":     {},
	"feed":                         {"github.com/gorilla/websocket", "golang.org/x/time/rate", "github.com/cenkalti/backoff/v4"},
	"internal":                     {"github.com/cenkalti/backoff/v4", "github.com/gorilla/websocket", "golang.org/x/time/rate"},
}

// direct are the root module's requirements: exactly these.
var direct = []string{"github.com/cenkalti/backoff/v4", "github.com/cockroachdb/apd/v3", "github.com/gorilla/websocket", "golang.org/x/time"}

// source is one Go file: dir is its package's folder below the module, "" for the root.
type source struct {
	dir, file string
	ast       *ast.File
	test      bool
}

func (s source) imports() []string {
	var r []string
	for _, i := range s.ast.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		r = append(r, p)
	}
	return r
}

func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	fset := token.NewFileSet()
	var r []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || p != "." && strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go"):
			return nil
		}
		f, err := parser.ParseFile(fset, p, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(p))
		if dir == "." {
			dir = ""
		}
		r = append(r, source{dir: dir, file: p, ast: f, test: strings.HasSuffix(p, "_test.go")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(r) < 20 {
		t.Fatalf("only %d source files found: not at the module's root?", len(r))
	}
	return fset, r
}

// rule is the value of the longest prefix of dir in table.
func rule(table map[string][]string, dir string) (string, []string) {
	for p := dir; ; p = path.Dir(p) {
		if p == "." {
			p = ""
		}
		if r, ok := table[p]; ok {
			return p, r
		}
		if p == "" {
			return "", nil
		}
	}
}

func within(dir string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		return dir == a || a == "internal" && strings.HasPrefix(dir, "internal/")
	})
}

func TestImports(t *testing.T) {
	_, files := sources(t)
	for _, f := range files {
		if f.test {
			continue // tests may import widely; examples' tests are looked at below
		}
		for _, p := range f.imports() {
			rest, ours := strings.CutPrefix(p, module+"/")
			switch {
			case ours:
				if name, allowed := rule(may, f.dir); !within(rest, allowed) && !strings.HasPrefix(f.dir, rest+"/internal") {
					t.Errorf("%s imports %s; the rule for %q allows %v", f.file, rest, name, allowed)
				}
			case strings.Contains(strings.Split(p, "/")[0], ".") && !strings.HasPrefix(f.dir, "examples/engine") && !strings.HasPrefix(f.dir, "internal/conformance"):
				if name, allowed := rule(thirdParty, f.dir); !slices.Contains(allowed, p) {
					t.Errorf("%s imports %s; the rule for %q allows %v", f.file, p, name, allowed)
				}
			}
		}
	}
}

// Users copy the examples: nothing in them may be out of their reach.
func TestExamplesImportNothingInternal(t *testing.T) {
	_, files := sources(t)
	n := 0
	for _, f := range files {
		if !strings.HasPrefix(f.dir, "examples/") {
			continue
		}
		n++
		for _, p := range f.imports() {
			if strings.HasPrefix(p, module+"/internal") {
				t.Errorf("%s imports %s", f.file, p)
			}
		}
	}
	if n == 0 {
		t.Error("no example found")
	}
}

func TestFourDirectRequirements(t *testing.T) {
	f, err := os.Open("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var got []string
	block := false
	for s := bufio.NewScanner(f); s.Scan(); {
		line := strings.TrimSpace(s.Text())
		switch {
		case strings.HasPrefix(line, "require ("):
			block = true
		case line == ")":
			block = false
		case strings.Contains(line, "// indirect"):
		case strings.HasPrefix(line, "require "):
			got = append(got, strings.Fields(line)[1])
		case block && line != "":
			got = append(got, strings.Fields(line)[0])
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, direct) {
		t.Errorf("direct requirements %v, want exactly %v", got, direct)
	}
}

// The library has no hidden inputs: no init, no environment, no clock or chance in what must decide alike every time.
func TestNoHiddenInputs(t *testing.T) {
	fset, files := sources(t)
	library := []string{"exchange", "feed", "arb", "order", "pnl", "internal"}
	pure := []string{"arb", "pnl", "internal/book", "internal/scan", "order/machine", "order/group", "order/preflight", "order/reserve", "exchange/sim/engine"}
	for _, f := range files {
		name := filepath.ToSlash(strings.TrimSuffix(f.file, ".go"))
		in := func(list []string) bool {
			return slices.ContainsFunc(list, func(p string) bool { return strings.HasPrefix(name, p) })
		}
		if f.test || !in(library) || f.dir == "internal/fixtures" {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: init", fset.Position(n.Pos()))
				}
			case *ast.SelectorExpr:
				x, ok := n.X.(*ast.Ident)
				if !ok {
					break
				}
				call := x.Name + "." + n.Sel.Name
				switch call {
				case "os.Getenv", "os.LookupEnv", "os.Environ":
					t.Errorf("%s: %s in the library", fset.Position(n.Pos()), call)
				case "time.Now", "time.Since", "time.Until", "time.After", "time.NewTimer", "time.Sleep", "rand.Uint64", "rand.IntN", "maphash.String", "maphash.Bytes":
					if in(pure) {
						t.Errorf("%s: %s where time and chance must come from outside", fset.Position(n.Pos()), call)
					}
				}
			}
			return true
		})
	}
}

// Money is never a float.
func TestNoFloatsWhereMoneyIs(t *testing.T) {
	fset, files := sources(t)
	for _, f := range files {
		if f.test || !slices.ContainsFunc([]string{"exchange", "arb", "order", "pnl", "internal/book", "internal/scan"}, func(p string) bool {
			return f.dir == p || strings.HasPrefix(f.dir, p+"/")
		}) {
			continue
		}
		ast.Inspect(f.ast, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && (id.Name == "float64" || id.Name == "float32" || id.Name == "ParseFloat") {
				if !strings.Contains(justified(fset, f, id), "not money") {
					t.Errorf("%s: %s; a line comment with the words \"not money\" says why where it is none", fset.Position(id.Pos()), id.Name)
				}
			}
			return true
		})
	}
}

// justified is the comment on the line of id, or on the line above it.
func justified(fset *token.FileSet, f source, id *ast.Ident) string {
	line := fset.Position(id.Pos()).Line
	for _, g := range f.ast.Comments {
		for _, c := range g.List {
			if at := fset.Position(c.Pos()).Line; at == line || at == line-1 {
				return c.Text
			}
		}
	}
	return ""
}
