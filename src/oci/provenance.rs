//! Where an image comes from, as an in-toto statement with SLSA's predicate (https://slsa.dev/provenance/v1), kept beside the image as
//! what refers to it.

use std::collections::BTreeMap;

use bytes::Bytes;
use oci_distribution::manifest::OciImageManifest;
use serde_json::{Value, json};
use slipway_model::Digest;

use crate::{Descriptor, Manifest, Referrer, media};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// What `externalParameters` means here.
const BUILD_TYPE: &str = "urn:slipway:azure-pipelines:v1";
/// Larger statements are none of a build: the limit for reading one.
pub const LIMIT: usize = 1024 * 1024;

/// Which source, built by which run of which pipeline, an image is made of. In a statement of another builder what it does not tell is
/// empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Name of the image: `contoso.azurecr.io/shop/orders`.
    pub name: String,
    /// Digest of the image.
    pub digest: Option<Digest>,
    /// URI of the repository with the source.
    pub repository: String,
    /// Branch or tag: `refs/heads/main`.
    pub reference: String,
    /// Commit.
    pub commit: String,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Name and digest of the base image, where there is one.
    pub base: Option<(String, Digest)>,
    /// The run: `<organization uri><project id>/_build/results?buildId=<id>`.
    pub run: String,
    /// The builder: `<organization uri><project id>/_build?definitionId=<id>`.
    pub builder: String,
    /// When the build began (RFC 3339).
    pub started: String,
    /// When the image was there (RFC 3339).
    pub finished: String,
}

/// A pipeline of Azure DevOps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pipeline {
    /// URI of the organization or collection.
    pub organization: String,
    /// Id of the project.
    pub project_id: String,
    /// Id of the pipeline.
    pub definition_id: String,
    /// Name of the pipeline.
    pub definition_name: String,
}

impl Statement {
    /// Writes it as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let sum = |digest: &Digest| json!({ "sha256": digest.hex() });
        let mut dependencies = vec![json!({
            "uri": format!("git+{}@{}", self.repository, self.reference),
            "digest": { "gitCommit": self.commit },
        })];
        if let Some((uri, digest)) = &self.base {
            dependencies.push(json!({ "uri": uri, "digest": sum(digest) }));
        }
        let document = json!({
            "_type": STATEMENT,
            "subject": [{ "name": self.name, "digest": self.digest.as_ref().map(sum).unwrap_or_else(|| json!({})) }],
            "predicateType": PREDICATE,
            "predicate": {
                "buildDefinition": {
                    "buildType": BUILD_TYPE,
                    "externalParameters": {
                        "repository": self.repository,
                        "ref": self.reference,
                        "pipeline": {
                            "organization": self.pipeline.organization,
                            "projectId": self.pipeline.project_id,
                            "definitionId": self.pipeline.definition_id,
                            "definitionName": self.pipeline.definition_name,
                        },
                    },
                    "resolvedDependencies": dependencies,
                },
                "runDetails": {
                    "builder": { "id": self.builder },
                    "metadata": { "invocationId": self.run, "startedOn": self.started, "finishedOn": self.finished },
                },
            },
        });
        document.to_string().into_bytes()
    }

    /// Reads a statement, also one of another builder.
    ///
    /// # Errors
    /// When it is no in-toto statement with SLSA's predicate; the text says what it is instead.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let document: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON ({error})"))?;
        let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        for (name, expected) in [("_type", STATEMENT), ("predicateType", PREDICATE)] {
            let found = text(&format!("/{name}"));
            if found != expected {
                return Err(format!("its `{name}` is `{found}`; expected is `{expected}`"));
            }
        }
        let sha256 = |value: &Value| format!("sha256:{}", value.pointer("/digest/sha256")?.as_str()?).parse().ok();
        let list = |pointer: &str| document.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let dependencies = list("/predicate/buildDefinition/resolvedDependencies");
        let commit = dependencies.iter().find_map(|dependency| dependency.pointer("/digest/gitCommit")?.as_str());
        const EXTERNAL: &str = "/predicate/buildDefinition/externalParameters";
        const RUN: &str = "/predicate/runDetails";
        Ok(Self {
            name: text("/subject/0/name"),
            digest: list("/subject").first().and_then(sha256),
            repository: text(&format!("{EXTERNAL}/repository")),
            reference: text(&format!("{EXTERNAL}/ref")),
            commit: commit.unwrap_or_default().to_owned(),
            pipeline: Pipeline {
                organization: text(&format!("{EXTERNAL}/pipeline/organization")),
                project_id: text(&format!("{EXTERNAL}/pipeline/projectId")),
                definition_id: text(&format!("{EXTERNAL}/pipeline/definitionId")),
                definition_name: text(&format!("{EXTERNAL}/pipeline/definitionName")),
            },
            base: dependencies.iter().find_map(|dependency| Some((dependency.get("uri")?.as_str()?.to_owned(), sha256(dependency)?))),
            run: text(&format!("{RUN}/metadata/invocationId")),
            builder: text(&format!("{RUN}/builder/id")),
            started: text(&format!("{RUN}/metadata/startedOn")),
            finished: text(&format!("{RUN}/metadata/finishedOn")),
        })
    }
}

/// The artifact that carries a statement and refers to `subject`.
pub fn referrer(subject: &Descriptor, statement: impl Into<Bytes>, annotations: &BTreeMap<String, String>) -> Referrer {
    let statement = statement.into();
    let empty = Bytes::from_static(b"{}");
    let layer = Descriptor::of(media::IN_TOTO, &statement);
    let config = Descriptor::of(media::EMPTY, &empty);
    let mut annotations = annotations.clone();
    annotations.insert("in-toto.io/predicate-type".to_owned(), PREDICATE.to_owned());
    let manifest = OciImageManifest {
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: Some(media::IN_TOTO.to_owned()),
        config: config.written(),
        layers: vec![layer.written()],
        // only type, digest and size: a platform or annotations are the index's
        subject: Some(Descriptor::new(&subject.media_type, subject.digest.clone(), subject.size).written()),
        annotations: Some(annotations),
        ..OciImageManifest::default()
    };
    let bytes = json!(manifest).to_string();
    Referrer { manifest: Manifest::new(media::MANIFEST, bytes), blobs: vec![(config, empty), (layer, statement)] }
}

/// The layer with the statement, if `manifest` is an artifact that carries one.
pub fn layer(manifest: &Manifest) -> Option<Descriptor> {
    match manifest.content().ok()? {
        crate::manifest::Content::Image { layers, .. } => layers.into_iter().find(|layer| layer.media_type == media::IN_TOTO),
        crate::manifest::Content::Index { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest_of;

    fn example() -> Statement {
        let text = str::to_owned;
        Statement {
            name: text("r.azurecr.io/shop/orders"),
            digest: Some(digest_of(b"image")),
            repository: text("https://dev.azure.com/contoso/p/_git/shop"),
            reference: text("refs/heads/main"),
            commit: text("0123456789012345678901234567890123456789"),
            base: Some((text("r.azurecr.io/base"), digest_of(b"base"))),
            run: text("https://dev.azure.com/contoso/p/_build/results?buildId=42"),
            builder: text("https://dev.azure.com/contoso/p/_build?definitionId=7"),
            pipeline: Pipeline {
                organization: text("https://dev.azure.com/contoso/"),
                project_id: text("p"),
                definition_id: text("7"),
                definition_name: text("shop-ci"),
            },
            started: text("2026-11-24T20:00:00Z"),
            finished: text("2026-11-24T20:00:05Z"),
        }
    }

    #[test]
    fn a_statement_is_read_as_it_was_written() {
        for statement in [example(), Statement { base: None, ..example() }, Statement { digest: None, ..example() }] {
            assert_eq!(Statement::read(&statement.to_json()).unwrap(), statement);
        }
    }

    #[test]
    fn the_fields_are_where_slsa_has_them() {
        let document: Value = serde_json::from_slice(&example().to_json()).unwrap();
        let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert_eq!(at("/predicateType"), "https://slsa.dev/provenance/v1");
        assert_eq!(at("/predicate/runDetails/metadata/invocationId"), example().run);
        assert_eq!(at("/predicate/runDetails/builder/id"), example().builder);
        assert_eq!(
            at("/predicate/buildDefinition/resolvedDependencies/0/uri"),
            "git+https://dev.azure.com/contoso/p/_git/shop@refs/heads/main"
        );
    }

    #[test]
    fn what_is_no_provenance_is_refused_and_what_another_builder_leaves_out_is_empty() {
        assert!(Statement::read(b"x").unwrap_err().contains("no JSON"));
        let other = String::from_utf8(example().to_json()).unwrap().replace(PREDICATE, "https://spdx.dev/Document");
        assert!(Statement::read(other.as_bytes()).unwrap_err().contains("`https://spdx.dev/Document`"));
        let foreign = json!({ "_type": STATEMENT, "predicateType": PREDICATE, "subject": [], "predicate": {} }).to_string();
        assert_eq!(Statement::read(foreign.as_bytes()).unwrap(), Statement::default());
    }

    #[test]
    fn the_artifact_refers_to_the_image_and_names_its_blobs() {
        let subject = Descriptor::of(media::MANIFEST, b"image");
        let referrer = referrer(&subject, example().to_json(), &BTreeMap::from([("a".to_owned(), "b".to_owned())]));
        let content = referrer.manifest.content().unwrap();
        assert_eq!(content.subject(), Some(&subject));
        assert_eq!(layer(&referrer.manifest).as_ref(), Some(&referrer.blobs[1].0));
        let listed = referrer.manifest.referrer_descriptor().unwrap();
        assert_eq!(listed.artifact_type.as_deref(), Some(media::IN_TOTO));
        assert_eq!(listed.annotations.get("a").map(String::as_str), Some("b"));
    }
}
