//! Tokens of an expression.

use rust_decimal::Decimal;

use super::{Version, number};

/// A token and where it begins (characters, from 0).
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) raw: String,
    pub(super) at: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Star,
    Boolean(bool),
    Number(Decimal),
    Version(Version),
    Text(String),
    /// A word of letters, digits and `_`.
    Word,
    /// Anything else.
    Unrecognized,
}

/// All tokens of a text. What is no token is [`TokenKind::Unrecognized`]: the parser reports it in its place.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        if letters[at].is_whitespace() {
            at += 1;
            continue;
        }
        let (kind, end) = token(&letters, at, tokens.last());
        tokens.push(Token { kind, raw: letters[at..end].iter().collect(), at });
        at = end;
    }
    tokens
}

fn token(letters: &[char], at: usize, before: Option<&Token>) -> (TokenKind, usize) {
    match letters[at] {
        '(' => (TokenKind::OpenParenthesis, at + 1),
        ')' => (TokenKind::CloseParenthesis, at + 1),
        '[' => (TokenKind::OpenBracket, at + 1),
        ']' => (TokenKind::CloseBracket, at + 1),
        ',' => (TokenKind::Comma, at + 1),
        '*' => (TokenKind::Star, at + 1),
        '\'' => text(letters, at),
        '.' if before
            .is_some_and(|before| !matches!(before.kind, TokenKind::Comma | TokenKind::OpenBracket | TokenKind::OpenParenthesis)) =>
        {
            (TokenKind::Dot, at + 1)
        }
        '.' | '-' | '0'..='9' => number_or_version(letters, at),
        _ => word(letters, at, before),
    }
}

fn ends_word(c: char) -> bool {
    matches!(c, '[' | ']' | '(' | ')' | ',' | '.') || c.is_whitespace()
}

fn number_or_version(letters: &[char], at: usize) -> (TokenKind, usize) {
    let end = letters[at + 1..].iter().position(|c| *c != '.' && ends_word(*c)).map_or(letters.len(), |length| at + 1 + length);
    let raw: String = letters[at..end].iter().collect();
    let kind = if raw.matches('.').count() >= 2 {
        Version::parse(&raw).map(TokenKind::Version)
    } else {
        number::parse_literal(&raw).map(TokenKind::Number)
    };
    (kind.unwrap_or(TokenKind::Unrecognized), end)
}

fn word(letters: &[char], at: usize, before: Option<&Token>) -> (TokenKind, usize) {
    let end = letters[at + 1..].iter().position(|c| ends_word(*c)).map_or(letters.len(), |length| at + 1 + length);
    let raw: String = letters[at..end].iter().collect();
    let is_word = !raw.starts_with(|c: char| c.is_ascii_digit()) && raw.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let is_property = before.is_some_and(|before| before.kind == TokenKind::Dot);
    let kind = match () {
        () if !is_word => TokenKind::Unrecognized,
        () if is_property => TokenKind::Word,
        () if raw.eq_ignore_ascii_case("true") => TokenKind::Boolean(true),
        () if raw.eq_ignore_ascii_case("false") => TokenKind::Boolean(false),
        () => TokenKind::Word,
    };
    (kind, end)
}

/// `'text'`; `''` is a quote.
fn text(letters: &[char], start: usize) -> (TokenKind, usize) {
    let mut text = String::new();
    let mut at = start + 1;
    while at < letters.len() {
        let c = letters[at];
        at += 1;
        if c == '\'' {
            if letters.get(at) != Some(&'\'') {
                return (TokenKind::Text(text), at);
            }
            at += 1;
        }
        text.push(c);
    }
    (TokenKind::Unrecognized, at)
}
