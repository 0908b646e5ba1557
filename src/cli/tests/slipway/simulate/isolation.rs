//! The person's repository and git are not touched, and nothing is left.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{STEPS, diverged, repository, simulate};

/// Every file and folder below `folder`: when it was changed, and what is in it.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let changed = |path: &Path| path.symlink_metadata().unwrap().modified().unwrap();
        found.insert(folder.clone(), (changed(&folder), Vec::new()));
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.insert(path.clone(), (changed(&path), std::fs::read(&path).unwrap_or_default()));
            }
        }
    }
    found
}

#[test]
fn the_users_repository_is_only_read() {
    let world = repository(&[]);
    diverged(&world);
    // A stale index and an uncommitted change: `git status` of a person would write the index.
    world.write("greeting", "uncommitted\n");
    world.write("ci.yml", &format!("trigger: [main]\n{STEPS}"));
    let before = everything(&world.shop());
    for arguments in [&["pr"][..], &["push"], &["pr", "nowhere"]] {
        simulate(&world, arguments);
        assert_eq!(everything(&world.shop()), before, "{arguments:?}");
    }
    world.git(&["status"]);
    assert_ne!(everything(&world.shop()), before, "what a person's `git status` does would be seen");
}

#[test]
fn the_users_git_has_no_part_in_it() {
    let world = repository(&[]);
    diverged(&world);
    let home = world.root().join("home");
    let touch = format!("touch {}/hooked", world.root().display());
    for folder in ["template/hooks", "hooks"] {
        for hook in ["post-checkout", "reference-transaction", "post-index-change", "post-commit"] {
            world.program(&format!("home/{folder}/{hook}"), &touch);
        }
    }
    let home = home.display();
    let settings = format!(
        "[core]\n hooksPath = {home}/hooks\n[init]\n templateDir = {home}/template\n[commit]\n gpgSign = true\n[gpg]\n program = /nowhere\n[url \"file:///nowhere/\"]\n insteadOf = /\n"
    );
    std::fs::write(world.root().join("home/.gitconfig"), settings).unwrap();
    let variables = [
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere"),
        ("GIT_TEMPLATE_DIR", "/nowhere"),
        ("GIT_CONFIG_PARAMETERS", "'broken"),
    ];
    let output = world.command(&["simulate", "pr"]).envs(variables).output().unwrap();
    let said = world.said(&output);
    assert!(said.starts_with("exit 0\n") && said.contains("good day"), "{said}");
    assert!(!world.root().join("hooked").exists());

    // All of that would have had an effect.
    #[expect(clippy::disallowed_methods, reason = "git as the person has it")]
    let person = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(arguments).current_dir(world.shop()).env("HOME", world.root().join("home")).env_remove("GIT_CONFIG_GLOBAL");
        git.env_remove("XDG_CONFIG_HOME").output().unwrap()
    };
    assert!(!person(&["fetch", &world.shop().display().to_string()]).status.success(), "insteadOf");
    assert!(person(&["checkout", "main"]).status.success());
    assert!(world.root().join("hooked").exists(), "hooks");
}

#[test]
fn what_a_killed_simulation_left_is_removed() {
    let world = repository(&[]);
    simulate(&world, &["push"]);
    let state = world.state();
    std::fs::create_dir_all(state.join("simulate/repository.git/refs")).unwrap();
    std::fs::write(state.join("simulate/repository.git/HEAD"), "broken").unwrap();
    let said = simulate(&world, &["push"]);
    assert!(said.starts_with("exit 0\n"), "{said}");
    assert!(!state.join("simulate").exists());
}
