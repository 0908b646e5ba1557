//! Service connections as the agent hands them over (facts/azure-pipelines-tasks.md 3.2, 3.4, 5).

mod azure_rm;
mod docker_registry;
mod endpoint;
mod kubernetes;
mod reader;
mod secure_file;
mod system;

pub use azure_rm::{AzureIdentity, AzureRmConnection, CloudData, IdentityEndpoint, ScopeLevel};
pub use docker_registry::{DockerRegistryConnection, RegistryIdentity};
pub use endpoint::ConnectionProblem;
pub(crate) use endpoint::Endpoint;
pub use kubernetes::{KubernetesAccess, KubernetesConnection};
pub use secure_file::SecureFile;
pub use system::SystemConnection;
