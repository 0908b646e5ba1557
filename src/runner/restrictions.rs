use slipway_pipelines::{StepTarget, TaskDefinition};

use crate::glob;

/// What limits the commands of a step: its task's `restrictions` and its own `target` are two of these, and each must
/// allow (facts/azure-pipelines-tasks.md 2.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restrictions {
    restricted_commands: bool,
    /// Absent: all.
    settable_variables: Option<Vec<String>>,
}

/// Commands that a restricted step may use.
const ALLOWED: &[&str] =
    &["logdetail", "logissue", "issue", "complete", "setprogress", "setsecret", "setvariable", "debug", "settaskvariable", "prependpath"];

impl Restrictions {
    /// `restrictions` of task.json.
    pub(crate) fn of_task(definition: &TaskDefinition) -> Self {
        let Some(restrictions) = &definition.restrictions else { return Self::default() };
        let mode = restrictions.pointer("/commands/mode").and_then(serde_json::Value::as_str).unwrap_or_default();
        let allowed = restrictions.pointer("/settableVariables/allowed").and_then(serde_json::Value::as_array);
        Self {
            restricted_commands: mode.eq_ignore_ascii_case("restricted"),
            settable_variables: allowed.map(|patterns| patterns.iter().filter_map(|pattern| pattern.as_str().map(str::to_owned)).collect()),
        }
    }

    /// `target:` of a step.
    pub(crate) fn of_target(target: &StepTarget) -> Self {
        Self { restricted_commands: target.restricted_commands, settable_variables: target.settable_variables.clone() }
    }

    pub(crate) fn allow_command(&self, area: &str, event: &str) -> bool {
        !self.restricted_commands
            || (area.eq_ignore_ascii_case("task") && ALLOWED.iter().any(|allowed| allowed.eq_ignore_ascii_case(event)))
            || (area.eq_ignore_ascii_case("telemetry") && event.eq_ignore_ascii_case("publish"))
    }

    pub(crate) fn allow_variable(&self, name: &str) -> bool {
        self.settable_variables.as_ref().is_none_or(|patterns| patterns.iter().any(|pattern| glob::matches(pattern, name, true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: serde_json::Value) -> Restrictions {
        Restrictions::of_task(
            &serde_json::from_value(
                serde_json::json!({"id": "", "name": "", "version": {"Major": 1, "Minor": 0, "Patch": 0}, "restrictions": json}),
            )
            .unwrap(),
        )
    }

    #[test]
    fn without_restrictions_all_is_allowed() {
        let none = Restrictions::default();
        assert!(none.allow_command("artifact", "upload") && none.allow_variable("any"));
        assert_eq!(of(serde_json::json!(null)), none);
    }

    #[test]
    fn restricted_commands() {
        let restricted = of(serde_json::json!({"commands": {"mode": "restricted"}}));
        for event in ["LogIssue", "issue", "setvariable", "prependpath", "complete"] {
            assert!(restricted.allow_command("task", event), "{event}");
        }
        for (area, event) in [
            ("task", "uploadsummary"),
            ("task", "addattachment"),
            ("task", "setendpoint"),
            ("artifact", "upload"),
            ("results", "publish"),
            ("build", "addbuildtag"),
        ] {
            assert!(!restricted.allow_command(area, event), "{event}");
        }
        assert!(restricted.allow_variable("any"));
    }

    #[test]
    fn settable_variables_are_patterns_without_case() {
        let some = of(serde_json::json!({"settableVariables": {"allowed": ["ok*", "PATH"]}}));
        assert!(some.allow_variable("OKAY") && some.allow_variable("path"));
        assert!(!some.allow_variable("other"));
        let none = Restrictions::of_target(&StepTarget { restricted_commands: false, settable_variables: Some(vec![]) });
        assert!(!none.allow_variable("ok"));
    }
}
