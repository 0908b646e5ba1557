//! The path of each image through the registries, read back from them: the runs' records say where to look, and what is told
//! is what the registries answer.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use slipway_model::{AzureEndpoint, Digest, Facts, Fragment, Outcome};
use slipway_net::{AccessToken, Client, Clock, ProxySettings, Settings, TokenError, TokenSource};
use slipway_oci::provenance::{self, Found, Statement};
use slipway_oci::{Credential, Registry, RegistryError, media};
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
        let client = client(endpoint)?;
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

/// The way into the local Azure.
fn client(endpoint: &AzureEndpoint) -> Result<Client, Failure> {
    let url = endpoint.proxy_url.parse().map_err(|error| Failure::refused(format!("the local Azure's proxy has no address: {error}")))?;
    let settings = Settings {
        proxy: Some(ProxySettings { url, username: String::new(), password: None, bypass: Vec::new() }),
        ca_file: Some(PathBuf::from(&endpoint.ca_file)),
        user_agent: format!("slipway/{}", env!("CARGO_PKG_VERSION")),
        ..Settings::default()
    };
    Client::new(&settings).map_err(|error| Failure::refused(error.to_string()))
}

fn is_missing(error: &RegistryError) -> bool {
    use slipway_oci::RegistryErrorKind::{ManifestNotFound, RepositoryNotFound};
    matches!(error.kind, ManifestNotFound { .. } | RepositoryNotFound)
}

/// Which runs the provenance that lies beside the image names. Others may put there what they like: what cannot be read of it hides
/// nothing else.
async fn origins(registry: &Registry, hop: &Hop, digest: &Digest) -> Result<String, RegistryError> {
    let mut said = Vec::new();
    for referrer in registry.referrers(&hop.repository, digest, Some(media::IN_TOTO)).await? {
        said.push(match provenance::look(registry, &hop.repository, digest, &referrer.digest).await? {
            Found::Statement(statement) => origin(&statement),
            Found::OfAnother(_) => "a statement about another image".to_owned(),
            Found::Other(_) => "a statement that cannot be read".to_owned(),
        });
    }
    Ok(if said.is_empty() { "no provenance".to_owned() } else { format!("provenance: {}", said.join(", ")) })
}

fn origin(statement: &Statement) -> String {
    let run = statement.invocation_id.rsplit_once("buildId=").map_or(statement.invocation_id.as_str(), |(_, id)| id);
    format!("run {run} of commit {}", statement.commit.get(..8).unwrap_or(&statement.commit))
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

    /// A local Azure with one registry, and whoever may push to it.
    async fn registry(state: &std::path::Path) -> (slipway_standin::StandIn, Registry) {
        use slipway_standin::{Config, Connection, ConnectionKind, CredentialKind, Options, StandIn};
        let config = Config {
            registries: vec![slipway_standin::Registry {
                name: "shopprod".to_owned(),
                resource_group: "shop".to_owned(),
                pull: Vec::new(),
                push: Vec::new(),
                admin_user: true,
            }],
            connections: vec![Connection {
                name: "admin".to_owned(),
                principal: String::new(),
                credential: CredentialKind::Secret,
                wrong_secret: false,
                kind: ConnectionKind::RegistryAdmin { registry: "shopprod".to_owned() },
            }],
            ..Config::default()
        };
        let options = Options { state: state.to_owned(), passthrough: false, strict: true };
        let standin = StandIn::start(config.clone(), options, |_, _| Err("nobody is asked".to_owned())).await.unwrap();
        let connection = slipway_standin::Store::open(state).unwrap().service_connections(&config).remove(0);
        let value = |name: &str| connection.parameters.iter().find(|(known, _)| known == name).unwrap().1.clone();
        let credential = Credential::Basic { username: value("username"), password: Secret::new(value("password"), &Unprinted) };
        let registry = Registry::new("shopprod.azurecr.io", client(standin.endpoint()).unwrap(), credential, Arc::new(Unprinted)).unwrap();
        (standin, registry)
    }

    #[tokio::test]
    async fn what_others_put_beside_an_image_hides_no_provenance() {
        use slipway_oci::provenance::{Pipeline, referrer, statement};
        use slipway_oci::{Descriptor, Manifest};
        let state = tempfile::tempdir().unwrap();
        let (standin, registry) = registry(state.path()).await;
        const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
        let repository = "shop/orders";
        let config = Descriptor::of("application/vnd.oci.image.config.v1+json", b"{}");
        registry.push_blob(repository, &config, "{}".into()).await.unwrap();
        let named = serde_json::json!({ "mediaType": config.media_type, "digest": config.digest, "size": config.size });
        let image = serde_json::json!({ "schemaVersion": 2, "mediaType": IMAGE, "config": named, "layers": [] }).to_string();
        let image = Manifest::new(IMAGE, image);
        registry.push_manifest(repository, &image).await.unwrap();
        let hop = Hop { registry: "shopprod.azurecr.io".to_owned(), repository: repository.to_owned(), because: String::new() };
        assert_eq!(origins(&registry, &hop, &image.digest).await.unwrap(), "no provenance");

        let pipeline = Pipeline {
            organization: "https://dev.azure.com/contoso/".to_owned(),
            project_id: "p".to_owned(),
            definition_id: "1".to_owned(),
            definition_name: "ci".to_owned(),
        };
        let of = |digest: &Digest, run: &str| {
            statement(&Statement {
                subject: ("shopprod.azurecr.io/shop/orders".to_owned(), digest.clone()),
                repository: "r".to_owned(),
                reference: "refs/heads/main".to_owned(),
                commit: "0123456789".to_owned(),
                base: None,
                invocation_id: pipeline.invocation_id(run),
                builder_id: pipeline.builder_id(),
                pipeline: pipeline.clone(),
                started_on: OffsetDateTime::UNIX_EPOCH,
                finished_on: OffsetDateTime::UNIX_EPOCH,
            })
        };
        let vanished = of(&image.digest, "6");
        let large = vec![b' '; provenance::LIMIT + 1];
        for bytes in [of(&image.digest, "7"), vanished.clone(), large, b"[]".to_vec(), of(&config.digest, "8")] {
            registry.push_referrer(repository, &referrer(&image.descriptor(), bytes)).await.unwrap();
        }
        let blobs = state.path().join("azure/registries/shopprod/blobs");
        std::fs::remove_file(blobs.join(slipway_oci::digest_of(&vanished).hex())).unwrap();
        let said = origins(&registry, &hop, &image.digest).await.unwrap();
        let mut said: Vec<&str> = said.strip_prefix("provenance: ").unwrap().split(", ").collect();
        said.sort_unstable();
        let expected = [
            "a statement about another image",
            "a statement that cannot be read",
            "a statement that cannot be read",
            "a statement that cannot be read",
            "run 7 of commit 01234567",
        ];
        assert_eq!(said, expected);
        standin.stop().await;
    }
}
