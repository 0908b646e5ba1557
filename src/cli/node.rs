//! The Node that starts tasks. Azure's agent brings its own; here the machine's is used.

use std::path::{Path, PathBuf};

use slipway_process::Command;
use tokio::io::AsyncReadExt;

use crate::env::Env;
use crate::failure::Failure;

/// The handlers of task packages ask for Node 20, so that is what a machine must have.
const NEEDED: u32 = 20;

/// The oldest that runs tasks at all; accepted when a person names it.
const OLDEST: u32 = 16;

/// The Node executable: `given`, else `node` in `PATH`; of a version that runs tasks.
pub(crate) async fn find(env: &Env, given: Option<&Path>) -> Result<PathBuf, Failure> {
    let how = install_command(&read_os_release());
    let (node, needed) = match given {
        Some(given) => (env.absolute(given), OLDEST),
        None => {
            let node = env.find_program("node").ok_or_else(|| {
                Failure::refused(format!("Node is needed to run tasks and is not installed: no `node` in `PATH` (Node {NEEDED} or newer)"))
                    .hint(format!("run: {how}"))
            })?;
            (node, NEEDED)
        }
    };
    let version = version(&node).await.map_err(|what| {
        Failure::refused(format!("not a Node that can be used: `{}`: {what}", node.display()))
            .hint(format!("name Node {needed} or newer with `--node PATH`, or run: {how}"))
    })?;
    match major(&version) {
        Some(major) if major >= needed => Ok(node),
        _ => Err(Failure::refused(format!("Node {needed} or newer is needed to run tasks: `{}` is {version}", node.display()))
            .hint(format!("name another one with `--node PATH`, or run: {how}"))),
    }
}

async fn version(node: &Path) -> Result<String, String> {
    let mut child = Command::new(node).arg("--version").spawn().map_err(|error| error.source.to_string())?;
    let mut out = String::new();
    if let Some(mut stdout) = child.take_stdout() {
        stdout.read_to_string(&mut out).await.map_err(|error| error.to_string())?;
    }
    let status = child.wait().await.map_err(|error| error.to_string())?;
    if status.success() && major(&out).is_some() { Ok(out.trim().to_owned()) } else { Err("`--version` printed no version".to_owned()) }
}

/// 20 for `v20.11.1`.
fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

fn read_os_release() -> String {
    // Absent on macOS.
    std::fs::read_to_string("/etc/os-release").unwrap_or_default()
}

/// The command that brings Node 20 or newer to this system. Older releases of Debian and Ubuntu carry an older one, so
/// there it comes from NodeSource, as Node's own site says.
fn install_command(os_release: &str) -> String {
    let value = |key: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches('"').to_owned())
            .unwrap_or_default()
    };
    let (id, like) = (value("ID"), value("ID_LIKE"));
    let version: f32 = value("VERSION_ID").parse().unwrap_or_default();
    let is = |name: &str| id == name || like.split(' ').any(|like| like == name);
    if (id == "debian" && version >= 13.0) || (id == "ubuntu" && version >= 25.04) {
        "sudo apt-get install nodejs".to_owned()
    } else if is("debian") || is("ubuntu") {
        "curl -fsSL https://deb.nodesource.com/setup_22.x | sudo -E bash - && sudo apt-get install -y nodejs".to_owned()
    } else if is("fedora") || is("rhel") {
        "sudo dnf install nodejs".to_owned()
    } else if is("alpine") {
        "sudo apk add nodejs".to_owned()
    } else if is("arch") {
        "sudo pacman -S nodejs".to_owned()
    } else if is("suse") || is("opensuse") {
        "sudo zypper install nodejs22".to_owned()
    } else if cfg!(target_os = "macos") {
        "brew install node".to_owned()
    } else {
        "the installer from https://nodejs.org/en/download".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_install_command_is_the_systems() {
        assert_eq!(install_command("ID=debian\nVERSION_ID=\"13\"\n"), "sudo apt-get install nodejs");
        assert!(install_command("ID=debian\nVERSION_ID=\"12\"\n").contains("nodesource"));
        assert!(install_command("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_ID=\"22\"\n").contains("nodesource"));
        assert_eq!(install_command("ID=fedora\nVERSION_ID=42\n"), "sudo dnf install nodejs");
    }

    #[expect(clippy::disallowed_methods, reason = "a shell that writes the program for the test")]
    async fn outcome(script: &str, named: bool) -> String {
        let folder = tempfile::tempdir().unwrap();
        let node = folder.path().join("node");
        // Another process writes it: while this one has it open, a child that another test forks holds it too, and it cannot start.
        let write = r#"printf '#!/bin/sh\n%s\n' "$1" > "$0" && chmod 755 "$0""#;
        assert!(std::process::Command::new("/bin/sh").args(["-c", write]).arg(&node).arg(script).status().unwrap().success());
        let env = Env::of("/", [("PATH", folder.path())]);
        match find(&env, named.then_some(node.as_path())).await {
            Ok(found) => found.strip_prefix(folder.path()).unwrap().display().to_string(),
            Err(failure) => failure.lines()[0].to_string().replace(&folder.path().display().to_string(), "F"),
        }
    }

    #[tokio::test]
    async fn an_old_node_is_refused_unless_a_person_names_it() {
        assert_eq!(outcome("echo v20.1.0", false).await, "node");
        assert_eq!(outcome("echo v18.19.0", false).await, "error: Node 20 or newer is needed to run tasks: `F/node` is v18.19.0");
        assert_eq!(outcome("echo v18.19.0", true).await, "node");
        assert_eq!(outcome("echo v14.0.0", true).await, "error: Node 16 or newer is needed to run tasks: `F/node` is v14.0.0");
        assert_eq!(outcome("echo hello", false).await, "error: not a Node that can be used: `F/node`: `--version` printed no version");
        assert_eq!(outcome("exit 3", true).await, "error: not a Node that can be used: `F/node`: `--version` printed no version");
    }

    #[tokio::test]
    async fn no_node_at_all() {
        let failure = find(&Env::of("/", [("PATH", "/nowhere")]), None).await.unwrap_err();
        let lines: Vec<String> = failure.lines().iter().map(ToString::to_string).collect();
        assert_eq!(lines[0], "error: Node is needed to run tasks and is not installed: no `node` in `PATH` (Node 20 or newer)");
        assert!(lines[1].starts_with("  hint: run: "), "{lines:?}");
    }
}
