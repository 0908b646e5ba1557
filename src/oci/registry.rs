use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use slipway_model::Digest;
use slipway_net::{Client, StreamingResponse};
use slipway_secret::SecretSink;

use crate::auth::Access;
use crate::blob::BlobReader;
use crate::transport::{Call, SMALL, Transport, network, refusal};
use crate::upload::{self, BlobOutcome, BlobSource};
use crate::{Credential, Descriptor, Manifest, ManifestHead, RegistryError, RegistryErrorKind, media};

/// How often a replica is waited for that does not have a manifest's blobs yet.
const REPLICA_WAITS: u32 = 3;

/// One registry, seen by one identity. Clones share connections and tokens.
#[derive(Clone)]
pub struct Registry {
    pub(crate) transport: Arc<Transport>,
    pub(crate) referrers_api: Arc<AtomicU8>,
}

/// What a registry said to the storing of a manifest.
pub(crate) struct Stored {
    /// It keeps the list of referrers itself.
    pub(crate) lists_referrers: bool,
}

impl Registry {
    /// The registry `host` (with its port, where it has one). Tokens are registered with `sink`.
    ///
    /// # Errors
    /// When `host` is no host name.
    pub fn new(host: &str, client: Client, credential: Credential, sink: Arc<dyn SecretSink>) -> Result<Self, RegistryError> {
        let transport = Arc::new(Transport::new(host, client, credential, sink)?);
        Ok(Self { transport, referrers_api: Arc::new(AtomicU8::new(0)) })
    }

    /// Its host.
    pub fn host(&self) -> &str {
        &self.transport.host
    }

    /// Requests that it was sent, those for tokens apart.
    pub fn requests(&self) -> u64 {
        self.transport.requests()
    }

    /// Compares the rights in `repository` that a token of the registry grants with `actions` (`pull`, `push`), without writing
    /// anything. Where the registry's tokens do not tell, nothing is known, and that is no error.
    ///
    /// # Errors
    /// [`RegistryErrorKind::Denied`] with what is missing; [`RegistryErrorKind::Unauthorized`].
    pub async fn check_access(&self, repository: &str, actions: &[&str]) -> Result<(), RegistryError> {
        self.transport.check_access(repository, actions).await.map_err(|kind| self.transport.error(repository, kind))
    }

    /// What the manifest `reference` (digest or tag) is, if there is one.
    ///
    /// # Errors
    /// When the registry does not answer as a registry.
    pub async fn head(&self, repository: &str, reference: &str) -> Result<Option<ManifestHead>, RegistryError> {
        self.head_with(repository, reference, Access::pull(repository)).await
    }

    pub(crate) async fn head_with(&self, repository: &str, reference: &str, access: Access) -> Result<Option<ManifestHead>, RegistryError> {
        let error = |kind| self.transport.error(repository, kind);
        let response = self.ask(Method::HEAD, repository, reference, access).await.map_err(error)?;
        match response.status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                let told = response.header("docker-content-digest").map(str::to_owned);
                let told: Option<Digest> = told.and_then(|told| told.parse().ok());
                // A tag's digest is what the registry says; a digest is what was asked for, and nothing else may be said.
                let asked: Option<Digest> = reference.parse().ok();
                if let (Some(expected), Some(told)) = (&asked, &told)
                    && expected != told
                {
                    let got = format!("the registry says that it is `{told}`");
                    return Err(error(RegistryErrorKind::DigestMismatch { expected: expected.clone(), got }));
                }
                let digest = asked.or(told);
                let size = response.header("content-length").and_then(|size| size.parse().ok()).unwrap_or(0);
                let media_type = media_type(&response);
                match digest {
                    Some(digest) => Ok(Some(ManifestHead { digest, media_type, size })),
                    // some registries leave it out: then the digest is that of the bytes
                    None => {
                        let manifest = self.fetch(repository, reference).await?;
                        let size = manifest.bytes.len() as u64;
                        Ok(Some(ManifestHead { digest: manifest.digest, media_type: manifest.media_type, size }))
                    }
                }
            }
            _ => Err(error(refusal(response, "the request for a manifest's head").await)),
        }
    }

    /// The manifest with this digest, checked against it.
    ///
    /// # Errors
    /// [`RegistryErrorKind::ManifestNotFound`]; [`RegistryErrorKind::DigestMismatch`].
    pub async fn manifest(&self, repository: &str, digest: &Digest) -> Result<Manifest, RegistryError> {
        let manifest = self.fetch(repository, digest.as_str()).await?;
        if manifest.digest != *digest {
            let got = format!("`{}`", manifest.digest);
            return Err(self.transport.error(repository, RegistryErrorKind::DigestMismatch { expected: digest.clone(), got }));
        }
        Ok(manifest)
    }

    /// The manifest that a tag or a digest names now. What a tag names may be another one a moment later: go on with its digest.
    pub(crate) async fn fetch(&self, repository: &str, reference: &str) -> Result<Manifest, RegistryError> {
        let error = |kind| self.transport.error(repository, kind);
        let response = self.ask(Method::GET, repository, reference, Access::pull(repository)).await.map_err(error)?;
        match response.status {
            StatusCode::OK => {
                let media_type = media_type(&response);
                let bytes = response.read(SMALL).await.map_err(|failure| error(network(failure)))?.body;
                Ok(Manifest::new(&media_type, bytes))
            }
            StatusCode::NOT_FOUND => Err(error(match refusal(response, "the request for a manifest").await {
                RegistryErrorKind::Protocol { .. } => RegistryErrorKind::ManifestNotFound { reference: reference.to_owned() },
                kind => kind,
            })),
            _ => Err(error(refusal(response, "the request for a manifest").await)),
        }
    }

    async fn ask(&self, method: Method, repository: &str, reference: &str, access: Access) -> Result<StreamingResponse, RegistryErrorKind> {
        let url = self.transport.url(repository, &format!("manifests/{reference}"));
        self.transport.call(Call::new(method, url, access).header(ACCEPT, HeaderValue::from_static(media::ACCEPT))).await
    }

    /// Reads a blob as a stream that is checked against digest and size. No request is made before the first piece is asked for.
    pub fn blob(&self, repository: &str, descriptor: &Descriptor) -> BlobReader {
        BlobReader::new(self.transport.clone(), repository, descriptor)
    }

    /// Reads a blob of at most `limit` bytes whole.
    ///
    /// # Errors
    /// As [`BlobReader::chunk`], and when the blob is larger.
    pub async fn small_blob(&self, repository: &str, descriptor: &Descriptor, limit: usize) -> Result<Bytes, RegistryError> {
        let size = usize::try_from(descriptor.size).unwrap_or(usize::MAX);
        if size > limit {
            let detail = format!("`{}` has {size} bytes; at most {limit} are expected", descriptor.digest);
            return Err(self
                .transport
                .error(repository, RegistryErrorKind::Protocol { what: "the request for a blob", status: None, detail }));
        }
        let mut reader = self.blob(repository, descriptor);
        let mut bytes = BytesMut::with_capacity(size);
        while let Some(piece) = reader.chunk().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.freeze())
    }

    /// Sends bytes as a blob, unless the repository has it.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push_blob(&self, repository: &str, descriptor: &Descriptor, bytes: Bytes) -> Result<BlobOutcome, RegistryError> {
        self.push_from(repository, descriptor, &BlobSource::Bytes(bytes), None).await
    }

    /// Sends a file as a blob, unless the repository has it. Memory does not depend on its size.
    ///
    /// # Errors
    /// When the file cannot be read or is not what `descriptor` says, or the registry does not take it.
    pub async fn push_file(&self, repository: &str, descriptor: &Descriptor, file: &Path) -> Result<BlobOutcome, RegistryError> {
        self.push_from(repository, descriptor, &BlobSource::File(file.to_owned()), None).await
    }

    pub(crate) async fn push_from(
        &self,
        repository: &str,
        descriptor: &Descriptor,
        source: &BlobSource,
        from: Option<&str>,
    ) -> Result<BlobOutcome, RegistryError> {
        Box::pin(upload::push(&self.transport, repository, descriptor, source, from)).await
    }

    /// Stores a manifest under its digest. What it names must be there already.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push_manifest(&self, repository: &str, manifest: &Manifest) -> Result<(), RegistryError> {
        self.store(repository, manifest, manifest.digest.as_str()).await.map(drop)
    }

    /// Makes `tag` name `manifest`. Returns what it named before.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn tag(&self, repository: &str, manifest: &Manifest, tag: &str) -> Result<Option<Digest>, RegistryError> {
        let before = self.head_with(repository, tag, Access::push(repository)).await?.map(|head| head.digest);
        if before.as_ref() != Some(&manifest.digest) {
            self.store(repository, manifest, tag).await?;
        }
        Ok(before)
    }

    pub(crate) async fn store(&self, repository: &str, manifest: &Manifest, reference: &str) -> Result<Stored, RegistryError> {
        let error = |kind| self.transport.error(repository, kind);
        let content_type = HeaderValue::from_str(&manifest.media_type).map_err(|_| {
            error(RegistryErrorKind::Protocol { what: "a manifest", status: None, detail: "its media type is no header".to_owned() })
        })?;
        let mut attempt = 0;
        loop {
            let url = self.transport.url(repository, &format!("manifests/{reference}"));
            let mut call = Call::new(Method::PUT, url, Access::push(repository)).header(CONTENT_TYPE, content_type.clone());
            call.request.body = manifest.bytes.clone();
            let response = self.transport.call(call).await.map_err(error)?;
            if response.status == StatusCode::CREATED || response.status == StatusCode::OK {
                let told = response.header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok());
                if let Some(told) = told.filter(|told| *told != manifest.digest) {
                    let got = format!("the registry stored `{told}`");
                    return Err(error(RegistryErrorKind::DigestMismatch { expected: manifest.digest.clone(), got }));
                }
                return Ok(Stored { lists_referrers: response.header("oci-subject").is_some() });
            }
            let status = response.status;
            let kind = refusal(response, "the manifest").await;
            // A replica of the registry may not have the blobs yet (facts/registries-and-acr.md 4.2).
            let unknown_blob = matches!(&kind, RegistryErrorKind::Protocol { status: Some(400 | 404), detail, .. } if detail.starts_with("MANIFEST_BLOB_UNKNOWN"));
            attempt += 1;
            let wait = (unknown_blob && attempt <= REPLICA_WAITS).then(|| self.transport.client.policy().first_delay * 2_u32.pow(attempt));
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => {
                    return Err(error(match kind {
                        RegistryErrorKind::Protocol { detail, .. } if matches!(status.as_u16(), 405 | 409) => RegistryErrorKind::Protocol {
                            what: "the manifest (a tag or a digest that is locked is not written to)",
                            status: Some(status.as_u16()),
                            detail,
                        },
                        kind => kind,
                    }));
                }
            }
        }
    }

    pub(crate) fn knows_referrers(&self) -> Option<bool> {
        match self.referrers_api.load(Ordering::Relaxed) {
            0 => None,
            known => Some(known == 1),
        }
    }

    pub(crate) fn learn_referrers(&self, has: bool) {
        self.referrers_api.store(if has { 1 } else { 2 }, Ordering::Relaxed);
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.host())
    }
}

/// The media type of a manifest without parameters.
fn media_type(response: &StreamingResponse) -> String {
    let text = response.header(CONTENT_TYPE.as_str()).unwrap_or(media::MANIFEST);
    text.split(';').next().unwrap_or(text).trim().to_owned()
}
