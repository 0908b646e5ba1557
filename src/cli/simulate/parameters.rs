//! Which parameters the pipelines of an event declare: each is given those that it knows. Pure.

use slipway_pipelines::yaml::{self, Kind};

use crate::failure::Failure;
use crate::local_config::did_you_mean;

/// The names of the parameters that a pipeline's file declares. What is wrong with the file is said elsewhere.
pub(crate) fn declared(file: &str, text: &str) -> Vec<String> {
    let Ok(Some(root)) = yaml::parse(file, text) else { return Vec::new() };
    let Some(parameters) = root.get("parameters") else { return Vec::new() };
    match &parameters.kind {
        Kind::Sequence(items) => {
            items.iter().filter_map(|item| item.get("name")).filter_map(|name| name.text()).map(str::to_owned).collect()
        }
        Kind::Mapping(entries) => entries.iter().filter_map(|(name, _)| name.text()).map(str::to_owned).collect(),
        Kind::Scalar { .. } => Vec::new(),
    }
}

/// Whether `name` is one of the parameters.
pub(crate) fn declares(declared: &[String], name: &str) -> bool {
    declared.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Refuses values of parameters that no pipeline declares.
pub(crate) fn check(given: &[(String, String)], declared: &[String]) -> Result<(), Failure> {
    let known: Vec<&str> = declared.iter().map(String::as_str).collect();
    let unknown = given.iter().filter(|(name, _)| !declares(declared, name)).map(|(name, _)| {
        let hint = if known.is_empty() { "none of them has parameters".to_owned() } else { did_you_mean(name, &known) };
        Failure::refused(format!("no pipeline of slipway.local.yml declares the parameter `{name}`")).hint(hint)
    });
    Failure::all(unknown).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_declared_in_two_styles() {
        let of = |text: &str| declared("ci.yml", text).join(" ");
        assert_eq!(of("parameters:\n- name: a\n  type: boolean\n- {name: b}\n"), "a b");
        assert_eq!(of("parameters: {a: 1, b: 2}\n"), "a b");
        for text in ["steps: []\n", "parameters:\n", "parameters: x\n", "parameters: [a, {type: string}]\n", "a: [\n", ""] {
            assert_eq!(of(text), "", "{text}");
        }
    }
}
