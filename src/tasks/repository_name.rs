//! Names of repositories and tags (OCI distribution specification, "Pulling manifests"), for every task that has such inputs.

use slipway_agent::Inputs;

/// The repository that an input names.
pub(crate) fn repository(inputs: &mut Inputs<'_>, name: &str) -> String {
    let text = inputs.text(name);
    if !text.is_empty() && !is_repository(&text) {
        let hint = if text.split('/').next().is_some_and(|first| first.contains('.')) { "the registry is an input of its own" } else { "" };
        inputs.refuse(
            name,
            format!("`{text}`"),
            "lower-case letters, digits and `.`, `_`, `-` between them, in parts separated by `/`: `shop/orders`",
            hint,
        );
    }
    text
}

/// The tags that an input names, one on each line.
pub(crate) fn tags(inputs: &mut Inputs<'_>, name: &str) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in inputs.lines(name) {
        if !is_tag(&tag) {
            inputs.refuse(
                name,
                format!("`{tag}`"),
                "a tag on each line: up to 128 letters, digits and `_`, `.`, `-`, the first no `.` or `-`",
                "",
            );
        } else if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/...)*`, up to 255 characters.
pub(crate) fn is_repository(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let part = |part: &str| {
        let separators: Vec<&str> = part.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()).filter(|s| !s.is_empty()).collect();
        part.bytes().next().is_some_and(word)
            && part.bytes().last().is_some_and(word)
            && separators.iter().all(|s| matches!(*s, "." | "_" | "__") || s.bytes().all(|byte| byte == b'-'))
    };
    text.len() <= 255 && text.split('/').all(part)
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub(crate) fn is_tag(text: &str) -> bool {
    let first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128 && text.bytes().next().is_some_and(first) && text.bytes().all(|byte| first(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_by_the_specification() {
        for good in ["a", "shop/orders", "a.b_c__d-e---f/0", "library/debian"] {
            assert!(is_repository(good), "{good}");
        }
        for bad in ["", "Shop", "a//b", "/a", "a/", "-a", "a.", "a..b", "a___b", "a:b", "contoso.azurecr.io/A", &"a".repeat(256)] {
            assert!(!is_repository(bad), "{bad}");
        }
    }

    #[test]
    fn tags_by_the_specification() {
        for good in ["latest", "20261124.1", "_x", "V1-rc.2", &"a".repeat(128)] {
            assert!(is_tag(good), "{good}");
        }
        for bad in ["", ".a", "-a", "a/b", "a b", "a:b", &"a".repeat(129)] {
            assert!(!is_tag(bad), "{bad}");
        }
    }
}
