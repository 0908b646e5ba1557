//! From a connection of the agent to a registry of `oci`. For every task that uses registries.

use std::sync::Arc;

use slipway_agent::connections::{AzureRmConnection, DockerRegistryConnection, RegistryIdentity};
use slipway_agent::{Checked, Inputs, TaskContext, TaskError, Valid};
use slipway_azure::acr::{self, AcrError, AcrErrorKind, LoginServer, RefreshTokens, RegistryAddress};
use slipway_azure::identity::{Credential as AzureCredential, IdentityError};
use slipway_azure::{Cloud, CloudData};
use slipway_net::{Client, FailureKind, SendError, TokenError, TokenSource};
use slipway_oci::{Credential, Registry, RegistryError, RegistryErrorKind};

use crate::{azure_sign_in, codes};

/// Names of the inputs that say which registry and who signs in.
pub(crate) struct RegistryInputs {
    pub(crate) connection_type: &'static str,
    pub(crate) azure_subscription: &'static str,
    pub(crate) azure_container_registry: &'static str,
    pub(crate) container_registry: &'static str,
}

/// A registry as the inputs ask for it.
pub(crate) enum RegistryRequest {
    Azure { connection: Box<Checked<AzureRmConnection>>, registry: String, input: &'static str },
    Docker(Checked<DockerRegistryConnection>),
}

impl RegistryRequest {
    pub(crate) fn read(inputs: &mut Inputs<'_>, names: &RegistryInputs) -> Self {
        if inputs.pick(names.connection_type) == "dockerRegistry" {
            return Self::Docker(inputs.connection_docker_registry(names.container_registry));
        }
        let connection = inputs.connection_azure(names.azure_subscription);
        let input = names.azure_container_registry;
        let registry = inputs.pick(input);
        // The rules for names are the same in every cloud.
        if !registry.is_empty()
            && !registry.contains('$')
            && let Ok(cloud) = Cloud::resolve("AzureCloud", CloudData::default())
            && let Err(error) = RegistryAddress::parse(&registry, &cloud)
        {
            inputs.refuse(input, error.problem, error.expected, "`az acr list --query \"[].loginServer\"` shows the registries");
        }
        Self::Azure { connection: Box::new(connection), registry, input }
    }
}

/// The way to a registry. Nothing is sent before [`RegistryAccess::connect`].
pub(crate) struct RegistryAccess {
    client: Client,
    way: Way,
}

enum Way {
    /// An Azure registry by its name, whose login server must be asked for.
    Name {
        name: String,
        cloud: Box<Cloud>,
        subscription_id: Option<String>,
        credential: Arc<AzureCredential>,
    },
    /// A host with the credential for it.
    Host {
        host: String,
        credential: Arc<AzureCredential>,
    },
    Password {
        host: String,
        username: String,
        password: slipway_secret::Secret,
        settings_page: Option<String>,
    },
}

impl RegistryAccess {
    pub(crate) fn open(request: RegistryRequest, valid: &Valid, context: &TaskContext, client: &Client) -> Result<Self, TaskError> {
        let way = match request {
            RegistryRequest::Azure { connection, registry, input } => {
                let connection = connection.open(valid);
                let cloud = azure_sign_in::cloud(&connection)?;
                let address = RegistryAddress::parse(&registry, &cloud).map_err(|error| {
                    TaskError::new(codes::REG_NAME, format!("The input `{input}` cannot be used: {}.", error.problem))
                        .hint(format!("Expected is {}.", error.expected))
                })?;
                let sink = context.sink();
                let identity = azure_sign_in::identity(&connection, &context.variables(), || context.system_connection(), client, &sink)?;
                let page = connection.settings_page.as_deref();
                let credential = AzureCredential::new(identity, &cloud, client, context.clock(), sink)
                    .map_err(|error| codes::of_identity(&error, page))?;
                match address {
                    RegistryAddress::Name(name) => {
                        Way::Name { name, cloud: Box::new(cloud), subscription_id: connection.subscription_id, credential }
                    }
                    RegistryAddress::LoginServer(host) => {
                        check_host(&host, &cloud, &format!("The input `{input}`"))?;
                        Way::Host { host, credential }
                    }
                }
            }
            RegistryRequest::Docker(connection) => {
                let connection = connection.open(valid);
                let page = connection.settings_page.as_deref();
                match &connection.identity {
                    RegistryIdentity::Password { username, password } => {
                        let settings_page = connection.settings_page.clone();
                        Way::Password { host: connection.registry, username: username.clone(), password: password.clone(), settings_page }
                    }
                    RegistryIdentity::Entra { tenant_id, identity } => {
                        let sink = context.sink();
                        // Connections to registries do not say their cloud; its registry's domain does.
                        let cloud = cloud_of(&connection.registry)?;
                        check_host(&connection.registry, &cloud, &format!("The service connection `{}`", connection.id))?;
                        let whose = (connection.id.as_str(), tenant_id.as_str(), identity);
                        let identity =
                            azure_sign_in::identity_of(whose, &context.variables(), || context.system_connection(), client, &sink)?;
                        let credential = AzureCredential::new(identity, &cloud, client, context.clock(), sink)
                            .map_err(|error| codes::of_identity(&error, page))?;
                        Way::Host { host: connection.registry, credential }
                    }
                }
            }
        };
        Ok(Self { client: client.clone(), way })
    }

    /// The registry as people know it before it was asked for: its host, or its name.
    pub(crate) fn shown(&self) -> String {
        match &self.way {
            Way::Name { name, .. } => name.clone(),
            Way::Host { host, .. } | Way::Password { host, .. } => host.clone(),
        }
    }

    /// The registry; asks Azure for the login server where a name was given.
    pub(crate) async fn connect(self, context: &TaskContext) -> Result<ConnectedRegistry, TaskError> {
        let sink = context.sink();
        let settings_page = match &self.way {
            Way::Password { settings_page, .. } => settings_page.clone(),
            _ => None,
        };
        let (host, credential, asked) = match &self.way {
            Way::Password { host, username, password, .. } => {
                (host.clone(), Credential::Basic { username: username.clone(), password: password.clone() }, None)
            }
            Way::Host { host, credential } => (host.clone(), self.refresh_tokens(host, Arc::clone(credential), context), None),
            Way::Name { name, cloud, subscription_id, credential } => {
                let found = acr::find(&self.client, credential.as_ref(), cloud, subscription_id.as_deref(), name);
                let found = found.await.map_err(|error| of_acr(&error))?;
                let tokens = self.refresh_tokens(&found.host, Arc::clone(credential), context);
                (found.host.clone(), tokens, Some((name.clone(), found)))
            }
        };
        let registry = Registry::new(&host, self.client, credential, sink).map_err(|error| of_registry(&error))?;
        Ok(ConnectedRegistry { registry, asked, settings_page })
    }

    fn refresh_tokens(&self, host: &str, credential: Arc<AzureCredential>, context: &TaskContext) -> Credential {
        let tenant = credential.tenant_id().to_owned();
        let tokens: Arc<dyn TokenSource> = credential;
        Credential::RefreshToken(Arc::new(RefreshTokens::new(self.client.clone(), tokens, host, &tenant, context.clock(), context.sink())))
    }
}

/// A registry, and how its host was found.
pub(crate) struct ConnectedRegistry {
    pub(crate) registry: Registry,
    asked: Option<(String, LoginServer)>,
    /// Where a person edits the connection, where its own credentials are what the registry judges.
    settings_page: Option<String>,
}

impl ConnectedRegistry {
    /// A failure of this registry as the error of a task.
    pub(crate) fn explain(&self, error: &RegistryError) -> TaskError {
        let failure = of_registry(error);
        // A host name that was put together here and is not reached is perhaps a name that does not exist.
        let perhaps_gone = failure.code == codes::REG_REGISTRY || failure.code == codes::REG_NETWORK;
        match (&self.asked, &self.settings_page) {
            (_, Some(page)) if failure.code == codes::REG_SIGN_IN => {
                let hint = format!("{} The service connection: {page}", failure.hint);
                failure.hint(hint)
            }
            (Some((name, found)), _) if perhaps_gone && !found.confirmed => {
                let near = found.nearest(name).map(|near| format!("Was `{near}` meant? ")).unwrap_or_default();
                failure.hint(format!(
                    "{near}Check the name, and that the principal of the service connection may see the registry; or give its login server."
                ))
            }
            _ => failure,
        }
    }
}

/// Refuses a host that must not have an Entra token.
fn check_host(host: &str, cloud: &Cloud, what: &str) -> Result<(), TaskError> {
    RegistryAddress::check_host(host, cloud).map_err(|error| {
        TaskError::new(codes::REG_NAME, format!("{what} cannot be used: {}.", error.problem))
            .hint(format!("Expected is {}.", error.expected))
    })
}

/// The cloud of a registry's domain. A host of none is refused in the words for the public cloud.
fn cloud_of(registry: &str) -> Result<Cloud, TaskError> {
    match Cloud::of_registry(registry) {
        Some(cloud) => Ok(cloud),
        None => Cloud::resolve("AzureCloud", CloudData::default()).map_err(|error| TaskError::new(codes::CLOUD, error.to_string())),
    }
}

/// A failure to find a registry or to sign in to it.
fn of_acr(error: &AcrError) -> TaskError {
    let code = match &error.kind {
        AcrErrorKind::Identity(inner) => return of_token(inner),
        AcrErrorKind::NotFound => codes::REG_REGISTRY,
        AcrErrorKind::Unreachable(_) => codes::REG_NETWORK,
        AcrErrorKind::Answer => codes::REG_ANSWER,
        AcrErrorKind::Refused => codes::REG_SIGN_IN,
    };
    TaskError::new(code, error.to_string()).hint(error.next_step.clone())
}

fn of_token(error: &TokenError) -> TaskError {
    if let Some(error) = error.downcast_ref::<AcrError>() {
        return match &error.kind {
            AcrErrorKind::Unreachable(send) => of_network(send),
            _ => of_acr(error),
        };
    }
    match error.downcast_ref::<IdentityError>() {
        Some(error) => codes::of_identity(error, None),
        None => TaskError::new(codes::REG_SIGN_IN, error.to_string()),
    }
}

/// No answer of a registry's host. A proxy that cannot find a host says so only in its own words.
fn of_network(error: &SendError) -> TaskError {
    match error.kind {
        FailureKind::NameNotFound => {
            let message = format!("There is no container registry `{}`: its host name does not exist.", error.host);
            TaskError::new(codes::REG_REGISTRY, message).hint("Check the registry's name.")
        }
        FailureKind::ProxyRefused(502..=504) => TaskError::new(codes::REG_NETWORK, format!("{error} There may be no such registry."))
            .hint(format!("Check the registry's name. If it is right: {}", lower_first(&error.next_step()))),
        _ => TaskError::new(codes::REG_NETWORK, error.to_string()).hint(error.next_step()),
    }
}

/// A sentence as the second half of another.
fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// A failure of a registry.
pub(crate) fn of_registry(error: &RegistryError) -> TaskError {
    let code = match &error.kind {
        RegistryErrorKind::Token(inner) => return of_token(inner),
        RegistryErrorKind::Network(send) => return of_network(send),
        RegistryErrorKind::RepositoryNotFound | RegistryErrorKind::ManifestNotFound { .. } | RegistryErrorKind::BlobNotFound { .. } => {
            codes::REG_IMAGE
        }
        RegistryErrorKind::Unauthorized { .. } => codes::REG_SIGN_IN,
        RegistryErrorKind::Denied { .. } => codes::REG_DENIED,
        RegistryErrorKind::TooManyRequests { .. } => codes::REG_THROTTLED,
        RegistryErrorKind::DigestMismatch { .. } => codes::REG_DIGEST,
        RegistryErrorKind::File { .. } => codes::PUB_FILES,
        RegistryErrorKind::Protocol { .. } => codes::REG_ANSWER,
    };
    TaskError::new(code, error.to_string()).hint(error.next_step())
}
