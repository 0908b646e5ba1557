//! `parameters:` of a file: what is declared (facts/pipeline-yaml.md 2.3).

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::place::Place;
use crate::suggest::{did_you_mean, list};
use crate::yaml::{Kind, Node};

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    /// `string`, and what is a name of something: `environment`, `filePath`, `pool`, `secureFile`, `serviceConnection`.
    Text,
    Number,
    Boolean,
    /// Anything: `object`, `legacyObject`, `container`, `containerList`.
    Object,
    TextList,
    Step,
    StepList,
    Job,
    JobList,
    Deployment,
    DeploymentList,
    Stage,
    StageList,
}

const TYPES: &[(&str, Type)] = &[
    ("string", Type::Text),
    ("number", Type::Number),
    ("boolean", Type::Boolean),
    ("object", Type::Object),
    ("step", Type::Step),
    ("stepList", Type::StepList),
    ("job", Type::Job),
    ("jobList", Type::JobList),
    ("deployment", Type::Deployment),
    ("deploymentList", Type::DeploymentList),
    ("stage", Type::Stage),
    ("stageList", Type::StageList),
    ("stringList", Type::TextList),
    ("container", Type::Object),
    ("containerList", Type::Object),
    ("legacyObject", Type::Object),
    ("environment", Type::Text),
    ("filePath", Type::Text),
    ("pool", Type::Text),
    ("secureFile", Type::Text),
    ("serviceConnection", Type::Text),
];

impl Type {
    /// What a value must be, for messages.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Boolean => "`true` or `false`",
            Self::Object => "a list, a mapping or a text",
            Self::TextList => "a list of texts",
            Self::Step => "a step",
            Self::StepList => "a list of steps",
            Self::Job => "a job",
            Self::JobList => "a list of jobs",
            Self::Deployment => "a deployment job",
            Self::DeploymentList => "a list of deployment jobs",
            Self::Stage => "a stage",
            Self::StageList => "a list of stages",
        }
    }
}

impl Type {
    /// What an entry of a list must be.
    pub(super) fn entry(self) -> &'static str {
        match self {
            Self::StepList => Self::Step.expected(),
            Self::JobList => Self::Job.expected(),
            Self::DeploymentList => Self::Deployment.expected(),
            Self::StageList => Self::Stage.expected(),
            other => other.expected(),
        }
    }
}

/// A declared parameter.
#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) type_name: &'static str,
    pub(super) kind: Type,
    pub(super) default: Option<Node>,
    /// The values that it may have; empty = any.
    pub(super) values: Vec<Node>,
    pub(super) place: Place,
}

/// The parameters of a file.
#[derive(Debug)]
pub(super) enum Declarations {
    /// A list with names and types: strict.
    Typed(Vec<Parameter>),
    /// A mapping of names and defaults, or nothing: anything may be passed.
    Old(Vec<(String, Node)>),
}

/// Reads `parameters:`.
pub(super) fn declarations(node: Option<&Node>, problems: &mut Diagnostics) -> Declarations {
    let mut error = |place: &Place, message: String, hint: String| problems.push(Diagnostic::error(place.clone(), message).with_hint(hint));
    let Some(node) = node.filter(|node| !node.is_empty()) else { return Declarations::Old(Vec::new()) };
    if let Some(place) = expression(node) {
        error(place, "`${{ }}` cannot be used where parameters are declared".to_owned(), "a default is a literal value".to_owned());
        return Declarations::Old(Vec::new());
    }
    match &node.kind {
        Kind::Mapping(entries) => {
            Declarations::Old(entries.iter().map(|(key, value)| (key.text().unwrap_or_default().to_owned(), value.clone())).collect())
        }
        Kind::Scalar { .. } => {
            error(
                &node.place,
                "`parameters` must be a list of parameters, found a text".to_owned(),
                "for instance `- name: service`, and below it `  type: string`".to_owned(),
            );
            Declarations::Old(Vec::new())
        }
        Kind::Sequence(items) => {
            let mut parameters: Vec<Parameter> = Vec::new();
            for item in items {
                let Some(parameter) = parameter(item, &mut error) else { continue };
                if parameters.iter().any(|other| other.name.eq_ignore_ascii_case(&parameter.name)) {
                    error(
                        &parameter.place,
                        format!("the parameter `{}` is declared twice", parameter.name),
                        "remove one of them".to_owned(),
                    );
                    continue;
                }
                parameters.push(parameter);
            }
            Declarations::Typed(parameters)
        }
    }
}

/// The first `${{` of a node.
fn expression(node: &Node) -> Option<&Place> {
    match &node.kind {
        Kind::Scalar { text, .. } => text.contains("${{").then_some(&node.place),
        Kind::Sequence(items) => items.iter().find_map(expression),
        Kind::Mapping(entries) => entries.iter().find_map(|(key, value)| expression(key).or_else(|| expression(value))),
    }
}

const KEYS: &[&str] = &["name", "type", "default", "values", "displayName"];

fn parameter(item: &Node, error: &mut dyn FnMut(&Place, String, String)) -> Option<Parameter> {
    let Some(entries) = item.entries() else {
        error(&item.place, format!("a parameter is a mapping, found {}", item.describe()), "for instance `- name: service`".to_owned());
        return None;
    };
    for (key, _) in entries {
        let name = key.text().unwrap_or_default();
        if !KEYS.contains(&name) {
            error(&key.place, format!("unknown key of a parameter: `{name}`"), did_you_mean(name, KEYS));
        }
    }
    let Some(name) = item.get("name").and_then(Node::text).filter(|name| !name.is_empty()) else {
        error(&item.place, "a parameter needs a `name`".to_owned(), String::new());
        return None;
    };
    let (type_name, kind) = match item.get("type") {
        None => ("string", Type::Text),
        Some(node) => {
            let text = node.text().unwrap_or_default();
            match TYPES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)) {
                Some(found) => *found,
                None => {
                    let names: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
                    error(&node.place, format!("unknown type of the parameter `{name}`: `{text}`"), did_you_mean(text, &names));
                    ("object", Type::Object)
                }
            }
        }
    };
    let values = match item.get("values") {
        None => Vec::new(),
        Some(node) => match &node.kind {
            Kind::Sequence(values) => values.clone(),
            _ => {
                error(&node.place, format!("`values` of the parameter `{name}` must be a list, found {}", node.describe()), String::new());
                Vec::new()
            }
        },
    };
    let default = item.get("default").cloned();
    Some(Parameter { name: name.to_owned(), type_name, kind, default, values, place: item.place.clone() })
}

/// The values of a parameter, for messages.
pub(super) fn values_hint(values: &[Node]) -> String {
    format!("it can be {}", list(values.iter().filter_map(Node::text)))
}
