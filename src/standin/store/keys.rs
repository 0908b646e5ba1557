use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::Sensitive;
use crate::crypto::{KeyProblem, RsaKey};

/// The keys with which Entra and Azure DevOps sign tokens, as the store keeps them (PKCS#8 DER in base64). They outlive a
/// restart, and so do tokens.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StoredKeys {
    schema: u32,
    entra: Sensitive,
    devops: Sensitive,
}

/// The same, ready to sign.
#[derive(Debug)]
pub(crate) struct TokenKeys {
    pub(crate) entra: RsaKey,
    pub(crate) devops: RsaKey,
}

impl StoredKeys {
    pub(super) fn make() -> Result<Self, KeyProblem> {
        let make = || RsaKey::generate().map(|der| Sensitive::new(STANDARD.encode(der)));
        Ok(Self { schema: 1, entra: make()?, devops: make()? })
    }

    pub(crate) fn read(&self) -> Result<TokenKeys, KeyProblem> {
        let read = |stored: &Sensitive| {
            let der = STANDARD.decode(stored.expose()).map_err(|_| KeyProblem("not base64".to_owned()))?;
            RsaKey::from_pkcs8(&der)
        };
        Ok(TokenKeys { entra: read(&self.entra)?, devops: read(&self.devops)? })
    }
}
