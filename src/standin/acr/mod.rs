//! Azure Container Registry: the tokens of a registry, the distribution API (facts/registries-and-acr.md 4.1, 5), and the
//! storage account that blobs are read from.
//!
//! Not simulated: attributes and locks (`/acr/v1`), import, tasks, repository-scoped tokens, anonymous pull, digests other
//! than SHA-256, manifests of schema 1. Read anew from the protocol; nothing of the crates that speak it is used.

mod access;
mod blob;
mod content;
mod digest;
mod listing;
mod manifest;
mod refusal;
mod route;
mod storage;
mod token;
mod upload;

use http::{Method, StatusCode};
use serde_json::json;

pub(crate) use content::Registries;
pub(crate) use storage::{refuse_storage, storage, throttle_storage};
pub(crate) use token::owner_token;

use crate::config::Registry;
use crate::directory::login_server;
use crate::exchange::{Answer, Request};
use crate::faults::Refusal;
use crate::inflow::Inflow;
use crate::world::World;
use access::Visitor;
use content::Content;
use refusal::Refused;
use route::Route;

/// What follows a registry's name in its host name.
pub(crate) const SUFFIX: &str = ".azurecr.io";

/// A registry, and what else an answer depends on.
#[derive(Clone, Copy)]
struct Visit<'a> {
    world: &'a World,
    registry: &'a Registry,
    request: &'a Request,
}

impl Visit<'_> {
    /// Its host name.
    fn host(&self) -> String {
        login_server(&self.registry.name)
    }
}

/// Answers a request to `registry`; `None` for what is not simulated.
pub(crate) async fn answer(world: &World, registry: &Registry, request: &Request, inflow: &mut Inflow) -> Option<Answer> {
    let visit = Visit { world, registry, request };
    let answer = match (&request.method, request.path.trim_end_matches('/')) {
        (&Method::POST, "/oauth2/exchange") => token::exchange(visit, inflow).await,
        (&Method::POST | &Method::GET, "/oauth2/token") => token::token(visit, inflow).await,
        _ => return route(visit, inflow).await,
    };
    Some(dress(answer.unwrap_or_else(|refused| refused.answer()), request))
}

async fn route(visit: Visit<'_>, inflow: &mut Inflow) -> Option<Answer> {
    let content = visit.world.registries.of(&visit.registry.name)?;
    let checked = Route::of(visit.request)?.and_then(|route| access::check(visit, &route).map(|visitor| (route, visitor)));
    let answer = match checked {
        Ok((route, visitor)) => distribution(visit, content, &route, &visitor, inflow).await?,
        Err(refused) => Err(refused),
    };
    Some(dress(answer.unwrap_or_else(|refused| refused.answer()), visit.request))
}

/// The distribution API, for who may do what is asked.
async fn distribution(
    visit: Visit<'_>,
    content: &Content,
    route: &Route,
    visitor: &Visitor<'_>,
    inflow: &mut Inflow,
) -> Option<Result<Answer, Refused>> {
    match route {
        Route::Base => (visit.request.method == Method::GET).then(|| Ok(Answer::json(StatusCode::OK, &json!({})))),
        Route::Catalog => listing::catalog(visit, content),
        Route::Tags { repository } => listing::tags(visit, content, repository),
        Route::Referrers { repository, digest } => listing::referrers(visit, content, repository, digest),
        Route::Manifest { repository, reference } => manifest::answer(visit, content, repository, reference, inflow).await,
        Route::Blob { repository, digest } => blob::answer(visit, content, repository, digest),
        Route::Uploads { repository } if visit.request.method == Method::POST => {
            Some(upload::begin(visit, visitor, content, repository, inflow).await)
        }
        Route::Uploads { .. } => None,
        Route::Upload { repository, id } => upload::go_on(visit, content, repository, id, inflow).await,
    }
}

/// A refusal that was ordered, in the registry's words.
pub(crate) fn refuse(registry: &Registry, request: &Request, refusal: Refusal) -> Answer {
    let refused = match refusal {
        Refusal::Firewall => Refused::new(
            StatusCode::FORBIDDEN,
            "DENIED",
            format!(
                "client with IP '127.0.0.1' is not allowed access, refer https://aka.ms/acr/firewall to grant access to '{}'",
                login_server(&registry.name)
            ),
        ),
        Refusal::Connection => {
            Refused::new(StatusCode::FORBIDDEN, "DENIED", "public network access is disabled, refer https://aka.ms/acr/private-link")
        }
        Refusal::Rbac | Refusal::Policy => Refused::new(StatusCode::FORBIDDEN, "DENIED", "requested access to the resource is denied"),
    };
    dress(refused.answer(), request)
}

/// 429.
pub(crate) fn throttle(request: &Request) -> Answer {
    dress(Refused::new(StatusCode::TOO_MANY_REQUESTS, "TOOMANYREQUESTS", "too many requests").answer(), request)
}

/// Adds the headers that every answer has.
fn dress(answer: Answer, request: &Request) -> Answer {
    let id = uuid::Uuid::new_v4().to_string();
    let correlation = request.header("x-ms-correlation-request-id").unwrap_or(&id).to_owned();
    answer
        .with("docker-distribution-api-version", "registry/2.0")
        .with("strict-transport-security", "max-age=31536000; includeSubDomains")
        .with("x-content-type-options", "nosniff")
        .with("x-ms-correlation-request-id", &correlation)
}
