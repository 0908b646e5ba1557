//! `template:` and `extends:`.

use std::rc::Rc;

use super::Expander;
use super::at::At;
use super::context::{Context, Parameters};
use super::evaluate::Leaf;
use super::limits::MAX_NESTING;
use super::paths;
use super::units::Unit;
use crate::place::{Place, SourceFile};
use crate::suggest::list;
use crate::yaml::{Kind, Node, Style};

/// Which keys hold what a template may be made of.
const LISTS: [&str; 4] = ["stages", "jobs", "steps", "variables"];

impl Expander<'_> {
    /// Expands the template that an entry of a list names, and adds what it has to `out`.
    pub(super) fn include(&mut self, leaves: Vec<(Node, Leaf<'_>)>, at: At, context: &Context, out: &mut Vec<Node>) {
        let Some(inner) = self.enter(leaves, context) else { return };
        let unit = Rc::clone(&inner.unit);
        self.stack.push(Rc::clone(&unit));
        self.list_of(&unit, at, &inner, out);
        self.stack.pop();
    }

    /// What `extends` names, as a whole file; on the stack until [`Self::leave`].
    pub(super) fn extend(&mut self, leaves: Vec<(Node, Leaf<'_>)>, context: &Context) -> Option<Context> {
        let inner = self.enter(leaves, context)?;
        self.stack.push(Rc::clone(&inner.unit));
        Some(inner)
    }

    /// See [`Self::extend`].
    pub(super) fn leave(&mut self) {
        self.stack.pop();
    }

    /// The context of the template that a mapping with `template` and `parameters` names.
    fn enter(&mut self, leaves: Vec<(Node, Leaf<'_>)>, context: &Context) -> Option<Context> {
        let mut reference = None;
        let mut parameters = None;
        let mut whole = true;
        for (key, leaf) in leaves {
            match key.text() {
                Some("template") => reference = Some((self.leaf(leaf, At::Any), key.place)),
                Some("parameters") => parameters = Some(leaf),
                other => {
                    let message = format!("beside `template` there can be only `parameters`, found `{}`", other.unwrap_or_default());
                    self.error(key.place, message, "pass it as a parameter that the template uses");
                    whole = false;
                }
            }
        }
        let (reference, site) = reference?;
        let reference = reference?;
        let site = if reference.is_empty() { site } else { reference.place.clone() };
        let Some(text) = reference.text().filter(|text| !text.trim().is_empty()) else {
            self.error(
                site,
                format!("`template` must be the path of a file, found {}", reference.describe()),
                "for instance `steps/build.yml`",
            );
            return None;
        };
        let unit = self.referenced(text, &reference, context, &site)?;
        if self.stack.len() > MAX_NESTING {
            self.too_deep(&unit, site);
            return None;
        }
        let given = match parameters {
            None => Vec::new(),
            Some(leaf) => self.given(leaf)?,
        };
        let parameters = self.bind(&unit, given, &site)?;
        self.refuse_endless(&unit, &parameters, context, &site)?;
        let source = SourceFile::included(unit.name.as_str(), site);
        whole.then(|| Context { unit, source, parameters: Rc::new(parameters), locals: None, variables: Rc::clone(&context.variables) })
    }

    /// The file that a reference names.
    fn referenced(&mut self, text: &str, reference: &Node, context: &Context, site: &Place) -> Option<Rc<Unit>> {
        let (path, alias) = match text.rsplit_once('@') {
            Some((path, alias)) => (path, Some(alias.trim())),
            None => (text, None),
        };
        // What was passed as a parameter is relative to the file that it was written in.
        let name = &*reference.place.file;
        let origin = self.units.values().flatten().find(|unit| unit.name == name).cloned().unwrap_or_else(|| Rc::clone(&context.unit));
        let repository = self.repository(alias, &origin, site)?;
        // With an alias a path begins at the root of that repository.
        let from = if alias.is_none() { origin.path.as_str() } else { "" };
        let Some(path) = paths::resolve(path, from) else {
            self.error(site.clone(), format!("the path `{path}` leads out of the repository"), "a template is a file of its repository");
            return None;
        };
        self.unit(repository, &path, text, site)
    }

    /// A file that is included from itself with the same parameters never ends.
    fn refuse_endless(&mut self, unit: &Rc<Unit>, parameters: &Parameters, context: &Context, site: &Place) -> Option<()> {
        if !Rc::ptr_eq(unit, &context.unit) && !self.stack.iter().any(|other| Rc::ptr_eq(other, unit)) {
            return Some(());
        }
        // With other parameters it may come to an end by itself.
        let has_parameters = !matches!(&parameters.object, crate::expression::Value::Object(object) if object.entries().is_empty());
        if has_parameters {
            return Some(());
        }
        let cycle = self.cycle(unit);
        self.error(site.clone(), format!("the template includes itself: {cycle}"), "remove one of these includes");
        None
    }

    fn too_deep(&mut self, unit: &Rc<Unit>, site: Place) {
        self.stopped = true;
        let mut message = format!("templates include each other more than {MAX_NESTING} levels deep");
        if self.stack.iter().any(|other| Rc::ptr_eq(other, unit)) {
            message = format!("{message}: the template includes itself: {}", self.cycle(unit));
        }
        self.error(site, message, "a template that includes itself must come to an end: `${{ if }}` around the include");
    }

    /// `a.yml -> b.yml -> a.yml`
    fn cycle(&self, unit: &Rc<Unit>) -> String {
        let start = self.stack.iter().rposition(|other| Rc::ptr_eq(other, unit)).unwrap_or(0);
        let names: Vec<&str> = self.stack[start..].iter().chain([unit]).map(|unit| unit.name.as_str()).collect();
        list(names).replace("`, `", "` -> `")
    }

    /// The list that a template has for a place.
    fn list_of(&mut self, unit: &Rc<Unit>, at: At, context: &Context, out: &mut Vec<Node>) {
        let Some(wanted) = at.template_key() else { return };
        let flat = self.flat(&unit.entries, At::Any, context);
        let mut found = None;
        for (key, leaf) in flat.leaves {
            let name = key.text().unwrap_or_default().to_owned();
            if name == wanted {
                found = Some(leaf);
            } else if LISTS.contains(&name.as_str()) || name == "extends" {
                let message = format!("here a template with `{wanted}` is expected, and `{}` has `{name}`", unit.name);
                self.error(
                    key.place,
                    message,
                    format!("a template with `{name}` belongs under `{name}:`")
                        .replace("under `extends:`", "in a file that a pipeline extends"),
                );
                return;
            } else {
                let message = format!("unknown key of a template with `{wanted}`: `{name}`");
                self.error(key.place, message, format!("it can have `parameters` and `{wanted}`"));
            }
        }
        let Some(leaf) = found else {
            self.error(context.at(&unit.place), format!("the template has no `{wanted}`"), format!("it is used in a place for `{wanted}`"));
            return;
        };
        let Some(node) = self.leaf(leaf, at) else { return };
        if node.is_empty() {
            return;
        }
        match node.kind {
            Kind::Sequence(items) => out.extend(items),
            Kind::Mapping(entries) if at == At::Variables => out.extend(entries.into_iter().map(|(name, value)| variable(name, value))),
            _ => self.error(
                node.place.clone(),
                format!("`{wanted}` of a template must be a list, found {}", node.describe()),
                "each entry begins with `- `",
            ),
        }
    }
}

/// `name: value` as an entry of a list.
pub(super) fn variable(name: Node, value: Node) -> Node {
    let place = name.place.clone();
    let key = |text: &str| Node { kind: Kind::Scalar { text: text.to_owned(), style: Style::Plain }, place: place.clone() };
    Node { kind: Kind::Mapping(vec![(key("name"), name), (key("value"), value)]), place: place.clone() }
}
