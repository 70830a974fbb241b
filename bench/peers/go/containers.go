package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/containerd/containerd"
	"github.com/containerd/containerd/cio"
	"github.com/containerd/containerd/namespaces"
	"github.com/containerd/containerd/oci"
)

// Milliseconds of each run, of all together, and of CPU time for each.
type runsResult struct {
	Runs  []float64 `json:"runs"`
	AllMs float64   `json:"allMs"`
	CPUMs float64   `json:"cpuMs"`
}

func inNamespace() context.Context {
	return namespaces.WithNamespace(context.Background(), *namespace)
}

// Runs a program to its end so often, so many at once.
func repeat(run func(client *containerd.Client, name string) error) (interface{}, error) {
	client, err := connect()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	var (
		group  sync.WaitGroup
		lock   sync.Mutex
		runs   []float64
		failed error
	)
	names := make(chan string, *count)
	for i := 0; i < *count; i++ {
		names <- fmt.Sprintf("go-%d-%d", os.Getpid(), i)
	}
	close(names)
	before := cpu()
	start := time.Now()
	for caller := 0; caller < *concurrency; caller++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for name := range names {
				begin := time.Now()
				err := run(client, name)
				took := milliseconds(time.Since(begin))
				lock.Lock()
				if err != nil {
					failed = err
				}
				runs = append(runs, took)
				lock.Unlock()
			}
		}()
	}
	group.Wait()
	all := milliseconds(time.Since(start))
	used := milliseconds(cpu()-before) / float64(*count)
	return runsResult{Runs: runs, AllMs: all, CPUMs: used}, failed
}

// A container from an image that runs `true`, from nothing to nothing.
func lifecycle() (interface{}, error) {
	return repeat(func(client *containerd.Client, name string) error {
		ctx := inNamespace()
		image, err := client.GetImage(ctx, *image)
		if err != nil {
			return err
		}
		made, err := client.NewContainer(ctx, name,
			containerd.WithNewSnapshot(name, image),
			containerd.WithNewSpec(oci.WithImageConfig(image), oci.WithProcessArgs("true")))
		if err != nil {
			return err
		}
		task, err := made.NewTask(ctx, cio.NullIO)
		if err != nil {
			return err
		}
		exited, err := task.Wait(ctx)
		if err != nil {
			return err
		}
		if err := task.Start(ctx); err != nil {
			return err
		}
		<-exited
		if _, err := task.Delete(ctx); err != nil {
			return err
		}
		return made.Delete(ctx, containerd.WithSnapshotCleanup)
	})
}

// A program in a running container.
func execute(client *containerd.Client, name string, creator cio.Creator, args ...string) error {
	ctx := inNamespace()
	running, err := client.LoadContainer(ctx, *container)
	if err != nil {
		return err
	}
	task, err := running.Task(ctx, nil)
	if err != nil {
		return err
	}
	spec, err := running.Spec(ctx)
	if err != nil {
		return err
	}
	process := *spec.Process
	process.Args = args
	exec, err := task.Exec(ctx, name, &process, creator)
	if err != nil {
		return err
	}
	exited, err := exec.Wait(ctx)
	if err != nil {
		return err
	}
	if err := exec.Start(ctx); err != nil {
		return err
	}
	<-exited
	_, err = exec.Delete(ctx)
	return err
}

func execs() (interface{}, error) {
	return repeat(func(client *containerd.Client, name string) error {
		return execute(client, name, cio.NullIO, "true")
	})
}

// Reads what a program prints.
func stdio() (interface{}, error) {
	return repeat(func(client *containerd.Client, name string) error {
		streams := cio.NewCreator(cio.WithStreams(nil, io.Discard, io.Discard))
		return execute(client, name, streams, "dd", "if=/dev/zero", "bs=1M", "status=none",
			fmt.Sprintf("count=%d", *megabytes))
	})
}
