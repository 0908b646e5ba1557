use std::sync::Arc;

use azure_core::http::RawResponse;
use azure_security_keyvault_secrets::models::{SecretAttributes, SecretClientGetSecretOptions};
use azure_security_keyvault_secrets::{ResourceExt as _, SecretClient, SecretClientOptions};
use futures::future::join;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use slipway_net::{Client, FailureKind, SendError};
use slipway_secret::{Secret, SecretSink};
use time::OffsetDateTime;

use super::interpret::{Asked, interpret};
use super::{SecretReference, VaultAddress, VaultError, VaultErrorKind as Kind};
use crate::identity::{Credential, IdentityError};
use crate::nearest::nearest;
use crate::transport::{client_options, find_cause, json_position};
use crate::{Cloud, UnexpectedAnswer};

/// Requests at a time.
const PARALLEL: usize = 16;
/// A version of the service that all clouds have (facts/azure-apis.md 3.1).
const API_VERSION: &str = "7.4";

/// A vault that is read with one identity.
pub struct Vault {
    address: VaultAddress,
    client: SecretClient,
    credential: Arc<Credential>,
    scope: String,
    sink: Arc<dyn SecretSink>,
}

/// A secret that was read.
#[derive(Clone, Debug)]
pub struct FetchedSecret {
    /// The value.
    pub value: Secret,
    /// The version that was read, 32 hexadecimal digits.
    pub version: String,
    /// From when on it is meant to be used. The vault serves it earlier as well.
    pub not_before: Option<OffsetDateTime>,
    /// Until when it is meant to be used. The vault serves it later as well.
    pub expires: Option<OffsetDateTime>,
}

/// What the vault says of a secret without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretState {
    /// Whether it can be read.
    pub enabled: bool,
    /// From when on it is meant to be used.
    pub not_before: Option<OffsetDateTime>,
    /// Until when it is meant to be used.
    pub expires: Option<OffsetDateTime>,
}

/// What a look at the vault gave.
#[derive(Debug)]
pub enum Listing {
    /// For each secret asked for, in order: what the vault says of it.
    Secrets(Vec<Result<SecretState, VaultError>>),
    /// The identity may not list. (It may still be allowed to read: that needs another permission.)
    NotPermitted(VaultError),
}

impl Vault {
    /// A vault at `address`, read as `credential`. Nothing is sent yet. Values are registered with `sink`.
    ///
    /// # Errors
    /// When the SDK does not take the address.
    pub fn new(
        address: VaultAddress,
        cloud: &Cloud,
        credential: Arc<Credential>,
        client: &Client,
        sink: Arc<dyn SecretSink>,
    ) -> Result<Self, VaultError> {
        let options = SecretClientOptions {
            api_version: API_VERSION.to_owned(),
            client_options: client_options(client, cloud),
            verify_challenge_resource: Some(true),
        };
        let sdk = SecretClient::new(address.url().as_str(), credential.clone(), Some(options))
            .map_err(|error| VaultError::new(Kind::Other, format!("The address `{}` cannot be used: {error}.", address.url()), ""))?;
        Ok(Self { address, client: sdk, credential, scope: cloud.key_vault_scope(), sink })
    }

    /// Its address.
    pub fn address(&self) -> &VaultAddress {
        &self.address
    }

    /// Reads the secrets, in order. Signs in while the first one is asked for: the vault answers that request with a
    /// challenge, and without this first one every parallel request would be answered so.
    ///
    /// # Errors
    /// What concerns the vault as a whole: then no secret can be read. What concerns one secret is in its place.
    pub async fn fetch(&self, wanted: &[SecretReference]) -> Result<Vec<Result<FetchedSecret, VaultError>>, Vec<VaultError>> {
        let Some((first, rest)) = wanted.split_first() else { return Ok(Vec::new()) };
        let first = self.signed_in(self.get(first)).await?;
        let mut results = vec![first];
        results.extend(stream::iter(rest.iter().map(|secret| self.get(secret))).buffered(PARALLEL).collect::<Vec<_>>().await);
        self.explain_missing(wanted, &mut results).await;
        Ok(results)
    }

    /// Looks whether the secrets are there, without reading a value.
    ///
    /// # Errors
    /// What concerns the vault as a whole.
    pub async fn look(&self, wanted: &[SecretReference]) -> Result<Listing, Vec<VaultError>> {
        let names = match self.signed_in(self.list()).await? {
            Ok(names) => names,
            Err(error) if matches!(error.kind, Kind::ForbiddenByRbac | Kind::ForbiddenByPolicy) => return Ok(Listing::NotPermitted(error)),
            Err(error) => return Err(vec![error]),
        };
        let mut states: Vec<_> = stream::iter(wanted.iter().map(|secret| self.state(secret, &names))).buffered(PARALLEL).collect().await;
        self.explain_missing(wanted, &mut states).await;
        Ok(Listing::Secrets(states))
    }

    /// Runs the first request together with the sign-in and separates what concerns the whole vault.
    async fn signed_in<T>(&self, request: impl Future<Output = Result<T, VaultError>>) -> Result<Result<T, VaultError>, Vec<VaultError>> {
        let (signed_in, result) = join(self.credential.sign_in(&self.scope), request).await;
        let mut errors: Vec<_> = signed_in.err().map(identity).into_iter().collect();
        match result {
            // told already
            Err(VaultError { kind: Kind::Identity(_), .. }) if !errors.is_empty() => {}
            Err(error) if error.kind.is_about_the_vault() => errors.push(error),
            result if errors.is_empty() => return Ok(result),
            _ => {}
        }
        Err(errors)
    }

    async fn get(&self, secret: &SecretReference) -> Result<FetchedSecret, VaultError> {
        let options = SecretClientGetSecretOptions { secret_version: secret.version.clone(), ..SecretClientGetSecretOptions::default() };
        let response = self.client.get_secret(&secret.name, Some(options)).await.map_err(|error| self.explain(&error, Some(secret)))?;
        let model = response.into_model().map_err(|error| self.unreadable(&error, secret))?;
        // Before anything else can fail: from here on the value is masked.
        let value = Secret::new(model.value.clone().unwrap_or_default(), self.sink.as_ref());
        let version = model.resource_id().ok().and_then(|id| id.version).unwrap_or_default();
        let attributes = model.attributes.unwrap_or_default();
        Ok(FetchedSecret { value, version, not_before: attributes.not_before, expires: attributes.expires })
    }

    async fn list(&self) -> Result<Vec<(String, SecretAttributes)>, VaultError> {
        let pager = self.client.list_secret_properties(None).map_err(|error| self.explain(&error, None))?;
        let properties: Vec<_> = pager.try_collect().await.map_err(|error| self.explain(&error, None))?;
        Ok(properties
            .into_iter()
            .filter_map(|secret| Some((secret.resource_id().ok()?.name, secret.attributes.unwrap_or_default())))
            .collect())
    }

    async fn state(&self, secret: &SecretReference, names: &[(String, SecretAttributes)]) -> Result<SecretState, VaultError> {
        let asked = || Asked { vault: &self.address, secret: Some(secret), tenant_id: self.credential.tenant_id() };
        let found = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(&secret.name));
        let attributes = match (&secret.version, found) {
            (_, None) => return Err(interpret(404, b"", &asked())),
            (None, Some((_, attributes))) => attributes.clone(),
            (Some(version), Some(_)) => {
                let pager =
                    self.client.list_secret_properties_versions(&secret.name, None).map_err(|error| self.explain(&error, Some(secret)))?;
                let versions: Vec<_> = pager.try_collect().await.map_err(|error| self.explain(&error, Some(secret)))?;
                let version = versions.into_iter().find(|found| found.resource_id().is_ok_and(|id| id.version.as_ref() == Some(version)));
                version.ok_or_else(|| interpret(404, b"", &asked()))?.attributes.unwrap_or_default()
            }
        };
        if attributes.enabled == Some(false) {
            return Err(interpret(403, br#"{"error":{"code":"SecretDisabled"}}"#, &asked()));
        }
        Ok(SecretState { enabled: true, not_before: attributes.not_before, expires: attributes.expires })
    }

    /// Adds to each missing secret what was perhaps meant, or that it was deleted. Both need permissions of their own;
    /// without them the message stays as it is.
    async fn explain_missing<T>(&self, wanted: &[SecretReference], results: &mut [Result<T, VaultError>]) {
        let missing: Vec<usize> = results
            .iter()
            .enumerate()
            .filter(|(_, result)| matches!(result, Err(error) if matches!(error.kind, Kind::SecretNotFound)))
            .map(|(at, _)| at)
            .collect();
        if missing.is_empty() {
            return;
        }
        let names: Vec<String> = self.list().await.unwrap_or_default().into_iter().map(|(name, _)| name).collect();
        for at in missing {
            let (secret, Some(Err(error))) = (&wanted[at], results.get_mut(at)) else { continue };
            if names.iter().any(|name| name.eq_ignore_ascii_case(&secret.name)) {
                error.next_step = format!(
                    "`az keyvault secret list-versions --vault-name {} --name {}` shows the versions that there are.",
                    self.address.name(),
                    secret.name
                );
            } else if let Some(deleted) = self.deleted(secret).await {
                *error = deleted;
            } else if let Some(near) = nearest(&secret.name, &names) {
                error.next_step = format!("Was `{near}` meant? {}", error.next_step);
            }
        }
    }

    async fn deleted(&self, secret: &SecretReference) -> Option<VaultError> {
        let deleted = self.client.get_deleted_secret(&secret.name, None).await.ok()?.into_model().ok()?;
        let date = |date: Option<OffsetDateTime>| date.map_or_else(|| "an unknown date".to_owned(), |date| date.date().to_string());
        Some(VaultError::new(
            Kind::SecretDeleted,
            format!(
                "The secret `{}` of the vault `{}` was deleted on {} and will be purged on {}.",
                secret.name,
                self.address.name(),
                date(deleted.deleted_date),
                date(deleted.scheduled_purge_date)
            ),
            format!("Recover it: `az keyvault secret recover --vault-name {} --name {}`.", self.address.name(), secret.name),
        ))
    }

    fn explain(&self, error: &azure_core::Error, secret: Option<&SecretReference>) -> VaultError {
        if let Some(error) = find_cause::<IdentityError>(error) {
            return identity(error.clone());
        }
        if let Some(error) = find_cause::<SendError>(error) {
            return self.unreachable(error);
        }
        if let Some(answer) = find_cause::<UnexpectedAnswer>(error) {
            let next = format!("Ask whoever runs the network to let this agent reach `{}`.", self.address.host());
            return VaultError::new(Kind::Answer, answer.to_string(), next);
        }
        if let azure_core::error::ErrorKind::HttpResponse { status, raw_response: Some(response), .. } = error.kind() {
            let asked = Asked { vault: &self.address, secret, tenant_id: self.credential.tenant_id() };
            let mut explained = interpret(u16::from(*status), response.body(), &asked);
            explained.request_id = request_id(response);
            return explained;
        }
        let said = find_cause::<serde_json::Error>(error)
            .map_or_else(|| error.to_string(), |error| format!("its answer is not what the service documents ({})", json_position(error)));
        VaultError::new(
            Kind::Other,
            format!("Reading the vault `{}` failed: {}.", self.address.name(), said.trim_end_matches('.')),
            "Run the step again with `System.Debug` set to `true`; if it stays, report the log.",
        )
    }

    fn unreachable(&self, error: &SendError) -> VaultError {
        let name = self.address.name();
        // A vault's host name exists only while the vault does. Behind a proxy it is the proxy that looks the name up.
        let exists = format!(
            "`az keyvault show --name {name}` tells whether the vault exists; check the input's spelling, and the cloud of the service connection."
        );
        match error.kind {
            FailureKind::NameNotFound => VaultError::new(
                Kind::VaultNotFound,
                format!("There is no key vault `{name}`: the host name `{}` does not exist.", self.address.host()),
                exists,
            ),
            FailureKind::ProxyRefused(status) if status >= 500 => VaultError::new(
                Kind::Unreachable,
                format!("The key vault `{name}` was not reached. {error}"),
                format!("If the proxy means that there is no such host, there is no such vault: {exists}"),
            ),
            _ => VaultError::new(Kind::Unreachable, format!("The key vault `{name}` was not reached. {error}"), error.next_step()),
        }
    }

    fn unreadable(&self, error: &azure_core::Error, secret: &SecretReference) -> VaultError {
        let place = find_cause::<serde_json::Error>(error).map_or_else(|| "no JSON".to_owned(), json_position);
        VaultError::new(
            Kind::Answer,
            format!(
                "The answer of the vault `{}` for the secret `{secret}` is not what the service documents ({place}).",
                self.address.name()
            ),
            format!("Look at what answers in the place of `{}` on the way from this agent.", self.address.host()),
        )
    }
}

fn identity(error: IdentityError) -> VaultError {
    VaultError::new(Kind::Identity(Box::new(error.clone())), error.to_string(), error.next_step.clone())
}

fn request_id(response: &RawResponse) -> Option<String> {
    response.headers().get_optional_string(&azure_core::http::headers::HeaderName::from_static("x-ms-request-id"))
}
