//! What an expression sees where it stands.

use std::rc::Rc;
use std::sync::Arc;

use super::scope::Scope;
use super::units::Unit;
use crate::expression::{Host, Value};
use crate::place::{Place, SourceFile};

/// The context of a use of a file, or of a turn of a loop in it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Context {
    /// The file.
    pub(super) unit: Rc<Unit>,
    /// Its name, with the chain of this use.
    pub(super) source: SourceFile,
    pub(super) parameters: Rc<Parameters>,
    pub(super) locals: Option<Rc<Local>>,
    pub(super) variables: Rc<Scope>,
}

/// The parameters of a use of a file.
#[derive(Debug)]
pub(super) struct Parameters {
    pub(super) object: Value,
    /// Whether those that are not declared are an error.
    pub(super) strict: bool,
}

/// The variable of a loop.
#[derive(Debug)]
pub(super) struct Local {
    name: Arc<str>,
    value: Value,
    outer: Option<Rc<Local>>,
}

impl Context {
    /// A place of the file in this use.
    pub(super) fn at(&self, place: &Place) -> Place {
        Place { file: self.source.clone(), line: place.line, column: place.column }
    }

    /// The same with a variable of a loop.
    pub(super) fn with(&self, name: &Arc<str>, value: Value) -> Self {
        Self { locals: Some(Rc::new(Local { name: Arc::clone(name), value, outer: self.locals.clone() })), ..self.clone() }
    }

    /// The same with variables of its own.
    pub(super) fn scoped(&self) -> Self {
        Self { variables: self.variables.child(), ..self.clone() }
    }
}

impl Host for Context {
    fn named_value(&self, name: &str) -> Value {
        let mut local = self.locals.as_ref();
        while let Some(found) = local {
            if found.name.eq_ignore_ascii_case(name) {
                return found.value.clone();
            }
            local = found.outer.as_ref();
        }
        match name {
            "parameters" => self.parameters.object.clone(),
            "variables" => self.variables.object(),
            _ => Value::Null,
        }
    }

    fn call(&self, function: &str, _: &[Value]) -> Result<Value, String> {
        Err(format!("`{function}` does not exist here"))
    }

    fn must_be_declared(&self, name: &str) -> bool {
        name == "parameters" && self.parameters.strict
    }

    /// Nothing is secret at compile time: secrets are not visible.
    fn mask(&self, text: &str) -> String {
        text.to_owned()
    }
}
