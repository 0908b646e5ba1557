//! A file as compile time sees it: a tree in which every `${{ }}` is parsed. Made once for each file.

use std::collections::HashMap;
use std::sync::Arc;

use super::scan::{Part, parts};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::expression::{Expression, ExpressionError, Vocabulary};
use crate::load::sources::Sources;
use crate::load::values::place_in;
use crate::place::Place;
use crate::yaml::{Kind, Node, Style};

/// A node.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) place: Place,
    pub(super) kind: TemplateKind,
}

#[derive(Debug)]
pub(super) enum TemplateKind {
    /// A text without expressions.
    Text(String, Style),
    /// A whole value that is one expression: its value may be anything.
    Code(Code),
    /// A text with expressions in it.
    Mixed(Vec<Piece>, Style),
    Sequence(Vec<Template>),
    Mapping(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) key: Key,
    pub(super) value: Template,
}

#[derive(Debug)]
pub(super) enum Key {
    Text(String, Style),
    Code(Code),
    Mixed(Vec<Piece>, Style),
    If(Code),
    ElseIf(Code),
    Else,
    Each(Arc<str>, Code),
    Insert,
}

impl Key {
    /// Whether it stands for its body, not for a key.
    pub(super) fn is_directive(&self) -> bool {
        matches!(self, Self::If(_) | Self::ElseIf(_) | Self::Else | Self::Each(..) | Self::Insert)
    }
}

#[derive(Debug)]
pub(super) enum Piece {
    Text(String),
    Code(Code),
}

/// An expression. One that uses what does not exist is an error only where it is evaluated (facts/pipeline-yaml.md 2.4).
#[derive(Debug)]
pub(super) struct Code {
    pub(super) place: Place,
    pub(super) expression: Result<Arc<Expression>, Vec<(Place, ExpressionError)>>,
}

impl Template {
    /// Whether there is an expression in it.
    pub(super) fn first_code(&self) -> Option<&Place> {
        match &self.kind {
            TemplateKind::Text(..) => None,
            TemplateKind::Code(code) => Some(&code.place),
            TemplateKind::Mixed(..) => Some(&self.place),
            TemplateKind::Sequence(items) => items.iter().find_map(Self::first_code),
            TemplateKind::Mapping(entries) => entries
                .iter()
                .find_map(|entry| if matches!(entry.key, Key::Text(..)) { entry.value.first_code() } else { Some(&entry.place) }),
        }
    }
}

/// Expressions by their text and the names of the loops around them: the same few are written again and again.
#[derive(Debug, Default)]
pub(super) struct Parsed(HashMap<String, Arc<Expression>>);

impl Parsed {
    fn parse(&mut self, text: &str, locals: &[Arc<str>]) -> Result<Arc<Expression>, Vec<ExpressionError>> {
        let mut key = text.trim().to_owned();
        for local in locals {
            // No YAML text has this character.
            key.push('\0');
            key.push_str(local);
        }
        if let Some(known) = self.0.get(&key) {
            return Ok(Arc::clone(known));
        }
        let expression = Arc::new(Expression::parse_with(text, &Vocabulary::COMPILE_TIME, locals)?);
        self.0.insert(key, Arc::clone(&expression));
        Ok(expression)
    }
}

/// Compiles the nodes of a file.
pub(super) struct Compiler<'a> {
    pub(super) sources: &'a Sources,
    pub(super) problems: &'a mut Diagnostics,
    pub(super) parsed: &'a mut Parsed,
    /// The variables of the loops around, the innermost last.
    pub(super) locals: Vec<Arc<str>>,
}

impl Compiler<'_> {
    pub(super) fn template(&mut self, node: &Node) -> Template {
        let kind = match &node.kind {
            Kind::Scalar { text, style } => self.scalar(node, text, *style),
            Kind::Sequence(items) => TemplateKind::Sequence(items.iter().map(|item| self.template(item)).collect()),
            Kind::Mapping(entries) => TemplateKind::Mapping(entries.iter().map(|(key, value)| self.entry(key, value)).collect()),
        };
        Template { place: node.place.clone(), kind }
    }

    fn scalar(&mut self, node: &Node, text: &str, style: Style) -> TemplateKind {
        if !text.contains("${{") {
            return TemplateKind::Text(text.to_owned(), style);
        }
        let parts = parts(text);
        match parts.as_slice() {
            [Part::Code { text, at }] => TemplateKind::Code(self.code(node, text, *at)),
            _ => TemplateKind::Mixed(self.pieces(node, parts), style),
        }
    }

    fn pieces(&mut self, node: &Node, parts: Vec<Part<'_>>) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => pieces.push(Piece::Text(text.to_owned())),
                Part::Code { text, at } => pieces.push(Piece::Code(self.code(node, text, at))),
                Part::Open(at) => {
                    let place = self.place(node, at);
                    self.error(place, "the expression `${{` is not closed", "add `}}`; a quote in a text is written twice");
                }
            }
        }
        pieces
    }

    fn entry(&mut self, key: &Node, value: &Node) -> Entry {
        let text = key.text().unwrap_or_default();
        let style = match &key.kind {
            Kind::Scalar { style, .. } => *style,
            _ => Style::Plain,
        };
        let locals = self.locals.len();
        let compiled = match self.scalar_key(key, text) {
            Some(directive) => directive,
            None => match self.scalar(key, text, style) {
                TemplateKind::Code(code) => Key::Code(code),
                TemplateKind::Mixed(pieces, style) => Key::Mixed(pieces, style),
                _ => Key::Text(text.to_owned(), style),
            },
        };
        if let Key::Each(name, _) = &compiled {
            self.locals.push(Arc::clone(name));
        }
        let value = self.template(value);
        self.locals.truncate(locals);
        Entry { place: key.place.clone(), key: compiled, value }
    }

    /// A key that is a directive.
    fn scalar_key(&mut self, key: &Node, text: &str) -> Option<Key> {
        let parts = parts(text);
        let [Part::Code { text, at }] = parts.as_slice() else { return None };
        let blank = text.len() - text.trim_start().len();
        let inner = text.trim_start();
        let word = inner.split(char::is_whitespace).next().unwrap_or_default();
        let rest = &inner[word.len()..];
        let at = at + text[..blank].chars().count() + word.chars().count();
        let condition = |compiler: &mut Self| compiler.code(key, rest, at);
        Some(match word {
            "if" => Key::If(condition(self)),
            "elseif" => Key::ElseIf(condition(self)),
            "else" | "insert" => {
                if !rest.trim().is_empty() {
                    let place = self.place(key, at + 1);
                    let hint = if word == "else" { "a condition belongs to `elseif`" } else { "" };
                    self.error(place, format!("nothing may follow `{word}`, found `{}`", rest.trim()), hint);
                }
                if word == "else" { Key::Else } else { Key::Insert }
            }
            "each" => self.each(key, rest, at),
            _ => return None,
        })
    }

    /// `each name in expression`.
    fn each(&mut self, key: &Node, rest: &str, at: usize) -> Key {
        let trimmed = rest.trim_start();
        let name = trimmed.split(char::is_whitespace).next().unwrap_or_default();
        let after = trimmed[name.len()..].trim_start();
        let is_name =
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let list = after.strip_prefix("in").filter(|list| list.is_empty() || list.starts_with(char::is_whitespace));
        match list.filter(|_| is_name) {
            Some(list) => {
                let before = rest.chars().count() - list.chars().count();
                Key::Each(name.into(), self.code(key, list, at + before))
            }
            None => {
                let place = self.place(key, at);
                self.error(place.clone(), "`each` needs a name and a list", "write `${{ each item in parameters.items }}:`");
                Key::Each("item".into(), Code { place, expression: Err(Vec::new()) })
            }
        }
    }

    fn code(&mut self, node: &Node, text: &str, at: usize) -> Code {
        let blank = text.chars().take_while(|c| c.is_whitespace()).count();
        let place = self.place(node, at + blank);
        let expression = self.parsed.parse(text, &self.locals).map_err(|errors| {
            let word = text.split_whitespace().next().unwrap_or_default();
            let is_directive = ["if", "elseif", "else", "each", "insert"].contains(&word);
            let usage = if ["else", "insert"].contains(&word) { word.to_owned() } else { format!("{word} ...") };
            let hinted = errors.into_iter().map(|error| {
                let hint = if is_directive { format!("`{word}` is a key: write `${{{{ {usage} }}}}:`, with a colon") } else { error.hint };
                ExpressionError { hint, ..error }
            });
            let (syntax, unknown): (Vec<_>, Vec<_>) = hinted.partition(|error| error.is_syntax);
            for error in syntax {
                let place = self.place(node, at + error.position - 1);
                self.error(place, error.message, error.hint);
            }
            unknown.into_iter().map(|error| (self.place(node, at + error.position - 1), error)).collect()
        });
        Code { place, expression }
    }

    /// The place of a character of a text; the text itself where that is not known.
    fn place(&self, node: &Node, at: usize) -> Place {
        place_in(node, at, self.sources).unwrap_or_else(|| node.place.clone())
    }

    fn error(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Diagnostic::error(place, message).with_hint(hint));
    }
}
