use std::fmt;
use std::str::FromStr;

/// What an image runs on: `linux/amd64`, `linux/arm/v7`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// Operating system.
    pub os: String,
    /// Architecture, in Go's words.
    pub architecture: String,
    /// Variant of the architecture.
    pub variant: Option<String>,
}

/// A platform that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no platform; expected is `os/architecture`, such as `linux/amd64` or `linux/arm64`.")]
pub struct PlatformError(String);

impl Platform {
    /// Whether an image for `other` is what is asked for by this one. A variant that is not asked for does not matter.
    pub(crate) fn accepts(&self, other: &Self) -> bool {
        self.os == other.os && self.architecture == other.architecture && (self.variant.is_none() || self.variant == other.variant)
    }
}

impl Default for Platform {
    fn default() -> Self {
        Self { os: "linux".to_owned(), architecture: "amd64".to_owned(), variant: None }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        if let Some(variant) = &self.variant {
            write!(f, "/{variant}")?;
        }
        Ok(())
    }
}

impl FromStr for Platform {
    type Err = PlatformError;

    fn from_str(text: &str) -> Result<Self, PlatformError> {
        let parts: Vec<_> = text.split('/').collect();
        let is_word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        match parts[..] {
            [os, architecture] | [os, architecture, _] if parts.iter().all(is_word) => {
                let variant = parts.get(2).map(|variant| (*variant).to_owned());
                Ok(Self { os: os.to_owned(), architecture: architecture.to_owned(), variant })
            }
            _ => Err(PlatformError(text.to_owned())),
        }
    }
}

impl From<&oci_distribution::manifest::Platform> for Platform {
    fn from(platform: &oci_distribution::manifest::Platform) -> Self {
        Self { os: platform.os.to_string(), architecture: platform.architecture.to_string(), variant: platform.variant.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_and_written() {
        for text in ["linux/amd64", "linux/arm/v7"] {
            assert_eq!(text.parse::<Platform>().unwrap().to_string(), text);
        }
        for text in ["linux", "linux/", "Linux/amd64", "linux/arm/v7/x", ""] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_variant_matters_only_where_it_is_asked_for() {
        let read = |text: &str| text.parse::<Platform>().unwrap();
        assert!(read("linux/arm64").accepts(&read("linux/arm64/v8")));
        assert!(!read("linux/arm/v7").accepts(&read("linux/arm/v6")));
        assert!(!read("linux/amd64").accepts(&read("linux/arm64")));
    }
}
