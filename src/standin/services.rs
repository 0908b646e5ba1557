//! Which service answers for a host, and what each says in its own words.

use http::StatusCode;
use serde_json::json;

use crate::config::{Registry, Vault};
use crate::exchange::{Answer, Request};
use crate::faults::Refusal;
use crate::inflow::Inflow;
use crate::world::World;
use crate::{acr, arm, devops, entra, keyvault, managed_identity};

/// A service of the local Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service<'a> {
    Entra,
    ResourceManager,
    DevOps,
    DevOpsTokens,
    KeyVault(&'a Vault),
    /// A container registry.
    Registry(&'a Registry),
    /// The storage account with a registry's blobs.
    RegistryStorage(&'a Registry),
    ManagedIdentity,
    /// A host that `az` asks for what it can do without.
    Courtesy,
}

/// Why nothing answers for a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoService {
    /// Azure itself would have no address for it.
    #[error("no such host (NXDOMAIN): the local Azure has no key vault `{vault}`. It has {known}; slipway.local.yml describes them.")]
    NoVault { vault: String, known: String },
    #[error(
        "no such host (NXDOMAIN): the local Azure has no container registry `{registry}`. It has {known}; slipway.local.yml describes them."
    )]
    NoRegistry { registry: String, known: String },
    #[error("the local Azure does not stand in for `{host}`. `slipway azure up --passthrough` lets other hosts through.")]
    Foreign { host: String },
}

/// Hosts that `az` asks for what it can do without: its command index, short links, Microsoft Graph.
const COURTESY: &[&str] = &["azcliprod.blob.core.windows.net", "aka.ms", "graph.microsoft.com", "graph.windows.net"];

impl<'a> Service<'a> {
    /// The service behind `host`, which is in lower case. A strict stand-in serves nothing that it does not simulate.
    pub(crate) fn of(world: &'a World, host: &str, strict: bool) -> Result<Self, NoService> {
        if entra::HOSTS.contains(&host) {
            return Ok(Self::Entra);
        }
        if let Some(name) = host.strip_suffix(keyvault::SUFFIX) {
            return world.directory.vault(name).map(Self::KeyVault).ok_or_else(|| {
                let known = list(world.directory.config.vaults.iter().map(|vault| vault.name.as_str()));
                NoService::NoVault { vault: name.to_owned(), known }
            });
        }
        if let Some(name) = host.strip_suffix(acr::SUFFIX) {
            return world.directory.registry(name).map(Self::Registry).ok_or_else(|| {
                let known = list(world.directory.config.registries.iter().map(|registry| registry.name.as_str()));
                NoService::NoRegistry { registry: name.to_owned(), known }
            });
        }
        if let Some(registry) = world.directory.registry_of_storage(host) {
            return Ok(Self::RegistryStorage(registry));
        }
        match host {
            arm::HOST => Ok(Self::ResourceManager),
            devops::HOST => Ok(Self::DevOps),
            devops::TOKEN_HOST => Ok(Self::DevOpsTokens),
            managed_identity::HOST => Ok(Self::ManagedIdentity),
            _ if COURTESY.contains(&host) && !strict => Ok(Self::Courtesy),
            _ => Err(NoService::Foreign { host: host.to_owned() }),
        }
    }

    /// Whether requests have bodies that must not be in memory as a whole.
    pub(crate) fn takes_streams(self) -> bool {
        matches!(self, Self::Registry(_))
    }

    /// Answers a request; `None` for what is not simulated. `inflow` is the body where the service takes streams, and
    /// empty elsewhere.
    pub(crate) async fn answer(self, world: &World, request: &Request, inflow: &mut Inflow) -> Option<Answer> {
        match self {
            Self::Registry(registry) => acr::answer(world, registry, request, inflow).await,
            Self::RegistryStorage(registry) => acr::storage(world, registry, request),
            Self::Entra => entra::answer(world, request),
            Self::ResourceManager => arm::answer(world, request),
            Self::DevOps => devops::answer(world, request),
            Self::DevOpsTokens => devops::issuer(world, request),
            Self::KeyVault(vault) => keyvault::answer(world, vault, request),
            Self::ManagedIdentity => managed_identity::answer(world, request),
            Self::Courtesy => Some(courtesy(request)),
        }
    }

    /// 429 in the service's words.
    pub(crate) fn throttle(self, world: &World, request: &Request) -> Answer {
        match self {
            Self::Entra => entra::throttle(world, request),
            Self::ResourceManager => arm::throttle(request),
            Self::DevOps | Self::DevOpsTokens => devops::throttle(),
            Self::KeyVault(_) => keyvault::throttle(request),
            Self::Registry(_) => acr::throttle(request),
            Self::RegistryStorage(_) => acr::throttle_storage(),
            Self::ManagedIdentity | Self::Courtesy => plain(StatusCode::TOO_MANY_REQUESTS, "TooManyRequests", "Too many requests."),
        }
    }

    /// 403 in the service's words.
    pub(crate) fn refuse(self, world: &World, request: &Request, refusal: Refusal) -> Answer {
        match self {
            Self::Entra => entra::refuse(world, request),
            Self::ResourceManager => arm::refuse(world, request),
            Self::DevOps | Self::DevOpsTokens => devops::refuse(),
            Self::KeyVault(vault) => keyvault::refuse(world, vault, request, refusal),
            Self::Registry(registry) => acr::refuse(registry, request, refusal),
            Self::RegistryStorage(_) => acr::refuse_storage(),
            Self::ManagedIdentity | Self::Courtesy => plain(StatusCode::FORBIDDEN, "Forbidden", "The request is not authorized."),
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// 501, for what Azure can do and the stand-in cannot.
pub(crate) fn not_simulated(request: &Request) -> Answer {
    let message = format!(
        "The local stand-in for Azure does not simulate `{} https://{}{}`. docs/local-azure.md lists what it does.",
        request.method, request.host, request.path
    );
    plain(StatusCode::NOT_IMPLEMENTED, "NotSimulated", &message)
}

/// An error in the form that most of Azure's services share.
fn plain(status: StatusCode, code: &str, message: &str) -> Answer {
    Answer::json(status, &json!({ "error": { "code": code, "message": message } }))
}

fn courtesy(request: &Request) -> Answer {
    match request.host.as_str() {
        "graph.microsoft.com" | "graph.windows.net" => {
            plain(StatusCode::FORBIDDEN, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        }
        "aka.ms" => Answer::text(StatusCode::NOT_FOUND, "text/plain", "Not found\n"),
        _ => Answer::text(
            StatusCode::NOT_FOUND,
            "application/xml",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>BlobNotFound</Code><Message>The specified blob does not exist.</Message></Error>",
        ),
    }
}
