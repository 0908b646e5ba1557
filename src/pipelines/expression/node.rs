use std::sync::Arc;

use super::Value;
use super::functions::Builtin;

/// A node of an expression.
#[derive(Clone, Debug)]
pub(super) enum Expr {
    /// A literal.
    Literal(Value),
    /// `variables`
    Named(Arc<str>),
    /// A function of the engine, under the name as written.
    Call(Builtin, String, Vec<Expr>),
    /// A function of the host: its name, and the name as written.
    HostCall(&'static str, String, Vec<Expr>),
    /// `a[b].c.*`: one node for all accesses, since there may be thousands.
    Path(Box<Expr>, Vec<Access>),
}

/// An access to a part of a value.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// `[b]` and `.b`
    Index(Expr),
    /// `[*]` and `.*`
    Filter,
}

impl Expr {
    /// As the engine writes it.
    pub(super) fn to_expression(&self) -> String {
        self.render(&|_| None)
    }

    /// As the engine writes it, with what `replaced` has for a node in its place.
    pub(super) fn render(&self, replaced: &dyn Fn(&Expr) -> Option<String>) -> String {
        if let Some(text) = replaced(self) {
            return text;
        }
        match self {
            Self::Literal(value) => value.traced(&str::to_owned),
            Self::Named(name) => name.to_string(),
            Self::Call(_, name, arguments) | Self::HostCall(_, name, arguments) => {
                format!("{name}({})", arguments.iter().map(|argument| argument.render(replaced)).collect::<Vec<_>>().join(", "))
            }
            Self::Path(of, accesses) => {
                let mut text = of.to_expression();
                for access in accesses {
                    match access {
                        Access::Index(index) => text.push_str(&format!("[{}]", index.to_expression())),
                        Access::Filter => text.push_str("['*']"),
                    }
                }
                text
            }
        }
    }
}
