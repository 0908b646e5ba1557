use std::fmt;

use slipway_azure::keyvault::{SecretReference, VaultAddress};

/// What the task will do: printed before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) vault: VaultAddress,
    pub(crate) entries: Vec<Entry>,
    pub(crate) on_expired: OnExpired,
    pub(crate) dry_run: bool,
}

/// One variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) variable: String,
    pub(crate) secret: SecretReference,
}

/// What becomes of a secret that has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnExpired {
    Warn,
    Fail,
}

impl Plan {
    pub(crate) fn secrets(&self) -> Vec<SecretReference> {
        self.entries.iter().map(|entry| entry.secret.clone()).collect()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Plan: read {} of the vault `{}` ({})", count(self.entries.len()), self.vault.name(), self.vault.url())?;
        for Entry { variable, secret } in &self.entries {
            let version = match &secret.version {
                Some(version) => format!("version {version}"),
                None => "latest version".to_owned(),
            };
            writeln!(f, "  {variable} <- {} ({version})", secret.name)?;
        }
        let expired = match self.on_expired {
            OnExpired::Warn => "a warning",
            OnExpired::Fail => "a failure",
        };
        writeln!(f, "  A secret that has expired is {expired}.")?;
        f.write_str(if self.dry_run {
            "Dry run: signs in and looks whether the secrets are there; reads no value, sets no variable."
        } else {
            "Variables are set only if every secret can be read."
        })
    }
}

/// `1 secret`, `3 secrets`.
pub(crate) fn count(number: usize) -> String {
    if number == 1 { "1 secret".to_owned() } else { format!("{number} secrets") }
}

#[cfg(test)]
pub(crate) mod tests {
    use slipway_azure::{Cloud, CloudData};

    use super::*;

    /// A plan for `VARIABLE=secret` pairs of the vault `shop-kv`.
    pub(crate) fn plan(pairs: &[(&str, &str)]) -> Plan {
        let cloud = Cloud::resolve("AzureCloud", CloudData::default()).unwrap();
        Plan {
            vault: VaultAddress::parse("shop-kv", &cloud).unwrap(),
            entries: pairs
                .iter()
                .map(|(variable, secret)| Entry { variable: (*variable).to_owned(), secret: SecretReference::parse(secret).unwrap() })
                .collect(),
            on_expired: OnExpired::Warn,
            dry_run: false,
        }
    }

    #[test]
    fn a_plan_says_all_that_will_be_done() {
        let plan = plan(&[("DB_PASSWORD", "db-password"), ("API_KEY", "api-key@0123456789abcdef0123456789abcdef")]);
        insta::assert_snapshot!(plan, @r"
        Plan: read 2 secrets of the vault `shop-kv` (https://shop-kv.vault.azure.net/)
          DB_PASSWORD <- db-password (latest version)
          API_KEY <- api-key (version 0123456789abcdef0123456789abcdef)
          A secret that has expired is a warning.
        Variables are set only if every secret can be read.
        ");
        let dry = Plan { dry_run: true, on_expired: OnExpired::Fail, ..plan }.to_string();
        assert!(dry.contains("is a failure") && dry.ends_with("sets no variable."), "{dry}");
    }
}
