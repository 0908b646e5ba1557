use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use super::assertion;
use super::check_tenant;
use super::refusal::Refused;
use super::resource::Resource;
use crate::config::Principal;
use crate::crypto::{Jwt, KeyProblem};
use crate::exchange::{Answer, Request};
use crate::world::World;

/// Seconds that an access token lives.
pub(crate) const LIFETIME: i64 = 3599;

/// How a principal proved who it is, as `appidacr` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    Secret,
    Assertion,
}

/// An issued access token.
pub(crate) struct Issued {
    pub(crate) token: String,
    /// Seconds since 1970.
    pub(crate) expires: i64,
}

/// The token endpoint.
pub(super) fn answer(world: &World, request: &Request, tenant: &str) -> Result<Answer, Refused> {
    check_tenant(world, tenant)?;
    let form = request.form();
    let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or_else(|| Refused::missing(name));
    match field("grant_type")? {
        "client_credentials" => {}
        other => {
            return Err(Refused::bad_request(
                70003,
                "unsupported_grant_type",
                format!(
                    "The app requested an unsupported grant type '{other}'. (The local stand-in for Azure supports 'client_credentials'.)"
                ),
            ));
        }
    }
    let client_id = field("client_id")?;
    let principal = world.directory.application(client_id).ok_or_else(|| unknown_application(world, client_id))?;
    let resource = Resource::from_scope(&world.directory, field("scope")?)?;
    let proof = match (form.get("client_assertion"), form.get("client_secret")) {
        (Some(assertion), _) => {
            let kind = field("client_assertion_type")?;
            if kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
                return Err(Refused::bad_request(
                    900022,
                    "invalid_request",
                    format!("The value '{kind}' for the parameter 'client_assertion_type' is not supported."),
                ));
            }
            assertion::check(world, principal, client_id, assertion, request.twists.assertions_expired)?;
            Proof::Assertion
        }
        (None, Some(secret)) => {
            check_secret(world, principal, client_id, secret)?;
            Proof::Secret
        }
        (None, None) => {
            return Err(Refused::client(
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.".to_owned(),
            ));
        }
    };
    let issued = issue(world, principal, &resource, proof).map_err(|problem| failed(&problem))?;
    Ok(Answer::json(
        StatusCode::OK,
        &json!({ "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": issued.token }),
    ))
}

fn failed(problem: &KeyProblem) -> Refused {
    Refused {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        error: "server_error",
        code: 90033,
        message: format!("A transient error has occurred: {problem}."),
    }
}

fn unknown_application(world: &World, client_id: &str) -> Refused {
    Refused::bad_request(
        700016,
        "unauthorized_client",
        format!(
            "Application with identifier '{client_id}' was not found in the directory '{}'. This can happen if the application has not been \
             installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication \
             request to the wrong tenant.",
            world.directory.config.tenant
        ),
    )
}

fn check_secret(world: &World, principal: &Principal, client_id: &str, secret: &str) -> Result<(), Refused> {
    let store = world.store();
    let stored = store.principals().principals.get(&principal.name);
    if stored.and_then(|stored| stored.secret.as_ref()).is_some_and(|right| right.is(secret)) {
        return Ok(());
    }
    if stored.and_then(|stored| stored.expired_secret.as_ref()).is_some_and(|expired| expired.is(secret)) {
        return Err(Refused::client(
            7000222,
            format!(
                "The provided client secret keys for app '{client_id}' are expired. Visit the Azure portal to create new keys for your app: \
                 https://aka.ms/NewClientSecret, or consider using certificate credentials for added security: https://aka.ms/certCreds."
            ),
        ));
    }
    Err(Refused::client(
        7000215,
        format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret \
             ID, for a secret added to app '{client_id}'."
        ),
    ))
}

/// Issues an access token of version 1, which is what Azure's own resources get.
pub(crate) fn issue(world: &World, principal: &Principal, resource: &Resource, proof: Proof) -> Result<Issued, KeyProblem> {
    let directory = &world.directory;
    let now = world.seconds();
    let expires = now + LIFETIME;
    let object_id = directory.object_id(&principal.name);
    let claims = json!({
        "aud": resource.audience(),
        "iss": directory.token_issuer(),
        // Entra dates tokens back, for clocks that are behind.
        "iat": now - 300,
        "nbf": now - 300,
        "exp": expires,
        "appid": directory.application_id(&principal.name),
        "appidacr": match proof { Proof::Secret => "1", Proof::Assertion => "2" },
        "idp": directory.token_issuer(),
        "idtyp": "app",
        "oid": object_id,
        "sub": object_id,
        "tid": directory.tenant_id,
        "uti": Uuid::new_v4().simple().to_string(),
        "ver": "1.0",
    });
    Ok(Issued { token: Jwt::sign(&world.keys.entra, &claims)?, expires })
}
