//! Pipelines of one file: what is loaded, and what is refused.

mod delivery;
mod forms;
mod mistakes;
mod tasks;
mod triggers;

use super::*;
use crate::bench::Bench;
use crate::catalog::TaskDefinition;
use crate::pipeline::{Job, Step};

fn task(name: &str, id: &str, version: u32, more: serde_json::Value) -> TaskDefinition {
    let mut json = serde_json::json!({"id": id, "name": name, "version": {"Major": version, "Minor": "2", "Patch": 3}});
    json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

fn tasks() -> Vec<TaskDefinition> {
    let deploy = serde_json::json!({"inputs": [
        {"name": "connection", "type": "connectedService:AzureRM", "aliases": ["azureSubscription"], "label": "Azure subscription", "required": true},
        {"name": "others", "type": "connectedService:AzureRM"},
        {"name": "registry", "type": "connectedService:dockerregistry"},
        {"name": "mode", "type": "pickList", "defaultValue": "safe"},
        {"name": "count", "type": "int", "defaultValue": 3},
        {"name": "dryRun", "type": "boolean", "defaultValue": false},
        {"name": "reason", "type": "string", "required": true, "visibleRule": "mode = fast"},
        {"name": "none", "type": "string", "defaultValue": null},
    ]});
    vec![
        task("Deploy", "11111111-0000-0000-0000-000000000000", 1, deploy.clone()),
        task("Deploy", "11111111-0000-0000-0000-000000000000", 2, deploy),
        task("Twin", "22222222-0000-0000-0000-000000000000", 1, serde_json::json!({"contributionIdentifier": "acme.tools.twin"})),
        task("Twin", "33333333-0000-0000-0000-000000000000", 1, serde_json::json!({})),
        task("Bash", "44444444-0000-0000-0000-000000000000", 9, serde_json::json!({})),
        task("Wait", "55555555-0000-0000-0000-000000000000", 1, serde_json::json!({"runsOn": ["Server", "ServerGate"]})),
    ]
}

fn try_load(text: &str) -> Result<Loaded, Diagnostics> {
    Bench::new(text).tasks(tasks()).load()
}

fn pipeline(text: &str) -> Pipeline {
    let loaded = try_load(text).unwrap_or_else(|problems| panic!("{problems}"));
    assert!(loaded.warnings.is_empty(), "{}", loaded.warnings);
    loaded.pipeline
}

fn problems(text: &str) -> String {
    try_load(text).map(|loaded| panic!("{loaded:?}")).unwrap_err().render(&|_| None)
}

fn only_job(text: &str) -> Job {
    pipeline(text).stages.remove(0).jobs.remove(0)
}

/// The steps after the implicit checkout.
fn steps(text: &str) -> Vec<Step> {
    let mut steps = only_job(text).steps;
    assert_eq!(steps.remove(0).task.name, "Checkout");
    steps
}

/// Stages, jobs and steps, a line each.
fn outline(pipeline: &Pipeline) -> String {
    let mut out = String::new();
    for stage in &pipeline.stages {
        out += &format!("{} {:?} after {:?} if {}\n", stage.name, stage.display_name, stage.depends_on, stage.condition.source());
        for job in &stage.jobs {
            out += &format!("  {} {:?} after {:?} if {}\n", job.name, job.display_name, job.depends_on, job.condition.source());
            for step in &job.steps {
                out +=
                    &format!("    {} {:?} {}@{} {:?}\n", step.name, step.display_name, step.task.name, step.task.version, step.task.inputs);
            }
        }
    }
    out
}
