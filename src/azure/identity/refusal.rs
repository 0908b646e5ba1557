use serde::Deserialize;

use super::assertion::Claims;
use super::{IdentityError, IdentityErrorKind as Kind};

/// What of a refused principal goes into a message.
pub(crate) struct Principal<'a> {
    pub(crate) tenant_id: &'a str,
    pub(crate) client_id: &'a str,
    /// Thumbprint of the certificate that signed, if one did.
    pub(crate) thumbprint: Option<&'a str>,
    /// Claims of the federated assertion, if there was one.
    pub(crate) claims: Option<&'a Claims>,
    /// Resource that was asked for.
    pub(crate) scope: &'a str,
    /// Name of the cloud.
    pub(crate) cloud: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    error: String,
    error_description: String,
    error_codes: Vec<u32>,
    correlation_id: Option<String>,
}

/// What an error answer of the token endpoint means (facts/azure-apis.md 2.6). Numbers decide, texts change.
pub(crate) fn interpret(status: u16, body: &str, principal: &Principal<'_>) -> IdentityError {
    let body: Body = serde_json::from_str(body).unwrap_or_default();
    let code = body.error_codes.first().copied().or_else(|| number_in(&body.error_description));
    let (tenant, client) = (principal.tenant_id, principal.client_id);
    let said = first_sentence(&body.error_description);
    let (kind, message, next_step) = match code {
        Some(7_000_215) => (
            Kind::WrongSecret,
            format!("Entra ID refused the client secret of the application `{client}`: it is wrong."),
            "Put the secret's value into the service connection, not the secret's ID; or convert the connection to workload identity federation.".to_owned(),
        ),
        Some(7_000_222) => (
            Kind::ExpiredSecret,
            format!("The client secret of the application `{client}` has expired."),
            format!(
                "Convert the service connection to workload identity federation, which has no secret; or make a new secret (`az ad app credential reset --id {client} --append`) and put it into the connection."
            ),
        ),
        Some(700_016) => (
            Kind::UnknownApplication,
            format!("The application `{client}` is not in the tenant `{tenant}`."),
            "Check the application (client) id and the tenant id of the service connection.".to_owned(),
        ),
        Some(700_027) => (
            Kind::UnknownCertificate,
            format!(
                "Entra ID does not accept the certificate of the application `{client}` (SHA-256 thumbprint, base64url: `{}`): it is not registered there, or it has expired.",
                principal.thumbprint.unwrap_or("?")
            ),
            format!("Upload the certificate to the application (`az ad app credential reset --id {client} --cert @certificate.pem --append`), or put the registered one into the service connection."),
        ),
        Some(700_024) => (
            Kind::AssertionTime,
            "Entra ID refused the assertion: it is outside of its valid time. A fresh one is made for each sign-in, so the clocks differ.".to_owned(),
            "Check the clock of the agent.".to_owned(),
        ),
        Some(70_021 | 700_211 | 700_212 | 700_213) => {
            let claims = principal.claims.cloned().unwrap_or_default();
            (
                Kind::NoFederatedCredential,
                format!(
                    "The application `{client}` has no federated credential that matches this pipeline's token: issuer `{}`, subject `{}`, audience `{}`.",
                    claims.issuer, claims.subject, claims.audience
                ),
                format!(
                    "Add exactly that one: `az ad app federated-credential create --id {client} --parameters '{{\"name\":\"azure-devops\",\"issuer\":\"{}\",\"subject\":\"{}\",\"audiences\":[\"{}\"]}}'`. (A renamed connection or project has another subject.)",
                    claims.issuer, claims.subject, claims.audience
                ),
            )
        }
        Some(90_002 | 900_023) => {
            (Kind::UnknownTenant, format!("The tenant `{tenant}` does not exist in the cloud `{}`.", principal.cloud), "Check the tenant id and the environment of the service connection.".to_owned())
        }
        Some(500_011) => (
            Kind::UnknownResource,
            format!("The resource `{}` is not known in the tenant `{tenant}`.", principal.scope),
            format!("The service connection says that it is of the cloud `{}`; check its environment.", principal.cloud),
        ),
        Some(53_003 | 530_003) => (
            Kind::ConditionalAccess,
            format!("A conditional access policy blocks the application `{client}` from where this agent runs."),
            "Ask your Entra administrator to allow the address under which this agent reaches the internet, or use an agent inside of the allowed network.".to_owned(),
        ),
        Some(7_000_229) => (
            Kind::NoServicePrincipal,
            format!("The application `{client}` has no service principal in the tenant `{tenant}`."),
            format!("Make one: `az ad sp create --id {client}`."),
        ),
        Some(7_000_112) => (
            Kind::Disabled,
            format!("The application `{client}` is disabled in the tenant `{tenant}`."),
            "Ask your Entra administrator to enable it, or use another service connection.".to_owned(),
        ),
        Some(code) => (
            Kind::Refused,
            format!("Entra ID refused to sign in the application `{client}`: {said}"),
            format!("Microsoft explains the number: https://login.microsoftonline.com/error?code={code}"),
        ),
        None => {
            let what = if body.error.is_empty() { String::new() } else { format!(" (`{}`)", body.error) };
            (Kind::Refused, format!("Entra ID answered {status}{what} to the sign-in of the application `{client}`. {said}").trim_end().to_owned(), "Run the step again; if it stays, check the service connection.".to_owned())
        }
    };
    let message = match code {
        Some(code) => format!("{message} (AADSTS{code})"),
        None => message,
    };
    IdentityError { kind, code, message, next_step, correlation_id: body.correlation_id }
}

fn number_in(description: &str) -> Option<u32> {
    let digits = description.split_once("AADSTS")?.1;
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits[..end].parse().ok()
}

/// The description without its trace ids.
fn first_sentence(description: &str) -> String {
    let end = description.find("Trace ID:").unwrap_or(description.len());
    let text = description[..end].split_whitespace().collect::<Vec<_>>().join(" ");
    text.strip_prefix("AADSTS").and_then(|rest| rest.split_once(": ")).map_or(text.clone(), |(_, rest)| rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(code: u32, text: &str) -> String {
        serde_json::json!({
            "error": "invalid_client",
            "error_description": format!("AADSTS{code}: {text}\r\nTrace ID: t Correlation ID: c Timestamp: 2026"),
            "error_codes": [code],
            "correlation_id": "c0ffee",
        })
        .to_string()
    }

    fn read(body: &str) -> IdentityError {
        let claims = Claims {
            issuer: "https://issuer".to_owned(),
            subject: "sc://o/p/c".to_owned(),
            audience: "api://AzureADTokenExchange".to_owned(),
        };
        let principal = Principal {
            tenant_id: "tenant-1",
            client_id: "client-1",
            thumbprint: Some("thumb"),
            claims: Some(&claims),
            scope: "https://vault.azure.net/.default",
            cloud: "AzureCloud",
        };
        interpret(401, body, &principal)
    }

    #[test]
    fn every_code_of_the_table_has_its_meaning_and_a_next_step() {
        for (code, kind, word) in [
            (7_000_215, Kind::WrongSecret, "value"),
            (7_000_222, Kind::ExpiredSecret, "workload identity federation"),
            (700_016, Kind::UnknownApplication, "tenant id"),
            (700_027, Kind::UnknownCertificate, "--cert"),
            (700_024, Kind::AssertionTime, "clock"),
            (70_021, Kind::NoFederatedCredential, "sc://o/p/c"),
            (700_211, Kind::NoFederatedCredential, "sc://o/p/c"),
            (700_212, Kind::NoFederatedCredential, "sc://o/p/c"),
            (700_213, Kind::NoFederatedCredential, "sc://o/p/c"),
            (90_002, Kind::UnknownTenant, "tenant id"),
            (900_023, Kind::UnknownTenant, "tenant id"),
            (500_011, Kind::UnknownResource, "AzureCloud"),
            (53_003, Kind::ConditionalAccess, "network"),
            (530_003, Kind::ConditionalAccess, "network"),
            (7_000_229, Kind::NoServicePrincipal, "az ad sp create --id client-1"),
            (7_000_112, Kind::Disabled, "enable"),
        ] {
            let error = read(&answer(code, "text"));
            assert_eq!((error.kind, error.code), (kind, Some(code)));
            assert!(error.next_step.contains(word), "{code}: {}", error.next_step);
            assert!(error.to_string().ends_with(&format!("(AADSTS{code}) (correlation id `c0ffee`)")), "{error}");
        }
    }

    #[test]
    fn an_unknown_code_keeps_what_entra_said() {
        let error = read(&answer(9_999_999, "Something new."));
        assert_eq!(error.kind, Kind::Refused);
        assert_eq!(error.message, "Entra ID refused to sign in the application `client-1`: Something new. (AADSTS9999999)");
        assert!(error.next_step.ends_with("error?code=9999999"), "{}", error.next_step);
    }

    #[test]
    fn the_number_is_found_in_the_text_where_the_list_is_missing() {
        assert_eq!(read(r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid."}"#).kind, Kind::WrongSecret);
        let error = read(r#"{"error":"temporarily_unavailable"}"#);
        assert_eq!(error.message, "Entra ID answered 401 (`temporarily_unavailable`) to the sign-in of the application `client-1`.");
    }
}
