use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use slipway_model::Digest;

use crate::{Descriptor, RegistryErrorKind};

/// Checks bytes against the digest and the size of a descriptor while they pass. Bytes that passed before (a transfer that
/// went on somewhere in the middle) are not counted again. Clones share the state.
#[derive(Clone)]
pub(crate) struct Verifier(Arc<Mutex<State>>);

struct State {
    expected: Digest,
    size: u64,
    sum: Sha256,
    /// Bytes in `sum`.
    hashed: u64,
}

impl Verifier {
    pub(crate) fn new(descriptor: &Descriptor) -> Self {
        let state = State { expected: descriptor.digest.clone(), size: descriptor.size, sum: Sha256::new(), hashed: 0 };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Bytes that lie at `offset`. The last ones are not to be passed on when the whole is not what it should be.
    pub(crate) fn pass(&self, offset: u64, bytes: &Bytes) -> Result<(), RegistryErrorKind> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = offset + bytes.len() as u64;
        let mismatch = |expected: &Digest, got: String| Err(RegistryErrorKind::DigestMismatch { expected: expected.clone(), got });
        if end > state.size {
            return mismatch(&state.expected, format!("more than {} bytes", state.size));
        }
        if end > state.hashed && offset <= state.hashed {
            let fresh = usize::try_from(state.hashed - offset).unwrap_or(usize::MAX);
            state.sum.update(bytes.get(fresh..).unwrap_or_default());
            state.hashed = end;
        }
        if end == state.size {
            let got = Digest::from_sha256(state.sum.clone().finalize().into());
            if state.hashed != state.size || got != state.expected {
                return mismatch(&state.expected, format!("`{got}`"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_checked_at_its_last_byte_and_repeated_bytes_count_once() {
        let bytes = Bytes::from_static(b"hello world");
        let verifier = Verifier::new(&Descriptor::of("a/b", &bytes));
        verifier.pass(0, &bytes.slice(..6)).unwrap();
        verifier.pass(3, &bytes.slice(3..8)).unwrap();
        verifier.pass(8, &bytes.slice(8..)).unwrap();
    }

    #[test]
    fn other_content_is_refused_at_its_last_byte() {
        let verifier = Verifier::new(&Descriptor::of("a/b", b"hello world"));
        verifier.pass(0, &Bytes::from_static(b"hello ")).unwrap();
        let error = verifier.pass(6, &Bytes::from_static(b"w0rld")).unwrap_err();
        assert!(matches!(error, RegistryErrorKind::DigestMismatch { .. }));
        let verifier = Verifier::new(&Descriptor::of("a/b", b"hello"));
        let error = verifier.pass(0, &Bytes::from_static(b"hello world")).unwrap_err();
        assert!(matches!(error, RegistryErrorKind::DigestMismatch { got, .. } if got == "more than 5 bytes"));
    }
}
