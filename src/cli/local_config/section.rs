//! Reads the nodes of the file as what they should be, and takes note of every one that is something else.

use std::collections::HashSet;

use slipway_pipelines::yaml::{Kind, Node};
use slipway_pipelines::{Diagnostic, Diagnostics, Place};

use super::At;

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(pub(super) Diagnostics);

impl Problems {
    pub(super) fn add(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.0.push(Diagnostic::error(place.clone(), message).with_hint(hint));
    }
}

/// A mapping whose keys are known to be allowed.
#[derive(Debug)]
pub(super) struct Section<'a> {
    /// Where it begins.
    pub(super) place: &'a Place,
    /// What it describes, for messages: `a vault`.
    what: &'static str,
    entries: &'a [(Node, Node)],
}

impl<'a> Section<'a> {
    /// `node` as a mapping with some of these keys.
    pub(super) fn of(node: &'a Node, what: &'static str, keys: &[&str], problems: &mut Problems) -> Option<Self> {
        let entries = match &node.kind {
            Kind::Mapping(entries) => entries.as_slice(),
            _ if node.is_empty() => &[],
            _ => {
                problems.add(
                    &node.place,
                    format!("expected {what} as a mapping, found {}", node.describe()),
                    format!("its keys are {}", list(keys)),
                );
                return None;
            }
        };
        for (key, _) in entries {
            let Some(name) = key.text() else {
                problems.add(&key.place, format!("a key of {what} must be a word, found {}", key.describe()), "");
                continue;
            };
            if name == "value" && !keys.contains(&"value") {
                problems.add(
                    &key.place,
                    format!("`value` is not allowed in {what}: this file holds no secrets"),
                    "have the value generated (`generate: { randomText: { length: 32 } }`) or asked for once (`prompt: true`)",
                );
            } else if !keys.contains(&name) {
                problems.add(&key.place, format!("unknown key of {what}: `{name}`"), did_you_mean(name, keys));
            }
        }
        Some(Self { place: &node.place, what, entries })
    }

    /// Whether a key is there, even an empty one.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name.text() == Some(key))
    }

    /// The node of a key, unless it is absent or empty.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, node)| node).filter(|node| !node.is_empty())
    }

    /// The text of a key; `None` when it is absent or something else, which is noted.
    pub(super) fn text(&self, key: &str, problems: &mut Problems) -> Option<At<String>> {
        let node = self.get(key)?;
        let Some(value) = node.text() else {
            problems.add(&node.place, format!("`{key}` of {} must be a text, found {}", self.what, node.describe()), "");
            return None;
        };
        Some(At { value: value.to_owned(), place: node.place.clone() })
    }

    /// The text of a key that must be there.
    pub(super) fn required_text(&self, key: &str, problems: &mut Problems) -> Option<At<String>> {
        if self.get(key).is_none() {
            problems.add(self.place, format!("{} needs `{key}`", self.what), "");
            return None;
        }
        self.text(key, problems)
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str, default: bool, problems: &mut Problems) -> bool {
        self.word(key, &[("true", true), ("false", false)], problems).unwrap_or(default)
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
        let value = self.text(key, problems)?;
        word(&value, &format!("`{key}` of {}", self.what), words, problems)
    }

    /// The nodes of a list.
    pub(super) fn list(&self, key: &str, problems: &mut Problems) -> &'a [Node] {
        match self.get(key).map(|node| (node, &node.kind)) {
            None => &[],
            Some((_, Kind::Sequence(nodes))) => nodes,
            Some((node, _)) => {
                problems.add(
                    &node.place,
                    format!("`{key}` of {} must be a list, found {}", self.what, node.describe()),
                    "write each entry after `- `",
                );
                &[]
            }
        }
    }

    /// The texts of a list.
    pub(super) fn texts(&self, key: &str, problems: &mut Problems) -> Vec<At<String>> {
        let nodes = self.list(key, problems);
        let mut texts = Vec::new();
        for node in nodes {
            match node.text() {
                Some(value) => texts.push(At { value: value.to_owned(), place: node.place.clone() }),
                None => problems.add(&node.place, format!("an entry of `{key}` must be a text, found {}", node.describe()), ""),
            }
        }
        texts
    }

    /// All keys with their texts, in order, of a mapping from any name to a text.
    pub(super) fn any_texts(node: &'a Node, what: &'static str, problems: &mut Problems) -> Vec<(At<String>, String)> {
        let Kind::Mapping(entries) = &node.kind else {
            problems.add(&node.place, format!("expected {what} as a mapping from name to value, found {}", node.describe()), "");
            return Vec::new();
        };
        let mut texts = Vec::new();
        for (key, value) in entries {
            match (key.text(), value.text()) {
                (Some(name), Some(text)) => texts.push((At { value: name.to_owned(), place: key.place.clone() }, text.to_owned())),
                (Some(name), None) => {
                    problems.add(&value.place, format!("the value of `{name}` must be a text, found {}", value.describe()), "")
                }
                (None, _) => problems.add(&key.place, format!("a name in {what} must be a word, found {}", key.describe()), ""),
            }
        }
        texts
    }
}

/// One of some words.
pub(super) fn word<T: Copy>(value: &At<String>, what: &str, words: &[(&str, T)], problems: &mut Problems) -> Option<T> {
    let found = words.iter().find(|(word, _)| *word == value.value).map(|(_, meaning)| *meaning);
    if found.is_none() {
        let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        problems.add(
            &value.place,
            format!("{what} must be {}, found `{}`", one_of(&names), value.value),
            nearest(&value.value, &names).unwrap_or_default(),
        );
    }
    found
}

/// Notes every name that occurs a second time (ignoring case, as Azure does).
pub(super) fn unique<'a>(names: impl IntoIterator<Item = &'a At<String>>, what: &str, problems: &mut Problems) {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name.value.to_lowercase()) {
            problems.add(
                &name.place,
                format!("{what} `{}` is there twice", name.value),
                "names are unique; upper and lower case are the same",
            );
        }
    }
}

/// The name of those that is most like `name`, as a hint; else all of them.
pub(crate) fn did_you_mean(name: &str, names: &[&str]) -> String {
    match nearest(name, names) {
        Some(hint) => hint,
        None if names.is_empty() => String::new(),
        None => format!("known: {}", list(names)),
    }
}

fn nearest(name: &str, names: &[&str]) -> Option<String> {
    let (distance, other) = names.iter().map(|other| (distance(&name.to_lowercase(), &other.to_lowercase()), *other)).min()?;
    (distance <= 1 + name.chars().count() / 4).then(|| format!("did you mean `{other}`?"))
}

/// How many letters differ.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn one_of(names: &[&str]) -> String {
    match names {
        [first, last] => format!("`{first}` or `{last}`"),
        _ => format!("one of {}", list(names)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered() {
        let keys = ["readers", "writers", "resourceGroup"];
        assert_eq!(did_you_mean("reader", &keys), "did you mean `readers`?");
        assert_eq!(did_you_mean("resourcegroup", &keys), "did you mean `resourceGroup`?");
        assert_eq!(did_you_mean("colour", &keys), "known: `readers`, `writers`, `resourceGroup`");
        assert_eq!(did_you_mean("colour", &[]), "");
    }
}
