//! Where an image comes from, by its provenance.

use slipway_agent::TaskError;
use slipway_model::{Digest, ServiceImage};
use slipway_oci::provenance::{self, Found, Statement};
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
    fn is_of(&self, statement: &Statement) -> bool {
        statement.invocation_id == self.address && statement.commit == self.commit
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
        let told = match provenance::look(registry, repository, digest, &referrer.digest).await.map_err(explain)? {
            Found::Statement(statement) if origin.is_of(&statement) => return Ok(referrer.digest),
            Found::Statement(statement) => format!("run {} of commit {}", statement.invocation_id, statement.commit),
            Found::OfAnother(other) => format!("another image, {other}, in {}", referrer.digest),
            Found::Other(why) => format!("nothing that can be read in {} ({})", referrer.digest, why.trim_end_matches('.')),
        };
        others.push(told);
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
