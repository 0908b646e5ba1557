//! `xtask generate`: brings the files that come from SPEC tables up to date, or (`--check`) says which are not.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use slipway_agent::spec::TaskSpec;

use crate::{reference, rules, shell, task_json};

/// Writes the files of every task below `root`; with `check`, writes nothing and fails when one differs.
pub(crate) fn run(root: &Path, tasks: &[&TaskSpec], check: bool) -> Result<(), String> {
    let breaches = rules::breaches(tasks);
    if !breaches.is_empty() {
        return Err(format!("the tables of the tasks break rules of the platform:\n  {}", breaches.join("\n  ")));
    }
    let mut stale = Vec::new();
    for task in tasks {
        for (file, content) in files(root, task)? {
            if read(&root.join(&file))?.as_deref() == Some(&content) {
                continue;
            }
            if !check {
                write(&root.join(&file), &content)?;
                shell::say(&format!("wrote {}", file.display()));
            }
            stale.push(file);
        }
    }
    if check && !stale.is_empty() {
        let stale: Vec<_> = stale.iter().map(|file| format!("  {}", file.display())).collect();
        return Err(format!("generated files are not current:\n{}\nrun: cargo run -p xtask -- generate", stale.join("\n")));
    }
    Ok(())
}

fn files(root: &Path, task: &TaskSpec) -> Result<[(PathBuf, String); 2], String> {
    let page = Path::new("docs/tasks").join(task.folder).with_extension("md");
    let renewed =
        reference::renew(read(&root.join(&page))?.as_deref(), task).map_err(|problem| format!("{}: {problem}", page.display()))?;
    Ok([(Path::new("tasks").join(task.folder).join("task.json"), task_json::render(task)), (page, renewed)])
}

fn read(file: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("failed to read `{}`: {error}", file.display())),
    }
}

fn write(file: &Path, content: &str) -> Result<(), String> {
    let made = file.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(file, content)).map_err(|error| format!("failed to write `{}`: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SAMPLE;

    #[test]
    fn check_names_each_stale_file_and_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let all = "generated files are not current:\n  tasks/boat-paint/task.json\n  docs/tasks/boat-paint.md\nrun: cargo run -p xtask -- generate";
        assert_eq!(run(root, &[&SAMPLE], true).unwrap_err(), all);
        assert_eq!(fs::read_dir(root).unwrap().count(), 0);

        run(root, &[&SAMPLE], false).unwrap();
        run(root, &[&SAMPLE], true).unwrap();

        fs::write(root.join("tasks/boat-paint/task.json"), "{}").unwrap();
        let one = "generated files are not current:\n  tasks/boat-paint/task.json\nrun: cargo run -p xtask -- generate";
        assert_eq!(run(root, &[&SAMPLE], true).unwrap_err(), one);
    }

    #[test]
    fn a_table_that_breaks_a_rule_generates_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = run(folder.path(), &[&TaskSpec { friendly_name: "", ..SAMPLE }], false).unwrap_err();
        assert_eq!(
            refusal,
            "the tables of the tasks break rules of the platform:\n  boat-paint: friendly_name has 0 characters, allowed are 1 to 40"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn the_committed_files_are_current() {
        run(&crate::root(), crate::TASKS, true).unwrap();
    }
}
