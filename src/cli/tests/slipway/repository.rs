//! Repositories as a person makes them, with plain git.

use std::path::Path;
use std::process::Command;

use crate::support::World;

impl World {
    /// Runs git in the repository; what it printed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.shop(), arguments)
    }

    /// Runs git in this folder; what it printed.
    #[expect(clippy::disallowed_methods, reason = "tests make repositories with plain git; PATH is the machine's")]
    pub(crate) fn git_in(&self, folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root().join("home"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Commits all that is in the repository, which is made if there is none yet.
    pub(crate) fn commit(&self, message: &str) {
        self.commit_in(&self.shop(), message);
    }

    /// Commits all that is in this folder, which becomes a repository with the branch `main` if it is none yet.
    pub(crate) fn commit_in(&self, folder: &Path, message: &str) {
        if !folder.join(".git").exists() {
            self.git_in(folder, &["init", "--quiet", "--initial-branch=main"]);
        }
        self.git_in(folder, &["add", "--all"]);
        self.git_in(folder, &["commit", "--quiet", "--allow-empty", "-m", message]);
    }
}
