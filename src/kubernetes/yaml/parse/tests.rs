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
    assert_eq!(
        good("true: 1\n8080: 2\n1.5: 3\n'y': 4\n1.2.3: 5\n.inf: 6\n"),
        json!({"true": 1, "8080": 2, "1.5": 3, "y": 4, "1.2.3": 5, ".inf": 6})
    );
    assert_eq!(good("{\"a\":\n\t{\"b\": [1, \"x\\u00e9\"]}}\n"), json!({"a": {"b": [1, "xé"]}}));
}

#[test]
fn anchors_aliases_and_merge_keys() {
    let text =
        "base: &base {cpu: 1, memory: 2}\nmore: &more {memory: 3, disk: 4}\na: *base\nb: {<<: *base, cpu: 5}\nc:\n  <<: [*base, *more]\n";
    let value = good(text);
    assert_eq!(value["a"], json!({"cpu": 1, "memory": 2}));
    assert_eq!(value["b"], json!({"cpu": 5, "memory": 2}));
    assert_eq!(value["c"], json!({"cpu": 1, "memory": 2, "disk": 4}));
    insta::assert_snapshot!(read("a: &a [*a]\n---\nb: *b\n---\n<<: 1\nc: 2\n---\na: &a {b: 1}\nc:\n  b: 2\n  <<: *a\n").1, @"
    a.yaml:1: an alias that stands for something which contains it
      write the value out
    a.yaml:3: not valid YAML: while parsing node, found unknown anchor
      an alias (`*name`) needs an anchor (`&name`) before it in the same document
    a.yaml:5: `<<` takes a mapping or a list of mappings, found a number
    a.yaml:11: `<<` has the key `b`, which this mapping sets in line 10 already
      put `<<` first, so that every reader takes the mapping's own value
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
        read("a: 1\na: 2\n---\nb: c: d\n---\n? [x]\n: 1\n~: 2\non: 3\n1.10: 4\ne: !mine 1\nf: !!int x\ng: .inf\n---\nimage: {{ image }}\n---\nok: 1\n...\nmore: 1\n---\na: \"x\n").1,
        @"
    a.yaml:2: the key `a` is already in line 1
      remove one of the two, or join their values
    a.yaml:4: not valid YAML: mapping values are not allowed in this context
      a value that contains `: ` must be in quotes; a key must be indented like the other keys of its mapping
    a.yaml:6: a key must be a text, found a list
      write it in quotes if a text is meant
    a.yaml:8: the key `~` is no text: YAML reads nothing
      write it in quotes
    a.yaml:9: the key `on` is no text: YAML reads a boolean
      write it in quotes
    a.yaml:10: the key `1.10` is no text: YAML reads a number
      write it in quotes
    a.yaml:11: the tag `!mine`, which means nothing in a manifest
      leave it out
    a.yaml:12: the tag `!!int` does not fit its value
      leave the tag out, or correct the value
    a.yaml:13: `.inf` is a number that JSON does not have
      write it in quotes if a text is meant
    a.yaml:15: a key must be a text, found a mapping
      if the file is a template, name it `*.hbs.yaml`; else write a value that begins with `{{` in quotes
    a.yaml:19: a second document begins here without a line `---` before it
      add the line
    a.yaml:21: not valid YAML: while scanning a quoted scalar, found unexpected end of stream
      a quote that was opened is not closed
    "
    );
}
