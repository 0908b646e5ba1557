use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::commands::{Command, Escaping};

/// Standard output of the task, one whole line at a time. Only [`Reporter`](crate::Reporter) and
/// [`Masker`](crate::Masker) write to it.
pub(crate) struct Output {
    escaping: Escaping,
    inner: Mutex<Inner>,
}

struct Inner {
    writer: Box<dyn Write + Send>,
    failed: bool,
}

impl Output {
    pub(crate) fn new(writer: Box<dyn Write + Send>, escaping: Escaping) -> Self {
        Self { escaping, inner: Mutex::new(Inner { writer, failed: false }) }
    }

    /// Writes `line` and a line break. A line that cannot be written is noted ([`Output::failed`]): there is no other
    /// place to say so.
    pub(crate) fn line(&self, line: &str) {
        Self::write(&mut self.lock(), line);
    }

    pub(crate) fn command(&self, command: &Command) {
        self.line(&command.render(self.escaping));
    }

    pub(crate) fn escaping(&self) -> Escaping {
        self.escaping
    }

    /// Whether something could not be written.
    pub(crate) fn failed(&self) -> bool {
        self.lock().failed
    }

    /// Whether nobody uses it at this moment.
    pub(crate) fn is_free(&self) -> bool {
        self.inner.try_lock().is_ok()
    }

    /// Writes a command to standard output itself, for the moment when this output is stuck. A line that was being
    /// written is ended first.
    pub(crate) fn bypass(&self, command: &Command) {
        // There is no other place to say that this failed.
        let _ = std::io::stdout().write_all(format!("\n{}\n", command.render(self.escaping)).as_bytes());
    }

    fn write(inner: &mut Inner, line: &str) {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        if inner.writer.write_all(&bytes).and_then(|()| inner.writer.flush()).is_err() {
            inner.failed = true;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
