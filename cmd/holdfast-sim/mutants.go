package main

import (
	"fmt"
	"io"
)

func mutants(args []string, out, progress io.Writer) error {
	return fmt.Errorf("%w: no mutants yet", errUsage)
}

func rerunWithMutant(name string, args []string, out, progress io.Writer) error {
	return fmt.Errorf("%w: no mutant %q", errUsage, name)
}
