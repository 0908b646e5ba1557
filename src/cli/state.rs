//! The folder in which `slipway` keeps everything: runs, agents' work folders, the store of the stand-in. Nothing is
//! written outside of it, and one `slipway run` at a time works in it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::env::Env;
use crate::failure::Failure;

/// The state folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateFolder {
    path: PathBuf,
    /// Whether it was named on the command line.
    given: bool,
}

/// Held while a command works in a state folder; let go when it is dropped, and by the system when the process dies.
#[derive(Debug)]
pub(crate) struct StateLock {
    file: File,
}

impl Drop for StateLock {
    /// To close the file is not enough: a child that is just being started has it open, too, until it becomes its program.
    fn drop(&mut self) {
        // The system lets go when the last of them closes it.
        let _ = self.file.unlock();
    }
}

impl StateFolder {
    /// The folder given with `--state`, else one per repository: `$XDG_STATE_HOME/slipway/<name>-<hash of its path>`.
    pub(crate) fn locate(env: &Env, given: Option<&Path>, repository: &Path) -> Result<Self, Failure> {
        if let Some(given) = given {
            let given = env.absolute(given);
            // Without `..`, where it is there already: it is shown to people and handed to tasks.
            return Ok(Self { path: given.canonicalize().unwrap_or(given), given: true });
        }
        let base = match (env.get("XDG_STATE_HOME").map(Path::new).filter(|path| path.is_absolute()), env.get("HOME")) {
            (Some(folder), _) => folder.to_owned(),
            (None, Some(home)) => Path::new(home).join(".local/state"),
            (None, None) => {
                return Err(Failure::refused("there is no place for the state: neither `XDG_STATE_HOME` nor `HOME` is set")
                    .hint("name a folder with `--state FOLDER`"));
            }
        };
        let name: String = repository
            .file_name()
            .map(|name| name.to_string_lossy().chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '-' }).collect())
            .unwrap_or_else(|| "root".to_owned());
        let hash: String =
            Sha256::digest(repository.as_os_str().as_encoded_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path: base.join("slipway").join(format!("{name}-{hash}")), given: false })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The options of a command that is to use the same folder: empty where it finds it by itself.
    pub(crate) fn options(&self) -> String {
        if self.given { format!(" --state {}", self.path.display()) } else { String::new() }
    }

    /// Creates the folder, readable by its owner only.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        if self.path.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path).map_err(|error| self.unusable(&error))?;
        // A state folder within a repository is no part of it: neither committed, nor copied into a run of another one.
        std::fs::write(self.path.join(".gitignore"), "*\n").map_err(|error| self.unusable(&error))
    }

    /// Takes the lock for a run. `holder` is what another command will be told that the folder is used by.
    pub(crate) fn lock(&self, holder: &str) -> Result<StateLock, Failure> {
        self.create()?;
        let path = self.path.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| self.unusable(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Its holder may be about to write who it is.
                let _ = file.read_to_string(&mut text);
                let holder = if text.trim().is_empty() { "another `slipway`".to_owned() } else { text.trim().to_owned() };
                return Err(Failure::refused(format!("the state folder is in use by {holder}: `{}`", self.path.display()))
                    .hint("wait until it ends, or give this command a folder of its own with `--state FOLDER`"));
            }
            Err(TryLockError::Error(error)) => return Err(self.unusable(&error)),
        }
        let written =
            file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "process {}: `{holder}`", std::process::id()));
        written.map_err(|error| self.unusable(&error))?;
        Ok(StateLock { file })
    }

    fn unusable(&self, error: &std::io::Error) -> Failure {
        Failure::refused(format!("the state folder cannot be used: `{}`: {error}", self.path.display()))
            .hint("name another one with `--state FOLDER`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located(variables: &[(&str, &str)]) -> String {
        let env = Env::of("/here", variables.iter().copied());
        match StateFolder::locate(&env, None, Path::new("/home/a/my shop")) {
            Ok(state) => state.path().display().to_string(),
            Err(failure) => failure.lines().iter().map(|line| format!("{line}\n")).collect(),
        }
    }

    #[test]
    fn the_folder_is_per_repository_below_the_users_state_folder() {
        assert_eq!(located(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")]), "/s/slipway/my-shop-f06de84e");
        assert_eq!(located(&[("HOME", "/h")]), "/h/.local/state/slipway/my-shop-f06de84e");
        assert_eq!(located(&[("XDG_STATE_HOME", "relative"), ("HOME", "/h")]), "/h/.local/state/slipway/my-shop-f06de84e");
        assert_eq!(
            located(&[]),
            "error: there is no place for the state: neither `XDG_STATE_HOME` nor `HOME` is set\n  hint: name a folder with `--state FOLDER`\n"
        );
        let env = Env::of("/here", [("HOME", "/h")]);
        let given = StateFolder::locate(&env, Some(Path::new("there")), Path::new("/r")).unwrap();
        assert_eq!(given.path(), Path::new("/here/there"));
    }

    #[test]
    fn a_lock_is_let_go_though_a_child_that_is_being_started_has_its_file_open() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder { path: folder.path().join("a"), given: false };
        let held = state.lock("slipway run ci.yml").unwrap();
        let of_the_child = held.file.try_clone().unwrap();
        drop(held);
        state.lock("slipway run other.yml").unwrap();
        drop(of_the_child);
    }

    #[test]
    fn a_second_run_is_told_who_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateFolder { path: folder.path().join("a/b"), given: false };
        let held = state.lock("slipway run ci.yml").unwrap();
        let refused = state.lock("slipway run other.yml").unwrap_err();
        let text: String = refused.lines().iter().map(|line| format!("{line}\n")).collect();
        assert!(text.contains(&format!("in use by process {}: `slipway run ci.yml`", std::process::id())), "{text}");
        drop(held);
        state.lock("slipway run other.yml").unwrap();
        assert_eq!(std::fs::read_to_string(state.path().join(".gitignore")).unwrap(), "*\n");
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(state.path()).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o700);
    }
}
