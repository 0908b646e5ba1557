//! The environment of a step's process (facts/azure-pipelines-tasks.md 3.1, 3.2).

use std::collections::BTreeMap;

use slipway_model::{SYSTEM_CONNECTION, ServiceConnection};

use crate::job_context::JobContext;
use crate::variables::{Variables, environment_name};

/// Environment variables by name.
pub(crate) type Environment = BTreeMap<String, String>;

/// The environment of the agent's own process: what was allowed of the user's, and how managed identity is reached.
pub(crate) fn of_agent(job: &JobContext<'_>) -> Vec<(String, String)> {
    let mut environment = job.run.request.environment.clone();
    if let Some(azure) = &job.run.request.azure {
        environment.push(("IDENTITY_ENDPOINT".to_owned(), azure.identity_endpoint.clone()));
        environment.push(("IDENTITY_HEADER".to_owned(), azure.identity_header.clone()));
    }
    environment
}

/// The environment of a task's Node process: the agent's own, the step's `env:`, inputs, service connections, variables
/// (which win over `env:`, as in the agent), secrets, task variables and the prepended path.
pub(crate) fn of_task(
    job: &JobContext<'_>,
    agent: &[(String, String)],
    step: &[(String, String)],
    inputs: &[(String, String)],
    endpoints: &[ServiceConnection],
    task_variables: &Variables,
) -> Environment {
    let mut environment: Environment = agent.iter().chain(step).cloned().collect();
    for (name, value) in inputs {
        environment.insert(format!("INPUT_{}", environment_name(name, false)), value.clone());
    }
    for endpoint in endpoints {
        add_endpoint(&mut environment, endpoint);
    }
    let variables = job.variables.borrow();
    let mut names = (Vec::new(), Vec::new());
    for variable in variables.iter() {
        let name = environment_name(&variable.name, variable.preserve_case);
        if variable.secret {
            environment.insert(format!("SECRET_{name}"), variable.value.clone());
            names.1.push(variable.name.as_str());
        } else {
            add_public(&mut environment, &variable.name, name, &variable.value);
            names.0.push(variable.name.as_str());
        }
    }
    environment.insert("VSTS_PUBLIC_VARIABLES".to_owned(), serde_json::json!(names.0).to_string());
    environment.insert("VSTS_SECRET_VARIABLES".to_owned(), serde_json::json!(names.1).to_string());
    for variable in task_variables.iter() {
        environment
            .insert(format!("VSTS_TASKVARIABLE_{}", environment_name(&variable.name, variable.preserve_case)), variable.value.clone());
    }
    finish(job, &variables, environment)
}

/// The environment of a script. The script tasks are Node tasks whose library takes inputs, secrets and authorisation out
/// of the environment before it starts the shell: what is left is this.
pub(crate) fn of_script(job: &JobContext<'_>, agent: &[(String, String)], step: &[(String, String)]) -> Environment {
    let mut environment: Environment = agent.iter().chain(step).cloned().collect();
    if let Some(system) = job.endpoints.borrow().iter().find(|endpoint| endpoint.id == SYSTEM_CONNECTION) {
        environment.insert(format!("ENDPOINT_URL_{SYSTEM_CONNECTION}"), system.url.clone());
    }
    let variables = job.variables.borrow();
    for variable in variables.iter().filter(|variable| !variable.secret) {
        add_public(&mut environment, &variable.name, environment_name(&variable.name, variable.preserve_case), &variable.value);
    }
    finish(job, &variables, environment)
}

fn add_public(environment: &mut Environment, name: &str, environment_name: String, value: &str) {
    if name.eq_ignore_ascii_case("agent.jobstatus") {
        environment.insert("agent.jobstatus".to_owned(), value.to_owned());
    }
    environment.insert(environment_name, value.to_owned());
}

fn finish(job: &JobContext<'_>, variables: &Variables, mut environment: Environment) -> Environment {
    let prepended = job.prepend_path.borrow();
    if !prepended.is_empty() {
        let before = variables.value("PATH").or_else(|| environment.get("PATH").map(String::as_str)).unwrap_or_default();
        let mut folders: Vec<&str> = prepended.iter().rev().map(String::as_str).collect();
        if !before.is_empty() {
            folders.push(before);
        }
        let path = folders.join(":");
        environment.insert("PATH".to_owned(), path);
    }
    environment.insert("TF_BUILD".to_owned(), "True".to_owned());
    environment
}

fn add_endpoint(environment: &mut Environment, endpoint: &ServiceConnection) {
    let object = |pairs: &[(String, String)]| {
        let map = pairs.iter().map(|(name, value)| (name.clone(), serde_json::Value::String(value.clone())));
        serde_json::Value::Object(map.collect())
    };
    let key = &endpoint.id;
    environment.insert(format!("ENDPOINT_URL_{key}"), endpoint.url.clone());
    let authorization = serde_json::json!({"parameters": object(&endpoint.parameters), "scheme": endpoint.scheme});
    environment.insert(format!("ENDPOINT_AUTH_{key}"), authorization.to_string());
    environment.insert(format!("ENDPOINT_AUTH_SCHEME_{key}"), endpoint.scheme.clone());
    for (name, value) in &endpoint.parameters {
        environment.insert(format!("ENDPOINT_AUTH_PARAMETER_{key}_{}", environment_name(name, false)), value.clone());
    }
    if key != SYSTEM_CONNECTION {
        environment.insert(format!("ENDPOINT_DATA_{key}"), object(&endpoint.data).to_string());
        for (name, value) in &endpoint.data {
            environment.insert(format!("ENDPOINT_DATA_{key}_{}", environment_name(name, false)), value.clone());
        }
    }
}
