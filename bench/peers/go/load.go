package main

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/containerd/containerd"
)

type loadResult struct {
	PerSecond float64 `json:"perSecond"`
	P50       float64 `json:"p50"`
	P99       float64 `json:"p99"`
	CPUUs     float64 `json:"cpuUs"`
}

// Asks for the version for a while, callers dealt out over the connections.
func load() (interface{}, error) {
	clients := make([]*containerd.Client, *connections)
	for i := range clients {
		client, err := connect()
		if err != nil {
			return nil, err
		}
		defer client.Close()
		clients[i] = client
	}
	if _, _, err := ask(clients, 100*time.Millisecond); err != nil {
		return nil, err
	}
	before := cpu()
	times, took, err := ask(clients, time.Duration(*ms)*time.Millisecond)
	if err != nil {
		return nil, err
	}
	used := cpu() - before
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	n := len(times)
	return loadResult{
		PerSecond: float64(n) / took.Seconds(),
		P50:       milliseconds(times[n/2]),
		P99:       milliseconds(times[n*99/100]),
		CPUUs:     float64(used) / float64(time.Microsecond) / float64(n),
	}, nil
}

func ask(clients []*containerd.Client, length time.Duration) ([]time.Duration, time.Duration, error) {
	var (
		group  sync.WaitGroup
		lock   sync.Mutex
		all    []time.Duration
		failed error
	)
	start := time.Now()
	for caller := 0; caller < *concurrency; caller++ {
		group.Add(1)
		go func(client *containerd.Client) {
			defer group.Done()
			var own []time.Duration
			for time.Since(start) < length {
				begin := time.Now()
				if _, err := client.Version(context.Background()); err != nil {
					lock.Lock()
					failed = err
					lock.Unlock()
					return
				}
				own = append(own, time.Since(begin))
			}
			lock.Lock()
			all = append(all, own...)
			lock.Unlock()
		}(clients[caller%len(clients)])
	}
	group.Wait()
	return all, time.Since(start), failed
}
