package main

import (
	"bufio"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine is what the figures were taken on.
type machine struct {
	Cores       int     `json:"cores"`
	MemoryGiB   float64 `json:"memory_gib"` // 0 where the system does not say
	CPU         string  `json:"cpu"`
	OS          string  `json:"os"`
	Go          string  `json:"go"`
	LoadAverage string  `json:"load_average"` // over a minute, before the run: what else was going on
}

func thisMachine() machine {
	m := machine{Cores: runtime.NumCPU(), CPU: runtime.GOARCH, OS: runtime.GOOS, Go: runtime.Version()}
	if kb, err := strconv.ParseFloat(strings.TrimSuffix(entry("/proc/meminfo", "MemTotal"), " kB"), 64); err == nil {
		m.MemoryGiB = round(kb/(1<<20), 1)
	}
	if name := entry("/proc/cpuinfo", "model name"); name != "" {
		m.CPU = name
	}
	if version, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.OS += " " + strings.TrimSpace(string(version))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.LoadAverage, _, _ = strings.Cut(string(load), " ")
	}
	return m
}

// entry is the first value of a name in a file of lines "name: value", empty if it is not there.
func entry(path, name string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
