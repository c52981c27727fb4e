package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"holdfast/sim/campaign"
	"holdfast/sim/tape"
)

//go:embed serve.html
var servePage []byte

// serve runs a campaign and shows it, live, to browsers on this machine.
func serve(args []string, out io.Writer) error {
	f := flags("serve")
	listen := f.String("listen", "127.0.0.1:0", "")
	long := f.Duration("for", 24*time.Hour, "")
	profile := f.String("profile", "standard", "")
	from := f.Uint64("from", 1, "")
	mutant := f.String("mutant", "", "")
	workers := f.Int("workers", runtime.GOMAXPROCS(0), "")
	if err := parse(f, args); err != nil {
		return err
	}
	if _, ok := tape.ProfileNamed(*profile); !ok || f.NArg() > 0 {
		return fmt.Errorf("%w: no profile %q (%s)", errUsage, *profile, profileNames())
	}
	if *mutant != "" {
		if done, err := asMutant(*mutant, append([]string{"serve"}, args...), out, out); done {
			return err
		}
		*workers = 1
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("%w: %v", errUsage, err)
	}
	s := &server{c: campaign.Campaign{From: *from, Seeds: 1 << 62, Profile: *profile, Settings: withMutant("", *mutant),
		Workers: *workers, Until: time.Now().Add(*long)}, start: time.Now()}
	fmt.Fprintf(out, "http://%s/\n", l.Addr())
	web := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 5 * time.Second}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := web.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			fmt.Fprintln(out, "cannot serve:", err)
		}
	})
	err = s.run()
	err = errors.Join(err, web.Close())
	serving.Wait()
	return err
}

type server struct {
	c     campaign.Campaign
	start time.Time

	drawing sync.Mutex // one report at a time

	mu   sync.Mutex
	last []byte // the summary, as JSON
	at   time.Time
}

func (s *server) run() error {
	s.c.Each = func(_ campaign.Result, t *campaign.Totals) {
		if now := time.Now(); now.Sub(s.at) > 500*time.Millisecond {
			s.at = now
			text, err := json.Marshal(s.c.Summarise(t, now.Sub(s.start).Seconds()))
			if err == nil {
				s.mu.Lock()
				s.last = text
				s.mu.Unlock()
			}
		}
	}
	_, err := s.c.Run(nil)
	return err
}

func (s *server) handler() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write(servePage)
	})
	m.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		text := s.last
		s.mu.Unlock()
		if text == nil {
			text = []byte(`{"runs":0,"failed":0,"seeds_per_second":0,"events_per_second":0,"virtual_seconds_per_second":0}`)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(text)
	})
	m.HandleFunc("GET /report", s.report)
	return m
}

// report shrinks and draws one failure.
func (s *server) report(w http.ResponseWriter, r *http.Request) {
	tok, err := tape.DecodeToken(r.URL.Query().Get("token"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.drawing.Lock()
	defer s.drawing.Unlock()
	self, err := os.Executable()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	// In a process of its own: the campaign's twin switches the mutant off and on.
	text, err := exec.CommandContext(r.Context(), self, "report", "-o", "-", tok.Encode()).Output()
	if err != nil {
		http.Error(w, "cannot draw it: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(text)
}
