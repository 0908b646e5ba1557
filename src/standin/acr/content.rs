//! What is in the registries, on disk: `<state>/azure/registries/<name>/`.
//!
//! | path | content |
//! |---|---|
//! | `blobs/<hex>` | blobs and manifests by digest, once for all repositories |
//! | `repositories/<name>.json` | blobs, manifests and tags of a repository ([`Repository`]); `/` in the name is `%2F` |
//! | `uploads/` | what is being uploaded; emptied at start |
//!
//! A blob comes into being by renaming, and before the repository that names it; so a process that is killed leaves nothing
//! that is half there.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::hmac;
use ring::rand::SystemRandom;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::upload::Upload;
use crate::config::Config;
use crate::exchange::FilePart;
use crate::store::{StoreError, make_folder, read_json, write, write_json};

/// The content of all registries, by name in lower case.
#[derive(Debug)]
pub(crate) struct Registries(BTreeMap<String, Content>);

impl Registries {
    /// Opens what there is of the registries of `config`, and makes the rest.
    pub(crate) fn open(folder: &Path, config: &Config) -> Result<Self, StoreError> {
        let open = |name: String| Content::open(folder.join(&name)).map(|content| (name, content));
        config.registries.iter().map(|registry| open(registry.name.to_lowercase())).collect::<Result<_, _>>().map(Self)
    }

    /// The content of a registry.
    pub(super) fn of(&self, registry: &str) -> Option<&Content> {
        self.0.get(&registry.to_lowercase())
    }
}

/// The content of a registry.
#[derive(Debug)]
pub(crate) struct Content {
    folder: PathBuf,
    repositories: Mutex<BTreeMap<String, Arc<Repository>>>,
    pub(super) uploads: Mutex<HashMap<String, Arc<Upload>>>,
    /// Signs the addresses of blobs on the storage host.
    pub(super) key: hmac::Key,
}

/// What is in a repository.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Repository {
    /// Blobs with their sizes.
    #[serde(default)]
    pub(super) blobs: BTreeMap<Digest, u64>,
    #[serde(default)]
    pub(super) manifests: BTreeMap<Digest, StoredManifest>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, Digest>,
}

/// What is known of a manifest without reading it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct StoredManifest {
    pub(super) media_type: String,
    pub(super) size: u64,
    /// The manifest that it refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) subject: Option<Digest>,
    /// What a referrer is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) annotations: Value,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Content {
    fn open(folder: PathBuf) -> Result<Self, StoreError> {
        let uploads = folder.join("uploads");
        match fs::remove_dir_all(&uploads) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(StoreError::new("cannot be emptied", &uploads, error)),
            _ => make_folder(&uploads)?,
        }
        make_folder(&folder.join("blobs"))?;
        let path = folder.join("repositories");
        make_folder(&path)?;
        let mut repositories = BTreeMap::new();
        let unreadable = |error| StoreError::new("cannot be read", &path, error);
        for entry in fs::read_dir(&path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            let name = file.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".json"));
            if let Some(name) = name.map(|name| name.replace("%2F", "/"))
                && let Some(repository) = read_json::<Repository>(&file)?
            {
                repositories.insert(name, Arc::new(repository));
            }
        }
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| StoreError::new("cannot be used", &folder, "the system has no random numbers"))?;
        Ok(Self { folder, repositories: Mutex::new(repositories), uploads: Mutex::default(), key })
    }

    /// A repository; also one that has no manifest (any more).
    pub(super) fn repository(&self, name: &str) -> Option<Arc<Repository>> {
        lock(&self.repositories).get(name).cloned()
    }

    /// Names of the repositories that have manifests.
    pub(super) fn names(&self) -> Vec<String> {
        let repositories = lock(&self.repositories);
        repositories.iter().filter(|(_, repository)| !repository.manifests.is_empty()).map(|(name, _)| name.clone()).collect()
    }

    /// Changes a repository, which is made where there is none: `change` gets a copy, which takes the place of the old one
    /// once it is written.
    pub(super) fn change<T>(&self, name: &str, change: impl FnOnce(&mut Repository) -> T) -> Result<T, StoreError> {
        let mut repositories = lock(&self.repositories);
        let mut repository = repositories.get(name).map(|repository| Repository::clone(repository)).unwrap_or_default();
        let result = change(&mut repository);
        write_json(&self.folder.join("repositories").join(format!("{}.json", name.replace('/', "%2F"))), &repository)?;
        repositories.insert(name.to_owned(), Arc::new(repository));
        Ok(result)
    }

    /// The size of a blob that any repository has.
    pub(super) fn find_blob(&self, digest: &Digest) -> Option<u64> {
        lock(&self.repositories).values().find_map(|repository| repository.blobs.get(digest).copied())
    }

    /// Removes the files of these digests that no repository names any more.
    pub(super) fn sweep(&self, digests: &[Digest]) {
        let repositories = lock(&self.repositories);
        for digest in digests {
            let named = |repository: &Arc<Repository>| repository.blobs.contains_key(digest) || repository.manifests.contains_key(digest);
            if !repositories.values().any(named) {
                // What is left is in nobody's way.
                let _ = fs::remove_file(self.path(digest));
            }
        }
    }

    /// Where the content of a digest is.
    pub(super) fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join("blobs").join(digest.hex())
    }

    /// A new file for an upload.
    pub(super) fn upload_path(&self, id: &str) -> PathBuf {
        self.folder.join("uploads").join(id)
    }

    /// Keeps a manifest's bytes.
    pub(super) fn keep(&self, digest: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        write(&self.path(digest), bytes)
    }

    /// A blob's content, to be sent.
    pub(super) fn read(&self, digest: &Digest) -> io::Result<FilePart> {
        let file = File::open(self.path(digest))?;
        let length = file.metadata()?.len();
        Ok(FilePart { file: Arc::new(file), offset: 0, length, wrong: None })
    }

    /// A manifest's bytes.
    pub(super) fn manifest(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        fs::read(self.path(digest))
    }

    pub(super) fn upload(&self, repository: &str, id: &str) -> Option<Arc<Upload>> {
        lock(&self.uploads).get(id).filter(|upload| upload.repository == repository).cloned()
    }

    pub(super) fn begin(&self, id: &str, upload: Upload) -> Arc<Upload> {
        let upload = Arc::new(upload);
        lock(&self.uploads).insert(id.to_owned(), upload.clone());
        upload
    }

    pub(super) fn forget(&self, id: &str) {
        lock(&self.uploads).remove(id);
    }
}

impl Repository {
    /// The manifest that a reference, a tag or a digest, stands for.
    pub(super) fn find(&self, reference: &str) -> Option<(Digest, &StoredManifest)> {
        let digest = match Digest::parse(reference) {
            Some(digest) => digest,
            None => self.tags.get(reference)?.clone(),
        };
        let manifest = self.manifests.get(&digest)?;
        Some((digest, manifest))
    }

    /// The manifests that refer to `subject`.
    pub(super) fn referrers<'a>(&'a self, subject: &'a Digest) -> impl Iterator<Item = (&'a Digest, &'a StoredManifest)> {
        self.manifests.iter().filter(move |(_, manifest)| manifest.subject.as_ref() == Some(subject))
    }

    /// Removes a manifest, its tags, and all that refers to it.
    pub(super) fn remove(&mut self, digest: &Digest) -> Vec<Digest> {
        let mut removed = Vec::new();
        let mut doomed = vec![digest.clone()];
        while let Some(digest) = doomed.pop() {
            doomed.extend(self.referrers(&digest).map(|(referrer, _)| referrer.clone()));
            if self.manifests.remove(&digest).is_some() {
                self.tags.retain(|_, tagged| *tagged != digest);
                removed.push(digest);
            }
        }
        removed
    }
}
