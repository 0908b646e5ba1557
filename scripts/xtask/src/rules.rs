//! What a task's table must obey so that the packer accepts it, the editors show it well and the agent runs it. The
//! platform checks little of this itself, and late: an input whose rule names a misspelt input just never shows.

use std::collections::HashMap;

use slipway_agent::spec::{InputKind, InputSpec, TaskSpec};

/// Every breach in all tasks, each with its place.
pub(crate) fn breaches(tasks: &[&TaskSpec]) -> Vec<String> {
    let mut found = Vec::new();
    for task in tasks {
        found.extend(task_breaches(task).into_iter().map(|breach| format!("{}: {breach}", task.folder)));
    }
    duplicates(&mut found, "id", tasks.iter().map(|task| task.id));
    duplicates(&mut found, "name", tasks.iter().map(|task| task.name));
    duplicates(&mut found, "folder", tasks.iter().map(|task| task.folder));
    found
}

fn task_breaches(task: &TaskSpec) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |holds: bool, breach: String| {
        if !holds {
            found.push(breach);
        }
    };
    check(is_guid(task.id), format!("id `{}` is not a GUID in lower case", task.id));
    check(
        is_made_of(task.name, |c| c.is_ascii_alphanumeric() || c == '-'),
        format!("name `{}` has characters other than A-Z, a-z, 0-9 and -", task.name),
    );
    check(
        is_made_of(task.folder, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
        format!("folder `{}` is not kebab-case", task.folder),
    );
    let length = task.friendly_name.chars().count();
    check((1..=40).contains(&length), format!("friendly_name has {length} characters, allowed are 1 to 40"));
    check(!task.description.is_empty(), "description is empty".into());
    check(!task.instance_name_format.is_empty(), "instance_name_format is empty".into());
    check(task.version.0 > 0, "version: a released task starts at major 1".into());
    for name in macros(task.instance_name_format) {
        check(task.inputs.iter().any(|input| input.name == name), format!("instance_name_format names `{name}`, which is not an input"));
    }
    for group in task.groups {
        check(task.inputs.iter().any(|input| input.group == Some(group.name)), format!("group `{}` has no input", group.name));
    }
    for source in task.data_sources {
        check(
            task.inputs.iter().any(|input| input.name == source.target && input.kind == InputKind::PickList),
            format!("data source: target `{}` is not a pick list", source.target),
        );
        check(
            task.inputs.iter().any(|input| input.name == source.connection && matches!(input.kind, InputKind::ConnectedService(_))),
            format!("data source: `{}` is not a service connection", source.connection),
        );
    }
    for output in task.output_variables {
        check(is_name(output.name), format!("output variable `{}` is not a letter followed by letters and digits", output.name));
        check(!output.description.is_empty(), format!("output variable `{}` has no description", output.name));
    }
    duplicates(&mut found, "group", task.groups.iter().map(|group| group.name));
    duplicates(&mut found, "output variable", task.output_variables.iter().map(|output| output.name));
    // INPUT_<NAME> is in upper case.
    duplicates(&mut found, "input or alias", task.inputs.iter().flat_map(|input| std::iter::once(&input.name).chain(input.aliases)));
    for input in task.inputs {
        found.extend(input_breaches(task, input).into_iter().map(|breach| format!("input `{}`: {breach}", input.name)));
    }
    found
}

fn input_breaches(task: &TaskSpec, input: &InputSpec) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |holds: bool, breach: String| {
        if !holds {
            found.push(breach);
        }
    };
    for name in std::iter::once(&input.name).chain(input.aliases) {
        check(is_name(name), format!("`{name}` is not a letter followed by letters and digits"));
    }
    check(!input.label.is_empty(), "no label".into());
    check(!input.help.is_empty(), "no help".into());
    if let Some(group) = input.group {
        check(task.groups.iter().any(|known| known.name == group), format!("group `{group}` is not declared"));
    }
    let editable = input.properties.contains(&("EditableOptions", "True"));
    let filled = task.data_sources.iter().any(|source| source.target == input.name);
    match input.kind {
        InputKind::PickList | InputKind::Radio => {
            check(!input.options.is_empty() || filled, "no options and no data source".into());
            check(!filled || editable, "a data source fills it, so it needs EditableOptions = True (the query may be blocked)".into());
            let known = input.default.is_empty() || editable || input.options.iter().any(|(value, _)| *value == input.default);
            check(known, format!("default `{}` is not one of the options", input.default));
        }
        _ => check(input.options.is_empty(), "only pick lists and radio groups have options".into()),
    }
    match input.kind {
        InputKind::Boolean => check(matches!(input.default, "true" | "false"), "a boolean needs the default `true` or `false`".into()),
        InputKind::Int => check(
            input.default.is_empty() || input.default.parse::<i64>().is_ok(),
            format!("default `{}` is not a whole number", input.default),
        ),
        _ => {}
    }
    for (property, _) in input.properties {
        check(PROPERTIES.contains(property), format!("property `{property}` is unknown to the editors"));
    }
    if let Some(rule) = input.visible_rule {
        found.extend(rule_breaches(task, input, rule).into_iter().map(|breach| format!("visible_rule `{rule}`: {breach}")));
    }
    found
}

/// Properties of an input's control (the schema's list).
const PROPERTIES: &[&str] = &[
    "EditableOptions",
    "MultiSelect",
    "MultiSelectFlatList",
    "DisableManageLink",
    "IsSearchable",
    "PopulateDefaultValue",
    "isVariableOrNonNegativeNumber",
    "resizable",
    "rows",
    "maxLength",
    "editorExtension",
    "EndpointFilterRule",
];

fn rule_breaches(task: &TaskSpec, input: &InputSpec, rule: &str) -> Vec<String> {
    let mut found = Vec::new();
    for term in rule.split("&&").flat_map(|part| part.split("||")).map(str::trim) {
        let mut words = term.splitn(3, ' ');
        let (Some(name), Some(operator), Some(value)) = (words.next(), words.next(), words.next()) else {
            found.push(format!("`{term}` is not `input operator value`"));
            continue;
        };
        if !["=", "==", "!=", "in", "notIn", "contains", "notContains", "endsWith", "NotEndsWith", "startsWith", "NotStartsWith"]
            .contains(&operator)
        {
            found.push(format!("`{operator}` is not an operator"));
        }
        let Some(other) = task.inputs.iter().find(|other| other.name == name) else {
            found.push(format!("`{name}` is not an input"));
            continue;
        };
        if other.group != input.group {
            found.push(format!("`{name}` is in another group; the classic editor shows the input only when both are in one"));
        }
        let values = match other.kind {
            InputKind::Boolean => vec!["true", "false"],
            _ => other.options.iter().map(|(value, _)| *value).collect(),
        };
        if matches!(operator, "=" | "==" | "!=") && !values.is_empty() && !values.contains(&value.trim()) {
            found.push(format!("`{name}` never is `{value}`"));
        }
    }
    found
}

fn duplicates(found: &mut Vec<String>, what: &str, names: impl Iterator<Item = impl AsRef<str>>) {
    let mut seen = HashMap::new();
    for name in names {
        let count = seen.entry(name.as_ref().to_uppercase()).or_insert(0);
        *count += 1;
        if *count == 2 {
            found.push(format!("{what} `{}` is there twice", name.as_ref()));
        }
    }
}

/// The names in `$(name)`.
fn macros(text: &str) -> impl Iterator<Item = &str> {
    text.split("$(").skip(1).filter_map(|rest| rest.split_once(')').map(|(name, _)| name))
}

fn is_made_of(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(allowed)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && is_made_of(text, |c| c.is_ascii_alphanumeric())
}

fn is_guid(text: &str) -> bool {
    let parts: Vec<_> = text.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| is_made_of(part, |c| matches!(c, '0'..='9' | 'a'..='f')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SAMPLE;
    use slipway_agent::spec::{DataSource, GroupSpec, OutputVariableSpec};

    #[test]
    fn the_sample_obeys() {
        assert_eq!(breaches(&[&SAMPLE]), Vec::<String>::new());
    }

    #[test]
    fn our_tasks_obey() {
        assert_eq!(breaches(crate::TASKS), Vec::<String>::new());
    }

    fn only_breach(task: &TaskSpec, expected: &str) {
        assert_eq!(breaches(&[task]), [format!("boat-paint: {expected}")]);
    }

    #[test]
    fn each_breach_of_a_task_is_named() {
        let task = || TaskSpec { ..SAMPLE };
        only_breach(
            &TaskSpec { id: "5AD0F1F4-5c9c-4e0a-9d1c-3f2b8e7a6c5d", ..task() },
            "id `5AD0F1F4-5c9c-4e0a-9d1c-3f2b8e7a6c5d` is not a GUID in lower case",
        );
        only_breach(&TaskSpec { name: "Boat_Paint", ..task() }, "name `Boat_Paint` has characters other than A-Z, a-z, 0-9 and -");
        only_breach(
            &TaskSpec { friendly_name: "x234567890123456789012345678901234567890y", ..task() },
            "friendly_name has 41 characters, allowed are 1 to 40",
        );
        only_breach(&TaskSpec { friendly_name: "", ..task() }, "friendly_name has 0 characters, allowed are 1 to 40");
        only_breach(&TaskSpec { description: "", ..task() }, "description is empty");
        only_breach(&TaskSpec { instance_name_format: "", ..task() }, "instance_name_format is empty");
        only_breach(
            &TaskSpec { instance_name_format: "Paint $(boot)", ..task() },
            "instance_name_format names `boot`, which is not an input",
        );
        only_breach(&TaskSpec { version: (0, 1, 0), ..task() }, "version: a released task starts at major 1");
        const OUTPUT: OutputVariableSpec = OutputVariableSpec { name: "colour", description: "c" };
        only_breach(&TaskSpec { output_variables: &[OUTPUT, OUTPUT], ..task() }, "output variable `colour` is there twice");
        only_breach(
            &TaskSpec { output_variables: &[OutputVariableSpec { name: "the-colour", description: "c" }], ..task() },
            "output variable `the-colour` is not a letter followed by letters and digits",
        );
        const GROUP: GroupSpec = GroupSpec { name: "finish", display_name: "F", is_expanded: true };
        only_breach(&TaskSpec { groups: &[GROUP, GroupSpec { name: "unused", ..GROUP }], ..task() }, "group `unused` has no input");
    }

    #[test]
    fn each_breach_of_a_data_source_is_named() {
        const SOURCE: DataSource =
            DataSource { target: "boat", connection: "connection", endpoint_url: "u", result_selector: "s", result_template: "t" };
        const NOTES: DataSource = DataSource { target: "notes", ..SOURCE };
        const BOAT: DataSource = DataSource { connection: "boat", ..SOURCE };
        only_breach(&TaskSpec { data_sources: &[SOURCE, NOTES], ..SAMPLE }, "data source: target `notes` is not a pick list");
        only_breach(&TaskSpec { data_sources: &[BOAT], ..SAMPLE }, "data source: `boat` is not a service connection");
    }

    #[test]
    fn tasks_differ() {
        let found = breaches(&[&SAMPLE, &TaskSpec { folder: "Boat-Paint", ..SAMPLE }]);
        let expected = [
            "Boat-Paint: folder `Boat-Paint` is not kebab-case",
            "id `5ad0f1f4-5c9c-4e0a-9d1c-3f2b8e7a6c5d` is there twice",
            "name `BoatPaint` is there twice",
            "folder `Boat-Paint` is there twice",
        ];
        assert_eq!(found, expected);
    }

    fn breaches_of_input(input: InputSpec) -> Vec<String> {
        const FINISH: InputSpec = InputSpec {
            name: "finish",
            label: "F",
            help: "h",
            kind: InputKind::PickList,
            options: &[("matt", "M")],
            group: Some("finish"),
            ..InputSpec::DEFAULT
        };
        let inputs: &'static [InputSpec] = Box::leak(Box::new([input, FINISH]));
        breaches(&[&TaskSpec { inputs, data_sources: &[], instance_name_format: "Paint", ..SAMPLE }])
    }

    #[test]
    fn each_breach_of_an_input_is_named() {
        let input = || InputSpec { name: "it", label: "It", help: "h", ..InputSpec::DEFAULT };
        let only = |input: InputSpec, expected: &str| {
            let name = input.name;
            assert_eq!(breaches_of_input(input), [format!("boat-paint: input `{name}`: {expected}")]);
        };
        assert_eq!(breaches_of_input(input()), Vec::<String>::new(), "control");
        only(InputSpec { name: "2nd", ..input() }, "`2nd` is not a letter followed by letters and digits");
        only(InputSpec { aliases: &["the_it"], ..input() }, "`the_it` is not a letter followed by letters and digits");
        only(InputSpec { label: "", ..input() }, "no label");
        only(InputSpec { help: "", ..input() }, "no help");
        only(InputSpec { group: Some("sails"), ..input() }, "group `sails` is not declared");
        only(InputSpec { kind: InputKind::Radio, ..input() }, "no options and no data source");
        only(
            InputSpec { kind: InputKind::Radio, options: &[("a", "A")], default: "b", ..input() },
            "default `b` is not one of the options",
        );
        only(InputSpec { options: &[("a", "A")], ..input() }, "only pick lists and radio groups have options");
        only(InputSpec { kind: InputKind::Boolean, ..input() }, "a boolean needs the default `true` or `false`");
        only(InputSpec { kind: InputKind::Int, default: "two", ..input() }, "default `two` is not a whole number");
        only(InputSpec { properties: &[("Rows", "3")], ..input() }, "property `Rows` is unknown to the editors");
        let ruled = |rule| InputSpec { visible_rule: Some(rule), group: Some("finish"), ..input() };
        assert_eq!(breaches_of_input(ruled("finish = matt && finish != matt")), Vec::<String>::new(), "control");
        only(ruled("finish"), "visible_rule `finish`: `finish` is not `input operator value`");
        only(ruled("finish ~ matt"), "visible_rule `finish ~ matt`: `~` is not an operator");
        only(ruled("fnish = matt"), "visible_rule `fnish = matt`: `fnish` is not an input");
        only(ruled("finish = mat"), "visible_rule `finish = mat`: `finish` never is `mat`");
        only(
            InputSpec { group: None, ..ruled("finish = matt") },
            "visible_rule `finish = matt`: `finish` is in another group; the classic editor shows the input only when both are in one",
        );
        assert_eq!(breaches_of_input(InputSpec { name: "FINISH", ..input() }), ["boat-paint: input or alias `finish` is there twice"]);
    }

    #[test]
    fn a_list_that_a_query_fills_is_editable() {
        const CONNECTION: InputSpec =
            InputSpec { name: "connection", label: "C", help: "h", kind: InputKind::ConnectedService("AzureRM"), ..InputSpec::DEFAULT };
        const BOAT: InputSpec = InputSpec { name: "boat", label: "B", help: "h", kind: InputKind::PickList, ..InputSpec::DEFAULT };
        only_breach(
            &TaskSpec { inputs: &[CONNECTION, BOAT], groups: &[], ..SAMPLE },
            "input `boat`: a data source fills it, so it needs EditableOptions = True (the query may be blocked)",
        );
    }
}
