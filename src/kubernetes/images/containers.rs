use serde_json::Value;

use crate::Object;
use crate::yaml::escaped;

/// The lists of a pod's specification that have containers.
const LISTS: &[&str] = &["containers", "initContainers", "ephemeralContainers"];

/// Whether the object is a pod or has a pod template.
pub(crate) fn has_pods(object: &Object) -> bool {
    !pod_specs(object).is_empty()
}

/// The JSON pointers of the containers of an object, in the order in which they are written.
pub(crate) fn containers(object: &Object) -> Vec<String> {
    let mut found = Vec::new();
    for pointer in pod_specs(object) {
        let Some(Value::Object(spec)) = object.value.pointer(&pointer) else { continue };
        for (key, list) in spec {
            if let (true, Value::Array(list)) = (LISTS.contains(&key.as_str()), list) {
                found.extend((0..list.len()).map(|at| format!("{pointer}/{key}/{at}")));
            }
        }
    }
    found
}

/// The JSON pointers of the specifications of pods: that of a pod itself, and that of every template, wherever a kind has it:
/// `/spec/template/spec`, `/spec/jobTemplate/spec/template/spec`, `/spec/jobTargetRef/template/spec`.
pub(crate) fn pod_specs(object: &Object) -> Vec<String> {
    if object.name.group.is_empty() && object.name.kind == "Pod" {
        return vec!["/spec".to_owned()];
    }
    let mut found = Vec::new();
    search(&object.value, &mut String::new(), &mut found);
    found
}

fn search(value: &Value, pointer: &mut String, found: &mut Vec<String>) {
    let length = pointer.len();
    let mut inside = |key: &str, value: &Value| {
        pointer.push('/');
        pointer.push_str(&escaped(key));
        if key.eq_ignore_ascii_case("template") || key.ends_with("Template") {
            // A pod's specification always has the list; the one of a job's template has another template.
            if value.pointer("/spec/containers").is_some_and(Value::is_array) {
                found.push(format!("{pointer}/spec"));
            }
        }
        search(value, pointer, found);
        pointer.truncate(length);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| inside(key, value)),
        Value::Array(list) => list.iter().enumerate().for_each(|(at, value)| inside(&at.to_string(), value)),
        _ => {}
    }
}
