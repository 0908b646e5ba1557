/// A logging command, taken from a line as the agent does (facts/azure-pipelines-tasks.md 6.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// `task` of `##vso[task.setvariable ...]`.
    pub(crate) area: String,
    /// `setvariable`.
    pub(crate) event: String,
    /// Properties in order, unescaped. Keys are compared without case.
    properties: Vec<(String, String)>,
    /// The rest of the line, unescaped.
    pub(crate) data: String,
}

const PREFIX: &str = "##vso[";

/// Escapes in the order in which they are resolved; `%AZP25` comes last and only where percent signs are decoded.
const ESCAPES: &[(&str, &str)] = &[("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]")];

/// Resolves the escapes of `text`.
pub(crate) fn unescape(text: &str, decode_percents: bool) -> String {
    let text = ESCAPES.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain));
    if decode_percents { text.replace("%AZP25", "%") } else { text }
}

/// The inverse of [`unescape`].
pub(crate) fn escape(text: &str, decode_percents: bool) -> String {
    let text = if decode_percents { text.replace('%', "%AZP25") } else { text.to_owned() };
    ESCAPES.iter().fold(text, |text, (escaped, plain)| text.replace(plain, escaped))
}

impl Command {
    /// The command in `line`; anything before `##vso[` is dropped.
    pub(crate) fn parse(line: &str, decode_percents: bool) -> Option<Self> {
        let start = line.find(PREFIX)? + PREFIX.len();
        let end = start + line[start..].find(']')?;
        let (name, properties) = match line[start..end].split_once(' ') {
            Some((name, properties)) => (name, properties),
            None => (&line[start..end], ""),
        };
        let (area, event) = name.split_once('.').filter(|(_, event)| !event.contains('.'))?;
        let properties = properties
            .split(';')
            .filter_map(|property| property.split_once('='))
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), unescape(value, decode_percents)))
            .collect();
        Some(Self { area: area.to_owned(), event: event.to_owned(), properties, data: unescape(&line[end + 1..], decode_percents) })
    }

    /// The value of a property. (Empty values are dropped when parsing, so this is never an empty text.)
    pub(crate) fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().rev().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A property that .NET's `Boolean.TryParse` reads: `true` in any case, with white space around it. All else is false.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.property(name).is_some_and(|value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// Whether area and event are these, without case.
    pub(crate) fn is(&self, area: &str, event: &str) -> bool {
        self.area.eq_ignore_ascii_case(area) && self.event.eq_ignore_ascii_case(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Option<Command> {
        Command::parse(line, true)
    }

    #[test]
    fn a_command_may_begin_anywhere_in_a_line() {
        let command = parse("noise ##vso[task.setvariable variable=a;isSecret=true]va]lue").unwrap();
        assert!(command.is("Task", "SETVARIABLE"));
        assert_eq!(command.property("VARIABLE"), Some("a"));
        assert!(command.flag("issecret"));
        assert_eq!(command.data, "va]lue");
    }

    #[test]
    fn what_is_not_a_command() {
        for line in ["##vso[task.debug", "##vso[debug]x", "##vso[a.b.c]x", "##[error]x", "## vso[a.b]"] {
            assert_eq!(parse(line), None, "{line}");
        }
        assert!(parse("##vso[.]").is_some(), "positive control: two parts, both empty");
    }

    #[test]
    fn properties_are_split_at_the_first_equals_sign_and_empty_ones_dropped() {
        let command = parse("##vso[task.x a=b=c;d=;e;f = g]").unwrap();
        assert_eq!(command.property("a"), Some("b=c"));
        assert_eq!(command.property("d"), None);
        assert_eq!(command.property("e"), None);
        assert_eq!(command.property("f "), Some(" g"), "keys and values keep their spaces");
        assert_eq!(command.property("f"), None);
    }

    #[test]
    fn escapes_are_resolved_percent_last() {
        let command = parse("##vso[task.x a=1%3B2%5D3%AZP254]%0A%0D%3B%25%AZP253B").unwrap();
        assert_eq!(command.property("a"), Some("1;2]3%4"));
        assert_eq!(command.data, "\n\r;%25%3B");
        let undecoded = Command::parse("##vso[task.x]%AZP25%3B", false).unwrap();
        assert_eq!(undecoded.data, "%AZP25;");
    }

    #[test]
    fn escape_is_the_inverse_of_unescape() {
        let text = "%;\r\n]%3B%AZP25";
        assert_eq!(unescape(&escape(text, true), true), text);
        assert_eq!(escape("a%3B\n", true), "a%AZP253B%0A");
    }
}
