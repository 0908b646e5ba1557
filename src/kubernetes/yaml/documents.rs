use crate::Source;

/// A part of a file with one document in it.
pub(super) struct Part<'t> {
    pub(super) text: &'t str,
    /// How many lines come before it.
    pub(super) lines_before: usize,
}

/// A file's documents. Split at the lines that begin with `---` before anything is parsed, so that a syntax error in one of
/// them does not hide what is wrong with the next.
pub(super) fn split(source: &Source) -> Vec<Part<'_>> {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    let mut parts = Vec::new();
    // Where the part begins, and whether it has anything in it besides comments and directives.
    let (mut start, mut lines_before, mut is_filled) = (0, 0, false);
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let is_separator = line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if is_separator && is_filled {
            parts.push(Part { text: &text[start..at], lines_before });
            (start, lines_before, is_filled) = (at, number, false);
        }
        let content = if is_separator { line[3..].trim() } else { line.trim() };
        is_filled |= is_separator || !(content.is_empty() || content.starts_with('#') || line.starts_with('%'));
        at += line.len();
    }
    parts.push(Part { text: &text[start..], lines_before });
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_begin_at_their_separators() {
        let split = |text: &str| {
            let source = Source::new("a.yaml", text);
            split(&source).iter().map(|part| (part.lines_before, part.text.to_owned())).collect::<Vec<_>>()
        };
        let part = |lines: usize, text: &str| (lines, text.to_owned());
        assert_eq!(
            split("# c\n---\na: 1\n--- # two\nb: |\n  ---\n  x\n---\n"),
            [part(0, "# c\n---\na: 1\n"), part(3, "--- # two\nb: |\n  ---\n  x\n"), part(7, "---\n"),]
        );
        assert_eq!(split("%YAML 1.1\n---\na: 1\n"), [part(0, "%YAML 1.1\n---\na: 1\n")]);
        assert_eq!(split("\u{feff}a: ---\r\n---\r\nb: 1"), [part(0, "a: ---\r\n"), part(1, "---\r\nb: 1")]);
        assert_eq!(split("----\n---x\n"), [part(0, "----\n---x\n")]);
    }
}
