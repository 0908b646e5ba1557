//! A mapping whose keys are known.

use super::loader::Loader;
use super::values::boolean;
use crate::place::Place;
use crate::suggest::did_you_mean;
use crate::yaml::Node;

/// Which keys a mapping may have.
pub(super) struct Keys {
    /// What the mapping describes: `a job`.
    pub(super) what: &'static str,
    /// Keys that are understood.
    pub(super) known: &'static [&'static str],
    /// Keys of Azure Pipelines that are not supported yet, with what to do instead.
    pub(super) refused: &'static [(&'static str, &'static str)],
}

/// A mapping.
#[derive(Clone, Copy)]
pub(super) struct Section<'n> {
    pub(super) what: &'static str,
    pub(super) node: &'n Node,
    entries: &'n [(Node, Node)],
}

impl<'n> Section<'n> {
    /// `node` as a mapping with some of the keys. Everything that is no such key is reported.
    pub(super) fn of(node: &'n Node, keys: &Keys, loader: &mut Loader<'_>) -> Option<Self> {
        let Some(entries) = node.entries() else {
            let expected = keys.known.iter().take(4).map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
            loader.error(
                &node.place,
                format!("expected {} as a mapping, found {}", keys.what, node.describe()),
                format!("its keys are {expected} and so on"),
            );
            return None;
        };
        let section = Self { what: keys.what, node, entries };
        for (key, _) in entries {
            let name = key.text().unwrap_or_default();
            if keys.known.contains(&name) {
                continue;
            }
            match keys.refused.iter().find(|(refused, _)| *refused == name) {
                Some((_, hint)) => loader.error(&key.place, format!("`{name}` of {} is not supported yet", keys.what), *hint),
                None => loader.error(&key.place, format!("unknown key of {}: `{name}`", keys.what), did_you_mean(name, keys.known)),
            }
        }
        Some(section)
    }

    pub(super) fn place(&self) -> &'n Place {
        &self.node.place
    }

    /// Whether the key is there, even an empty one.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Key and value.
    pub(super) fn entry(&self, key: &str) -> Option<(&'n Node, &'n Node)> {
        self.entries.iter().find(|(name, _)| name.text() == Some(key)).map(|(key, value)| (key, value))
    }

    /// The value of a key, unless it is absent or empty.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// The text of a key; what is no text is reported.
    pub(super) fn text(&self, key: &str, loader: &mut Loader<'_>) -> Option<(&'n str, &'n Node)> {
        let value = self.get(key)?;
        match value.text() {
            Some(text) => Some((text, value)),
            None => {
                loader.error(&value.place, format!("`{key}` of {} must be a text, found {}", self.what, value.describe()), "");
                None
            }
        }
    }

    /// A boolean word.
    pub(super) fn boolean(&self, key: &str, loader: &mut Loader<'_>) -> Option<bool> {
        let (text, node) = self.text(key, loader)?;
        let value = boolean(text);
        if value.is_none() {
            loader.error(
                &node.place,
                format!("`{key}` of {} must be `true` or `false`, found `{text}`", self.what),
                "`yes`, `no`, `on` and `off` are allowed, too",
            );
        }
        value
    }

    /// A whole number of `min` to `max`.
    pub(super) fn number(&self, key: &str, min: u32, max: u32, loader: &mut Loader<'_>) -> Option<u32> {
        let (text, node) = self.text(key, loader)?;
        let value = text.parse::<u32>().ok().filter(|value| (min..=max).contains(value));
        if value.is_none() {
            let range =
                if max == u32::MAX { format!("a whole number, {min} or more") } else { format!("a whole number from {min} to {max}") };
            loader.error(&node.place, format!("`{key}` of {} must be {range}, found `{text}`", self.what), "");
        }
        value
    }

    /// One of some words, in any case.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], loader: &mut Loader<'_>) -> Option<T> {
        let (text, node) = self.text(key, loader)?;
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let expected = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
            loader.error(&node.place, format!("`{key}` of {} must be {expected}, found `{text}`", self.what), "");
        }
        found
    }

    /// A list of texts, or one text.
    pub(super) fn texts(&self, key: &str, loader: &mut Loader<'_>) -> Vec<(&'n str, &'n Node)> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let nodes = value.items().unwrap_or(std::slice::from_ref(value));
        let mut texts = Vec::new();
        for node in nodes {
            match node.text() {
                Some(text) => texts.push((text, node)),
                None => loader.error(
                    &node.place,
                    format!("`{key}` of {} must be a text or a list of texts, found {}", self.what, node.describe()),
                    "",
                ),
            }
        }
        texts
    }

    /// A list that must be there and must not be empty.
    pub(super) fn list(&self, key: &str, loader: &mut Loader<'_>) -> Option<&'n [Node]> {
        let (name, value) = self.entry(key)?;
        match value.items() {
            Some([]) => {
                loader.error(&value.place, format!("`{key}` of {} is an empty list", self.what), "");
                None
            }
            Some(items) => Some(items),
            None => {
                let place = if value.is_empty() { &name.place } else { &value.place };
                loader.error(
                    place,
                    format!("`{key}` of {} must be a list, found {}", self.what, value.describe()),
                    "each entry begins with `- `",
                );
                None
            }
        }
    }
}
