//! `slipway.local.yml` of a repository with several branches, through the real binary.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a test starts git and the binary as a shell does")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn start(program: &str, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = start("git", folder, &[&["-c", "user.name=A", "-c", "user.email=a@example.com"], arguments].concat());
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// Exit status and standard error of `slipway expand ci.yml`.
fn expand(folder: &Path) -> (Option<i32>, String) {
    let output = start(env!("CARGO_BIN_EXE_slipway"), folder, &["expand", "ci.yml"]);
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_pipeline_whose_file_only_another_branch_has_may_be_set_up() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path();
    fs::create_dir(folder.join("new")).unwrap();
    for (path, text) in [
        ("ci.yml", "steps:\n- script: echo\n"),
        ("new/ci.yml", "steps:\n- script: echo\n"),
        ("slipway.local.yml", "pipelines:\n- {name: shop-ci, file: ci.yml}\n- {name: shop-new, file: new/ci.yml}\n"),
    ] {
        fs::write(folder.join(path), text).unwrap();
    }
    git(folder, &["init", "--quiet", "--initial-branch=main"]);
    git(folder, &["add", "."]);
    git(folder, &["commit", "--quiet", "-m", "First"]);
    git(folder, &["branch", "feature"]);
    git(folder, &["rm", "--quiet", "new/ci.yml"]);
    git(folder, &["commit", "--quiet", "-m", "Second"]);
    assert_eq!(expand(folder), (Some(0), String::new()));
    git(folder, &["branch", "--quiet", "-D", "feature"]);
    let (status, said) = expand(folder);
    assert_eq!(status, Some(2));
    assert!(said.starts_with("slipway.local.yml:3:26: error: no such file in the repository: `new/ci.yml`\n"), "{said}");
}
