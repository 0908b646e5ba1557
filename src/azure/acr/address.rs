use crate::Cloud;

/// A registry as an input names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryAddress {
    /// By its name: the login server follows from Azure Resource Manager, since it need not be `<name>.azurecr.io`.
    Name(String),
    /// By its login server, lower case.
    LoginServer(String),
}

/// A text that names no registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct RegistryNameError {
    /// What is wrong with it.
    pub problem: String,
    /// What is expected.
    pub expected: String,
}

/// Length of a registry's name.
const LENGTH: std::ops::RangeInclusive<usize> = 5..=50;

impl RegistryAddress {
    /// Of `text`: a name of 5 to 50 letters and digits, or a login server with or without `https://`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str, cloud: &Cloud) -> Result<Self, RegistryNameError> {
        let text = text.trim();
        let server = text.strip_prefix("https://").unwrap_or(text);
        let server = server.strip_suffix('/').unwrap_or(server);
        let suffix = &cloud.container_registry_suffix;
        let example = if suffix.is_empty() { "azurecr.io" } else { suffix };
        let refuse = |problem: String| {
            let expected =
                format!("the registry's name (5 to 50 letters and digits), or its login server: `contoso` or `contoso.{example}`");
            Err(RegistryNameError { problem, expected })
        };
        if text.starts_with("http://") {
            return refuse(format!("`{text}` is not an address that starts with `https://`"));
        }
        if server.contains('/') {
            return refuse(format!("`{text}` names more than a registry: the repository is an input of its own"));
        }
        if !server.contains('.') {
            let alphanumeric = server.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return if alphanumeric && LENGTH.contains(&server.len()) {
                Ok(Self::Name(server.to_owned()))
            } else {
                refuse(format!("`{text}` is not the name of a container registry"))
            };
        }
        let host = server.to_ascii_lowercase();
        let label = |label: &str| {
            let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            !label.is_empty() && label.len() <= 63 && inner && !label.starts_with('-') && !label.ends_with('-')
        };
        if host.split('.').all(label) { Ok(Self::LoginServer(host)) } else { refuse(format!("`{text}` is not a host name")) }
    }

    /// Whether `host` is one of Azure's registries in `cloud`: an Entra token goes to no other host, since with it whoever has that
    /// host could sign in to every registry of its principal.
    ///
    /// # Errors
    /// When it is another host. Of a cloud whose domain of registries is not known nothing can be said.
    pub fn check_host(host: &str, cloud: &Cloud) -> Result<(), RegistryNameError> {
        let suffix = &cloud.container_registry_suffix;
        let name = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.'));
        if suffix.is_empty() || name.is_some_and(|name| !name.is_empty()) {
            return Ok(());
        }
        Err(RegistryNameError {
            problem: format!("`{host}` is no registry of Azure, and the token of an Azure identity is for those alone"),
            expected: format!(
                "a login server in `{suffix}`; for another registry, a connection of type Docker Registry with a user name and a password"
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CloudData;

    #[test]
    fn a_name_and_a_login_server_are_told_apart() {
        let cloud = Cloud::resolve("AzureCloud", CloudData::default()).unwrap();
        let parse = |text: &str| RegistryAddress::parse(text, &cloud);
        assert_eq!(parse(" Contoso "), Ok(RegistryAddress::Name("Contoso".to_owned())));
        for text in ["contoso-a1b2.azurecr.io", "https://Contoso-a1b2.azurecr.io/"] {
            assert_eq!(parse(text), Ok(RegistryAddress::LoginServer("contoso-a1b2.azurecr.io".to_owned())), "{text}");
        }
        for (text, problem) in [
            ("acr", "`acr` is not the name of a container registry"),
            ("my-registry", "`my-registry` is not the name of a container registry"),
            ("http://contoso.azurecr.io", "`http://contoso.azurecr.io` is not an address that starts with `https://`"),
            ("contoso.azurecr.io/shop", "`contoso.azurecr.io/shop` names more than a registry: the repository is an input of its own"),
            ("contoso..io", "`contoso..io` is not a host name"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.problem, problem);
            assert!(error.expected.contains("`contoso.azurecr.io`"), "{}", error.expected);
        }
    }

    #[test]
    fn an_entra_token_is_for_hosts_of_azure_alone() {
        let cloud = |name: &str| Cloud::resolve(name, CloudData::default()).unwrap();
        let check = |host: &str, name: &str| RegistryAddress::check_host(host, &cloud(name)).is_ok();
        for (host, name) in [
            ("contoso.azurecr.io", "AzureCloud"),
            ("contoso.westeurope.geo.azurecr.io", "AzureCloud"),
            ("contoso.azurecr.us", "AzureUSGovernment"),
            ("contoso.registry.example", "BleuCloud"),
        ] {
            assert!(check(host, name), "{host} {name}");
        }
        for (host, name) in [
            ("ghcr.io", "AzureCloud"),
            ("azurecr.io", "AzureCloud"),
            (".azurecr.io", "AzureCloud"),
            ("contosoazurecr.io", "AzureCloud"),
            ("contoso.azurecr.io.example.com", "AzureCloud"),
            ("contoso.azurecr.io:5000", "AzureCloud"),
            ("contoso.azurecr.io", "AzureChinaCloud"),
        ] {
            assert!(!check(host, name), "{host} {name}");
        }
    }
}
