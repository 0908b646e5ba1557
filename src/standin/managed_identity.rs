//! Managed identity, as App Service offers it: `IDENTITY_ENDPOINT` with the header `X-IDENTITY-HEADER`
//! (facts/azure-apis.md 2.5), and as a virtual machine does it (`169.254.169.254`, for clients that take the proxy there).

use http::{Method, StatusCode};
use serde_json::json;

use crate::config::{CredentialKind, Principal};
use crate::entra::{self, Proof, Resource};
use crate::exchange::{Answer, Request};
use crate::world::World;

/// Path of the endpoint on the proxy's own port.
pub(crate) const PATH: &str = "/msi/token";

/// Host by which faults and the request log call both forms.
pub(crate) const HOST: &str = "169.254.169.254";

/// Answers a request; `None` for what is not simulated.
pub(crate) fn answer(world: &World, request: &Request) -> Option<Answer> {
    let virtual_machine = request.path == "/metadata/identity/oauth2/token";
    if request.method != Method::GET || !(virtual_machine || request.path == PATH) {
        return None;
    }
    let allowed = if virtual_machine {
        request.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    } else {
        request.header("x-identity-header") == Some(world.identity_header.as_str())
    };
    let answer = if allowed {
        token(world, request)
    } else if virtual_machine {
        Err(refused(StatusCode::BAD_REQUEST, "Required metadata header not specified"))
    } else {
        Err(refused(StatusCode::UNAUTHORIZED, "The header X-IDENTITY-HEADER is missing or is not the value of IDENTITY_HEADER."))
    };
    Some(answer.unwrap_or_else(|refused| refused.answer()))
}

/// A request that is refused.
struct Refused(StatusCode, String);

impl Refused {
    fn answer(&self) -> Answer {
        let Self(status, message) = self;
        let error = if *status == StatusCode::UNAUTHORIZED { "unauthorized_client" } else { "invalid_request" };
        Answer::json(*status, &json!({ "statusCode": status.as_u16(), "message": message, "error": error, "error_description": message }))
    }
}

fn refused(status: StatusCode, message: &str) -> Refused {
    Refused(status, message.to_owned())
}

fn token(world: &World, request: &Request) -> Result<Answer, Refused> {
    if request.query("api-version").is_none_or(str::is_empty) {
        return Err(refused(StatusCode::BAD_REQUEST, "The query parameter api-version is missing."));
    }
    let resource = request.query("resource").ok_or_else(|| refused(StatusCode::BAD_REQUEST, "The query parameter resource is missing."))?;
    let resource = Resource::named(resource).ok_or_else(|| {
        refused(StatusCode::BAD_REQUEST, &format!("AADSTS500011: The resource principal named {resource} was not found in the tenant."))
    })?;
    let Some(principal) = identity(world, request) else {
        return Err(refused(
            StatusCode::BAD_REQUEST,
            "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.",
        ));
    };
    let issued = entra::issue(world, principal, &resource, Proof::Assertion)
        .map_err(|problem| refused(StatusCode::INTERNAL_SERVER_ERROR, &problem.to_string()))?;
    Ok(Answer::json(
        StatusCode::OK,
        &json!({
            "access_token": issued.token,
            "client_id": world.directory.application_id(&principal.name),
            // Text, as the service writes it.
            "expires_in": entra::LIFETIME.to_string(),
            "expires_on": issued.expires.to_string(),
            "resource": resource.audience(),
            "token_type": "Bearer",
        }),
    ))
}

/// The identity that is asked for; without a name, the first of the machine.
fn identity<'a>(world: &'a World, request: &Request) -> Option<&'a Principal> {
    let directory = &world.directory;
    let mut identities =
        directory.config.principals.iter().filter(|principal| principal.credentials.contains(&CredentialKind::ManagedIdentity));
    if let Some(id) = request.query("client_id") {
        return identities.find(|principal| directory.application_id(&principal.name).eq_ignore_ascii_case(id));
    }
    if let Some(id) = request.query("object_id").or_else(|| request.query("principal_id")) {
        return identities.find(|principal| directory.object_id(&principal.name).eq_ignore_ascii_case(id));
    }
    if request.query("mi_res_id").or_else(|| request.query("msi_res_id")).is_some() {
        return None;
    }
    identities.next()
}
