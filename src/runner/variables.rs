//! The variables of a job, as the agent keeps them: names without case, secrets that stay secret, read-only ones, and
//! values that may name other variables (facts/pipeline-yaml.md 2.8, facts/azure-pipelines-tasks.md 6.4).

use std::collections::HashMap;

use slipway_pipelines::macros::{ExpansionProblem, expand_variable};

use crate::masker::Masker;

/// A variable.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Variable {
    /// Name as it was spelled when it was set last.
    pub(crate) name: String,
    /// Value. May be secret: no `Debug`.
    pub(crate) value: String,
    /// Whether it is secret; never becomes false again.
    pub(crate) secret: bool,
    /// Whether it may not be set any more.
    pub(crate) read_only: bool,
    /// Keep the case of the name in the environment.
    pub(crate) preserve_case: bool,
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A set of variables in the order in which their names were first set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    /// As set: values may hold macros.
    raw: Vec<Variable>,
    /// As the next step sees them; the same positions as `raw`.
    expanded: Vec<Variable>,
    positions: HashMap<String, usize>,
}

/// Names that no step may set (the agent's list), besides those that a pipeline declares `readonly`.
const READ_ONLY: &[&str] = &[
    "agent.acceptteeeula",
    "agent.builddirectory",
    "agent.cainfo",
    "agent.clean.builddirectory",
    "agent.clientcert",
    "agent.clientcertarchive",
    "agent.clientcertkey",
    "agent.clientcertpassword",
    "agent.cloudid",
    "agent.homedirectory",
    "agent.id",
    "agent.isselfhosted",
    "agent.jobname",
    "agent.jobstatus",
    "agent.machinename",
    "agent.name",
    "agent.os",
    "agent.osarchitecture",
    "agent.osversion",
    "agent.proxybypasslist",
    "agent.proxypassword",
    "agent.proxyurl",
    "agent.proxyusername",
    "agent.readonlyvariables",
    "agent.retaindefaultencoding",
    "agent.rootdirectory",
    "agent.runmode",
    "agent.skipcertvalidation",
    "agent.tempdirectory",
    "agent.toolsdirectory",
    "agent.usebasicauthforproxy",
    "agent.version",
    "agent.workfolder",
    "agent.workingdirectory",
    "build.artifactstagingdirectory",
    "build.binariesdirectory",
    "build.buildnumber",
    "build.clean",
    "build.definitionname",
    "build.repository.clean",
    "build.repository.git.submodulecheckout",
    "build.repository.id",
    "build.repository.localpath",
    "build.repository.name",
    "build.repository.provider",
    "build.repository.uri",
    "build.sourcebranch",
    "build.sourcesdirectory",
    "build.sourceversion",
    "build.sourceversionauthor",
    "build.sourceversionmessage",
    "build.stagingdirectory",
    "build.syncsources",
    "common.testresultsdirectory",
    "pipeline.repository.name",
    "pipeline.workspace",
    "system.accesstoken",
    "system.artifactsdirectory",
    "system.collectionid",
    "system.culture",
    "system.debug",
    "system.defaultworkingdirectory",
    "system.definitionid",
    "system.definitionname",
    "system.enableaccesstoken",
    "system.hosttype",
    "system.jobattempt",
    "system.jobdisplayname",
    "system.jobid",
    "system.jobname",
    "system.phaseattempt",
    "system.phasedisplayname",
    "system.phasename",
    "system.planid",
    "system.pullrequest.targetbranch",
    "system.servertype",
    "system.stageattempt",
    "system.stagedisplayname",
    "system.stagename",
    "system.teamproject",
    "system.teamprojectid",
    "system.tfserverurl",
    "system.workfolder",
    "task.displayname",
    "task.publishtelemetry",
];

impl Variables {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Sets a variable that no secret can be in.
    pub(crate) fn set_plain(&mut self, name: &str, value: impl Into<String>) {
        self.put(Variable { name: name.to_owned(), value: value.into(), secret: false, read_only: false, preserve_case: false });
    }

    /// Sets a variable; a secret one is registered with `masker` first. What was secret or read-only stays so.
    pub(crate) fn set(&mut self, variable: Variable, masker: &Masker) {
        let secret = variable.secret || self.get(&variable.name).is_some_and(|present| present.secret);
        let read_only = variable.read_only || self.get(&variable.name).is_some_and(|present| present.read_only);
        if secret {
            masker.add_value(&variable.value);
        }
        self.put(Variable { secret, read_only, ..variable });
    }

    /// The variable as the current step sees it.
    pub(crate) fn get(&self, name: &str) -> Option<&Variable> {
        self.positions.get(&name.to_lowercase()).map(|position| &self.expanded[*position])
    }

    /// Its value.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(|variable| variable.value.as_str())
    }

    /// Its value where .NET's `Boolean.TryParse` reads one.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        let value = self.value(name)?.trim();
        if value.eq_ignore_ascii_case("true") {
            Some(true)
        } else if value.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }

    /// Whether a step may not set it.
    pub(crate) fn is_read_only(&self, name: &str) -> bool {
        self.get(name).is_some_and(|variable| variable.read_only || READ_ONLY.contains(&name.to_lowercase().as_str()))
    }

    /// All variables as the current step sees them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Variable> {
        self.expanded.iter()
    }

    /// Expands the values for the next step, from what was set: `$(name)` inside of values, recursively. What holds a secret
    /// becomes secret, and is registered with `masker`. Returns warnings: cycles, too deep nesting.
    pub(crate) fn recalculate(&mut self, masker: &Masker) -> Vec<String> {
        let mut warnings = Vec::new();
        let lookup = |name: &str| {
            let variable = &self.raw[*self.positions.get(&name.to_lowercase())?];
            Some((variable.value.as_str(), variable.secret))
        };
        let expand = |variable: &Variable| match expand_variable(&variable.name, &lookup) {
            Ok(expanded) => {
                if expanded.secret {
                    masker.add_value(&expanded.value);
                }
                Variable { value: expanded.value, secret: expanded.secret, ..variable.clone() }
            }
            Err(problem) => {
                let reason = match problem {
                    ExpansionProblem::Cycle => "A cyclical reference was detected.".to_owned(),
                    ExpansionProblem::TooDeep => "The max expansion depth (50) was exceeded.".to_owned(),
                    ExpansionProblem::TooMany => format!("It was left as it is, since {problem}."),
                };
                warnings.push(format!("Unable to expand variable '{}'. {reason}", variable.name));
                variable.clone()
            }
        };
        self.expanded = self.raw.iter().map(expand).collect();
        warnings
    }

    fn put(&mut self, variable: Variable) {
        match self.positions.get(&variable.name.to_lowercase()) {
            Some(position) => {
                self.expanded[*position] = variable.clone();
                self.raw[*position] = variable;
            }
            None => {
                self.positions.insert(variable.name.to_lowercase(), self.raw.len());
                self.expanded.push(variable.clone());
                self.raw.push(variable);
            }
        }
    }
}

/// A variable's or an input's name as it appears in the environment (facts/azure-pipelines-tasks.md 3.1).
pub(crate) fn environment_name(name: &str, preserve_case: bool) -> String {
    let name = name.replace(['.', ' '], "_");
    if preserve_case { name } else { name.to_uppercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, value: &str) -> Variable {
        Variable { name: name.into(), value: value.into(), secret: true, read_only: false, preserve_case: false }
    }

    #[test]
    fn names_have_no_case_and_secrets_stay_secret() {
        let masker = Masker::new();
        let mut variables = Variables::new();
        variables.set(secret("Key", "hunter2"), &masker);
        variables.set(Variable { secret: false, ..secret("KEY", "later") }, &masker);
        assert_eq!(variables.value("key"), Some("later"));
        assert!(variables.get("key").unwrap().secret);
        assert_eq!(masker.mask("hunter2 later"), "*** ***");
        assert_eq!(variables.iter().count(), 1);
    }

    #[test]
    fn the_agents_own_variables_are_read_only_once_they_exist() {
        let mut variables = Variables::new();
        assert!(!variables.is_read_only("Agent.JobStatus"));
        variables.set_plain("agent.jobstatus", "Succeeded");
        assert!(variables.is_read_only("Agent.JobStatus"));
        variables.set_plain("mine", "");
        assert!(!variables.is_read_only("mine"));
    }

    #[test]
    fn values_are_expanded_from_what_was_set_and_secrets_taint() {
        let masker = Masker::new();
        let mut variables = Variables::new();
        variables.set(secret("key", "hunter2"), &masker);
        variables.set_plain("a", "<$(b)>");
        variables.set_plain("b", "$(KEY) $(unknown)");
        variables.set_plain("c", "$(c)");
        assert_eq!(variables.recalculate(&masker), ["Unable to expand variable 'c'. A cyclical reference was detected."]);
        assert_eq!(variables.value("a"), Some("<hunter2 $(unknown)>"));
        assert!(variables.get("a").is_some_and(|variable| variable.secret));
        assert_eq!(variables.value("c"), Some("$(c)"));
        variables.set_plain("b", "plain");
        variables.recalculate(&masker);
        assert_eq!(variables.value("a"), Some("<plain>"));
        assert!(!variables.get("a").is_some_and(|variable| variable.secret), "the agent judges anew before each step");
    }

    #[test]
    fn names_in_the_environment() {
        assert_eq!(environment_name("Build.Source version-x/y", false), "BUILD_SOURCE_VERSION-X/Y");
        assert_eq!(environment_name("my.Var", true), "my_Var");
    }

    #[test]
    fn debug_output_has_no_values() {
        let masker = Masker::new();
        let mut variables = Variables::new();
        variables.set(secret("Key", "hunter2"), &masker);
        assert!(!format!("{variables:?}").contains("hunter2"));
    }
}
