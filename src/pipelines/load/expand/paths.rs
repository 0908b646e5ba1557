//! Where a `template:` leads (facts/pipeline-yaml.md 2.5).

/// The path from the root of a repository that `reference` names in the file `from`; `None` when it leads out of it.
pub(super) fn resolve(reference: &str, from: &str) -> Option<String> {
    let reference = reference.trim().replace('\\', "/");
    let mut parts: Vec<&str> = match (reference.starts_with('/'), from.rsplit_once('/')) {
        (false, Some((folder, _))) => folder.split('/').collect(),
        _ => Vec::new(),
    };
    for part in reference.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::resolve;

    #[test]
    fn paths_are_relative_to_the_file_or_begin_at_the_root() {
        for (reference, from, expected) in [
            ("a.yml", "ci.yml", Some("a.yml")),
            ("a.yml", "x/y/ci.yml", Some("x/y/a.yml")),
            ("../a.yml", "x/y/ci.yml", Some("x/a.yml")),
            ("./s/../a.yml", "x/ci.yml", Some("x/a.yml")),
            ("/a/b.yml", "x/ci.yml", Some("a/b.yml")),
            ("\\a\\b.yml", "x/ci.yml", Some("a/b.yml")),
            ("s\\b.yml", "x/ci.yml", Some("x/s/b.yml")),
            ("../../a.yml", "x/ci.yml", None),
            ("/", "x/ci.yml", None),
        ] {
            assert_eq!(resolve(reference, from).as_deref(), expected, "{reference} in {from}");
        }
    }
}
