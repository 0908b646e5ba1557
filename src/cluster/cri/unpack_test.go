package cri

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func layer(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range entries {
		content := h.PAXRecords["test.content"]
		h.PAXRecords = nil
		h.Size = int64(len(content))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func file(name, content string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, PAXRecords: map[string]string{"test.content": content}}
}

func dir(name string, mode int64) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: mode}
}

func link(kind byte, name, target string) tar.Header {
	return tar.Header{Name: name, Typeflag: kind, Linkname: target, Mode: 0o777}
}

func apply(t *testing.T, root string, b []byte) error {
	t.Helper()
	sum := sha256.Sum256(b)
	return unpackLayer(root, bytes.NewReader(b), "sha256:"+hex.EncodeToString(sum[:]))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, parts ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		return "absent"
	}
	return string(b)
}

func TestLaterLayersReplaceAndWhiteOut(t *testing.T) {
	root := t.TempDir()
	must(t, apply(t, root, layer(t, dir("etc/", 0o755), file("etc/a", "a1"), file("etc/b", "b1"), dir("old/", 0o755), file("old/x", "x"), file("old/y", "y"))))
	must(t, apply(t, root, layer(t, file("etc/.wh.a", ""), file("etc/b", "b2"), file("old/new", "n"), file("old/.wh..wh..opq", ""))))
	for name, want := range map[string]string{"etc/a": "absent", "etc/b": "b2", "old/x": "absent", "old/y": "absent", "old/new": "n", "etc/.wh.a": "absent"} {
		if got := content(t, root, name); got != want {
			t.Errorf("%s: got %q, expected %q", name, got, want)
		}
	}
}

func TestHardLinksModesAndAReplacedTarget(t *testing.T) {
	root := t.TempDir()
	tool := file("bin/tool", "one")
	tool.Mode = 0o4755
	must(t, apply(t, root, layer(t, tool, link(tar.TypeLink, "bin/alias", "bin/tool"), dir("tmp", 0o1777))))
	must(t, apply(t, root, layer(t, file("bin/tool", "two"))))
	if got := content(t, root, "bin/alias"); got != "one" {
		t.Errorf("the hard link followed the replaced file: %q", got)
	}
	alias, err := os.Stat(filepath.Join(root, "bin/alias"))
	must(t, err)
	if alias.Mode()&os.ModeSetuid == 0 {
		t.Errorf("mode %v, expected setuid", alias.Mode())
	}
	tmp, err := os.Stat(filepath.Join(root, "tmp"))
	must(t, err)
	if tmp.Mode().Perm() != 0o777 || tmp.Mode()&os.ModeSticky == 0 {
		t.Errorf("mode %v, expected 1777", tmp.Mode())
	}
}

func TestNothingEscapesTheRoot(t *testing.T) {
	base := t.TempDir()
	root := filepath.Join(base, "root")
	must(t, os.Mkdir(root, 0o755))
	must(t, os.WriteFile(filepath.Join(base, "victim"), []byte("whole"), 0o644))
	must(t, os.Mkdir(filepath.Join(base, "out"), 0o755))
	must(t, apply(t, root, layer(t,
		file("../dots", "1"),
		link(tar.TypeSymlink, "absolute", base+"/out"),
		file("absolute/through", "2"),
		link(tar.TypeSymlink, "relative", "../out"),
		file("relative/through", "3"),
		link(tar.TypeSymlink, "leaf", base+"/victim"),
		file("leaf", "4"),
		file("relative/.wh.nothing", ""),
	)))
	if got := content(t, base, "victim"); got != "whole" {
		t.Errorf("a file outside was written: %q", got)
	}
	if got := content(t, root, "dots"); got != "1" {
		t.Errorf("`../dots` should land in the root, got %q", got)
	}
	if got := content(t, root, "leaf"); got != "4" {
		t.Errorf("the symlink should be replaced, got %q", got)
	}
	left, err := os.ReadDir(filepath.Join(base, "out"))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("outside: %v", left)
	}
	if got := content(t, root, base, "out/through"); got != "2" {
		t.Errorf("an absolute symlink should lead inside the root, got %q", got)
	}
	if err := apply(t, root, layer(t, link(tar.TypeLink, "stolen", "../victim"))); err == nil {
		t.Error("a hard link to a file outside was made")
	}
}

func TestALayerThatIsNotWhatTheConfigurationSaysIsRefused(t *testing.T) {
	b := layer(t, file("a", "a"))
	err := unpackLayer(t.TempDir(), bytes.NewReader(b), "sha256:"+strings.Repeat("0", 64))
	if err == nil || !strings.Contains(err.Error(), "the image's configuration says") {
		t.Errorf("got %v", err)
	}
}
