use std::collections::HashMap;

use serde_json::Value;

use super::texts;
use crate::problem::{Problem, Problems, unless};
use crate::yaml::{self, Kind, Node};
use crate::{Object, ObjectName, Place, Source};

/// The objects of manifests, in the order of the files and of the documents in them.
///
/// # Errors
/// Everything in them that no cluster could take, at once: no valid YAML; no kind, API version or name; the same object twice; a number or a boolean where Kubernetes takes a text;
/// manifests without any object.
pub fn parse(sources: &[Source]) -> Result<Vec<Object>, Problems> {
    let mut parser = Parser { objects: Vec::new(), problems: Vec::new() };
    for source in sources {
        for (at, node) in yaml::documents(source, &mut parser.problems).iter().enumerate() {
            parser.document(source, at + 1, node);
        }
    }
    parser.check_duplicates();
    parser.problems.extend(parser.objects.iter().flat_map(texts::problems));
    if parser.objects.is_empty() && parser.problems.is_empty() {
        let names: Vec<_> = sources.iter().map(|source| format!("`{}`", source.file)).collect();
        let message = match names.as_slice() {
            [] => "there is no manifest to read".to_owned(),
            names => format!("no Kubernetes object is in {}", names.join(", ")),
        };
        parser.problems.push(Problem::new(None, message, "name the manifests that are to be deployed"));
    }
    // As a person goes through the files; what concerns no line comes last.
    let position = |problem: &Problem| {
        let place = problem.place.as_ref();
        (
            place.and_then(|place| sources.iter().position(|source| source.file == place.file)).unwrap_or(usize::MAX),
            place.map(|place| place.line),
        )
    };
    parser.problems.sort_by_key(position);
    unless(parser.problems, parser.objects)
}

struct Parser {
    objects: Vec<Object>,
    problems: Vec<Problem>,
}

impl Parser {
    fn document(&mut self, source: &Source, document: usize, node: &Node) {
        let kind = text(node, "kind").unwrap_or_default();
        let items = match node.get("items").map(|entry| &entry.value.kind) {
            Some(Kind::Sequence(items)) if kind.ends_with("List") => items,
            Some(Kind::Scalar(Value::Null)) if kind == "List" => return,
            None if kind == "List" => {
                let hint = "give the objects below `items:`, or take the document out";
                return self.refuse(source.place(node.line), "this List has no `items`", hint);
            }
            _ => return self.object(source, document, node),
        };
        for item in items {
            self.document(source, document, item);
        }
    }

    fn object(&mut self, source: &Source, document: usize, node: &Node) {
        let place = source.place(node.line);
        if !matches!(node.kind, Kind::Mapping(_)) {
            let hint = "each document of a manifest is a mapping with `apiVersion`, `kind` and `metadata`";
            return self.refuse(place, format!("expected a Kubernetes object, found {}", node.describe()), hint);
        }
        let known = self.problems.len();
        let kind = self.needed(&place, node, "kind", "`kind: Deployment`");
        let api_version = self.needed(&place, node, "apiVersion", "`apiVersion: apps/v1`");
        let of = if kind.is_empty() { String::new() } else { format!(" of this {kind}") };
        let group = match api_version.split('/').collect::<Vec<_>>()[..] {
            [_] => String::new(),
            [group, version] if !group.is_empty() && !version.is_empty() => group.to_owned(),
            _ => {
                let at = line_of(&place, node, "apiVersion");
                self.refuse(
                    at,
                    format!("`apiVersion`{of} is `{api_version}`, expected a version or a group and a version"),
                    "write `v1` or `apps/v1`",
                );
                String::new()
            }
        };
        if group == "kustomize.config.k8s.io" {
            let hint = "render it in a step of its own (`kubectl kustomize FOLDER > FILE`) and deploy what that wrote";
            return self.refuse(place, "this is a file for kustomize, which no cluster takes", hint);
        }
        let mut name = String::new();
        let mut namespace = None;
        match node.get("metadata") {
            Some(entry) if matches!(entry.value.kind, Kind::Mapping(_)) => {
                let metadata = &entry.value;
                let at = Place { line: entry.line, ..place.clone() };
                if metadata.get("name").is_none() && metadata.get("generateName").is_some() {
                    let at = line_of(&at, metadata, "generateName");
                    let hint = "a deployment that is repeated must find its objects again: give it a `name`";
                    self.refuse(at, format!("`metadata.generateName`{of} has no name that server-side apply could use"), hint);
                } else {
                    name = self.needed(&at, metadata, "metadata.name", "`name: orders`");
                }
                namespace = metadata.get("namespace").map(|_| self.needed(&at, metadata, "metadata.namespace", "`namespace: shop`"));
            }
            Some(entry) => {
                let at = Place { line: entry.line, ..place.clone() };
                self.refuse(at, format!("`metadata`{of} is {}, expected a mapping with `name`", entry.value.describe()), "");
            }
            None => self.refuse(
                place.clone(),
                format!("`metadata`{of} is missing, so it has no name"),
                "add `metadata:` with `name: …` below it",
            ),
        }
        if self.problems.len() > known {
            return;
        }
        let (value, lines) = node.to_json();
        let name = ObjectName { group, kind, namespace, name };
        self.objects.push(Object { name, api_version, place, document, value, lines });
    }

    /// A text that must be there; empty where it is not, which was told.
    fn needed(&mut self, around: &Place, node: &Node, path: &str, example: &str) -> String {
        let key = path.rsplit('.').next().unwrap_or(path);
        match node.get(key).map(|entry| (entry, &entry.value.kind)) {
            Some((_, Kind::Scalar(Value::String(text)))) if !text.is_empty() => return text.clone(),
            Some((entry, kind)) => {
                let found = match kind {
                    Kind::Scalar(Value::String(_)) => "empty",
                    _ => entry.value.describe(),
                };
                let hint = match kind {
                    Kind::Scalar(Value::Bool(_) | Value::Number(_)) => "write it in quotes".to_owned(),
                    _ => format!("as in {example}"),
                };
                self.refuse(line_of(around, node, key), format!("`{path}` is {found}, expected a text"), hint);
            }
            None => self.refuse(around.clone(), format!("`{path}` is missing"), format!("add it, as in {example}")),
        }
        String::new()
    }

    fn check_duplicates(&mut self) {
        let mut seen: HashMap<&ObjectName, &Object> = HashMap::new();
        for object in &self.objects {
            match seen.get(&object.name) {
                Some(first) => {
                    let message = format!("{} is here a second time; the first is at {}", object.name, first.place);
                    self.problems.push(Problem::new(object.place.clone(), message, "remove one of the two, or give it another name"));
                }
                None => {
                    seen.insert(&object.name, object);
                }
            }
        }
    }

    fn refuse(&mut self, place: Place, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(place, message, hint));
    }
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    match &node.get(key)?.value.kind {
        Kind::Scalar(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn line_of(around: &Place, node: &Node, key: &str) -> Place {
    Place { line: node.get(key).map_or(around.line, |entry| entry.line), ..around.clone() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_of_many_files_become_objects_with_their_places() {
        let sources = [
            Source::new(
                "a.yaml",
                "# shop\n---\nkind: Namespace\napiVersion: v1\nmetadata: {name: shop}\n---\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: orders\n  namespace: shop\nspec:\n  replicas: 2\n  own: {x: [1.50, yes]}\n",
            ),
            Source::new(
                "b.json",
                r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "orders"}},
  {"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}]}
]}"#,
            ),
            Source::new("c.yaml", "# nothing\n"),
        ];
        let objects = parse(&sources).unwrap();
        let outline: Vec<_> =
            objects.iter().map(|object| format!("{} document {}: {}", object.place, object.document, object.name)).collect();
        insta::assert_snapshot!(outline.join("\n"), @"
        a.yaml:3 document 1: Namespace/shop
        a.yaml:8 document 2: Deployment/orders in the namespace shop
        b.json:2 document 1: Service/orders
        b.json:3 document 1: ConfigMap/a
        ");
        let deployment = &objects[1];
        assert_eq!(deployment.value["spec"], json!({"replicas": 2, "own": {"x": [1.5, true]}}));
        assert_eq!((deployment.name.group.as_str(), deployment.api_version.as_str()), ("apps", "apps/v1"));
        assert_eq!(deployment.place_of("/spec/replicas").to_string(), "a.yaml:14");
        assert_eq!(deployment.place_of("/spec/absent/at/all").to_string(), "a.yaml:13");
        assert!(!format!("{deployment:?}").contains("1.5"));
    }

    #[test]
    fn a_kind_that_ends_in_list_is_a_list_only_with_items() {
        let source = Source::new("a.yaml", "apiVersion: example.com/v1\nkind: AllowList\nmetadata: {name: a}\nspec:\n  items: []\n");
        assert_eq!(parse(&[source]).unwrap()[0].name.kind, "AllowList");
    }

    #[test]
    fn everything_that_no_cluster_could_take_is_told_at_once() {
        let first = "kind: Deployment\nmetadata:\n  name: 12\n---\napiVersion: v1\nmetadata: {generateName: a-}\n---\n- a\n---\napiVersion: a/b/c\nkind: X\nmetadata: x\n---\napiVersion: v1\nkind: ConfigMap\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ''\n  namespace: on\n---\nkind: List\n---\nkind: List\nitems:\n";
        let second = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders}\n---\napiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: orders}\n---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders, namespace: other}\n---\nbad: [\n";
        let problems = parse(&[Source::new("a.yaml", first), Source::new("k8s/b.yaml", second)]).unwrap_err();
        insta::assert_snapshot!(problems, @"
        a.yaml:1: `apiVersion` is missing
          add it, as in `apiVersion: apps/v1`
        a.yaml:3: `metadata.name` is a number, expected a text
          write it in quotes
        a.yaml:5: `kind` is missing
          add it, as in `kind: Deployment`
        a.yaml:6: `metadata.generateName` has no name that server-side apply could use
          a deployment that is repeated must find its objects again: give it a `name`
        a.yaml:8: expected a Kubernetes object, found a list
          each document of a manifest is a mapping with `apiVersion`, `kind` and `metadata`
        a.yaml:10: `apiVersion` of this X is `a/b/c`, expected a version or a group and a version
          write `v1` or `apps/v1`
        a.yaml:12: `metadata` of this X is a text, expected a mapping with `name`
        a.yaml:14: `metadata` of this ConfigMap is missing, so it has no name
          add `metadata:` with `name: …` below it
        a.yaml:20: `metadata.name` is empty, expected a text
          as in `name: orders`
        a.yaml:21: `metadata.namespace` is a boolean, expected a text
          write it in quotes
        a.yaml:23: this List has no `items`
          give the objects below `items:`, or take the document out
        k8s/b.yaml:1: this is a file for kustomize, which no cluster takes
          render it in a step of its own (`kubectl kustomize FOLDER > FILE`) and deploy what that wrote
        k8s/b.yaml:9: Deployment/orders is here a second time; the first is at k8s/b.yaml:5
          remove one of the two, or give it another name
        k8s/b.yaml:18: not valid YAML: while parsing a node, did not find expected node content
          check the indentation and the quotes of this line and of the one before
        ");
    }

    #[test]
    fn manifests_without_an_object_are_a_mistake() {
        let empty = |sources: &[Source]| parse(sources).unwrap_err().to_string();
        assert!(empty(&[Source::new("a.yaml", "# x\n")]).starts_with("no Kubernetes object is in `a.yaml`"));
        assert!(empty(&[]).starts_with("there is no manifest to read"));
    }
}
