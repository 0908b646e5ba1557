use std::collections::BTreeMap;
use std::fmt;

use crate::env::environment_name;
use crate::spec::{InputSpec, TaskSpec};
use crate::{Env, VisibleRule};

/// The inputs of a task as strings, as the agent handed them over: the first of two stages. Reading them touches
/// nothing and refuses nothing; [`Inputs`](crate::Inputs) gives them types.
pub struct RawInputs {
    values: BTreeMap<&'static str, String>,
    unknown: Vec<String>,
}

impl RawInputs {
    /// Takes the inputs of `spec` from `env`. An agent sends every input, with its default where the pipeline gives none;
    /// an input that is not there at all has its default too. (On Windows an empty variable does not exist: there an
    /// input that was given as empty has its default.)
    pub fn read(spec: &'static TaskSpec, env: &Env) -> Self {
        let values = spec
            .inputs
            .iter()
            .map(|input| (input.name, env.get(&input_variable(input.name)).unwrap_or(input.default).to_owned()))
            .collect();
        Self { values, unknown: unknown(spec, env) }
    }

    /// The value of the input `name`, empty for an input that the task does not have.
    pub fn get(&self, name: &str) -> &str {
        self.values.get(name).map(String::as_str).unwrap_or_default()
    }

    /// Whether the form shows `input`. A rule that cannot be read hides nothing.
    pub fn is_visible(&self, input: &InputSpec) -> bool {
        let Some(rule) = input.visible_rule else { return true };
        VisibleRule::parse(rule).map_or(true, |rule| rule.holds(|name| self.get(name)))
    }

    /// Names, in upper case, of inputs that the pipeline gives and the task does not have.
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }
}

impl fmt::Debug for RawInputs {
    /// Names only: a value may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawInputs").field("names", &self.values.keys()).field("unknown", &self.unknown).finish()
    }
}

fn input_variable(name: &str) -> String {
    format!("INPUT_{}", environment_name(name))
}

fn unknown(spec: &TaskSpec, env: &Env) -> Vec<String> {
    let known: Vec<String> =
        spec.inputs.iter().flat_map(|input| std::iter::once(&input.name).chain(input.aliases)).map(|name| environment_name(name)).collect();
    env.iter()
        .filter_map(|(name, _)| name.to_uppercase().strip_prefix("INPUT_").map(str::to_owned))
        .filter(|name| !known.contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SPEC;

    #[test]
    fn values_defaults_and_unknown_names() {
        let env = Env::new([("INPUT_TEXT", ""), ("INPUT_COUNT", "7"), ("INPUT_CUONT", "8"), ("INPUT_OTHERTEXT", "alias")]);
        let raw = RawInputs::read(&SPEC, &env);
        assert_eq!(raw.get("text"), "");
        assert_eq!(raw.get("count"), "7");
        assert_eq!(raw.get("flag"), "false");
        assert_eq!(raw.get("nonsense"), "");
        assert_eq!(raw.unknown(), ["CUONT"]);
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}", RawInputs::read(&SPEC, &Env::new([("INPUT_TEXT", "planted")])));
        assert!(shown.contains("text") && !shown.contains("planted"), "{shown}");
    }
}
