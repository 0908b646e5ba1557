//! Jobs.

use super::expressions::condition;
use super::graph::{self, GraphNode};
use super::loader::Loader;
use super::names::{self, Taken};
use super::section::{Keys, Section};
use super::stage::depends_on;
use super::step::{self, StepsOf};
use super::target::{self, PoolUse};
use super::variables::variables;
use super::{deployment, strategy};
use crate::builtin::MANUAL_VALIDATION_NAME;
use crate::condition::{Condition, ConditionKind};
use crate::matrix::Matrix;
use crate::pipeline::{Job, JobKind, Pool, Step};
use crate::suggest::nearest;
use crate::yaml::Node;

const KEYS: Keys = Keys {
    what: "a job",
    known: &[
        "job",
        "displayName",
        "dependsOn",
        "condition",
        "continueOnError",
        "timeoutInMinutes",
        "cancelTimeoutInMinutes",
        "variables",
        "pool",
        "workspace",
        "strategy",
        "steps",
        // What templates look at; a run does not.
        "templateContext",
    ],
    refused: REFUSED,
};

const DEPLOYMENT_KEYS: Keys = Keys {
    what: "a deployment job",
    known: &[
        "deployment",
        "displayName",
        "dependsOn",
        "condition",
        "continueOnError",
        "timeoutInMinutes",
        "cancelTimeoutInMinutes",
        "variables",
        "pool",
        "workspace",
        "environment",
        "strategy",
        "steps",
        "templateContext",
    ],
    refused: REFUSED,
};

const REFUSED: &[(&str, &str)] = &[
    ("container", "jobs run on this machine itself; remove it, and have the tools installed here"),
    ("services", "start what the job needs in a step"),
    ("uses", "other repositories and pools come later"),
];

/// Minutes that a job may take, and that it has when it is canceled, by default (the documentation of `jobs.job`).
const TIMEOUT: u32 = 60;
const CANCEL_TIMEOUT: u32 = 5;

/// What jobs have that do not say otherwise.
#[derive(Clone, Default)]
pub(super) struct Defaults {
    pub(super) pool: PoolUse,
}

impl Defaults {
    /// Those of the root.
    pub(super) fn of(root: &Section<'_>, loader: &mut Loader<'_>) -> Self {
        Self::default().with_pool_of(root, loader)
    }

    /// The same with the pool of a stage, if it has one.
    pub(super) fn with_pool_of(&self, section: &Section<'_>, loader: &mut Loader<'_>) -> Self {
        Self { pool: target::pool(section, loader).unwrap_or_else(|| self.pool.clone()) }
    }
}

/// The job of a pipeline that has only steps.
pub(super) fn implicit(root: &Section<'_>, defaults: &Defaults, loader: &mut Loader<'_>) -> Option<Job> {
    let shape = Shape::of(root, "Job_1", defaults, loader);
    Some(Job {
        name: "Job_1".to_owned(),
        display_name: "Job".to_owned(),
        depends_on: Vec::new(),
        condition: Condition::parse("", ConditionKind::Job, root.place().clone()).ok()?,
        continue_on_error: root.boolean("continueOnError", loader).unwrap_or(false),
        timeout_in_minutes: TIMEOUT,
        cancel_timeout_in_minutes: CANCEL_TIMEOUT,
        variables: Vec::new(),
        workspace_clean: target::workspace(root, loader),
        kind: shape.kind?,
        matrix: shape.matrix,
        pool: shape.pool,
        steps: shape.steps?,
        place: root.place().clone(),
    })
}

/// `jobs:` of a stage or of the root.
pub(super) fn jobs(parent: &Section<'_>, defaults: &Defaults, loader: &mut Loader<'_>) -> Option<Vec<Job>> {
    let items = parent.list("jobs", loader)?;
    let sections: Vec<Option<Section<'_>>> = items.iter().map(|item| first_key(item, loader)).collect();
    let names = job_names(&sections, loader);
    let mut jobs = Vec::new();
    let mut nodes = Vec::new();
    for (section, name) in sections.iter().zip(&names) {
        let Some(section) = section else { continue };
        nodes.push(GraphNode { name: name.clone(), depends_on: depends_on(section, loader) });
        jobs.extend(job(section, name, defaults, loader));
    }
    if nodes.len() != items.len() {
        // The name of one is not known, so neither is what depends on it.
        return None;
    }
    let resolved = graph::resolve(&nodes, "job", loader);
    if jobs.len() != items.len() {
        return None;
    }
    for (job, depends_on) in jobs.iter_mut().zip(resolved) {
        job.depends_on = depends_on;
    }
    nobody_waits(&jobs, loader);
    Some(jobs)
}

/// Warns of a person who is asked while the other jobs of the stage do not wait for the answer: jobs have no order of their own.
fn nobody_waits(jobs: &[Job], loader: &mut Loader<'_>) {
    for job in jobs.iter().filter(|job| matches!(job.kind, JobKind::Server) && jobs.len() > 1) {
        let asks = job.steps.iter().any(|step| step.task.name == MANUAL_VALIDATION_NAME);
        if asks && !jobs.iter().any(|other| other.depends_on.contains(&job.name)) {
            loader.warning(
                &job.place,
                format!("no job of the stage waits for `{}`, in which a person is asked: the others start without the answer", job.name),
                format!("write `dependsOn: {}` into the jobs that wait for it", job.name),
            );
        }
    }
}

/// Names as written; `Job_1` and so on where there is none (facts/pipeline-yaml.md 2.7: probably; not verified).
fn job_names(sections: &[Option<Section<'_>>], loader: &mut Loader<'_>) -> Vec<String> {
    let mut taken = Taken::default();
    let mut names: Vec<Option<String>> = Vec::new();
    for section in sections {
        let written = section.and_then(|section| section.text(kind_key(&section), loader));
        if let Some((name, node)) = written {
            names::check(name, "a job", &node.place, loader);
            taken.take_or_report(name, "a job", &node.place, loader);
            if section.is_some_and(|section| section.has("deployment")) && name.eq_ignore_ascii_case("deploy") {
                loader.error(
                    &node.place,
                    "`deploy` cannot be the name of a deployment job: it is the name of its hook",
                    "name it after what it deploys",
                );
            }
        }
        names.push(written.map(|(name, _)| name.to_owned()));
    }
    let mut number = 0;
    names.into_iter().map(|name| name.unwrap_or_else(|| names::numbered("Job_", &mut number, &mut taken))).collect()
}

fn job(section: &Section<'_>, name: &str, defaults: &Defaults, loader: &mut Loader<'_>) -> Option<Job> {
    let display_name = match section.text("displayName", loader) {
        Some((text, _)) => text.to_owned(),
        None if section.get(kind_key(section)).is_some() => name.to_owned(),
        None => "Job".to_owned(),
    };
    let is_deployment = section.has("deployment");
    if !is_deployment && !section.has("steps") {
        loader.error(section.place(), format!("the job `{name}` has no `steps`"), "");
    }
    // Everything is looked at before anything is given up.
    let condition = condition(section, ConditionKind::Job, loader);
    let continue_on_error = section.boolean("continueOnError", loader).unwrap_or(false);
    let timeout_in_minutes = section.number("timeoutInMinutes", 0, u32::MAX, loader).unwrap_or(TIMEOUT);
    let cancel_timeout_in_minutes = section.number("cancelTimeoutInMinutes", 0, u32::MAX, loader).unwrap_or(CANCEL_TIMEOUT);
    let variables = variables(section, loader);
    let workspace_clean = target::workspace(section, loader);
    let shape = if is_deployment {
        Shape::of_deployment(section, name, defaults, loader)
    } else {
        Shape::of(section, name, &defaults.with_pool_of(section, loader), loader)
    };
    Some(Job {
        name: name.to_owned(),
        display_name,
        depends_on: Vec::new(),
        condition: condition?,
        continue_on_error,
        timeout_in_minutes,
        cancel_timeout_in_minutes,
        variables,
        kind: shape.kind?,
        matrix: shape.matrix,
        pool: shape.pool,
        workspace_clean,
        steps: shape.steps?,
        place: section.place().clone(),
    })
}

/// What a job is made of, as far as its kind decides it. Nothing is what has been reported.
struct Shape {
    kind: Option<JobKind>,
    matrix: Option<Matrix>,
    pool: Pool,
    steps: Option<Vec<Step>>,
}

impl Shape {
    /// Of a job, or of a root that has only steps. `defaults` has its own pool.
    fn of(section: &Section<'_>, name: &str, defaults: &Defaults, loader: &mut Loader<'_>) -> Self {
        let has_strategy = section.get("strategy").is_some();
        match &defaults.pool {
            PoolUse::Server => {
                if let Some((key, _)) = section.entry("strategy").filter(|_| has_strategy) {
                    loader.error(
                        &key.place,
                        format!("`strategy` of the job `{name}`, which has `pool: server`, is not supported yet"),
                        "write the job out as often as it runs",
                    );
                }
                let steps = step::steps(section, StepsOf::Server, loader);
                Self { kind: Some(JobKind::Server), matrix: None, pool: Pool::default(), steps }
            }
            PoolUse::Agent(pool) => {
                let matrix = strategy::matrix(section, loader);
                let kind = (matrix.is_some() || !has_strategy).then_some(JobKind::Agent);
                Self { kind, matrix, pool: pool.clone(), steps: step::steps(section, StepsOf::Job, loader) }
            }
        }
    }

    fn of_deployment(section: &Section<'_>, name: &str, defaults: &Defaults, loader: &mut Loader<'_>) -> Self {
        let deployment = deployment::deployment(section, name, defaults, loader);
        let pool = match defaults.with_pool_of(section, loader).pool {
            PoolUse::Agent(pool) => pool,
            PoolUse::Server => Pool::default(),
        };
        let kind = deployment.map(|deployment| JobKind::Deployment(Box::new(deployment)));
        Self { kind, matrix: None, pool, steps: Some(Vec::new()) }
    }
}

/// The key that names a job.
fn kind_key(section: &Section<'_>) -> &'static str {
    if section.has("deployment") { "deployment" } else { "job" }
}

/// The first key of an entry of `jobs` decides what it is.
fn first_key<'n>(item: &'n Node, loader: &mut Loader<'_>) -> Option<Section<'n>> {
    let first = item.entries().and_then(|entries| entries.first()).map(|(key, _)| key);
    match first.and_then(Node::text) {
        Some("job") | None => Section::of(item, &KEYS, loader),
        Some("deployment") => Section::of(item, &DEPLOYMENT_KEYS, loader),
        Some(other) => {
            let hint = if item.get("job").is_some() {
                "write `job` before the other keys".to_owned()
            } else if item.get("deployment").is_some() {
                "write `deployment` before the other keys".to_owned()
            } else if item.get("steps").is_some() {
                "begin with `job:`; the name after it may be left out".to_owned()
            } else {
                nearest(other, ["job", "deployment", "template"]).map(|name| format!("did you mean `{name}`?")).unwrap_or_default()
            };
            loader.error(&item.place, format!("an entry of `jobs` begins with `job` or `deployment`, found `{other}`"), hint);
            None
        }
    }
}
