//! Child processes as their users see them. Unix: the shell and signals are needed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::os::unix::process::ExitStatusExt;
use std::time::{Duration, Instant};

use slipway_process::{Child, Command, Scope, Signal};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::ChildStdout;

/// A shell that runs `script`, with a `PATH` for its own commands.
fn shell(script: &str) -> Command {
    Command::new("/bin/sh").args(["-c", script]).env("PATH", "/usr/bin:/bin")
}

fn lines(child: &mut Child) -> Lines<BufReader<ChildStdout>> {
    BufReader::new(child.take_stdout().unwrap()).lines()
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await.expect("a line comes").unwrap().expect("the pipe is open")
}

async fn output(command: Command) -> String {
    let mut child = command.spawn().unwrap();
    let mut text = String::new();
    child.take_stdout().unwrap().read_to_string(&mut text).await.unwrap();
    assert!(child.wait().await.unwrap().success());
    text
}

/// Whether the process runs: a zombie, which nobody has waited for yet, does not.
fn is_running(id: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"));
    stat.is_ok_and(|stat| !matches!(stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next()), Some('Z' | 'X') | None))
}

/// Waits until the process does not run any more.
async fn gone(id: i32) {
    let start = Instant::now();
    while is_running(id) {
        assert!(start.elapsed() < Duration::from_secs(20), "process {id} still runs");
        tokio::task::yield_now().await;
    }
}

fn number(line: &str) -> i32 {
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_environment_is_exactly_what_is_given() {
    let command = Command::new("/usr/bin/env").env("ONE", "1").env("TWO", "x").env("TWO", "2");
    #[expect(clippy::disallowed_methods, reason = "the positive control of this test")]
    let own = std::env::vars_os();
    assert!(own.count() > 2, "this process has an environment that could leak");
    let mut found: Vec<_> = output(command).await.lines().map(str::to_owned).collect();
    found.sort();
    assert_eq!(found, ["ONE=1", "TWO=2"]);
}

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "a shell that writes the program for the test")]
async fn a_bare_name_is_found_in_the_child_s_path() {
    let folder = tempfile::tempdir().unwrap();
    // Another process writes the program: a child that another test forks at that moment would hold this process's open file, and
    // a file that is open for writing cannot be started (ETXTBSY).
    let write = r#"printf '#!/bin/sh\necho found\n' > "$0" && chmod 755 "$0""#;
    let written = std::process::Command::new("/bin/sh").args(["-c", write]).arg(folder.path().join("slipway-probe")).status();
    assert!(written.unwrap().success());
    assert_eq!(output(Command::new("slipway-probe").env("PATH", folder.path())).await, "found\n");

    let error = Command::new("slipway-probe").env("PATH", "/nowhere").spawn().unwrap_err();
    assert_eq!(error.source.kind(), std::io::ErrorKind::NotFound);
    assert!(error.to_string().starts_with("failed to start `slipway-probe`: "), "{error}");
}

#[tokio::test]
async fn standard_input_is_closed_and_the_folder_is_set() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    assert_eq!(output(shell("cat; pwd").folder(&folder)).await, format!("{}\n", folder.display()));
}

#[tokio::test]
async fn ending_the_tree_ends_grandchildren_too() {
    let mut child = shell("sh -c 'echo grandchild $$; exec sleep 1000' & echo child $$; wait").spawn().unwrap();
    let mut lines = lines(&mut child);
    let ids = [number(&next(&mut lines).await), number(&next(&mut lines).await)];
    assert!(ids.iter().all(|&id| is_running(id)), "both run before");
    child.end_tree().await.unwrap();
    for id in ids {
        gone(id).await;
    }
}

#[tokio::test]
async fn what_a_child_leaves_behind_is_found_when_the_tree_is_ended() {
    let mut child = shell("sh -c 'echo orphan $$; exec sleep 1000' & read -r line </dev/null; exit 3").spawn().unwrap();
    let mut lines = lines(&mut child);
    let orphan = number(&next(&mut lines).await);
    assert_eq!(child.wait().await.unwrap().code(), Some(3));
    assert!(is_running(orphan), "waiting for the child does not wait for what it left");
    child.end_tree().await.unwrap();
    gone(orphan).await;
    // A second time, and the drop after it, do nothing.
    child.end_tree().await.unwrap();
}

#[tokio::test]
async fn dropping_a_child_ends_its_tree() {
    let mut child = shell("sh -c 'echo grandchild $$; exec sleep 1000' & wait").spawn().unwrap();
    let id = number(&next(&mut lines(&mut child)).await);
    drop(child);
    gone(id).await;
}

#[tokio::test]
async fn a_signal_reaches_the_process_alone_or_its_whole_tree() {
    // The grandchild tells when it hears the signal; the child waits for it in any case.
    let script = "trap 'echo child heard' TERM
        sh -c 'trap \"echo grandchild heard; exit\" TERM; sleep 1000 & echo ready; wait' &
        wait; wait; wait; echo child ends; exec sleep 1000";
    for scope in [Scope::Tree, Scope::Process] {
        let mut child = shell(script).spawn().unwrap();
        let mut lines = lines(&mut child);
        assert_eq!(next(&mut lines).await, "ready");
        child.signal(Signal::Terminate, scope).unwrap();
        if scope == Scope::Process {
            assert_eq!(next(&mut lines).await, "child heard");
            // The grandchild has heard nothing: its own signal is its first.
            child.signal(Signal::Terminate, Scope::Tree).unwrap();
        }
        let mut heard = Vec::new();
        while heard.last().is_none_or(|line| line != "child ends") {
            heard.push(next(&mut lines).await);
        }
        heard.sort();
        assert_eq!(heard, ["child ends", "child heard", "grandchild heard"], "{scope:?}");
        child.end_tree().await.unwrap();
    }
}

#[tokio::test]
async fn a_signal_after_the_end_is_no_error() {
    let mut child = shell("kill -KILL $$").spawn().unwrap();
    assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    child.signal(Signal::Interrupt, Scope::Process).unwrap();
    child.signal(Signal::Interrupt, Scope::Tree).unwrap();
}

/// The example, built by cargo beside this test.
#[cfg(target_os = "linux")]
fn example(name: &str) -> std::path::PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.join("examples").join(name)
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_child_dies_with_its_parent() {
    let mut parent = Command::new(example("spawner")).spawn().unwrap();
    let mut lines = lines(&mut parent);
    let child = number(&next(&mut lines).await);
    assert!(is_running(child), "it runs before");
    // The parent alone, so that it cannot tidy up: only the kernel can end the child.
    parent.signal(Signal::Kill, Scope::Process).unwrap();
    parent.wait().await.unwrap();
    gone(child).await;
}
