//! The YAML files that are linted, and how to walk through them.

use std::fs;
use std::path::Path;

use slipway_pipelines::Place;
use slipway_pipelines::yaml::{Node, parse};

/// A file: its name from the root of the checkout, its text and what is written in it.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) tree: Node,
}

/// All files that are linted together, by which includes are followed.
pub(crate) struct Library(pub(crate) Vec<Source>);

/// A rule that is broken, at a place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Breach {
    place: Place,
    text: String,
}

impl Breach {
    pub(crate) fn new(at: &Node, text: impl Into<String>) -> Self {
        Self { place: at.place.clone(), text: text.into() }
    }
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

impl Source {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let tree = parse(name, text).unwrap_or_else(|problems| panic!("{problems}")).unwrap_or_else(|| panic!("{name} is empty"));
        Self { name: name.to_owned(), text: text.to_owned(), tree }
    }

    /// Whether it is a pipeline (others are included in one).
    pub(crate) fn is_pipeline(&self) -> bool {
        self.folder().ends_with("pipelines")
    }

    fn folder(&self) -> &str {
        self.name.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}

impl Library {
    /// Every YAML file of `templates/` and of the pipelines of `examples/`.
    pub(crate) fn of_checkout(root: &Path) -> Self {
        let mut names = Vec::new();
        collect(root, "templates", &mut names);
        for example in fs::read_dir(root.join("examples")).expect("the examples") {
            let name = example.expect("a readable entry").file_name();
            collect(root, &format!("examples/{}/azure-pipelines", name.display()), &mut names);
        }
        names.sort();
        Self(names.iter().map(|name| Source::new(name, &fs::read_to_string(root.join(name)).expect("a readable file"))).collect())
    }

    /// The file that a `template:` of `from` names. A path with an alias is one of `templates/`.
    pub(crate) fn included(&self, from: &Source, path: &str) -> Option<&Source> {
        let name = match path.split_once('@') {
            Some((path, _)) => format!("templates/{}", path.trim_start_matches('/')),
            None => {
                let mut parts: Vec<_> = from.folder().split('/').collect();
                for part in path.split('/') {
                    if part == ".." {
                        parts.pop();
                    } else {
                        parts.push(part);
                    }
                }
                parts.join("/")
            }
        };
        self.0.iter().find(|source| source.name == name)
    }
}

fn collect(root: &Path, folder: &str, names: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).unwrap_or_else(|error| panic!("{folder}: {error}")) {
        let entry = entry.expect("a readable entry");
        let name = format!("{folder}/{}", entry.file_name().display());
        if entry.path().is_dir() {
            collect(root, &name, names);
        } else if name.ends_with(".yml") || name.ends_with(".yaml") {
            names.push(name);
        }
    }
}

/// Every key with its value, at any depth.
pub(crate) fn entries(node: &Node) -> Vec<&(Node, Node)> {
    mappings(node).into_iter().filter_map(Node::entries).flatten().collect()
}

/// Every mapping, the outer before the inner.
pub(crate) fn mappings(node: &Node) -> Vec<&Node> {
    nodes(node).into_iter().filter(|node| node.entries().is_some()).collect()
}

/// Every text that is written in a node, keys as well.
pub(crate) fn texts(node: &Node) -> Vec<(&Node, &str)> {
    nodes(node).into_iter().filter_map(|node| Some((node, node.text()?))).collect()
}

fn nodes(node: &Node) -> Vec<&Node> {
    let mut found = vec![node];
    for (key, value) in node.entries().unwrap_or_default() {
        found.extend(nodes(key));
        found.extend(nodes(value));
    }
    for item in node.items().unwrap_or_default() {
        found.extend(nodes(item));
    }
    found
}
