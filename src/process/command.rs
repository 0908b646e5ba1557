use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use process_wrap::tokio::CommandWrap;

use crate::Child;

/// A program to start. Its environment is exactly what [`Command::env`] names: nothing is inherited, so no input, token
/// or secret of this process reaches a compiler, a test or a script unless somebody passes it by name.
///
/// Standard input is closed; standard output and standard error are pipes that [`Child`] hands out.
#[derive(Clone, Debug)]
pub struct Command {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
}

/// A program that could not be started.
#[derive(Debug, thiserror::Error)]
#[error("failed to start `{}`: {source}", program.display())]
pub struct SpawnError {
    /// The program.
    pub program: PathBuf,
    /// Why. `NotFound` also stands for a missing working folder.
    pub source: std::io::Error,
}

impl Command {
    /// A command that runs `program`: a path, or a name that is looked up in the `PATH` given by [`Command::env`].
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self { program: program.into(), arguments: Vec::new(), environment: Vec::new(), folder: None }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds an environment variable; a later value of the same name wins.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds environment variables.
    #[must_use]
    pub fn envs(mut self, variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name.as_ref().to_owned(), value.as_ref().to_owned())));
        self
    }

    /// Sets the working folder.
    #[must_use]
    pub fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Starts the program in a process group (on Windows: a job object) of its own.
    ///
    /// Must be called within a Tokio runtime. On Linux the child gets SIGKILL when the *thread* that called this ends
    /// (`PR_SET_PDEATHSIG`), so call it from a thread that lives as long as the process: the main thread of a
    /// current-thread runtime.
    pub fn spawn(self) -> Result<Child, SpawnError> {
        let mut command = CommandWrap::with_new(self.resolved_program(), |command| {
            command.args(&self.arguments).env_clear().envs(self.environment.iter().map(|(name, value)| (name, value)));
            if let Some(folder) = &self.folder {
                command.current_dir(folder);
            }
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
            #[cfg(target_os = "linux")]
            die_with_parent(command);
        });
        #[cfg(unix)]
        command.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::tokio::JobObject);
        match command.spawn() {
            Ok(child) => Ok(Child::new(child)),
            Err(source) => Err(SpawnError { program: self.program, source }),
        }
    }

    /// The program, found in the child's `PATH` if it is a bare name. (The standard library would look in this
    /// process' `PATH` on some platforms and in the child's on others.)
    fn resolved_program(&self) -> PathBuf {
        if self.program.components().count() > 1 {
            return self.program.clone();
        }
        // Windows ignores the case of names, and calls it `Path`.
        let is_path = |name: &OsStr| if cfg!(windows) { name.eq_ignore_ascii_case("PATH") } else { name == "PATH" };
        let path = self.environment.iter().rev().find(|(name, _)| is_path(name)).map(|(_, value)| value.clone()).unwrap_or_default();
        let extensions: &[&str] = if cfg!(windows) { &["", ".exe", ".cmd", ".bat"] } else { &[""] };
        std::env::split_paths(&path)
            .flat_map(|folder| {
                extensions.iter().map(move |extension| {
                    let mut name = self.program.clone().into_os_string();
                    name.push(extension);
                    folder.join(name)
                })
            })
            .find(|candidate| is_executable(candidate))
            .unwrap_or_else(|| self.program.clone())
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Has the kernel kill the child when this thread ends, however it ends.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut tokio::process::Command) {
    let parent = rustix::process::getpid();
    let hook = move || {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
        // The parent may have died between fork and the line above: then nobody will send the signal any more.
        if rustix::process::getppid() != Some(parent) {
            return Err(std::io::Error::other("the parent process is gone"));
        }
        Ok(())
    };
    #[expect(
        unsafe_code,
        reason = "the only way to run code between fork and exec; the hook makes two system calls and allocates nothing on success"
    )]
    unsafe {
        command.pre_exec(hook);
    }
}
