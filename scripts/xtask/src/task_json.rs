//! `task.json`: what the Marketplace, the editors and the agent read (facts: schema, handlers, restrictions).

use serde_json::{Map, Value, json};
use slipway_agent::spec::{Category, InputKind, InputSpec, TaskSpec};

/// The oldest agent that has the handler `Node20_1` and that Azure DevOps Server 2022 ships.
pub(crate) const MINIMUM_AGENT_VERSION: &str = "3.232.1";

/// The text of the file, with a line end.
pub(crate) fn render(spec: &TaskSpec) -> String {
    format!("{:#}\n", value(spec))
}

fn value(spec: &TaskSpec) -> Value {
    let (major, minor, patch) = spec.version;
    let mut task = object(json!({
        "$schema": "https://raw.githubusercontent.com/Microsoft/azure-pipelines-task-lib/master/tasks.schema.json",
        "id": spec.id,
        "name": spec.name,
        "friendlyName": spec.friendly_name,
        "description": spec.description,
        "helpMarkDown": spec.help_markdown,
        "author": "Slipway",
        "category": category(spec.category),
        "visibility": ["Build", "Release"],
        "runsOn": ["Agent", "DeploymentGroup"],
        "version": { "Major": major, "Minor": minor, "Patch": patch },
        "releaseNotes": spec.release_notes,
        "minimumAgentVersion": MINIMUM_AGENT_VERSION,
        "instanceNameFormat": spec.instance_name_format,
        // Summary and attachments need `any`; what may be set is what the task declares.
        "restrictions": { "commands": { "mode": "any" }, "settableVariables": { "allowed": spec.settable_variables } },
    }));
    let groups =
        spec.groups.iter().map(|group| json!({ "name": group.name, "displayName": group.display_name, "isExpanded": group.is_expanded }));
    put_unless_empty(&mut task, "groups", groups.collect());
    task.insert("inputs".into(), spec.inputs.iter().map(input).collect());
    let bindings = spec.data_sources.iter().map(|source| {
        json!({
            "target": source.target,
            "endpointId": format!("$({})", source.connection),
            "endpointUrl": source.endpoint_url,
            "resultSelector": source.result_selector,
            "resultTemplate": source.result_template,
        })
    });
    put_unless_empty(&mut task, "dataSourceBindings", bindings.collect());
    let outputs = spec.output_variables.iter().map(|output| json!({ "name": output.name, "description": output.description }));
    put_unless_empty(&mut task, "outputVariables", outputs.collect());
    // Both handlers, so that agents old and new take the newest that they have; no end-of-life Node.
    let launcher = json!({ "target": "launch.js" });
    task.insert("execution".into(), json!({ "Node20_1": launcher, "Node24": launcher }));
    Value::Object(task)
}

fn input(input: &InputSpec) -> Value {
    let mut entry = Map::new();
    entry.insert("name".into(), input.name.into());
    if !input.aliases.is_empty() {
        entry.insert("aliases".into(), json!(input.aliases));
    }
    entry.insert("label".into(), input.label.into());
    entry.insert("type".into(), kind(input.kind).into());
    if !input.default.is_empty() {
        entry.insert("defaultValue".into(), input.default.into());
    }
    entry.insert("required".into(), input.required.into());
    if let Some(group) = input.group {
        entry.insert("groupName".into(), group.into());
    }
    if let Some(rule) = input.visible_rule {
        entry.insert("visibleRule".into(), rule.into());
    }
    entry.insert("helpMarkDown".into(), input.help.into());
    put_pairs(&mut entry, "options", input.options);
    put_pairs(&mut entry, "properties", input.properties);
    Value::Object(entry)
}

/// The `type` of an input, as task.json spells it.
pub(crate) fn kind(kind: InputKind) -> String {
    match kind {
        InputKind::String => "string",
        InputKind::Boolean => "boolean",
        InputKind::Int => "int",
        InputKind::FilePath => "filePath",
        InputKind::MultiLine => "multiLine",
        InputKind::PickList => "pickList",
        InputKind::Radio => "radio",
        InputKind::SecureFile => "secureFile",
        InputKind::Identities => "identities",
        InputKind::QueryControl => "querycontrol",
        InputKind::ConnectedService(connection) => return format!("connectedService:{connection}"),
    }
    .to_owned()
}

fn category(category: Category) -> &'static str {
    match category {
        Category::Build => "Build",
        Category::Deploy => "Deploy",
        Category::Test => "Test",
        Category::Utility => "Utility",
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

fn put_unless_empty(map: &mut Map<String, Value>, key: &str, values: Vec<Value>) {
    if !values.is_empty() {
        map.insert(key.to_owned(), Value::Array(values));
    }
}

fn put_pairs(map: &mut Map<String, Value>, key: &str, pairs: &[(&str, &str)]) {
    if !pairs.is_empty() {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
        map.insert(key.to_owned(), Value::Object(pairs.collect()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SAMPLE;

    #[test]
    fn the_whole_file() {
        assert_eq!(render(&SAMPLE), include_str!("sample/task.json"));
    }

    #[test]
    fn a_task_without_groups_and_outputs_has_no_empty_keys() {
        let task = value(&TaskSpec { groups: &[], output_variables: &[], data_sources: &[], inputs: &[], ..SAMPLE });
        for key in ["groups", "outputVariables", "dataSourceBindings"] {
            assert!(task.get(key).is_none(), "{key}");
        }
        assert_eq!(task["inputs"], json!([]), "the schema wants this one");
    }

    #[test]
    fn every_kind_of_input_has_its_name() {
        assert_eq!(
            kind(InputKind::ConnectedService("AzureRM:WorkloadIdentityFederation")),
            "connectedService:AzureRM:WorkloadIdentityFederation"
        );
        assert_eq!(kind(InputKind::QueryControl), "querycontrol");
    }
}
