//! Where an image comes from, as an in-toto statement with SLSA's predicate (`https://slsa.dev/provenance/v1`), kept beside the image as
//! what refers to it.

use bytes::Bytes;
use oci_distribution::manifest::OciImageManifest;
use serde_json::{Value, json};
use slipway_model::Digest;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::{Descriptor, Manifest, Referrer, Registry, RegistryError, media};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://slsa.dev/provenance/v1";
/// What `externalParameters` means here.
const BUILD_TYPE: &str = "urn:slipway:azure-pipelines:v1";
/// Larger statements are none of a build.
pub const LIMIT: usize = 1024 * 1024;

/// Which source, built by which run of which pipeline, an image is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The image: name and digest.
    pub subject: (String, Digest),
    /// URI of the repository with the source.
    pub repository: String,
    /// Branch or tag: `refs/heads/main`.
    pub reference: String,
    /// Commit.
    pub commit: String,
    /// The pipeline.
    pub pipeline: Pipeline,
    /// URI and digest of the base image, where there is one.
    pub base: Option<(String, Digest)>,
    /// The run: `<organization uri><project id>/_build/results?buildId=<id>`.
    pub invocation_id: String,
    /// The builder: `<organization uri><project id>/_build?definitionId=<id>`.
    pub builder_id: String,
    /// When the run, or the task, began.
    pub started_on: OffsetDateTime,
    /// When the image was there.
    pub finished_on: OffsetDateTime,
}

/// A pipeline of Azure DevOps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// URI of the organization or collection, with a slash at its end.
    pub organization: String,
    /// Id of the project.
    pub project_id: String,
    /// Id of the pipeline.
    pub definition_id: String,
    /// Name of the pipeline.
    pub definition_name: String,
}

impl Pipeline {
    /// What [`Statement::builder_id`] is for this pipeline.
    pub fn builder_id(&self) -> String {
        format!("{}{}/_build?definitionId={}", self.organization, self.project_id, self.definition_id)
    }

    /// What [`Statement::invocation_id`] is for a run of this pipeline.
    pub fn invocation_id(&self, run_id: &str) -> String {
        format!("{}{}/_build/results?buildId={run_id}", self.organization, self.project_id)
    }
}

/// A statement that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This is no provenance of a build: {0}.")]
pub struct ProvenanceError(String);

/// Writes a statement.
pub fn statement(statement: &Statement) -> Vec<u8> {
    let Statement { subject: (name, digest), pipeline, .. } = statement;
    let time = |at: OffsetDateTime| at.format(&Rfc3339).unwrap_or_default();
    let mut dependencies = vec![json!({
        "uri": format!("git+{}@{}", statement.repository, statement.reference),
        "digest": { "gitCommit": statement.commit },
    })];
    if let Some((uri, digest)) = &statement.base {
        dependencies.push(json!({ "uri": uri, "digest": { "sha256": digest.hex() } }));
    }
    let document = json!({
        "_type": STATEMENT,
        "subject": [{ "name": name, "digest": { "sha256": digest.hex() } }],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "repository": statement.repository,
                    "ref": statement.reference,
                    "pipeline": {
                        "organization": pipeline.organization,
                        "projectId": pipeline.project_id,
                        "definitionId": pipeline.definition_id,
                        "definitionName": pipeline.definition_name,
                    },
                },
                "resolvedDependencies": dependencies,
            },
            "runDetails": {
                "builder": { "id": statement.builder_id },
                "metadata": {
                    "invocationId": statement.invocation_id,
                    "startedOn": time(statement.started_on),
                    "finishedOn": time(statement.finished_on),
                },
            },
        },
    });
    document.to_string().into_bytes()
}

/// Reads a statement that this module wrote, or one like it.
///
/// # Errors
/// When it is another kind of statement, or something is missing; the error names it.
pub fn read(bytes: &[u8]) -> Result<Statement, ProvenanceError> {
    let document: Value = serde_json::from_slice(bytes).map_err(|error| ProvenanceError(format!("it is no JSON ({error})")))?;
    let text = |pointer: &str| -> Result<String, ProvenanceError> {
        let found = document.pointer(pointer).and_then(Value::as_str);
        found.map(str::to_owned).ok_or_else(|| ProvenanceError(format!("`{pointer}` is missing, or no text")))
    };
    let expect = |pointer: &str, expected: &str| match text(pointer)? {
        found if found == expected => Ok(()),
        found => Err(ProvenanceError(format!("`{pointer}` is `{found}`; expected is `{expected}`"))),
    };
    let time = |pointer: &str| -> Result<OffsetDateTime, ProvenanceError> {
        let found = text(pointer)?;
        OffsetDateTime::parse(&found, &Rfc3339).map_err(|_| ProvenanceError(format!("`{pointer}` is no time: `{found}`")))
    };
    let sha256 =
        |value: &Value| value.pointer("/digest/sha256").and_then(Value::as_str).and_then(|hex| format!("sha256:{hex}").parse().ok());
    expect("/_type", STATEMENT)?;
    expect("/predicateType", PREDICATE)?;
    let missing = |what: &str| ProvenanceError(format!("{what} is missing"));
    let subject = document.pointer("/subject/0").ok_or_else(|| missing("a subject"))?;
    let empty = Vec::new();
    let dependencies = document.pointer("/predicate/buildDefinition/resolvedDependencies").and_then(Value::as_array).unwrap_or(&empty);
    let commit = dependencies.iter().find_map(|dependency| dependency.pointer("/digest/gitCommit")?.as_str());
    let base = dependencies.iter().find_map(|dependency| Some((dependency.get("uri")?.as_str()?.to_owned(), sha256(dependency)?)));
    const EXTERNAL: &str = "/predicate/buildDefinition/externalParameters";
    const RUN: &str = "/predicate/runDetails";
    Ok(Statement {
        subject: (
            subject.get("name").and_then(Value::as_str).unwrap_or_default().to_owned(),
            sha256(subject).ok_or_else(|| missing("the digest of the subject"))?,
        ),
        repository: text(&format!("{EXTERNAL}/repository"))?,
        reference: text(&format!("{EXTERNAL}/ref"))?,
        commit: commit.ok_or_else(|| missing("the commit"))?.to_owned(),
        pipeline: Pipeline {
            organization: text(&format!("{EXTERNAL}/pipeline/organization"))?,
            project_id: text(&format!("{EXTERNAL}/pipeline/projectId"))?,
            definition_id: text(&format!("{EXTERNAL}/pipeline/definitionId"))?,
            definition_name: text(&format!("{EXTERNAL}/pipeline/definitionName"))?,
        },
        base,
        invocation_id: text(&format!("{RUN}/metadata/invocationId"))?,
        builder_id: text(&format!("{RUN}/builder/id"))?,
        started_on: time(&format!("{RUN}/metadata/startedOn"))?,
        finished_on: time(&format!("{RUN}/metadata/finishedOn"))?,
    })
}

/// The artifact that carries a statement and refers to `subject`.
pub fn referrer(subject: &Descriptor, statement: impl Into<Bytes>) -> Referrer {
    let statement = statement.into();
    let empty = Bytes::from_static(b"{}");
    let layer = Descriptor::of(media::IN_TOTO, &statement);
    let config = Descriptor::of(media::EMPTY, &empty);
    let manifest = OciImageManifest {
        media_type: Some(media::MANIFEST.to_owned()),
        artifact_type: Some(media::IN_TOTO.to_owned()),
        config: config.written(),
        layers: vec![layer.written()],
        // only type, digest and size: a platform or annotations are the index's
        subject: Some(Descriptor::new(&subject.media_type, subject.digest.clone(), subject.size).written()),
        annotations: Some([("in-toto.io/predicate-type".to_owned(), PREDICATE.to_owned())].into()),
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

/// What lies beside an image and is said to be its provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A statement on the build of the image.
    Statement(Box<Statement>),
    /// A statement on the build of another image, which this is the digest of.
    OfAnother(Digest),
    /// Something else, or nothing that can be read: why.
    Other(String),
}

/// Looks at a referrer of the image `digest`. Others may put there what they like, and clean-ups may take a part of it: what is wrong
/// with its content is no failure, so that it hides no other.
///
/// # Errors
/// When the registry cannot be asked.
pub async fn look(registry: &Registry, repository: &str, digest: &Digest, referrer: &Digest) -> Result<Found, RegistryError> {
    let bytes = async {
        let manifest = registry.manifest(repository, referrer).await?;
        match layer(&manifest) {
            Some(layer) => registry.small_blob(repository, &layer, LIMIT).await.map(Some),
            None => Ok(None),
        }
    };
    let found = match bytes.await {
        Ok(Some(bytes)) => read(&bytes),
        Ok(None) => return Ok(Found::Other("it has no statement".to_owned())),
        Err(error) if error.kind.is_of_content() => return Ok(Found::Other(error.to_string())),
        Err(error) => return Err(error),
    };
    Ok(match found {
        Ok(statement) if statement.subject.1 == *digest => Found::Statement(Box::new(statement)),
        Ok(statement) => Found::OfAnother(statement.subject.1),
        Err(error) => Found::Other(error.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest_of;

    fn example() -> Statement {
        let pipeline = Pipeline {
            organization: "https://dev.azure.com/contoso/".to_owned(),
            project_id: "p".to_owned(),
            definition_id: "7".to_owned(),
            definition_name: "shop-ci".to_owned(),
        };
        Statement {
            subject: ("r.azurecr.io/shop/orders".to_owned(), digest_of(b"image")),
            repository: "https://dev.azure.com/contoso/p/_git/shop".to_owned(),
            reference: "refs/heads/main".to_owned(),
            commit: "0123456789012345678901234567890123456789".to_owned(),
            base: Some(("r.azurecr.io/base".to_owned(), digest_of(b"base"))),
            invocation_id: pipeline.invocation_id("42"),
            builder_id: pipeline.builder_id(),
            pipeline,
            started_on: OffsetDateTime::UNIX_EPOCH,
            finished_on: OffsetDateTime::UNIX_EPOCH + time::Duration::HOUR,
        }
    }

    #[test]
    fn a_statement_is_read_as_it_was_written() {
        let with_base = example();
        assert_eq!(read(&statement(&with_base)).unwrap(), with_base);
        let without = Statement { base: None, ..example() };
        assert_eq!(read(&statement(&without)).unwrap(), without);
    }

    #[test]
    fn the_fields_are_where_slsa_has_them() {
        let document: Value = serde_json::from_slice(&statement(&example())).unwrap();
        let at = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        assert_eq!(at("/predicateType"), "https://slsa.dev/provenance/v1");
        assert_eq!(at("/predicate/runDetails/metadata/invocationId"), "https://dev.azure.com/contoso/p/_build/results?buildId=42");
        assert_eq!(at("/predicate/runDetails/builder/id"), "https://dev.azure.com/contoso/p/_build?definitionId=7");
        let source = "git+https://dev.azure.com/contoso/p/_git/shop@refs/heads/main";
        assert_eq!(at("/predicate/buildDefinition/resolvedDependencies/0/uri"), source);
    }

    #[test]
    fn what_is_no_provenance_is_refused_with_what_is_missing() {
        let error = |text: &str| read(text.as_bytes()).unwrap_err().to_string();
        assert!(error("x").contains("no JSON"));
        assert!(error("{}").contains("`/_type` is missing"));
        let other = String::from_utf8(statement(&example())).unwrap().replace(PREDICATE, "https://spdx.dev/Document");
        assert!(error(&other).contains("`https://spdx.dev/Document`"), "{}", error(&other));
        let no_commit = String::from_utf8(statement(&example())).unwrap().replace("gitCommit", "other");
        assert!(error(&no_commit).contains("the commit is missing"));
    }

    #[test]
    fn the_artifact_refers_to_the_image_and_names_its_blobs() {
        let subject = Descriptor::of(media::MANIFEST, b"image");
        let referrer = referrer(&subject, statement(&example()));
        let content = referrer.manifest.content().unwrap();
        assert_eq!(content.subject(), Some(&subject));
        assert_eq!(layer(&referrer.manifest).as_ref(), Some(&referrer.blobs[1].0));
        assert_eq!(referrer.manifest.referrer_descriptor().unwrap().artifact_type.as_deref(), Some(media::IN_TOTO));
    }
}
