use url::Url;

/// Where the services of an Azure cloud are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// Name as service connections spell it: `AzureCloud`.
    pub name: String,
    /// Where principals sign in: `https://login.microsoftonline.com/`.
    pub authority: Url,
    /// Azure Resource Manager: `https://management.azure.com/`.
    pub resource_manager: Url,
    /// Domain of key vaults: `vault.azure.net`.
    pub key_vault_suffix: String,
    /// Resource for which tokens for key vaults are issued: `https://vault.azure.net`.
    pub key_vault_resource: String,
    /// Domain of managed HSMs, empty where unknown.
    pub managed_hsm_suffix: String,
    /// Domain of container registries, `azurecr.io`; empty where unknown.
    pub container_registry_suffix: String,
}

/// What a service connection says of its cloud. Each value given wins over the table of known clouds.
#[derive(Clone, Copy, Debug, Default)]
pub struct CloudData<'a> {
    /// `activeDirectoryAuthority`, else `environmentAuthorityUrl`.
    pub authority: Option<&'a str>,
    /// The connection's address.
    pub resource_manager: Option<&'a str>,
    /// `AzureKeyVaultDnsSuffix`.
    pub key_vault_suffix: Option<&'a str>,
    /// `AzureKeyVaultServiceEndpointResourceId`.
    pub key_vault_resource: Option<&'a str>,
}

/// Why a cloud is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// Azure Germany was closed in 2021.
    #[error("The cloud `AzureGermanCloud` was closed on 2021-10-29.")]
    Closed,
    /// Not in the table, and the connection does not say everything itself.
    #[error(
        "The cloud `{name}` is not known, and the service connection does not name its {missing}. Known clouds: `AzureCloud`, `AzureUSGovernment`, `AzureChinaCloud`, `BleuCloud`."
    )]
    Unknown {
        /// Its name.
        name: String,
        /// What would have been needed.
        missing: &'static str,
    },
    /// An address that cannot be used.
    #[error("The service connection's {what} `{value}` is not an address that starts with `https://`.")]
    Address {
        /// Which one.
        what: &'static str,
        /// As given.
        value: String,
    },
}

struct Row {
    name: &'static str,
    authority: &'static str,
    resource_manager: &'static str,
    key_vault: &'static str,
    managed_hsm: &'static str,
    container_registry: &'static str,
}

/// facts/azure-apis.md 2.8.
const TABLE: &[Row] = &[
    Row {
        name: "AzureCloud",
        authority: "https://login.microsoftonline.com/",
        resource_manager: "https://management.azure.com/",
        key_vault: "vault.azure.net",
        managed_hsm: "managedhsm.azure.net",
        container_registry: "azurecr.io",
    },
    Row {
        name: "AzureUSGovernment",
        authority: "https://login.microsoftonline.us/",
        resource_manager: "https://management.usgovcloudapi.net/",
        key_vault: "vault.usgovcloudapi.net",
        managed_hsm: "managedhsm.usgovcloudapi.net",
        container_registry: "azurecr.us",
    },
    Row {
        name: "AzureChinaCloud",
        authority: "https://login.chinacloudapi.cn/",
        resource_manager: "https://management.chinacloudapi.cn/",
        key_vault: "vault.azure.cn",
        managed_hsm: "managedhsm.azure.cn",
        container_registry: "azurecr.cn",
    },
    Row {
        name: "BleuCloud",
        authority: "https://login.sovcloud-identity.fr/",
        resource_manager: "https://management.sovcloud-api.fr/",
        key_vault: "vault.sovcloud-api.fr",
        managed_hsm: "managedhsm.sovcloud-api.fr",
        container_registry: "",
    },
];

impl Cloud {
    /// The cloud that a service connection means: its `environment` (empty means `AzureCloud`) and its own data.
    ///
    /// # Errors
    /// When something that is needed is neither in the data nor in the table.
    pub fn resolve(name: &str, data: CloudData<'_>) -> Result<Self, CloudError> {
        let name = if name.trim().is_empty() { "AzureCloud" } else { name.trim() };
        if name.eq_ignore_ascii_case("AzureGermanCloud") {
            return Err(CloudError::Closed);
        }
        let row = TABLE.iter().find(|row| row.name.eq_ignore_ascii_case(name));
        let pick = |given: Option<&str>, known: Option<&'static str>, missing: &'static str| {
            let given = given.map(str::trim).filter(|given| !given.is_empty()).map(str::to_owned);
            given.or(known.map(str::to_owned)).ok_or(CloudError::Unknown { name: name.to_owned(), missing })
        };
        let authority = pick(data.authority, row.map(|row| row.authority), "authority (`activeDirectoryAuthority`)")?;
        let resource_manager = pick(data.resource_manager, row.map(|row| row.resource_manager), "address (`url`)")?;
        let suffix = pick(data.key_vault_suffix, row.map(|row| row.key_vault), "key vault domain (`AzureKeyVaultDnsSuffix`)")?;
        let suffix = suffix.trim_start_matches('.').to_ascii_lowercase();
        let resource = data.key_vault_resource.map(str::trim).filter(|given| !given.is_empty());
        Ok(Self {
            name: row.map_or(name, |row| row.name).to_owned(),
            authority: address("authority", &authority)?,
            resource_manager: address("address", &resource_manager)?,
            key_vault_resource: resource.map_or_else(|| format!("https://{suffix}"), |resource| resource.trim_end_matches('/').to_owned()),
            key_vault_suffix: suffix,
            managed_hsm_suffix: row.map(|row| row.managed_hsm.to_owned()).unwrap_or_default(),
            container_registry_suffix: row.map(|row| row.container_registry.to_owned()).unwrap_or_default(),
        })
    }

    /// The cloud whose domain of registries the host is in, with nothing but what is known of it.
    pub fn of_registry(host: &str) -> Option<Self> {
        let is_in = |domain: &str| !domain.is_empty() && host.strip_suffix(domain).is_some_and(|name| name.ends_with('.'));
        let row = TABLE.iter().find(|row| is_in(row.container_registry))?;
        Self::resolve(row.name, CloudData::default()).ok()
    }

    /// The scope under which tokens for key vaults are asked for.
    pub fn key_vault_scope(&self) -> String {
        format!("{}/.default", self.key_vault_resource)
    }
}

fn address(what: &'static str, value: &str) -> Result<Url, CloudError> {
    Url::parse(value)
        .ok()
        .filter(|url| url.scheme() == "https" && url.has_host())
        .ok_or_else(|| CloudError::Address { what, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_cloud_needs_no_data() {
        for (name, suffix, authority) in [
            ("", "vault.azure.net", "https://login.microsoftonline.com/"),
            ("azurecloud", "vault.azure.net", "https://login.microsoftonline.com/"),
            ("AzureUSGovernment", "vault.usgovcloudapi.net", "https://login.microsoftonline.us/"),
            ("AzureChinaCloud", "vault.azure.cn", "https://login.chinacloudapi.cn/"),
        ] {
            let cloud = Cloud::resolve(name, CloudData::default()).unwrap();
            assert_eq!((cloud.key_vault_suffix.as_str(), cloud.authority.as_str()), (suffix, authority));
            assert_eq!(cloud.key_vault_scope(), format!("https://{suffix}/.default"));
        }
    }

    #[test]
    fn a_registry_tells_its_cloud() {
        let name = |host: &str| Cloud::of_registry(host).map(|cloud| cloud.name);
        for (host, expected) in [
            ("contoso.azurecr.io", "AzureCloud"),
            ("contoso.westeurope.geo.azurecr.io", "AzureCloud"),
            ("contoso.azurecr.us", "AzureUSGovernment"),
            ("contoso.azurecr.cn", "AzureChinaCloud"),
        ] {
            assert_eq!(name(host).as_deref(), Some(expected));
        }
        for host in ["ghcr.io", "contosoazurecr.io", "azurecr.io", "contoso.azurecr.us.example.com", ""] {
            assert_eq!(name(host), None, "{host}");
        }
    }

    #[test]
    fn the_connections_own_data_wins() {
        let data = CloudData {
            authority: Some("https://login.partner.microsoftonline.cn/"),
            key_vault_suffix: Some(".vault.example"),
            key_vault_resource: Some("https://vault.example/"),
            ..CloudData::default()
        };
        let cloud = Cloud::resolve("AzureChinaCloud", data).unwrap();
        assert_eq!(cloud.authority.as_str(), "https://login.partner.microsoftonline.cn/");
        assert_eq!((cloud.key_vault_suffix.as_str(), cloud.key_vault_resource.as_str()), ("vault.example", "https://vault.example"));
        let empty = CloudData { key_vault_suffix: Some("  "), ..CloudData::default() };
        assert_eq!(Cloud::resolve("", empty).unwrap().key_vault_suffix, "vault.azure.net");
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(Cloud::resolve("AzureGermanCloud", CloudData::default()), Err(CloudError::Closed));
        let error = Cloud::resolve("AzureStack", CloudData { authority: Some("https://adfs.local/"), ..CloudData::default() }).unwrap_err();
        assert!(error.to_string().contains("`AzureStack` is not known") && error.to_string().contains("address (`url`)"), "{error}");
        let error = Cloud::resolve("", CloudData { authority: Some("http://login.example"), ..CloudData::default() }).unwrap_err();
        assert_eq!(error, CloudError::Address { what: "authority", value: "http://login.example".to_owned() });
    }
}
