//! Where the `${{ }}` of a text begin and end.

/// A part of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Part<'t> {
    /// Text.
    Text(&'t str),
    /// What is between `${{` and `}}`, and at which character (from 0) it begins.
    Code { text: &'t str, at: usize },
    /// A `${{` without an end, at this character.
    Open(usize),
}

/// The parts of a text, in order. A `}}` in a quoted text of an expression ends nothing.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut at = 0;
    while let Some(start) = rest.find("${{") {
        if start > 0 {
            parts.push(Part::Text(&rest[..start]));
        }
        at += rest[..start].chars().count();
        let code = &rest[start + 3..];
        let Some(end) = end(code) else {
            parts.push(Part::Open(at));
            return parts;
        };
        parts.push(Part::Code { text: &code[..end], at: at + 3 });
        at += 5 + code[..end].chars().count();
        rest = &code[end + 2..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    parts
}

fn end(code: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, c) in code.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '}' if !quoted && code[at..].starts_with("}}") => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_ends_are_text() {
        // facts/pipeline-yaml.md 2.4, "Escape"
        assert_eq!(
            parts("ä${{ '}}' }}b${{c}}"),
            [Part::Text("ä"), Part::Code { text: " '}}' ", at: 4 }, Part::Text("b"), Part::Code { text: "c", at: 16 }]
        );
        assert_eq!(parts("${{ 'my${{value' }}"), [Part::Code { text: " 'my${{value' ", at: 3 }]);
        assert_eq!(parts("a ${{ 'x }}"), [Part::Text("a "), Part::Open(2)]);
        assert_eq!(parts("$[ a ] $(b)"), [Part::Text("$[ a ] $(b)")]);
        assert_eq!(parts(""), []);
    }
}
