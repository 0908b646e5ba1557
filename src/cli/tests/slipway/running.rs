//! A `slipway` that runs: its output line by line, and Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command};

use crate::secrets;
use crate::support::World;

/// A started command and what it printed so far.
pub(crate) struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    said: String,
}

impl Running {
    /// Starts it.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, said: String::new() }
    }

    /// Reads until a line, without the spaces around it, begins with `begin`; the rest of that line.
    pub(crate) fn until(&mut self, begin: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "it ended before a line with `{begin}`:\n{}", self.said);
            self.said.push_str(&line);
            if let Some(rest) = line.trim().strip_prefix(begin) {
                return rest.to_owned();
            }
        }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::INT).unwrap();
    }

    /// Reads to the end: exit status, standard output, standard error. No secret shows.
    pub(crate) fn end(mut self, world: &World) -> (Option<i32>, String, String) {
        self.out.read_to_string(&mut self.said).unwrap();
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        let status = self.child.wait().unwrap().code();
        secrets::assert_unseen(world, &format!("{}{errors}", self.said));
        (status, self.said, errors)
    }
}

/// Whether a process is there.
pub(crate) fn lives(pid: &str) -> bool {
    rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid.parse().unwrap()).unwrap()).is_ok()
}
