package rules_test

import (
	"testing"

	"holdfast/sim/rules"
)

func TestMain(m *testing.M) { rules.Main(m) }
