//! Key Vault's data plane, secrets (facts/azure-apis.md 3).
//!
//! Not simulated: keys, certificates, backup and restore. A secret outside of its time is served, as Azure serves expired
//! ones.

mod access;
mod body;
mod refusal;
mod secrets;

use http::{HeaderValue, StatusCode};

use crate::config::Vault;
use crate::directory::REGION;
use crate::exchange::{Answer, Request};
use crate::faults::Refusal;
use crate::world::{Caller, TokenProblem, World};
use access::Action;
use refusal::Refused;

/// What follows a vault's name in its host name.
pub(crate) const SUFFIX: &str = ".vault.azure.net";

/// The audience of tokens.
const AUDIENCE: &str = "https://vault.azure.net";

/// The versions of the data plane's API that are known.
const API_VERSIONS: &[&str] = &[
    "2015-06-01",
    "2016-10-01",
    "7.0",
    "7.1",
    "7.2",
    "7.3",
    "7.4",
    "7.5",
    "7.6",
    "2025-07-01",
    "2026-04-01",
    "2025-06-01-preview",
    "2026-03-01-preview",
    "2026-05-01-preview",
    "2026-07-01-preview",
];

/// Who calls which vault, for the texts of refusals.
#[derive(Clone, Copy)]
struct Visit<'a> {
    world: &'a World,
    vault: &'a Vault,
    caller: Option<&'a Caller<'a>>,
}

impl Visit<'_> {
    /// `appid=...;oid=...;iss=...`
    fn caller(&self) -> String {
        match self.caller {
            Some(caller) => {
                format!("appid={};oid={};iss={}", caller.application_id, caller.object_id, self.world.directory.token_issuer())
            }
            None => "(none)".to_owned(),
        }
    }

    /// `name;location=...`
    fn vault(&self) -> String {
        format!("{};location={REGION}", self.vault.name)
    }
}

/// Answers a request to `vault`; `None` for what is not simulated.
pub(crate) fn answer(world: &World, vault: &Vault, request: &Request) -> Option<Answer> {
    let segments = request.segments();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let caller = match world.caller(request.bearer(), &[AUDIENCE], request.twists.tokens_expired) {
        Ok(caller) => caller,
        Err(problem) => return Some(dress(challenge(world, &problem), request)),
    };
    let visit = Visit { world, vault, caller: Some(&caller) };
    let action = Action::of(&request.method, &segments)?;
    let answer = check_api_version(request)
        .and_then(|()| access::check(visit, &action))
        .and_then(|()| secrets::answer(visit, &action, request))
        .unwrap_or_else(|refused| refused.answer());
    Some(dress(answer, request))
}

/// A refusal that was ordered, in Key Vault's words. The body names the caller where the token is good.
pub(crate) fn refuse(world: &World, vault: &Vault, request: &Request, refusal: Refusal) -> Answer {
    let segments = request.segments();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let caller = world.caller(request.bearer(), &[AUDIENCE], false).ok();
    let visit = Visit { world, vault, caller: caller.as_ref() };
    let action = Action::of(&request.method, &segments).unwrap_or(Action::List { deleted: false });
    dress(access::refused(visit, &action, refusal).answer(), request)
}

/// 429.
pub(crate) fn throttle(request: &Request) -> Answer {
    dress(Refused::throttled().answer(), request)
}

fn check_api_version(request: &Request) -> Result<(), Refused> {
    match request.query("api-version") {
        None | Some("") => Err(Refused::bad_parameter("api-version must be specified")),
        Some(version) if API_VERSIONS.iter().any(|known| known.eq_ignore_ascii_case(version)) => Ok(()),
        Some(version) => Err(Refused::bad_parameter(format!(
            "The specified version ({version}) is not recognized. Consider using the latest supported version (2026-04-01)."
        ))),
    }
}

/// 401, with where to get a token.
fn challenge(world: &World, problem: &TokenProblem) -> Answer {
    let issuer = world.directory.token_issuer();
    let message = match problem {
        TokenProblem::Missing => "AKV10000: Request is missing a Bearer or PoP token.".to_owned(),
        TokenProblem::Invalid(reason) => format!("[BearerReadAccessTokenFailed] Error validating token: {reason}."),
        TokenProblem::Issuer(found) => format!("AKV10032: Invalid issuer. Expected one of {issuer}, found {found}."),
        TokenProblem::Audience(found) => format!("AKV10022: Invalid audience. Expected {AUDIENCE}, found: {found}."),
        TokenProblem::Expired(at) => {
            format!("[TokenExpired] Error validating token: Lifetime validation failed. The token is expired (exp {at}).")
        }
    };
    let challenge =
        format!("Bearer authorization=\"https://login.microsoftonline.com/{}\", resource=\"{AUDIENCE}\"", world.directory.tenant_id);
    Refused { status: StatusCode::UNAUTHORIZED, code: "Unauthorized", message, inner: None }.answer().with("www-authenticate", &challenge)
}

/// Adds the headers that every answer has.
fn dress(mut answer: Answer, request: &Request) -> Answer {
    let headers = &mut answer.headers;
    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
    headers.insert("strict-transport-security", HeaderValue::from_static("max-age=31536000;includeSubDomains"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("x-ms-keyvault-network-info", HeaderValue::from_static("conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=InterNetwork;"));
    answer.with("x-ms-keyvault-region", REGION).with("x-ms-keyvault-service-version", "1.9.3000.1").with_request_ids(request)
}
