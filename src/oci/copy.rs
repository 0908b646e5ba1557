//! Copying an image with all that belongs to it from one registry to another, byte for byte.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use futures::stream::{FuturesUnordered, StreamExt as _};
use slipway_model::Digest;

use crate::auth::Access;
use crate::manifest::Content;
use crate::upload::{BlobOutcome, BlobSource};
use crate::{Descriptor, Manifest, Registry, RegistryError, RegistryErrorKind, media};

/// Blobs that are sent at the same time, the biggest first.
const BLOBS: usize = 8;
/// Manifests that are asked for at the same time.
const MANIFESTS: usize = 8;
/// More manifests than any image has: something is wrong with what the registry lists.
const MANY: usize = 10_000;

/// What to copy.
#[derive(Clone, Debug)]
pub struct CopyRequest {
    /// Repository in the source.
    pub source_repository: String,
    /// Repository in the target.
    pub target_repository: String,
    /// Digest of the manifest or index.
    pub digest: Digest,
    /// Also what refers to it, to its parts, and to those.
    pub referrers: bool,
}

/// What happens during a copy, in the order in which it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopyEvent {
    /// What is to be looked at for a root or a referrer that the target does not have.
    Planned {
        /// Manifests that are missing in the target.
        manifests: usize,
        /// Blobs that they name.
        blobs: usize,
        /// Bytes of these blobs.
        bytes: u64,
    },
    /// The target has the manifest, and so what it names.
    ManifestPresent(Digest),
    /// What became of a blob.
    Blob {
        /// Its digest.
        digest: Digest,
        /// Its size.
        size: u64,
        /// What became of it.
        outcome: BlobOutcome,
    },
    /// The manifest was stored.
    ManifestSent(Digest),
}

/// What a copy did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Manifests that were stored in the target, the root's and the referrers' included.
    pub manifests: Vec<Digest>,
    /// Referrers that the target has now, those that it had before included.
    pub referrers: Vec<Digest>,
    /// Blobs that were sent.
    pub blobs_sent: usize,
    /// Blobs that the repository had.
    pub blobs_present: usize,
    /// Blobs that another repository of the target had.
    pub blobs_mounted: usize,
    /// Bytes of the blobs that were sent.
    pub bytes_sent: u64,
    /// Requests to the source, those for tokens apart.
    pub requests_source: u64,
    /// Requests to the target, those for tokens apart.
    pub requests_target: u64,
}

/// Why a copy did not come about. What was sent stays; a second copy goes on from there.
#[derive(Clone, Debug)]
pub enum CopyError {
    /// The source failed.
    Source(RegistryError),
    /// The target failed.
    Target(RegistryError),
}

impl CopyError {
    /// The failure itself.
    pub fn registry(&self) -> &RegistryError {
        match self {
            Self::Source(error) | Self::Target(error) => error,
        }
    }

    /// The next step for a person.
    pub fn next_step(&self) -> String {
        self.registry().next_step()
    }
}

impl fmt::Display for CopyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.registry().fmt(f)
    }
}

impl std::error::Error for CopyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.registry())
    }
}

/// Copies a manifest or an index with all that it names, and with its referrers where that is asked for: blobs, then the manifests that
/// name them, then the indexes of those, then what refers to them. What the target has is not sent again. Each manifest that was sent is looked
/// for at the end. Writes no tags (apart from the lists of referrers of registries that have no other way).
///
/// Dropping the future leaves no manifest without its parts; copying again goes on.
///
/// # Errors
/// When one of the registries fails; the first failure ends the copy.
pub async fn copy(
    source: &Registry,
    target: &Registry,
    request: &CopyRequest,
    on_event: &mut dyn FnMut(CopyEvent),
) -> Result<CopyReport, CopyError> {
    let before = (source.requests(), target.requests());
    let mut copy =
        Copy { source, target, request, on_event, report: CopyReport::default(), access: Access::push(&request.target_repository) };
    Box::pin(copy.run()).await?;
    let mut report = copy.report;
    (report.requests_source, report.requests_target) = (source.requests() - before.0, target.requests() - before.1);
    Ok(report)
}

struct Copy<'a> {
    source: &'a Registry,
    target: &'a Registry,
    request: &'a CopyRequest,
    on_event: &'a mut dyn FnMut(CopyEvent),
    report: CopyReport,
    access: Access,
}

/// What has to be sent for a root: parents before their parts.
#[derive(Default)]
struct Plan {
    manifests: Vec<Manifest>,
    blobs: BTreeMap<Digest, Descriptor>,
}

impl Copy<'_> {
    async fn run(&mut self) -> Result<(), CopyError> {
        let root = self.request.digest.clone();
        let media_type = self.head(&root).await?;
        // The manifests whose referrers are still to be looked for.
        let mut subjects = VecDeque::from(self.tree(&root, media_type.as_deref()).await?);
        let mut known: BTreeSet<_> = subjects.iter().cloned().collect();
        while self.request.referrers
            && let Some(subject) = subjects.pop_front()
        {
            let found = self.source.referrers(&self.request.source_repository, &subject, None).await.map_err(CopyError::Source)?;
            let fresh: Vec<_> = found.into_iter().filter(|entry| known.insert(entry.digest.clone())).collect();
            if known.len() > MANY {
                let detail = format!("more than {MANY} manifests belong to `{root}`");
                return Err(CopyError::Source(self.strange("the request for referrers", detail)));
            }
            if fresh.is_empty() {
                continue;
            }
            let listed = self.target.referrers(&self.request.target_repository, &subject, None).await.map_err(CopyError::Target)?;
            for referrer in fresh {
                let is_listed = listed.iter().any(|listed| listed.digest == referrer.digest);
                // a manifest that is listed is there
                let media_type = if is_listed { Some(referrer.media_type.clone()) } else { self.head(&referrer.digest).await? };
                let parts = self.tree(&referrer.digest, media_type.as_deref()).await?;
                if media_type.is_some() && !is_listed && self.target.knows_referrers() != Some(true) {
                    // an earlier copy ended between the manifest and the list
                    self.target.enlist(&self.request.target_repository, &subject, &referrer).await.map_err(CopyError::Target)?;
                }
                subjects.push_back(referrer.digest.clone());
                subjects.extend(parts.into_iter().filter(|part| known.insert(part.clone())));
                self.report.referrers.push(referrer.digest);
            }
        }
        self.verify().await
    }

    /// Copies what is below `root`, unless the target has it with this media type, and returns the digests of all manifests in it.
    async fn tree(&mut self, root: &Digest, present: Option<&str>) -> Result<Vec<Digest>, CopyError> {
        if let Some(media_type) = present {
            (self.on_event)(CopyEvent::ManifestPresent(root.clone()));
            return if media::is_index(media_type) && self.request.referrers { self.parts(root).await } else { Ok(vec![root.clone()]) };
        }
        let (plan, all) = self.plan(root).await?;
        (self.on_event)(CopyEvent::Planned {
            manifests: plan.manifests.len(),
            blobs: plan.blobs.len(),
            bytes: plan.blobs.values().map(|blob| blob.size).sum(),
        });
        self.blobs(plan.blobs.into_values().collect()).await?;
        let (indexes, images): (Vec<_>, Vec<_>) = plan.manifests.into_iter().partition(Manifest::is_index);
        for manifest in images.into_iter().chain(indexes.into_iter().rev()) {
            self.target.store_with_subject(&self.request.target_repository, &manifest).await.map_err(CopyError::Target)?;
            (self.on_event)(CopyEvent::ManifestSent(manifest.digest.clone()));
            self.report.manifests.push(manifest.digest);
        }
        Ok(all)
    }

    async fn head(&self, digest: &Digest) -> Result<Option<String>, CopyError> {
        match self.target.head_with(&self.request.target_repository, digest.as_str(), self.access.clone()).await {
            Ok(head) => Ok(head.map(|head| head.media_type)),
            // it comes into being with the first blob
            Err(RegistryError { kind: RegistryErrorKind::RepositoryNotFound, .. }) => Ok(None),
            Err(error) => Err(CopyError::Target(error)),
        }
    }

    /// The digests of an index of the target and of the manifests below it.
    async fn parts(&self, root: &Digest) -> Result<Vec<Digest>, CopyError> {
        let mut all = vec![root.clone()];
        let mut open = VecDeque::from([root.clone()]);
        while let Some(digest) = open.pop_front() {
            let manifest = self.target.manifest(&self.request.target_repository, &digest).await.map_err(CopyError::Target)?;
            let content = manifest.content().map_err(|problem| {
                let kind = unreadable(&manifest, &problem);
                CopyError::Target(self.target.transport.error(&self.request.target_repository, kind))
            })?;
            if let Content::Index { manifests, .. } = content {
                for part in manifests.into_iter().filter(|part| !all.contains(&part.digest)).collect::<Vec<_>>() {
                    if media::is_index(&part.media_type) {
                        open.push_back(part.digest.clone());
                    }
                    all.push(part.digest);
                }
            }
        }
        Ok(all)
    }

    /// Reads from the source what the target does not have.
    async fn plan(&mut self, root: &Digest) -> Result<(Plan, Vec<Digest>), CopyError> {
        let mut plan = Plan::default();
        let mut all = vec![root.clone()];
        let mut level = vec![(root.clone(), true)];
        while !level.is_empty() {
            let (source, repository) = (self.source, self.request.source_repository.as_str());
            let this = &*self;
            let read = |(digest, missing): (Digest, bool)| async move {
                if !missing && let Some(media_type) = this.head(&digest).await? {
                    return Ok((digest, Err(media_type)));
                }
                let manifest = source.manifest(repository, &digest).await.map_err(CopyError::Source)?;
                Ok::<_, CopyError>((digest, Ok(manifest)))
            };
            let results: Vec<_> = futures::stream::iter(std::mem::take(&mut level)).map(read).buffered(MANIFESTS).collect().await;
            for result in results {
                let (digest, manifest) = result?;
                let manifest = match manifest {
                    Ok(manifest) => manifest,
                    // What the target has is not sent, but something may refer to what is below it.
                    Err(media_type) => {
                        (self.on_event)(CopyEvent::ManifestPresent(digest.clone()));
                        if self.request.referrers && media::is_index(&media_type) {
                            for part in self.parts(&digest).await? {
                                if !all.contains(&part) {
                                    all.push(part);
                                }
                            }
                        }
                        continue;
                    }
                };
                let content = manifest.content().map_err(|problem| {
                    let kind = unreadable(&manifest, &problem);
                    CopyError::Source(self.source.transport.error(&self.request.source_repository, kind))
                })?;
                match content {
                    Content::Index { manifests, .. } => {
                        for part in manifests {
                            if !all.contains(&part.digest) {
                                all.push(part.digest.clone());
                                level.push((part.digest, false));
                            }
                        }
                    }
                    Content::Image { config, layers, .. } => {
                        let kept = layers.into_iter().filter(|layer| !media::is_foreign(&layer.media_type));
                        plan.blobs.extend(std::iter::once(config).chain(kept).map(|blob| (blob.digest.clone(), blob)));
                    }
                }
                plan.manifests.push(manifest);
            }
            if all.len() > MANY {
                let detail = format!("more than {MANY} manifests belong to `{root}`");
                return Err(CopyError::Source(self.strange("the request for a manifest", detail)));
            }
        }
        Ok((plan, all))
    }

    async fn blobs(&mut self, mut blobs: Vec<Descriptor>) -> Result<(), CopyError> {
        blobs.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.digest.cmp(&b.digest)));
        let from = (self.source.host() == self.target.host() && self.request.source_repository != self.request.target_repository)
            .then_some(self.request.source_repository.as_str());
        let source = BlobSource::Registry(self.source.transport.clone(), self.request.source_repository.clone());
        let (target, repository, source) = (self.target, self.request.target_repository.as_str(), &source);
        let send = |blob: Descriptor| async move {
            let outcome = target.push_from(repository, &blob, source, from).await;
            (blob, outcome)
        };
        let mut waiting = blobs.into_iter();
        let mut running: FuturesUnordered<_> = waiting.by_ref().take(BLOBS).map(send).collect();
        while let Some((blob, outcome)) = running.next().await {
            let outcome = outcome.map_err(|error| self.whose(error))?;
            match outcome {
                BlobOutcome::Present => self.report.blobs_present += 1,
                BlobOutcome::Mounted => self.report.blobs_mounted += 1,
                BlobOutcome::Sent => {
                    self.report.blobs_sent += 1;
                    self.report.bytes_sent += blob.size;
                }
            }
            (self.on_event)(CopyEvent::Blob { digest: blob.digest, size: blob.size, outcome });
            running.extend(waiting.next().map(send));
        }
        Ok(())
    }

    /// An upload reads from one registry and writes to the other; its error names the one that failed.
    fn whose(&self, error: RegistryError) -> CopyError {
        let is_source = error.host == self.source.host() && error.repository == self.request.source_repository;
        if is_source { CopyError::Source(error) } else { CopyError::Target(error) }
    }

    async fn verify(&self) -> Result<(), CopyError> {
        let look = |digest: Digest| async move {
            match self.head(&digest).await? {
                Some(_) => Ok(()),
                None => {
                    let kind = RegistryErrorKind::ManifestNotFound { reference: digest.to_string() };
                    Err(CopyError::Target(self.target.transport.error(&self.request.target_repository, kind)))
                }
            }
        };
        let looks: Vec<_> = futures::stream::iter(self.report.manifests.clone()).map(look).buffer_unordered(MANIFESTS).collect().await;
        looks.into_iter().collect()
    }

    /// What the source lists cannot be right.
    fn strange(&self, what: &'static str, detail: String) -> RegistryError {
        self.source.transport.error(&self.request.source_repository, RegistryErrorKind::Protocol { what, status: None, detail })
    }
}

fn unreadable(manifest: &Manifest, problem: &str) -> RegistryErrorKind {
    let detail = format!("`{}` cannot be read: {problem}", manifest.digest);
    RegistryErrorKind::Protocol { what: "the request for a manifest", status: None, detail }
}
