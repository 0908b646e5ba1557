//! Logging commands: every command of the agent that a task can send, with exact escaping
//! (facts/azure-pipelines-tasks.md 6.1 to 6.5). [`Reporter::send`](crate::Reporter::send) sends one.
//!
//! Where a step restricts commands (`target: {commands: restricted}`), the agent refuses some of them with a warning
//! ([`Command::is_restricted`]). A task cannot see that, so whoever sends such a command has first written the file that
//! it names, and says where it is.

pub mod artifact;
pub mod build;
pub mod results;
pub mod task;

use std::borrow::Cow;
use std::fmt;

/// How `%` travels. The job variable `DECODE_PERCENTS=false` switches the decoding of `%AZP25` off; then a `%` is sent
/// as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Escaping {
    /// `%` is sent as `%AZP25`.
    #[default]
    Percents,
    /// `%` is sent as it is. A value in which `%3B`, `%0D`, `%0A` or `%5D` stand literally cannot be sent intact.
    NoPercents,
}

/// One logging command.
#[derive(Clone, PartialEq, Eq)]
pub struct Command {
    name: &'static str,
    properties: Vec<(Cow<'static, str>, String)>,
    data: String,
}

impl Escaping {
    /// Whether the agent gets `value` as it is.
    pub fn carries(self, value: &str) -> bool {
        self == Self::Percents || !["%3B", "%0D", "%0A", "%5D"].iter().any(|escape| value.contains(escape))
    }
}

impl Command {
    pub(crate) fn new(name: &'static str, data: impl Into<String>) -> Self {
        Self { name, properties: Vec::new(), data: data.into() }
    }

    /// Adds a property, also one that the constructor does not know (`done` of `task.complete`, keys of one's own in
    /// `task.logissue`, the test plan of `results.publish`). The agent drops empty values, so they are not sent.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        let value = value.into();
        if !value.is_empty() {
            self.properties.push((key.into(), value));
        }
        self
    }

    pub(crate) fn with_if(self, condition: bool, key: &'static str, value: &str) -> Self {
        if condition { self.with(key, value) } else { self }
    }

    /// `task.setvariable`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the agent refuses this command where commands are restricted (2.5).
    pub fn is_restricted(&self) -> bool {
        const ALLOWED: &[&str] = &[
            "task.logdetail",
            "task.logissue",
            "task.complete",
            "task.setprogress",
            "task.setsecret",
            "task.setvariable",
            "task.debug",
            "task.settaskvariable",
            "task.prependpath",
            "telemetry.publish",
        ];
        !ALLOWED.contains(&self.name)
    }

    /// The line that the agent reads.
    pub fn render(&self, escaping: Escaping) -> String {
        let mut line = format!("##vso[{}", self.name);
        if !self.properties.is_empty() {
            line.push(' ');
            for (key, value) in &self.properties {
                line.push_str(key);
                line.push('=');
                line.push_str(&escape_property(value, escaping));
                line.push(';');
            }
        }
        line.push(']');
        line.push_str(&escape_data(&self.data, escaping));
        line
    }
}

impl fmt::Debug for Command {
    /// The name only: properties and data may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Data of a command. The agent decodes `%3B` and `%5D` in data as well, but `;` and `]` need no escape there; a literal
/// `%3B` is safe because its `%` is escaped.
fn escape_data(text: &str, escaping: Escaping) -> String {
    escape_percent(text, escaping).replace('\r', "%0D").replace('\n', "%0A")
}

fn escape_property(text: &str, escaping: Escaping) -> String {
    escape_data(text, escaping).replace(';', "%3B").replace(']', "%5D")
}

fn escape_percent(text: &str, escaping: Escaping) -> Cow<'_, str> {
    match escaping {
        Escaping::Percents => Cow::Owned(text.replace('%', "%AZP25")),
        Escaping::NoPercents => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the agent does to properties and data alike: the order matters (6.2).
    fn agent_decodes(text: &str) -> String {
        text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]").replace("%AZP25", "%")
    }

    #[test]
    fn values_survive_the_agent_s_decoding() {
        for value in
            ["plain", "50%", "a;b]c", "line\r\nbreak", "%3B %0D %0A %5D %AZP25 %25", "%%AZP25", "]##vso[x]", "ünï→", "=;=", " blank "]
        {
            assert_eq!(agent_decodes(&escape_data(value, Escaping::Percents)), value);
            let property = escape_property(value, Escaping::Percents);
            assert_eq!(agent_decodes(&property), value);
            assert!(!property.contains([';', ']', '\r', '\n']), "{property}");
        }
    }

    #[test]
    fn escapes_are_exact() {
        assert_eq!(escape_property("a%b;c]d\r\n", Escaping::Percents), "a%AZP25b%3Bc%5Dd%0D%0A");
        assert_eq!(escape_data("a%b;c]d\r\n", Escaping::Percents), "a%AZP25b;c]d%0D%0A");
        assert_eq!(escape_data("50%\n", Escaping::NoPercents), "50%%0A");
    }

    #[test]
    fn what_the_agent_would_change_is_known() {
        let decodes = |text: &str| text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
        for value in ["50%", "a%3Bb", "%0D", "x%0A", "%5D", "%3b", "%25", "%AZP25", ";]"] {
            assert!(Escaping::Percents.carries(value));
            let survives = decodes(&escape_data(value, Escaping::NoPercents)) == value;
            assert_eq!(Escaping::NoPercents.carries(value), survives, "{value}");
        }
    }

    #[test]
    fn a_command_without_properties_has_no_blank() {
        assert_eq!(Command::new("task.debug", "x").render(Escaping::Percents), "##vso[task.debug]x");
        let command = Command::new("task.setvariable", "v").with("variable", "a;b").with("isoutput", "");
        assert_eq!(command.render(Escaping::Percents), "##vso[task.setvariable variable=a%3Bb;]v");
    }

    #[test]
    fn restricted_commands_are_known() {
        for (command, expected) in [
            (task::set_secret("x"), false),
            (task::complete(task::TaskResult::Failed, ""), false),
            (task::upload_summary("x".as_ref()), true),
            (task::add_attachment("a", "b", "c".as_ref()), true),
            (task::set_endpoint("i", task::EndpointField::Url, "x"), true),
            (build::add_build_tag("x"), true),
            (artifact::upload("a", "", "x".as_ref()), true),
            (task::publish_telemetry("a", "b", "{}"), false),
        ] {
            assert_eq!(command.is_restricted(), expected, "{}", command.name());
        }
    }

    #[test]
    fn debug_shows_no_value() {
        let command = Command::new("task.setsecret", "planted").with("key", "planted");
        assert!(command.render(Escaping::Percents).contains("planted"));
        assert!(!format!("{command:?}").contains("planted"));
    }
}
