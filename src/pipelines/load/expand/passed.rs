//! What is passed to a file, against what it declares (facts/pipeline-yaml.md 2.3).

use std::rc::Rc;

use super::Expander;
use super::at::At;
use super::context::{Context, Parameters};
use super::evaluate::Leaf;
use super::limits::MAX_NESTING;
use super::normal::normal;
use super::parameters::{Declarations, Parameter, Type, values_hint};
use super::scope::Scope;
use super::template::TemplateKind;
use super::units::Unit;
use crate::expression::Value;
use crate::place::Place;
use crate::suggest::did_you_mean;
use crate::yaml::{Kind, Node};

/// A parameter that is passed: its name, and its value.
pub(super) type Given<'t> = (Node, Leaf<'t>);

impl Expander<'_> {
    /// The keys of a `parameters:` beside a `template:`.
    pub(super) fn given<'t>(&mut self, leaf: Leaf<'t>) -> Option<Vec<Given<'t>>> {
        let node = match leaf {
            Leaf::Template(template, context) => match &template.kind {
                TemplateKind::Mapping(entries) => return Some(self.flat(entries, At::Any, &context).leaves),
                _ => self.value(template, At::Any, &context)?,
            },
            Leaf::Node(node) => node,
        };
        match node.kind {
            Kind::Mapping(entries) => Some(entries.into_iter().map(|(key, value)| (key, Leaf::Node(value))).collect()),
            _ if node.is_empty() => Some(Vec::new()),
            _ => {
                self.error(
                    node.place.clone(),
                    format!("`parameters` must be a mapping of names and values, found {}", node.describe()),
                    "",
                );
                None
            }
        }
    }

    /// The parameters of a use of a file; problems are reported.
    pub(super) fn bind(&mut self, unit: &Rc<Unit>, given: Vec<Given<'_>>, site: &Place) -> Option<Parameters> {
        match &unit.declarations {
            Declarations::Old(defaults) => Some(self.bind_old(defaults, given)),
            Declarations::Typed(declared) => self.bind_typed(unit, declared, given, site),
        }
    }

    /// A mapping of defaults: all scalars are texts, and more than is declared may be passed.
    fn bind_old(&mut self, defaults: &[(String, Node)], given: Vec<Given<'_>>) -> Parameters {
        let mut values: Vec<(String, Value)> = Vec::new();
        for (name, default) in defaults {
            values.push((name.clone(), self.origins.value(default)));
        }
        for (key, leaf) in given {
            if let Some(node) = self.leaf(leaf, At::Any).and_then(|node| self.shallow(node)) {
                values.push((key.text().unwrap_or_default().to_owned(), self.origins.value(&node)));
            }
        }
        Parameters { object: Value::object(values), strict: false }
    }

    fn bind_typed(&mut self, unit: &Rc<Unit>, declared: &[Parameter], given: Vec<Given<'_>>, site: &Place) -> Option<Parameters> {
        let mut whole = true;
        let mut values: Vec<Option<Value>> = vec![None; declared.len()];
        let mut seen = vec![false; declared.len()];
        for (key, leaf) in given {
            let name = key.text().unwrap_or_default();
            let Some(position) = declared.iter().position(|parameter| parameter.name.eq_ignore_ascii_case(name)) else {
                let names: Vec<&str> = declared.iter().map(|parameter| parameter.name.as_str()).collect();
                let known = did_you_mean(name, &names);
                let hint = if known.is_empty() { "it has no parameters".to_owned() } else { known };
                self.error(key.place.clone(), format!("unexpected parameter `{name}`: `{}` does not declare it", unit.name), hint);
                whole = false;
                continue;
            };
            if std::mem::replace(&mut seen[position], true) {
                self.error(key.place.clone(), format!("the parameter `{name}` is passed twice"), "upper and lower case are the same");
                whole = false;
                continue;
            }
            values[position] = self.typed(&declared[position], leaf, unit);
            whole &= values[position].is_some();
        }
        for (position, parameter) in declared.iter().enumerate() {
            if seen[position] {
                continue;
            }
            match &parameter.default {
                Some(default) => {
                    let node = self.default(default.clone(), parameter, unit);
                    values[position] = self.checked(parameter, node, unit, true);
                    whole &= values[position].is_some();
                }
                None => {
                    let message =
                        format!("a value for the parameter `{}` must be provided: `{}` has no default for it", parameter.name, unit.name);
                    let expected = parameter.kind.expected();
                    let (place, hint) = if self.stack.is_empty() {
                        (&parameter.place, format!("pass it with `--parameter {}=VALUE`; it is {expected}", parameter.name))
                    } else {
                        (site, format!("add `{}: ...` below `parameters:`; it is {expected}", parameter.name))
                    };
                    self.error(place.clone(), message, hint);
                    whole = false;
                }
            }
        }
        let names = declared.iter().map(|parameter| parameter.name.clone());
        let values = names.zip(values.into_iter().map(|value| value.unwrap_or(Value::Null)));
        whole.then(|| Parameters { object: Value::object(values), strict: true })
    }

    /// A default with the templates in it expanded, as the file that declares it names them.
    fn default(&mut self, node: Node, parameter: &Parameter, unit: &Rc<Unit>) -> Node {
        let context = Context {
            unit: Rc::clone(unit),
            source: node.place.file.clone(),
            parameters: Rc::new(Parameters { object: Value::object::<String>([]), strict: false }),
            locals: None,
            variables: Scope::new(self.request.variables),
        };
        self.settled(node, at(parameter.kind), &context)
    }

    /// A value that is passed, as its type.
    fn typed(&mut self, parameter: &Parameter, leaf: Leaf<'_>, unit: &Unit) -> Option<Value> {
        let at = at(parameter.kind);
        let node = match leaf {
            Leaf::Template(template, context) => {
                if let TemplateKind::Code(code) = &template.kind {
                    let value = self.evaluate(code, &context)?;
                    if let Some(value) = self.as_is(parameter, &value) {
                        return self.allowed(parameter, value, &context.at(&template.place), unit);
                    }
                    let place = context.at(&template.place);
                    let node = self.origins.node(&value, &place);
                    self.settled(node, at, &context)
                } else {
                    self.value(template, at, &context)?
                }
            }
            Leaf::Node(node) => node,
        };
        self.checked(parameter, node, unit, false)
    }

    /// A computed value that already is what the parameter needs.
    fn as_is(&self, parameter: &Parameter, value: &Value) -> Option<Value> {
        match (parameter.kind, value) {
            (Type::Boolean, Value::Boolean(_)) | (Type::Number, Value::Number(_)) | (Type::Object, _) => Some(value.clone()),
            (Type::Text, Value::Array(_) | Value::Object(_)) => None,
            (Type::Text, Value::String(_)) => Some(value.clone()),
            (Type::Text, _) => value.to_text().map(Value::String),
            _ => None,
        }
    }

    /// A node that is nested as deep as a file may be: templates that pass on what they get can make it ever deeper.
    fn shallow(&mut self, node: Node) -> Option<Node> {
        if depth(&node) <= MAX_NESTING {
            return Some(node);
        }
        let message = format!("the value is nested more than {MAX_NESTING} levels deep");
        self.error(node.place, message, "Azure Pipelines allows no more");
        None
    }

    /// A node as the value of a parameter; problems are reported.
    fn checked(&mut self, parameter: &Parameter, node: Node, unit: &Unit, is_default: bool) -> Option<Value> {
        let node = self.shallow(node)?;
        let place = node.place.clone();
        let value = match (parameter.kind, &node.kind) {
            (Type::Text, Kind::Scalar { .. }) | (Type::Object, _) => Some(self.origins.value(&node)),
            (Type::Number, Kind::Scalar { text, .. }) => {
                if text.is_empty() {
                    None
                } else {
                    Value::string(text).to_number().map(Value::Number)
                }
            }
            (Type::Boolean, Kind::Scalar { text, .. }) => match text.to_ascii_lowercase().as_str() {
                "true" => Some(Value::Boolean(true)),
                "false" => Some(Value::Boolean(false)),
                _ => None,
            },
            (Type::TextList, Kind::Sequence(items)) if items.iter().all(|item| item.text().is_some()) => Some(self.origins.value(&node)),
            (Type::Text | Type::Number | Type::Boolean | Type::TextList, _) => None,
            _ => match normal(node.clone(), parameter.kind) {
                Ok(node) => Some(self.origins.value(&node)),
                Err(bad) if bad.place == node.place => None,
                Err(bad) => {
                    let one = parameter.kind.entry();
                    let message = format!("each entry of the parameter `{}` must be {one}, found {}", parameter.name, shown(&bad));
                    self.error(bad.place, message, format!("it is declared in {}:{}", unit.name, parameter.place.line));
                    return None;
                }
            },
        };
        let Some(value) = value else {
            let what = if is_default { "the default of the parameter" } else { "the parameter" };
            let found = shown(&node);
            let message = format!(
                "{what} `{}` must be {} (type `{}`), found {found}",
                parameter.name,
                parameter.kind.expected(),
                parameter.type_name
            );
            self.error(place, message, format!("it is declared in {}:{}", unit.name, parameter.place.line));
            return None;
        };
        if is_default && parameter.values.is_empty() { Some(value) } else { self.allowed(parameter, value, &place, unit) }
    }

    /// One of `values`, where there are some.
    fn allowed(&mut self, parameter: &Parameter, value: Value, place: &Place, unit: &Unit) -> Option<Value> {
        let Some(text) = value.to_text().filter(|_| !parameter.values.is_empty()) else { return Some(value) };
        let is_same = |node: &Node| {
            let allowed = node.text().unwrap_or_default();
            match &value {
                Value::Number(number) => Value::string(allowed).to_number() == Some(*number),
                Value::Boolean(_) => allowed.eq_ignore_ascii_case(&text),
                _ => allowed == &*text,
            }
        };
        if parameter.values.iter().any(is_same) {
            return Some(value);
        }
        let place = self.origins.place(&value).unwrap_or(place).clone();
        let hint = format!("{}; it is declared in {}:{}", values_hint(&parameter.values), unit.name, parameter.place.line);
        self.error(place, format!("the parameter `{}` cannot be `{text}`", parameter.name), hint);
        None
    }
}

/// How many lists and mappings are within each other.
fn depth(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar { .. } => 0,
        Kind::Sequence(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Kind::Mapping(entries) => 1 + entries.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
    }
}

/// A node for a message.
fn shown(node: &Node) -> String {
    match node.text().filter(|text| !text.is_empty()) {
        Some(text) => format!("`{}`", text.lines().next().unwrap_or_default()),
        None => node.describe().to_owned(),
    }
}

/// What the value of a parameter is.
fn at(kind: Type) -> At {
    match kind {
        Type::StepList => At::Steps,
        Type::JobList | Type::DeploymentList => At::Jobs,
        Type::StageList => At::Stages,
        Type::Job | Type::Deployment => At::Job,
        Type::Stage => At::Stage,
        _ => At::Any,
    }
}
