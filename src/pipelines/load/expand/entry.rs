//! The pipeline's own file, and the one that it extends.

use std::rc::Rc;

use super::Expander;
use super::at::At;
use super::context::Context;
use super::evaluate::Leaf;
use super::include::variable;
use super::parameters::{Declarations, Type};
use super::repositories::{self, Other};
use super::scope::Scope;
use super::template::{Entry, Key, TemplateKind};
use super::units::Unit;
use crate::files::FileError;
use crate::place::{Place, SourceFile};
use crate::yaml::{self, Kind, Node, Style};

/// Keys that the service reads before the templates are expanded.
const LITERAL: [&str; 3] = ["trigger", "pr", "schedules"];

impl Expander<'_> {
    /// The expanded document; `None` when problems were reported instead.
    pub(super) fn entry(&mut self) -> Option<Node> {
        let file = self.request.file;
        let source = SourceFile::from(file);
        let start = Place { file: source.clone(), line: 1, column: 1 };
        let text = match self.request.files.read(file) {
            Ok(text) => text,
            Err(FileError::Missing) => {
                self.error(start, "there is no such file", "name a file of the repository, from its root");
                return None;
            }
            Err(FileError::Unreadable(reason)) => {
                self.error(start, format!("the file cannot be read: {reason}"), "a pipeline is a text file in UTF-8 that you may read");
                return None;
            }
        };
        let unit = Rc::new(self.compile(0, file, source.clone(), &text)?);
        self.units.insert((0, file.to_owned()), Some(Rc::clone(&unit)));
        let given = self.queued(&unit)?;
        let parameters = self.bind(&unit, given, &start)?;
        let context = Context {
            unit: Rc::clone(&unit),
            source,
            parameters: Rc::new(parameters),
            locals: None,
            variables: Scope::new(self.request.variables),
        };
        self.stack.push(Rc::clone(&unit));
        let entries = self.file(&unit.entries, &context);
        Some(Node { kind: Kind::Mapping(entries), place: unit.place.clone() })
    }

    /// The parameters of the run.
    fn queued(&mut self, unit: &Unit) -> Option<Vec<(Node, Leaf<'static>)>> {
        let mut given = Vec::new();
        let mut whole = true;
        for (name, value) in self.request.parameters {
            let source = SourceFile::from(format!("--parameter {name}").as_str());
            let place = Place { file: source.clone(), line: 1, column: 1 };
            let plain = |text: &str| Node { kind: Kind::Scalar { text: text.to_owned(), style: Style::Plain }, place: place.clone() };
            // A text is itself, whatever YAML would make of it.
            let is_text = match &unit.declarations {
                Declarations::Typed(declared) => {
                    declared.iter().any(|parameter| parameter.name.eq_ignore_ascii_case(name) && parameter.kind == Type::Text)
                }
                Declarations::Old(_) => true,
            };
            let node = if !is_text { yaml::parse(source.clone(), value) } else { Ok(None) };
            match node {
                Ok(Some(node)) if node.text().is_none() => given.push((plain(name), Leaf::Node(node))),
                Ok(_) => given.push((plain(name), Leaf::Node(plain(value)))),
                Err(problems) => {
                    self.sources.add(&source, value);
                    self.problems.extend(problems);
                    whole = false;
                }
            }
        }
        whole.then_some(given)
    }

    /// The root of a file: resources first, then variables, then all else in order, at last what it extends.
    fn file(&mut self, entries: &[Entry], context: &Context) -> Vec<(Node, Node)> {
        self.refuse_expressions(entries, context);
        let mut ready: Vec<(&str, Option<Node>)> = Vec::new();
        for wanted in ["resources", "variables"] {
            if let Some(entry) = entries.iter().find(|entry| matches!(&entry.key, Key::Text(name, _) if name == wanted)) {
                let value = self.value(&entry.value, At::root(wanted), context);
                self.declare_repositories(wanted, value.as_ref());
                ready.push((wanted, value));
            }
        }
        let mut out: Vec<(Node, Node)> = Vec::new();
        let mut extends = None;
        let flat = self.flat(entries, At::Any, context);
        for (key, leaf) in flat.leaves {
            let name = key.text().unwrap_or_default().to_owned();
            if name == "extends" {
                extends = Some((key, leaf));
                continue;
            }
            let value = match ready.iter().position(|(ready, _)| *ready == name) {
                Some(position) => ready.remove(position).1,
                None => {
                    let value = self.leaf(leaf, At::root(&name));
                    self.declare_repositories(&name, value.as_ref());
                    value
                }
            };
            let Some(value) = value else { continue };
            if out.iter().any(|(other, _)| other.text() == Some(&name)) {
                self.error(key.place, format!("the key `{name}` is there twice"), "of the branches of a file only one may give a key");
                continue;
            }
            out.push((key, value));
        }
        if let Some((key, leaf)) = extends {
            self.extended(key, leaf, context, &mut out);
        }
        out
    }

    fn refuse_expressions(&mut self, entries: &[Entry], context: &Context) {
        for entry in entries {
            let Key::Text(name, _) = &entry.key else { continue };
            if LITERAL.contains(&name.as_str())
                && let Some(place) = entry.value.first_code()
            {
                let message = format!("`{name}` cannot have `${{{{ }}}}`: it is read before templates are expanded");
                self.error(context.at(place), message, "write the value itself");
            }
        }
    }

    /// Notes the repositories, where the value of a key of the root has some.
    fn declare_repositories(&mut self, key: &str, value: Option<&Node>) {
        let Some(resources) = value.filter(|_| key == "resources") else { return };
        let found = repositories::read(resources, &mut self.problems);
        for resource in found {
            // The pipeline's own declarations win over those of a file that it extends.
            if !self.others.iter().any(|other| other.resource.alias.eq_ignore_ascii_case(&resource.alias)) {
                self.others.push(Other { resource, files: None });
            }
        }
    }

    fn extended(&mut self, key: Node, leaf: Leaf<'_>, context: &Context, out: &mut Vec<(Node, Node)>) {
        let given = match leaf {
            Leaf::Template(template, own) => match &template.kind {
                TemplateKind::Mapping(entries) => self.flat(entries, At::Any, &own).leaves,
                _ => match self.value(template, At::Any, &own) {
                    Some(node) => self.no_extends(&key, &node),
                    None => return,
                },
            },
            Leaf::Node(node) => self.no_extends(&key, &node),
        };
        if !given.iter().any(|(key, _)| key.text() == Some("template")) {
            if !given.is_empty() {
                self.error(key.place, "`extends` names no template", "write `template: path/of/file.yml` below it");
            }
            return;
        }
        let Some(inner) = self.extend(given, context) else { return };
        let unit = Rc::clone(&inner.unit);
        let entries = self.file(&unit.entries, &inner);
        self.leave();
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            match out.iter().position(|(own, _)| own.text() == Some(name)) {
                None => out.push((key, value)),
                Some(position) if name == "variables" => {
                    let own = std::mem::replace(&mut out[position].1, value.clone());
                    out[position].1 = joined(own, value);
                }
                Some(position) if name == "resources" => add_resources(&mut out[position].1, value),
                Some(position) => {
                    let first = out[position].0.place.clone();
                    let message = format!("`{name}` is also in the pipeline that extends this file, in {first}");
                    self.error(key.place, message, "write it in one of the two");
                }
            }
        }
    }

    fn no_extends(&mut self, key: &Node, node: &Node) -> Vec<(Node, Leaf<'static>)> {
        let message = format!("`extends` must be a mapping with `template`, found {}", node.describe());
        self.error(key.place.clone(), message, "write `extends:`, and below it `  template: path/of/file.yml`");
        Vec::new()
    }
}

/// Adds the resources of a file that the pipeline extends. What the pipeline says itself is not replaced.
fn add_resources(own: &mut Node, more: Node) {
    let (Kind::Mapping(own), Kind::Mapping(more)) = (&mut own.kind, more.kind) else { return };
    for (key, value) in more {
        match own.iter().position(|(name, _)| name.text() == key.text()) {
            None => own.push((key, value)),
            Some(position) if key.text() == Some("pipelines") => {
                let (Kind::Sequence(own), Kind::Sequence(more)) = (&mut own[position].1.kind, value.kind) else { continue };
                let alias = |node: &Node| node.get("pipeline").and_then(Node::text).map(str::to_ascii_lowercase);
                let taken: Vec<Option<String>> = own.iter().map(alias).collect();
                own.extend(more.into_iter().filter(|resource| !taken.contains(&alias(resource))));
            }
            // Repositories have been noted where they are declared.
            Some(_) => {}
        }
    }
}

/// Variables of the pipeline, then those of the file that it extends.
fn joined(own: Node, more: Node) -> Node {
    let place = own.place.clone();
    let items = |node: Node| match node.kind {
        Kind::Sequence(items) => items,
        Kind::Mapping(entries) => entries.into_iter().map(|(name, value)| variable(name, value)).collect(),
        Kind::Scalar { .. } => Vec::new(),
    };
    let mut all = items(own);
    all.extend(items(more));
    Node { kind: Kind::Sequence(all), place }
}
