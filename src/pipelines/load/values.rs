//! Scalars as what a key needs, and places within them.

use super::sources::Sources;
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

/// The place of a character (from 0) of a scalar; `None` when escapes or folded lines move it.
pub(super) fn place_in(node: &Node, character: usize, sources: &Sources) -> Option<Place> {
    let Kind::Scalar { text, style } = &node.kind else { return None };
    let before: Vec<char> = text.chars().take(character).collect();
    let (line, column) = match style {
        Style::Plain => (0, character),
        Style::SingleQuoted | Style::DoubleQuoted => (0, character + 1),
        Style::Literal => (before.iter().filter(|c| **c == '\n').count(), before.iter().rev().take_while(|c| **c != '\n').count()),
        Style::Folded => return None,
    };
    let place = Place { file: node.place.file.clone(), line: node.place.line + line, column: node.place.column + column };
    // What is written there must be what is meant.
    let written: String = sources.line(&place.file, place.line)?.chars().skip(place.column - 1).collect();
    let expected: String = text.chars().skip(character).take_while(|c| *c != '\n').take(3).collect();
    written.starts_with(&expected).then_some(place)
}
