package bothlegs_test

import (
	"go/ast"
	"go/token"
	"strconv"
	"strings"
	"testing"
)

// Every exported name of every package, internal ones included, says what it is for.
func TestExportedNamesAreDocumented(t *testing.T) {
	fset, files := sources(t)
	packages := map[string]bool{} // documented?
	for _, f := range files {
		if f.test {
			continue
		}
		packages[f.dir] = packages[f.dir] || f.ast.Doc != nil
		for _, d := range f.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && receiverExported(d) && !documents(d.Doc, d.Name.Name) {
					t.Errorf("%s: %s has no comment that starts with its name", fset.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					undocumented(t, fset, d, s)
				}
			}
		}
	}
	for dir, ok := range packages {
		if !ok {
			t.Errorf("package %q has no package comment", dir)
		}
	}
}

func documents(c *ast.CommentGroup, name string) bool {
	if c == nil {
		return false
	}
	text := c.Text()
	for _, article := range []string{"", "A ", "An ", "The "} {
		if strings.HasPrefix(text, article+name) {
			return true
		}
	}
	return false
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.Ident:
			return y.IsExported()
		default:
			return false
		}
	}
}

func undocumented(t *testing.T, fset *token.FileSet, d *ast.GenDecl, s ast.Spec) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() && !documents(s.Doc, s.Name.Name) && !documents(d.Doc, s.Name.Name) {
			t.Errorf("%s: type %s has no comment that starts with its name", fset.Position(s.Pos()), s.Name.Name)
		}
	case *ast.ValueSpec:
		for _, n := range s.Names {
			// members of a group of constants may share the group's comment, or have one behind them
			if n.IsExported() && s.Doc == nil && s.Comment == nil && d.Doc == nil && !inDocumentedGroup(d, s) {
				t.Errorf("%s: %s has no comment", fset.Position(n.Pos()), n.Name)
			}
		}
	}
}

// inDocumentedGroup holds for enumerations whose type is named by the first member: the type's comment explains them.
func inDocumentedGroup(d *ast.GenDecl, s *ast.ValueSpec) bool {
	return d.Tok == token.CONST && d.Lparen.IsValid() && len(d.Specs) > 1 && d.Specs[0].(*ast.ValueSpec).Type != nil
}

// A dependency's type in an exported signature would make it every user's dependency.
func TestNoThirdPartyTypesExported(t *testing.T) {
	fset, files := sources(t)
	for _, f := range files {
		if f.test || strings.HasPrefix(f.dir, "examples/") {
			continue
		}
		foreign := map[string]string{} // local name -> path
		for _, i := range f.ast.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			if !strings.Contains(strings.Split(p, "/")[0], ".") || strings.HasPrefix(p, module) {
				continue
			}
			name := p[strings.LastIndex(p, "/")+1:]
			if strings.HasPrefix(name, "v") && len(name) == 2 {
				name = strings.Split(p, "/")[len(strings.Split(p, "/"))-2]
			}
			if i.Name != nil {
				name = i.Name.Name
			}
			foreign[name] = p
		}
		report := func(n ast.Node) {
			if n == nil {
				return
			}
			ast.Inspect(n, func(n ast.Node) bool {
				if s, ok := n.(*ast.SelectorExpr); ok {
					if x, ok := s.X.(*ast.Ident); ok && foreign[x.Name] != "" {
						t.Errorf("%s: %s.%s in an exported declaration", fset.Position(s.Pos()), x.Name, s.Sel.Name)
					}
				}
				return true
			})
		}
		for _, d := range f.ast.Decls {
			exportedTypes(d, report)
		}
	}
}

// exportedTypes calls f with each type expression that users of the package can see.
func exportedTypes(d ast.Decl, f func(ast.Node)) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && receiverExported(d) {
			f(d.Type)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.ValueSpec:
				if s.Names[0].IsExported() && s.Type != nil {
					f(s.Type)
				}
			case *ast.TypeSpec:
				st, isStruct := s.Type.(*ast.StructType)
				switch {
				case !s.Name.IsExported():
				case !isStruct:
					f(s.Type)
				default:
					for _, field := range st.Fields.List {
						if len(field.Names) == 0 || field.Names[0].IsExported() {
							f(field.Type)
						}
					}
				}
			}
		}
	}
}
