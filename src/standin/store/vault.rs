use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use super::Sensitive;
use crate::config::{SecretSource, VaultSecret};
use crate::crypto::{KeyProblem, random_hex, random_text};

/// What stands before the seed in the PKCS#8 DER of an Ed25519 private key (RFC 8410 section 10.3; version 1, without the
/// public key, as OpenSSL writes it and as every library reads it).
const PKCS8_V1_ED25519: &[u8] = &[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// Days for which a deleted secret can be recovered.
pub(crate) const RECOVERABLE_DAYS: i64 = 90;

/// The content of a vault as the store keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct VaultContent {
    #[serde(default)]
    pub(crate) secrets: BTreeMap<String, StoredSecret>,
    #[serde(default)]
    pub(crate) deleted: BTreeMap<String, DeletedSecret>,
}

/// A secret with all of its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StoredSecret {
    /// Oldest first; never empty.
    pub(crate) versions: Vec<SecretVersion>,
    /// What the configuration said of it when that was last applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    declared: Option<Declared>,
}

/// A version of a secret. Times are seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecretVersion {
    /// 32 hexadecimal digits.
    pub(crate) version: String,
    pub(crate) value: Sensitive,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) content_type: Option<String>,
    pub(crate) enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) not_before: Option<i64>,
    pub(crate) created: i64,
    pub(crate) updated: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) tags: BTreeMap<String, String>,
}

/// A secret that was deleted and can still be recovered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeletedSecret {
    pub(crate) deleted: i64,
    pub(crate) secret: StoredSecret,
}

impl DeletedSecret {
    /// When it is gone for good.
    pub(crate) fn purged(&self) -> i64 {
        self.deleted + RECOVERABLE_DAYS * 24 * 3600
    }
}

/// What the configuration says of a secret. Kept beside the secret to see that it has changed since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Declared {
    source: String,
    content_type: Option<String>,
    enabled: bool,
    expires: Option<i64>,
    not_before: Option<i64>,
}

impl Declared {
    fn of(secret: &VaultSecret) -> Self {
        let source = match &secret.source {
            SecretSource::RandomText { length } => format!("randomText {length}"),
            SecretSource::KeyPair { .. } => "keyPair".to_owned(),
            SecretSource::Certificate { subject } => format!("certificate {subject}"),
            SecretSource::Prompt => "prompt".to_owned(),
        };
        let VaultSecret { content_type, enabled, expires, not_before, .. } = secret;
        Self { source, content_type: content_type.clone(), enabled: *enabled, expires: *expires, not_before: *not_before }
    }
}

impl StoredSecret {
    pub(crate) fn new(version: SecretVersion) -> Self {
        Self { versions: vec![version], declared: None }
    }

    /// The latest version. (Only a damaged file could have none.)
    pub(crate) fn latest(&self) -> Option<&SecretVersion> {
        self.versions.last()
    }
}

/// Why a secret has no value.
#[derive(Debug)]
pub(crate) enum NoValue {
    Key(KeyProblem),
    /// Whoever was asked gave none, and said why.
    Prompt(String),
}

impl VaultContent {
    /// Brings `declared` into the vault: makes a value where there is none, or where the kind of value was changed; applies
    /// attributes that were changed. A deleted secret stays deleted. Tells whether anything changed.
    pub(super) fn declare(
        &mut self,
        secret: &VaultSecret,
        now: OffsetDateTime,
        prompt: impl FnOnce() -> Result<String, String>,
    ) -> Result<bool, NoValue> {
        if self.deleted.keys().any(|name| name.eq_ignore_ascii_case(&secret.name)) {
            return Ok(false);
        }
        let declared = Declared::of(secret);
        let name = self.secrets.keys().find(|name| name.eq_ignore_ascii_case(&secret.name)).unwrap_or(&secret.name).clone();
        let before = self.secrets.get(&name).and_then(|stored| stored.declared.as_ref());
        if before == Some(&declared) {
            return Ok(false);
        }
        let seconds = now.unix_timestamp();
        let same_source = before.is_some_and(|before| before.source == declared.source);
        let mut version = match self.secrets.get(&name).and_then(StoredSecret::latest) {
            Some(latest) if same_source => latest.clone(),
            _ => SecretVersion {
                version: random_hex().map_err(NoValue::Key)?,
                value: make_value(&secret.source, now, prompt)?,
                content_type: None,
                enabled: true,
                expires: None,
                not_before: None,
                created: seconds,
                updated: seconds,
                tags: BTreeMap::new(),
            },
        };
        version.content_type.clone_from(&declared.content_type);
        (version.enabled, version.expires, version.not_before) = (declared.enabled, declared.expires, declared.not_before);
        version.updated = seconds;
        let stored = self.secrets.entry(name).or_insert_with(|| StoredSecret { versions: Vec::new(), declared: None });
        if same_source {
            stored.versions.pop();
        }
        stored.versions.push(version);
        stored.declared = Some(declared);
        Ok(true)
    }

    /// The public part of a key pair; `None` where the secret's value is none (any more).
    pub(super) fn public_key(&self, name: &str) -> Option<String> {
        let (_, stored) = self.secrets.iter().find(|(stored, _)| stored.eq_ignore_ascii_case(name))?;
        let der = STANDARD.decode(stored.latest()?.value.expose()).ok()?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok()?;
        Some(STANDARD.encode(pair.public_key()))
    }
}

fn make_value(source: &SecretSource, now: OffsetDateTime, prompt: impl FnOnce() -> Result<String, String>) -> Result<Sensitive, NoValue> {
    let value = match source {
        SecretSource::RandomText { length } => random_text(*length).map_err(NoValue::Key)?,
        SecretSource::KeyPair { .. } => {
            let random = ring::rand::generate::<[u8; 32]>(&SystemRandom::new())
                .map_err(|_| NoValue::Key(KeyProblem("the system has no random numbers".to_owned())))?;
            STANDARD.encode([PKCS8_V1_ED25519, &random.expose()].concat())
        }
        SecretSource::Certificate { subject } => {
            certificate(subject, now).map_err(|error| NoValue::Key(KeyProblem(format!("a certificate for `{subject}`: {error}"))))?
        }
        SecretSource::Prompt => prompt().map_err(NoValue::Prompt)?,
    };
    Ok(Sensitive::new(value))
}

fn certificate(subject: &str, now: OffsetDateTime) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new(Vec::new())?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, subject);
    parameters.distinguished_name = name;
    parameters.not_before = now - Duration::days(1);
    parameters.not_after = now + Duration::days(365);
    Ok(format!("{}{}", key.serialize_pem(), parameters.self_signed(&key)?.pem()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-11-24 12:00 UTC);

    fn secret(source: SecretSource) -> VaultSecret {
        VaultSecret { name: "the-secret".to_owned(), source, content_type: None, enabled: true, expires: None, not_before: None }
    }

    fn declare(vault: &mut VaultContent, secret: &VaultSecret) -> bool {
        vault.declare(secret, NOW, || panic!("nobody is asked")).unwrap()
    }

    fn value(vault: &VaultContent) -> String {
        vault.secrets["the-secret"].latest().unwrap().value.expose().to_owned()
    }

    #[test]
    fn a_value_is_made_once() {
        let mut vault = VaultContent::default();
        let declared = secret(SecretSource::RandomText { length: 20 });
        assert!(declare(&mut vault, &declared));
        let first = value(&vault);
        assert_eq!(first.len(), 20);
        assert!(!declare(&mut vault, &declared));
        assert_eq!(value(&vault), first);
    }

    #[test]
    fn changed_attributes_change_the_latest_version_and_a_changed_kind_makes_a_new_one() {
        let mut vault = VaultContent::default();
        let mut declared = secret(SecretSource::RandomText { length: 20 });
        declare(&mut vault, &declared);
        let first = value(&vault);
        declared.enabled = false;
        assert!(declare(&mut vault, &declared));
        assert_eq!(value(&vault), first);
        assert_eq!(vault.secrets["the-secret"].versions.len(), 1);
        assert!(!vault.secrets["the-secret"].versions[0].enabled);

        declared.source = SecretSource::Certificate { subject: "example.com".to_owned() };
        assert!(declare(&mut vault, &declared));
        assert_eq!(vault.secrets["the-secret"].versions.len(), 2);
        assert!(value(&vault).starts_with("-----BEGIN PRIVATE KEY-----\n"));
        assert!(value(&vault).contains("-----BEGIN CERTIFICATE-----\n"));
    }

    #[test]
    fn the_public_part_of_a_key_pair_verifies_what_the_secret_signs() {
        let mut vault = VaultContent::default();
        declare(&mut vault, &secret(SecretSource::KeyPair { public_variable: "PUBLIC".to_owned() }));
        let public = STANDARD.decode(vault.public_key("THE-secret").unwrap()).unwrap();
        assert_eq!(public.len(), 32);
        let private = STANDARD.decode(value(&vault)).unwrap();
        assert_eq!((private.len(), &private[..16]), (48, PKCS8_V1_ED25519), "not as OpenSSL writes it");
        let signature = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&private).unwrap().sign(b"message");
        let public = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public);
        public.verify(b"message", signature.as_ref()).unwrap();
        assert!(public.verify(b"Message", signature.as_ref()).is_err());
    }

    #[test]
    fn who_is_asked_may_refuse() {
        let mut vault = VaultContent::default();
        let refused = vault.declare(&secret(SecretSource::Prompt), NOW, || Err("there is no terminal".to_owned()));
        assert!(matches!(refused, Err(NoValue::Prompt(reason)) if reason == "there is no terminal"));
        assert!(vault.secrets.is_empty());
        vault.declare(&secret(SecretSource::Prompt), NOW, || Ok("given".to_owned())).unwrap();
        assert_eq!(value(&vault), "given");
    }
}
