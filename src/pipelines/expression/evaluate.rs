use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::functions::not_text;
use super::memory::{self, Memory};
use super::node::{Access, Expr};
use super::{EvaluationError, Kind, MAX_MEMORY, Value, index, text};

/// Bytes that a text within the memory limit has at most.
pub(super) const MAX_TEXT: usize = MAX_MEMORY / 2 * 3;

/// What an expression may ask for while it is evaluated. Names are those of the [`super::Vocabulary`] with which it was parsed.
pub trait Host {
    /// The value of a name.
    fn named_value(&self, name: &str) -> Value;

    /// The result of a function of the place.
    ///
    /// # Errors
    /// Why there is none, as a sentence.
    fn call(&self, function: &str, arguments: &[Value]) -> Result<Value, String>;

    /// Whether it is an error, not `Null`, when the value of `name` has no such key.
    fn must_be_declared(&self, _name: &str) -> bool {
        false
    }

    /// Replaces secrets in a text that goes into a trace or a message.
    fn mask(&self, text: &str) -> String;
}

/// The outcome of an evaluation.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// The value.
    pub value: Value,
    /// How it came about, masked: the lines `Evaluating: ...`, `Expanded: ...` (where it says something new), `Result: ...`.
    pub trace: String,
}

pub(super) fn evaluate(root: &Expr, host: &dyn Host, as_boolean: bool) -> Result<Evaluation, EvaluationError> {
    let mut evaluator = Evaluator::new(root, host, true);
    let value = evaluator.value_at(root, 0)?;
    let value = if as_boolean { Value::Boolean(value.to_boolean()) } else { value };
    let mask = |text: &str| host.mask(text);
    let result = value.traced(&mask);
    let expanded = root.render(&|node| evaluator.traced.get(&address(node)).cloned());
    let mut trace = format!("Evaluating: {}", root.to_expression());
    let says_nothing_new = expanded == result || (value.kind() == Kind::Number && expanded == format!("'{result}'"));
    if !says_nothing_new {
        trace.push_str("\nExpanded: ");
        trace.push_str(&expanded);
    }
    trace.push_str("\nResult: ");
    trace.push_str(&result);
    Ok(Evaluation { value, trace: host.mask(&trace) })
}

/// The value alone.
pub(super) fn value(root: &Expr, host: &dyn Host) -> Result<Value, EvaluationError> {
    Evaluator::new(root, host, false).value_at(root, 0)
}

/// An evaluation under way.
pub(super) struct Evaluator<'h> {
    root: &'h Expr,
    host: &'h dyn Host,
    memory: Memory,
    is_traced: bool,
    /// Results by the address of their node, for "Expanded".
    traced: HashMap<usize, String>,
    traced_bytes: usize,
}

fn address(node: &Expr) -> usize {
    std::ptr::from_ref(node).addr()
}

impl<'h> Evaluator<'h> {
    fn new(root: &'h Expr, host: &'h dyn Host, is_traced: bool) -> Self {
        Self { root, host, memory: Memory::default(), is_traced, traced: HashMap::new(), traced_bytes: 0 }
    }
}

impl Evaluator<'_> {
    /// The value of an argument of the function at `depth`.
    pub(super) fn value(&mut self, argument: &Expr, depth: usize) -> Result<Value, EvaluationError> {
        self.value_at(argument, depth + 1)
    }

    /// The same as text.
    pub(super) fn text(&mut self, argument: &Expr, depth: usize) -> Result<Arc<str>, EvaluationError> {
        let value = self.value(argument, depth)?;
        value.to_text().ok_or_else(|| not_text(&value, self))
    }

    /// The same as number.
    pub(super) fn number(&mut self, argument: &Expr, depth: usize) -> Result<Decimal, EvaluationError> {
        let value = self.value(argument, depth)?;
        value.to_number().ok_or_else(|| value.conversion(Kind::Number, &|text| self.mask(text)))
    }

    pub(super) fn mask(&self, text: &str) -> String {
        self.host.mask(text)
    }

    /// The error of the memory limit.
    pub(super) fn exceeded(&self) -> EvaluationError {
        EvaluationError::Memory(self.mask(&self.root.to_expression()))
    }

    fn value_at(&mut self, node: &Expr, depth: usize) -> Result<Value, EvaluationError> {
        let value = match node {
            Expr::Literal(value) => value.clone(),
            Expr::Named(name) => self.host.named_value(name),
            Expr::Call(builtin, name, arguments) => builtin.call(name, arguments, depth, self)?,
            Expr::HostCall(function, _, arguments) => {
                let arguments = arguments.iter().map(|argument| self.value(argument, depth)).collect::<Result<Vec<_>, _>>()?;
                self.host
                    .call(function, &arguments)
                    .map_err(|problem| EvaluationError::Function { function: (*function).to_owned(), problem })?
            }
            Expr::Path(of, accesses) => {
                let mut value = self.value(of, depth)?;
                for (position, access) in accesses.iter().enumerate() {
                    value = match access {
                        Access::Filter => index::filter(&value),
                        Access::Index(index) => {
                            let key = self.value(index, depth)?;
                            if position == 0
                                && let Expr::Named(name) = &**of
                            {
                                self.check_declared(name, &value, &key)?;
                            }
                            index::index(&value, &key)
                        }
                    };
                }
                value
            }
        };
        let bytes = match &value {
            Value::String(text) => memory::of_text(text::length(text)),
            Value::Array(array) => memory::of_object() * (1 + array.items().len()),
            _ => memory::of_object(),
        };
        let simple = !matches!(value.kind(), Kind::Array | Kind::Object);
        if self.memory.add(depth, bytes, simple).is_err() {
            return Err(self.exceeded());
        }
        let traced = self.is_traced
            && match node {
                Expr::Literal(_) => false,
                Expr::Named(_) | Expr::HostCall(..) | Expr::Path(..) => true,
                Expr::Call(builtin, ..) => builtin.is_traced_as_result(),
            };
        if traced {
            self.trace(node, &value);
        }
        Ok(value)
    }

    fn check_declared(&self, name: &str, value: &Value, key: &Value) -> Result<(), EvaluationError> {
        let (Value::Object(object), Some(key)) = (value, key.to_text()) else { return Ok(()) };
        if object.get(&key).is_some() {
            return Ok(());
        }
        if !self.host.must_be_declared(name) {
            return Ok(());
        }
        Err(EvaluationError::Undeclared { name: name.to_owned(), key: key.to_string() })
    }

    fn trace(&mut self, node: &Expr, value: &Value) {
        let text = value.traced(&|text| self.mask(text));
        // Beyond the limit the expression itself is shown.
        if self.traced_bytes + text.len() <= MAX_MEMORY {
            self.traced_bytes += text.len();
            self.traced.insert(address(node), text);
        }
    }
}
