use std::fmt;

use url::Url;

use crate::Cloud;

/// A key vault by name and address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultAddress {
    name: String,
    url: Url,
}

/// Why a text does not name a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultNameError {
    /// What is wrong with it.
    pub problem: String,
    /// What is expected.
    pub expected: String,
}

impl fmt::Display for VaultNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.problem, self.expected)
    }
}

impl std::error::Error for VaultNameError {}

impl VaultAddress {
    /// A vault by its name (`shop-kv`), or by its address (`https://shop-kv.vault.azure.net/`) as the portal shows it.
    ///
    /// # Errors
    /// When it cannot be a vault of this cloud: a name that the service does not allow, a managed HSM (which has no
    /// secrets), an address of another cloud.
    pub fn parse(text: &str, cloud: &Cloud) -> Result<Self, VaultNameError> {
        let text = text.trim();
        let host = text.strip_prefix("https://").unwrap_or(text).trim_end_matches('/').trim_end_matches(":443").to_ascii_lowercase();
        let expected = || {
            format!(
                "Expected the name of a vault (3 to 24 letters, digits and `-`, beginning with a letter) or its address, `https://NAME.{}/`.",
                cloud.key_vault_suffix
            )
        };
        let error = |problem: String| VaultNameError { problem, expected: expected() };
        let name = match host.split_once('.') {
            None => host.as_str(),
            Some((name, domain)) if domain == cloud.key_vault_suffix => name,
            Some((_, domain)) if !cloud.managed_hsm_suffix.is_empty() && domain == cloud.managed_hsm_suffix => {
                return Err(error(format!("`{text}` is a managed HSM: it holds keys and has no secrets.")));
            }
            Some((_, domain)) => {
                return Err(error(format!(
                    "`{text}` is not in the domain of the service connection's cloud (`{domain}` instead of `{}`).",
                    cloud.key_vault_suffix
                )));
            }
        };
        let fits = (3..=24).contains(&name.len())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && !name.ends_with('-')
            && !name.contains("--");
        if !fits {
            return Err(error(format!("`{text}` cannot be the name of a key vault.")));
        }
        let url = Url::parse(&format!("https://{name}.{}/", cloud.key_vault_suffix))
            .map_err(|problem| error(format!("`{text}` gives no address ({problem}).")))?;
        Ok(Self { name: name.to_owned(), url })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its address, with a slash at the end.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its host name.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CloudData;

    fn parse(text: &str) -> Result<VaultAddress, VaultNameError> {
        VaultAddress::parse(text, &Cloud::resolve("AzureCloud", CloudData::default()).unwrap())
    }

    #[test]
    fn a_vault_is_named_by_name_or_address() {
        for text in
            ["shop-kv", " Shop-KV ", "shop-kv.vault.azure.net", "https://shop-kv.vault.azure.net/", "https://shop-kv.vault.azure.net:443"]
        {
            let address = parse(text).unwrap();
            assert_eq!((address.name(), address.url().as_str()), ("shop-kv", "https://shop-kv.vault.azure.net/"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_a_vault_is_refused_with_what_is_expected() {
        for (text, word) in [
            ("kv", "cannot be the name"),
            ("", "cannot be the name"),
            ("1shop", "cannot be the name"),
            ("shop_kv", "cannot be the name"),
            ("shop--kv", "cannot be the name"),
            ("shop-", "cannot be the name"),
            ("$(vault)", "cannot be the name"),
            ("a-name-of-twenty-five-char", "cannot be the name"),
            ("https://shop-kv.vault.azure.cn/", "`vault.azure.cn` instead of `vault.azure.net`"),
            ("shop.managedhsm.azure.net", "managed HSM"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("Expected the name of a vault"), "{text}: {error}");
        }
    }
}
