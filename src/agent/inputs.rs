use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_secret::SecretSink;

use crate::connections::{AzureRmConnection, ConnectionProblem, DockerRegistryConnection, KubernetesConnection, SecureFile};
use crate::input_problem::error_of;
use crate::mapping::{self, MappingEntry};
use crate::spec::{InputSpec, TaskSpec};
use crate::{Checked, Env, InputProblem, RawInputs, TaskError, Valid, nearest};

/// Name of the input that limits the time of a task that has it.
pub const TIME_LIMIT: &str = "timeoutInMinutes";

/// The inputs of a task, typed: the second of two stages.
///
/// A getter never fails: it notes what is wrong, and [`Inputs::finish`] reports all of it at once. An input that its
/// `visible_rule` hides has its default, whatever the agent sent: `required` and `visibleRule` bind the editors only.
pub struct Inputs<'a> {
    spec: &'static TaskSpec,
    raw: RawInputs,
    env: &'a Env,
    sink: &'a dyn SecretSink,
    problems: Vec<InputProblem>,
}

impl<'a> Inputs<'a> {
    pub(crate) fn new(spec: &'static TaskSpec, env: &'a Env, sink: &'a dyn SecretSink) -> Self {
        let mut inputs = Self { spec, raw: RawInputs::read(spec, env), env, sink, problems: Vec::new() };
        if spec.inputs.iter().any(|input| input.name == TIME_LIMIT) {
            // Whoever runs the task has read it already; a bad one is reported here, with the others.
            inputs.minutes(TIME_LIMIT);
        }
        inputs
    }

    /// A line of text, empty if it is not given.
    pub fn text(&mut self, name: &str) -> String {
        self.value(name)
    }

    /// Several lines of text, empty if they are not given.
    pub fn multi_line(&mut self, name: &str) -> String {
        self.value(name)
    }

    /// The lines of a text that are not empty, trimmed.
    pub fn lines(&mut self, name: &str) -> Vec<String> {
        let text = self.value(name);
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// `true` or `false`, ignoring case. Not given: its default, else `false`.
    pub fn boolean(&mut self, name: &str) -> bool {
        let value = self.value_or_default(name);
        match value.to_ascii_lowercase().as_str() {
            "true" => true,
            "false" | "" => false,
            _ => {
                self.refuse(name, quoted(&value), "`true` or `false`", "");
                false
            }
        }
    }

    /// A whole number within `range`. Not given: its default, else the start of the range.
    pub fn int(&mut self, name: &str, range: RangeInclusive<i64>) -> i64 {
        let value = self.value_or_default(name);
        if value.is_empty() {
            return *range.start();
        }
        match value.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let expected = match (*range.start(), *range.end()) {
                    (i64::MIN, i64::MAX) => "a whole number".to_owned(),
                    (start, i64::MAX) => format!("a whole number, {start} or more"),
                    (start, end) => format!("a whole number from {start} to {end}"),
                };
                self.refuse(name, quoted(&value), expected, "");
                *range.start()
            }
        }
    }

    /// A duration in minutes; parts of a minute are allowed. Not given, or 0: none.
    pub fn minutes(&mut self, name: &str) -> Option<Duration> {
        let value = self.value_or_default(name);
        match minutes(&value) {
            Ok(duration) => duration,
            Err(()) => {
                self.refuse(name, quoted(&value), "minutes as a number (`10`, `0.5`), or `0` for no limit", "");
                None
            }
        }
    }

    /// One of the values of a pick list or a radio group, as the table spells it. With the property `EditableOptions` any
    /// other text. Not given: its default.
    pub fn pick(&mut self, name: &str) -> String {
        let value = self.value_or_default(name);
        let input = self.input(name);
        match self.option(input, &value) {
            Some(value) => value,
            None => {
                self.refuse_option(input, &value);
                input.default.to_owned()
            }
        }
    }

    /// The values of a pick list with the property `MultiSelect`: a list with commas.
    pub fn picks(&mut self, name: &str) -> Vec<String> {
        let value = self.value_or_default(name);
        let input = self.input(name);
        let mut picked = Vec::new();
        for part in value.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match self.option(input, part) {
                Some(value) => picked.push(value),
                None => self.refuse_option(input, part),
            }
        }
        picked
    }

    /// A path, absent if it is not given. The agent roots a path and turns an empty one into the root itself, so a path
    /// that names exactly the sources or the working folder counts as not given: use [`Inputs::folder`] for an input that
    /// may mean it.
    pub fn file_path(&mut self, name: &str) -> Option<PathBuf> {
        let value = self.optional(name);
        let given = !value.is_empty() && !self.roots().iter().any(|root| same_path(root, &value));
        if !given {
            self.require(name, "", "a path below the sources or the working folder");
        }
        given.then(|| PathBuf::from(value))
    }

    /// A folder; the sources or the working folder if it is not given.
    pub fn folder(&mut self, name: &str) -> PathBuf {
        let value = self.optional(name);
        if !value.is_empty() {
            return PathBuf::from(value);
        }
        self.roots().first().map_or_else(|| PathBuf::from("."), PathBuf::from)
    }

    /// A file of the library of secure files, absent if it is not given.
    pub fn secure_file(&mut self, name: &str) -> Option<SecureFile> {
        let value = self.value(name);
        if value.is_empty() {
            return None;
        }
        match SecureFile::read(self.env, &value, self.sink) {
            Ok(file) => Some(file),
            Err(problem) => {
                self.refuse_connection(name, problem);
                None
            }
        }
    }

    /// Users and groups: a list with commas, semicolons or line breaks.
    pub fn identities(&mut self, name: &str) -> Vec<String> {
        let value = self.value(name);
        value.split([',', ';', '\n']).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    /// A work item query, empty if it is not given.
    pub fn query(&mut self, name: &str) -> String {
        self.value(name)
    }

    /// The connection of type Azure Resource Manager that the input names. Asking for it means needing it: where another
    /// input decides which connection is used, ask for the one that is.
    pub fn connection_azure(&mut self, name: &str) -> Checked<AzureRmConnection> {
        self.connection(name, "of type Azure Resource Manager", AzureRmConnection::read)
    }

    /// The connection of type Docker Registry that the input names. As with [`Self::connection_azure`], asking means needing.
    pub fn connection_docker_registry(&mut self, name: &str) -> Checked<DockerRegistryConnection> {
        self.connection(name, "of type Docker Registry", DockerRegistryConnection::read)
    }

    /// The connection of type Kubernetes that the input names. As with [`Self::connection_azure`], asking means needing.
    pub fn connection_kubernetes(&mut self, name: &str) -> Checked<KubernetesConnection> {
        self.connection(name, "of type Kubernetes", KubernetesConnection::read)
    }

    fn connection<T>(
        &mut self,
        name: &str,
        of_type: &str,
        read: fn(&Env, &str, &dyn SecretSink) -> Result<T, ConnectionProblem>,
    ) -> Checked<T> {
        let value = self.optional(name);
        let connection = if value.is_empty() {
            self.refuse(name, "nothing", format!("the name of a service connection {of_type}"), "");
            None
        } else if value.contains(',') {
            self.refuse(name, quoted(&value), "one service connection", "");
            None
        } else {
            match read(self.env, &value, self.sink) {
                Ok(connection) => Some(connection),
                Err(problem) => {
                    self.refuse_connection(name, problem);
                    None
                }
            }
        };
        Checked::new(connection)
    }

    /// A mapping of variables ([`mapping`]), empty if it is not given.
    pub fn mapping(&mut self, name: &str) -> Vec<MappingEntry> {
        let text = self.value(name);
        match mapping::parse(&text) {
            Ok(entries) => {
                if entries.is_empty() && !text.is_empty() {
                    self.require(name, "comments only", "at least one line `VARIABLE = secret-name`");
                }
                entries
            }
            Err(problems) => {
                for problem in problems {
                    self.refuse(
                        name,
                        format!("line {}: {}", problem.line, problem.message),
                        "`VARIABLE = secret-name[@version]` on each line",
                        problem.hint,
                    );
                }
                Vec::new()
            }
        }
    }

    /// Whether the input was given, with any value at all.
    pub fn is_given(&self, name: &str) -> bool {
        !self.shown_value(self.input(name)).is_empty()
    }

    /// The string that the agent sent, whatever it is.
    pub fn raw(&self, name: &str) -> &str {
        self.raw.get(name)
    }

    /// Notes that the input cannot be used: for rules that only the task knows.
    pub fn refuse(&mut self, name: &str, got: impl Into<String>, expected: impl Into<String>, hint: impl Into<String>) {
        let label = self.input(name).label.to_owned();
        let problem = InputProblem { name: name.to_owned(), label, got: got.into(), expected: expected.into(), hint: hint.into() };
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Names that the pipeline gives and the task does not have, each with the input that may have been meant.
    pub fn unknown(&self) -> Vec<(String, Option<&'static str>)> {
        let names: Vec<&'static str> = self.spec.inputs.iter().map(|input| input.name).collect();
        self.raw.unknown().iter().map(|unknown| (unknown.clone(), nearest::of(unknown, &names))).collect()
    }

    /// Reports every input that cannot be used; else the proof that opens [`Checked`] values.
    ///
    /// # Errors
    /// `SLIP-INPUT`, with all problems.
    pub fn finish(self) -> Result<Valid, TaskError> {
        if self.problems.is_empty() { Ok(Valid::new()) } else { Err(error_of(&self.problems)) }
    }

    /// The value, empty if it is not given, with `required` enforced.
    fn value(&mut self, name: &str) -> String {
        let value = self.optional(name);
        if value.is_empty() {
            self.require(name, "nothing", "a value");
        }
        value
    }

    /// The value, or the default of the table if it is empty.
    fn value_or_default(&mut self, name: &str) -> String {
        let value = self.optional(name);
        if !value.is_empty() {
            return value;
        }
        let default = self.input(name).default;
        if default.is_empty() {
            self.require(name, "nothing", "a value");
        }
        default.to_owned()
    }

    /// The value, checked for variables that were not replaced; empty if it is not given.
    fn optional(&mut self, name: &str) -> String {
        let value = self.shown_value(self.input(name)).to_owned();
        for variable in unreplaced(&value) {
            let hint = if self.env.is_on("System.PullRequest.IsFork") {
                format!("this run is of a pull request from a fork, which gets no secrets: `{variable}` may be one")
            } else {
                format!(
                    "set the variable `{variable}` before this step, and check its spelling; a job does not see what another job set, unless it maps the output"
                )
            };
            self.refuse(
                name,
                format!("`$({variable})`, which was not replaced"),
                format!("the value of a variable `{variable}`, and there is none in this job"),
                hint,
            );
        }
        value
    }

    /// The value that counts: that of a hidden input is its default.
    fn shown_value(&self, input: &'static InputSpec) -> &str {
        if self.raw.is_visible(input) { self.raw.get(input.name) } else { input.default }
    }

    fn require(&mut self, name: &str, got: &str, expected: &str) {
        let input = self.input(name);
        if input.required && self.raw.is_visible(input) {
            let got = if got.is_empty() { "nothing" } else { got };
            self.refuse(name, got, expected, "");
        }
    }

    fn refuse_connection(&mut self, name: &str, problem: ConnectionProblem) {
        self.refuse(name, problem.got, problem.expected, problem.hint);
    }

    /// The option that `value` means, ignoring case; any text where the list is editable, and nothing.
    fn option(&self, input: &InputSpec, value: &str) -> Option<String> {
        let listed = input.options.iter().find(|(option, _)| option.eq_ignore_ascii_case(value)).map(|(option, _)| (*option).to_owned());
        let is_free = value.is_empty() || input.options.is_empty() || has_property(input, "EditableOptions");
        listed.or_else(|| is_free.then(|| value.to_owned()))
    }

    fn refuse_option(&mut self, input: &'static InputSpec, value: &str) {
        let options: Vec<&'static str> = input.options.iter().map(|(option, _)| *option).collect();
        let listed: Vec<String> = options.iter().map(|option| quoted(option)).collect();
        let hint = nearest::of(value, &options).map(|option| format!("did you mean `{option}`?")).unwrap_or_default();
        self.refuse(input.name, quoted(value), format!("one of {}", listed.join(", ")), hint);
    }

    /// The folders that the agent may have put in place of an empty path: in builds the sources, in classic releases the folder of
    /// the artifacts. (In builds `System.ArtifactsDirectory` is the staging folder, which somebody who names it means.)
    fn roots(&self) -> Vec<String> {
        let sources = self.env.job_variable("Build.SourcesDirectory");
        let artifacts = if sources.is_none() { self.env.job_variable("System.ArtifactsDirectory") } else { None };
        let folders = [sources, self.env.job_variable("System.DefaultWorkingDirectory"), artifacts];
        folders.into_iter().flatten().map(str::to_owned).collect()
    }

    /// The input of the table. A name that the table lacks is a defect of the task, which its tests find at once.
    fn input(&self, name: &str) -> &'static InputSpec {
        self.spec.inputs.iter().find(|input| input.name == name).unwrap_or_else(|| panic!("the task has no input `{name}`"))
    }
}

impl std::fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inputs").field("raw", &self.raw).field("problems", &self.problems.len()).finish_non_exhaustive()
    }
}

/// The time limit of the task, if it has the input and its value can be used.
pub(crate) fn time_limit(spec: &'static TaskSpec, env: &Env) -> Option<Duration> {
    spec.inputs.iter().find(|input| input.name == TIME_LIMIT)?;
    let raw = RawInputs::read(spec, env);
    let value = raw.get(TIME_LIMIT);
    let default = spec.inputs.iter().find(|input| input.name == TIME_LIMIT).map(|input| input.default).unwrap_or_default();
    minutes(if value.is_empty() { default } else { value }).ok().flatten()
}

fn minutes(text: &str) -> Result<Option<Duration>, ()> {
    if text.is_empty() {
        return Ok(None);
    }
    let minutes: f64 = text.parse().map_err(|_| ())?;
    let duration = Duration::try_from_secs_f64(minutes * 60.0).map_err(|_| ())?;
    // A year: nothing that a person means is longer, and what is much longer cannot be waited for.
    if duration > Duration::from_secs(365 * 24 * 3600) {
        return Err(());
    }
    Ok((!duration.is_zero()).then_some(duration))
}

/// Names of variables that the agent left as `$(name)`.
fn unreplaced(value: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut rest = value;
    while let Some(at) = rest.find("$(") {
        rest = &rest[at + 2..];
        let Some(end) = rest.find(')') else { break };
        let name = &rest[..end];
        let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '.' | '-' | ' ');
        if !name.trim().is_empty() && name.chars().all(is_name) && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn has_property(input: &InputSpec, property: &str) -> bool {
    input.properties.iter().any(|(name, value)| name.eq_ignore_ascii_case(property) && value.eq_ignore_ascii_case("true"))
}

fn same_path(left: &str, right: &str) -> bool {
    let clean = |path: &str| path.trim_end_matches(['/', '\\']).to_owned();
    let (left, right) = (clean(left), clean(right));
    if cfg!(windows) { left.eq_ignore_ascii_case(&right) } else { Path::new(&left) == Path::new(&right) }
}

fn quoted(value: &str) -> String {
    if value.is_empty() { "nothing".to_owned() } else { format!("`{value}`") }
}

#[cfg(test)]
#[expect(unused_results, reason = "the getters are called for the problems that they note")]
mod tests {
    use super::*;
    use crate::sample::SPEC;
    use crate::sample_sink::Recorder;

    /// Calls `read` with the inputs that `variables` give.
    fn with<T>(variables: &[(&str, &str)], read: impl FnOnce(&mut Inputs<'_>) -> T) -> (T, Result<(), TaskError>) {
        let env = Env::new(variables.iter().map(|&(name, value)| (name, value)));
        let sink = Recorder::default();
        let mut inputs = Inputs::new(&SPEC, &env, &sink);
        let value = read(&mut inputs);
        (value, inputs.finish().map(|_| ()))
    }

    fn good<T>(variables: &[(&str, &str)], read: impl FnOnce(&mut Inputs<'_>) -> T) -> T {
        let (value, result) = with(variables, read);
        assert_eq!(result, Ok(()));
        value
    }

    fn problem<T>(variables: &[(&str, &str)], read: impl FnOnce(&mut Inputs<'_>) -> T) -> String {
        with(variables, read).1.unwrap_err().message
    }

    #[test]
    fn values_have_types() {
        assert_eq!(good(&[("INPUT_TEXT", "x")], |inputs| inputs.text("text")), "x");
        assert_eq!(good(&[], |inputs| inputs.text("note")), "");
        assert!(good(&[("INPUT_FLAG", "TRUE")], |inputs| inputs.boolean("flag")));
        assert!(!good(&[("INPUT_FLAG", "")], |inputs| inputs.boolean("flag")));
        assert_eq!(good(&[("INPUT_COUNT", "")], |inputs| inputs.int("count", 0..=9)), 3);
        assert_eq!(good(&[("INPUT_LINES", "a\n\n b \n")], |inputs| inputs.lines("lines")), ["a", "b"]);
        assert_eq!(good(&[("INPUT_STRATEGY", "CANARY")], |inputs| inputs.pick("strategy")), "canary");
        assert_eq!(good(&[("INPUT_ENVIRONMENTS", "a, B")], |inputs| inputs.picks("environments")), ["a", "b"]);
        assert_eq!(good(&[("INPUT_APPROVERS", "a@x; b@x,c")], |inputs| inputs.identities("approvers")), ["a@x", "b@x", "c"]);
        assert_eq!(good(&[("INPUT_QUERY", "q")], |inputs| inputs.query("query")), "q");
        for (text, expected) in [("", None), ("0", None), ("2", Some(120_000)), ("0.5", Some(30_000))] {
            let limit = good(&[("INPUT_TIMEOUTINMINUTES", text)], |inputs| inputs.minutes("timeoutInMinutes"));
            assert_eq!(limit, expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn an_empty_path_that_the_agent_rooted_is_not_given() {
        let folders = [("BUILD_SOURCESDIRECTORY", "/w/1/s"), ("SYSTEM_DEFAULTWORKINGDIRECTORY", "/w/1/s")];
        for (value, expected) in [("/w/1/s", None), ("/w/1/s/", None), ("", None), ("/w/1/s/a.yml", Some("/w/1/s/a.yml"))] {
            let variables = [folders[0], folders[1], ("INPUT_MANIFEST", value)];
            assert_eq!(good(&variables, |inputs| inputs.file_path("manifest")), expected.map(PathBuf::from), "{value}");
        }
        assert_eq!(good(&folders, |inputs| inputs.folder("manifest")), PathBuf::from("/w/1/s"));
        let classic = [("SYSTEM_DEFAULTWORKINGDIRECTORY", "/w/r1/a"), ("INPUT_MANIFEST", "/w/r1/a")];
        assert_eq!(good(&classic, |inputs| inputs.file_path("manifest")), None);
        // In builds that variable is the staging folder.
        let staging = [("INPUT_MANIFEST", "/w/1/a"), ("SYSTEM_ARTIFACTSDIRECTORY", "/w/1/a"), ("BUILD_SOURCESDIRECTORY", "/w/1/s")];
        assert_eq!(good(&staging, |inputs| inputs.file_path("manifest")), Some(PathBuf::from("/w/1/a")));
        assert_eq!(good(&classic, |inputs| inputs.folder("manifest")), PathBuf::from("/w/r1/a"));
    }

    #[test]
    fn hidden_inputs_have_their_default() {
        // The agent sends what the form had, also when it hides it.
        let hidden = [("INPUT_STRATEGY", "rolling"), ("INPUT_PERCENT", "nonsense")];
        assert_eq!(good(&hidden, |inputs| inputs.int("percent", 1..=100)), 1);
        let shown = [("INPUT_STRATEGY", "canary"), ("INPUT_PERCENT", "nonsense")];
        assert!(problem(&shown, |inputs| inputs.int("percent", 1..=100)).contains("got `nonsense`; expected a whole number from 1 to 100"));
        let missing = [("INPUT_STRATEGY", "canary"), ("INPUT_PERCENT", "")];
        assert!(problem(&missing, |inputs| inputs.int("percent", 1..=100)).contains("got nothing"));
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let variables = [
            ("INPUT_TEXT", ""),
            ("INPUT_FLAG", "yes"),
            ("INPUT_COUNT", "12"),
            ("INPUT_STRATEGY", "canari"),
            ("INPUT_ENVIRONMENTS", "a,c"),
            ("INPUT_NOTE", "v$(Build.Missing) $(other)"),
            ("INPUT_CERTIFICATE", "guid"),
            ("INPUT_CONNECTION", "guid"),
            ("INPUT_LINES", "A = b\na = c"),
            ("INPUT_TIMEOUTINMINUTES", "soon"),
        ];
        let message = problem(&variables, |inputs| {
            inputs.text("text");
            inputs.boolean("flag");
            inputs.int("count", 0..=9);
            inputs.pick("strategy");
            inputs.picks("environments");
            inputs.text("note");
            let _ = inputs.secure_file("certificate");
            let _ = inputs.connection_azure("connection");
            inputs.mapping("lines");
        });
        insta::assert_snapshot!(message, @"
        The inputs of this step have 11 problems.
        - Time limit (`timeoutInMinutes`): got `soon`; expected minutes as a number (`10`, `0.5`), or `0` for no limit.
        - Some text (`text`): got nothing; expected a value.
        - Flag (`flag`): got `yes`; expected `true` or `false`.
        - Count (`count`): got `12`; expected a whole number from 0 to 9.
        - Strategy (`strategy`): got `canari`; expected one of `rolling`, `canary`. Did you mean `canary`?
        - Environments (`environments`): got `c`; expected one of `a`, `b`.
        - Note (`note`): got `$(Build.Missing)`, which was not replaced; expected the value of a variable `Build.Missing`, and there is none in this job. Set the variable `Build.Missing` before this step, and check its spelling; a job does not see what another job set, unless it maps the output.
        - Note (`note`): got `$(other)`, which was not replaced; expected the value of a variable `other`, and there is none in this job. Set the variable `other` before this step, and check its spelling; a job does not see what another job set, unless it maps the output.
        - Certificate (`certificate`): got `guid`; expected a secure file that the agent hands to this job. Check that Pipelines > Library > Secure files has it and that this pipeline may use it.
        - Azure subscription (`connection`): got `guid`; expected a service connection of type Azure Resource Manager that the agent hands to this job. Name the connection as the project's settings spell it, and let this pipeline use it; a name in a variable must be known when the run starts.
        - Lines (`lines`): got line 2: `a` is set by line 1 already (`A`); expected `VARIABLE = secret-name[@version]` on each line. Give each variable a name of its own; case does not count.
        ");
    }

    #[test]
    fn a_fork_s_missing_variable_is_explained() {
        let variables = [("INPUT_NOTE", "$(key)"), ("SYSTEM_PULLREQUEST_ISFORK", "True")];
        assert!(problem(&variables, |inputs| inputs.text("note")).contains("from a fork, which gets no secrets"));
    }

    #[test]
    fn only_names_in_macros_count_as_unreplaced() {
        assert_eq!(unreplaced("a $(b.c) $(d e) $( ) $($(x)) $(not closed"), ["b.c", "d e", "x"]);
        assert!(unreplaced("$((1+2)) ${x} $x").is_empty());
    }

    #[test]
    fn a_mapping_of_comments_only_is_a_problem_where_it_is_required() {
        assert_eq!(good(&[("INPUT_LINES", "# nothing")], |inputs| inputs.mapping("lines").len()), 0);
    }

    #[test]
    fn unknown_inputs_name_their_likely_meaning() {
        let unknown = good(&[("INPUT_CUONT", "1"), ("INPUT_ENTIRELY", "1")], |inputs| inputs.unknown());
        assert_eq!(unknown, [("CUONT".to_owned(), Some("count")), ("ENTIRELY".to_owned(), None)]);
    }

    #[test]
    fn a_checked_value_opens_with_the_proof() {
        let env = Env::new([
            ("INPUT_CONNECTION", "id"),
            ("ENDPOINT_URL_id", "https://management.azure.com/"),
            ("ENDPOINT_AUTH_SCHEME_id", "ManagedServiceIdentity"),
        ]);
        let sink = Recorder::default();
        let mut inputs = Inputs::new(&SPEC, &env, &sink);
        let connection = inputs.connection_azure("connection");
        let valid = inputs.finish().unwrap();
        assert_eq!(connection.open(&valid).id, "id");
    }
}
