use std::time::Instant;

use slipway_agent::connections::AzureRmConnection;
use slipway_agent::spec::OutputVariableSpec;
use slipway_agent::{Checked, Inputs, Issue, TaskContext, TaskError, TaskOutcome, environment_name};
use slipway_azure::identity::Credential;
use slipway_azure::keyvault::{FetchedSecret, Listing, SecretReference, Vault, VaultAddress};
use slipway_azure::{Cloud, CloudData};
use slipway_model::{Facts, Outcome, SecretFact, SecretsFacts};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::SPEC;
use super::judge::{self, Verdict};
use super::plan::{Entry, OnExpired, Plan, count};
use crate::client::client;
use crate::{azure_sign_in, codes, delivery};

/// Runs the task.
///
/// # Errors
/// When an input cannot be used, or a secret cannot be read or be a variable. Then no variable is set.
pub async fn run(context: &TaskContext) -> Result<TaskOutcome, TaskError> {
    let mut inputs = context.inputs();
    let request = Request::read(&mut inputs);
    let valid = inputs.finish()?;
    let connection = request.connection.open(&valid);
    let cloud = azure_sign_in::cloud(&connection)?;
    let vault = VaultAddress::parse(&request.vault, &cloud).map_err(|error| {
        TaskError::new(codes::KV_NAME, format!("The input `keyVaultName` cannot be used. {}", error.problem)).hint(error.expected)
    })?;
    let plan = Plan { vault, entries: request.entries, on_expired: request.on_expired, dry_run: request.dry_run };
    context.reporter().info(&plan.to_string());

    let started = Instant::now();
    let done = match open(context, &connection, &cloud, &plan) {
        // What was read so far is of no use to anybody: nothing is set, and the agent need not wait.
        Ok(vault) => tokio::select! {
            biased;
            _ = context.cancellation().cancelled() => Done::stopped(&plan),
            done = work(context, &plan, &vault, connection.settings_page.as_deref()) => done,
        },
        Err(error) => Done::failed(vec![error]),
    };
    // The only place where variables are set: every secret was read, and every value can be a variable.
    let result = if done.verdict.problems.is_empty() { set(context, &plan, &done, started) } else { Err(failure(context, &plan, &done)) };
    record(context, &plan, &done, result.as_ref().err());
    result?;
    for warning in &done.verdict.warnings {
        context.reporter().issue(Issue::warning(warning.to_string()).code(warning.code));
    }
    Ok(if done.verdict.warnings.is_empty() { TaskOutcome::Succeeded } else { TaskOutcome::SucceededWithIssues })
}

/// The inputs, as far as they can be checked without the connection's cloud.
struct Request {
    connection: Checked<AzureRmConnection>,
    vault: String,
    entries: Vec<Entry>,
    on_expired: OnExpired,
    dry_run: bool,
}

impl Request {
    fn read(inputs: &mut Inputs<'_>) -> Self {
        let connection = inputs.connection_azure("azureSubscription");
        let vault = inputs.pick("keyVaultName");
        // A bare name obeys the same rules in every cloud; an address is checked when the cloud is known.
        if !vault.is_empty()
            && !vault.contains(['.', '$'])
            && let Ok(cloud) = Cloud::resolve("AzureCloud", CloudData::default())
            && VaultAddress::parse(&vault, &cloud).is_err()
        {
            inputs.refuse(
                "keyVaultName",
                format!("`{vault}`"),
                "the name of a vault: 3 to 24 letters, digits and `-`, beginning with a letter",
                "`az keyvault list --query \"[].name\"` shows the names",
            );
        }
        let mut entries = Vec::new();
        for line in inputs.mapping("secrets") {
            // The agent would make the secret an output, and refuse the task's own value of this name (facts 2.4).
            let own = |output: &OutputVariableSpec| environment_name(output.name) == environment_name(&line.variable);
            if SPEC.output_variables.iter().any(own) {
                inputs.refuse(
                    "secrets",
                    format!("line {}: `{}` is an output of this task", line.line, line.variable),
                    "a variable that the task does not set by itself",
                    "choose another name",
                );
                continue;
            }
            let text = match &line.version {
                Some(version) => format!("{}@{version}", line.name),
                None => line.name.clone(),
            };
            match SecretReference::parse(&text) {
                Ok(secret) => entries.push(Entry { variable: line.variable, secret }),
                Err(error) => inputs.refuse(
                    "secrets",
                    format!("in line {} `{text}`", line.line),
                    "`VARIABLE = secret-name[@version]` on each line",
                    error.to_string(),
                ),
            }
        }
        let on_expired = if inputs.pick("onExpired") == "fail" { OnExpired::Fail } else { OnExpired::Warn };
        Self { connection, vault, entries, on_expired, dry_run: inputs.boolean("dryRun") }
    }
}

/// What was read, and what speaks against it.
struct Done {
    verdict: Verdict,
    /// In the order of the plan; empty where nothing was read.
    secrets: Vec<Option<FetchedSecret>>,
    /// Whether it was cut off: by the agent, or by the time limit.
    stopped: bool,
}

impl Done {
    fn failed(problems: Vec<TaskError>) -> Self {
        Self { verdict: Verdict { problems, ..Verdict::default() }, secrets: Vec::new(), stopped: false }
    }

    fn stopped(plan: &Plan) -> Self {
        let message = format!(
            "The step was stopped before {} of the vault `{}` had been read. No variable was set.",
            count(plan.entries.len()),
            plan.vault.name()
        );
        Self { stopped: true, ..Self::failed(vec![TaskError::new(codes::KV_STOPPED, message).hint("Run the step again.")]) }
    }
}

/// Joins the connection, the network and the vault. Sends nothing.
fn open(context: &TaskContext, connection: &AzureRmConnection, cloud: &Cloud, plan: &Plan) -> Result<Vault, TaskError> {
    let sink = context.sink();
    let client = client(context)?;
    let page = connection.settings_page.as_deref();
    let identity = azure_sign_in::identity(connection, &context.variables(), || context.system_connection(), &client, &sink)?;
    let credential =
        Credential::new(identity, cloud, &client, context.clock(), sink.clone()).map_err(|error| codes::of_identity(&error, page))?;
    Vault::new(plan.vault.clone(), cloud, credential, &client, sink).map_err(|error| codes::of_vault(&error, page))
}

/// Reads the secrets, or for a dry run looks whether they are there.
async fn work(context: &TaskContext, plan: &Plan, vault: &Vault, page: Option<&str>) -> Done {
    let now = context.clock().now();
    let whole = |errors: Vec<_>| Done::failed(errors.iter().map(|error| codes::of_vault(error, page)).collect());
    if !plan.dry_run {
        return match vault.fetch(&plan.secrets()).await {
            Err(errors) => whole(errors),
            Ok(results) => Done {
                verdict: judge::fetched(plan, &results, now, page),
                secrets: results.into_iter().map(Result::ok).collect(),
                stopped: false,
            },
        };
    }
    match vault.look(&plan.secrets()).await {
        Err(errors) => whole(errors),
        Ok(Listing::Secrets(states)) => Done { verdict: judge::listed(plan, &states, now, page), secrets: Vec::new(), stopped: false },
        Ok(Listing::NotPermitted(error)) => {
            let message = format!(
                "Signing in works, but whether the secrets are there was not checked, since listing them is not permitted. {error}"
            );
            let warning = TaskError::new(codes::KV_UNCHECKED, message).hint(error.next_step.clone());
            Done { verdict: Verdict { warnings: vec![warning], ..Verdict::default() }, secrets: Vec::new(), stopped: false }
        }
    }
}

/// Sets the variables.
fn set(context: &TaskContext, plan: &Plan, done: &Done, started: Instant) -> Result<(), TaskError> {
    let reporter = context.reporter();
    if plan.dry_run {
        reporter.info("Dry run: nothing was set.");
        return Ok(());
    }
    let pairs: Vec<_> = plan.entries.iter().zip(&done.secrets).filter_map(|(entry, secret)| Some((entry, secret.as_ref()?))).collect();
    for (entry, secret) in &pairs {
        reporter.check_secret_variable(&entry.variable, &secret.value)?;
    }
    for (entry, secret) in &pairs {
        reporter.set_secret_variable(&entry.variable, &secret.value, false)?;
        reporter.info(&format!("  {} is set from {}, version {}", entry.variable, entry.secret.name, secret.version));
    }
    reporter.set_variable("fetchedCount", &pairs.len().to_string(), true);
    reporter.set_variable("vaultUrl", plan.vault.url().as_str(), true);
    reporter.info(&format!("{} set as secret variables in {} ms.", count(pairs.len()), started.elapsed().as_millis()));
    Ok(())
}

/// The error that ends the task. One problem is that error; of several, each is an issue of its own.
fn failure(context: &TaskContext, plan: &Plan, done: &Done) -> TaskError {
    if let [only] = done.verdict.problems.as_slice() {
        return only.clone();
    }
    for problem in &done.verdict.problems {
        context.reporter().issue(Issue::error(problem.to_string()).code(problem.code));
    }
    let number = done.verdict.problems.len();
    let what = if plan.dry_run { "A run would set no variable" } else { "No variable was set" };
    TaskError::new(
        codes::KV_SEVERAL,
        format!("Reading {} of the vault `{}` met {number} problems. {what}.", count(plan.entries.len()), plan.vault.name()),
    )
    .hint("Each problem stands above with its code and its own next step.")
}

fn record(context: &TaskContext, plan: &Plan, done: &Done, error: Option<&TaskError>) {
    let outcome = match (error, done.verdict.warnings.is_empty()) {
        (Some(_), _) if done.stopped => Outcome::Canceled,
        (Some(_), _) => Outcome::Failed,
        (None, false) => Outcome::SucceededWithIssues,
        (None, true) => Outcome::Succeeded,
    };
    let time = |time: OffsetDateTime| time.format(&Rfc3339).unwrap_or_default();
    let secrets = plan.entries.iter().enumerate().map(|(at, entry)| {
        let read = done.secrets.get(at).and_then(Option::as_ref);
        SecretFact {
            variable: entry.variable.clone(),
            name: entry.secret.name.clone(),
            version: read.map(|secret| secret.version.clone()),
            pinned: entry.secret.version.is_some(),
            expires: read.and_then(|secret| secret.expires).map(time),
        }
    });
    let facts = SecretsFacts { vault: plan.vault.name().to_owned(), vault_url: plan.vault.url().to_string(), secrets: secrets.collect() };
    let told = if done.verdict.problems.is_empty() { error.map(std::slice::from_ref).unwrap_or_default() } else { &done.verdict.problems };
    let problems: Vec<TaskError> = told.iter().chain(&done.verdict.warnings).cloned().collect();
    delivery::write(context, outcome, plan.dry_run, Facts::Secrets(facts), &problems);
}
