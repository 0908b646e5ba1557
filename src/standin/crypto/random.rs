use ring::rand::{SecureRandom as _, SystemRandom};

use super::KeyProblem;

fn fill(bytes: &mut [u8]) -> Result<(), KeyProblem> {
    SystemRandom::new().fill(bytes).map_err(|_| KeyProblem("the system has no random numbers".to_owned()))
}

/// `length` letters and digits, each as likely as any other.
pub(crate) fn random_text(length: usize) -> Result<String, KeyProblem> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while text.len() < length {
        fill(&mut bytes)?;
        // 248 is the largest multiple of 62 in a byte: what lies above would prefer the first letters.
        let letters = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(ALPHABET[usize::from(byte % 62)]));
        text.extend(letters.take(length - text.len()));
    }
    Ok(text)
}

/// 32 lower-case hexadecimal digits, the form of a secret's version.
pub(crate) fn random_hex() -> Result<String, KeyProblem> {
    let mut bytes = [0_u8; 16];
    fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// ring's random numbers for `rsa`.
pub(super) struct SystemRng;

/// No random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system has no random numbers")]
pub(super) struct NoRandomNumbers;

impl rsa::rand_core::TryRng for SystemRng {
    type Error = NoRandomNumbers;

    fn try_next_u32(&mut self) -> Result<u32, NoRandomNumbers> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, NoRandomNumbers> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), NoRandomNumbers> {
        fill(bytes).map_err(|_| NoRandomNumbers)
    }
}

impl rsa::rand_core::TryCryptoRng for SystemRng {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_its_length_and_only_letters_and_digits() {
        for length in [0, 1, 63, 64, 65, 1000] {
            let text = random_text(length).unwrap();
            assert_eq!(text.len(), length);
            assert!(text.chars().all(|c| c.is_ascii_alphanumeric()));
        }
        assert_ne!(random_text(40).unwrap(), random_text(40).unwrap());
    }

    #[test]
    fn a_version_is_32_digits() {
        let version = random_hex().unwrap();
        assert_eq!(version.len(), 32);
        assert!(version.chars().all(|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()));
    }
}
