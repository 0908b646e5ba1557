package cri

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"

	"slipway.dev/cluster/outside"
)

// images is the store: a folder per image, named by the digest of its configuration, and an index of references.
type images struct {
	dir       string
	transport http.RoundTripper

	mu    sync.Mutex
	index map[string]*image
}

// image is one unpacked image. ID is the digest of its configuration, `sha256:...`.
type image struct {
	ID      string    `json:"id"`
	Tags    []string  `json:"tags"`
	Digests []string  `json:"digests"`
	Size    int64     `json:"size"`
	Config  v1.Config `json:"config"`
}

func openImages(o Options) (*images, error) {
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if o.RegistryCA != "" {
		b, err := os.ReadFile(o.RegistryCA)
		if err != nil {
			return nil, err
		}
		if !pool.AppendCertsFromPEM(b) {
			return nil, fmt.Errorf("`--registry-ca` holds no certificate in PEM")
		}
	}
	s := &images{dir: o.Images, index: map[string]*image{}}
	s.transport = &http.Transport{
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			return outside.Dial(ctx, o.Outside, address)
		},
		TLSClientConfig:       &tls.Config{RootCAs: pool},
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     true,
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(s.indexPath())
	if err == nil {
		err = json.Unmarshal(b, &s.index)
	} else if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("`%s`: %w", s.indexPath(), err)
	}
	return s, nil
}

func (s *images) indexPath() string { return filepath.Join(s.dir, "index.json") }

func (s *images) folder(id string) string {
	return filepath.Join(s.dir, strings.TrimPrefix(id, "sha256:"))
}

func (s *images) rootfs(id string) string { return filepath.Join(s.folder(id), "rootfs") }

// save is called with the lock held.
func (s *images) save() error {
	b, err := json.MarshalIndent(s.index, "", " ")
	if err != nil {
		return err
	}
	temp := s.indexPath() + ".new"
	if err := os.WriteFile(temp, b, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, s.indexPath())
}

// find takes an id, a tag or a digest reference.
func (s *images) find(reference string) *image {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookup(reference)
}

func (s *images) lookup(reference string) *image {
	for _, id := range []string{reference, "sha256:" + reference} {
		if i := s.index[id]; i != nil {
			return i
		}
	}
	r, err := name.ParseReference(reference)
	if err != nil {
		return nil
	}
	for _, i := range s.index {
		if slices.Contains(i.Tags, r.Name()) || slices.Contains(i.Digests, r.Name()) {
			return i
		}
	}
	return nil
}

func (s *images) pull(ctx context.Context, reference string, auth authn.Authenticator) (*image, error) {
	r, err := name.ParseReference(reference)
	if err != nil {
		return nil, err
	}
	descriptor, err := remote.Get(r, remote.WithContext(ctx), remote.WithTransport(s.transport), remote.WithAuth(auth),
		remote.WithPlatform(v1.Platform{OS: "linux", Architecture: runtime.GOARCH}))
	if err != nil {
		return nil, err
	}
	img, err := descriptor.Image()
	if err != nil {
		return nil, err
	}
	id, err := img.ConfigName()
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	found := s.find(id.String())
	if found == nil {
		if found, err = s.unpack(id.String(), img, config); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Another pull of the same image may have ended meanwhile: its names stay.
	if known := s.index[found.ID]; known != nil {
		found = known
	}
	s.index[found.ID] = found
	if tag, ok := r.(name.Tag); ok {
		for _, other := range s.index {
			other.Tags = slices.DeleteFunc(other.Tags, func(t string) bool { return t == tag.Name() })
		}
		found.Tags = append(found.Tags, tag.Name())
	}
	if digest := r.Context().Digest(descriptor.Digest.String()).Name(); !slices.Contains(found.Digests, digest) {
		found.Digests = append(found.Digests, digest)
	}
	return found, s.save()
}

func (s *images) unpack(id string, img v1.Image, config *v1.ConfigFile) (*image, error) {
	if config.OS != "" && config.OS != "linux" || config.Architecture != "" && config.Architecture != runtime.GOARCH {
		return nil, fmt.Errorf("the image is for `%s/%s`, this machine is `linux/%s`", config.OS, config.Architecture, runtime.GOARCH)
	}
	layers, err := img.Layers()
	if err != nil {
		return nil, err
	}
	if len(layers) != len(config.RootFS.DiffIDs) {
		return nil, fmt.Errorf("the manifest has %d layers, the configuration %d", len(layers), len(config.RootFS.DiffIDs))
	}
	temp, err := os.MkdirTemp(s.dir, "unpacking-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	root := filepath.Join(temp, "rootfs")
	if err := os.Mkdir(root, 0o755); err != nil {
		return nil, err
	}
	result := &image{ID: id, Config: config.Config}
	for i, l := range layers {
		size, err := l.Size()
		if err != nil {
			return nil, err
		}
		result.Size += size
		content, err := l.Uncompressed()
		if err != nil {
			return nil, err
		}
		err = unpackLayer(root, content, config.RootFS.DiffIDs[i].String())
		content.Close()
		if err != nil {
			return nil, fmt.Errorf("layer %d of %d: %w", i+1, len(layers), err)
		}
	}
	if err := os.Rename(temp, s.folder(id)); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, err
	}
	return result, nil
}

// PullImage fetches, checks and unpacks an image.
func (r *Runtime) PullImage(ctx context.Context, q *runtimeapi.PullImageRequest) (*runtimeapi.PullImageResponse, error) {
	i, err := r.images.pull(ctx, q.Image.GetImage(), authenticator(q.Auth))
	if err != nil {
		return nil, fmt.Errorf("pull `%s`: %w", q.Image.GetImage(), err)
	}
	return &runtimeapi.PullImageResponse{ImageRef: i.ID}, nil
}

func authenticator(a *runtimeapi.AuthConfig) authn.Authenticator {
	if a == nil {
		return authn.Anonymous
	}
	return authn.FromConfig(authn.AuthConfig{Username: a.Username, Password: a.Password, Auth: a.Auth,
		IdentityToken: a.IdentityToken, RegistryToken: a.RegistryToken})
}

// digestFor is the image by digest, in the repository that asked names where there is more than one.
func (i *image) digestFor(asked string) string {
	if r, err := name.ParseReference(asked); err == nil {
		for _, d := range i.Digests {
			if strings.HasPrefix(d, r.Context().Name()+"@") {
				return d
			}
		}
	}
	return i.Digests[0]
}

func (i *image) message() *runtimeapi.Image {
	m := &runtimeapi.Image{Id: i.ID, RepoTags: i.Tags, RepoDigests: i.Digests, Size: uint64(i.Size), Spec: &runtimeapi.ImageSpec{Image: i.ID}}
	user, _, _ := strings.Cut(i.Config.User, ":")
	if uid, err := strconv.ParseInt(user, 10, 64); err == nil {
		m.Uid = &runtimeapi.Int64Value{Value: uid}
	} else if user == "" {
		m.Uid = &runtimeapi.Int64Value{Value: 0}
	} else {
		m.Username = user
	}
	return m
}

// ImageStatus answers without an image where there is none.
func (r *Runtime) ImageStatus(_ context.Context, q *runtimeapi.ImageStatusRequest) (*runtimeapi.ImageStatusResponse, error) {
	answer := &runtimeapi.ImageStatusResponse{}
	if i := r.images.find(q.Image.GetImage()); i != nil {
		answer.Image = i.message()
	}
	return answer, nil
}

// ListImages lists all, or the one that the filter names.
func (r *Runtime) ListImages(_ context.Context, q *runtimeapi.ListImagesRequest) (*runtimeapi.ListImagesResponse, error) {
	answer := &runtimeapi.ListImagesResponse{}
	only := q.GetFilter().GetImage().GetImage()
	r.images.mu.Lock()
	defer r.images.mu.Unlock()
	for _, i := range r.images.index {
		if only == "" || r.images.lookup(only) == i {
			answer.Images = append(answer.Images, i.message())
		}
	}
	return answer, nil
}

// RemoveImage removes the unpacked files.
func (r *Runtime) RemoveImage(_ context.Context, q *runtimeapi.RemoveImageRequest) (*runtimeapi.RemoveImageResponse, error) {
	r.images.mu.Lock()
	defer r.images.mu.Unlock()
	if i := r.images.lookup(q.Image.GetImage()); i != nil {
		delete(r.images.index, i.ID)
		if err := r.images.save(); err != nil {
			return nil, err
		}
		if err := os.RemoveAll(r.images.folder(i.ID)); err != nil {
			return nil, err
		}
	}
	return &runtimeapi.RemoveImageResponse{}, nil
}

// ImageFsInfo adds up the images' sizes as they travelled.
func (r *Runtime) ImageFsInfo(context.Context, *runtimeapi.ImageFsInfoRequest) (*runtimeapi.ImageFsInfoResponse, error) {
	r.images.mu.Lock()
	defer r.images.mu.Unlock()
	var used uint64
	for _, i := range r.images.index {
		used += uint64(i.Size)
	}
	usage := func(dir string, bytes uint64) []*runtimeapi.FilesystemUsage {
		return []*runtimeapi.FilesystemUsage{{Timestamp: time.Now().UnixNano(), FsId: &runtimeapi.FilesystemIdentifier{Mountpoint: dir},
			UsedBytes: &runtimeapi.UInt64Value{Value: bytes}, InodesUsed: &runtimeapi.UInt64Value{}}}
	}
	return &runtimeapi.ImageFsInfoResponse{ImageFilesystems: usage(r.options.Images, used), ContainerFilesystems: usage(r.options.Containers, 0)}, nil
}
