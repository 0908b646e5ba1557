package cri

import (
	"bufio"
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// logWriter writes a container's output in the kubelet's format, one line each:
//
//	TIME stdout|stderr F|P TEXT
//
// where P marks a part of a line that is longer than a buffer or has no end.
type logWriter struct {
	mu       sync.Mutex
	path     string
	file     *os.File
	attached map[*listener]bool
}

// listener is somebody who attached: it gets the bytes as they come.
type listener struct{ out, err io.Writer }

const longestPart = 16 << 10

func openLog(path string) (*logWriter, error) {
	w := &logWriter{path: path, attached: map[*listener]bool{}}
	if path == "" {
		return w, nil
	}
	return w, w.reopen()
}

// reopen is called after the kubelet has moved the file away to rotate it.
func (w *logWriter) reopen() error {
	if w.path == "" {
		return nil
	}
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	if err != nil {
		return err
	}
	w.mu.Lock()
	old := w.file
	w.file = f
	w.mu.Unlock()
	if old != nil {
		return old.Close()
	}
	return nil
}

func (w *logWriter) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != nil {
		w.file.Close()
		w.file = nil
	}
}

// pump copies one stream until its end.
func (w *logWriter) pump(stream string, from io.Reader) {
	r := bufio.NewReaderSize(from, longestPart)
	for {
		line, err := r.ReadSlice('\n')
		if len(line) > 0 {
			w.line(stream, line)
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (w *logWriter) line(stream string, line []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for l := range w.attached {
		to := l.out
		if stream == "stderr" {
			to = l.err
		}
		if to != nil {
			if _, err := to.Write(line); err != nil {
				delete(w.attached, l)
			}
		}
	}
	if w.file == nil {
		return
	}
	tag, text := " P ", line
	if line[len(line)-1] == '\n' {
		tag, text = " F ", line[:len(line)-1]
	}
	record := make([]byte, 0, len(line)+48)
	record = time.Now().UTC().AppendFormat(record, time.RFC3339Nano)
	record = append(record, ' ')
	record = append(record, stream...)
	record = append(record, tag...)
	record = append(record, text...)
	record = append(record, '\n')
	_, _ = w.file.Write(record)
}

func (w *logWriter) attach(l *listener) (detach func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.attached[l] = true
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.attached, l)
	}
}
