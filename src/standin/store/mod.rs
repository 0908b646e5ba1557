//! What the local Azure remembers, in `<state>/azure/store`: the certificate authority, the keys that sign tokens, the
//! principals' credentials, the vaults with all versions of their secrets. It survives a restart.
//!
//! Files are JSON with mode 0600 in folders with mode 0700, and are replaced in one step. This is the only place where
//! secrets are in clear.
//!
//! | file | content |
//! |---|---|
//! | `authority.json` | certificate and key of the authority |
//! | `keys.json` | keys with which Entra and Azure DevOps sign tokens |
//! | `principals.json` | credentials by principal |
//! | `vaults/<name>.json` | `secrets` and `deleted` by name, each with its `versions`, oldest first |
//! | `registries.json` | passwords of admin users, by registry |
//! | `groups.json` | the secret variables of variable groups, by group, as a vault has them |

mod authority;
mod connections;
mod file;
mod groups;
mod keys;
mod principals;
mod sensitive;
mod vault;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

pub(crate) use authority::{Authority, Certifier};
pub(crate) use file::{make_folder, read as read_json, write, write_json};
pub use groups::{GroupError, GroupSecrets, GroupVariable};
pub(crate) use keys::{StoredKeys, TokenKeys};
pub(crate) use principals::{Principals, RegisteredCertificate};
pub(crate) use sensitive::Sensitive;
pub(crate) use vault::{DeletedSecret, NoValue, RECOVERABLE_DAYS, SecretVersion, StoredSecret, VaultContent};

use crate::acr::owner_token;
use crate::config::{Config, SecretSource};
use crate::crypto::{KeyProblem, random_text};
use crate::directory::login_server;

/// A file of the store, or the store's folder, cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("`{path}` {what}: {cause}. It belongs to the local Azure's store; to begin with a new one, remove the folder `{folder}`.")]
pub struct StoreError {
    what: &'static str,
    path: String,
    folder: String,
    cause: String,
}

impl StoreError {
    pub(crate) fn new(what: &'static str, path: &Path, cause: impl fmt::Display) -> Self {
        let folder = path.ancestors().find(|folder| folder.ends_with("azure")).or(path.parent()).unwrap_or(path);
        Self { what, path: path.display().to_string(), folder: folder.display().to_string(), cause: cause.to_string() }
    }
}

/// A secret that has no value: nobody could be asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingValue {
    /// Vault.
    pub vault: String,
    /// Secret.
    pub secret: String,
    /// Why, in the words of whoever was asked.
    pub reason: String,
}

/// What the local Azure remembers. Reading it needs no running stand-in.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    authority: Option<Authority>,
    keys: Option<StoredKeys>,
    principals: Principals,
    vaults: BTreeMap<String, VaultContent>,
    /// Passwords of admin users.
    registries: BTreeMap<String, Vec<Sensitive>>,
}

/// Why a store could not be made ready.
#[derive(Debug)]
pub(crate) enum NotReady {
    Store(StoreError),
    Missing(Vec<MissingValue>),
}

impl From<StoreError> for NotReady {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Store {
    /// Reads the store in the state folder `state`. Where there is none, it is empty; nothing is written.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged.
    pub fn open(state: &Path) -> Result<Self, StoreError> {
        let folder = state.join("azure").join("store");
        let mut vaults = BTreeMap::new();
        let vaults_folder = folder.join("vaults");
        if vaults_folder.is_dir() {
            let unreadable = |error| StoreError::new("cannot be read", &vaults_folder, error);
            for entry in std::fs::read_dir(&vaults_folder).map_err(unreadable)? {
                let path = entry.map_err(unreadable)?.path();
                if path.extension().is_none_or(|extension| extension != "json") {
                    continue;
                }
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                vaults.insert(name, file::read(&path)?.unwrap_or_default());
            }
        }
        Ok(Self {
            authority: file::read(&folder.join("authority.json"))?,
            keys: file::read(&folder.join("keys.json"))?,
            principals: file::read(&folder.join("principals.json"))?.unwrap_or_default(),
            vaults,
            registries: file::read(&folder.join("registries.json"))?.unwrap_or_default(),
            folder,
        })
    }

    /// Public parts of the generated key pairs of `config`: plain variables of pipelines, name and value.
    pub fn public_variables(&self, config: &Config) -> Vec<(String, String)> {
        let mut variables = Vec::new();
        for vault in &config.vaults {
            let Some(content) = self.vaults.get(&vault.name.to_lowercase()) else { continue };
            for secret in &vault.secrets {
                let SecretSource::KeyPair { public_variable } = &secret.source else { continue };
                variables.extend(content.public_key(&secret.name).map(|value| (public_variable.clone(), value)));
            }
        }
        variables
    }

    /// Makes everything that `config` asks for and is not there yet, and writes it. Asks `prompt` (vault, secret) for
    /// values that only a person knows; all that were refused are told at once.
    pub(crate) fn prepare(
        &mut self,
        config: &Config,
        now: OffsetDateTime,
        mut prompt: impl FnMut(&str, &str) -> Result<String, String>,
    ) -> Result<(), NotReady> {
        let folder = self.folder.clone();
        let vaults_folder = folder.join("vaults");
        make_folder(&vaults_folder)?;
        let unmade = |problem: KeyProblem| StoreError::new("cannot be made", &folder, problem);
        if self.authority.is_none() {
            let authority = self.authority.insert(Authority::make(now).map_err(unmade)?);
            write_json(&folder.join("authority.json"), authority)?;
        }
        if self.keys.is_none() {
            let keys = self.keys.insert(StoredKeys::make().map_err(unmade)?);
            write_json(&folder.join("keys.json"), keys)?;
        }
        let before = self.principals.clone();
        self.principals.complete(config, now).map_err(unmade)?;
        if self.principals != before {
            write_json(&folder.join("principals.json"), &self.principals)?;
        }
        let registries = self.registries.len();
        for registry in config.registries.iter().filter(|registry| registry.admin_user) {
            if let Entry::Vacant(vacant) = self.registries.entry(registry.name.to_lowercase()) {
                let password = || random_text(52).map(Sensitive::new);
                vacant.insert(vec![password().map_err(unmade)?, password().map_err(unmade)?]);
            }
        }
        if self.registries.len() != registries {
            write_json(&folder.join("registries.json"), &self.registries)?;
        }
        let mut missing = Vec::new();
        for vault in &config.vaults {
            let name = vault.name.to_lowercase();
            let is_new = !self.vaults.contains_key(&name);
            let content = self.vaults.entry(name.clone()).or_default();
            let mut changed = is_new;
            for secret in &vault.secrets {
                match content.declare(secret, now, || prompt(&vault.name, &secret.name)) {
                    Ok(change) => changed |= change,
                    Err(NoValue::Key(problem)) => return Err(unmade(problem).into()),
                    Err(NoValue::Prompt(reason)) => {
                        missing.push(MissingValue { vault: vault.name.clone(), secret: secret.name.clone(), reason });
                    }
                }
            }
            if changed {
                write_json(&vaults_folder.join(format!("{name}.json")), content)?;
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(NotReady::Missing(missing)) }
    }

    /// The authority and the token keys of a store that was prepared.
    pub(crate) fn trust(&self) -> Result<(Certifier, String, TokenKeys), StoreError> {
        let damaged = |problem: KeyProblem| StoreError::new("is damaged", &self.folder, problem);
        let (Some(authority), Some(keys)) = (&self.authority, &self.keys) else {
            return Err(damaged(KeyProblem("it has no certificate authority or no keys".to_owned())));
        };
        Ok((authority.certifier().map_err(damaged)?, authority.certificate.clone(), keys.read().map_err(damaged)?))
    }

    pub(crate) fn principals(&self) -> &Principals {
        &self.principals
    }

    /// The certificates that Entra knows, by principal.
    pub(crate) fn registered_certificates(&self) -> Result<BTreeMap<String, RegisteredCertificate>, StoreError> {
        let mut registered = BTreeMap::new();
        for (name, principal) in &self.principals.principals {
            if let Some(certificate) = &principal.certificate {
                let known = certificate.registered().map_err(|problem| {
                    StoreError::new("is damaged", &self.folder.join("principals.json"), format!("`{name}`: {problem}"))
                })?;
                registered.insert(name.clone(), known);
            }
        }
        Ok(registered)
    }

    /// A refresh token with which whoever runs the local Azure reads the registry whose login server is `host`, to see for
    /// themselves what it holds; valid from `now` for three hours. Absent where `config` has no such registry, or the
    /// stand-in never ran on this store.
    pub fn registry_reader(&self, config: &Config, host: &str, now: OffsetDateTime) -> Option<String> {
        config.registries.iter().find(|registry| login_server(&registry.name).eq_ignore_ascii_case(host))?;
        let keys = self.keys.as_ref()?.read().ok()?;
        owner_token(&keys, host, now.unix_timestamp()).ok()
    }

    /// The passwords of a registry's admin user.
    pub(crate) fn registry_passwords(&self, registry: &str) -> Option<&[Sensitive]> {
        self.registries.get(&registry.to_lowercase()).map(Vec::as_slice)
    }

    /// The content of a vault.
    pub(crate) fn vault(&self, name: &str) -> Option<&VaultContent> {
        self.vaults.get(&name.to_lowercase())
    }

    /// Changes a vault: `change` gets a copy of its content, which takes the place of the old one once it is written.
    /// A change that is refused (`Err` from `change`) leaves everything as it was.
    pub(crate) fn change_vault<T, E>(
        &mut self,
        name: &str,
        change: impl FnOnce(&mut VaultContent) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        let name = name.to_lowercase();
        let mut content = self.vaults.get(&name).cloned().unwrap_or_default();
        let result = change(&mut content);
        if result.is_ok() {
            write_json(&self.folder.join("vaults").join(format!("{name}.json")), &content)?;
            self.vaults.insert(name, content);
        }
        Ok(result)
    }
}
