use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use regex_lite::Regex;
use tempfile::TempDir;

/// The root of the checkout.
pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ has a parent").to_owned())
}

/// A repository of a user and a state folder, both temporary.
pub struct World {
    folder: TempDir,
}

/// A secret in the environment of the user's shell. Nothing that `slipway` starts may see it; the user's home has it in
/// [`TOKEN_FILE`], where a search finds it.
pub const TOKEN: &str = "token-of-the-users-shell-7gk2c0wq";

/// The only file of a world with the [`TOKEN`].
pub const TOKEN_FILE: &str = "home/.token";

/// What a run of `slipway` left.
#[derive(Debug)]
pub struct Finished {
    /// Exit status; -1 when a signal ended it.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl World {
    /// A world whose repository has these files.
    ///
    /// # Panics
    /// When the programs are not built or the files cannot be written.
    pub fn new(files: &[(&str, &str)]) -> Self {
        for built in [slipway(), packages()] {
            assert!(built.exists(), "{} is missing: run ./scripts/test, which builds it", built.display());
        }
        let world = Self { folder: TempDir::new().expect("a temporary folder") };
        fs::create_dir(world.repository()).expect("a new folder");
        fs::create_dir(world.folder().join("home")).expect("a new folder");
        fs::write(world.folder().join(TOKEN_FILE), TOKEN).expect("a new file");
        for (name, content) in files {
            world.write(name, content);
        }
        world
    }

    /// The user's repository.
    pub fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// Everything: repository, state and the user's home.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the repository.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) {
        let file = self.repository().join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a new folder");
        fs::write(&file, content).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }

    /// A `slipway` command in this world, with an environment of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(slipway());
        command
            .args(arguments)
            .args(["--state", &self.state().display().to_string()])
            .current_dir(self.repository())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path().join("home"))
            .env("DEPLOY_TOKEN", TOKEN)
            .stdin(Stdio::null());
        command
    }

    /// Runs a pipeline of the repository to its end.
    ///
    /// # Panics
    /// When `slipway` cannot be started.
    pub fn run(&self, pipeline: &str) -> Finished {
        finished(&self.run_command(pipeline).output().expect("slipway starts"))
    }

    /// The command that runs a pipeline of the repository.
    pub fn run_command(&self, pipeline: &str) -> Command {
        self.command(&["run", pipeline, "--task", &packages().display().to_string()])
    }

    /// Starts `slipway`, with its output piped.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(mut command: Command) -> Child {
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("slipway starts")
    }

    /// The log of a step (its file below `runs/`), by the number of the run and a part of the file's name.
    ///
    /// # Panics
    /// When there is none or more than one.
    pub fn log(&self, run: u64, name: &str) -> String {
        let folder = self.state().join("runs").join(run.to_string());
        let mut logs = Vec::new();
        collect(&folder, &mut logs);
        logs.retain(|file| file.extension().is_some_and(|extension| extension == "log") && file.display().to_string().contains(name));
        assert_eq!(logs.len(), 1, "logs of run {run} named like {name}: {logs:?}");
        fs::read_to_string(&logs[0]).expect("a readable log")
    }

    /// `text` without what differs from run to run: times, durations, identifiers, ports and the world's folder.
    pub fn steady(&self, text: &str) -> String {
        static FILTERS: OnceLock<Vec<(Regex, &str)>> = OnceLock::new();
        let filters = FILTERS.get_or_init(|| {
            [
                // In a column the spaces before it depend on its length.
                (r" {2,}(\d+ (h|min) )?\d+(\.\d+)? ?(ms|s|min)\b", "  [duration]"),
                (r"\b(\d+ (h|min) )?\d+(\.\d+)? ?(ms|s|min)\b", "[duration]"),
                (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z?", "[time]"),
                (r"\b2\d{7}\.\d+\b", "[number]"),
                (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[guid]"),
                (r"\b[0-9a-f]{32}\b", "[version]"),
                (r"\b[0-9a-f]{8}\.json\b", "[id].json"),
                (r"127\.0\.0\.1:\d+", "127.0.0.1:[port]"),
                (r"[ \t]+\n", "\n"),
            ]
            .map(|(pattern, replacement)| (Regex::new(pattern).expect("a valid pattern"), replacement))
            .into()
        });
        let folder = fs::canonicalize(self.folder.path()).expect("the world's folder");
        let text = text.replace(&folder.display().to_string(), "[world]").replace(&self.folder.path().display().to_string(), "[world]");
        let text = text.replace(&root().display().to_string(), "[slipway]");
        filters.iter().fold(text, |text, (pattern, replacement)| pattern.replace_all(&text, *replacement).into_owned())
    }
}

impl Finished {
    /// What `child` printed, once it has ended.
    ///
    /// # Panics
    /// When its output cannot be read.
    pub fn of(mut child: Child) -> Self {
        let mut stderr = child.stderr.take().expect("a pipe");
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).map(|_| text)
        });
        let mut stdout = String::new();
        child.stdout.take().expect("a pipe").read_to_string(&mut stdout).expect("readable output");
        let status = child.wait().expect("an exit status").code().unwrap_or(-1);
        Self { status, stdout, stderr: errors.join().expect("no panic").expect("readable output") }
    }

    /// All of it, as a snapshot shows it.
    pub fn text(&self, world: &World) -> String {
        let errors = if self.stderr.is_empty() { String::new() } else { format!("--- standard error\n{}", self.stderr) };
        world.steady(&format!("{}{errors}--- exit status {}\n", self.stdout, self.status))
    }
}

fn finished(output: &Output) -> Finished {
    Finished {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn slipway() -> PathBuf {
    root().join("target/debug/slipway")
}

fn packages() -> PathBuf {
    root().join("target/packages")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}
