//! Steps: every kind becomes a task (facts/pipeline-yaml.md 2.2, "Shorthand mapping").

use super::expressions::condition;
use super::inputs::{self, Given};
use super::loader::Loader;
use super::names::{self, Taken};
use super::section::Section;
use super::step_kinds::{BOOLEAN_KEYS, KINDS, REFUSED, StepKind};
use super::target::step_target;
use super::values::boolean;
use super::{download, manual_validation};
use crate::builtin;
use crate::condition::{Condition, ConditionKind};
use crate::pipeline::{Step, StepTarget, TaskUse};
use crate::place::Place;
use crate::suggest::nearest;
use crate::yaml::{Kind, Node, Style};

/// What steps belong to: which ones they may be, and which the service adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepsOf {
    /// A job for an agent: it checks out.
    Job,
    /// A job or a hook without an agent.
    Server,
    /// A hook of a deployment job.
    Hook,
    /// The hook `deploy`: it downloads artifacts.
    DeployHook,
}

/// `steps:` of a job or a hook, with the implicit checkout or download made explicit.
pub(super) fn steps(parent: &Section<'_>, of: StepsOf, loader: &mut Loader<'_>) -> Option<Vec<Step>> {
    let items = parent.list("steps", loader)?;
    let mut drafts = Vec::new();
    let mut checks_out = false;
    let mut downloads = false;
    let mut whole = true;
    for item in items {
        let Some((section, kind)) = kind_of(item, loader) else {
            whole = false;
            continue;
        };
        let key = kind.keys.known[0];
        if of == StepsOf::Server && key != "task" {
            loader.error(
                &item.place,
                format!("a step of the kind `{key}` needs an agent, and this job has `pool: server`"),
                "put it into a job with agents; the service itself runs only tasks such as `ManualValidation@1`",
            );
            whole = false;
            continue;
        }
        let draft = draft(&section, kind, of == StepsOf::Server, loader);
        let is = |name: &str| draft.as_ref().is_some_and(|draft| draft.step.task.name == name);
        checks_out |= key == "checkout" || is(CHECKOUT_NAME);
        downloads |= key == "download" || is(DOWNLOAD_NAME);
        match draft {
            // `checkout: none` and `download: none` say that there is nothing to do.
            Some(draft) if is_nothing(&draft.step.task) => {}
            Some(draft) => drafts.push(draft),
            None => whole = false,
        }
    }
    let implicit = match of {
        StepsOf::Job if !checks_out => vec![implicit_checkout(parent, loader)?],
        // facts/pipeline-yaml.md 2.10: unless a step of the hook downloads, or says that there is nothing to download.
        StepsOf::DeployHook if !downloads => implicit_downloads(parent, loader)?,
        _ => Vec::new(),
    };
    drafts.splice(0..0, implicit);
    let mut taken = Taken::default();
    for draft in &drafts {
        if let Some((name, node)) = draft.name {
            names::check(name, "a step", &node.place, loader);
            taken.take_or_report(name, "a step", &node.place, loader);
        }
    }
    let bases: Vec<Option<String>> =
        drafts.iter().map(|draft| draft.step.name.is_empty().then(|| sanitized(&draft.step.task.name))).collect();
    let bases: Vec<Option<&str>> = bases.iter().map(Option::as_deref).collect();
    let generated = names::generate(&bases, &mut taken);
    let steps = drafts.into_iter().zip(generated).map(|(draft, generated)| {
        let mut step = draft.step;
        if let Some(name) = generated {
            step.name = name;
        }
        step
    });
    let steps = steps.collect();
    whole.then_some(steps)
}

/// The names of the tasks of `checkout` and `download`, and their inputs that say what of.
const CHECKOUT_NAME: &str = "Checkout";
const DOWNLOAD_NAME: &str = "DownloadPipelineArtifact";

fn is_nothing(task: &TaskUse) -> bool {
    let input = match task.name.as_str() {
        CHECKOUT_NAME => "repository",
        DOWNLOAD_NAME => "source",
        _ => return false,
    };
    task.inputs.iter().any(|(name, value)| name == input && value.eq_ignore_ascii_case("none"))
}

/// The reference of a checkout in the normal form: checks of security templates look for it.
const CHECKOUT_BY_ID: &str = "6d15af64-176c-496d-b583-fd2ae21d4df4@1";

/// A step as templates see it: `task` first, what the shorthand gives as `inputs`, then the other keys. What is no shorthand
/// of a known kind stays as it is.
pub(super) fn normal_form(node: Node) -> Node {
    let Node { kind, place } = node;
    let Kind::Mapping(entries) = kind else { return Node { kind, place } };
    let first = entries.first().and_then(|(key, _)| key.text()).unwrap_or_default();
    let Some((name, kind)) = KINDS.iter().find(|(name, kind)| *name == first && !kind.task.is_empty()) else {
        return Node { kind: Kind::Mapping(entries), place };
    };
    let scalar = |text: &str| Node { kind: Kind::Scalar { text: text.to_owned(), style: Style::Plain }, place: place.clone() };
    let mut inputs: Vec<(Node, Node)> = kind.fixed.iter().map(|(name, value)| (scalar(name), scalar(value))).collect();
    let mut rest = Vec::new();
    let has_path = entries.iter().any(|(key, _)| key.text() == Some("path"));
    // What is downloaded lies in a folder of its own.
    let of = |key: &str| entries.iter().find(|(name, _)| name.text() == Some(key)).and_then(|(_, value)| value.text());
    let folder = if *name == "download" && !has_path { download::folder(of("download").unwrap_or_default(), of("artifact")) } else { None };
    for (key, value) in entries {
        let text = key.text().unwrap_or_default();
        let input =
            if text == *name { Some(kind.input) } else { kind.inputs.iter().find(|(key, _)| *key == text).map(|(_, input)| *input) };
        match input {
            Some(input) => {
                // The boolean words of YAML are those of the schema, an input has only two.
                let word = value.text().and_then(boolean).filter(|_| BOOLEAN_KEYS.contains(&text));
                let value = word.map_or(value, |word| scalar(if word { "true" } else { "false" }));
                inputs.push((Node { kind: Kind::Scalar { text: input.to_owned(), style: Style::Plain }, place: key.place }, value));
            }
            None => rest.push((key, value)),
        }
    }
    inputs.extend(folder.map(|folder| (scalar("path"), scalar(&folder))));
    let task = if *name == "checkout" { CHECKOUT_BY_ID } else { kind.task };
    let mut normal = vec![(scalar("task"), scalar(task)), (scalar("inputs"), Node { kind: Kind::Mapping(inputs), place: place.clone() })];
    normal.extend(rest);
    Node { kind: Kind::Mapping(normal), place }
}

/// A task's name as a reference name.
fn sanitized(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphabetic() || c == '_' || (c.is_ascii_digit() && !out.is_empty()) {
            out.push(c);
        }
    }
    out
}

/// A step that may still need a name.
struct Draft<'n> {
    step: Step,
    name: Option<(&'n str, &'n Node)>,
}

/// The first key of a step decides what it is.
fn kind_of<'n>(item: &'n Node, loader: &mut Loader<'_>) -> Option<(Section<'n>, &'static StepKind)> {
    let names = || KINDS.iter().map(|(name, _)| *name);
    let entries = match &item.kind {
        Kind::Mapping(entries) => entries,
        _ => {
            loader.error(&item.place, format!("a step is a mapping, found {}", item.describe()), "for instance `- script: echo hello`");
            return None;
        }
    };
    let first = entries.first().and_then(|(key, _)| key.text()).unwrap_or_default();
    if let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == first) {
        return Section::of(item, &kind.keys, loader).map(|section| (section, kind));
    }
    if let Some((name, hint)) = REFUSED.iter().find(|(name, _)| *name == first) {
        loader.error(&item.place, format!("steps of the kind `{name}` are not supported yet"), *hint);
        return None;
    }
    let later = entries.iter().filter_map(|(key, _)| key.text()).find(|key| names().any(|name| name == *key));
    let (message, hint) = match later {
        Some(kind) => (
            format!("the first key of a step decides what it is, and `{first}` is no kind of step"),
            format!("write `{kind}` before `{first}`"),
        ),
        None => {
            let hint = match nearest(first, names()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("kinds of steps: {}", crate::suggest::list(names())),
            };
            (format!("unknown kind of step: `{first}`"), hint)
        }
    };
    loader.error(&item.place, message, hint);
    None
}

fn draft<'n>(section: &Section<'n>, kind: &StepKind, on_server: bool, loader: &mut Loader<'_>) -> Option<Draft<'n>> {
    // Everything is looked at before anything is given up.
    let task = if kind.task.is_empty() { task(section, on_server, loader) } else { shorthand(section, kind, loader) };
    let condition = condition(section, ConditionKind::Step, loader);
    let name = section.text("name", loader);
    let display_name = section.text("displayName", loader).map(|(text, _)| text.to_owned());
    let continue_on_error = section.boolean("continueOnError", loader).unwrap_or(false);
    let enabled = section.boolean("enabled", loader).unwrap_or(true);
    let env = env(section, loader);
    let timeout_in_minutes = section.number("timeoutInMinutes", 0, u32::MAX, loader).unwrap_or(0);
    let retry_count_on_task_failure = section.number("retryCountOnTaskFailure", 0, u32::MAX, loader).unwrap_or(0);
    let target = step_target(section, loader);
    let task = task?;
    // facts/pipeline-yaml.md 2.7: the task's name, or the step's where it has one.
    let display_name = display_name.unwrap_or_else(|| name.map_or_else(|| task.name.clone(), |(name, _)| name.to_owned()));
    let step = Step {
        name: name.map_or(String::new(), |(name, _)| name.to_owned()),
        display_name,
        condition: condition?,
        continue_on_error,
        enabled,
        env,
        timeout_in_minutes,
        retry_count_on_task_failure,
        target,
        task,
        place: section.place().clone(),
    };
    Some(Draft { step, name })
}

/// The checkout of a job that has none (facts/pipeline-yaml.md 2.7: steps of the system are `__system_1` and so on).
fn implicit_checkout<'n>(parent: &Section<'n>, loader: &mut Loader<'_>) -> Option<Draft<'n>> {
    let given = [Given { name: "repository", value: "self", place: parent.place() }];
    implicit(builtin::CHECKOUT, &given, 1, None, parent, loader)
}

/// The downloads of a `deploy` that has none: the artifacts of the run, and those of each pipeline resource.
fn implicit_downloads<'n>(parent: &Section<'n>, loader: &mut Loader<'_>) -> Option<Vec<Draft<'n>>> {
    let mut drafts = Vec::new();
    let sources = std::iter::once("current".to_owned()).chain(loader.pipelines.clone());
    for (position, source) in sources.enumerate() {
        let folder = download::folder(&source, None);
        let mut given = vec![Given { name: "source", value: &source, place: parent.place() }];
        given.extend(folder.as_deref().map(|value| Given { name: "path", value, place: parent.place() }));
        let title = if download::is_own(&source) { "Download artifacts".to_owned() } else { format!("Download artifacts of {source}") };
        drafts.push(implicit(builtin::DOWNLOAD, &given, position + 1, Some(title), parent, loader)?);
    }
    Some(drafts)
}

/// A step that the service adds.
fn implicit<'n>(
    task: &str,
    given: &[Given<'_>],
    number: usize,
    title: Option<String>,
    parent: &Section<'n>,
    loader: &mut Loader<'_>,
) -> Option<Draft<'n>> {
    let task = inputs::task_use(task, parent.place(), given, parent.place(), false, loader)?;
    let step = Step {
        name: format!("__system_{number}"),
        display_name: title.unwrap_or_else(|| task.name.clone()),
        condition: Condition::parse("", ConditionKind::Step, parent.place().clone()).ok()?,
        continue_on_error: false,
        enabled: true,
        env: Vec::new(),
        timeout_in_minutes: 0,
        retry_count_on_task_failure: 0,
        target: StepTarget::default(),
        task,
        place: parent.place().clone(),
    };
    Some(Draft { step, name: None })
}

fn task(section: &Section<'_>, on_server: bool, loader: &mut Loader<'_>) -> Option<TaskUse> {
    let mut given = Vec::new();
    let mut place = section.place();
    if let Some((key, node)) = section.entry("inputs").filter(|(_, node)| !node.is_empty()) {
        place = &key.place;
        let Some(entries) = node.entries() else {
            loader.error(&node.place, format!("`inputs` of a task step must be a mapping, found {}", node.describe()), "");
            return None;
        };
        for (key, value) in entries {
            match value.text() {
                Some(text) => given.push(Given { name: key.text().unwrap_or_default(), value: text, place: &value.place }),
                None => loader.error(
                    &value.place,
                    format!("the input `{}` must be a text, found {}", key.text().unwrap_or_default(), value.describe()),
                    "a text of several lines begins with `|`",
                ),
            }
        }
    }
    let Some((reference, node)) = section.text("task", loader) else {
        if section.get("task").is_none() {
            loader.error(section.place(), "the step names no task", "for instance `- task: Bash@3`");
        }
        return None;
    };
    let mut task = inputs::task_use(reference, &node.place, &given, place, on_server, loader)?;
    if task.name == builtin::MANUAL_VALIDATION_NAME && !manual_validation::check(&given, place, loader) {
        return None;
    }
    if task.name == DOWNLOAD_NAME
        && let Some((_, source)) = task.inputs.iter_mut().find(|(name, _)| name == "source")
        && !download::is_own(source)
        && !source.eq_ignore_ascii_case("specific")
        && !source.contains("$(")
    {
        let names = ["source", "buildType"];
        let place =
            given.iter().find(|given| names.iter().any(|name| given.name.eq_ignore_ascii_case(name))).map_or(place, |given| given.place);
        *source = download::alias(source, place, loader)?;
    }
    if task.name == CHECKOUT_NAME {
        let repository = given.iter().find(|given| given.name.eq_ignore_ascii_case("repository"));
        if let Some(given) = repository.filter(|given| !["self", "none"].iter().any(|known| known.eq_ignore_ascii_case(given.value))) {
            other_repository(given.value, given.place, loader);
            return None;
        }
    }
    Some(task)
}

fn other_repository(name: &str, place: &Place, loader: &mut Loader<'_>) {
    loader.error(place, format!("`checkout: {name}`: other repositories are not supported yet"), "`self` and `none` are");
}

fn shorthand(section: &Section<'_>, kind: &StepKind, loader: &mut Loader<'_>) -> Option<TaskUse> {
    let key = kind.keys.known[0];
    let Some((value, node)) = section.text(key, loader) else {
        if section.get(key).is_none() {
            loader.error(section.place(), format!("`{key}` has no value"), "");
        }
        return None;
    };
    let nothing = value.eq_ignore_ascii_case("none");
    match key {
        "checkout" if !nothing && !value.eq_ignore_ascii_case("self") => {
            other_repository(value, &node.place, loader);
            return None;
        }
        _ => {}
    }
    // What is asked for is a pipeline under the name that its resource has.
    let alias = match key {
        "download" if !download::is_own(value) => Some(download::alias(value, &node.place, loader)?),
        _ => None,
    };
    let value = alias.as_deref().unwrap_or(value);
    let mut given: Vec<Given<'_>> = kind.fixed.iter().map(|(name, value)| Given { name, value, place: section.place() }).collect();
    given.push(Given { name: kind.input, value, place: &node.place });
    for (key, input) in kind.inputs {
        if let Some((value, node)) = section.text(key, loader) {
            // The boolean words of YAML are those of the schema, an input has only two.
            let value = match boolean(value) {
                Some(true) if BOOLEAN_KEYS.contains(key) => "true",
                Some(false) if BOOLEAN_KEYS.contains(key) => "false",
                _ => value,
            };
            given.push(Given { name: input, value, place: &node.place });
        }
    }
    let folder = if key == "download" { download::folder(value, section.get("artifact").and_then(Node::text)) } else { None };
    if let Some(folder) = folder.as_deref().filter(|_| section.get("path").is_none()) {
        given.push(Given { name: "path", value: folder, place: &node.place });
    }
    inputs::task_use(kind.task, &node.place, &given, section.place(), false, loader)
}

/// `env:` in order.
fn env(section: &Section<'_>, loader: &mut Loader<'_>) -> Vec<(String, String)> {
    let Some(node) = section.get("env") else { return Vec::new() };
    let Some(entries) = node.entries() else {
        loader.error(
            &node.place,
            format!("`env` of {} must be a mapping of names and values, found {}", section.what, node.describe()),
            "",
        );
        return Vec::new();
    };
    let mut env = Vec::new();
    for (key, value) in entries {
        match (key.text(), value.text()) {
            (Some(name), Some(text)) => env.push((name.to_owned(), text.to_owned())),
            (name, _) => {
                let name = name.unwrap_or_default();
                loader.error(&value.place, format!("the value of `{name}` in `env` must be a text, found {}", value.describe()), "");
            }
        }
    }
    env
}
