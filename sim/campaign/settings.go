package campaign

import (
	"slices"
	"strings"
)

// WithSetting returns a token's settings with one of them set.
func WithSetting(set, name, value string) string {
	set = WithoutSetting(set, name)
	if set != "" {
		set += ","
	}
	return set + name + "=" + value
}

// WithoutSetting returns a token's settings without one of them.
func WithoutSetting(set, name string) string {
	kept := slices.DeleteFunc(strings.Split(set, ","), func(kv string) bool {
		return kv == "" || strings.HasPrefix(kv, name+"=")
	})
	return strings.Join(kept, ",")
}

// Setting returns the value of one entry of a token's settings, "" if none.
func Setting(set, name string) string {
	for _, kv := range strings.Split(set, ",") {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v
		}
	}
	return ""
}
