package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeTemporal is a program that only tells a version.
func fakeTemporal(t *testing.T, path, version string) string {
	t.Helper()
	if err := os.WriteFile(path, fmt.Appendf(nil, "#!/bin/sh\necho '%s'\n", version), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckTemporal(t *testing.T) {
	for version, fit := range map[string]bool{
		"temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)": true,
		"temporal version 1.8.1 (Server 1.31.0, UI 2.50.0)":     true,
		"temporal version 3.0.0 (Server 2.0.0, UI 3.0.0)":       true,
		"temporal version 1.3.0 (Server 1.27.1, UI 2.36.0)":     false,
		"temporal version 1.8.1":                                false,
	} {
		err := checkTemporal(t.Context(), fakeTemporal(t, filepath.Join(t.TempDir(), "temporal"), version))
		if (err == nil) != fit {
			t.Errorf("%s: %v", version, err)
		}
	}
	if checkTemporal(t.Context(), filepath.Join(t.TempDir(), "none")) == nil {
		t.Error("a missing program passes")
	}
}

func TestFindTemporal(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	onPath := fakeTemporal(t, filepath.Join(dir, "temporal"), "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)")
	if got, err := findTemporal(t.Context(), Config{}); err != nil || got != onPath {
		t.Errorf("found %q instead of the one on PATH: %v", got, err)
	}
	asked := fakeTemporal(t, filepath.Join(dir, "other"), "temporal version 1.6.0 (Server 1.30.0, UI 2.42.1)")
	if got, err := findTemporal(t.Context(), Config{TemporalBin: asked}); err != nil || got != asked {
		t.Errorf("found %q instead of the one asked for: %v", got, err)
	}
	old := fakeTemporal(t, filepath.Join(dir, "old"), "temporal version 1.1.0 (Server 1.25.0, UI 2.30.0)")
	if _, err := findTemporal(t.Context(), Config{TemporalBin: old}); err == nil || !strings.Contains(err.Error(), "1.29") {
		t.Errorf("a server too old that was asked for is not refused: %v", err)
	}
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_, err = freePort("JALON_TEMPORAL_ADDRESS", "Temporal", l.Addr().String())
	if err == nil {
		t.Fatal("a taken port passes")
	}
	for _, word := range []string{port, "Temporal", "JALON_TEMPORAL_ADDRESS=127.0.0.1:", fmt.Sprint(os.Getpid())} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q is not in: %v", word, err)
		}
	}
}
