package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/engine/config"
)

// errHelp and errVersion end the start without being failures.
var (
	errHelp    = errors.New("help")
	errVersion = errors.New("version")
)

// includeDepth bounds files that include files.
const includeDepth = 16

// settings is what the command line and the files said.
type settings struct {
	cfg      *config.Config
	warnings []string
	given    []string // names set by someone, as they were spelt
	inert    []string // of them, those without effect here
	stdin    io.Reader
}

// readSettings turns the command line into a configuration: first the file, if
// one is named, then the flags in order.
func readSettings(args []string, stdin io.Reader) (*settings, error) {
	s := &settings{cfg: config.Default(), stdin: stdin}
	if len(args) > 0 && (args[0] == "-" || !strings.HasPrefix(args[0], "-")) {
		if err := s.file(args[0], includeDepth); err != nil {
			return nil, err
		}
		if args[0] != "-" {
			if full, err := filepath.Abs(args[0]); err == nil {
				s.cfg.ConfigFile = full
			}
		}
		args = args[1:]
	}
	for len(args) > 0 {
		rest, err := s.flag(args)
		if err != nil {
			return nil, err
		}
		args = rest
	}
	switch names := strings.Join(s.inert, "', '"); len(s.inert) { // one line: a redis.conf has dozens
	case 0:
	case 1:
		s.warnings = append(s.warnings, "parameter '"+names+"' has no effect in this server")
	default:
		s.warnings = append(s.warnings, "parameters '"+names+"' have no effect in this server")
	}
	return s, s.cfg.Check()
}

// flag reads one flag and its values, which reach to the next flag.
func (s *settings) flag(args []string) (rest []string, err error) {
	switch args[0] {
	case "--help", "-h", "-help":
		return nil, errHelp
	case "--version", "-v", "-version":
		return nil, errVersion
	}
	name, ok := strings.CutPrefix(args[0], "--")
	if !ok || name == "" {
		return nil, fmt.Errorf("unexpected argument '%s': flags are --name value or --name=value", args[0])
	}
	args = args[1:]
	if name, value, ok := strings.Cut(name, "="); ok {
		return args, s.set(name, []string{value})
	}
	n := 0
	for n < len(args) && !strings.HasPrefix(args[n], "--") {
		n++
	}
	values := args[:n]
	if known, _, _ := config.Known(name); n == 0 && known {
		if !config.Switch(name) {
			return nil, fmt.Errorf("flag --%s needs a value", name)
		}
		values = []string{"yes"}
	}
	return args[n:], s.set(name, values)
}

// set applies one directive of the file or the command line.
func (s *settings) set(name string, values []string) error {
	if err := s.cfg.Apply(name, values); err != nil {
		return err
	}
	s.given = append(s.given, name)
	if _, _, inert := config.Known(name); inert && !slices.Contains(s.inert, name) {
		s.inert = append(s.inert, name)
	}
	return nil
}

// file reads a configuration file, "-" being standard input.
func (s *settings) file(name string, depth int) error {
	if depth == 0 {
		return fmt.Errorf("cannot read %s: files include each other too deeply", name)
	}
	var text []byte
	var err error
	if name == "-" {
		text, err = io.ReadAll(s.stdin)
	} else {
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return fmt.Errorf("cannot read the configuration file: %w", err)
	}
	lines, err := config.Parse(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, l := range lines {
		if strings.EqualFold(l.Name, "include") {
			for _, other := range l.Args {
				if err := s.file(other, depth-1); err != nil {
					return err
				}
			}
			continue
		}
		if err := s.set(l.Name, l.Args); err != nil {
			return fmt.Errorf("%s: line %d: %w", name, l.Number, err)
		}
	}
	return nil
}

// has reports whether somebody set the parameter.
func (s *settings) has(name string) bool {
	for _, g := range s.given {
		if strings.EqualFold(strings.ReplaceAll(g, "_", "-"), name) {
			return true
		}
	}
	return false
}

// usage is what --help prints.
func usage(w io.Writer) {
	fmt.Fprint(w, `usage: holdfast [file.conf] [--name value | --name=value ...]
       holdfast check DIR
       holdfast salvage DIR NEWDIR
       holdfast restore BACKUP DIR
       holdfast import SOURCE DESTINATION

A durable, tiered server for the Redis protocol. Parameters have the names of
redis.conf and Dragonfly, '-' and '_' alike; flags come after the file and win.
  holdfast --port 7379 --dir ./data
  holdfast --maxmemory 4gb --tiered_prefix tier --appendfsync always
  holdfast /etc/holdfast.conf --port 7380

parameters and their defaults:
`)
	for _, p := range config.Default().Effective() {
		fmt.Fprintf(w, "  --%s %s\n", p.Name, quoteEmpty(p.Value))
	}
}

func quoteEmpty(v string) string {
	if v == "" {
		return `""`
	}
	return v
}
