//! Manifests: validated when they are pushed, and sent as they came.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Visit;
use super::content::{Content, Repository, StoredManifest};
use super::digest::Digest;
use super::refusal::Refused;
use super::route::is_tag;
use crate::exchange::{Answer, Request};
use crate::inflow::{Inflow, NotRead};

/// Largest manifest.
const LIMIT: usize = 4 * 1024 * 1024;

const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

pub(super) async fn answer(
    visit: Visit<'_>,
    content: &Content,
    repository: &str,
    reference: &str,
    inflow: &mut Inflow,
) -> Option<Result<Answer, Refused>> {
    Some(match visit.request.method {
        Method::GET | Method::HEAD => get(visit.request, content, repository, reference),
        Method::PUT => put(visit.request, content, repository, reference, inflow).await,
        Method::DELETE => delete(content, repository, reference),
        _ => return None,
    })
}

/// 404, for a repository.
pub(super) fn unknown_repository(name: &str) -> Refused {
    Refused::unknown("NAME_UNKNOWN", format!("repository \"{name}\" is not found")).detail(json!({ "name": name }))
}

fn unknown_manifest(repository: &str, reference: &str) -> Refused {
    let message = match Digest::parse(reference) {
        Some(digest) => format!("manifest {digest} is not found"),
        None => format!("manifest tagged by \"{reference}\" is not found"),
    };
    Refused::unknown("MANIFEST_UNKNOWN", message).detail(json!({ "name": repository, "reference": reference }))
}

fn get(request: &Request, content: &Content, name: &str, reference: &str) -> Result<Answer, Refused> {
    let repository = content.repository(name).filter(|repository| !repository.manifests.is_empty());
    let repository = repository.ok_or_else(|| unknown_repository(name))?;
    let (digest, manifest) = repository.find(reference).ok_or_else(|| unknown_manifest(name, reference))?;
    check_accept(request, &manifest.media_type)?;
    let etag = format!("\"{digest}\"");
    let answer = |status| Answer::empty(status).with("docker-content-digest", &digest.to_string()).with("etag", &etag);
    if request.header("if-none-match") == Some(etag.as_str()) {
        return Ok(answer(StatusCode::NOT_MODIFIED));
    }
    let mut answer = answer(StatusCode::OK).with("content-type", &manifest.media_type).with("content-length", &manifest.size.to_string());
    if request.method == Method::GET {
        answer.body = content.manifest(&digest)?.into();
    }
    Ok(answer)
}

/// A type that the client does not name is not there for it. Types of Docker are sent to everybody.
fn check_accept(request: &Request, media_type: &str) -> Result<(), Refused> {
    let (what, plural) = match media_type {
        OCI_MANIFEST => ("OCI manifest", "OCI manifests"),
        OCI_INDEX => ("OCI index", "OCI indexes"),
        _ => return Ok(()),
    };
    let values = request.headers.get_all("accept").iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut types = values.map(|value| value.split(';').next().unwrap_or_default().trim());
    if types.any(|accepted| [media_type, "*/*", "application/*"].contains(&accepted)) {
        return Ok(());
    }
    Err(Refused::unknown("MANIFEST_UNKNOWN", format!("{what} found, but accept header does not support {plural}")))
}

async fn put(request: &Request, content: &Content, name: &str, reference: &str, inflow: &mut Inflow) -> Result<Answer, Refused> {
    let bytes = inflow.collect(LIMIT).await.map_err(|problem| match problem {
        NotRead::TooLarge => Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", "manifest is larger than 4 MiB"),
        NotRead::Broken => Refused::from(problem),
    })?;
    let digest = Digest::of(&bytes);
    let tag = if reference.contains(':') {
        if Digest::parse(reference).as_ref() != Some(&digest) {
            let refused = Refused::bad("DIGEST_INVALID", "provided digest did not match uploaded content");
            return Err(refused.detail(json!({ "digest": reference })));
        }
        None
    } else if is_tag(reference) {
        Some(reference.to_owned())
    } else {
        return Err(Refused::bad("TAG_INVALID", format!("manifest tag '{reference}' did not match the rules for tags")));
    };
    let manifest = Manifest::read(request.header("content-type"), &bytes)?;
    let repository = content.repository(name).unwrap_or_default();
    manifest.check(&repository)?;
    let subject = manifest.stored.subject.clone();
    content.keep(&digest, &bytes)?;
    content.change(name, |repository| {
        repository.manifests.insert(digest.clone(), manifest.stored);
        if let Some(tag) = tag {
            repository.tags.insert(tag, digest.clone());
        }
    })?;
    let answer = Answer::empty(StatusCode::CREATED)
        .with("location", &format!("/v2/{name}/manifests/{digest}"))
        .with("docker-content-digest", &digest.to_string());
    Ok(match subject {
        Some(subject) => answer.with("oci-subject", &subject.to_string()),
        None => answer,
    })
}

fn delete(content: &Content, name: &str, reference: &str) -> Result<Answer, Refused> {
    let Some(digest) = Digest::parse(reference) else {
        let message = "The operation is unsupported: a manifest is deleted by its digest";
        return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message));
    };
    let known = content.repository(name).ok_or_else(|| unknown_repository(name))?.manifests.contains_key(&digest);
    if !known {
        return Err(unknown_manifest(name, reference));
    }
    let removed = content.change(name, |repository| repository.remove(&digest))?;
    content.sweep(&removed);
    Ok(Answer::empty(StatusCode::ACCEPTED))
}

/// A manifest that is pushed.
#[derive(Debug)]
struct Manifest {
    stored: StoredManifest,
    /// Config and layers that must be there.
    blobs: Vec<Digest>,
    /// The manifests of an index.
    manifests: Vec<Digest>,
}

impl Manifest {
    fn read(content_type: Option<&str>, bytes: &[u8]) -> Result<Self, Refused> {
        let invalid = |message: String| Refused::bad("MANIFEST_INVALID", format!("manifest invalid: {message}"));
        let json: Value = serde_json::from_slice(bytes).map_err(|error| invalid(format!("not JSON: {error}")))?;
        let declared = json["mediaType"].as_str();
        let content_type = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
        let media_type = content_type.or(declared).ok_or_else(|| invalid("it has no media type".to_owned()))?;
        if declared.is_some_and(|declared| declared != media_type) {
            return Err(invalid(format!("its mediaType is '{}', Content-Type is '{media_type}'", declared.unwrap_or_default())));
        }
        if json["schemaVersion"] != 2 {
            return Err(invalid("its schemaVersion is not 2".to_owned()));
        }
        let descriptor = |value: &Value, what: &str| {
            let digest = value["digest"].as_str().and_then(Digest::parse);
            let sized = value["size"].is_u64() && value["mediaType"].is_string();
            digest.filter(|_| sized).ok_or_else(|| invalid(format!("{what} is not a descriptor with mediaType, digest and size")))
        };
        let descriptors = |key: &str| match &json[key] {
            Value::Array(values) => Ok(values),
            _ => Err(invalid(format!("it has no list '{key}'"))),
        };
        let (mut blobs, mut manifests) = (Vec::new(), Vec::new());
        let mut artifact_type = json["artifactType"].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        match media_type {
            OCI_MANIFEST | DOCKER_MANIFEST => {
                blobs.push(descriptor(&json["config"], "its config")?);
                for layer in descriptors("layers")? {
                    let digest = descriptor(layer, "a layer")?;
                    let kind = layer["mediaType"].as_str().unwrap_or_default();
                    let elsewhere = kind.contains("nondistributable") || kind.contains("foreign");
                    if !elsewhere {
                        blobs.push(digest);
                    }
                }
                artifact_type = artifact_type.or_else(|| json["config"]["mediaType"].as_str().map(str::to_owned));
            }
            OCI_INDEX | DOCKER_LIST => {
                for manifest in descriptors("manifests")? {
                    manifests.push(descriptor(manifest, "a manifest")?);
                }
            }
            other => return Err(invalid(format!("its media type '{other}' is not supported"))),
        }
        let subject = match &json["subject"] {
            Value::Null => None,
            value => Some(descriptor(value, "its subject")?),
        };
        let stored = StoredManifest {
            media_type: media_type.to_owned(),
            size: bytes.len() as u64,
            artifact_type: artifact_type.filter(|_| subject.is_some()),
            subject,
            annotations: json["annotations"].clone(),
        };
        Ok(Self { stored, blobs, manifests })
    }

    /// Whether all that it names is in the repository. All that is missing is told at once.
    fn check(&self, repository: &Repository) -> Result<(), Refused> {
        let missing_blobs = self.blobs.iter().filter(|digest| !repository.blobs.contains_key(digest));
        let missing_manifests = self.manifests.iter().filter(|digest| !repository.manifests.contains_key(digest));
        let missing: Vec<String> = missing_blobs.chain(missing_manifests).map(Digest::to_string).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let what = if self.manifests.is_empty() { "blob" } else { "manifest" };
        let refused = Refused::bad("MANIFEST_BLOB_UNKNOWN", format!("{what} unknown to registry: {}", missing.join(", ")));
        Err(refused.detail(json!({ "digest": missing[0] })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn read(content_type: &str, json: &Value) -> Result<Manifest, String> {
        let bytes = json.to_string();
        Manifest::read(Some(content_type), bytes.as_bytes()).map_err(|refused| String::from_utf8_lossy(&refused.answer().body).into_owned())
    }

    #[test]
    fn a_manifest_names_what_must_be_there() {
        let descriptor = |kind: &str| json!({ "mediaType": kind, "digest": EMPTY, "size": 2 });
        let image = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor("application/vnd.oci.empty.v1+json"),
            "layers": [
                descriptor("application/vnd.in-toto+json"),
                descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
            ],
            "subject": descriptor(OCI_MANIFEST),
        });
        let manifest = read(OCI_MANIFEST, &image).unwrap();
        assert_eq!((manifest.blobs.len(), manifest.manifests.len()), (2, 0));
        assert_eq!(manifest.stored.artifact_type.as_deref(), Some("application/vnd.oci.empty.v1+json"));
        let index = json!({ "schemaVersion": 2, "manifests": [descriptor(OCI_MANIFEST)], "artifactType": "x" });
        let manifest = read(OCI_INDEX, &index).unwrap();
        assert_eq!((manifest.blobs.len(), manifest.manifests.len(), manifest.stored.artifact_type), (0, 1, None));
    }

    #[test]
    fn what_is_no_manifest_is_told_why() {
        for (json, reason) in [
            (json!({ "schemaVersion": 1 }), "schemaVersion"),
            (json!({ "schemaVersion": 2, "mediaType": OCI_INDEX }), "Content-Type"),
            (json!({ "schemaVersion": 2, "layers": [] }), "its config"),
            (json!({ "schemaVersion": 2, "config": { "mediaType": "x", "digest": EMPTY, "size": 2 } }), "'layers'"),
            (json!({ "schemaVersion": 2, "config": { "mediaType": "x", "digest": "sha256:1", "size": 2 }, "layers": [] }), "its config"),
        ] {
            let refused = read(OCI_MANIFEST, &json).unwrap_err();
            assert!(refused.contains("MANIFEST_INVALID") && refused.contains(reason), "{refused}");
        }
        assert!(read("application/json", &json!({ "schemaVersion": 2 })).unwrap_err().contains("not supported"));
    }
}
