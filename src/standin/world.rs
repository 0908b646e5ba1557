//! The local Azure itself, without its network: what every service reads and changes.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::acr::Registries;
use crate::clock::AzureClock;
use crate::config::Principal;
use crate::crypto::Jwt;
use crate::directory::Directory;
use crate::faults::Faults;
use crate::request_log::RequestLog;
use crate::store::{RegisteredCertificate, Store, TokenKeys};

/// The local Azure.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) clock: AzureClock,
    pub(crate) keys: TokenKeys,
    pub(crate) certificates: BTreeMap<String, RegisteredCertificate>,
    store: Mutex<Store>,
    pub(crate) registries: Registries,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
    /// Running jobs are registered here.
    pub(crate) jobs_folder: PathBuf,
    /// Value of `IDENTITY_HEADER`.
    pub(crate) identity_header: String,
}

/// Who sent a request, as its access token says.
#[derive(Clone, Debug)]
pub(crate) struct Caller<'a> {
    pub(crate) principal: &'a Principal,
    pub(crate) application_id: String,
    pub(crate) object_id: String,
}

/// Why an access token is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TokenProblem {
    /// There is none.
    Missing,
    /// It is no token of this Entra, whatever it is.
    Invalid(String),
    /// Another tenant's.
    Issuer(String),
    /// For another resource.
    Audience(String),
    /// Its time is over: seconds since 1970.
    Expired(i64),
}

impl World {
    pub(crate) fn new(
        directory: Directory,
        store: Store,
        keys: TokenKeys,
        certificates: BTreeMap<String, RegisteredCertificate>,
        registries: Registries,
        jobs_folder: PathBuf,
        identity_header: String,
    ) -> Self {
        Self {
            directory,
            clock: AzureClock::default(),
            keys,
            certificates,
            store: Mutex::new(store),
            registries,
            faults: Faults::default(),
            requests: RequestLog::default(),
            jobs_folder,
            identity_header,
        }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seconds since 1970, in the local Azure.
    pub(crate) fn seconds(&self) -> i64 {
        self.clock.now().unix_timestamp()
    }

    /// Who presents `token` to a resource that one of `audiences` names. The issuer is looked at first, so that a token of
    /// another tenant is told as that.
    pub(crate) fn caller(&self, token: Option<&str>, audiences: &[&str], expired: bool) -> Result<Caller<'_>, TokenProblem> {
        let token = token.filter(|token| !token.is_empty()).ok_or(TokenProblem::Missing)?;
        let jwt = Jwt::parse(token).map_err(|problem| TokenProblem::Invalid(problem.to_string()))?;
        let issuer = jwt.text("iss").unwrap_or_default();
        if issuer != self.directory.token_issuer() {
            return Err(TokenProblem::Issuer(issuer.to_owned()));
        }
        if !jwt.is_signed_by(self.keys.entra.public()) {
            return Err(TokenProblem::Invalid("its signature is not valid".to_owned()));
        }
        let expiry = jwt.time("exp").unwrap_or_default();
        if expired || expiry <= self.seconds() {
            return Err(TokenProblem::Expired(expiry));
        }
        let audience = jwt.text("aud").unwrap_or_default();
        if !audiences.iter().any(|known| known.trim_end_matches('/').eq_ignore_ascii_case(audience.trim_end_matches('/'))) {
            return Err(TokenProblem::Audience(audience.to_owned()));
        }
        let object_id = jwt.text("oid").unwrap_or_default().to_owned();
        let principal = self
            .directory
            .object(&object_id)
            .ok_or_else(|| TokenProblem::Invalid(format!("its principal `{object_id}` does not exist any more")))?;
        Ok(Caller { principal, application_id: jwt.text("appid").unwrap_or_default().to_owned(), object_id })
    }
}
