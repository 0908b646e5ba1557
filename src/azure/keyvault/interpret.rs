//! What a vault's refusal means: pure, from status and body (facts/azure-apis.md 3.3).

use serde::Deserialize;

use super::{SecretReference, VaultAddress, VaultError, VaultErrorKind as Kind};

/// What was asked for.
pub(crate) struct Asked<'a> {
    pub(crate) vault: &'a VaultAddress,
    /// The secret; nothing for the list.
    pub(crate) secret: Option<&'a SecretReference>,
    /// The tenant that the caller signed in to.
    pub(crate) tenant_id: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    error: Detail,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    code: Option<String>,
    message: Option<String>,
    /// The SDK's models spell it with a small e, some bodies with a capital one.
    #[serde(alias = "innerError")]
    innererror: Option<Box<Detail>>,
}

/// Reads a refusal.
pub(crate) fn interpret(status: u16, body: &[u8], asked: &Asked<'_>) -> VaultError {
    let detail = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
    let message = detail.message.unwrap_or_default();
    let outer = detail.code.unwrap_or_default();
    let code = detail.innererror.and_then(|inner| inner.code).unwrap_or_else(|| outer.clone());
    let refusal = Refusal { status, code, message, asked };
    match (status, refusal.code.as_str()) {
        (403, "ForbiddenByRbac") => refusal.rbac(),
        (403, "ForbiddenByPolicy" | "AccessDenied") => refusal.policy(),
        (403, "ForbiddenByFirewall") => refusal.firewall(),
        (403, "ForbiddenByConnection") => refusal.connection(),
        (403, "SecretDisabled") => refusal.disabled(),
        (403, _) => match refusal.message.as_str() {
            text if text.contains("disabled secret") => refusal.disabled(),
            text if text.contains("Client address") => refusal.firewall(),
            text if text.contains("Public network access is disabled") || text.contains("private link") => refusal.connection(),
            text if text.contains("access policy") => refusal.policy(),
            text if text.contains("RBAC") || text.contains("DecisionReason") => refusal.rbac(),
            _ => refusal.other(),
        },
        (404, _) => refusal.not_found(),
        (401, _) => refusal.unauthorized(),
        (429, _) => VaultError::new(
            Kind::Throttled,
            format!("The vault `{}` still throttles after several attempts.", asked.vault.name()),
            "Run the step again later; a vault serves 4,000 reads in 10 seconds, so look for pipelines that read it at the same time.",
        ),
        _ => refusal.other(),
    }
}

struct Refusal<'a> {
    status: u16,
    code: String,
    message: String,
    asked: &'a Asked<'a>,
}

impl Refusal<'_> {
    fn vault(&self) -> &str {
        self.asked.vault.name()
    }

    fn what(&self) -> String {
        match self.asked.secret {
            Some(secret) => format!("read the secret `{secret}` of the vault `{}`", self.vault()),
            None => format!("list the secrets of the vault `{}`", self.vault()),
        }
    }

    fn caller(&self) -> String {
        match (after(&self.message, "appid="), after(&self.message, "oid=")) {
            (Some(app), Some(object)) => format!("The caller (application `{app}`, object `{object}`)"),
            (Some(app), None) => format!("The caller (application `{app}`)"),
            (None, Some(object)) => format!("The caller (object `{object}`)"),
            (None, None) => "The caller".to_owned(),
        }
    }

    fn rbac(&self) -> VaultError {
        let object = after(&self.message, "oid=").unwrap_or("<object id of the service principal>");
        let resource = self.message.split_once("Resource: '").and_then(|(_, rest)| rest.split_once('\'')).map(|(resource, _)| resource);
        let scope = resource.map(vault_of_resource).unwrap_or("<resource id of the vault>");
        VaultError::new(
            Kind::ForbiddenByRbac,
            format!("{} has no role that allows it to {}.", self.caller(), self.what()),
            format!(
                "Give it one: `az role assignment create --role \"Key Vault Secrets User\" --assignee-object-id {object} --assignee-principal-type ServicePrincipal --scope {scope}`. A new assignment needs up to 15 minutes to take effect."
            ),
        )
    }

    fn policy(&self) -> VaultError {
        let who = match (after(&self.message, "oid="), after(&self.message, "appid=")) {
            (Some(object), _) => format!("--object-id {object}"),
            (None, Some(app)) => format!("--spn {app}"),
            (None, None) => "--object-id <object id of the service principal>".to_owned(),
        };
        VaultError::new(
            Kind::ForbiddenByPolicy,
            format!("{} has no access policy that allows it to {}.", self.caller(), self.what()),
            format!("Add one: `az keyvault set-policy --name {} {who} --secret-permissions get list`.", self.vault()),
        )
    }

    fn firewall(&self) -> VaultError {
        let address = after(&self.message, "Client address: ").map(|address| address.trim_end_matches('.'));
        let (shown, rule) = match address {
            Some(address) => {
                (format!(" `{address}`"), format!("`az keyvault network-rule add --name {} --ip-address {address}`", self.vault()))
            }
            None => (String::new(), format!("`az keyvault network-rule add --name {} --ip-address <address>`", self.vault())),
        };
        VaultError::new(
            Kind::ForbiddenByFirewall,
            format!("The firewall of the vault `{}` does not let this agent's address{shown} in.", self.vault()),
            format!(
                "Run the job on a self-hosted agent in a network that the vault allows, or allow the address: {rule}. (Microsoft-hosted agents leave through many addresses, so allowing one does not last.) A change needs up to 15 minutes."
            ),
        )
    }

    fn connection(&self) -> VaultError {
        VaultError::new(
            Kind::ForbiddenByConnection,
            format!("The vault `{}` takes only private connections, and this agent came over the public internet.", self.vault()),
            "Run the job on a self-hosted agent in the network of the vault's private endpoint, whose DNS resolves the vault's name to a private address.",
        )
    }

    fn disabled(&self) -> VaultError {
        let name = self.asked.secret.map(|secret| secret.name.clone()).unwrap_or_default();
        let version = self.asked.secret.and_then(|secret| secret.version.clone());
        let (what, option) = match &version {
            Some(version) => (format!("The version `{version}` of the secret `{name}`"), format!(" --version {version}")),
            None => (format!("The latest version of the secret `{name}`"), String::new()),
        };
        VaultError::new(
            Kind::SecretDisabled,
            format!("{what} in the vault `{}` is disabled.", self.vault()),
            format!(
                "Enable it: `az keyvault secret set-attributes --vault-name {} --name {name}{option} --enabled true`; or pin an enabled version in the mapping (`{name}@VERSION`).",
                self.vault()
            ),
        )
    }

    fn not_found(&self) -> VaultError {
        let Some(secret) = self.asked.secret else { return self.other() };
        let message = match &secret.version {
            Some(version) => format!("The vault `{}` has no version `{version}` of a secret `{}`.", self.vault(), secret.name),
            None => format!("The vault `{}` has no secret `{}`.", self.vault(), secret.name),
        };
        let next = format!("`az keyvault secret list --vault-name {}` shows what there is.", self.vault());
        VaultError::new(Kind::SecretNotFound, message, next)
    }

    fn unauthorized(&self) -> VaultError {
        if self.code == "AKV10032" || self.message.contains("AKV10032") {
            let expected = self.message.split_once("Expected").map_or("", |(_, rest)| rest);
            let theirs = guid(expected).unwrap_or("?");
            let found = self.message.split_once("found").and_then(|(_, rest)| guid(rest)).unwrap_or(self.asked.tenant_id);
            return VaultError::new(
                Kind::TenantMismatch,
                format!(
                    "The vault `{}` belongs to the tenant `{theirs}`, and the service connection signs in to the tenant `{found}`.",
                    self.vault()
                ),
                format!("Use a service connection of the tenant `{theirs}`."),
            );
        }
        VaultError::new(
            Kind::Unauthorized,
            format!("The vault `{}` does not accept the token of the service connection: {}", self.vault(), self.said()),
            "Check that the environment of the service connection is the vault's cloud.",
        )
    }

    fn other(&self) -> VaultError {
        VaultError::new(
            Kind::Other,
            format!("The vault `{}` answered {} to the attempt to {}: {}", self.vault(), self.status, self.what(), self.said()),
            "Run the step again; if it stays, Microsoft's support finds the request by its id.",
        )
    }

    fn said(&self) -> String {
        let line = self.message.split_whitespace().collect::<Vec<_>>().join(" ");
        match (line.is_empty(), self.code.is_empty()) {
            (false, _) => line,
            (true, false) => format!("`{}`.", self.code),
            (true, true) => "without a reason.".to_owned(),
        }
    }
}

/// The word after `key`, up to what ends it in the service's texts.
fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    // `appid=` would be found inside of other words, `oid=` is not: each is preceded by a separator.
    let at = text.match_indices(key).find(|(at, _)| !text[..*at].ends_with(|c: char| c.is_ascii_alphanumeric()))?.0;
    let rest = &text[at + key.len()..];
    let end = rest.find(|c: char| matches!(c, ';' | ',' | '\'' | '"') || c.is_whitespace()).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|word| !word.is_empty())
}

/// `/subscriptions/.../vaults/v` of `/subscriptions/.../vaults/v/secrets/s`.
fn vault_of_resource(resource: &str) -> &str {
    let lower = resource.to_ascii_lowercase();
    lower
        .rfind("/secrets/")
        .or_else(|| lower.rfind("/secrets").filter(|at| at + "/secrets".len() == lower.len()))
        .map_or(resource, |at| &resource[..at])
}

fn guid(text: &str) -> Option<&str> {
    (0..text.len().saturating_sub(35))
        .filter_map(|at| text.get(at..at + 36))
        .find(|window| window.char_indices().all(|(i, c)| if matches!(i, 8 | 13 | 18 | 23) { c == '-' } else { c.is_ascii_hexdigit() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cloud, CloudData};

    fn read(status: u16, code: &str, inner: Option<(&str, &str)>, message: &str) -> VaultError {
        let vault = VaultAddress::parse("shop-kv", &Cloud::resolve("", CloudData::default()).unwrap()).unwrap();
        let secret = SecretReference::parse("db-password").unwrap();
        let mut body = serde_json::json!({"error": {"code": code, "message": message}});
        if let Some((key, inner)) = inner {
            body["error"][key] = serde_json::json!({"code": inner});
        }
        interpret(status, body.to_string().as_bytes(), &Asked { vault: &vault, secret: Some(&secret), tenant_id: "mine" })
    }

    const CALLER: &str =
        "Caller: appid=11111111-1111-1111-1111-111111111111;oid=22222222-2222-2222-2222-222222222222;iss=https://sts.windows.net/t/";

    #[test]
    fn a_missing_role_names_the_whole_command() {
        let message = format!(
            "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were changed recently, please observe propagation time.\r\n{CALLER}\r\nAction: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\nResource: '/subscriptions/s/resourcegroups/rg/providers/microsoft.keyvault/vaults/shop-kv/secrets/db-password'\r\nAssignment: (not found)\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: shop-kv;location=westeurope\r\n"
        );
        for key in ["innererror", "innerError"] {
            let error = read(403, "Forbidden", Some((key, "ForbiddenByRbac")), &message);
            assert!(matches!(error.kind, Kind::ForbiddenByRbac));
            assert_eq!(
                error.message,
                "The caller (application `11111111-1111-1111-1111-111111111111`, object `22222222-2222-2222-2222-222222222222`) has no role that allows it to read the secret `db-password` of the vault `shop-kv`."
            );
            assert!(error.next_step.contains("--assignee-object-id 22222222-2222-2222-2222-222222222222 --assignee-principal-type ServicePrincipal --scope /subscriptions/s/resourcegroups/rg/providers/microsoft.keyvault/vaults/shop-kv`"), "{}", error.next_step);
        }
    }

    #[test]
    fn the_other_refusals_are_told_apart_by_code_or_text() {
        let policy = format!("Access denied. Caller was not found on any access policy.\r\n{CALLER}\r\nVault: shop-kv;location=westeurope");
        let firewall = "Client address is not authorized and caller is not a trusted service.\r\nClient address: 20.1.2.3\r\nCaller: appid=a;oid=o\r\nVault: shop-kv";
        for (inner, message, expected, word) in [
            (
                Some("AccessDenied"),
                policy.as_str(),
                "ForbiddenByPolicy",
                "az keyvault set-policy --name shop-kv --object-id 22222222-2222-2222-2222-222222222222 --secret-permissions get list",
            ),
            (Some("ForbiddenByPolicy"), policy.as_str(), "ForbiddenByPolicy", "set-policy"),
            (None, policy.as_str(), "ForbiddenByPolicy", "set-policy"),
            (Some("ForbiddenByFirewall"), firewall, "ForbiddenByFirewall", "--ip-address 20.1.2.3`"),
            (None, firewall, "ForbiddenByFirewall", "--ip-address 20.1.2.3`"),
            (
                Some("ForbiddenByConnection"),
                "Public network access is disabled and request is not from a trusted service nor via an approved private link.",
                "ForbiddenByConnection",
                "self-hosted",
            ),
            (
                None,
                "Public network access is disabled and request is not from a trusted service nor via an approved private link.",
                "ForbiddenByConnection",
                "self-hosted",
            ),
            (Some("SecretDisabled"), "Operation get is not allowed on a disabled secret.", "SecretDisabled", "--enabled true"),
            (None, "Operation get is not allowed on a disabled secret.", "SecretDisabled", "--enabled true"),
        ] {
            let error = read(403, "Forbidden", inner.map(|inner| ("innererror", inner)), message);
            assert_eq!(format!("{:?}", error.kind), expected, "{message}");
            assert!(error.next_step.contains(word), "{}", error.next_step);
        }
    }

    #[test]
    fn a_vault_of_another_tenant_is_named_with_both_tenants() {
        let error = read(
            401,
            "Unauthorized",
            None,
            "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/aaaaaaaa-1111-2222-3333-444444444444/, https://sts.windows.net/f8cdef31-a31e-4b4a-93e4-5f571e91255a/, found https://sts.windows.net/bbbbbbbb-1111-2222-3333-444444444444/.",
        );
        assert!(matches!(error.kind, Kind::TenantMismatch));
        assert_eq!(
            error.message,
            "The vault `shop-kv` belongs to the tenant `aaaaaaaa-1111-2222-3333-444444444444`, and the service connection signs in to the tenant `bbbbbbbb-1111-2222-3333-444444444444`."
        );
    }

    #[test]
    fn what_is_not_known_keeps_what_the_vault_said() {
        assert_eq!(
            read(400, "BadParameter", None, "The request\r\nURI is bad.").message,
            "The vault `shop-kv` answered 400 to the attempt to read the secret `db-password` of the vault `shop-kv`: The request URI is bad."
        );
        assert!(read(400, "BadParameter", None, "").next_step.contains("by its id"));
        assert!(matches!(read(404, "SecretNotFound", None, "").kind, Kind::SecretNotFound));
        assert!(matches!(read(429, "Throttled", None, "").kind, Kind::Throttled));
        assert!(matches!(read(401, "Unauthorized", None, "AKV10022: Invalid audience.").kind, Kind::Unauthorized));
    }
}
