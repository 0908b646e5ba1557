use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The SHA-256 digest of a manifest or a blob, `sha256:` and 64 lower-case hexadecimal digits: the only name of content that
/// is trusted (OCI image specification, descriptor.md "Digests").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

const ALGORITHM: &str = "sha256:";
const HEX_DIGITS: usize = 64;

impl Digest {
    /// Of the 32 bytes of a SHA-256 sum.
    pub fn from_sha256(sum: [u8; 32]) -> Self {
        let mut text = String::with_capacity(ALGORITHM.len() + HEX_DIGITS);
        text.push_str(ALGORITHM);
        for byte in sum {
            for digit in [byte >> 4, byte & 0xf] {
                text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
            }
        }
        Self(text)
    }

    /// With the algorithm: `sha256:…`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hexadecimal digits alone.
    pub fn hex(&self) -> &str {
        self.0.get(ALGORITHM.len()..).unwrap_or_default()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestError {
    /// What was given.
    pub given: String,
}

impl fmt::Display for DigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no digest: `sha256:` and 64 hexadecimal digits in lower case are expected", self.given)
    }
}

impl std::error::Error for DigestError {}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.strip_prefix(ALGORITHM) {
            Some(hex) if hex.len() == HEX_DIGITS && hex.bytes().all(lower_hex) => Ok(Self(text.to_owned())),
            _ => Err(DigestError { given: text.to_owned() }),
        }
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sha256_in_lower_case_is_a_digest() {
        let good = format!("sha256:{}", "0a".repeat(32));
        let digest: Digest = good.parse().unwrap();
        assert_eq!(digest.to_string(), good);
        assert_eq!(digest.hex(), "0a".repeat(32));
        assert_eq!(Digest::from_sha256([0x0a; 32]), digest);
        for bad in ["", "sha256:", "latest", &good[..70], &good.to_uppercase(), &format!("{good}0"), &good.replace("sha256", "sha512")] {
            assert_eq!(bad.parse::<Digest>(), Err(DigestError { given: bad.to_owned() }));
        }
    }

    #[test]
    fn it_is_a_string_in_json_and_checked_when_read() {
        let json = format!("\"sha256:{}\"", "f".repeat(64));
        let digest: Digest = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&digest).unwrap(), json);
        let error = serde_json::from_str::<Digest>("\"v1\"").unwrap_err().to_string();
        assert!(error.starts_with("`v1` is no digest"), "{error}");
    }
}
