//! Deployment jobs: the environment, and the hooks of their strategy (facts/pipeline-yaml.md 2.10).

use super::job::Defaults;
use super::loader::Loader;
use super::section::{Keys, Section};
use super::step::{self, StepsOf};
use super::strategy::OF_DEPLOYMENTS;
use super::target::{self, PoolUse};
use crate::deployment::{Deployment, EnvironmentUse, Hook, RunOnce};
use crate::macros;
use crate::suggest::{list, nearest};
use crate::yaml::Node;

const ENVIRONMENT: Keys =
    Keys { what: "an environment", known: &["name", "resourceName", "resourceId", "resourceType", "tags"], refused: &[] };

const RUN_ONCE: Keys = Keys { what: "`runOnce`", known: &["preDeploy", "deploy", "routeTraffic", "postRouteTraffic", "on"], refused: &[] };

const ON: Keys = Keys { what: "`on` of a deployment job", known: &["failure", "success"], refused: &[] };

const HOOK: Keys = Keys { what: "a hook of a deployment job", known: &["steps", "pool"], refused: &[] };

/// What is special in a deployment job. `name` is its own.
pub(super) fn deployment(section: &Section<'_>, name: &str, defaults: &Defaults, loader: &mut Loader<'_>) -> Option<Deployment> {
    if let Some((key, _)) = section.entry("steps") {
        loader.error(
            &key.place,
            format!("the deployment job `{name}` has `steps`, which belong to a hook of its strategy"),
            "write them below `strategy:`, `runOnce:`, `deploy:`",
        );
    }
    let environment = environment(section, name, loader);
    let hooks = strategy(section, name, defaults, loader);
    Some(Deployment { environment: environment?, hooks: hooks? })
}

fn environment(section: &Section<'_>, job: &str, loader: &mut Loader<'_>) -> Option<EnvironmentUse> {
    let Some((key, node)) = section.entry("environment") else {
        loader.error(
            section.place(),
            format!("the deployment job `{job}` has no `environment`"),
            "write `environment: NAME`: what it deploys to, whose approvals it waits for",
        );
        return None;
    };
    let empty = |place, loader: &mut Loader<'_>| {
        loader.error(place, format!("the environment of the deployment job `{job}` is empty"), "write `environment: NAME`");
    };
    if node.is_empty() {
        empty(&key.place, loader);
        return None;
    }
    let (written, node, resource) = match node.text() {
        Some(text) => (text, node, None),
        None => {
            let environment = Section::of(node, &ENVIRONMENT, loader)?;
            environment.text("resourceId", loader);
            environment.text("resourceType", loader);
            environment.texts("tags", loader);
            let resource = environment.text("resourceName", loader).map(|(text, _)| text.to_owned());
            let Some((name, node)) = environment.text("name", loader) else {
                if environment.get("name").is_none() {
                    empty(environment.place(), loader);
                }
                return None;
            };
            (name, node, resource)
        }
    };
    let expanded = macros::expand(written, |variable| loader.root_variables.get(&variable.to_lowercase()).cloned());
    if expanded.contains("$(") || expanded.starts_with("$[") {
        loader.error(
            &node.place,
            format!("the environment of `{job}` is not known before the run: `{expanded}`"),
            "write its name, or a variable of the pipeline's root: its checks are made before any job of the stage starts",
        );
        return None;
    }
    let (name, resource) = match (expanded.split_once('.'), resource) {
        (Some((name, resource)), None) => (name.to_owned(), Some(resource.to_owned())),
        (_, resource) => (expanded.clone(), resource),
    };
    if name.trim().is_empty() {
        empty(&node.place, loader);
        return None;
    }
    Some(EnvironmentUse { name, resource: resource.filter(|resource| !resource.is_empty()), place: node.place.clone() })
}

fn strategy(section: &Section<'_>, job: &str, defaults: &Defaults, loader: &mut Loader<'_>) -> Option<RunOnce> {
    const HINT: &str = "write `strategy:`, `runOnce:`, `deploy:`, `steps:`, each below the one before";
    let Some(node) = section.get("strategy") else {
        loader.error(section.place(), format!("the deployment job `{job}` has no `strategy`"), HINT);
        return None;
    };
    let Some(entries) = node.entries() else {
        loader.error(&node.place, format!("the strategy of a deployment job must be a mapping, found {}", node.describe()), HINT);
        return None;
    };
    let mut found = None;
    for (key, value) in entries {
        match key.text().unwrap_or_default() {
            "runOnce" => found = Some(value),
            "canary" => loader.error(
                &key.place,
                "the strategy `canary` is not supported",
                "use `runOnce`, and let the task in it shift the traffic: Azure DevOps refuses `canary` for an environment without a resource",
            ),
            "rolling" => loader.error(
                &key.place,
                "the strategy `rolling` is not supported: it deploys to virtual machines of an environment",
                "use `runOnce`",
            ),
            name @ ("matrix" | "parallel" | "maxParallel") => loader.error(
                &key.place,
                format!("`{name}` is a strategy of jobs, and `{job}` is a deployment job"),
                "a deployment job has `runOnce`; write one deployment job for each leg",
            ),
            other => {
                let hint = match nearest(other, OF_DEPLOYMENTS.iter().copied()) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None => HINT.to_owned(),
                };
                loader.error(&key.place, format!("unknown strategy of a deployment job: `{other}`"), hint);
            }
        }
    }
    if entries.is_empty() {
        loader.error(&node.place, format!("the strategy of the deployment job `{job}` is empty"), HINT);
    }
    run_once(found?, job, section, defaults, loader)
}

fn run_once(node: &Node, job: &str, parent: &Section<'_>, defaults: &Defaults, loader: &mut Loader<'_>) -> Option<RunOnce> {
    let section = Section::of(node, &RUN_ONCE, loader)?;
    let pool = defaults.with_pool_of(parent, loader).pool;
    let mut whole = true;
    let mut read = |section: &Section<'_>, name: &str, of: StepsOf, loader: &mut Loader<'_>| {
        let (_, node) = section.entry(name)?;
        let hook = hook(node, name, &pool, of, loader);
        whole &= hook.is_some();
        hook
    };
    let mut hooks = RunOnce {
        pre_deploy: read(&section, "preDeploy", StepsOf::Hook, loader),
        deploy: read(&section, "deploy", StepsOf::DeployHook, loader),
        route_traffic: read(&section, "routeTraffic", StepsOf::Hook, loader),
        post_route_traffic: read(&section, "postRouteTraffic", StepsOf::Hook, loader),
        ..RunOnce::default()
    };
    if let Some(on) = section.get("on")
        && let Some(on) = Section::of(on, &ON, loader)
    {
        hooks.on_failure = read(&on, "failure", StepsOf::Hook, loader);
        hooks.on_success = read(&on, "success", StepsOf::Hook, loader);
    }
    if whole && hooks.all().next().is_none() {
        loader.error(
            section.place(),
            format!("`runOnce` of the deployment job `{job}` has no hooks"),
            "write `deploy:`, and below it `steps:`",
        );
        return None;
    }
    whole.then_some(hooks)
}

fn hook(node: &Node, name: &str, pool: &PoolUse, of: StepsOf, loader: &mut Loader<'_>) -> Option<Hook> {
    let section = Section::of(node, &HOOK, loader)?;
    let pool = target::pool(&section, loader).unwrap_or_else(|| pool.clone());
    if !section.has("steps") {
        let hint = format!("write `steps:` below it, or remove `{name}`; a hook has {}", list(HOOK.known.iter().copied()));
        loader.error(section.place(), format!("the hook `{name}` has no `steps`"), hint);
        return None;
    }
    match pool {
        PoolUse::Agent(pool) => Some(Hook { pool: Some(pool), steps: step::steps(&section, of, loader)?, place: node.place.clone() }),
        PoolUse::Server => Some(Hook { pool: None, steps: step::steps(&section, StepsOf::Server, loader)?, place: node.place.clone() }),
    }
}
