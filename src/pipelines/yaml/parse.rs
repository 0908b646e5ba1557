use std::collections::HashMap;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::{Kind, Node, Style};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::place::{Place, SourceFile};

/// How deep lists and mappings may be nested. The service allows 100 levels of nesting (facts/pipeline-yaml.md 2.5).
const MAX_DEPTH: usize = 100;

/// Reads a document. `file` is its name as the user knows it. `None` when nothing is written in it.
///
/// # Errors
/// Everything in it that is not understood, at once; of syntax errors only the first, since what follows one means nothing.
pub fn parse(file: impl Into<SourceFile>, text: &str) -> Result<Option<Node>, Diagnostics> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder =
        Builder { file: file.into(), text, lines: None, problems: Diagnostics::new(), open: Vec::new(), root: None, documents: 0 };
    for event in Parser::new_from_str(text) {
        match event {
            Ok((event, span)) => {
                if !builder.event(event, span) {
                    return Err(builder.problems);
                }
            }
            Err(error) => {
                builder.syntax_error(&error);
                return Err(builder.problems);
            }
        }
    }
    if builder.problems.is_empty() { Ok(builder.root) } else { Err(builder.problems) }
}

/// A list or a mapping that is being read.
enum Open {
    Sequence { place: Place, items: Vec<Node> },
    Mapping { place: Place, entries: Vec<(Node, Node)>, key: Option<Node>, seen: HashMap<String, Place> },
}

struct Builder<'t> {
    file: SourceFile,
    text: &'t str,
    /// The lines of the text, once a message needs them.
    lines: Option<Vec<&'t str>>,
    problems: Diagnostics,
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

impl<'t> Builder<'t> {
    /// Takes an event; false when it makes no sense to go on.
    fn event(&mut self, event: Event<'_>, span: Span) -> bool {
        let place = self.place(span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => {}
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.problems.push(
                        Diagnostic::error(place, "a second document begins here (`---`), a pipeline's file has one")
                            .with_hint("remove the line, or put the second document into a file of its own"),
                    );
                    return false;
                }
            }
            Event::Alias(_) => {
                let name = self.word_at(&place, '*');
                self.refuse(&place, &format!("alias{name}"), "write the value out");
                self.add(Node { kind: Kind::Scalar { text: String::new(), style: Style::Plain }, place });
            }
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_properties(&place, anchor, tag.as_deref());
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::SingleQuoted => Style::SingleQuoted,
                    ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
                    ScalarStyle::Literal => Style::Literal,
                    ScalarStyle::Folded => Style::Folded,
                };
                self.add(Node { kind: Kind::Scalar { text: text.into_owned(), style }, place });
            }
            Event::SequenceStart(anchor, tag) => {
                self.refuse_properties(&place, anchor, tag.as_deref());
                self.open.push(Open::Sequence { place, items: Vec::new() });
                return self.check_depth();
            }
            Event::MappingStart(anchor, tag) => {
                self.refuse_properties(&place, anchor, tag.as_deref());
                self.open.push(Open::Mapping { place, entries: Vec::new(), key: None, seen: HashMap::new() });
                return self.check_depth();
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::Sequence { place, items }) => self.add(Node { kind: Kind::Sequence(items), place }),
                Some(Open::Mapping { place, entries, .. }) => self.add(Node { kind: Kind::Mapping(entries), place }),
                None => {}
            },
        }
        true
    }

    fn add(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = (!node.is_empty()).then_some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { key: key @ None, .. }) => *key = Some(node),
            Some(Open::Mapping { entries, key, seen, .. }) => {
                let Some(key) = key.take() else { return };
                match check_key(&key, seen) {
                    Ok(()) => entries.push((key, node)),
                    Err(problem) => self.problems.push(problem),
                }
            }
        }
    }

    fn check_depth(&mut self) -> bool {
        if self.open.len() <= MAX_DEPTH {
            return true;
        }
        if let Some(Open::Sequence { place, .. } | Open::Mapping { place, .. }) = self.open.last() {
            let problem = Diagnostic::error(place.clone(), format!("lists and mappings are nested more than {MAX_DEPTH} levels deep"));
            self.problems.push(problem.with_hint("Azure Pipelines allows no more"));
        }
        false
    }

    fn refuse_properties(&mut self, place: &Place, anchor: usize, tag: Option<&Tag>) {
        if anchor != 0 {
            let name = self.word_at(place, '&');
            self.refuse(place, &format!("anchor{name}"), "write the value out wherever it is needed");
        }
        if let Some(tag) = tag {
            let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { format!("{}{}", tag.handle, tag.suffix) };
            self.refuse(place, &format!("tag `{name}`"), "leave it out: Azure Pipelines takes every value as the key needs it");
        }
    }

    fn refuse(&mut self, place: &Place, what: &str, hint: &str) {
        let problem =
            Diagnostic::error(place.clone(), format!("the YAML {what} is not supported: Azure Pipelines has no anchors, aliases and tags"));
        self.problems.push(problem.with_hint(hint));
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let place = self.place(*error.marker());
        let line = self.line(place.line);
        let hint = if line.trim_start_matches(' ').starts_with('\t') {
            "YAML is indented with spaces; this line begins with a tab"
        } else if error.info().contains("mapping values are not allowed") {
            "a value that contains `: ` must be in quotes; a key must be indented like the other keys of its mapping"
        } else if error.info().contains("recursion limit") {
            "lists and mappings are nested too deep"
        } else if error.info().contains("quoted scalar") {
            "a quote that was opened is not closed"
        } else {
            "check the indentation and the quotes of this line and of the one before"
        };
        self.problems.push(Diagnostic::error(place, format!("not valid YAML: {}", error.info())).with_hint(hint));
    }

    /// ` \`&name\``: the word after `mark` on the line of a node, for messages.
    fn word_at(&mut self, place: &Place, mark: char) -> String {
        let line = self.line(place.line);
        let characters: Vec<char> = line.chars().collect();
        // The place of a node with an anchor is that of its anchor or that of its value.
        let from = characters.get(..place.column).unwrap_or(&characters).iter().rposition(|c| *c == mark);
        let word =
            from.map(|from| characters[from..].iter().take_while(|c| !c.is_whitespace() && !",]}".contains(**c)).collect::<String>());
        word.map(|word| format!(" `{word}`")).unwrap_or_default()
    }

    fn line(&mut self, number: usize) -> &'t str {
        let text = self.text;
        let lines = self.lines.get_or_insert_with(|| text.lines().collect());
        lines.get(number.saturating_sub(1)).copied().unwrap_or_default()
    }

    fn place(&self, marker: Marker) -> Place {
        Place { file: self.file.clone(), line: marker.line().max(1), column: marker.col() + 1 }
    }
}

/// A key must be a text, no merge key, and new.
fn check_key(key: &Node, seen: &mut HashMap<String, Place>) -> Result<(), Diagnostic> {
    let Kind::Scalar { text, style } = &key.kind else {
        return Err(Diagnostic::error(key.place.clone(), format!("a key must be a text, found {}", key.describe())));
    };
    if text == "<<" && *style == Style::Plain {
        let problem = Diagnostic::error(key.place.clone(), "the YAML merge key `<<` is not supported: Azure Pipelines has none");
        return Err(problem.with_hint("write the keys out"));
    }
    // Two directives with the same text in one mapping are legal (facts/pipeline-yaml.md 2.4).
    if text.trim_start().starts_with("${{") {
        return Ok(());
    }
    match seen.get(text.as_str()) {
        Some(first) => {
            let problem = Diagnostic::error(key.place.clone(), format!("the key `{text}` is already in line {}", first.line));
            Err(problem.with_hint("remove one of the two, or join their values"))
        }
        None => {
            seen.insert(text.clone(), key.place.clone());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(node: &Node) -> String {
        match &node.kind {
            Kind::Scalar { text, style } => format!("{}:{} {style:?} {text:?}", node.place.line, node.place.column),
            Kind::Sequence(items) => {
                format!("{}:{} [{}]", node.place.line, node.place.column, items.iter().map(outline).collect::<Vec<_>>().join(", "))
            }
            Kind::Mapping(entries) => {
                let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{} => {}", outline(key), outline(value))).collect();
                format!("{}:{} {{{}}}", node.place.line, node.place.column, entries.join(", "))
            }
        }
    }

    fn problems(text: &str) -> String {
        parse("a.yml", text).unwrap_err().to_string()
    }

    #[test]
    fn scalars_keep_their_text_style_and_place() {
        let text =
            "\u{feff}---\na: 1.10\nb: 'it''s'\nc: \"x\\ty\"\nd: |\n  one\n  two\ne: >-\n  one\n  two\nf:\ng: ~\nh: [yes, {i: 0x10}]\n";
        let node = parse("a.yml", text).unwrap().unwrap();
        insta::assert_snapshot!(outline(&node).replace(", ", "\n"), @r#"
        2:1 {2:1 Plain "a" => 2:4 Plain "1.10"
        3:1 Plain "b" => 3:4 SingleQuoted "it's"
        4:1 Plain "c" => 4:4 DoubleQuoted "x\ty"
        5:1 Plain "d" => 6:3 Literal "one\ntwo\n"
        8:1 Plain "e" => 9:3 Folded "one two"
        11:1 Plain "f" => 11:2 Plain ""
        12:1 Plain "g" => 12:4 Plain "~"
        13:1 Plain "h" => 13:4 [13:5 Plain "yes"
        13:10 {13:11 Plain "i" => 13:14 Plain "0x10"}]}
        "#);
        assert!(node.get("f").unwrap().is_empty());
        assert!(!node.get("g").unwrap().is_empty());
    }

    #[test]
    fn an_empty_file_has_no_node() {
        for text in ["", "\n\n", "# only a comment\n", "---\n"] {
            assert_eq!(parse("a.yml", text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn duplicate_keys_are_refused_but_not_repeated_directives() {
        // facts/pipeline-yaml.md 2.2 and 2.4
        assert_eq!(
            problems("a: 1\nb: 2\na: 3\n"),
            "a.yml:3:1: error: the key `a` is already in line 1\n  hint: remove one of the two, or join their values"
        );
        let node = parse("a.yml", "${{ if x }}:\n  a: 1\n${{ if x }}:\n  b: 2\n").unwrap().unwrap();
        assert_eq!(node.entries().unwrap().len(), 2);
    }

    #[test]
    fn what_the_service_does_not_know_is_refused_by_name_all_at_once() {
        insta::assert_snapshot!(
            problems("a: &one 1\nb: *one\nc: &two\n  <<: {x: 1}\nd: !!str 1\ne: !mine [1]\n? [a]\n: b\n---\nf: 1\n"), @r"
        a.yml:1:4: error: the YAML anchor `&one` is not supported: Azure Pipelines has no anchors, aliases and tags
          hint: write the value out wherever it is needed
        a.yml:2:4: error: the YAML alias `*one` is not supported: Azure Pipelines has no anchors, aliases and tags
          hint: write the value out
        a.yml:3:4: error: the YAML anchor `&two` is not supported: Azure Pipelines has no anchors, aliases and tags
          hint: write the value out wherever it is needed
        a.yml:4:3: error: the YAML merge key `<<` is not supported: Azure Pipelines has none
          hint: write the keys out
        a.yml:5:4: error: the YAML tag `!!str` is not supported: Azure Pipelines has no anchors, aliases and tags
          hint: leave it out: Azure Pipelines takes every value as the key needs it
        a.yml:6:4: error: the YAML tag `!mine` is not supported: Azure Pipelines has no anchors, aliases and tags
          hint: leave it out: Azure Pipelines takes every value as the key needs it
        a.yml:7:3: error: a key must be a text, found a list
        a.yml:9:1: error: a second document begins here (`---`), a pipeline's file has one
          hint: remove the line, or put the second document into a file of its own
        "
        );
    }

    #[test]
    fn syntax_errors_have_a_place_and_a_hint() {
        insta::assert_snapshot!(problems("steps:\n- script: \"echo\n"), @r"
        a.yml:2:11: error: not valid YAML: while scanning a quoted scalar, found unexpected end of stream
          hint: a quote that was opened is not closed
        ");
        insta::assert_snapshot!(problems("steps:\n\t- script: echo\n"), @r"
        a.yml:2:2: error: not valid YAML: tabs disallowed within this context (block indentation)
          hint: YAML is indented with spaces; this line begins with a tab
        ");
        insta::assert_snapshot!(problems("a: b: c\n"), @r"
        a.yml:1:5: error: not valid YAML: mapping values are not allowed in this context
          hint: a value that contains `: ` must be in quotes; a key must be indented like the other keys of its mapping
        ");
        insta::assert_snapshot!(problems("a: 1\n  b: 2\n"), @r"
        a.yml:2:4: error: not valid YAML: mapping values are not allowed in this context
          hint: a value that contains `: ` must be in quotes; a key must be indented like the other keys of its mapping
        ");
        insta::assert_snapshot!(problems("a: [1, 2\nb: 3\n"), @r"
        a.yml:2:2: error: not valid YAML: illegal placement of ':' indicator
          hint: check the indentation and the quotes of this line and of the one before
        ");
    }

    #[test]
    fn nesting_has_a_limit() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse("a.yml", &nested(100)).is_ok());
        assert!(problems(&nested(101)).contains("nested more than 100 levels deep"));
        // The scanner, which is ahead, has a limit of its own.
        assert_eq!(problems(&nested(10_000)).lines().next(), Some("a.yml:1:256: error: not valid YAML: recursion limit exceeded"));
    }
}
