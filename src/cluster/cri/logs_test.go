package cri

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestLinesAreInTheKubeletsFormatAndLongOnesInParts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.log")
	w, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", longestPart+5)
	w.pump("stdout", strings.NewReader("one\n\n"+long+"\nno end"))
	w.close()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	time := regexp.MustCompile(`(?m)^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z `)
	got := time.ReplaceAllString(string(b), "")
	want := "stdout F one\nstdout F \nstdout P " + long[:longestPart] + "\nstdout F xxxxx\nstdout P no end\n"
	if got != want {
		t.Errorf("got %q", got)
	}
}

func TestAfterARotationTheNewFileIsWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "0.log")
	w, err := openLog(path)
	if err != nil {
		t.Fatal(err)
	}
	w.line("stderr", []byte("old\n"))
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := w.reopen(); err != nil {
		t.Fatal(err)
	}
	w.line("stderr", []byte("new\n"))
	w.close()
	for file, word := range map[string]string{path: "new", path + ".1": "old"} {
		b, _ := os.ReadFile(file)
		if strings.Count(string(b), "\n") != 1 || !strings.Contains(string(b), "stderr F "+word) {
			t.Errorf("%s: %q", file, b)
		}
	}
}
