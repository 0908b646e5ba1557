//! Parser of expressions: the grammar of the engine, with all unknown names reported at once.

use std::sync::Arc;

use super::functions::Builtin;
use super::lexer::{Token, TokenKind, tokens};
use super::node::{Access, Expr};
use super::{ExpressionError, MAX_DEPTH, MAX_LENGTH, Value, Vocabulary, text};
use crate::suggest::{did_you_mean, list, nearest};

pub(super) fn parse(text: &str, vocabulary: &Vocabulary, locals: &[Arc<str>]) -> Result<Expr, Vec<ExpressionError>> {
    let error = |message: String, hint: &str| Err(vec![ExpressionError { message, position: 1, hint: hint.to_owned(), is_syntax: true }]);
    let length = text::length(text);
    if length > MAX_LENGTH {
        return error(format!("the expression has {length} characters, at most {MAX_LENGTH} are allowed"), "");
    }
    let tokens = tokens(text);
    if tokens.is_empty() {
        return error("the expression is empty".to_owned(), "");
    }
    let mut parser = Parser { tokens, at: 0, open: 0, vocabulary, locals, unknown: Vec::new() };
    let root = parser.expression().and_then(|root| match parser.peek() {
        None => Ok(root),
        Some(token) => Err(unexpected(token)),
    });
    let mut errors = parser.unknown;
    match root {
        Ok(root) if errors.is_empty() => return Ok(root),
        Ok(_) => {}
        Err(error) => errors.push(error),
    }
    errors.sort_by_key(|error| error.position);
    Err(errors)
}

struct Parser<'v> {
    tokens: Vec<Token>,
    at: usize,
    /// How many functions and brackets are open.
    open: usize,
    vocabulary: &'v Vocabulary,
    /// Names besides those of the vocabulary.
    locals: &'v [Arc<str>],
    unknown: Vec<ExpressionError>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.at += usize::from(found);
        found
    }

    /// The error that something is missing at the end, or not expected where it is.
    fn missing(&self, what: &str) -> ExpressionError {
        match self.peek() {
            Some(token) => unexpected(token),
            None => {
                let last = self.tokens.last().map_or(0, |last| last.at + last.raw.chars().count());
                ExpressionError {
                    message: format!("the expression ends where {what} is expected"),
                    position: last + 1,
                    hint: String::new(),
                    is_syntax: true,
                }
            }
        }
    }

    fn expression(&mut self) -> Result<Expr, ExpressionError> {
        let Some(token) = self.next() else {
            return Err(self.missing("a value"));
        };
        match token.kind {
            TokenKind::Boolean(value) => Ok(Expr::Literal(Value::Boolean(value))),
            TokenKind::Number(value) => Ok(Expr::Literal(Value::Number(value))),
            TokenKind::Version(value) => Ok(Expr::Literal(Value::Version(value))),
            TokenKind::Text(value) => Ok(Expr::Literal(Value::string(value))),
            TokenKind::Word => {
                let value = if self.peek().is_some_and(|next| next.kind == TokenKind::OpenParenthesis) {
                    self.call(&token)?
                } else {
                    self.named_value(&token)
                };
                self.accesses(value)
            }
            _ => Err(unexpected(&token)),
        }
    }

    fn open(&mut self, token: &Token) -> Result<(), ExpressionError> {
        self.open += 1;
        if self.open >= MAX_DEPTH {
            let message = format!("functions and brackets are nested too deep, at most {} may be open at once", MAX_DEPTH - 1);
            return Err(ExpressionError {
                message,
                position: token.at + 1,
                hint: "compute a part of it in a variable of its own".to_owned(),
                is_syntax: true,
            });
        }
        Ok(())
    }

    fn call(&mut self, name: &Token) -> Result<Expr, ExpressionError> {
        self.open(name)?;
        self.at += 1;
        let mut arguments = Vec::new();
        if !self.take(&TokenKind::CloseParenthesis) {
            loop {
                arguments.push(self.expression()?);
                if self.take(&TokenKind::CloseParenthesis) {
                    break;
                }
                if !self.take(&TokenKind::Comma) {
                    return Err(match self.peek() {
                        Some(token) => unexpected(token),
                        None => ExpressionError {
                            message: format!("the function `{}` is not closed", name.raw),
                            position: name.at + 1,
                            hint: "add a `)`".to_owned(),
                            is_syntax: true,
                        },
                    });
                }
            }
        }
        self.open -= 1;
        let expr = match (Builtin::find(&name.raw), self.vocabulary.function(&name.raw)) {
            (Some((builtin, min, max)), _) if self.vocabulary.compile_time || !builtin.is_compile_time_only() => {
                self.check_count(name, arguments.len(), min, max);
                Expr::Call(builtin, name.raw.clone(), arguments)
            }
            (_, Some(function)) => {
                self.check_count(name, arguments.len(), function.min, function.max);
                Expr::HostCall(function.name, name.raw.clone(), arguments)
            }
            _ => {
                self.unknown_function(name);
                Expr::Literal(Value::Null)
            }
        };
        Ok(expr)
    }

    fn check_count(&mut self, name: &Token, count: usize, min: usize, max: usize) {
        if (min..=max).contains(&count) {
            return;
        }
        let expected = match (min, max) {
            (0, 0) => "no arguments".to_owned(),
            (1, 1) => "1 argument".to_owned(),
            _ if min == max => format!("{min} arguments"),
            (_, usize::MAX) => format!("at least {min} arguments"),
            _ => format!("{min} to {max} arguments"),
        };
        let message = format!("`{}` takes {expected}, found {count}", name.raw);
        self.unknown.push(ExpressionError { message, position: name.at + 1, hint: String::new(), is_syntax: true });
    }

    fn unknown_function(&mut self, name: &Token) {
        let elsewhere: Vec<&str> = if Builtin::find(&name.raw).is_some() {
            vec![Vocabulary::COMPILE_TIME.place]
        } else {
            Vocabulary::ALL.iter().filter(|other| other.function(&name.raw).is_some()).map(|other| other.place).collect()
        };
        let (message, hint) = if elsewhere.is_empty() {
            let compile_time = self.vocabulary.compile_time;
            let known: Vec<&str> = Builtin::names()
                .filter(|name| compile_time || Builtin::find(name).is_some_and(|(builtin, ..)| !builtin.is_compile_time_only()))
                .chain(self.vocabulary.functions.iter().map(|function| function.name))
                .collect();
            (format!("unknown function: `{}`", name.raw), did_you_mean(&name.raw, &known))
        } else {
            (
                format!("the function `{}` does not exist in {}", name.raw, self.vocabulary.place),
                format!("it exists in {}", elsewhere.join(", ")),
            )
        };
        self.unknown.push(ExpressionError { message, position: name.at + 1, hint, is_syntax: false });
    }

    fn named_value(&mut self, name: &Token) -> Expr {
        // The innermost loop has its variable last.
        if let Some(local) = self.locals.iter().rev().find(|local| local.eq_ignore_ascii_case(&name.raw)) {
            return Expr::Named(Arc::clone(local));
        }
        if let Some(known) = self.vocabulary.named_value(&name.raw) {
            return Expr::Named(known.into());
        }
        let elsewhere: Vec<&str> =
            Vocabulary::ALL.iter().filter(|other| other.named_value(&name.raw).is_some()).map(|other| other.place).collect();
        let (message, hint) = if Builtin::find(&name.raw).is_some() || self.vocabulary.function(&name.raw).is_some() {
            (format!("`{}` is a function, arguments in parentheses must follow", name.raw), format!("write `{}(...)`", name.raw))
        } else if !elsewhere.is_empty() {
            (format!("`{}` does not exist in {}", name.raw, self.vocabulary.place), format!("it exists in {}", elsewhere.join(", ")))
        } else {
            let known: Vec<&str> = self.vocabulary.named_values.iter().copied().chain(self.locals.iter().map(|local| &**local)).collect();
            let hint = match nearest(&name.raw, known.iter().copied()) {
                Some(other) => format!("did you mean `{other}`?"),
                None => {
                    format!("a text is written in single quotes: `'{}'`; names that exist here: {}", name.raw, list(known.iter().copied()))
                }
            };
            (format!("unknown name: `{}`", name.raw), hint)
        };
        self.unknown.push(ExpressionError { message, position: name.at + 1, hint, is_syntax: false });
        Expr::Literal(Value::Null)
    }

    fn accesses(&mut self, of: Expr) -> Result<Expr, ExpressionError> {
        let mut accesses = Vec::new();
        loop {
            if self.take(&TokenKind::Dot) {
                match self.next() {
                    Some(Token { kind: TokenKind::Word, raw, .. }) => accesses.push(Access::Index(Expr::Literal(Value::string(raw)))),
                    Some(Token { kind: TokenKind::Star, .. }) => accesses.push(Access::Filter),
                    Some(token) => {
                        let mut error = unexpected(&token);
                        if token.kind == TokenKind::Unrecognized {
                            error.hint = format!("a name after `.` has only letters, digits and `_`; for others write `['{}']`", token.raw);
                        }
                        return Err(error);
                    }
                    None => return Err(self.missing("a name after the `.`")),
                }
            } else if let Some(bracket) = self.peek().filter(|token| token.kind == TokenKind::OpenBracket).cloned() {
                self.open(&bracket)?;
                self.at += 1;
                if self.take(&TokenKind::Star) {
                    accesses.push(Access::Filter);
                } else {
                    accesses.push(Access::Index(self.expression()?));
                }
                if !self.take(&TokenKind::CloseBracket) {
                    return Err(match self.peek() {
                        Some(token) => unexpected(token),
                        None => ExpressionError {
                            message: "the bracket `[` is not closed".to_owned(),
                            position: bracket.at + 1,
                            hint: "add a `]`".to_owned(),
                            is_syntax: true,
                        },
                    });
                }
                self.open -= 1;
            } else if accesses.is_empty() {
                return Ok(of);
            } else {
                return Ok(Expr::Path(Box::new(of), accesses));
            }
        }
    }
}

/// The error of a token that cannot stand where it stands, or that is none.
fn unexpected(token: &Token) -> ExpressionError {
    let raw = &token.raw;
    let hint = match &token.kind {
        TokenKind::Unrecognized if raw.starts_with('\'') => "the text is not closed: add a `'`",
        TokenKind::Unrecognized if raw.starts_with('"') => "a text is written in single quotes",
        TokenKind::Unrecognized if raw.starts_with(['=', '!', '&', '|', '<', '>', '+']) => {
            "there are no operators: write `eq(a, b)`, `ne(a, b)`, `and(a, b)`, `or(a, b)`, `not(a)`, `gt(a, b)`"
        }
        TokenKind::Unrecognized if raw.starts_with("$(") || raw.starts_with('$') => {
            "a variable is written as `variables['name']`; `$(name)` has no meaning here"
        }
        _ => "",
    };
    let what = if token.kind == TokenKind::Unrecognized { "unrecognized value" } else { "unexpected symbol" };
    ExpressionError { message: format!("{what}: `{raw}`"), position: token.at + 1, hint: hint.to_owned(), is_syntax: true }
}
