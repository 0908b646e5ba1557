//! The files of a pipeline: each is read and compiled once.

use std::rc::Rc;

use super::Expander;
use super::limits::MAX_FILES;
use super::parameters::{Declarations, declarations};
use super::template::{Compiler, Entry, TemplateKind};
use crate::diagnostic::Diagnostics;
use crate::files::{FileError, RepositoryResource};
use crate::place::{Place, SourceFile};
use crate::suggest::did_you_mean;
use crate::yaml::{self, Kind, Node};

/// A file.
pub(super) struct Unit {
    /// 0 = the pipeline's own, else one more than the position of the resource.
    pub(super) repository: usize,
    /// From the root of the repository.
    pub(super) path: String,
    /// The path, with `@alias` where it is another repository's.
    pub(super) name: String,
    /// What it declares.
    pub(super) declarations: Declarations,
    /// All of it but the declarations.
    pub(super) entries: Vec<Entry>,
    /// Where it begins.
    pub(super) place: Place,
}

impl Expander<'_> {
    /// The name of a file for people.
    pub(super) fn unit_name(&self, repository: usize, path: &str) -> String {
        match self.resource(repository) {
            None => path.to_owned(),
            Some(resource) => format!("{path}@{}", resource.alias),
        }
    }

    pub(super) fn resource(&self, repository: usize) -> Option<&RepositoryResource> {
        repository.checked_sub(1).and_then(|position| self.others.get(position)).map(|other| &other.resource)
    }

    /// A file that `reference` names in `site`. Problems are reported.
    pub(super) fn unit(&mut self, repository: usize, path: &str, reference: &str, site: &Place) -> Option<Rc<Unit>> {
        let key = (repository, path.to_owned());
        if let Some(known) = self.units.get(&key) {
            return known.clone();
        }
        if self.units.len() > MAX_FILES {
            self.stopped = true;
            self.error(
                site.clone(),
                format!("the pipeline is made of more than {MAX_FILES} files"),
                "Azure Pipelines allows no more; put small templates together",
            );
            return None;
        }
        let text = match self.read(repository, path, site)? {
            Ok(text) => text,
            Err(FileError::Missing) => {
                self.missing(repository, path, reference, site);
                return None;
            }
            Err(FileError::Unreadable(reason)) => {
                let message = format!("the template `{}` cannot be read: {reason}", self.unit_name(repository, path));
                self.error(site.clone(), message, "a template is a text file in UTF-8 that you may read");
                return None;
            }
        };
        let name = self.unit_name(repository, path);
        let source = SourceFile::included(name.as_str(), site.clone());
        let unit = self.compile(repository, path, source, &text).map(Rc::new);
        self.units.insert(key, unit.clone());
        unit
    }

    /// Compiles the text of a file. Problems are reported.
    pub(super) fn compile(&mut self, repository: usize, path: &str, source: SourceFile, text: &str) -> Option<Unit> {
        self.sources.add(&source, text);
        let start = Place { file: source.clone(), line: 1, column: 1 };
        self.made(text, &start);
        let node = match yaml::parse(source.clone(), text) {
            Ok(Some(node)) => node,
            Ok(None) => {
                let hint = "a file has `steps`, `jobs`, `stages` or `variables`";
                self.error(
                    start,
                    "the file is empty",
                    if repository == 0 && self.stack.is_empty() { "a pipeline has `steps`, `jobs` or `stages`" } else { hint },
                );
                return None;
            }
            Err(problems) => {
                self.problems.extend(problems);
                return None;
            }
        };
        let Node { kind: Kind::Mapping(entries), place } = node else {
            let message = format!("the root of a file must be a mapping, found {}", node.describe());
            self.error(node.place.clone(), message, "its keys are `parameters`, `steps`, `jobs`, `stages`, `variables` and so on");
            return None;
        };
        let mut problems = Diagnostics::new();
        let (declared, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(|(key, _)| key.text() == Some("parameters"));
        let declarations = declarations(declared.first().map(|(_, value)| value), &mut problems);
        let rest = Node { kind: Kind::Mapping(rest), place };
        let compiled =
            Compiler { sources: self.sources, problems: &mut problems, parsed: &mut self.parsed, locals: Vec::new() }.template(&rest);
        let broken = problems.has_errors();
        self.problems.extend(problems);
        let entries = match compiled.kind {
            TemplateKind::Mapping(entries) if !broken => entries,
            _ => return None,
        };
        let name = source.to_string();
        Some(Unit { repository, path: path.to_owned(), name, declarations, entries, place: compiled.place })
    }

    fn read(&mut self, repository: usize, path: &str, site: &Place) -> Option<Result<String, FileError>> {
        let Some(position) = repository.checked_sub(1) else { return Some(self.request.files.read(path)) };
        let request = self.request;
        let other = &mut self.others[position];
        let files = other.files.get_or_insert_with(|| request.repositories.open(&other.resource)).clone();
        match files {
            Ok(files) => Some(files.read(path)),
            Err(error) => {
                let alias = other.resource.alias.clone();
                self.error(site.clone(), format!("the repository `{alias}` cannot be opened: {}", error.message), error.hint);
                None
            }
        }
    }

    fn missing(&mut self, repository: usize, path: &str, reference: &str, site: &Place) {
        let place = match self.resource(repository) {
            None => "this repository".to_owned(),
            Some(resource) => {
                let reference = resource.reference.as_deref().map(|reference| format!(" at `{reference}`")).unwrap_or_default();
                format!("the repository `{}`{reference}", resource.name)
            }
        };
        let from_root = reference.trim_start_matches(['/', '\\', '.']).replace('\\', "/");
        let is_there = from_root != path && matches!(self.read(repository, &from_root, site), Some(Ok(_)));
        let hint = if is_there {
            format!("a path is relative to the file that names it; did you mean `/{from_root}`?")
        } else {
            "a path is relative to the file that names it, and with `/` in front to the root of the repository".to_owned()
        };
        self.error(site.clone(), format!("there is no template `{path}` in {place}"), hint);
    }

    /// The position of the repository that an alias names in the file of `unit`.
    pub(super) fn repository(&mut self, alias: Option<&str>, unit: &Unit, site: &Place) -> Option<usize> {
        let Some(alias) = alias else { return Some(unit.repository) };
        if alias.eq_ignore_ascii_case("self") {
            return Some(0);
        }
        if let Some(position) = self.others.iter().position(|other| other.resource.alias.eq_ignore_ascii_case(alias)) {
            return Some(position + 1);
        }
        let known: Vec<String> =
            std::iter::once("self".to_owned()).chain(self.others.iter().map(|other| other.resource.alias.clone())).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let hint = format!("{}\naliases are declared under `resources.repositories` of the pipeline", did_you_mean(alias, &known));
        self.error(site.clone(), format!("there is no repository with the alias `{alias}`"), hint);
        None
    }
}
