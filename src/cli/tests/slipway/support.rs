//! The real binary in a world of its own: a temporary folder, an environment of a few variables.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::secrets;

/// A temporary folder with a repository, a home and a state.
pub(crate) struct World {
    folder: tempfile::TempDir,
    root: PathBuf,
}

impl World {
    /// A repository `shop` with these files, outside of git.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("home")).unwrap();
        std::fs::write(root.join(secrets::TOKEN_FILE), secrets::TOKEN).unwrap();
        std::fs::create_dir_all(root.join("shop")).unwrap();
        let world = Self { folder, root };
        for (path, text) in files {
            world.write(path, text);
        }
        world
    }

    /// Writes a file of the repository.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.shop().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// The folder of everything.
    pub(crate) fn root(&self) -> &Path {
        let _ = &self.folder;
        &self.root
    }

    /// The repository.
    pub(crate) fn shop(&self) -> PathBuf {
        self.root.join("shop")
    }

    /// The state folder that a command made.
    pub(crate) fn state(&self) -> PathBuf {
        self.root.join("xdg/slipway").read_dir().unwrap().next().unwrap().unwrap().path()
    }

    /// All files below the folder of everything, as texts; links are not followed.
    pub(crate) fn files(&self) -> Vec<(PathBuf, String)> {
        let mut found = Vec::new();
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let entry = entry.unwrap();
                let kind = entry.file_type().unwrap();
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let content = std::fs::read(entry.path()).unwrap();
                    found.push((entry.path(), String::from_utf8_lossy(&content).into_owned()));
                }
            }
        }
        found
    }

    /// Makes a program of the shell. Another process writes it: while this one has it open, a child that another test forks
    /// holds it as well, and it cannot be started (ETXTBSY).
    #[expect(clippy::disallowed_methods, reason = "a test's own process")]
    pub(crate) fn program(&self, path: &str, script: &str) -> PathBuf {
        let file = self.root.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
        assert!(Command::new("/bin/sh").args(["-c", write]).arg(&file).arg(script).status().unwrap().success());
        file
    }

    /// `slipway` with these arguments in the repository, not yet started.
    #[expect(clippy::disallowed_methods, reason = "tests start the binary as a shell does; PATH is the machine's")]
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slipway"));
        command
            .args(arguments)
            .current_dir(self.shop())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.join("home"))
            .env("XDG_STATE_HOME", self.root.join("xdg"))
            .env("USER", "ada")
            .env("DEPLOY_TOKEN", secrets::TOKEN)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `slipway` and gives back all that it said.
    pub(crate) fn slipway(&self, arguments: &[&str]) -> String {
        self.said(&self.command(arguments).output().unwrap())
    }

    /// Exit status, standard output and standard error, with what differs from run to run replaced. No secret shows in them,
    /// nor in any file that was written.
    pub(crate) fn said(&self, output: &Output) -> String {
        let mut text = format!("exit {}\n", output.status.code().map_or_else(|| "by a signal".to_owned(), |code| code.to_string()));
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                text.push_str(&format!("--- {name}\n{}", String::from_utf8_lossy(bytes)));
            }
        }
        secrets::assert_unseen(self, &text);
        self.filtered(&text)
    }

    /// Text with what differs from run to run replaced.
    pub(crate) fn filtered(&self, text: &str) -> String {
        let mut text = text.replace(&self.root.display().to_string(), "ROOT");
        for (pattern, replacement) in [
            (r" *\b\d+\.\d s\b", " TIME"),
            (r"\b20\d{6}\.(\d+)\b", "DATE.$1"),
            (r"\b20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\b", "MOMENT"),
            (r"process \d+", "process PID"),
            (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "GUID"),
            (r"shop-[0-9a-f]{8}", "shop-HASH"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        ] {
            text = regex_lite::Regex::new(pattern).unwrap().replace_all(&text, replacement).into_owned();
        }
        text
    }
}
