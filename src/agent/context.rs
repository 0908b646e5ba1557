use std::sync::{Arc, OnceLock};

use slipway_model::{Facts, Fragment, Outcome, SYSTEM_CONNECTION, TaskReference};
use slipway_net::{Clock, Settings};
use slipway_secret::SecretSink;
use time::format_description::well_known::Rfc3339;

use crate::connections::SystemConnection;
use crate::network::{self, Network};
use crate::output::Output;
use crate::spec::TaskSpec;
use crate::{Cancellation, ChildEnvironment, Env, Inputs, Masker, Reporter, TaskError, TaskFiles, Variables};

/// All that a task gets of its surroundings.
#[derive(Debug)]
pub struct TaskContext {
    spec: &'static TaskSpec,
    env: Env,
    masker: Arc<Masker>,
    reporter: Reporter,
    cancellation: Cancellation,
    clock: Clock,
    network: OnceLock<Result<Settings, TaskError>>,
}

impl TaskContext {
    pub(crate) fn new(spec: &'static TaskSpec, env: Env, output: Output, clock: Clock, cancellation: Cancellation) -> Self {
        let output = Arc::new(output);
        let masker = Arc::new(Masker::new(output.clone()));
        // A secret of the job may stand in an input, by intent or by mistake, and get into a file from there.
        let job_token = format!("ENDPOINT_AUTH_PARAMETER_{SYSTEM_CONNECTION}_ACCESSTOKEN");
        let secrets = env.iter().filter(|(name, _)| name.to_uppercase().starts_with("SECRET_") || name.eq_ignore_ascii_case(&job_token));
        secrets.filter_map(|(_, value)| value.to_str()).for_each(|value| masker.know(value));
        let reporter = Reporter::new(output, masker.clone(), &env);
        Self { spec, env, masker, reporter, cancellation, clock, network: OnceLock::new() }
    }

    /// The table of the task.
    pub fn spec(&self) -> &'static TaskSpec {
        self.spec
    }

    /// The inputs, to be read once.
    pub fn inputs(&self) -> Inputs<'_> {
        Inputs::new(self.spec, &self.env, &*self.masker)
    }

    /// The variables of the job.
    pub fn variables(&self) -> Variables<'_> {
        Variables::new(&self.env, &*self.masker)
    }

    /// The job's own connection to Azure DevOps.
    ///
    /// # Errors
    /// When the agent did not hand it over whole.
    pub fn system_connection(&self) -> Result<SystemConnection, TaskError> {
        SystemConnection::read(&self.env, &*self.masker)
    }

    /// How to reach the network. The first call prints what a person should know of it.
    ///
    /// # Errors
    /// When the agent's settings cannot be used.
    pub fn network(&self) -> Result<Settings, TaskError> {
        let read = || {
            let Network { settings, warnings } = network::read(&self.env, self.spec, &*self.masker)?;
            for warning in warnings {
                self.reporter.warning(warning);
            }
            Ok(settings)
        };
        self.network.get_or_init(read).clone()
    }

    /// What prints.
    pub fn reporter(&self) -> &Reporter {
        &self.reporter
    }

    /// What masks: makes secrets.
    pub fn sink(&self) -> Arc<dyn SecretSink> {
        self.masker.clone()
    }

    /// Tells when the task has to stop.
    pub fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The environment of child processes, to which the task adds what it maps.
    pub fn child_environment(&self) -> ChildEnvironment {
        ChildEnvironment::allowed(&self.env)
    }

    /// The files that the task writes.
    pub fn files(&self) -> TaskFiles<'_> {
        TaskFiles::new(self.spec, self.variables(), &self.reporter)
    }

    /// A fragment of the delivery record with everything but what was done: give it the rest by
    /// `Fragment { dry_run, problems, ..context.fragment(outcome, facts) }`.
    pub fn fragment(&self, outcome: Outcome, facts: Facts) -> Fragment {
        let (major, minor, patch) = self.spec.version;
        let variables = self.variables();
        let now = self.clock.now();
        let now = now.replace_nanosecond(0).unwrap_or(now);
        Fragment {
            schema: Fragment::SCHEMA,
            task: TaskReference { name: self.spec.name.to_owned(), version: format!("{major}.{minor}.{patch}") },
            // Only years beyond 9999 cannot be written.
            at: now.format(&Rfc3339).unwrap_or_default(),
            stage: variables.stage().to_owned(),
            job: variables.job().to_owned(),
            attempt: variables.job_attempt(),
            outcome,
            dry_run: false,
            facts,
            problems: Vec::new(),
        }
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }
}
