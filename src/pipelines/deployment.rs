//! Deployment jobs: an environment, and the hooks of `runOnce` (facts/pipeline-yaml.md 2.10). Part of [`crate::Job`].

use crate::pipeline::{Pool, Step};
use crate::place::Place;

/// What a deployment job deploys to, and how.
#[derive(Clone, Debug)]
pub struct Deployment {
    /// `environment:`. Its checks hold up the whole stage.
    pub environment: EnvironmentUse,
    /// `strategy: runOnce:`
    pub hooks: RunOnce,
}

/// The environment of a deployment job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentUse {
    /// Its name. Known before the run: no macros.
    pub name: String,
    /// The resource in it: `environment: NAME.RESOURCE`, or `resourceName:`.
    pub resource: Option<String>,
    /// Where it is named.
    pub place: Place,
}

/// The hooks of `runOnce`, in the order in which they run. Each is a job of its own for an agent: with its own workspace
/// and its own outcome. One at least is there.
#[derive(Clone, Debug, Default)]
pub struct RunOnce {
    /// `preDeploy`
    pub pre_deploy: Option<Hook>,
    /// `deploy`. The implicit download of artifacts is explicit here.
    pub deploy: Option<Hook>,
    /// `routeTraffic`
    pub route_traffic: Option<Hook>,
    /// `postRouteTraffic`
    pub post_route_traffic: Option<Hook>,
    /// `on: failure`: after any of those above failed.
    pub on_failure: Option<Hook>,
    /// `on: success`: after all of those above succeeded.
    pub on_success: Option<Hook>,
}

impl RunOnce {
    /// The hooks that are there, with their names, in the order of the file's documentation.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Hook)> {
        [
            ("preDeploy", &self.pre_deploy),
            ("deploy", &self.deploy),
            ("routeTraffic", &self.route_traffic),
            ("postRouteTraffic", &self.post_route_traffic),
            ("on: failure", &self.on_failure),
            ("on: success", &self.on_success),
        ]
        .into_iter()
        .filter_map(|(name, hook)| hook.as_ref().map(|hook| (name, hook)))
    }
}

/// A hook: steps, and where they run.
#[derive(Clone, Debug)]
pub struct Hook {
    /// Its own pool, else that of the job; `None` is `pool: server`: no agent.
    pub pool: Option<Pool>,
    /// Steps in order. There is no implicit checkout.
    pub steps: Vec<Step>,
    /// Where it is declared.
    pub place: Place,
}
