//! An expanded document as YAML: block style, in order, quotes only where a text would be read as something else.

use crate::yaml::{Kind, Node, Style};

/// The document as YAML. Read again it is the same document.
pub(super) fn to_yaml(node: &Node) -> String {
    let mut out = String::new();
    match &node.kind {
        Kind::Mapping(entries) if !entries.is_empty() => mapping(entries, 0, false, &mut out),
        Kind::Sequence(items) if !items.is_empty() => sequence(items, 0, false, &mut out),
        _ => {
            value(node, 0, &mut out);
        }
    }
    out
}

fn indent(depth: usize, out: &mut String) {
    out.extend(std::iter::repeat_n("  ", depth));
}

/// `inline`: the first key goes on with the line, after `- `.
fn mapping(entries: &[(Node, Node)], depth: usize, inline: bool, out: &mut String) {
    for (position, (key, node)) in entries.iter().enumerate() {
        if position > 0 || !inline {
            indent(depth, out);
        }
        let style = match &key.kind {
            Kind::Scalar { style, .. } => *style,
            _ => Style::Plain,
        };
        // A key is always on one line.
        out.push_str(&one_line(key.text().unwrap_or_default(), style));
        out.push(':');
        match &node.kind {
            Kind::Mapping(entries) if !entries.is_empty() => {
                out.push('\n');
                mapping(entries, depth + 1, false, out);
            }
            Kind::Sequence(items) if !items.is_empty() => {
                out.push('\n');
                sequence(items, depth, false, out);
            }
            _ if node.is_empty() => out.push('\n'),
            _ => {
                out.push(' ');
                value(node, depth + 1, out);
            }
        }
    }
}

fn sequence(items: &[Node], depth: usize, inline: bool, out: &mut String) {
    for (position, item) in items.iter().enumerate() {
        if position > 0 || !inline {
            indent(depth, out);
        }
        match &item.kind {
            Kind::Mapping(entries) if !entries.is_empty() => {
                out.push_str("- ");
                mapping(entries, depth + 1, true, out);
            }
            Kind::Sequence(items) if !items.is_empty() => {
                out.push_str("- ");
                sequence(items, depth + 1, true, out);
            }
            _ if item.is_empty() => out.push_str("-\n"),
            _ => {
                out.push_str("- ");
                value(item, depth + 1, out);
            }
        }
    }
}

/// A scalar or something empty, to the end of the line. Further lines have the indentation `depth`.
fn value(node: &Node, depth: usize, out: &mut String) {
    match &node.kind {
        Kind::Mapping(_) => out.push_str("{}"),
        Kind::Sequence(_) => out.push_str("[]"),
        Kind::Scalar { text, .. } if is_block(text) => {
            literal(text, depth.max(1), out);
            return;
        }
        Kind::Scalar { text, style } => out.push_str(&one_line(text, *style)),
    }
    out.push('\n');
}

/// Whether a text can be written below a `|`.
fn is_block(text: &str) -> bool {
    let body = text.trim_end_matches('\n');
    body.contains('\n')
        && !body.starts_with([' ', '\n'])
        && body.lines().all(|line| !line.trim().is_empty() || line.is_empty())
        && text.chars().all(|c| c == '\n' || c == '\t' || !c.is_control() && !is_break(c))
        && !body.starts_with('\t')
}

/// What YAML takes for the end of a line, or for no character at all.
fn is_break(c: char) -> bool {
    matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn literal(text: &str, depth: usize, out: &mut String) {
    let body = text.trim_end_matches('\n');
    let ends = text.len() - body.len();
    out.push_str(match ends {
        0 => "|-\n",
        1 => "|\n",
        _ => "|+\n",
    });
    for line in body.split('\n') {
        if !line.is_empty() {
            indent(depth, out);
            out.push_str(line);
        }
        out.push('\n');
    }
    out.extend(std::iter::repeat_n('\n', ends.saturating_sub(1)));
}

/// A text on one line.
fn one_line(text: &str, style: Style) -> String {
    if text.chars().any(|c| c.is_control() || is_break(c)) {
        return serde_json::Value::from(text).to_string().replace('\u{85}', "\\N").replace('\u{2028}', "\\L").replace('\u{2029}', "\\P");
    }
    // What was written without quotes has none: for Azure Pipelines the key decides whether it is a boolean or a number.
    let keeps_kind = style == Style::Plain || !looks_typed(text);
    if is_plain(text) && keeps_kind { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// Whether a text needs no quotes.
fn is_plain(text: &str) -> bool {
    let mut chars = text.chars();
    let Some(first) = chars.next() else { return false };
    let second = chars.next();
    let begins = match first {
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => false,
        '-' | '?' | ':' => second.is_some_and(|second| !second.is_whitespace()),
        c => !c.is_whitespace(),
    };
    begins
        && text.trim() == text
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains('\t')
        && !text.ends_with(':')
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text != "<<"
}

/// Whether YAML takes a plain text for nothing, a boolean, a number or a date.
fn looks_typed(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = ["", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", ".inf", ".nan", "-.inf", "+.inf"];
    words.contains(&lower.as_str())
        || text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c))
            && lower.chars().all(|c| c.is_ascii_hexdigit() || "+-._:xo".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    /// The texts of a document, without places and styles.
    fn outline(node: &Node) -> String {
        match &node.kind {
            Kind::Scalar { text, .. } => format!("{text:?}"),
            Kind::Sequence(items) => format!("[{}]", items.iter().map(outline).collect::<Vec<_>>().join(", ")),
            Kind::Mapping(entries) => {
                let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{}: {}", outline(key), outline(value))).collect();
                format!("{{{}}}", entries.join(", "))
            }
        }
    }

    fn again(text: &str) -> String {
        let node = parse("a.yml", text).unwrap().unwrap();
        let written = to_yaml(&node);
        let read = parse("b.yml", &written).unwrap_or_else(|problems| panic!("{problems}\n{written}")).unwrap();
        assert_eq!(outline(&read), outline(&node), "{written}");
        written
    }

    #[test]
    fn a_document_is_written_readably() {
        let text = "a: 'true'\nb: true\nc: '1.10'\nd: \"x: y\"\ne:\nf: []\ng: {}\nh: |\n  one\n\n    two\ni: >-\n  folded\n  text\n? 'a: b'\n: [1, [2, {x: y}], '']\nj:\n- {k: v, l: [m]}\n- n: |-\n    last\n    line\n";
        insta::assert_snapshot!(again(text), @r"
        a: 'true'
        b: true
        c: '1.10'
        d: 'x: y'
        e:
        f: []
        g: {}
        h: |
          one

            two
        i: folded text
        'a: b':
        - 1
        - - 2
          - x: y
        - ''
        j:
        - k: v
          l:
          - m
        - n: |-
            last
            line
        ");
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        let texts = [
            "",
            " ",
            "a",
            " a",
            "a ",
            "-",
            "- a",
            "-a",
            "?",
            ":",
            "a:",
            "a: b",
            "a #b",
            "#",
            "a#b",
            "'",
            "\"",
            "it's",
            "~",
            "null",
            "yes",
            "0x1f",
            "1e3",
            "2024-01-01",
            "12:30",
            "<<",
            "---",
            "--- a",
            "...",
            "[",
            "{a",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%",
            "@a",
            "`",
            "a\nb",
            "a\nb\n",
            "a\nb\n\n",
            "\na\nb",
            " a\nb",
            "a\n b",
            "a\n  \nb",
            "a\n\nb\n",
            "\n",
            "a\n",
            "a\tb",
            "\ta\nb",
            "a\r\nb",
            "\u{7}",
            "a\u{85}b\nc",
            "ä€😀",
            "$(a)",
            "$[ a ]",
            "a, b",
            "a\\b\nc\"",
            "\u{feff}a\nb",
            "- \n-",
            "#a\nb",
            "a\n#b",
        ];
        for text in texts {
            for style in [Style::Plain, Style::SingleQuoted] {
                let scalar = |text: &str, style| Node { kind: Kind::Scalar { text: text.to_owned(), style }, place: place() };
                let list = Node { kind: Kind::Sequence(vec![scalar(text, style)]), place: place() };
                let inner = Node { kind: Kind::Mapping(vec![(scalar("k", Style::Plain), scalar(text, style))]), place: place() };
                let mut entries = vec![(scalar("list", Style::Plain), list), (scalar("inner", Style::Plain), inner)];
                if !text.starts_with('\u{feff}') {
                    entries.push((scalar(text, style), scalar("x", Style::Plain)));
                }
                let node = Node { kind: Kind::Mapping(entries), place: place() };
                let written = to_yaml(&node);
                let read = parse("b.yml", &written).unwrap_or_else(|problems| panic!("{text:?} {problems}\n{written}")).unwrap();
                assert_eq!(outline(&read), outline(&node), "{written}");
            }
        }
    }

    fn place() -> crate::place::Place {
        crate::place::Place { file: "a.yml".into(), line: 1, column: 1 }
    }
}
