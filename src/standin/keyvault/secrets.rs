//! The operations on secrets.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Visit;
use super::access::Action;
use super::body::{self, Shape};
use super::refusal::Refused;
use crate::crypto::random_hex;
use crate::exchange::{Answer, Request};
use crate::store::{DeletedSecret, SecretVersion, Sensitive, StoredSecret, VaultContent};

/// Most items on a page.
const PAGE: usize = 25;
/// Most characters of a value.
const VALUE_LIMIT: usize = 25_000;

/// What a client sends to set or change a secret.
#[derive(Deserialize)]
struct Change {
    value: Option<String>,
    #[serde(rename = "contentType")]
    content_type: Option<String>,
    tags: Option<BTreeMap<String, String>>,
    attributes: Option<Attributes>,
}

#[derive(Deserialize)]
struct Attributes {
    enabled: Option<bool>,
    nbf: Option<i64>,
    exp: Option<i64>,
}

impl Change {
    fn read(request: &Request) -> Result<Self, Refused> {
        // serde's message may quote a value.
        serde_json::from_slice(&request.body)
            .map_err(|_| Refused::bad_parameter("The request body is not a valid JSON object of a secret."))
    }

    fn apply(self, version: &mut SecretVersion) {
        if let Some(content_type) = self.content_type {
            version.content_type = Some(content_type);
        }
        if let Some(tags) = self.tags {
            version.tags = tags;
        }
        if let Some(attributes) = self.attributes {
            version.enabled = attributes.enabled.unwrap_or(version.enabled);
            version.not_before = attributes.nbf.or(version.not_before);
            version.expires = attributes.exp.or(version.expires);
        }
    }
}

pub(super) fn answer(visit: Visit<'_>, action: &Action, request: &Request) -> Result<Answer, Refused> {
    if let Some(name) = action.secret() {
        check_name(name)?;
    }
    match action {
        Action::List { .. } | Action::Versions { .. } | Action::Get { .. } | Action::GetDeleted { .. } => {
            let store = visit.world.store();
            let empty = VaultContent::default();
            read(visit, action, request, store.vault(&visit.vault.name).unwrap_or(&empty))
        }
        Action::Set { .. } | Action::Update { .. } | Action::Delete { .. } | Action::Recover { .. } | Action::Purge { .. } => visit
            .world
            .store()
            .change_vault(&visit.vault.name, |content| change(visit, action, request, content))
            .map_err(|error| Refused::failed(error.to_string()))?,
    }
}

fn read(visit: Visit<'_>, action: &Action, request: &Request, content: &VaultContent) -> Result<Answer, Refused> {
    let vault = visit.vault;
    match action {
        Action::List { deleted: false } => {
            let items = content.secrets.iter().filter_map(|(name, stored)| Some(body::secret(vault, name, stored.latest()?, Shape::Item)));
            page(visit, request, items.collect())
        }
        Action::List { deleted: true } => {
            let items = content.deleted.iter().filter_map(|(name, deleted)| body::deleted(vault, name, deleted, Shape::Item));
            page(visit, request, items.collect())
        }
        Action::Versions { name } => {
            let (name, stored) = find(&content.secrets, name).ok_or_else(|| Refused::not_found(name))?;
            page(visit, request, stored.versions.iter().map(|version| body::secret(vault, name, version, Shape::VersionItem)).collect())
        }
        Action::Get { name: asked, version } => {
            let (name, stored) = find(&content.secrets, asked).ok_or_else(|| Refused::not_found(asked))?;
            let found = match version {
                None => stored.latest(),
                Some(version) => stored.versions.iter().find(|known| known.version.eq_ignore_ascii_case(version)),
            };
            let found = found.ok_or_else(|| Refused::not_found(&format!("{asked}/{}", version.as_deref().unwrap_or_default())))?;
            if !found.enabled {
                return Err(Refused::forbidden("SecretDisabled", "Operation get is not allowed on a disabled secret.".to_owned()));
            }
            Ok(ok(body::secret(vault, name, found, Shape::Full)))
        }
        Action::GetDeleted { name: asked } => {
            let (name, deleted) = find(&content.deleted, asked).ok_or_else(|| Refused::not_found(asked))?;
            Ok(ok(body::deleted(vault, name, deleted, Shape::Bundle).unwrap_or_default()))
        }
        Action::Set { name }
        | Action::Update { name, .. }
        | Action::Delete { name }
        | Action::Recover { name }
        | Action::Purge { name } => Err(Refused::not_found(name)),
    }
}

fn change(visit: Visit<'_>, action: &Action, request: &Request, content: &mut VaultContent) -> Result<Answer, Refused> {
    let vault = visit.vault;
    let now = visit.world.seconds();
    match action {
        Action::Set { name: asked } => {
            if find(&content.deleted, asked).is_some() {
                return Err(Refused::conflict(
                    "ObjectIsDeletedButRecoverable",
                    format!(
                        "Secret {asked} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, the \
                         secret can only be recovered or purged."
                    ),
                ));
            }
            let mut change = Change::read(request)?;
            let value =
                change.value.take().ok_or_else(|| Refused::bad_parameter("Property \"value\" is missing from the request body."))?;
            if value.chars().count() > VALUE_LIMIT {
                return Err(Refused::bad_parameter(format!("The specified secret value exceeds {VALUE_LIMIT} characters.")));
            }
            let mut version = SecretVersion {
                version: random_hex().map_err(|problem| Refused::failed(problem.to_string()))?,
                value: Sensitive::new(value),
                content_type: None,
                enabled: true,
                expires: None,
                not_before: None,
                created: now,
                updated: now,
                tags: BTreeMap::new(),
            };
            change.apply(&mut version);
            let name = find(&content.secrets, asked).map_or(asked.as_str(), |(name, _)| name).to_owned();
            let answer = ok(body::secret(vault, &name, &version, Shape::Full));
            match content.secrets.get_mut(&name) {
                Some(stored) => stored.versions.push(version),
                None => {
                    content.secrets.insert(name, StoredSecret::new(version));
                }
            }
            Ok(answer)
        }
        Action::Update { name: asked, version } => {
            let name = find(&content.secrets, asked).map(|(name, _)| name.to_owned()).ok_or_else(|| Refused::not_found(asked))?;
            let stored = content.secrets.get_mut(&name).ok_or_else(|| Refused::not_found(asked))?;
            let found = match version {
                None => stored.versions.last_mut(),
                Some(version) => stored.versions.iter_mut().find(|known| known.version.eq_ignore_ascii_case(version)),
            };
            let found = found.ok_or_else(|| Refused::not_found(&format!("{asked}/{}", version.as_deref().unwrap_or_default())))?;
            Change::read(request)?.apply(found);
            found.updated = now;
            Ok(ok(body::secret(vault, &name, found, Shape::Bundle)))
        }
        Action::Delete { name: asked } => {
            let (name, secret) = take(&mut content.secrets, asked)?;
            let deleted = DeletedSecret { deleted: now, secret };
            let answer = ok(body::deleted(vault, &name, &deleted, Shape::Bundle).unwrap_or_default());
            content.deleted.insert(name, deleted);
            Ok(answer)
        }
        Action::Recover { name: asked } => {
            let (name, deleted) = take(&mut content.deleted, asked)?;
            let latest = deleted.secret.latest().ok_or_else(|| Refused::not_found(asked))?;
            let answer = ok(body::secret(vault, &name, latest, Shape::Bundle));
            content.secrets.insert(name, deleted.secret);
            Ok(answer)
        }
        Action::Purge { name: asked } => {
            take(&mut content.deleted, asked)?;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        Action::List { .. } | Action::Versions { .. } | Action::Get { .. } | Action::GetDeleted { .. } => {
            Err(Refused::bad_parameter("This is no change."))
        }
    }
}

fn ok(body: Map<String, Value>) -> Answer {
    Answer::json(StatusCode::OK, &Value::Object(body))
}

/// Names ignore case, and are shown as they were first written.
fn find<'a, T>(map: &'a BTreeMap<String, T>, name: &str) -> Option<(&'a str, &'a T)> {
    map.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(name, value)| (name.as_str(), value))
}

fn take<T>(map: &mut BTreeMap<String, T>, asked: &str) -> Result<(String, T), Refused> {
    let name = find(map, asked).map(|(name, _)| name.to_owned());
    name.and_then(|name| map.remove_entry(&name)).ok_or_else(|| Refused::not_found(asked))
}

fn check_name(name: &str) -> Result<(), Refused> {
    let valid = (1..=127).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if valid { Ok(()) } else { Err(Refused::bad_parameter(format!("The request URI contains an invalid name: {name}"))) }
}

/// A page of `items`. As in Azure, a full page announces another one, which may turn out to be empty.
fn page(visit: Visit<'_>, request: &Request, items: Vec<Map<String, Value>>) -> Result<Answer, Refused> {
    let size = match request.query("maxresults") {
        None => PAGE,
        Some(text) => match text.parse() {
            Ok(size @ 1..=PAGE) => size,
            _ => return Err(Refused::bad_parameter(format!("invalid value for maxresults: {text}; it must be from 1 to {PAGE}"))),
        },
    };
    let start = match request.query("$skiptoken") {
        None => 0,
        Some(token) => skipped(token).ok_or_else(|| Refused::bad_parameter("invalid value for $skiptoken"))?,
    };
    let value: Vec<_> = items.into_iter().skip(start).take(size).collect();
    let next = (value.len() == size).then(|| {
        let version = request.query("api-version").unwrap_or_default();
        let token = URL_SAFE_NO_PAD.encode(json!({ "NextMarker": start + size }).to_string());
        // Azure's own links name the port.
        let path = request.path.trim_end_matches('/');
        format!("https://{}{}:443{path}?api-version={version}&$skiptoken={token}&maxresults={size}", visit.vault.name, super::SUFFIX)
    });
    Ok(Answer::json(StatusCode::OK, &json!({ "value": value, "nextLink": next })))
}

fn skipped(token: &str) -> Option<usize> {
    let json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    json["NextMarker"].as_u64()?.try_into().ok()
}
