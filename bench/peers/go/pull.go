package main

import (
	"fmt"
	"time"

	"github.com/containerd/containerd"
	"github.com/containerd/containerd/remotes/docker"
)

// Pulls an image and unpacks it. Gives the milliseconds of the pull itself.
func pull() (interface{}, error) {
	client, err := connect()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	hosts := docker.ConfigureDefaultRegistries(docker.WithPlainHTTP(docker.MatchLocalhost))
	resolver := docker.NewResolver(docker.ResolverOptions{Hosts: hosts})
	begin := time.Now()
	_, err = client.Pull(inNamespace(), *image,
		containerd.WithPullUnpack, containerd.WithResolver(resolver))
	if err != nil {
		return nil, fmt.Errorf("pull: %w", err)
	}
	return milliseconds(time.Since(begin)), nil
}
