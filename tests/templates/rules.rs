//! The rules: what a pipeline that handles secrets, and strangers' pull requests, must not do.

use std::collections::BTreeSet;

use regex_lite::Regex;
use slipway_pipelines::yaml::Node;

use crate::library::{Breach, Library, Source, entries, mappings, texts};

/// What a file breaks. The library is there to follow includes.
pub(crate) type Rule = fn(&Source, &Library) -> Vec<Breach>;

/// All of them, by name.
pub(crate) const RULES: [(&str, Rule); 9] = [
    ("scripts", scripts),
    ("connections", connections),
    ("tasks", tasks),
    ("parameters", parameters),
    ("pull_requests", pull_requests),
    ("checkouts", checkouts),
    ("timeouts", timeouts),
    ("agentless", agentless),
    ("pinned_repositories", pinned_repositories),
];

/// Keys and inputs whose text a shell reads.
const SCRIPTS: [&str; 8] = ["script", "bash", "pwsh", "powershell", "inlineScript", "inline", "arguments", "scriptArguments"];

/// Variables that whoever pushes or opens a pull request chooses.
const UNTRUSTED: [&str; 10] = [
    "Build.RequestedFor",
    "Build.RequestedForEmail",
    "Build.SourceBranch",
    "Build.SourceBranchName",
    "Build.SourceVersionAuthor",
    "Build.SourceVersionMessage",
    "System.PullRequest.SourceBranch",
    "System.PullRequest.SourceBranchName",
    "System.PullRequest.SourceRepositoryUri",
    "System.PullRequest.targetBranchName",
];

/// Inputs, parameters and keys that name a service connection.
const CONNECTIONS: [&str; 17] = [
    "azureResourceManagerConnection",
    "azureSubscription",
    "connectedServiceName",
    "connectedServiceNameARM",
    "containerRegistry",
    "dockerRegistryEndpoint",
    "endpoint",
    "kubernetesServiceConnection",
    "kubernetesServiceEndpoint",
    "nonProductionSubscription",
    "productionSubscription",
    "registrySubscription",
    "serviceConnection",
    "sourceAzureSubscription",
    "sourceContainerRegistry",
    "targetAzureSubscription",
    "targetContainerRegistry",
];

/// Parameters and keys of deployment jobs that name an environment.
const ENVIRONMENTS: [&str; 2] = ["environment", "productionEnvironment"];

fn is_one_of(names: &[&str], name: &Node) -> bool {
    name.text().is_some_and(|text| names.iter().any(|name| name.eq_ignore_ascii_case(text)))
}

/// A script is no template: what is put into its text is run.
fn scripts(source: &Source, _: &Library) -> Vec<Breach> {
    let mut found = Vec::new();
    for (key, value) in entries(&source.tree).into_iter().filter(|(key, _)| is_one_of(&SCRIPTS, key)) {
        for (node, text) in texts(value) {
            let key = key.text().unwrap_or_default();
            if text.contains("${{") {
                found.push(Breach::new(node, format!("`{key}` has a `${{{{ }}}}` in its text: pass the value through `env:`")));
            }
            for name in UNTRUSTED {
                let macro_ = format!("$({name})");
                if text.to_ascii_lowercase().contains(&macro_.to_ascii_lowercase()) {
                    found.push(Breach::new(node, format!("`{key}` has `{macro_}` in its text, which a stranger may choose")));
                }
            }
        }
    }
    found
}

/// Azure Pipelines authorizes connections and environments before the run, so their names must be known then.
fn connections(source: &Source, _: &Library) -> Vec<Breach> {
    let mut found = Vec::new();
    for (names, what) in [(CONNECTIONS.as_slice(), "service connection"), (&ENVIRONMENTS, "environment")] {
        let holders = mappings(&source.tree).into_iter().filter(|node| names == CONNECTIONS || node.get("deployment").is_some());
        let named = holders.filter_map(Node::entries).flatten().filter(|(key, _)| is_one_of(names, key)).map(|(_, value)| value);
        let declared = declarations(source).filter(|item| item.get("name").is_some_and(|name| is_one_of(names, name)));
        let values = named.chain(declared.filter_map(|item| item.get("default")));
        let texts = values.flat_map(texts).filter(|(_, text)| text.contains("$(") || text.contains("$["));
        found.extend(texts.map(|(node, text)| Breach::new(node, format!("the {what} `{text}` is not known before the run"))));
    }
    found
}

/// The extension may be published under another publisher; and a task without a major version changes under the pipeline.
fn tasks(source: &Source, _: &Library) -> Vec<Breach> {
    let bare = Regex::new(r"^[A-Za-z][A-Za-z0-9]*@[0-9]+$").expect("a valid pattern");
    let named = entries(&source.tree).into_iter().filter(|(key, _)| key.text() == Some("task")).map(|(_, value)| value);
    let wrong = named.filter(|value| !value.text().is_some_and(|text| bare.is_match(text)));
    wrong
        .map(|value| Breach::new(value, format!("the task `{}` is not `Name@major`", value.text().unwrap_or_else(|| value.describe()))))
        .collect()
}

/// The items of the `parameters:` of a template.
fn declarations(source: &Source) -> impl Iterator<Item = &Node> {
    source.tree.get("parameters").and_then(Node::items).unwrap_or_default().iter()
}

/// Parameters are declared as a list with types, each under a comment that says what it is for.
fn parameters(source: &Source, _: &Library) -> Vec<Breach> {
    let mut found = Vec::new();
    if let Some(list) = source.tree.get("parameters").filter(|node| node.items().is_none()) {
        found.push(Breach::new(list, "`parameters` is not a list of names and types"));
    }
    for item in declarations(source) {
        let name = item.get("name").and_then(Node::text).unwrap_or_default();
        if name.is_empty() || item.get("type").and_then(Node::text).is_none() {
            found.push(Breach::new(item, format!("the parameter `{name}` has no name or no type")));
        }
        let above = item.place.line.checked_sub(2).and_then(|index| source.text.lines().nth(index));
        if !above.is_some_and(is_comment) {
            found.push(Breach::new(item, format!("the parameter `{name}` has no comment above it")));
        }
    }
    found
}

/// Whether a line is a comment that says something.
fn is_comment(line: &str) -> bool {
    line.trim_start().strip_prefix('#').is_some_and(|comment| !comment.trim().is_empty())
}

/// A file with all that it includes, and what it includes that is nowhere.
fn with_included<'a>(source: &'a Source, library: &'a Library) -> (Vec<&'a Source>, Vec<Breach>) {
    let (mut all, mut missing, mut seen, mut open) = (Vec::new(), Vec::new(), BTreeSet::new(), vec![source]);
    while let Some(source) = open.pop() {
        if !seen.insert(&source.name) {
            continue;
        }
        all.push(source);
        for (_, value) in entries(&source.tree).into_iter().filter(|(key, _)| key.text() == Some("template")) {
            let text = value.text().unwrap_or_default();
            match library.included(source, text) {
                Some(included) => open.push(included),
                None => missing.push(Breach::new(value, format!("`{text}` is in no file that this rule knows"))),
            }
        }
    }
    (all, missing)
}

/// A pull request may come from anybody: its pipeline, with all that it includes, can have no secret.
fn pull_requests(source: &Source, library: &Library) -> Vec<Breach> {
    if !source.is_pipeline() || !source.name.ends_with("/pr.yml") {
        return Vec::new();
    }
    let (sources, mut found) = with_included(source, library);
    for source in sources {
        for (key, value) in entries(&source.tree) {
            let text = value.text().unwrap_or_default();
            match key.text() {
                Some("task") if text.to_ascii_lowercase().contains("keyvault") => {
                    found.push(Breach::new(value, format!("a pull request would fetch secrets by `{text}`")));
                }
                Some("group") => found.push(Breach::new(value, format!("a pull request would see the variable group `{text}`"))),
                _ if is_one_of(&CONNECTIONS, key) => {
                    found.push(Breach::new(
                        key,
                        format!("a pull request would use the service connection of `{}`", key.text().unwrap_or_default()),
                    ));
                }
                _ => (),
            }
        }
        for name in declarations(source).filter_map(|item| item.get("name")).filter(|name| is_one_of(&CONNECTIONS, name)) {
            found.push(Breach::new(
                name,
                format!("a pull request would be given a service connection as `{}`", name.text().unwrap_or_default()),
            ));
        }
    }
    found
}

/// What a job runs must not find the token of the repository in its work folder.
fn checkouts(source: &Source, _: &Library) -> Vec<Breach> {
    let steps = mappings(&source.tree).into_iter().filter(|step| step.get("checkout").is_some_and(|what| what.text() != Some("none")));
    let open = steps.filter(|step| step.get("persistCredentials").and_then(Node::text) != Some("false"));
    open.map(|step| Breach::new(step, "`checkout` without `persistCredentials: false`")).collect()
}

/// A job that hangs must not hold its agent for long. Steps without a job have no place for a limit.
fn timeouts(source: &Source, _: &Library) -> Vec<Breach> {
    let jobs = mappings(&source.tree).into_iter().filter(|job| job.get("job").or_else(|| job.get("deployment")).is_some());
    let endless = jobs.filter(|job| job.get("timeoutInMinutes").is_none_or(Node::is_empty));
    let steps = source.tree.get("steps").filter(|_| source.is_pipeline());
    let endless = endless.map(|job| Breach::new(job, "a job without `timeoutInMinutes`"));
    endless.chain(steps.map(|steps| Breach::new(steps, "steps without a job, which has no `timeoutInMinutes`"))).collect()
}

/// What must wait for a person says so: jobs wait for no other by themselves, and a stage for whichever stands before it.
fn agentless(source: &Source, library: &Library) -> Vec<Breach> {
    let is_job = |node: &&Node| node.get("job").or_else(|| node.get("deployment")).is_some();
    let is_agentless = |node: &Node| node.get("pool").and_then(Node::text) == Some("server");
    let waits_for_nothing = |node: &&Node| node.get("dependsOn").is_none();
    let mut found = Vec::new();
    let jobs: Vec<_> = mappings(&source.tree).into_iter().filter(is_job).collect();
    if jobs.iter().any(|job| is_agentless(job)) {
        let others = jobs.into_iter().filter(|job| !is_agentless(job)).filter(waits_for_nothing);
        found.extend(others.map(|job| Breach::new(job, "a job beside one without an agent, without `dependsOn`")));
    }
    if source.is_pipeline() {
        let (sources, _) = with_included(source, library);
        let all: Vec<_> = sources.iter().flat_map(|source| mappings(&source.tree)).collect();
        if all.iter().filter(|node| is_job(node)).any(|job| is_agentless(job)) {
            let stages = all.into_iter().filter(|node| node.get("stage").is_some()).filter(waits_for_nothing);
            found.extend(stages.map(|stage| Breach::new(stage, "a stage of a pipeline that waits for a person, without `dependsOn`")));
        }
    }
    found
}

/// A branch of the templates could change what runs, with the pipeline's secrets, at any time.
fn pinned_repositories(source: &Source, _: &Library) -> Vec<Breach> {
    let repositories = source.tree.get("resources").map(mappings).unwrap_or_default().into_iter();
    let named = repositories.filter_map(|resource| Some((resource, resource.get("repository")?.text()?)));
    let loose = named.filter(|(resource, _)| {
        !resource.get("ref").and_then(Node::text).is_some_and(|reference| reference.starts_with("refs/tags/") && !reference.contains('$'))
    });
    loose.map(|(resource, name)| Breach::new(resource, format!("the repository `{name}` is not pinned to a tag"))).collect()
}
