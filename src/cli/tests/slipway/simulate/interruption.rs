//! Ctrl-C.

use std::io::Read;

use super::repository;
use crate::running::Running;

#[test]
fn ctrl_c_ends_the_run_and_starts_no_other_and_leaves_no_copy() {
    let world = repository(&[
        ("ci.yml", "steps:\n- bash: |\n    echo ready\n    while true; do read -t 600 <> <(:); done\nvariables:\n- group: planted\n"),
        ("pr.yml", "steps:\n- script: echo second\n"),
        ("slipway.local.yml", "pipelines:\n- {name: first, file: ci.yml}\n- {name: second, file: pr.yml}\n"),
    ]);
    let mut running = Running::start(world.command(&["simulate", "push"]));
    running.until("ready");
    running.interrupt();
    let (status, said, _) = running.end(&world);
    assert_eq!(status, Some(130), "{said}");
    assert!(said.contains("second: not run\n"), "{said}");
    assert!(said.ends_with("not succeeded: `first` (canceled), `second` (not run)\n"), "{said}");
    assert!(!world.state().join("simulate").exists());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "PATH is the machine's")]
fn ctrl_c_while_the_repository_is_copied_leaves_nothing() {
    let world = repository(&[]);
    // Open for writing as long as git lives.
    let lives = world.root().join("lives");
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.exists()).unwrap();
    let script =
        format!("case \" $* \" in *\" fetch \"*) exec sleep 100000 9> '{}';; esac\nexec '{}' \"$@\"", lives.display(), real.display());
    let wrapper = world.program("bin/git", &script);
    assert!(std::process::Command::new("mkfifo").arg(&lives).status().unwrap().success());
    let mut command = world.command(&["simulate", "push"]);
    command.env("PATH", format!("{}:{path}", wrapper.parent().unwrap().display()));
    let running = Running::start(command);
    let mut git = std::fs::File::open(&lives).unwrap();
    assert!(world.state().join("simulate").exists());
    running.interrupt();
    // Ends when git does.
    assert_eq!(git.read_to_end(&mut Vec::new()).unwrap(), 0);
    let (status, said, errors) = running.end(&world);
    assert_eq!((status, said.as_str(), errors.as_str()), (Some(130), "", "error: interrupted before anything ran\n"));
    assert!(!world.state().join("simulate").exists());
}
