use std::fs;
use std::path::Path;
use std::process::Command;

use crate::world::{World, root};

impl World {
    /// The repository of an example, and beside it `templates/` as a git repository with the tag `v1`, where the example's
    /// slipway.local.yml looks for it. Of what was tagged, the work tree has nothing: only the tag can be used.
    ///
    /// # Panics
    /// When the files cannot be copied or git fails.
    pub fn example(name: &str) -> Self {
        let world = Self::new(&[]);
        copy(&root().join("examples").join(name), &world.repository());
        let templates = world.folder().join("slipway-templates");
        copy(&root().join("templates"), &templates);
        for arguments in [
            &["init", "--quiet", "--initial-branch=main"][..],
            &["add", "--all"],
            &["commit", "--quiet", "-m", "Templates"],
            &["tag", "v1"],
            &["rm", "--quiet", "-r", "."],
        ] {
            git(&templates, arguments, None);
        }
        world
    }
}

/// Runs git in a folder as one person, whatever the user's own configuration says, and where a git hook runs the tests, too.
/// With `date` commits are the same in every world.
///
/// # Panics
/// When git fails.
pub fn git(folder: &Path, arguments: &[&str], date: Option<&str>) {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "Ada").env(format!("GIT_{role}_EMAIL"), "ada@example.com");
        git.envs(date.map(|date| (format!("GIT_{role}_DATE"), date)));
    }
    let output = git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE").env_remove("GIT_INDEX_FILE").output().expect("git starts");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Copies a folder without what a build left in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a new folder");
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.expect("a readable entry");
        let target = to.join(entry.file_name());
        if !entry.file_type().expect("a known kind").is_dir() {
            fs::copy(entry.path(), target).expect("a new file");
        } else if entry.file_name() != "target" {
            copy(&entry.path(), &target);
        }
    }
}
