//! Secrets as JSON (facts/azure-apis.md 3.1).

use serde_json::{Map, Value, json};

use super::SUFFIX;
use crate::config::Vault;
use crate::store::{DeletedSecret, RECOVERABLE_DAYS, SecretVersion};

/// What of a secret is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// Value and version.
    Full,
    /// No value, no version: an item of the list of secrets.
    Item,
    /// No value: an item of the list of versions.
    VersionItem,
    /// No value, with version: what a change answers.
    Bundle,
}

/// Address of something in a vault.
pub(super) fn address(vault: &Vault, path: &str) -> String {
    format!("https://{}{SUFFIX}/{path}", vault.name)
}

pub(super) fn secret(vault: &Vault, name: &str, version: &SecretVersion, shape: Shape) -> Map<String, Value> {
    let mut body = Map::new();
    if shape == Shape::Full {
        body.insert("value".to_owned(), json!(version.value.expose()));
    }
    if let Some(content_type) = &version.content_type {
        body.insert("contentType".to_owned(), json!(content_type));
    }
    let path = if shape == Shape::Item { format!("secrets/{name}") } else { format!("secrets/{name}/{}", version.version) };
    body.insert("id".to_owned(), json!(address(vault, &path)));
    let mut attributes = Map::new();
    attributes.insert("enabled".to_owned(), json!(version.enabled));
    for (name, time) in [("nbf", version.not_before), ("exp", version.expires)] {
        if let Some(time) = time {
            attributes.insert(name.to_owned(), json!(time));
        }
    }
    attributes.insert("created".to_owned(), json!(version.created));
    attributes.insert("updated".to_owned(), json!(version.updated));
    attributes.insert("recoveryLevel".to_owned(), json!("Recoverable+Purgeable"));
    attributes.insert("recoverableDays".to_owned(), json!(RECOVERABLE_DAYS));
    body.insert("attributes".to_owned(), Value::Object(attributes));
    body.insert("tags".to_owned(), json!(version.tags));
    body
}

/// A deleted secret: the same, with when it is gone.
pub(super) fn deleted(vault: &Vault, name: &str, deleted: &DeletedSecret, shape: Shape) -> Option<Map<String, Value>> {
    let mut body = Map::new();
    body.insert("recoveryId".to_owned(), json!(address(vault, &format!("deletedsecrets/{name}"))));
    body.insert("deletedDate".to_owned(), json!(deleted.deleted));
    body.insert("scheduledPurgeDate".to_owned(), json!(deleted.purged()));
    body.extend(secret(vault, name, deleted.secret.latest()?, shape));
    Some(body)
}
