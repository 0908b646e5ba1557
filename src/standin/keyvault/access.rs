//! Who may do what with a vault's secrets.

use http::Method;

use super::Visit;
use super::refusal::Refused;
use crate::config::AccessModel;
use crate::faults::Refusal;

/// What a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    List { deleted: bool },
    Versions { name: String },
    Get { name: String, version: Option<String> },
    Set { name: String },
    Update { name: String, version: Option<String> },
    Delete { name: String },
    GetDeleted { name: String },
    Recover { name: String },
    Purge { name: String },
}

impl Action {
    /// By method and path; `None` for what is not simulated.
    pub(super) fn of(method: &Method, segments: &[&str]) -> Option<Self> {
        let name = |name: &&str| (*name).to_owned();
        Some(match (method.as_str(), segments) {
            ("GET", ["secrets"]) => Self::List { deleted: false },
            ("GET", ["deletedsecrets"]) => Self::List { deleted: true },
            ("GET", ["secrets", secret, "versions"]) => Self::Versions { name: name(secret) },
            ("GET", ["secrets", secret]) => Self::Get { name: name(secret), version: None },
            ("GET", ["secrets", secret, version]) => Self::Get { name: name(secret), version: Some(name(version)) },
            ("PUT", ["secrets", secret]) => Self::Set { name: name(secret) },
            ("PATCH", ["secrets", secret]) => Self::Update { name: name(secret), version: None },
            ("PATCH", ["secrets", secret, version]) => Self::Update { name: name(secret), version: Some(name(version)) },
            ("DELETE", ["secrets", secret]) => Self::Delete { name: name(secret) },
            ("GET", ["deletedsecrets", secret]) => Self::GetDeleted { name: name(secret) },
            ("POST", ["deletedsecrets", secret, "recover"]) => Self::Recover { name: name(secret) },
            ("DELETE", ["deletedsecrets", secret]) => Self::Purge { name: name(secret) },
            _ => return None,
        })
    }

    /// The secret's name.
    pub(super) fn secret(&self) -> Option<&str> {
        match self {
            Self::List { .. } => None,
            Self::Versions { name }
            | Self::Get { name, .. }
            | Self::Set { name }
            | Self::Update { name, .. }
            | Self::Delete { name }
            | Self::GetDeleted { name }
            | Self::Recover { name }
            | Self::Purge { name } => Some(name),
        }
    }

    fn is_read(&self) -> bool {
        matches!(self, Self::List { .. } | Self::Versions { .. } | Self::Get { .. } | Self::GetDeleted { .. })
    }

    /// As Azure's role-based access control calls it.
    fn data_action(&self) -> &'static str {
        match self {
            Self::Get { .. } => "getSecret/action",
            Self::Set { .. } => "setSecret/action",
            Self::Update { .. } => "update/action",
            Self::Delete { .. } => "delete",
            Self::Recover { .. } => "recover/action",
            Self::Purge { .. } => "purge/action",
            Self::List { .. } | Self::Versions { .. } | Self::GetDeleted { .. } => "readMetadata/action",
        }
    }

    /// As access policies call it.
    fn permission(&self) -> &'static str {
        match self {
            Self::Get { .. } | Self::GetDeleted { .. } => "get",
            Self::Set { .. } | Self::Update { .. } => "set",
            Self::Delete { .. } => "delete",
            Self::Recover { .. } => "recover",
            Self::Purge { .. } => "purge",
            Self::List { .. } | Self::Versions { .. } => "list",
        }
    }
}

/// Whether the caller may do it: the firewall first, then roles or policies.
pub(super) fn check(visit: Visit<'_>, action: &Action) -> Result<(), Refused> {
    let vault = visit.vault;
    if vault.firewall_refuses {
        return Err(refused(visit, action, Refusal::Firewall));
    }
    let principal = visit.caller.map(|caller| caller.principal.name.as_str()).unwrap_or_default();
    let (reads, writes) = (vault.readers.iter().any(|name| name == principal), vault.writers.iter().any(|name| name == principal));
    if writes || (reads && action.is_read()) {
        return Ok(());
    }
    match vault.access_model {
        AccessModel::Rbac => Err(refused(visit, action, Refusal::Rbac)),
        AccessModel::AccessPolicy if reads => Err(Refused::forbidden(
            "AccessDenied",
            format!(
                "The user, group or application '{}' does not have secrets {} permission on key vault '{}'. For help resolving this issue, \
                 please see https://go.microsoft.com/fwlink/?linkid=2125287",
                visit.caller(),
                action.permission(),
                visit.vault()
            ),
        )),
        AccessModel::AccessPolicy => Err(refused(visit, action, Refusal::Policy)),
    }
}

/// A refusal in Key Vault's words.
pub(super) fn refused(visit: Visit<'_>, action: &Action, refusal: Refusal) -> Refused {
    let (caller, vault) = (visit.caller(), visit.vault());
    let resource = visit.world.directory.vault_id(visit.vault).to_lowercase();
    let resource = match action.secret() {
        Some(name) => format!("{resource}/secrets/{name}"),
        None => resource,
    };
    let data_action = format!("Microsoft.KeyVault/vaults/secrets/{}", action.data_action());
    match refusal {
        Refusal::Rbac => Refused::forbidden(
            "ForbiddenByRbac",
            format!(
                "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments or role definitions were \
                 changed recently, please observe propagation time.\r\nCaller: {caller}\r\nAction: '{data_action}'\r\nResource: \
                 '{resource}'\r\nAssignment: (not found)\r\nDenyAssignmentId: null\r\nDecisionReason: 'DeniedWithNoValidRBAC' \r\nVault: \
                 {vault}\r\n"
            ),
        ),
        Refusal::Policy => Refused::forbidden(
            "ForbiddenByPolicy",
            format!(
                "Access denied. Caller was not found on any access policy.\r\nCaller: {caller}\r\nAction: '{data_action}'\r\nResource: \
                 '{resource}'\r\nVault: {vault}\r\n"
            ),
        ),
        Refusal::Firewall => Refused::forbidden(
            "ForbiddenByFirewall",
            format!(
                "Client address is not authorized and caller is not a trusted service.\r\nClient address: 127.0.0.1\r\nCaller: \
                 {caller}\r\nVault: {vault}"
            ),
        ),
        Refusal::Connection => Refused::forbidden(
            "ForbiddenByConnection",
            format!(
                "Public network access is disabled and request is not from a trusted service nor via an approved private link.\r\nCaller: \
                 {caller}\r\nVault: {vault}"
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_azure_reads_them() {
        let of = |method: Method, path: &str| Action::of(&method, &path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>());
        let name = || "n".to_owned();
        assert_eq!(of(Method::GET, "secrets/n/"), Some(Action::Get { name: name(), version: None }));
        assert_eq!(of(Method::GET, "secrets/n/1a"), Some(Action::Get { name: name(), version: Some("1a".to_owned()) }));
        assert_eq!(of(Method::GET, "secrets/n/versions"), Some(Action::Versions { name: name() }));
        assert_eq!(of(Method::POST, "deletedsecrets/n/recover"), Some(Action::Recover { name: name() }));
        assert_eq!(of(Method::GET, "keys/n"), None);
        assert_eq!(of(Method::POST, "secrets/n/backup"), None);
    }
}
