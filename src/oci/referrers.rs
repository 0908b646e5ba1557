//! What refers to a manifest: signatures, provenance, records. Registries list it themselves (`/referrers/`), or whoever pushes keeps a
//! list under the tag `sha256-<hex>` (distribution specification, "Listing Referrers" and "Referrers Tag Schema").

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap, LINK};
use http::{HeaderValue, Method, StatusCode};
use oci_distribution::manifest::OciImageIndex;
use serde_json::{Value, json};
use slipway_model::Digest;
use url::Url;

use crate::auth::Access;
use crate::transport::{Call, SMALL, network, refusal};
use crate::{Descriptor, Manifest, Registry, RegistryError, RegistryErrorKind, media};

/// Pages of a list, at most.
const PAGES: usize = 100;
/// Attempts to get an entry into a list that others write to as well.
const ATTEMPTS: u32 = 4;

/// An artifact that refers to a manifest, with its blobs.
#[derive(Clone, Debug)]
pub struct Referrer {
    /// Its manifest.
    pub manifest: Manifest,
    /// The blobs that the manifest names.
    pub blobs: Vec<(Descriptor, Bytes)>,
}

impl Registry {
    /// What refers to `digest`, of the kind `artifact_type` where one is given.
    ///
    /// # Errors
    /// When the registry does not answer as a registry.
    pub async fn referrers(
        &self,
        repository: &str,
        digest: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Vec<Descriptor>, RegistryError> {
        let found = match self.knows_referrers() {
            Some(false) => None,
            _ => self.listed(repository, digest, artifact_type).await?,
        };
        let mut found = match found {
            Some(found) => found,
            None => self.read_list(repository, digest).await?.map(|list| list.1).unwrap_or_default(),
        };
        // A registry may leave the filter to us.
        found.retain(|entry| artifact_type.is_none_or(|wanted| entry.artifact_type.as_deref() == Some(wanted)));
        Ok(found)
    }

    /// From the registry's own list; `None` where it keeps none.
    async fn listed(
        &self,
        repository: &str,
        digest: &Digest,
        artifact_type: Option<&str>,
    ) -> Result<Option<Vec<Descriptor>>, RegistryError> {
        const WHAT: &str = "the request for referrers";
        let error = |kind| self.transport.error(repository, kind);
        let mut url = self.transport.url(repository, &format!("referrers/{digest}"));
        if let Some(artifact_type) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", artifact_type);
        }
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let call = Call::new(Method::GET, url.clone(), Access::pull(repository)).header(ACCEPT, HeaderValue::from_static(media::INDEX));
            let response = self.transport.call(call).await.map_err(error)?;
            match response.status {
                StatusCode::OK => {}
                StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                    return match refusal(response, WHAT).await {
                        // says nothing of what the registry can do
                        RegistryErrorKind::RepositoryNotFound => Ok(None),
                        kind @ RegistryErrorKind::Network(_) => Err(error(kind)),
                        _ => {
                            self.learn_referrers(false);
                            Ok(None)
                        }
                    };
                }
                _ => return Err(error(refusal(response, WHAT).await)),
            }
            let next = next_page(&url, &response.headers);
            let body = response.read(SMALL).await.map_err(|failure| error(network(failure)))?.body;
            let page = entries(&body).map_err(|detail| error(RegistryErrorKind::Protocol { what: WHAT, status: Some(200), detail }))?;
            found.extend(page);
            self.learn_referrers(true);
            match next {
                // the credential would go along
                Some(next) if next.origin() == url.origin() => url = next,
                _ => return Ok(Some(found)),
            }
        }
        Err(error(RegistryErrorKind::Protocol { what: WHAT, status: Some(200), detail: format!("more than {PAGES} pages") }))
    }

    /// The list under the tag, with its raw form.
    async fn read_list(&self, repository: &str, digest: &Digest) -> Result<Option<(Value, Vec<Descriptor>)>, RegistryError> {
        let manifest = match self.fetch(repository, &list_tag(digest)).await {
            Ok(manifest) => manifest,
            Err(RegistryError { kind: RegistryErrorKind::ManifestNotFound { .. } | RegistryErrorKind::RepositoryNotFound, .. }) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let refuse = |detail| {
            self.transport
                .error(repository, RegistryErrorKind::Protocol { what: "the request for the list of referrers", status: Some(200), detail })
        };
        let raw = serde_json::from_slice(&manifest.bytes).map_err(|error| refuse(error.to_string()))?;
        Ok(Some((raw, entries(&manifest.bytes).map_err(refuse)?)))
    }

    /// Sends an artifact that refers to a manifest: its blobs, its manifest, and where the registry keeps no list of referrers, the list.
    ///
    /// # Errors
    /// When the registry does not take it.
    pub async fn push_referrer(&self, repository: &str, referrer: &Referrer) -> Result<(), RegistryError> {
        for (descriptor, bytes) in &referrer.blobs {
            self.push_blob(repository, descriptor, bytes.clone()).await?;
        }
        self.store_with_subject(repository, &referrer.manifest).await
    }

    /// Stores a manifest under its digest and sees to it that the one that it refers to lists it.
    pub(crate) async fn store_with_subject(&self, repository: &str, manifest: &Manifest) -> Result<(), RegistryError> {
        let refuse = |detail| self.transport.error(repository, RegistryErrorKind::Protocol { what: "a manifest", status: None, detail });
        let content = manifest.content().map_err(refuse)?;
        let stored = self.store(repository, manifest, manifest.digest.as_str()).await?;
        let Some(subject) = content.subject() else { return Ok(()) };
        if stored.lists_referrers {
            self.learn_referrers(true);
            return Ok(());
        }
        self.enlist(repository, &subject.digest, &manifest.referrer_descriptor().map_err(refuse)?).await
    }

    /// Puts an entry into the list under the tag. Others may write the list at the same time, so it is read again afterwards.
    pub(crate) async fn enlist(&self, repository: &str, subject: &Digest, entry: &Descriptor) -> Result<(), RegistryError> {
        for _ in 0..ATTEMPTS {
            let (mut raw, listed) = match self.read_list(repository, subject).await? {
                Some(list) => list,
                None => (json!({ "schemaVersion": 2, "mediaType": media::INDEX, "manifests": [] }), Vec::new()),
            };
            if listed.iter().any(|listed| listed.digest == entry.digest) {
                return Ok(());
            }
            let mut added = json!({ "mediaType": entry.media_type, "digest": entry.digest, "size": entry.size });
            if let Some(artifact_type) = &entry.artifact_type {
                added["artifactType"] = json!(artifact_type);
            }
            if !entry.annotations.is_empty() {
                added["annotations"] = json!(entry.annotations);
            }
            if let Some(manifests) = raw.get_mut("manifests").and_then(Value::as_array_mut) {
                manifests.push(added);
            }
            let list = Manifest::new(media::INDEX, raw.to_string());
            self.store(repository, &list, &list_tag(subject)).await?;
        }
        match self.read_list(repository, subject).await? {
            Some((_, listed)) if listed.iter().any(|listed| listed.digest == entry.digest) => Ok(()),
            _ => {
                let detail = format!("an entry put into `{}` did not stay in it, {ATTEMPTS} times", list_tag(subject));
                Err(self.transport.error(repository, RegistryErrorKind::Protocol { what: "the list of referrers", status: None, detail }))
            }
        }
    }
}

fn entries(index: &[u8]) -> Result<Vec<Descriptor>, String> {
    let index: OciImageIndex = serde_json::from_slice(index).map_err(|error| error.to_string())?;
    index.manifests.iter().map(Descriptor::read_entry).collect()
}

fn list_tag(digest: &Digest) -> String {
    format!("sha256-{}", digest.hex())
}

/// `Link: </v2/…>; rel="next"`.
fn next_page(url: &Url, headers: &HeaderMap) -> Option<Url> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    links.flat_map(|value| value.split(',')).find_map(|link| {
        let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
        let is_next = parameters.split(';').any(|parameter| matches!(parameter.trim(), "rel=next" | "rel=\"next\""));
        if is_next { url.join(target).ok() } else { None }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_of_a_list() {
        let url = Url::parse("https://r.azurecr.io/v2/a/referrers/x").unwrap();
        let next = |link: &'static str| next_page(&url, &HeaderMap::from_iter([(LINK, HeaderValue::from_static(link))])).map(String::from);
        assert_eq!(next("</v2/a/referrers/x?last=1>; rel=\"next\"").unwrap(), "https://r.azurecr.io/v2/a/referrers/x?last=1");
        assert_eq!(next("<https://o/1>; rel=prev, <https://o/2>; rel=next").unwrap(), "https://o/2");
        assert_eq!(next("</v2/a>; rel=\"prev\""), None);
    }
}
