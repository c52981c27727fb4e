package config

import (
	"errors"
	"strconv"
	"strings"
)

// Check refuses combinations of settings that no single one can see.
func (c *Config) Check() error {
	switch {
	case c.Port == 0 && c.UnixSocket == "":
		return errors.New("nothing to listen on: port is 0 and unixsocket is not set")
	case c.Port != 0 && len(c.Bind) == 0 && c.UnixSocket == "":
		return errors.New("nothing to listen on: bind is empty and unixsocket is not set")
	case int64(c.BatchBytes)*4 > c.SegmentBytes:
		return errors.New("log-batch-size must be at most a quarter of log-segment-size")
	case c.TieredPrefix != "" && !c.AppendOnly && c.TieredMaxFileSize != 0 && c.TieredMaxFileSize < 4*c.SegmentBytes:
		return errors.New("tiered_max_file_size must hold at least four segments of log-segment-size")
	}
	if c.ProtectedMode && c.RequirePass == "" && c.Port != 0 {
		for _, host := range c.Bind {
			if !loopback(host) {
				return errors.New("refusing to listen on '" + host + "' without a password: " +
					"set requirepass, bind to 127.0.0.1, or say protected-mode no")
			}
		}
	}
	return nil
}

func loopback(host string) bool {
	host = strings.TrimPrefix(host, "-")
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// Addresses returns where to listen, as the net port writes it. optional[i]
// says that address i came with redis.conf's "-": its failure is no error.
func (c *Config) Addresses() (addresses []string, optional []bool) {
	if c.Port != 0 {
		for _, host := range c.Bind {
			name, may := strings.CutPrefix(host, "-")
			switch name {
			case "*":
				name = "0.0.0.0"
			case "::*":
				name = "::"
			}
			if strings.Contains(name, ":") {
				name = "[" + name + "]"
			}
			addresses = append(addresses, "tcp:"+name+":"+strconv.Itoa(c.Port))
			optional = append(optional, may)
		}
	}
	if c.UnixSocket != "" {
		addresses = append(addresses, "unix:"+c.UnixSocket)
		optional = append(optional, false)
	}
	return addresses, optional
}
