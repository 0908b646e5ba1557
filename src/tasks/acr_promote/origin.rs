//! Where an image comes from, by its provenance.

use slipway_agent::TaskError;
use slipway_model::{Digest, ServiceImage};
use slipway_oci::provenance::{self, Statement};
use slipway_oci::{RegistryError, media};

use crate::codes;
use crate::registry_access::ConnectedRegistry;

/// How many other statements an error tells of.
const TOLD: usize = 5;

/// The run that must have built the images.
pub(crate) struct Origin {
    /// Its number.
    pub(crate) run: String,
    /// Its address, as provenance names it.
    pub(crate) address: String,
    /// The commit that it built.
    pub(crate) commit: String,
}

impl Origin {
    fn is_of(&self, statement: &Statement, digest: &Digest) -> bool {
        statement.subject.1 == *digest && statement.invocation_id == self.address && statement.commit == self.commit
    }
}

/// The provenance referrer of the image that names the run and the commit; its digest.
pub(crate) async fn check(source: &ConnectedRegistry, image: &ServiceImage, origin: &Origin) -> Result<Digest, TaskError> {
    let registry = &source.registry;
    let explain = |error: RegistryError| source.explain(&error);
    let (repository, digest) = (&image.repository, &image.digest);
    if registry.head(repository, digest.as_str()).await.map_err(explain)?.is_none() {
        let message = format!(
            "The image of `{}` is not in the source registry: `{}` has no manifest of this digest.",
            image.service,
            image.reference()
        );
        return Err(TaskError::new(codes::REG_IMAGE, message)
            .hint("Check that the images file is that of the run's artifact, and that no clean-up removed the image."));
    }
    let mut others = Vec::new();
    for referrer in registry.referrers(repository, digest, Some(media::IN_TOTO)).await.map_err(explain)? {
        let manifest = registry.manifest(repository, &referrer.digest).await.map_err(explain)?;
        let Some(layer) = provenance::layer(&manifest) else { continue };
        let bytes = registry.small_blob(repository, &layer, provenance::LIMIT).await.map_err(explain)?;
        match provenance::read(&bytes) {
            Ok(statement) if origin.is_of(&statement, digest) => return Ok(referrer.digest),
            Ok(statement) => others.push(format!("run {} of commit {}", statement.invocation_id, statement.commit)),
            Err(error) => others.push(format!("{}: {error}", referrer.digest)),
        }
    }
    let said = if others.is_empty() {
        "It has no provenance at all.".to_owned()
    } else {
        let more = others.len().saturating_sub(TOLD);
        others.truncate(TOLD);
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        format!("Its provenance names: {}{more}.", others.join("; "))
    };
    let message = format!(
        "The image `{}` of `{}` was not built by the run that triggered this one: no provenance of it names run {} and commit {}. {said}",
        image.reference(),
        image.service,
        origin.address,
        origin.commit
    );
    Err(TaskError::new(codes::PROMOTE_PROVENANCE, message)
        .hint("Do not promote it. Take the images file from the artifact of the triggering run, unchanged; or find out who changed it."))
}
