//! Entra ID: discovery, keys, and the token endpoint for what signs in without a person (facts/azure-apis.md 2.5, 2.6).

mod assertion;
mod refusal;
mod resource;
mod token;

use http::{Method, StatusCode};
use serde_json::{Value, json};

pub(crate) use assertion::FEDERATION_AUDIENCE;
pub(crate) use resource::Resource;
pub(crate) use token::{LIFETIME, Proof, issue};

use crate::exchange::{Answer, Request};
use crate::world::World;
use refusal::Refused;

/// Hosts that Entra answers on.
pub(crate) const HOSTS: &[&str] = &["login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"];

const LOGIN: &str = "https://login.microsoftonline.com";

/// Answers a request; `None` for what is not simulated.
pub(crate) fn answer(world: &World, request: &Request) -> Option<Answer> {
    let segments = request.segments();
    let segments: Vec<_> = segments.iter().map(String::as_str).collect();
    let answer = match (&request.method, &segments[..]) {
        (&Method::GET, ["common", "discovery", "instance"]) => instance(request),
        (&Method::GET, [tenant, "v2.0", ".well-known", "openid-configuration"]) => configuration(world, tenant, Version::V2),
        (&Method::GET, [tenant, ".well-known", "openid-configuration"]) => configuration(world, tenant, Version::V1),
        (&Method::GET, [_, "discovery", "keys"] | [_, "discovery", "v2.0", "keys"]) => {
            Ok(Answer::json(StatusCode::OK, &json!({ "keys": [world.keys.entra.public().jwk()] })))
        }
        (&Method::POST, [tenant, "oauth2", "v2.0", "token"]) => token::answer(world, request, tenant),
        _ => return None,
    };
    let answer = answer.unwrap_or_else(|refused| refused.answer(world.clock.now(), request.header("client-request-id")));
    Some(answer.with("cache-control", "no-store, no-cache").with_request_ids(request))
}

/// 429.
pub(crate) fn throttle(world: &World, request: &Request) -> Answer {
    let message = "The request was throttled: there are too many incoming requests for the tenant.".to_owned();
    let refused = Refused { status: StatusCode::TOO_MANY_REQUESTS, error: "temporarily_unavailable", code: 90055, message };
    refused.answer(world.clock.now(), request.header("client-request-id")).with_request_ids(request)
}

/// A refusal that was ordered: conditional access.
pub(crate) fn refuse(world: &World, request: &Request) -> Answer {
    let message = "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.".to_owned();
    let refused = Refused { status: StatusCode::FORBIDDEN, error: "invalid_grant", code: 53003, message };
    refused.answer(world.clock.now(), request.header("client-request-id")).with_request_ids(request)
}

/// Whether `tenant` names the tenant: by GUID or domain.
fn check_tenant(world: &World, tenant: &str) -> Result<(), Refused> {
    if tenant.eq_ignore_ascii_case(&world.directory.tenant_id) || tenant.eq_ignore_ascii_case(&world.directory.domain()) {
        return Ok(());
    }
    if !tenant.contains('.') && uuid::Uuid::parse_str(tenant).is_err() {
        return Err(Refused::bad_request(
            900023,
            "invalid_request",
            format!("Specified tenant identifier '{tenant}' is neither a valid DNS name, nor a valid external domain."),
        ));
    }
    Err(Refused::bad_request(
        90002,
        "invalid_request",
        format!(
            "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. \
             Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant."
        ),
    ))
}

fn instance(request: &Request) -> Result<Answer, Refused> {
    let endpoint = request.query("authorization_endpoint").unwrap_or_default();
    let tenant = endpoint.strip_prefix("https://").and_then(|rest| rest.split('/').nth(1)).filter(|tenant| !tenant.is_empty());
    let Some(tenant) = tenant else {
        return Err(Refused::bad_request(50049, "invalid_instance", "Unknown or invalid instance.".to_owned()));
    };
    let host = "login.microsoftonline.com";
    Ok(Answer::json(
        StatusCode::OK,
        &json!({
            "tenant_discovery_endpoint": format!("https://{host}/{tenant}/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{
                "preferred_network": host,
                "preferred_cache": "login.windows.net",
                "aliases": [host, "login.windows.net", "login.microsoft.com", "sts.windows.net"],
            }],
        }),
    ))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

fn configuration(world: &World, tenant: &str, version: Version) -> Result<Answer, Refused> {
    // What is common to all tenants has a placeholder in the issuer.
    let (path, id) = if ["common", "organizations"].contains(&tenant) {
        (tenant, "{tenantid}")
    } else {
        check_tenant(world, tenant)?;
        (world.directory.tenant_id.as_str(), world.directory.tenant_id.as_str())
    };
    let (issuer, suffix, keys) = match version {
        Version::V1 => (format!("https://sts.windows.net/{id}/"), "oauth2", "discovery/keys"),
        Version::V2 => (format!("{LOGIN}/{id}/v2.0"), "oauth2/v2.0", "discovery/v2.0/keys"),
    };
    let configuration: Value = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{LOGIN}/{path}/{suffix}/authorize"),
        "token_endpoint": format!("{LOGIN}/{path}/{suffix}/token"),
        "device_authorization_endpoint": format!("{LOGIN}/{path}/{suffix}/devicecode"),
        "jwks_uri": format!("{LOGIN}/{path}/{keys}"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    });
    Ok(Answer::json(StatusCode::OK, &configuration))
}
