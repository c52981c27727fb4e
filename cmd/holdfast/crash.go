package main

import (
	"fmt"
	"io"

	"holdfast/engine/config"
)

// reportCrash writes what a report of a panic needs beside its trace: the version
// and every setting that is not the default one.
func reportCrash(w io.Writer, c *config.Config, cause any) {
	fmt.Fprintf(w, "holdfast %s crashed: %v\nbackend: %s\nsettings:\n", c.Version, cause, c.Backend)
	was := config.Default().Effective()
	for i, s := range c.Effective() {
		if s.Name == "requirepass" {
			continue
		}
		if s.Value != was[i].Value || s.Name == "import-mode" {
			fmt.Fprintf(w, "  %s %s\n", s.Name, s.Value)
		}
	}
}
