//! Scalars as what a key needs, and places within them.

use crate::place::Place;
use crate::yaml::{Kind, Node, Style};

/// The boolean words of keys, in any case (facts/pipeline-yaml.md 2.2).
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// The place of a character (from 0) of a scalar that is written on one line; `None` when it is not, or when escapes move it.
pub(super) fn place_in(node: &Node, character: usize, lines: &[&str]) -> Option<Place> {
    let Kind::Scalar { text, style } = &node.kind else { return None };
    let shift = match style {
        Style::Plain => 0,
        Style::SingleQuoted | Style::DoubleQuoted => 1,
        Style::Literal | Style::Folded => return None,
    };
    let column = node.place.column + shift + character;
    let line = lines.get(node.place.line.checked_sub(1)?)?;
    let written = line.chars().skip(column - 1).take(3);
    let expected = text.chars().skip(character).take(3);
    (written.eq(expected)).then(|| Place { column, ..node.place.clone() })
}
