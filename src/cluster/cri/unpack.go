package cri

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// unpackLayer applies one uncompressed layer to root and checks it against its diff id (`sha256:...`).
//
// Every path is resolved inside root, as the container itself would see it, symlinks of earlier layers included. All
// files belong to the one user that is mapped; device nodes, which that user cannot make, are left out.
func unpackLayer(root string, layer io.Reader, diffID string) error {
	sum := sha256.New()
	stream := io.TeeReader(layer, sum)
	t := tar.NewReader(stream)
	u := unpacker{root: root, written: map[string]bool{}}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("the layer is not a readable tar: %w", err)
		}
		if err := u.entry(h, t); err != nil {
			return fmt.Errorf("layer entry `%s`: %w", h.Name, err)
		}
	}
	// What lies behind the end marker counts for the digest.
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return err
	}
	if got := "sha256:" + hex.EncodeToString(sum.Sum(nil)); got != diffID {
		return fmt.Errorf("the layer's content is `%s`, but the image's configuration says `%s`", got, diffID)
	}
	return u.directoryModes()
}

type unpacker struct {
	root    string
	written map[string]bool
	dirs    []*tar.Header
}

// locate resolves the folder of name inside root, and makes it: layers may leave folders out.
func (u *unpacker) locate(name string) (full string, err error) {
	clean := path.Join("/", name)
	dir, err := securejoin.SecureJoin(u.root, path.Dir(clean))
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return filepath.Join(dir, path.Base(clean)), nil
}

func (u *unpacker) entry(h *tar.Header, content io.Reader) error {
	clean := path.Join("/", h.Name)
	if clean == "/" {
		u.dirs = append(u.dirs, h)
		return nil
	}
	full, err := u.locate(h.Name)
	if err != nil {
		return err
	}
	if base := path.Base(clean); strings.HasPrefix(base, whiteout) {
		return u.whiteOut(full, base)
	}
	u.written[full] = true
	info, err := os.Lstat(full)
	exists := err == nil
	if exists && !(h.Typeflag == tar.TypeDir && info.IsDir()) {
		if err := removeAll(full); err != nil {
			return err
		}
	}
	mode := h.FileInfo().Mode()
	switch h.Typeflag {
	case tar.TypeDir:
		if !exists || !info.IsDir() {
			if err := os.Mkdir(full, 0o755); err != nil {
				return err
			}
		}
		u.dirs = append(u.dirs, h)
		return nil
	case tar.TypeReg:
		if err := writeFile(full, content, mode); err != nil {
			return err
		}
	case tar.TypeSymlink:
		return os.Symlink(h.Linkname, full)
	case tar.TypeLink:
		target, err := u.locate(h.Linkname)
		if err != nil {
			return err
		}
		return os.Link(target, full)
	default:
		return nil
	}
	return os.Chtimes(full, h.ModTime, h.ModTime)
}

func writeFile(full string, content io.Reader, mode fs.FileMode) error {
	f, err := os.OpenFile(full, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Chmod(mode.Perm()|mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)), f.Close())
}

// whiteOut removes what earlier layers put there; what this layer has written already stays.
func (u *unpacker) whiteOut(full, base string) error {
	if base == opaque {
		dir := filepath.Dir(full)
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if p := filepath.Join(dir, e.Name()); !u.hasBelow(p) {
				if err := removeAll(p); err != nil {
					return err
				}
			}
		}
		return nil
	}
	name := strings.TrimPrefix(base, whiteout)
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("a whiteout of nothing")
	}
	return removeAll(filepath.Join(filepath.Dir(full), name))
}

func (u *unpacker) hasBelow(p string) bool {
	for w := range u.written {
		if w == p || strings.HasPrefix(w, p+"/") {
			return true
		}
	}
	return false
}

// directoryModes come last, deepest first: a folder without write permission would refuse its own content.
func (u *unpacker) directoryModes() error {
	for i := len(u.dirs) - 1; i >= 0; i-- {
		h := u.dirs[i]
		full, err := u.locate(h.Name)
		if path.Join("/", h.Name) == "/" {
			full = u.root
		}
		if err != nil {
			return err
		}
		info, err := os.Lstat(full)
		if err != nil || !info.IsDir() {
			continue
		}
		mode := h.FileInfo().Mode()
		// The owner keeps access: without root's powers a folder of mode 0 could not be removed again.
		if err := os.Chmod(full, mode.Perm()|0o700|mode&(fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)); err != nil {
			return err
		}
		if err := os.Chtimes(full, h.ModTime, h.ModTime); err != nil {
			return err
		}
	}
	return nil
}

func removeAll(p string) error {
	err := os.RemoveAll(p)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
