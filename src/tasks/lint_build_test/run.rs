use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_agent::{Inputs, TaskContext, TaskError, TaskOutcome, Variables};
use slipway_model::{Facts, Outcome};
use slipway_quality::{Check, CheckOutcome, Environments, Level, Options, Plan, Report, Tools, discover, plan};
use slipway_secret::{Secret, SecretSink};

use super::names::{self, Name};
use super::{publish, record, tell};
use crate::delivery;
use crate::scratch::Scratch;

/// Runs the task.
///
/// # Errors
/// When an input cannot be used, there is nothing to check, or a check did not pass. Every check runs first, and what it
/// found is published.
pub async fn run(context: &TaskContext) -> Result<TaskOutcome, TaskError> {
    let mut inputs = context.inputs();
    let request = Request::read(&mut inputs, &context.variables());
    inputs.finish()?;
    let folder = shown(&request.folder, context.variables().sources_folder().as_deref());
    let base: Vec<(String, OsString)> = context.child_environment().into_iter().collect();
    let scratch = Scratch::create(&context.variables(), "lint-build-test")?;
    let prepared = Box::pin(prepare(&request, &base, scratch.path())).await;
    let (plan, tools) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => {
            delivery::write(
                context,
                Outcome::Failed,
                request.dry_run,
                Facts::Checks(record::nothing(&folder)),
                std::slice::from_ref(&error),
            );
            return Err(error);
        }
    };
    context.reporter().info(&tell::plan(&plan, request.dry_run));
    if request.dry_run {
        context.reporter().set_variable("result", "planned", true);
        delivery::write(context, Outcome::Succeeded, true, Facts::Checks(record::planned(&plan, &folder)), &[]);
        return Ok(TaskOutcome::Succeeded);
    }

    let environments = Environments { base, integration_tests: request.environment.clone() };
    let cancellation = context.cancellation().clone();
    let stop = async move {
        cancellation.cancelled().await;
    };
    let reporter = context.reporter().clone();
    let report = Box::pin(slipway_quality::run(&plan, &environments, stop, &mut |event| tell::event(&reporter, &event))).await;
    finish(context, &request, &publish::masked(report, reporter.masker()), tools, &folder)
}

/// Finds what there is to check and plans it.
async fn prepare(request: &Request, base: &[(String, OsString)], scratch: &Path) -> Result<(Plan, Tools), TaskError> {
    let workspaces = discover(&request.folder, base).await.map_err(|error| tell::nothing(&error))?;
    let tools = Tools::detect(&workspaces, base).await;
    let options =
        Options { deny_warnings: request.deny_warnings, locked: request.locked, timeout: request.timeout, scratch: scratch.to_owned() };
    Ok((plan(&workspaces, &request.checks, &options, &tools), tools))
}

/// Tells and publishes what was found.
fn finish(context: &TaskContext, request: &Request, report: &Report, tools: Tools, folder: &str) -> Result<TaskOutcome, TaskError> {
    let reporter = context.reporter();
    let stopped = context.cancellation().is_cancelled() && report.checks.iter().any(|check| check.outcome != CheckOutcome::Passed);
    tell::issues(report, &request.folder).into_iter().for_each(|issue| reporter.issue(issue));
    for (name, value) in
        [("findingCount", report.findings.len()), ("testCount", report.test_count()), ("failedTestCount", report.failed_test_count())]
    {
        reporter.set_variable(name, &value.to_string(), true);
    }
    reporter.set_variable("result", if report.passed() { "succeeded" } else { "failed" }, true);
    let mut published = Ok(());
    if request.publish_findings {
        published = publish::findings(context, report, folder, tools);
    }
    if request.publish_tests {
        published = published.and(publish::tests(context, report, &request.title, folder));
    }
    let result = if report.passed() { published } else { Err(tell::failure(report, stopped)) };
    let outcome = match &result {
        // Notes are no issues (`tell::issues`): a result with issues needs one to show.
        Ok(()) if report.findings.iter().all(|finding| finding.level == Level::Note) => Outcome::Succeeded,
        Ok(()) => Outcome::SucceededWithIssues,
        Err(_) if stopped => Outcome::Canceled,
        Err(_) => Outcome::Failed,
    };
    delivery::write(context, outcome, false, Facts::Checks(record::facts(report, folder)), result.as_ref().err().cloned().as_slice());
    result.map(|()| if outcome == Outcome::Succeeded { TaskOutcome::Succeeded } else { TaskOutcome::SucceededWithIssues })
}

/// The inputs.
struct Request {
    folder: PathBuf,
    checks: Vec<Check>,
    environment: Vec<(String, Secret)>,
    deny_warnings: bool,
    locked: bool,
    timeout: Duration,
    title: String,
    publish_tests: bool,
    publish_findings: bool,
    dry_run: bool,
}

impl Request {
    fn read(inputs: &mut Inputs<'_>, variables: &Variables<'_>) -> Self {
        let mut checks = Vec::new();
        let given = inputs.multi_line("checks");
        let words: Vec<&str> = given.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty()).collect();
        if words.is_empty() && !given.is_empty() {
            inputs.refuse(
                "checks",
                "separators and no check between them",
                CHECKS,
                "name at least one, or remove the input for the usual ones",
            );
        }
        for word in words {
            match word.parse::<Check>() {
                Ok(check) => checks.push(check),
                Err(_) => inputs.refuse("checks", format!("`{word}`"), CHECKS, ""),
            }
        }
        let environment = environment(inputs, variables);
        if !environment.is_empty() && !checks.contains(&Check::IntegrationTests) {
            inputs.refuse(
                "integrationTestEnvironment",
                "a mapping, while `checks` has no `integration-tests`",
                "a mapping only where integration tests run: nothing else gets the variables",
                "add `integration-tests` to `checks`, or remove the mapping",
            );
        }
        Self {
            folder: inputs.folder("path"),
            checks,
            environment,
            deny_warnings: inputs.boolean("denyWarnings"),
            locked: inputs.boolean("locked"),
            timeout: inputs.minutes("checkTimeoutInMinutes").unwrap_or(tell::NO_LIMIT),
            title: inputs.text("testRunTitle"),
            publish_tests: inputs.boolean("publishTestResults"),
            publish_findings: inputs.boolean("publishFindings"),
            dry_run: inputs.boolean("dryRun"),
        }
    }
}

/// What the input `checks` takes.
const CHECKS: &str = "`format`, `lint`, `build`, `unit-tests`, `integration-tests`, separated by commas or line breaks";

/// The values of the mapped variables.
fn environment(inputs: &mut Inputs<'_>, variables: &Variables<'_>) -> Vec<(String, Secret)> {
    const INPUT: &str = "integrationTestEnvironment";
    let (names, problems) = names::parse(&inputs.multi_line(INPUT));
    for problem in problems {
        inputs.refuse(
            INPUT,
            problem,
            "`NAME = VARIABLE` on each line, where `VARIABLE` is the name of a variable of the job",
            "write the variable's name, without `$( )`; its value stays where it is",
        );
    }
    let mut values = Vec::new();
    for Name { line, name, variable } in names {
        if names::decides_what_runs(&name) {
            inputs.refuse(
                INPUT,
                format!("line {line}: `{name}` decides which programs run, or what is loaded into them"),
                "names that only the tests read, none of the system, of an interpreter or of Rust's tools (`PATH`, `LD_*`, `CARGO_*`)",
                format!("give the tests the value under another name, for instance `TEST_{}`", name.to_ascii_uppercase()),
            );
            continue;
        }
        let public = || variables.get(&variable).map(|value| Secret::new(value, &Public));
        match variables.secret(&variable).or_else(public) {
            Some(value) => values.push((name, value)),
            None => inputs.refuse(
                INPUT,
                format!("line {line}: the job has no variable `{variable}`"),
                "the name of a variable that is set before this step",
                format!(
                    "set it in an earlier step (KeyVaultFetch), or declare it; secret variables of the job: {}",
                    listed(&variables.secret_names())
                ),
            ),
        }
    }
    values
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ") }
}

/// Takes values of public variables, which travel with the secrets and are not masked.
struct Public;

impl SecretSink for Public {
    fn register(&self, _: &str) {}
}

/// A folder from the root of the sources, as people and SARIF name it.
fn shown(folder: &Path, sources: Option<&Path>) -> String {
    let absolute = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let path = absolute(folder);
    let relative = sources.and_then(|sources| path.strip_prefix(absolute(sources)).ok().map(Path::to_owned)).unwrap_or(path);
    let text = relative.to_string_lossy().replace('\\', "/");
    if text.is_empty() { ".".to_owned() } else { text }
}
