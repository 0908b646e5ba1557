//! The variables that an expression sees: those of the run, then of the root, the stage, the job, each in order
//! (facts/pipeline-yaml.md 2.4, "Variables at compile time").

use std::cell::RefCell;
use std::rc::Rc;

use crate::expression::Value;

/// The variables of a root, a stage or a job, and those around it.
#[derive(Debug, Default)]
pub(super) struct Scope {
    parent: Option<Rc<Scope>>,
    own: RefCell<Vec<(String, Value)>>,
    /// All of them as an object, until one is added.
    object: RefCell<Option<Value>>,
}

impl Scope {
    /// The outermost one.
    pub(super) fn new(variables: &[(String, String)]) -> Rc<Self> {
        let own = variables.iter().map(|(name, value)| (name.clone(), Value::string(value))).collect();
        Rc::new(Self { own: RefCell::new(own), ..Self::default() })
    }

    /// One within this one.
    pub(super) fn child(self: &Rc<Self>) -> Rc<Self> {
        Rc::new(Self { parent: Some(Rc::clone(self)), ..Self::default() })
    }

    /// Adds a variable; a later one of the same name wins.
    pub(super) fn add(&self, name: &str, value: &str) {
        self.own.borrow_mut().push((name.to_owned(), Value::string(value)));
        self.object.borrow_mut().take();
    }

    /// All variables as an object.
    pub(super) fn object(&self) -> Value {
        if let Some(object) = &*self.object.borrow() {
            return object.clone();
        }
        let object = match &self.parent {
            Some(parent) if self.own.borrow().is_empty() => parent.object(),
            _ => {
                let mut all = Vec::new();
                self.collect(&mut all);
                Value::object(all)
            }
        };
        *self.object.borrow_mut() = Some(object.clone());
        object
    }

    fn collect(&self, all: &mut Vec<(String, Value)>) {
        if let Some(parent) = &self.parent {
            parent.collect(all);
        }
        all.extend(self.own.borrow().iter().cloned());
    }
}
