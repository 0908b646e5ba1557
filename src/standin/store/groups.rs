//! The secret variables of variable groups. Azure DevOps keeps them, not a vault; here they are made and kept as a vault's
//! secrets are, in `groups.json` beside them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use slipway_secret::{Secret, SecretSink};

use super::vault::{NoValue, VaultContent};
use super::{Store, StoreError, file, make_folder, write_json};
use crate::config::{SecretSource, VaultSecret};

/// The secret variables of a variable group, as the configuration has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSecrets {
    /// The group.
    pub group: String,
    /// Name of each, and where its first value comes from.
    pub secrets: Vec<(String, SecretSource)>,
}

/// A variable of a group that the store has the value of.
#[derive(Clone, Debug)]
pub enum GroupVariable {
    /// A secret one.
    Secret {
        /// Name.
        name: String,
        /// Value.
        value: Secret,
    },
    /// The public part of a key pair.
    Public {
        /// Name.
        name: String,
        /// Value.
        value: String,
    },
}

/// Why the secrets of variable groups have no values.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody could be asked for them: group, variable, and why.
    #[error("there is no value for {}.", each(.0))]
    Missing(Vec<(String, String, String)>),
}

fn each(missing: &[(String, String, String)]) -> String {
    let each = missing.iter().map(|(group, name, reason)| format!("`{name}` of the variable group `{group}` ({reason})"));
    each.collect::<Vec<_>>().join(", ")
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Groups(BTreeMap<String, VaultContent>);

impl Store {
    /// The values of the secret variables of `groups`, group by group in their order. Those that have none yet are made, or
    /// asked for with `prompt` (group, variable), and written. One process at a time may call it for a state folder.
    ///
    /// # Errors
    /// When the store cannot be used; when nobody could be asked, all that were refused at once.
    pub fn group_variables(
        &self,
        groups: &[GroupSecrets],
        mut prompt: impl FnMut(&str, &str) -> Result<String, String>,
        sink: &dyn SecretSink,
    ) -> Result<Vec<Vec<GroupVariable>>, GroupError> {
        if groups.iter().all(|group| group.secrets.is_empty()) {
            return Ok(groups.iter().map(|_| Vec::new()).collect());
        }
        let path = self.folder.join("groups.json");
        let before: Groups = file::read(&path)?.unwrap_or_default();
        let mut stored = before.clone();
        let mut missing = Vec::new();
        let now = slipway_net::Clock::System.now();
        for GroupSecrets { group, secrets } in groups {
            let content = stored.0.entry(group.to_lowercase()).or_default();
            for (name, source) in secrets {
                match content.declare(&declared(name, source), now, || prompt(group, name)) {
                    Ok(_) => {}
                    Err(NoValue::Prompt(reason)) => missing.push((group.clone(), name.clone(), reason)),
                    Err(NoValue::Key(problem)) => return Err(StoreError::new("cannot be made", &path, problem).into()),
                }
            }
        }
        // What was made or asked for is kept, even when another value is missing: nobody is asked twice.
        if stored != before {
            make_folder(&self.folder)?;
            write_json(&path, &stored)?;
        }
        if !missing.is_empty() {
            return Err(GroupError::Missing(missing));
        }
        Ok(groups.iter().map(|group| values(group, &stored, sink)).collect())
    }
}

fn declared(name: &str, source: &SecretSource) -> VaultSecret {
    VaultSecret { name: name.to_owned(), source: source.clone(), content_type: None, enabled: true, expires: None, not_before: None }
}

fn values(group: &GroupSecrets, stored: &Groups, sink: &dyn SecretSink) -> Vec<GroupVariable> {
    let Some(content) = stored.0.get(&group.group.to_lowercase()) else { return Vec::new() };
    let mut variables = Vec::new();
    for (name, source) in &group.secrets {
        let value = content.secrets.iter().find(|(stored, _)| stored.eq_ignore_ascii_case(name)).and_then(|(_, secret)| secret.latest());
        variables.extend(value.map(|latest| GroupVariable::Secret { name: name.clone(), value: Secret::new(latest.value.expose(), sink) }));
        if let SecretSource::KeyPair { public_variable } = source {
            let public = content.public_key(name);
            variables.extend(public.map(|value| GroupVariable::Public { name: public_variable.clone(), value }));
        }
    }
    variables
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    struct Nobody;

    impl SecretSink for Nobody {
        fn register(&self, _: &str) {}
    }

    fn group(secrets: &[(&str, SecretSource)]) -> GroupSecrets {
        GroupSecrets {
            group: "Settings".to_owned(),
            secrets: secrets.iter().map(|(name, source)| ((*name).to_owned(), source.clone())).collect(),
        }
    }

    fn shown(variables: &[Vec<GroupVariable>]) -> Vec<(String, String)> {
        let shown = variables.iter().flatten().map(|variable| match variable {
            GroupVariable::Secret { name, value } => (name.clone(), value.expose().to_owned()),
            GroupVariable::Public { name, value } => (name.clone(), format!("public {value}")),
        });
        shown.collect()
    }

    fn unasked(_: &str, _: &str) -> Result<String, String> {
        Err("nobody is there".to_owned())
    }

    #[test]
    fn values_are_made_once_and_kept_where_only_their_owner_reads_them() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(state.path()).unwrap();
        let groups = [group(&[
            ("TOKEN", SecretSource::RandomText { length: 20 }),
            ("KEY", SecretSource::KeyPair { public_variable: "PUBLIC".to_owned() }),
        ])];
        let first = shown(&store.group_variables(&groups, unasked, &Nobody).unwrap());
        let names: Vec<_> = first.iter().map(|(name, value)| (name.as_str(), value.starts_with("public "))).collect();
        assert_eq!(names, [("TOKEN", false), ("KEY", false), ("PUBLIC", true)]);
        assert_eq!(first[0].1.len(), 20);
        let again = Store::open(state.path()).unwrap();
        assert_eq!(shown(&again.group_variables(&groups, unasked, &Nobody).unwrap()), first);
        let mode = std::fs::metadata(state.path().join("azure/store/groups.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_value_is_asked_for_once_and_every_refusal_is_told() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(state.path()).unwrap();
        let groups = [group(&[("A", SecretSource::Prompt), ("B", SecretSource::Prompt), ("C", SecretSource::Prompt)])];
        let only_b = |_: &str, name: &str| if name == "B" { Ok("told".to_owned()) } else { Err("no terminal".to_owned()) };
        assert_eq!(
            store.group_variables(&groups, only_b, &Nobody).unwrap_err().to_string(),
            "there is no value for `A` of the variable group `Settings` (no terminal), `C` of the variable group `Settings` (no terminal)."
        );
        let mut asked = Vec::new();
        let answer = |group: &str, name: &str| {
            asked.push(format!("{group}/{name}"));
            Ok("later".to_owned())
        };
        let values = shown(&store.group_variables(&groups, answer, &Nobody).unwrap());
        assert_eq!(values.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["later", "told", "later"]);
        assert_eq!(asked, ["Settings/A", "Settings/C"]);
    }

    #[test]
    fn without_secrets_nothing_is_written() {
        let state = tempfile::tempdir().unwrap();
        let store = Store::open(state.path()).unwrap();
        assert_eq!(store.group_variables(&[group(&[])], unasked, &Nobody).unwrap().len(), 1);
        assert!(!state.path().join("azure").exists());
    }
}
