//! The path of each image through the registries, read back from them: the runs' records say where to look, and what is told
//! is what the registries answer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use slipway_model::{AzureEndpoint, Digest, Facts, Fragment, Outcome};
use slipway_net::{AccessToken, Client, Clock, ProxySettings, Settings, TokenError, TokenSource};
use slipway_oci::{Credential, Registry, RegistryError, media, provenance};
use slipway_runner::Store;
use slipway_secret::{Secret, SecretSink};
use time::OffsetDateTime;

use crate::azure::Azure;
use crate::failure::Failure;
use crate::text::{Line, Style};
use crate::world::World;

/// Where an image should lie, by the record of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hop {
    registry: String,
    repository: String,
    /// `pushed by run 2 (shop-ci)`.
    because: String,
}

/// An image: the service that it is of and its digest.
type Image = (String, Digest);

/// The paths of the images that these runs published or promoted; nothing where they did neither.
pub(crate) async fn lines(world: &World, azure: &Azure, runs: &[u64]) -> Result<Vec<Line>, Failure> {
    let mut paths: BTreeMap<Image, Vec<Hop>> = BTreeMap::new();
    for (because, fragment) in fragments(world, runs)? {
        collect(&mut paths, &because, &fragment);
    }
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let reader = azure.endpoint().map(|endpoint| Reader::new(world, endpoint)).transpose()?;
    let mut lines = vec![Line::new().with(Style::Strong, "images, as the registries have them")];
    for ((service, digest), hops) in paths {
        lines.push(Line::plain("  ").with(Style::Strong, service).with(Style::Plain, format!("  {digest}")));
        let width = hops.iter().map(|hop| hop.registry.len() + 1 + hop.repository.len()).max().unwrap_or_default();
        for hop in hops {
            let place = format!("{}/{}", hop.registry, hop.repository);
            let (style, word, said) = match &reader {
                Some(reader) => reader.look(&hop, &digest).await,
                None => (Style::Remark, "not read", "there is no local Azure".to_owned()),
            };
            lines.push(
                Line::plain(format!("    {place:width$}  "))
                    .with(style, word)
                    .with(Style::Plain, format!("; {}{}{said}", hop.because, if said.is_empty() { "" } else { "; " })),
            );
        }
    }
    Ok(lines)
}

/// What the tasks of the runs say that they did, with the run that each is of.
fn fragments(world: &World, runs: &[u64]) -> Result<Vec<(String, Fragment)>, Failure> {
    let store = Store::new(world.state.path());
    let mut fragments = Vec::new();
    for &id in runs {
        let record = store.run(id).map_err(|error| Failure::refused(error.to_string()))?;
        for attachment in record.attachments.iter().filter(|attachment| attachment.kind == Fragment::ATTACHMENT_TYPE) {
            let text = std::fs::read(store.folder_of(id).join(&attachment.file)).unwrap_or_default();
            // Another task's, or a newer one: it says nothing here.
            let Ok(fragment) = serde_json::from_slice::<Fragment>(&text) else { continue };
            if fragment.schema <= Fragment::SCHEMA && !fragment.dry_run {
                fragments.push((format!("run {id} ({})", record.pipeline), fragment));
            }
        }
    }
    Ok(fragments)
}

fn collect(paths: &mut BTreeMap<Image, Vec<Hop>>, run: &str, fragment: &Fragment) {
    let mut add = |service: &str, digest: &Digest, registry: &str, repository: &str, verb: &str| {
        let because = format!("{verb} by {run}");
        let hop = Hop { registry: registry.to_owned(), repository: repository.to_owned(), because };
        let hops = paths.entry((service.to_owned(), digest.clone())).or_default();
        match hops.iter_mut().find(|other| other.registry == hop.registry && other.repository == hop.repository) {
            Some(other) if verb != "taken" => *other = hop,
            Some(_) => {}
            None => hops.push(hop),
        }
    };
    let done = matches!(fragment.outcome, Outcome::Succeeded | Outcome::SucceededWithIssues);
    match &fragment.facts {
        Facts::Image(facts) => {
            if let Some(digest) = &facts.digest {
                add(&facts.service, digest, &facts.registry, &facts.repository, "pushed");
            }
        }
        Facts::Promotion(facts) if done => {
            for image in &facts.images {
                add(&image.service, &image.digest, &facts.source, &image.repository, "taken");
                add(&image.service, &image.digest, &facts.target, &image.repository, "promoted");
            }
        }
        _ => {}
    }
}

/// Reads registries of the local Azure as its owner.
struct Reader<'a> {
    world: &'a World,
    client: Client,
    store: slipway_standin::Store,
}

impl<'a> Reader<'a> {
    fn new(world: &'a World, endpoint: &AzureEndpoint) -> Result<Self, Failure> {
        let url =
            endpoint.proxy_url.parse().map_err(|error| Failure::refused(format!("the local Azure's proxy has no address: {error}")))?;
        let settings = Settings {
            proxy: Some(ProxySettings { url, username: String::new(), password: None, bypass: Vec::new() }),
            ca_file: Some(PathBuf::from(&endpoint.ca_file)),
            user_agent: format!("slipway/{}", env!("CARGO_PKG_VERSION")),
            ..Settings::default()
        };
        let client = Client::new(&settings).map_err(|error| Failure::refused(error.to_string()))?;
        let store = slipway_standin::Store::open(world.state.path()).map_err(|error| Failure::refused(error.to_string()))?;
        Ok(Self { world, client, store })
    }

    /// What the registry says of the image: how it stands, in a word, and more.
    async fn look(&self, hop: &Hop, digest: &Digest) -> (Style, &'static str, String) {
        let now = Clock::System.now();
        let Some(token) = self.store.registry_reader(&self.world.config.azure, &hop.registry, now) else {
            return (Style::Remark, "not read", "no registry of slipway.local.yml".to_owned());
        };
        let credential = Credential::RefreshToken(Arc::new(Owner { token: Secret::new(token, &Unprinted), now }));
        let looked = async {
            let registry = Registry::new(&hop.registry, self.client.clone(), credential, Arc::new(Unprinted))?;
            // Read whole, so that its digest is that of the bytes and not of a header.
            match registry.manifest(&hop.repository, digest).await {
                Ok(_) => {}
                Err(error) if is_missing(&error) => return Ok((Style::Bad, "is not there", String::new())),
                Err(error) => return Err(error),
            }
            Ok((Style::Good, "is there", origins(&registry, hop, digest).await?))
        };
        looked.await.unwrap_or_else(|error: RegistryError| (Style::Bad, "cannot be read", error.to_string()))
    }
}

fn is_missing(error: &RegistryError) -> bool {
    use slipway_oci::RegistryErrorKind::{ManifestNotFound, RepositoryNotFound};
    matches!(error.kind, ManifestNotFound { .. } | RepositoryNotFound)
}

/// Which runs the provenance that lies beside the image names.
async fn origins(registry: &Registry, hop: &Hop, digest: &Digest) -> Result<String, RegistryError> {
    let mut said = Vec::new();
    for referrer in registry.referrers(&hop.repository, digest, Some(media::IN_TOTO)).await? {
        let manifest = registry.manifest(&hop.repository, &referrer.digest).await?;
        let Some(layer) = provenance::layer(&manifest) else { continue };
        let bytes = registry.small_blob(&hop.repository, &layer, provenance::LIMIT).await?;
        if let Ok(statement) = provenance::read(&bytes) {
            let run = statement.invocation_id.rsplit_once("buildId=").map_or(statement.invocation_id.as_str(), |(_, id)| id);
            said.push(format!("run {run} of commit {}", statement.commit.get(..8).unwrap_or(&statement.commit)));
        }
    }
    Ok(if said.is_empty() { "no provenance".to_owned() } else { format!("provenance: {}", said.join(", ")) })
}

/// The owner's refresh token.
struct Owner {
    token: Secret,
    now: OffsetDateTime,
}

#[async_trait]
impl TokenSource for Owner {
    async fn token(&self, _: &str) -> Result<AccessToken, TokenError> {
        Ok(AccessToken { token: self.token.clone(), expires_at: self.now + time::Duration::hours(3) })
    }
}

/// Tokens that no text of this module has: errors of registries do not quote them.
#[derive(Debug)]
struct Unprinted;

impl SecretSink for Unprinted {
    fn register(&self, _: &str) {}
}

#[cfg(test)]
mod tests {
    use slipway_model::{ImageFacts, PromotedImage, PromotionFacts, TaskReference};

    use super::*;

    fn fragment(outcome: Outcome, facts: Facts) -> Fragment {
        Fragment {
            schema: Fragment::SCHEMA,
            task: TaskReference { name: "x".to_owned(), version: "1.0.0".to_owned() },
            at: String::new(),
            stage: String::new(),
            job: String::new(),
            attempt: 1,
            outcome,
            dry_run: false,
            facts,
            problems: Vec::new(),
        }
    }

    fn image(digest: Option<Digest>) -> Facts {
        Facts::Image(ImageFacts {
            service: "orders".to_owned(),
            registry: "shopnonprod.azurecr.io".to_owned(),
            repository: "shop/orders".to_owned(),
            digest,
            platform: "linux/amd64".to_owned(),
            folder: "out".to_owned(),
            base: None,
            bytes: 1,
            tags: Vec::new(),
            provenance: None,
        })
    }

    fn promotion(digest: &Digest) -> Facts {
        Facts::Promotion(PromotionFacts {
            source: "shopnonprod.azurecr.io".to_owned(),
            target: "shopprod.azurecr.io".to_owned(),
            run: "2".to_owned(),
            commit: "c".to_owned(),
            images: vec![PromotedImage {
                service: "orders".to_owned(),
                repository: "shop/orders".to_owned(),
                digest: digest.clone(),
                provenance: None,
                outcome: "promoted".to_owned(),
                bytes: 1,
                tags: Vec::new(),
            }],
        })
    }

    fn path(fragments: &[(&str, Fragment)]) -> Vec<String> {
        let mut paths = BTreeMap::new();
        for (run, fragment) in fragments {
            collect(&mut paths, run, fragment);
        }
        paths.into_values().flatten().map(|hop| format!("{}/{}: {}", hop.registry, hop.repository, hop.because)).collect()
    }

    #[test]
    fn an_image_goes_from_registry_to_registry() {
        let digest = Digest::from_sha256([1; 32]);
        let pushed = || fragment(Outcome::Succeeded, image(Some(digest.clone())));
        let promoted = |outcome| fragment(outcome, promotion(&digest));
        let whole = path(&[("run 2 (ci)", pushed()), ("run 3 (cd)", promoted(Outcome::SucceededWithIssues))]);
        let first = "shopnonprod.azurecr.io/shop/orders: pushed by run 2 (ci)";
        assert_eq!(whole, [first, "shopprod.azurecr.io/shop/orders: promoted by run 3 (cd)"]);
        // Where the run that pushed it is none of these, its place is known from the promotion.
        let alone = path(&[("run 3 (cd)", promoted(Outcome::Succeeded))]);
        assert_eq!(alone[0], "shopnonprod.azurecr.io/shop/orders: taken by run 3 (cd)");
        assert_eq!(path(&[("run 2 (ci)", pushed()), ("run 3 (cd)", promoted(Outcome::Failed))]), [first]);
        assert_eq!(path(&[("run 2 (ci)", fragment(Outcome::Failed, image(None)))]), Vec::<String>::new());
    }
}
