//! The codes of the errors that come from the tasks. Each is explained in docs/errors.md (a test compares the two) and
//! never renumbered.

use slipway_agent::TaskError;
use slipway_azure::identity::{IdentityError, IdentityErrorKind};
use slipway_azure::keyvault::{VaultError, VaultErrorKind};

/// The HTTP client cannot be set up as the agent's settings ask.
pub const NET_CLIENT: &str = "SLIP-NET-CLIENT";
/// The service connection's cloud is not known.
pub const CLOUD: &str = "SLIP-CLOUD";

/// The client secret is wrong.
pub const ID_SECRET: &str = "SLIP-ID-SECRET";
/// The client secret has expired.
pub const ID_EXPIRED: &str = "SLIP-ID-EXPIRED";
/// The application is not in the tenant.
pub const ID_APPLICATION: &str = "SLIP-ID-APPLICATION";
/// The certificate is not registered with the application.
pub const ID_CERTIFICATE: &str = "SLIP-ID-CERTIFICATE";
/// The assertion is outside of its time.
pub const ID_CLOCK: &str = "SLIP-ID-CLOCK";
/// No federated credential matches.
pub const ID_FEDERATION: &str = "SLIP-ID-FEDERATION";
/// The tenant does not exist.
pub const ID_TENANT: &str = "SLIP-ID-TENANT";
/// The resource is not known in the tenant.
pub const ID_RESOURCE: &str = "SLIP-ID-RESOURCE";
/// Conditional access blocks the sign-in.
pub const ID_CONDITIONAL_ACCESS: &str = "SLIP-ID-CONDITIONAL-ACCESS";
/// The application has no service principal.
pub const ID_PRINCIPAL: &str = "SLIP-ID-PRINCIPAL";
/// The application is disabled.
pub const ID_DISABLED: &str = "SLIP-ID-DISABLED";
/// Entra ID refused for another reason.
pub const ID_REFUSED: &str = "SLIP-ID-REFUSED";
/// The managed identity endpoint refused or is not there.
pub const ID_MANAGED: &str = "SLIP-ID-MANAGED";
/// The service connection's own values cannot be used.
pub const ID_CONNECTION: &str = "SLIP-ID-CONNECTION";
/// Azure DevOps gave no OIDC token.
pub const ID_OIDC: &str = "SLIP-ID-OIDC";
/// No answer came to the sign-in.
pub const ID_NETWORK: &str = "SLIP-ID-NETWORK";
/// Something else than Entra ID answered.
pub const ID_ANSWER: &str = "SLIP-ID-ANSWER";

/// No such vault.
pub const KV_VAULT: &str = "SLIP-KV-404-VAULT";
/// No such secret or version.
pub const KV_SECRET: &str = "SLIP-KV-404-SECRET";
/// The secret was deleted and can be recovered.
pub const KV_DELETED: &str = "SLIP-KV-404-DELETED";
/// No role allows it.
pub const KV_RBAC: &str = "SLIP-KV-403-RBAC";
/// No access policy allows it.
pub const KV_POLICY: &str = "SLIP-KV-403-POLICY";
/// The vault's firewall does not let the agent in.
pub const KV_FIREWALL: &str = "SLIP-KV-403-FIREWALL";
/// The vault takes private connections only.
pub const KV_PRIVATE: &str = "SLIP-KV-403-PRIVATE";
/// The secret is disabled.
pub const KV_DISABLED: &str = "SLIP-KV-403-DISABLED";
/// The vault is of another tenant.
pub const KV_TENANT: &str = "SLIP-KV-401-TENANT";
/// The vault does not accept the token.
pub const KV_TOKEN: &str = "SLIP-KV-401-TOKEN";
/// The vault throttles.
pub const KV_THROTTLED: &str = "SLIP-KV-429";
/// The vault was not reached.
pub const KV_NETWORK: &str = "SLIP-KV-NETWORK";
/// Something else than the vault answered.
pub const KV_ANSWER: &str = "SLIP-KV-ANSWER";
/// The vault answered with another failure.
pub const KV_OTHER: &str = "SLIP-KV-OTHER";
/// The name of the vault does not fit the cloud of the connection.
pub const KV_NAME: &str = "SLIP-KV-NAME";
/// A secret has expired.
pub const KV_EXPIRED: &str = "SLIP-KV-EXPIRED";
/// A secret is not valid yet.
pub const KV_EARLY: &str = "SLIP-KV-EARLY";
/// A secret has an empty value.
pub const KV_EMPTY: &str = "SLIP-KV-EMPTY";
/// A value cannot be a secret variable.
pub const KV_VALUE: &str = "SLIP-KV-VALUE";
/// Existence could not be checked.
pub const KV_UNCHECKED: &str = "SLIP-KV-UNCHECKED";
/// The step was stopped before every secret was read.
pub const KV_STOPPED: &str = "SLIP-KV-STOPPED";
/// Several secrets have problems, each of which has its own code.
pub const KV_SEVERAL: &str = "SLIP-KV-SEVERAL";

/// The folder to check does not exist.
pub const CHECK_FOLDER: &str = "SLIP-LBT-FOLDER";
/// There is nothing in the folder that can be checked.
pub const CHECK_NOTHING: &str = "SLIP-LBT-NOTHING";
/// A tool is not installed.
pub const CHECK_TOOL: &str = "SLIP-LBT-TOOL";
/// The manifest of a package cannot be read by its tool.
pub const CHECK_MANIFEST: &str = "SLIP-LBT-MANIFEST";
/// A folder cannot be read.
pub const CHECK_READ: &str = "SLIP-LBT-READ";
/// A check did not pass.
pub const CHECK_FAILED: &str = "SLIP-LBT-CHECKS";
/// The step was stopped before every check had ended.
pub const CHECK_STOPPED: &str = "SLIP-LBT-STOPPED";

/// The name of a registry does not fit the cloud of the connection.
pub const REG_NAME: &str = "SLIP-REG-NAME";
/// No such registry.
pub const REG_REGISTRY: &str = "SLIP-REG-404-REGISTRY";
/// No such image, repository or blob.
pub const REG_IMAGE: &str = "SLIP-REG-404-IMAGE";
/// The registry does not accept the credentials.
pub const REG_SIGN_IN: &str = "SLIP-REG-401";
/// The principal may not do this in the registry.
pub const REG_DENIED: &str = "SLIP-REG-403";
/// The registry throttles.
pub const REG_THROTTLED: &str = "SLIP-REG-429";
/// Content is not what its digest says.
pub const REG_DIGEST: &str = "SLIP-REG-DIGEST";
/// The registry was not reached.
pub const REG_NETWORK: &str = "SLIP-REG-NETWORK";
/// Something else than a registry answered, or one that does not keep to its protocol.
pub const REG_ANSWER: &str = "SLIP-REG-ANSWER";

/// The files cannot become an image.
pub const PUB_FILES: &str = "SLIP-PUB-FILES";
/// The base image does not fit.
pub const PUB_BASE: &str = "SLIP-PUB-BASE";
/// `images.json` cannot be read or written.
pub const PUB_LIST: &str = "SLIP-PUB-LIST";
/// The step was stopped before the image was published.
pub const PUB_STOPPED: &str = "SLIP-PUB-STOPPED";

/// The images file cannot be used.
pub const PROMOTE_LIST: &str = "SLIP-PROMOTE-LIST";
/// The run does not know the pipeline resource.
pub const PROMOTE_RESOURCE: &str = "SLIP-PROMOTE-RESOURCE";
/// No provenance of the image names the triggering run and commit.
pub const PROMOTE_PROVENANCE: &str = "SLIP-PROMOTE-PROVENANCE";
/// Source and target are the same registry.
pub const PROMOTE_SAME: &str = "SLIP-PROMOTE-SAME";
/// Several images have problems, each of which has its own code.
pub const PROMOTE_SEVERAL: &str = "SLIP-PROMOTE-SEVERAL";
/// The step was stopped before every image was promoted.
pub const PROMOTE_STOPPED: &str = "SLIP-PROMOTE-STOPPED";

/// Every code of this crate.
pub const ALL: &[&str] = &[
    NET_CLIENT,
    CLOUD,
    ID_SECRET,
    ID_EXPIRED,
    ID_APPLICATION,
    ID_CERTIFICATE,
    ID_CLOCK,
    ID_FEDERATION,
    ID_TENANT,
    ID_RESOURCE,
    ID_CONDITIONAL_ACCESS,
    ID_PRINCIPAL,
    ID_DISABLED,
    ID_REFUSED,
    ID_MANAGED,
    ID_CONNECTION,
    ID_OIDC,
    ID_NETWORK,
    ID_ANSWER,
    KV_VAULT,
    KV_SECRET,
    KV_DELETED,
    KV_RBAC,
    KV_POLICY,
    KV_FIREWALL,
    KV_PRIVATE,
    KV_DISABLED,
    KV_TENANT,
    KV_TOKEN,
    KV_THROTTLED,
    KV_NETWORK,
    KV_ANSWER,
    KV_OTHER,
    KV_NAME,
    KV_EXPIRED,
    KV_EARLY,
    KV_EMPTY,
    KV_VALUE,
    KV_UNCHECKED,
    KV_STOPPED,
    KV_SEVERAL,
    CHECK_FOLDER,
    CHECK_NOTHING,
    CHECK_TOOL,
    CHECK_MANIFEST,
    CHECK_READ,
    CHECK_FAILED,
    CHECK_STOPPED,
    REG_NAME,
    REG_REGISTRY,
    REG_IMAGE,
    REG_SIGN_IN,
    REG_DENIED,
    REG_THROTTLED,
    REG_DIGEST,
    REG_NETWORK,
    REG_ANSWER,
    PUB_FILES,
    PUB_BASE,
    PUB_LIST,
    PUB_STOPPED,
    PROMOTE_LIST,
    PROMOTE_RESOURCE,
    PROMOTE_PROVENANCE,
    PROMOTE_SAME,
    PROMOTE_SEVERAL,
    PROMOTE_STOPPED,
];

/// A failed sign-in as the error of a task. `settings_page` is where a person edits the service connection.
pub(crate) fn of_identity(error: &IdentityError, settings_page: Option<&str>) -> TaskError {
    let code = match error.kind {
        IdentityErrorKind::WrongSecret => ID_SECRET,
        IdentityErrorKind::ExpiredSecret => ID_EXPIRED,
        IdentityErrorKind::UnknownApplication => ID_APPLICATION,
        IdentityErrorKind::UnknownCertificate => ID_CERTIFICATE,
        IdentityErrorKind::AssertionTime => ID_CLOCK,
        IdentityErrorKind::NoFederatedCredential => ID_FEDERATION,
        IdentityErrorKind::UnknownTenant => ID_TENANT,
        IdentityErrorKind::UnknownResource => ID_RESOURCE,
        IdentityErrorKind::ConditionalAccess => ID_CONDITIONAL_ACCESS,
        IdentityErrorKind::NoServicePrincipal => ID_PRINCIPAL,
        IdentityErrorKind::Disabled => ID_DISABLED,
        IdentityErrorKind::Refused => ID_REFUSED,
        IdentityErrorKind::ManagedIdentity => ID_MANAGED,
        IdentityErrorKind::Unusable => ID_CONNECTION,
        IdentityErrorKind::Assertion => ID_OIDC,
        IdentityErrorKind::Transport => ID_NETWORK,
        IdentityErrorKind::Answer => ID_ANSWER,
    };
    let at_connection =
        !matches!(error.kind, IdentityErrorKind::Transport | IdentityErrorKind::Answer | IdentityErrorKind::ManagedIdentity);
    let hint = match settings_page.filter(|_| at_connection) {
        Some(page) => format!("{} The service connection: {page}", error.next_step).trim_start().to_owned(),
        None => error.next_step.clone(),
    };
    TaskError::new(code, error.to_string()).hint(hint)
}

/// A failure of a vault as the error of a task.
pub(crate) fn of_vault(error: &VaultError, settings_page: Option<&str>) -> TaskError {
    let code = match &error.kind {
        VaultErrorKind::Identity(error) => return of_identity(error, settings_page),
        VaultErrorKind::VaultNotFound => KV_VAULT,
        VaultErrorKind::Unreachable => KV_NETWORK,
        VaultErrorKind::Answer => KV_ANSWER,
        VaultErrorKind::ForbiddenByRbac => KV_RBAC,
        VaultErrorKind::ForbiddenByPolicy => KV_POLICY,
        VaultErrorKind::ForbiddenByFirewall => KV_FIREWALL,
        VaultErrorKind::ForbiddenByConnection => KV_PRIVATE,
        VaultErrorKind::SecretDisabled => KV_DISABLED,
        VaultErrorKind::SecretNotFound => KV_SECRET,
        VaultErrorKind::SecretDeleted => KV_DELETED,
        VaultErrorKind::TenantMismatch => KV_TENANT,
        VaultErrorKind::Unauthorized => KV_TOKEN,
        VaultErrorKind::Throttled => KV_THROTTLED,
        VaultErrorKind::Other => KV_OTHER,
    };
    TaskError::new(code, error.to_string()).hint(error.next_step.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_the_docs() {
        let docs = include_str!("../../docs/errors.md");
        let explained = |code: &str| docs.lines().any(|line| line.starts_with(&format!("| `{code}` |")));
        let missing: Vec<_> = ALL.iter().filter(|code| !explained(code)).collect();
        assert!(missing.is_empty(), "docs/errors.md has no row for {missing:?}");
        assert!(!explained("SLIP-NOT-A-CODE"));
    }
}
