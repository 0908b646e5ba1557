use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};
use serde_json::Value;

use super::documents::{Part, split};
use super::node::{Entry, Kind, Node};
use super::scalar::{Scalar, resolve};
use crate::{Problem, Source};

/// How deep lists and mappings may be nested, aliases included.
const MAX_DEPTH: usize = 200;

/// How many values the aliases of a document may stand for: more is a mistake, or an attack.
const MAX_ALIASED: usize = 100_000;

/// The documents of a file that have anything in them, in order; what is wrong is added to `problems`, and a document with
/// something wrong is left out.
pub(crate) fn documents(source: &Source, problems: &mut Vec<Problem>) -> Vec<Node> {
    split(source).iter().filter_map(|part| document(source, part, problems)).collect()
}

fn document(source: &Source, part: &Part<'_>, problems: &mut Vec<Problem>) -> Option<Node> {
    let mut builder =
        Builder { source, part, problems: Vec::new(), open: Vec::new(), anchors: HashMap::new(), root: None, documents: 0, aliased: 0 };
    for event in Parser::new_from_str(part.text) {
        let go_on = match event {
            Ok((event, span)) => builder.event(event, part.lines_before + span.start.line().max(1)),
            Err(error) => {
                builder.syntax_error(&error);
                false
            }
        };
        if !go_on {
            break;
        }
    }
    let is_good = builder.problems.is_empty();
    problems.append(&mut builder.problems);
    builder.root.filter(|root| is_good && !matches!(root.kind, Kind::Scalar(Value::Null)))
}

/// A list or a mapping that is being read.
enum Open {
    Sequence { line: usize, anchor: usize, items: Vec<Node> },
    Mapping { line: usize, anchor: usize, entries: Vec<Entry>, key: Option<Key>, merged: Vec<Merged> },
}

enum Key {
    Text(String, usize),
    /// `<<`, with its line.
    Merge(usize),
    /// One that cannot be used, which was told.
    Bad,
}

/// A mapping that `<<` names.
struct Merged {
    /// How many entries come before the `<<`.
    after: usize,
    line: usize,
    entries: Vec<Entry>,
}

/// What an alias stands for.
struct Anchored {
    node: Node,
    /// How many values are in it.
    size: usize,
    depth: usize,
}

struct Builder<'a> {
    source: &'a Source,
    part: &'a Part<'a>,
    problems: Vec<Problem>,
    open: Vec<Open>,
    anchors: HashMap<usize, Anchored>,
    root: Option<Node>,
    documents: usize,
    aliased: usize,
}

impl Builder<'_> {
    /// Takes an event; false when it makes no sense to go on.
    fn event(&mut self, event: Event<'_>, line: usize) -> bool {
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.refuse(line, "a second document begins here without a line `---` before it", "add the line");
                    return false;
                }
            }
            Event::Alias(anchor) => return self.alias(anchor, line),
            Event::Scalar(text, style, anchor, tag) => {
                self.scalar(&text, style == ScalarStyle::Plain, anchor, tag.as_deref(), line);
            }
            Event::SequenceStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "seq", line);
                self.open.push(Open::Sequence { line, anchor, items: Vec::new() });
                return self.check_depth(0, line);
            }
            Event::MappingStart(anchor, tag) => {
                self.check_tag(tag.as_deref(), "map", line);
                self.open.push(Open::Mapping { line, anchor, entries: Vec::new(), key: None, merged: Vec::new() });
                return self.check_depth(0, line);
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::Sequence { line, anchor, items }) => self.finish(Kind::Sequence(items), anchor, line),
                Some(Open::Mapping { line, anchor, entries, merged, .. }) => {
                    let entries = self.with_merged(entries, merged);
                    self.finish(Kind::Mapping(entries), anchor, line);
                }
                None => {}
            },
        }
        true
    }

    fn scalar(&mut self, text: &str, is_plain: bool, anchor: usize, tag: Option<&Tag>, line: usize) {
        let scalar = match tag {
            None if is_plain => match resolve(text) {
                Scalar::Value(value) if self.wants_key() && !value.is_string() => {
                    return self.key_of_other_type(text, &value, anchor, line);
                }
                Scalar::NotFinite | Scalar::TooLarge if self.wants_key() => Scalar::Value(text.into()),
                scalar => scalar,
            },
            None => Scalar::Value(text.into()),
            Some(tag) => self.tagged(text, tag, line),
        };
        let value = match scalar {
            // `<<` is a text everywhere but as a key.
            Scalar::Merge if self.wants_key() => {
                return self.set_key(Key::Merge(line));
            }
            Scalar::Merge => text.into(),
            Scalar::Value(value) => value,
            Scalar::NotFinite => {
                self.refuse(line, format!("`{text}` is a number that JSON does not have"), "write it in quotes if a text is meant");
                Value::Null
            }
            Scalar::TooLarge => {
                self.refuse(
                    line,
                    "a whole number of more than 64 bits, which nothing in Kubernetes takes",
                    "write it in quotes if a text is meant",
                );
                Value::Null
            }
        };
        self.finish(Kind::Scalar(value), anchor, line);
    }

    /// A scalar with a tag of YAML's own, `!!str` above all.
    fn tagged(&mut self, text: &str, tag: &Tag, line: usize) -> Scalar {
        let null = Scalar::Value(Value::Null);
        if !tag.is_yaml_core_schema() {
            self.check_tag(Some(tag), "", line);
            return null;
        }
        let resolved = resolve(text);
        let fits = match (tag.suffix.as_str(), &resolved) {
            ("str" | "timestamp", _) => return Scalar::Value(text.into()),
            ("binary", _) => {
                self.refuse(
                    line,
                    "the tag `!!binary`, which Kubernetes' fields do not need",
                    "write the base64 text into `binaryData`, or into `data` of a Secret",
                );
                return null;
            }
            ("bool", Scalar::Value(Value::Bool(_))) | ("null", Scalar::Value(Value::Null)) => true,
            ("int", Scalar::Value(Value::Number(number))) => !number.is_f64(),
            ("float", Scalar::Value(Value::Number(_)) | Scalar::NotFinite) | ("int" | "float", Scalar::TooLarge) => true,
            _ => false,
        };
        if fits {
            return resolved;
        }
        self.refuse(line, format!("the tag `!!{}` does not fit its value", tag.suffix), "leave the tag out, or correct the value");
        null
    }

    fn check_tag(&mut self, tag: Option<&Tag>, expected: &str, line: usize) {
        let Some(tag) = tag.filter(|tag| !(tag.is_yaml_core_schema() && tag.suffix == expected)) else { return };
        let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { format!("{}{}", tag.handle, tag.suffix) };
        self.refuse(line, format!("the tag `{name}`, which means nothing in a manifest"), "leave it out");
    }

    fn alias(&mut self, anchor: usize, line: usize) -> bool {
        let Some(Anchored { node, size, depth }) = self.anchors.get(&anchor) else {
            self.refuse(line, "an alias that stands for something which contains it", "write the value out");
            return false;
        };
        let (node, depth) = (node.clone(), *depth);
        self.aliased += size;
        if self.aliased > MAX_ALIASED {
            self.refuse(line, format!("the document's aliases stand for more than {MAX_ALIASED} values"), "write a shorter manifest");
            return false;
        }
        self.add(node, line);
        self.check_depth(depth, line)
    }

    /// A value is complete.
    fn finish(&mut self, kind: Kind, anchor: usize, line: usize) {
        let node = Node { kind, line };
        if anchor != 0 {
            let (size, depth) = measure(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), size, depth });
        }
        self.add(node, line);
    }

    fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open::Mapping { key: None, .. }))
    }

    fn add(&mut self, node: Node, line: usize) {
        if self.wants_key() {
            let key = self.key(node, line);
            return self.set_key(key);
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, merged, .. }) => match key.take() {
                Some(Key::Text(key, line)) => entries.push(Entry { key, line, value: node }),
                Some(Key::Merge(line)) => {
                    let found = node.describe();
                    let nodes = match node.kind {
                        Kind::Sequence(items) => items,
                        _ => vec![node],
                    };
                    let after = entries.len();
                    let mut is_good = true;
                    for node in nodes {
                        match node.kind {
                            Kind::Mapping(entries) => merged.push(Merged { after, line, entries }),
                            _ => is_good = false,
                        }
                    }
                    if !is_good {
                        self.refuse(line, format!("`<<` takes a mapping or a list of mappings, found {found}"), "");
                    }
                }
                Some(Key::Bad) | None => {}
            },
        }
    }

    /// A key as the text that JSON needs.
    fn key(&mut self, node: Node, line: usize) -> Key {
        let text = match &node.kind {
            Kind::Scalar(Value::String(text)) => text.clone(),
            Kind::Scalar(Value::Bool(value)) => value.to_string(),
            Kind::Scalar(Value::Number(number)) => number.to_string(),
            _ => {
                let hint = self.template_hint(line).unwrap_or("write it in quotes if a text is meant");
                self.refuse(line, format!("a key must be a text, found {}", node.describe()), hint);
                return Key::Bad;
            }
        };
        let Some(Open::Mapping { entries, .. }) = self.open.last() else { return Key::Bad };
        match entries.iter().find(|entry| entry.key == text).map(|entry| entry.line) {
            Some(first) => {
                self.refuse(line, format!("the key `{text}` is already in line {first}"), "remove one of the two, or join their values");
                Key::Bad
            }
            None => Key::Text(text, line),
        }
    }

    /// A key without quotes that is no text to YAML. JSON has it as a text; where that is another one than the one that is
    /// written (`on`, `y`, `0777`, `1.10`), kubectl would set a key that nobody wrote.
    fn key_of_other_type(&mut self, text: &str, value: &Value, anchor: usize, line: usize) {
        let in_json = value.to_string();
        if !value.is_null() && in_json == text {
            return self.finish(Kind::Scalar(text.into()), anchor, line);
        }
        let what = Node { kind: Kind::Scalar(value.clone()), line }.describe();
        self.refuse(line, format!("the key `{text}` is no text: YAML reads {what}"), "write it in quotes");
        self.set_key(Key::Bad);
    }

    fn set_key(&mut self, new: Key) {
        if let Some(Open::Mapping { key, .. }) = self.open.last_mut() {
            *key = Some(new);
        }
    }

    /// The entries with those of merged mappings, of which the mapping's own ones and earlier ones win (YAML's merge key). An own
    /// one *before* the `<<` wins by YAML's definition and loses in kubectl, so it is refused.
    fn with_merged(&mut self, mut entries: Vec<Entry>, merged: Vec<Merged>) -> Vec<Entry> {
        for Merged { after, line, entries: more } in merged {
            for entry in more {
                match entries.iter().position(|known| known.key == entry.key) {
                    Some(at) if at < after => {
                        let message =
                            format!("`<<` has the key `{}`, which this mapping sets in line {} already", entry.key, entries[at].line);
                        self.refuse(line, message, "put `<<` first, so that every reader takes the mapping's own value");
                    }
                    Some(_) => {}
                    None => entries.push(entry),
                }
            }
        }
        entries
    }

    fn check_depth(&mut self, more: usize, line: usize) -> bool {
        let is_good = self.open.len() + more <= MAX_DEPTH;
        if !is_good {
            self.refuse(line, format!("lists and mappings are nested more than {MAX_DEPTH} levels deep"), "");
        }
        is_good
    }

    fn refuse(&mut self, line: usize, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(self.source.place(line), message, hint));
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let line = self.part.lines_before + error.marker().line().max(1);
        let text = self.line(line);
        let info = error.info();
        let hint = match self.template_hint(line) {
            Some(hint) => hint,
            None if text.trim_start_matches(' ').starts_with('\t') => "YAML is indented with spaces; this line begins with a tab",
            None if info.contains("mapping values are not allowed") => {
                "a value that contains `: ` must be in quotes; a key must be indented like the other keys of its mapping"
            }
            None if info.contains("quoted scalar") => "a quote that was opened is not closed",
            None if info.contains("unknown anchor") => "an alias (`*name`) needs an anchor (`&name`) before it in the same document",
            None => "check the indentation and the quotes of this line and of the one before",
        };
        self.refuse(line, format!("not valid YAML: {info}"), hint);
    }

    /// The hint for a line that looks like a template.
    fn template_hint(&self, line: usize) -> Option<&'static str> {
        self.line(line)
            .contains("{{")
            .then_some("if the file is a template, name it `*.hbs.yaml`; else write a value that begins with `{{` in quotes")
    }

    fn line(&self, number: usize) -> &str {
        self.part.text.lines().nth(number.saturating_sub(self.part.lines_before + 1)).unwrap_or_default()
    }
}

/// How many values are in a node, itself included, and how deep it is nested.
fn measure(node: &Node) -> (usize, usize) {
    let inner: Vec<_> = match &node.kind {
        Kind::Scalar(_) => return (1, 0),
        Kind::Sequence(items) => items.iter().map(measure).collect(),
        Kind::Mapping(entries) => entries.iter().map(|entry| measure(&entry.value)).collect(),
    };
    let size: usize = inner.iter().map(|(size, _)| size).sum();
    (size + 1, inner.iter().map(|(_, depth)| *depth).max().unwrap_or(0) + 1)
}

#[cfg(test)]
mod tests;
