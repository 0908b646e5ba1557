package cri

import (
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// notFound is what the kubelet takes for "gone already".
func notFound(text string) error { return status.Error(codes.NotFound, text) }

// cannot is for what a manifest asks and this runtime does not do: the kubelet shows it in the pod's status.
func cannot(text string) error { return status.Error(codes.Unimplemented, text) }

// deadline is what the kubelet takes for a probe's timeout.
func deadline(text string) error { return status.Error(codes.DeadlineExceeded, text) }
