use serde::{Deserialize, Serialize};

/// Key of the job's own connection to Azure DevOps among the endpoints of a task.
pub const SYSTEM_CONNECTION: &str = "SYSTEMVSSCONNECTION";

/// A service connection as Azure DevOps keeps it and as the agent hands it to a task
/// (facts/azure-pipelines-tasks.md 3.2 and 5). Which auth parameters are secret is decided by the agent:
/// all but an allow-list.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceConnection {
    /// GUID, lower case, or [`SYSTEM_CONNECTION`].
    pub id: String,
    /// Name as written in YAML.
    pub name: String,
    /// `AzureRM`, `dockerregistry`, `kubernetes`, ...
    pub kind: String,
    /// Address.
    pub url: String,
    /// `ServicePrincipal`, `ManagedServiceIdentity`, `WorkloadIdentityFederation`, `OAuth`, ...
    pub scheme: String,
    /// Auth parameters in order, names as the service spells them. May hold secrets: never printed.
    pub parameters: Vec<(String, String)>,
    /// Data in order, names as the service spells them.
    pub data: Vec<(String, String)>,
}

impl std::fmt::Debug for ServiceConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServiceConnection")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
