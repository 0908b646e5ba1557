use serde_json::Value;

use crate::images::{containers, pod_specs};
use crate::yaml::escaped;
use crate::{Object, Problem};

/// Values that Kubernetes takes as texts only and that are something else: labels, annotations, the data of ConfigMaps and Secrets,
/// environment variables. `true`, `8080` and `on` without quotes are the commonest mistake of manifests, and the API server's own
/// message for it has no line.
pub(super) fn problems(object: &Object) -> Vec<Problem> {
    let mut maps = Vec::new();
    let mut metadata = vec!["/metadata".to_owned()];
    metadata.extend(pod_specs(object).iter().map(|spec| format!("{}/metadata", spec.trim_end_matches("/spec"))));
    metadata.dedup();
    for metadata in metadata {
        maps.extend([format!("{metadata}/labels"), format!("{metadata}/annotations")]);
    }
    match (object.name.group.as_str(), object.name.kind.as_str()) {
        ("", "ConfigMap") => maps.extend(["/data".to_owned(), "/binaryData".to_owned()]),
        ("", "Secret") => maps.extend(["/data".to_owned(), "/stringData".to_owned()]),
        ("", "Service") => maps.push("/spec/selector".to_owned()),
        _ => {}
    }
    let mut values = Vec::new();
    for map in maps {
        if let Some(Value::Object(entries)) = object.value.pointer(&map) {
            values.extend(entries.keys().map(|key| (format!("{map}/{}", escaped(key)), format!("`{key}`"))));
        }
    }
    for container in containers(object) {
        if let Some(Value::Array(variables)) = object.value.pointer(&format!("{container}/env")) {
            for (at, variable) in variables.iter().enumerate() {
                let name = variable.get("name").and_then(Value::as_str).unwrap_or_default();
                values.push((format!("{container}/env/{at}/value"), format!("the value of the variable `{name}`")));
            }
        }
    }
    values.iter().filter_map(|(pointer, what)| problem(object, pointer, what)).collect()
}

fn problem(object: &Object, pointer: &str, what: &str) -> Option<Problem> {
    let found = match object.value.pointer(pointer)? {
        // Nothing is an empty text to the API server.
        Value::String(_) | Value::Null => return None,
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    let hint = match found {
        "a boolean" => "write it in quotes; without them also `yes`, `no`, `on`, `off`, `y` and `n` are booleans",
        "a number" => "write it in quotes",
        _ => "write it as a text, for several lines after `|`",
    };
    Some(Problem::new(object.place_of(pointer), format!("{what} in {} is {found}, expected a text", object.name), hint))
}

#[cfg(test)]
mod tests {
    use crate::{Source, manifests};

    #[test]
    fn what_must_be_a_text_is_told_with_its_line_and_without_its_value() {
        let text = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  labels: {app: orders, version: 1.10}
spec:
  template:
    metadata:
      annotations:
        prometheus.io/scrape: true
        empty:
        good: 'true'
    spec:
      containers:
        - name: web
          env:
            - name: PORT
              value: 8080
            - {name: MODE, value: on}
            - {name: GOOD, value: \"8080\"}
            - {name: FROM, valueFrom: {fieldRef: {fieldPath: x}}}
---
apiVersion: v1
kind: Secret
metadata: {name: a}
stringData:
  pin: 123456789
---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
data:
  list: [1]
  good: |
    1
---
apiVersion: v1
kind: Service
metadata: {name: c}
spec:
  selector: {version: 2}
  ports: [{port: 80}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: d.example.com}
spec: {versions: [{schema: {properties: {metadata: {labels: {type: object}}, data: {x: 1}}}}]}
";
        let problems = manifests::parse(&[Source::new("a.yaml", text)]).unwrap_err();
        insta::assert_snapshot!(problems, @"
        a.yaml:5: `version` in Deployment/orders is a number, expected a text
          write it in quotes
        a.yaml:10: `prometheus.io/scrape` in Deployment/orders is a boolean, expected a text
          write it in quotes; without them also `yes`, `no`, `on`, `off`, `y` and `n` are booleans
        a.yaml:18: the value of the variable `PORT` in Deployment/orders is a number, expected a text
          write it in quotes
        a.yaml:19: the value of the variable `MODE` in Deployment/orders is a boolean, expected a text
          write it in quotes; without them also `yes`, `no`, `on`, `off`, `y` and `n` are booleans
        a.yaml:27: `pin` in Secret/a is a number, expected a text
          write it in quotes
        a.yaml:33: `list` in ConfigMap/b is a list, expected a text
          write it as a text, for several lines after `|`
        a.yaml:41: `version` in Service/c is a number, expected a text
          write it in quotes
        ");
        assert!(!problems.to_string().contains("123456789"));
    }
}
