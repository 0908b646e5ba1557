use std::io;
use std::process::ExitStatus;

use process_wrap::tokio::ChildWrapper;
use tokio::process::{ChildStderr, ChildStdout};

/// A running child. Dropping it kills its process group.
#[derive(Debug)]
pub struct Child {
    inner: Box<dyn ChildWrapper>,
    id: u32,
    /// The started process was waited for: its id may belong to somebody else.
    ended: bool,
    /// Its group was killed and it was waited for: the id of the group may belong to somebody else.
    tree_ended: bool,
}

/// What to tell a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT; on Windows the job is ended.
    Interrupt,
    /// SIGTERM; on Windows the job is ended.
    Terminate,
    /// SIGKILL; on Windows the job is ended.
    Kill,
}

/// Whom to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The started process alone, as the agent does (facts/azure-pipelines-tasks.md 3.8).
    Process,
    /// Its whole process group.
    Tree,
}

impl Child {
    pub(crate) fn new(inner: Box<dyn ChildWrapper>) -> Self {
        let id = inner.id().unwrap_or_default();
        Self { inner, id, ended: false, tree_ended: false }
    }

    /// Process id (and id of the process group on Unix).
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The read end of standard output; absent after the first call.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.inner.stdout().take()
    }

    /// The read end of standard error; absent after the first call.
    pub fn take_stderr(&mut self) -> Option<ChildStderr> {
        self.inner.stderr().take()
    }

    /// Waits until the started process has ended. Processes that it left behind in its group may still run: see
    /// [`Child::end_tree`].
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        // The process itself, below the wrapper: that one would wait for the whole group.
        let status = self.inner.inner_mut().wait().await?;
        self.ended = true;
        Ok(status)
    }

    /// Sends `signal`. A process that is gone already is no error.
    pub fn signal(&mut self, signal: Signal, scope: Scope) -> io::Result<()> {
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal as Unix, kill_process, kill_process_group};
            let signal = match signal {
                Signal::Interrupt => Unix::INT,
                Signal::Terminate => Unix::TERM,
                Signal::Kill => Unix::KILL,
            };
            let Some(pid) = i32::try_from(self.id).ok().and_then(Pid::from_raw) else { return Ok(()) };
            let sent = match scope {
                // A reaped process' id may belong to somebody else by now; its group's id cannot while members live.
                Scope::Process if self.ended => Ok(()),
                Scope::Tree if self.tree_ended => Ok(()),
                Scope::Process => kill_process(pid, signal),
                Scope::Tree => kill_process_group(pid, signal),
            };
            match sent {
                Err(rustix::io::Errno::SRCH) => Ok(()),
                other => other.map_err(Into::into),
            }
        }
        #[cfg(windows)]
        {
            let _ = (signal, scope);
            if self.tree_ended { Ok(()) } else { self.inner.start_kill() }
        }
    }

    /// Kills what is left of the child's group and waits for the child itself.
    pub async fn end_tree(&mut self) -> io::Result<()> {
        self.signal(Signal::Kill, Scope::Tree)?;
        if !self.ended {
            self.wait().await?;
        }
        self.tree_ended = true;
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Best effort: there is nobody to tell.
        let _ = self.signal(Signal::Kill, Scope::Tree);
    }
}
