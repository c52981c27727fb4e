package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"holdfast/engine/config"
)

// TestCapFollowsTheDisk: space that became free is used, unless somebody said
// how much to take; the cap never shrinks.
func TestCapFollowsTheDisk(t *testing.T) {
	c := config.Default()
	c.Dir, c.SegmentBytes = t.TempDir(), 1<<20
	now := int64(1)
	turned := followDisk(c, func() int64 { return now })
	c.TieredMaxFileAuto, c.TieredMaxFileSize = 1000, 1000
	turned()
	require.EqualValues(t, 1000, c.TieredMaxFileSize, "it does not look every turn")
	now += lookAtDisk
	turned()
	require.GreaterOrEqual(t, c.TieredMaxFileSize, 4*c.SegmentBytes)
	c.TieredMaxFileAuto, c.TieredMaxFileSize = 1<<62, 1<<62
	now += lookAtDisk
	turned()
	require.EqualValues(t, 1<<62, c.TieredMaxFileSize)

	require.NoError(t, c.SetRuntime("tiered_max_file_size", "2mb"))
	c.TieredMaxFileAuto = 1000
	now += lookAtDisk
	turned()
	require.EqualValues(t, 2<<20, c.TieredMaxFileSize)
	require.NoError(t, c.SetRuntime("tiered_max_file_size", "0"))
	require.Equal(t, c.TieredMaxFileAuto, c.TieredMaxFileSize)
}
