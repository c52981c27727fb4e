package mutant

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Overlay writes changed copies of the sources that the mutants touch to dir
// and returns the file for `go build -overlay`. It fails on the first anchor
// that does not match exactly once.
func Overlay(root, dir string, list []Mutant) (string, error) {
	o := &overlay{root: root, fset: token.NewFileSet(), files: map[string]*source{}}
	for i := range list {
		if err := o.add(&list[i], i+1); err != nil {
			return "", err
		}
	}
	return o.write(dir, list)
}

// Check verifies that every anchor of the mutants matches exactly once.
func Check(root string, list []Mutant) []error {
	var bad []error
	for i := range list {
		o := &overlay{root: root, fset: token.NewFileSet(), files: map[string]*source{}}
		if err := o.add(&list[i], 1); err != nil {
			bad = append(bad, err)
		}
	}
	return bad
}

type overlay struct {
	root  string
	fset  *token.FileSet
	files map[string]*source
	order []string
}

// source is one file to be changed.
type source struct {
	text    string
	file    *ast.File
	base    int
	inserts map[int]string // by offset
	clones  string
	touched bool
}

func (o *overlay) open(path string) (*source, error) {
	if s := o.files[path]; s != nil {
		return s, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(o.fset, path, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	s := &source{text: string(text), file: f, base: o.fset.File(f.Pos()).Base(), inserts: map[int]string{}}
	o.files[path] = s
	o.order = append(o.order, path)
	return s, nil
}

func (s *source) at(p token.Pos) int { return int(p) - s.base }

// add puts one mutant's changes into the overlay, to run when active is id.
func (o *overlay) add(m *Mutant, id int) error {
	for n := range m.Changes {
		c := &m.Changes[n]
		paths, err := filepath.Glob(filepath.Join(o.root, c.Package, "*.go"))
		if err != nil {
			return err
		}
		found := 0
		for _, p := range paths {
			if strings.HasSuffix(p, "_test.go") {
				continue
			}
			s, err := o.open(p)
			if err != nil {
				return err
			}
			for _, d := range s.file.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok && s.name(fn) == c.Function {
					found++
					if err := s.clone(fn, c, id, n); err != nil {
						return fmt.Errorf("%w: %s: %v", ErrBank, m.Name, err)
					}
				}
			}
		}
		if found != 1 {
			return fmt.Errorf("%w: %s: %d functions %s in %s", ErrBank, m.Name, found, c.Function, c.Package)
		}
	}
	return nil
}

// name spells a function as the bank does.
func (s *source) name(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return d.Name.Name
	}
	t := d.Recv.List[0].Type
	recv, _, _ := strings.Cut(s.text[s.at(t.Pos()):s.at(t.End())], "[")
	return "(" + recv + ")." + d.Name.Name
}

// clone adds a changed copy of the function, and a branch to it.
func (s *source) clone(d *ast.FuncDecl, c *Change, id, n int) error {
	lines := strings.Split(s.text[s.at(d.Pos()):s.at(d.End())], "\n")
	for _, h := range c.Hunks {
		at := h.find(lines)
		if len(at) != 1 {
			return fmt.Errorf("%d places in %s match %q", len(at), c.Function, h.Out[0])
		}
		lines = slices.Concat(lines[:at[0]], h.In, lines[at[0]+len(h.Out):])
	}
	name := fmt.Sprintf("%sMutant%dx%d", d.Name.Name, id, n)
	call, err := s.call(d, name)
	if err != nil {
		return fmt.Errorf("%s: %v", c.Function, err)
	}
	s.inserts[s.at(d.Body.Lbrace)+1] += fmt.Sprintf("\n\tif mutantactive.ID == %d {\n\t\t%s\n\t}\n", id, call)
	text := strings.Join(lines, "\n")
	off := int(d.Name.Pos() - d.Pos())
	s.clones += "\n\n" + text[:off] + name + text[off+len(d.Name.Name):] + "\n"
	s.touched = true
	return nil
}

// find returns where the hunk's lines stand.
func (h *Hunk) find(lines []string) (at []int) {
	for i := 0; i+len(h.Out) <= len(lines); i++ {
		same := true
		for k, out := range h.Out {
			same = same && strings.TrimSpace(lines[i+k]) == out
		}
		if same {
			at = append(at, i)
		}
	}
	return at
}

// call spells the call of the clone from inside the original. Blank parameters
// get names.
func (s *source) call(d *ast.FuncDecl, name string) (string, error) {
	var args []string
	for _, p := range d.Type.Params.List {
		if len(p.Names) == 0 {
			return "", fmt.Errorf("a parameter has no name")
		}
		for _, id := range p.Names {
			a := id.Name
			if a == "_" {
				prefix := fmt.Sprintf("blank%d", len(args))
				s.inserts[s.at(id.Pos())] = prefix
				a = prefix + "_"
			}
			if _, ok := p.Type.(*ast.Ellipsis); ok {
				a += "..."
			}
			args = append(args, a)
		}
	}
	call := name + "(" + strings.Join(args, ", ") + ")"
	if d.Recv != nil {
		if len(d.Recv.List[0].Names) == 0 {
			return "", fmt.Errorf("its receiver has no name")
		}
		call = d.Recv.List[0].Names[0].Name + "." + call
	}
	if r := d.Type.Results; r != nil && len(r.List) > 0 {
		return "return " + call, nil
	}
	return call + "\n\t\treturn", nil
}

func (s *source) render() string {
	at := s.at(s.file.Name.End())
	s.inserts[at] += "\n\nimport mutantactive \"holdfast/sim/mutant/active\"\n"
	offsets := make([]int, 0, len(s.inserts))
	for off := range s.inserts {
		offsets = append(offsets, off)
	}
	slices.Sort(offsets)
	var b strings.Builder
	last := 0
	for _, off := range offsets {
		b.WriteString(s.text[last:off])
		b.WriteString(s.inserts[off])
		last = off
	}
	b.WriteString(s.text[last:])
	b.WriteString(s.clones)
	return b.String()
}

func (o *overlay) write(dir string, list []Mutant) (string, error) {
	replace := map[string]string{}
	put := func(path, text string) error {
		to := filepath.Join(dir, fmt.Sprintf("%d.go", len(replace)))
		replace[path] = to
		return os.WriteFile(to, []byte(text), 0o644)
	}
	for _, p := range o.order {
		if s := o.files[p]; s.touched {
			if err := put(p, s.render()); err != nil {
				return "", err
			}
		}
	}
	names := "package active\n\nfunc init() {\n\tnames = []string{\n"
	for i := range list {
		names += fmt.Sprintf("\t\t%q,\n", list[i].Name)
	}
	names += "\t}\n}\n"
	if err := put(filepath.Join(o.root, "sim", "mutant", "active", "names_overlay.go"), names); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "overlay.json")
	return file, os.WriteFile(file, text, 0o644)
}
