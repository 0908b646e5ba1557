//! Client assertions: signed by the key of a registered certificate, or by an issuer that a federated credential trusts.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::refusal::Refused;
use crate::config::{CredentialKind, Principal};
use crate::crypto::Jwt;
use crate::world::World;

/// What federated assertions are for.
pub(crate) const FEDERATION_AUDIENCE: &str = "api://AzureADTokenExchange";

/// Seconds by which clocks may differ.
const LEEWAY: i64 = 300;

/// Checks an assertion of `principal`; `expired` makes its time be over.
pub(super) fn check(world: &World, principal: &Principal, client_id: &str, text: &str, expired: bool) -> Result<(), Refused> {
    let jwt = Jwt::parse(text).map_err(|problem| {
        Refused::bad_request(50027, "invalid_request", format!("JWT token is invalid or malformed. [Reason - {problem}.]"))
    })?;
    // A client that signs itself calls itself the issuer: a GUID; every other issuer has an address.
    if jwt.text("iss").is_some_and(|issuer| issuer.contains("://")) {
        federated(world, principal, client_id, &jwt, expired)
    } else {
        certificate(world, principal, client_id, &jwt, expired)
    }
}

fn certificate(world: &World, principal: &Principal, client_id: &str, jwt: &Jwt, expired: bool) -> Result<(), Refused> {
    let thumbprint = |name: &str| {
        let text = jwt.header[name].as_str()?;
        // Azure's own libraries write the old one in plain base64 here and there.
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).or_else(|_| STANDARD.decode(text)).ok()
    };
    let (sha1, sha256) = (thumbprint("x5t"), thumbprint("x5t#S256"));
    let not_registered = |reason: &str| {
        let used = sha1.as_ref().or(sha256.as_ref()).map(|bytes| bytes.iter().map(|byte| format!("{byte:02X}")).collect::<String>());
        let used = used.unwrap_or_else(|| "(none)".to_owned());
        Refused::client(
            700027,
            format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - {reason} \
                 Thumbprint of key used by client: '{used}'. Application: '{client_id}'.]"
            ),
        )
    };
    let known = world.certificates.get(&principal.name).filter(|_| principal.credentials.contains(&CredentialKind::Certificate));
    let known = known.ok_or_else(|| not_registered("The key was not found."))?;
    let matches = match (&sha256, &sha1) {
        (Some(sha256), _) => *sha256 == known.sha256,
        (None, Some(sha1)) => *sha1 == known.sha1,
        (None, None) => false,
    };
    if !matches {
        return Err(not_registered("The key was not found."));
    }
    if !jwt.is_signed_by(&known.key) {
        return Err(not_registered("The signature of the client assertion is not valid."));
    }
    if jwt.text("iss") != Some(client_id) || jwt.text("sub") != Some(client_id) {
        return Err(Refused::client(700021, "Client assertion application identifier doesn't match 'client_id' parameter.".to_owned()));
    }
    check_time(world, jwt, expired)?;
    let tenant = &world.directory.tenant_id;
    let domain = world.directory.domain();
    let audience = jwt.text("aud").unwrap_or_default();
    let is_ours = super::HOSTS.iter().any(|host| {
        [tenant, &domain].iter().any(|tenant| {
            ["oauth2/v2.0/token", "oauth2/token", "v2.0"]
                .iter()
                .any(|path| audience.eq_ignore_ascii_case(&format!("https://{host}/{tenant}/{path}")))
        })
    });
    if !is_ours {
        return Err(Refused::client(
            700023,
            format!(
                "Client assertion audience claim does not match Realm issuer. Review the documentation at \
                 https://learn.microsoft.com/entra/identity-platform/certificate-credentials. The assertion's audience is '{audience}'."
            ),
        ));
    }
    Ok(())
}

fn federated(world: &World, principal: &Principal, client_id: &str, jwt: &Jwt, expired: bool) -> Result<(), Refused> {
    let directory = &world.directory;
    let subjects: Vec<_> = directory.federated(&principal.name).map(|connection| directory.registered_subject(connection)).collect();
    if subjects.is_empty() || !principal.credentials.contains(&CredentialKind::Federated) {
        return Err(Refused::client(
            70025,
            format!("The client '{client_id}'({}) has no configured federated identity credentials.", principal.name),
        ));
    }
    let no_match = |code, what: &str, value: &str| {
        Refused::client(
            code,
            format!(
                "No matching federated identity record found for presented assertion {what} '{value}'. Check your federated identity \
                 credential Subject, Audience and Issuer against the presented assertion. \
                 https://learn.microsoft.com/entra/workload-id/workload-identity-federation"
            ),
        )
    };
    let issuer = jwt.text("iss").unwrap_or_default();
    if issuer != directory.oidc_issuer() {
        return Err(no_match(700211, "issuer", issuer));
    }
    if !jwt.is_signed_by(world.keys.devops.public()) {
        return Err(Refused::client(50013, "Assertion failed signature validation. [Reason - The key was not found.]".to_owned()));
    }
    check_time(world, jwt, expired)?;
    let audience = jwt.text("aud").unwrap_or_default();
    if audience != FEDERATION_AUDIENCE {
        return Err(no_match(700212, "audience", audience));
    }
    let subject = jwt.text("sub").unwrap_or_default();
    // Subjects are compared exactly, case included.
    if !subjects.iter().any(|registered| registered == subject) {
        return Err(no_match(700213, "subject", subject));
    }
    Ok(())
}

fn check_time(world: &World, jwt: &Jwt, expired: bool) -> Result<(), Refused> {
    let now = world.seconds();
    let (from, until) = (jwt.time("nbf").or_else(|| jwt.time("iat")).unwrap_or_default(), jwt.time("exp").unwrap_or_default());
    let now = if expired { now.max(until + LEEWAY + 1) } else { now };
    if from <= now + LEEWAY && now <= until + LEEWAY {
        return Ok(());
    }
    let shown = |seconds| OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_default();
    Err(Refused::client(
        700024,
        format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry time of assertion {}. \
             Review the documentation at https://learn.microsoft.com/entra/identity-platform/certificate-credentials.",
            shown(now),
            shown(from),
            shown(until)
        ),
    ))
}
