//! What the local Azure consists of, as `slipway.local.yml` describes it (the `cli` crate reads that file into this).

/// The local Azure. GUIDs (tenant, subscription, applications, service connections) are derived from names, so that
/// they are the same on every machine and after every restart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Organization: `https://dev.azure.com/<organization>/`.
    pub organization: String,
    /// Team project.
    pub project: String,
    /// Name of the Entra tenant, `contoso`; its domain is `contoso.onmicrosoft.com`.
    pub tenant: String,
    /// Name of the subscription.
    pub subscription: String,
    /// Who can sign in.
    pub principals: Vec<Principal>,
    /// Key vaults.
    pub vaults: Vec<Vault>,
    /// Container registries.
    pub registries: Vec<Registry>,
    /// Service connections to make for pipelines.
    pub connections: Vec<Connection>,
}

/// A service principal or managed identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Name, unique.
    pub name: String,
    /// Credentials that it may sign in with. Secrets and keys are generated and kept in the store.
    pub credentials: Vec<CredentialKind>,
}

/// A way to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CredentialKind {
    /// A client secret.
    Secret,
    /// A client secret whose time is over: signing in fails with AADSTS7000222.
    ExpiredSecret,
    /// A certificate (client assertion).
    Certificate,
    /// Federated credentials for the service connections that use this principal.
    Federated,
    /// It is a managed identity of the machine.
    ManagedIdentity,
}

/// A key vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vault {
    /// Name, 3 to 24 letters, digits and hyphens.
    pub name: String,
    /// Resource group.
    pub resource_group: String,
    /// How access is decided.
    pub access_model: AccessModel,
    /// Principals that may get and list secrets.
    pub readers: Vec<String>,
    /// Principals that may also set and delete secrets.
    pub writers: Vec<String>,
    /// Whether the vault's firewall refuses this machine.
    pub firewall_refuses: bool,
    /// Secrets.
    pub secrets: Vec<VaultSecret>,
}

/// How access to a vault is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessModel {
    /// Role assignments.
    #[default]
    Rbac,
    /// Access policies.
    AccessPolicy,
}

/// A secret of a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultSecret {
    /// Name.
    pub name: String,
    /// Where its value comes from when the store has none yet.
    pub source: SecretSource,
    /// Content type.
    pub content_type: Option<String>,
    /// Disabled secrets cannot be read.
    pub enabled: bool,
    /// Expiry, seconds since 1970.
    pub expires: Option<i64>,
    /// Start of validity, seconds since 1970.
    pub not_before: Option<i64>,
}

/// Where a secret's value comes from when the store has none yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// Random text of this many characters (letters and digits).
    RandomText {
        /// Number of characters.
        length: usize,
    },
    /// An Ed25519 key pair: the secret is the private key (PKCS#8 DER in base64, one line), the public part (32 bytes
    /// in base64) becomes a plain pipeline variable.
    KeyPair {
        /// Name of that variable.
        public_variable: String,
    },
    /// A self-signed certificate with its key: PEM, several lines.
    Certificate {
        /// Common name.
        subject: String,
    },
    /// Asked for by whoever starts the stand-in, once.
    Prompt,
}

/// A container registry; its login server is `<name>.azurecr.io`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Name, 5 to 50 letters and digits.
    pub name: String,
    /// Resource group.
    pub resource_group: String,
    /// Principals with the role AcrPull.
    pub pull: Vec<String>,
    /// Principals with the role AcrPush, which includes pulling.
    pub push: Vec<String>,
    /// Whether its admin user may sign in: the name is the registry's, the passwords are generated. It may also delete.
    pub admin_user: bool,
}

/// A service connection to make for pipelines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Name.
    pub name: String,
    /// Principal that it signs in as; empty for [`ConnectionKind::RegistryAdmin`].
    pub principal: String,
    /// With which of its credentials.
    pub credential: CredentialKind,
    /// A wrong secret on purpose (to see what a task says): the connection holds another value than Entra does.
    pub wrong_secret: bool,
    /// What it leads to.
    pub kind: ConnectionKind,
}

/// What a service connection leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ConnectionKind {
    /// Azure Resource Manager.
    #[default]
    AzureResourceManager,
    /// A container registry (the type `dockerregistry`).
    ContainerRegistry {
        /// Name of a registry of the configuration.
        registry: String,
    },
    /// A container registry as its admin user: a user name with a password, which is what connections to registries
    /// outside of Azure have (`registrytype` Others). Principal and credential do not matter.
    RegistryAdmin {
        /// Name of a registry of the configuration, with an admin user.
        registry: String,
    },
}

impl ConnectionKind {
    /// The registry that it leads to.
    pub(crate) fn registry(&self) -> Option<&str> {
        match self {
            Self::AzureResourceManager => None,
            Self::ContainerRegistry { registry } | Self::RegistryAdmin { registry } => Some(registry),
        }
    }
}
