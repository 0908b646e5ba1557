use std::fs;
use std::path::{Path, PathBuf};

/// The files below `folder` (links are not followed) that hold `text`, relative to it, sorted.
///
/// # Panics
/// When a file cannot be read.
pub fn files_with(folder: &Path, text: &str) -> Vec<PathBuf> {
    assert!(text.len() >= 7, "too short to search for without false finds");
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("{}: {error}", next.display())) {
            let entry = entry.expect("a readable entry");
            let kind = entry.file_type().expect("a known kind");
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let content = fs::read(entry.path()).unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
                if contains(&content, text.as_bytes()) {
                    found.push(entry.path().strip_prefix(folder).expect("below the folder").to_owned());
                }
            }
        }
    }
    found.sort();
    found
}

fn contains(content: &[u8], text: &[u8]) -> bool {
    content.windows(text.len()).any(|window| window == text)
}
