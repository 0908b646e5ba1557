use std::fs;
use std::path::{Path, PathBuf};

/// The files below `folder` (links are not followed) that hold `text`, relative to it, sorted. The programs of installed task
/// packages are left out: they were made before there was any secret, are large, and `launch.js` checks their sums.
///
/// # Panics
/// When a file cannot be read.
pub fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    files_with_each(folder, &[text]).pop().unwrap_or_default()
}

/// As [`files_with`], for each of `texts`; every file is read once.
///
/// # Panics
/// When a file cannot be read.
pub fn files_with_each(folder: &Path, texts: &[&str]) -> Vec<Vec<PathBuf>> {
    assert!(texts.iter().all(|text| text.len() >= 7), "too short to search for without false finds");
    let mut found = vec![Vec::new(); texts.len()];
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let entry = entry.expect("a readable entry");
            let kind = entry.file_type().expect("a known kind");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && !is_program_of_task(&entry.path()) {
                let content = fs::read(entry.path()).unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
                // As text, since the search in texts is fast in an unoptimised build as well.
                let content = String::from_utf8_lossy(&content);
                for (text, found) in texts.iter().zip(&mut found) {
                    if content.contains(text) {
                        found.push(entry.path().strip_prefix(folder).expect("below the folder").to_owned());
                    }
                }
            }
        }
    }
    found.iter_mut().for_each(|found| found.sort());
    found
}

fn is_program_of_task(file: &Path) -> bool {
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    (name.ends_with(b".bin") || name.ends_with(b".bin.br")) && file.components().any(|folder| folder.as_os_str() == "_tasks")
}
