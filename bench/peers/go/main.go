// A peer for the benchmarks: the same work through containerd's own Go client. Each command prints
// one JSON value.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/containerd/containerd"
)

var (
	address     = flag.String("address", "", "the daemon's socket")
	namespace   = flag.String("namespace", "bench", "the namespace")
	connections = flag.Int("connections", 1, "connections")
	concurrency = flag.Int("concurrency", 1, "calls at once")
	ms          = flag.Int("ms", 1000, "how long to make calls")
	image       = flag.String("image", "", "the image of containers, or to pull")
	container   = flag.String("container", "", "the container to run programs in")
	count       = flag.Int("count", 1, "how often")
	megabytes   = flag.Int("megabytes", 100, "how much to print")
)

func main() {
	commands := map[string]func() (interface{}, error){
		"load":      load,
		"lifecycle": lifecycle,
		"exec":      execs,
		"stdio":     stdio,
		"watch":     watch,
		"pull":      pull,
	}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: go-peer load|lifecycle|exec|stdio|watch|pull [flags]")
		os.Exit(2)
	}
	flag.CommandLine.Parse(os.Args[2:])
	result, err := commands[os.Args[1]]()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(result)
}

func connect() (*containerd.Client, error) {
	return containerd.New(*address, containerd.WithDefaultNamespace(*namespace))
}

func milliseconds(d time.Duration) float64 {
	return float64(d) / float64(time.Millisecond)
}

// The CPU time of this process so far.
func cpu() time.Duration {
	var usage syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
