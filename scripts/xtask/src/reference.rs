//! The reference part of a task's page in docs/tasks: everything that the SPEC table says, as Markdown.

use std::fmt::Write;

use slipway_agent::spec::{InputKind, InputSpec, TaskSpec};

use crate::task_json::MINIMUM_AGENT_VERSION;

const START: &str = "<!-- reference: generated from the task's table by `cargo run -p xtask -- generate` -->";
const END: &str = "<!-- end of reference -->";

/// The page with its reference part renewed; a new page if there is none. Fails when the marks are missing.
pub(crate) fn renew(page: Option<&str>, spec: &TaskSpec) -> Result<String, String> {
    let part = format!("{START}\n\n{}\n{END}", render(spec));
    let Some(page) = page else {
        return Ok(format!("# {}\n\n{}\n\n{part}\n", title(spec), spec.description));
    };
    let marks = page.split_once(START).and_then(|(before, rest)| rest.split_once(END).map(|(_, after)| (before, after)));
    match marks {
        Some((before, after)) => Ok(format!("{before}{part}{after}")),
        None => Err(format!("the marks of the reference part are missing; where it belongs, add the lines `{START}` and `{END}`")),
    }
}

fn title(spec: &TaskSpec) -> String {
    format!("`{}@{}`: {}", spec.name, spec.version.0, spec.friendly_name)
}

fn render(spec: &TaskSpec) -> String {
    let mut text = format!("## Syntax\n\n{}\n## Inputs\n\n", syntax(spec));
    text.push_str("| input | value | default | what it is |\n|---|---|---|---|\n");
    for input in spec.inputs {
        let _ =
            writeln!(text, "| {} | {} | {} | {} |", names(input), cell(&nature(input)), default(input), cell(&description(spec, input)));
    }
    if !spec.output_variables.is_empty() {
        text.push_str("\n## Output variables\n\nGive the step a `name:`; later steps then read `$(name.variable)`.\n\n| variable | what it holds |\n|---|---|\n");
        for output in spec.output_variables {
            let _ = writeln!(text, "| `{}` | {} |", output.name, cell(output.description));
        }
    }
    let _ = write!(
        text,
        "\n## Runs on\n\nAgents {MINIMUM_AGENT_VERSION} and newer, in build and release pipelines and on deployment groups. {}\n",
        settable(spec.settable_variables)
    );
    text
}

fn settable(patterns: &[&str]) -> String {
    match patterns {
        [] => "The task sets no variables.".into(),
        ["*"] => "The task may set any variable: their names are yours to choose.".into(),
        _ => format!("The task may set only these variables (`*` stands for anything): {}.", list(patterns.iter().copied())),
    }
}

/// A step with every input: those that are needed as they are, the others commented out.
fn syntax(spec: &TaskSpec) -> String {
    let mut text = format!("```yaml\n- task: {}@{}\n  inputs:\n", spec.name, spec.version.0);
    for input in spec.inputs {
        let name = input.name;
        let line = match (input.default, input.kind) {
            ("", InputKind::MultiLine) => format!("{name}: |"),
            ("", _) => format!("{name}:"),
            // Text that YAML would take for something else.
            (value, _) if value.contains(|c: char| ":#{}[],&*!|>'\"%@`\n".contains(c)) => {
                format!("{name}: '{}'", value.replace('\'', "''").replace('\n', " "))
            }
            (value, _) => format!("{name}: {value}"),
        };
        let optional = if input.required && input.default.is_empty() { "" } else { "# " };
        let _ = writeln!(text, "    {optional}{line}");
    }
    text.push_str("```\n");
    text
}

fn names(input: &InputSpec) -> String {
    let aliases = input.aliases.iter().map(|alias| format!(" or `{alias}`")).collect::<String>();
    format!("`{}`{aliases}", input.name)
}

fn nature(input: &InputSpec) -> String {
    let kind = match input.kind {
        InputKind::String => "text".to_owned(),
        InputKind::Boolean => "`true` or `false`".to_owned(),
        InputKind::Int => "whole number".to_owned(),
        InputKind::FilePath => "path".to_owned(),
        InputKind::MultiLine => "lines of text".to_owned(),
        InputKind::PickList | InputKind::Radio if input.options.is_empty() => "text".to_owned(),
        InputKind::PickList | InputKind::Radio => list(input.options.iter().map(|(value, _)| *value)),
        InputKind::SecureFile => "secure file".to_owned(),
        InputKind::Identities => "users or groups".to_owned(),
        InputKind::QueryControl => "work item query".to_owned(),
        InputKind::ConnectedService(connection) => format!("service connection ({})", connection.split(':').next().unwrap_or(connection)),
    };
    if input.required { format!("{kind}, **required**") } else { kind }
}

fn default(input: &InputSpec) -> String {
    if input.default.is_empty() { String::new() } else { format!("`{}`", cell(input.default)) }
}

fn description(spec: &TaskSpec, input: &InputSpec) -> String {
    let mut text = format!("{}: {}", input.label, input.help);
    if let Some(rule) = input.visible_rule {
        let _ = write!(text, " Used when `{rule}`.");
    }
    let group = input.group.and_then(|name| spec.groups.iter().find(|group| group.name == name));
    if let Some(group) = group {
        let _ = write!(text, " (In the form: *{}*.)", group.display_name);
    }
    text
}

fn list<'a>(values: impl Iterator<Item = &'a str>) -> String {
    values.map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
}

/// Text within one cell of a table.
fn cell(text: &str) -> String {
    text.trim().replace("\n\n", "<br>").replace('\n', " ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SAMPLE;

    #[test]
    fn a_new_page() {
        assert_eq!(renew(None, &SAMPLE).unwrap(), include_str!("sample/reference.md"));
    }

    #[test]
    fn what_people_wrote_stays() {
        let page = format!("# My title\n\nGuide.\n\n{START}\nold\n{END}\n\n## Examples\n");
        let renewed = renew(Some(&page), &SAMPLE).unwrap();
        assert!(renewed.starts_with("# My title\n\nGuide.\n\n<!-- reference"), "{renewed}");
        assert!(renewed.ends_with("<!-- end of reference -->\n\n## Examples\n"), "{renewed}");
        assert!(page.contains("\nold\n") && !renewed.contains("\nold\n"), "{renewed}");
        assert_eq!(renew(Some(&renewed), &SAMPLE).unwrap(), renewed, "a second time changes nothing");
    }

    #[test]
    fn a_page_without_marks_is_not_guessed_at() {
        let refusal = renew(Some("# My title\n"), &SAMPLE).unwrap_err();
        assert!(refusal.starts_with("the marks of the reference part are missing"), "{refusal}");
    }
}
