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
    Mapping { line: usize, anchor: usize, entries: Vec<Entry>, key: Option<Key>, merged: Vec<Node> },
}

enum Key {
    Text(String, usize),
    /// `<<`
    Merge,
    /// One that cannot be used, which was told.
    Bad,
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
                    let entries = with_merged(entries, merged);
                    self.finish(Kind::Mapping(entries), anchor, line);
                }
                None => {}
            },
        }
        true
    }

    fn scalar(&mut self, text: &str, is_plain: bool, anchor: usize, tag: Option<&Tag>, line: usize) {
        let scalar = match tag {
            None if is_plain => resolve(text),
            None => Scalar::Value(text.into()),
            Some(tag) => self.tagged(text, tag, line),
        };
        let value = match scalar {
            // `<<` is a text everywhere but as a key.
            Scalar::Merge if self.wants_key() => {
                if let Some(Open::Mapping { key, .. }) = self.open.last_mut() {
                    *key = Some(Key::Merge);
                }
                return;
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
            let new = self.key(node, line);
            if let Some(Open::Mapping { key, .. }) = self.open.last_mut() {
                *key = Some(new);
            }
            return;
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, merged, .. }) => match key.take() {
                Some(Key::Text(key, line)) => entries.push(Entry { key, line, value: node }),
                Some(Key::Merge) => match node.kind {
                    Kind::Mapping(_) => merged.push(node),
                    Kind::Sequence(items) if items.iter().all(|item| matches!(item.kind, Kind::Mapping(_))) => merged.extend(items),
                    _ => self.refuse(line, format!("`<<` takes a mapping or a list of mappings, found {}", node.describe()), ""),
                },
                Some(Key::Bad) | None => {}
            },
        }
    }

    /// A key as the text that JSON needs.
    fn key(&mut self, node: Node, line: usize) -> Key {
        let text = match &node.kind {
            Kind::Scalar(Value::String(text)) => text.clone(),
            Kind::Scalar(Value::Bool(value)) => value.to_string(),
            // Floating-point keys have the shortest form with the precision of 32 bits (`sigs.k8s.io/yaml`).
            Kind::Scalar(Value::Number(number)) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(value) => (value as f32).to_string(),
                None => number.to_string(),
            },
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

/// The entries with those of merged mappings, of which the mapping's own ones and earlier ones win (YAML's merge key).
fn with_merged(mut entries: Vec<Entry>, merged: Vec<Node>) -> Vec<Entry> {
    for node in merged {
        if let Kind::Mapping(more) = node.kind {
            for entry in more {
                if !entries.iter().any(|known| known.key == entry.key) {
                    entries.push(entry);
                }
            }
        }
    }
    entries
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
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (Vec<Value>, String) {
        let mut problems = Vec::new();
        let nodes = documents(&Source::new("a.yaml", text), &mut problems);
        (nodes.iter().map(|node| node.to_json().0).collect(), crate::Problems(problems).to_string())
    }

    fn good(text: &str) -> Value {
        let (mut values, problems) = read(text);
        assert_eq!(problems, "");
        assert_eq!(values.len(), 1, "{values:?}");
        values.remove(0)
    }

    #[test]
    fn types_quotes_and_tags() {
        let text =
            "a: yes\nb: 'yes'\nc: \"0777\"\nd: 0777\ne: |\n  on\nf: !!str 5\ng: !!float 2\nh: !!int '7'\ni:\nj: [off, {k: 1.10}]\nl: <<\n";
        assert_eq!(
            good(text),
            json!({"a": true, "b": "yes", "c": "0777", "d": 511, "e": "on\n", "f": "5", "g": 2, "h": 7, "i": null, "j": [false, {"k": 1.1}], "l": "<<"})
        );
        assert_eq!(good("on: 1\n0777: 2\n1.10: 3\n'y': 4\n"), json!({"true": 1, "511": 2, "1.1": 3, "y": 4}));
        assert_eq!(good("{\"a\":\n\t{\"b\": [1, \"x\\u00e9\"]}}\n"), json!({"a": {"b": [1, "xé"]}}));
    }

    #[test]
    fn anchors_aliases_and_merge_keys() {
        let text = "base: &base {cpu: 1, memory: 2}\nmore: &more {memory: 3, disk: 4}\na: *base\nb: {<<: *base, cpu: 5}\nc:\n  <<: [*base, *more]\n";
        let value = good(text);
        assert_eq!(value["a"], json!({"cpu": 1, "memory": 2}));
        assert_eq!(value["b"], json!({"cpu": 5, "memory": 2}));
        assert_eq!(value["c"], json!({"cpu": 1, "memory": 2, "disk": 4}));
        insta::assert_snapshot!(read("a: &a [*a]\n---\nb: *b\n---\n<<: 1\nc: 2\n").1, @"
        a.yaml:1: an alias that stands for something which contains it
          write the value out
        a.yaml:3: not valid YAML: while parsing node, found unknown anchor
          an alias (`*name`) needs an anchor (`&name`) before it in the same document
        a.yaml:5: `<<` takes a mapping or a list of mappings, found a number
        ");
        let laughs: String = (1..20).map(|at| format!("a{at}: &a{at} [*a{0}, *a{0}, *a{0}]\n", at - 1)).collect();
        assert!(read(&format!("a0: &a0 [1, 2, 3]\n{laughs}")).1.contains("aliases stand for more than 100000 values"));
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(&nested(200)).1.is_empty());
        assert_eq!(read(&nested(201)).1, "a.yaml:1: lists and mappings are nested more than 200 levels deep");
        let through_aliases = format!("a: &a {}\nb: &b {}\n", nested(150), nested(100).replace("[]", "[*a]"));
        assert!(read(&through_aliases).1.contains("a.yaml:2: lists and mappings are nested"));
    }

    #[test]
    fn lines_are_those_of_keys_and_items() {
        let mut problems = Vec::new();
        let nodes = documents(&Source::new("a.yaml", "a: 1\n---\nb: &b\n  - x\n  - c:\n      y\nd/e: *b\n"), &mut problems);
        let (_, lines) = nodes[1].to_json();
        let line = |pointer: &str| lines.get(pointer).copied();
        assert_eq!(
            [line(""), line("/b"), line("/b/0"), line("/b/1"), line("/b/1/c"), line("/d~1e"), line("/d~1e/1")].map(Option::unwrap),
            [3, 3, 4, 5, 5, 7, 5]
        );
    }

    #[test]
    fn what_is_wrong_has_its_line_in_every_document() {
        insta::assert_snapshot!(
            read("a: 1\na: 2\n---\nb: c: d\n---\n? [x]\n: 1\n~: 2\ne: !mine 1\nf: !!int x\ng: .inf\n---\nimage: {{ image }}\n---\nok: 1\n...\nmore: 1\n---\na: \"x\n").1,
            @"
        a.yaml:2: the key `a` is already in line 1
          remove one of the two, or join their values
        a.yaml:4: not valid YAML: mapping values are not allowed in this context
          a value that contains `: ` must be in quotes; a key must be indented like the other keys of its mapping
        a.yaml:6: a key must be a text, found a list
          write it in quotes if a text is meant
        a.yaml:8: a key must be a text, found nothing
          write it in quotes if a text is meant
        a.yaml:9: the tag `!mine`, which means nothing in a manifest
          leave it out
        a.yaml:10: the tag `!!int` does not fit its value
          leave the tag out, or correct the value
        a.yaml:11: `.inf` is a number that JSON does not have
          write it in quotes if a text is meant
        a.yaml:13: a key must be a text, found a mapping
          if the file is a template, name it `*.hbs.yaml`; else write a value that begins with `{{` in quotes
        a.yaml:17: a second document begins here without a line `---` before it
          add the line
        a.yaml:19: not valid YAML: while scanning a quoted scalar, found unexpected end of stream
          a quote that was opened is not closed
        "
        );
    }
}
