//! A temporary copy of the user's repository, made and used by plain git: neither the user's configuration, templates and
//! hooks nor `GIT_*` variables take part, and the repository itself is only read.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use slipway_process::Command;

use crate::env::Env;
use crate::failure::Failure;
use crate::git::{self, Output};
use crate::state::StateFolder;

/// The configuration of git for all that happens in the copy. Whoever owns the repository, it may be read; what a run left
/// in a hook, a pager or a background task has no place here.
const CONFIGURATION: &str = "[safe]\n\tdirectory = *\n[core]\n\thooksPath = /dev/null\n\tfsmonitor = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[protocol \"file\"]\n\tallow = always\n";

/// The copy. Removed when it is dropped; what a killed process left of it is removed by the next one.
pub(crate) struct Clone {
    folder: PathBuf,
    path: OsString,
    person: String,
}

impl Clone {
    /// Copies branches and tags of the repository at `from`. The state folder must be locked.
    pub(crate) async fn make(env: &Env, state: &StateFolder, from: &Path, person: &str) -> Result<Self, Failure> {
        let folder = state.path().join("simulate");
        let clone = Self { folder, path: env.get("PATH").unwrap_or_default().to_owned(), person: person.to_owned() };
        clone.begin().map_err(|error| {
            Failure::refused(format!("the temporary copy of the repository cannot be made in `{}`: {error}", clone.folder.display()))
        })?;
        let source = from.display().to_string();
        clone.must(&["init", "--quiet", "--bare", "--template=", "."]).await?;
        // Steps fetch what they build by its id.
        clone.must(&["config", "uploadpack.allowAnySHA1InWant", "true"]).await?;
        // To read from a partial clone would make git fetch into it.
        let git_dir = from.join(".git").display().to_string();
        let partial = clone.git(&["--git-dir", &git_dir, "config", "--get", "extensions.partialClone"]).await?;
        if partial.code == Some(0) {
            return Err(Failure::refused(format!("the repository `{source}` is a partial clone: git would fetch into it what is missing"))
                .hint("simulate in a whole clone"));
        }
        let refs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];
        let fetched = clone.git(&["fetch", "--quiet", "--no-auto-gc", "--no-write-fetch-head", &source, refs[0], refs[1]]).await?;
        if fetched.code != Some(0) {
            return Err(Failure::refused(format!("git cannot copy the repository `{source}`: {}", fetched.err))
                .hint("`git fsck` in the repository says whether it is whole"));
        }
        // Branches of a shallow repository are refused with a warning.
        if fetched.err.contains("shallow") {
            return Err(Failure::refused(format!("the repository `{source}` is shallow: the history that an event is about is not there"))
                .hint("fetch it with `git fetch --unshallow`"));
        }
        Ok(clone)
    }

    fn begin(&self) -> std::io::Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        fs::create_dir_all(self.repository())?;
        fs::write(self.configuration(), CONFIGURATION)
    }

    /// The copy: a repository without a work tree.
    pub(crate) fn repository(&self) -> PathBuf {
        self.folder.join("repository.git")
    }

    fn configuration(&self) -> PathBuf {
        self.folder.join("gitconfig")
    }

    /// Output of a git command that succeeds unless something is wrong with the machine.
    pub(crate) async fn must(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.git(arguments).await?;
        match output.code {
            Some(0) => Ok(output.text()),
            _ => Err(Failure::refused(format!("`git {}` failed: {}", arguments.join(" "), output.err))),
        }
    }

    /// Runs git in the copy.
    pub(crate) async fn git(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let repository = self.repository();
        let command = Command::new("git")
            .args(arguments)
            .folder(&repository)
            .env("PATH", &self.path)
            .env("HOME", &self.folder)
            .env("GIT_DIR", &repository)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.configuration())
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_AUTHOR_NAME", &self.person)
            .env("GIT_AUTHOR_EMAIL", "slipway@localhost")
            .env("GIT_COMMITTER_NAME", &self.person)
            .env("GIT_COMMITTER_EMAIL", "slipway@localhost")
            .env("LC_ALL", "C");
        let hint = "`slipway simulate` needs git 2.38 or newer";
        git::output(command).await.map_err(|message| Failure::refused(message).hint(hint))
    }
}

impl Drop for Clone {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next simulation, which says so if it cannot.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
