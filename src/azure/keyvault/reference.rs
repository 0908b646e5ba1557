use std::fmt;

/// A secret by name, and perhaps one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretReference {
    /// Name in the vault. Key Vault ignores its case.
    pub name: String,
    /// Version, 32 hexadecimal digits; the latest one without.
    pub version: Option<String>,
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(version) = &self.version {
            write!(f, "@{version}")?;
        }
        Ok(())
    }
}

/// Why a text does not name a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretReferenceError {
    /// The name has characters that no secret's name has.
    #[error("`{name}` cannot be the name of a secret: only letters, digits and `-` are allowed, at most 127.{hint}")]
    Name {
        /// As given.
        name: String,
        /// A name that was perhaps meant, or nothing.
        hint: String,
    },
    /// Not a version.
    #[error(
        "`{version}` cannot be the version of a secret: 32 hexadecimal digits are expected (`az keyvault secret list-versions` shows them)."
    )]
    Version {
        /// As given.
        version: String,
    },
}

impl SecretReference {
    /// Reads `name` or `name@version`.
    ///
    /// # Errors
    /// When the vault could not have such a secret.
    pub fn parse(text: &str) -> Result<Self, SecretReferenceError> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name.trim(), Some(version.trim())),
            None => (text.trim(), None),
        };
        if !is_name(name) {
            let meant = name.replace(['_', '.', ' '], "-");
            let hint = if is_name(&meant) { format!(" Was `{meant}` meant?") } else { String::new() };
            return Err(SecretReferenceError::Name { name: name.to_owned(), hint });
        }
        if let Some(version) = version
            && !(version.len() == 32 && version.chars().all(|c| c.is_ascii_hexdigit()))
        {
            return Err(SecretReferenceError::Version { version: version.to_owned() });
        }
        Ok(Self { name: name.to_owned(), version: version.map(str::to_ascii_lowercase) })
    }
}

fn is_name(name: &str) -> bool {
    (1..=127).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_name_and_perhaps_a_version() {
        let plain = SecretReference::parse(" db-password ").unwrap();
        assert_eq!((plain.name.as_str(), plain.version.as_deref()), ("db-password", None));
        let pinned = SecretReference::parse("db@0123456789ABCDEF0123456789abcdef").unwrap();
        assert_eq!(pinned.version.as_deref(), Some("0123456789abcdef0123456789abcdef"));
        assert_eq!(pinned.to_string(), "db@0123456789abcdef0123456789abcdef");
    }

    #[test]
    fn what_no_vault_can_have_is_refused_before_anything_is_sent() {
        assert_eq!(
            SecretReference::parse("db_password").unwrap_err().to_string(),
            "`db_password` cannot be the name of a secret: only letters, digits and `-` are allowed, at most 127. Was `db-password` meant?"
        );
        assert!(SecretReference::parse("").is_err());
        assert!(SecretReference::parse("a/../b").is_err());
        assert!(SecretReference::parse(&"x".repeat(128)).is_err());
        assert!(SecretReference::parse("db@latest").unwrap_err().to_string().contains("32 hexadecimal digits"));
        assert!(SecretReference::parse("db@").is_err());
    }
}
