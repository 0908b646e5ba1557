//! The part of `slipway.local.yml` that says which environments need an approval.

use slipway_runner::{Environment, EnvironmentApproval};

use super::At;
use super::section::{Problems, Section, unique};

/// How long an approval is waited for where the file does not say, and at most: 30 days, as in Azure DevOps.
const TIMEOUT: u32 = 30 * 24 * 60;

/// What a name may not hold; no `.`, since that is where the name of a resource begins.
const FORBIDDEN: &str = "\\/:*?\"<>|.";

/// `environments`.
pub(super) fn read(root: &Section<'_>, problems: &mut Problems) -> Vec<Environment> {
    let mut names: Vec<At<String>> = Vec::new();
    let mut environments = Vec::new();
    for node in root.list("environments", problems) {
        let Some(section) = Section::of(node, "an environment", &["name", "approval"], problems) else { continue };
        let name = section.required_text("name", problems);
        let approval = section.has("approval").then(|| approval(&section, problems)).flatten();
        let Some(name) = name else { continue };
        let text = &name.value;
        if text.chars().count() > 128 || text.contains(|c: char| c.is_control() || FORBIDDEN.contains(c)) {
            problems.add(
                &name.place,
                format!("not a name that an environment can have: `{text}`"),
                "at most 128 characters; none of `\\`, `/`, `:`, `*`, `?`, `\"`, `<`, `>`, `|`, `.`",
            );
        }
        environments.push(Environment { name: text.clone(), approval });
        names.push(name);
    }
    unique(&names, "the environment", problems);
    environments
}

fn approval(environment: &Section<'_>, problems: &mut Problems) -> Option<EnvironmentApproval> {
    let Some(node) = environment.get("approval") else {
        let hint = "name its `approvers`, or leave it out: then none is needed";
        problems.add(environment.place, "`approval` of an environment is empty", hint);
        return None;
    };
    let section = Section::of(node, "an approval", &["approvers", "instructions", "timeoutInMinutes"], problems)?;
    let approvers: Vec<String> = section.texts("approvers", problems).into_iter().map(|name| name.value).collect();
    if approvers.is_empty() {
        problems.add(section.place, "an approval needs at least one of `approvers`", "for instance `approvers: [ada]`");
    }
    let timeout = section.text("timeoutInMinutes", problems).and_then(|text| match text.value.parse() {
        Ok(minutes @ 1..=TIMEOUT) => Some(minutes),
        _ => {
            let expected = format!("`timeoutInMinutes` of an approval must be a number from 1 to {TIMEOUT} (30 days)");
            problems.add(&text.place, format!("{expected}, found `{}`", text.value), "");
            None
        }
    });
    Some(EnvironmentApproval {
        approvers,
        instructions: section.text("instructions", problems).map(|text| text.value).unwrap_or_default(),
        timeout_in_minutes: timeout.unwrap_or(TIMEOUT),
    })
}
