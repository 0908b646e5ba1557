use super::refusal::Refused;
use crate::directory::Directory;

/// Resources that have a service principal in every tenant, by their identifiers.
const KNOWN: &[&str] = &[
    "https://management.core.windows.net",
    "https://management.azure.com",
    "https://vault.azure.net",
    "https://graph.microsoft.com",
    "https://graph.windows.net",
    "https://containerregistry.azure.net",
    "https://storage.azure.com",
    "https://api.loganalytics.io",
    "https://monitor.azure.com",
    "https://metrics.monitor.azure.com",
    "https://prometheus.monitor.azure.com",
    // AKS (facts/azure-apis.md 6.1) and Azure DevOps have no address, only an application id.
    "6dae42f8-4368-4678-94ff-3960e28e3630",
    "499b84ac-1321-427f-aa17-267ca6975798",
];

/// What an access token is for: its audience, spelt as the client asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resource(String);

impl Resource {
    /// From a scope, `<resource>/.default`.
    pub(super) fn from_scope(directory: &Directory, scope: &str) -> Result<Self, Refused> {
        let Some(resource) = scope.strip_suffix("/.default") else {
            return Err(Refused::bad_request(
                1002012,
                "invalid_scope",
                format!(
                    "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default \
                     suffixed to the resource identifier (application ID URI)."
                ),
            ));
        };
        Self::named(resource).ok_or_else(|| {
            Refused::bad_request(
                500011,
                "invalid_resource",
                format!(
                    "The resource principal named {resource} was not found in the tenant named {}. This can happen if the application has \
                     not been installed by the administrator of the tenant or consented to by any user in the tenant. You might have sent \
                     your authentication request to the wrong tenant.",
                    directory.config.tenant
                ),
            )
        })
    }

    /// A resource by its identifier.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let bare = name.trim_end_matches('/');
        KNOWN.iter().any(|known| known.eq_ignore_ascii_case(bare)).then(|| Self(name.to_owned()))
    }

    pub(crate) fn audience(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn scope(scope: &str) -> Result<Resource, u32> {
        let directory = Directory::new(Config { tenant: "contoso".to_owned(), ..Config::default() });
        Resource::from_scope(&directory, scope).map_err(|refused| refused.code)
    }

    #[test]
    fn the_audience_is_spelt_as_it_was_asked_for() {
        assert_eq!(scope("https://vault.azure.net/.default").unwrap().audience(), "https://vault.azure.net");
        // az asks with two slashes, since the identifier ends with one.
        assert_eq!(scope("https://management.core.windows.net//.default").unwrap().audience(), "https://management.core.windows.net/");
    }

    #[test]
    fn scopes_that_are_none_and_unknown_resources_are_told_apart() {
        assert_eq!(scope("https://vault.azure.net"), Err(1002012));
        assert_eq!(scope("https://vault.azure.us/.default"), Err(500011));
    }
}
