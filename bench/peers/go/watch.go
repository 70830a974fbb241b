package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"

	"github.com/containerd/containerd"
	"github.com/containerd/containerd/cio"
	"golang.org/x/sys/unix"
)

// What is said on a line: see bench/harness/watching.ts.
type said struct {
	Is    string `json:"is"`
	ID    string `json:"id"`
	Bytes uint64 `json:"bytes,omitempty"`
	At    string `json:"at,omitempty"`
	CPUUs int64  `json:"cpuUs"`
}

// Watches the containers whose ids come as lists on the input, and tells when they end; `"heap"` asks
// for its memory.
func watch() (interface{}, error) {
	client, err := connect()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var lock sync.Mutex
	out := json.NewEncoder(os.Stdout)
	say := func(line said) {
		lock.Lock()
		defer lock.Unlock()
		line.CPUUs = cpu().Microseconds()
		out.Encode(line)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if lines.Text() == `"heap"` {
			say(said{Is: "heap", Bytes: heap()})
			continue
		}
		var ids []string
		if err := json.Unmarshal(lines.Bytes(), &ids); err != nil {
			return nil, err
		}
		if err := watchAll(client, ids, say); err != nil {
			return nil, err
		}
		say(said{Is: "watching"})
	}
	return struct{}{}, nil
}

// Bytes in use, of objects and stacks.
func heap() uint64 {
	runtime.GC()
	debug.FreeOSMemory()
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	return memory.HeapAlloc + memory.StackInuse
}

func watchAll(client *containerd.Client, ids []string, say func(said)) error {
	var group sync.WaitGroup
	waiting := make(chan string, len(ids))
	for _, id := range ids {
		waiting <- id
	}
	close(waiting)
	failed := make(chan error, 16)
	for worker := 0; worker < cap(failed); worker++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for id := range waiting {
				if err := watchOne(client, id, say); err != nil {
					failed <- fmt.Errorf("%s: %w", id, err)
					return
				}
			}
		}()
	}
	group.Wait()
	close(failed)
	return <-failed
}

func watchOne(client *containerd.Client, id string, say func(said)) error {
	ctx := inNamespace()
	container, err := client.LoadContainer(ctx, id)
	if err != nil {
		return err
	}
	task, err := container.Task(ctx, cio.Load)
	if err != nil {
		return err
	}
	exited, err := task.Wait(ctx)
	if err != nil {
		return err
	}
	go func() {
		status := <-exited
		at := monotonic()
		if status.Error() != nil {
			fmt.Fprintln(os.Stderr, id, status.Error())
			return
		}
		say(said{Is: "exit", ID: id, At: strconv.FormatInt(at, 10)})
		if _, err := task.Delete(ctx); err != nil {
			fmt.Fprintln(os.Stderr, id, err)
		}
		say(said{Is: "done", ID: id})
	}()
	return nil
}

// Nanoseconds of the clock that all processes of the machine share.
func monotonic() int64 {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return now.Nano()
}
