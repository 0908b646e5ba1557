//! Against Debian's docker-registry (which keeps no list of referrers), skopeo and oras.

use serde_json::Value;
use slipway_model::Digest;
use slipway_oci::provenance::{self, Pipeline, Statement};
use slipway_oci::{BlobOutcome, CopyEvent, CopyRequest, Descriptor, Registry, RegistryErrorKind, copy, media};
use time::OffsetDateTime;

use crate::support::{AUTHORITY, Image, Server, file, image, index, noise, oras, push, request, run, skopeo};

/// The provenance of a run, attached to an image.
async fn attach(registry: &Registry, repository: &str, subject: &Descriptor, run: &str) -> Digest {
    let pipeline = Pipeline {
        organization: "https://dev.azure.com/contoso/".to_owned(),
        project_id: "p".to_owned(),
        definition_id: "7".to_owned(),
        definition_name: "ci".to_owned(),
    };
    let statement = Statement {
        subject: (format!("{}/{repository}", registry.host()), subject.digest.clone()),
        repository: "https://dev.azure.com/contoso/p/_git/shop".to_owned(),
        reference: "refs/heads/main".to_owned(),
        commit: "0123456789012345678901234567890123456789".to_owned(),
        base: None,
        invocation_id: pipeline.invocation_id(run),
        builder_id: pipeline.builder_id(),
        pipeline,
        started_on: OffsetDateTime::UNIX_EPOCH,
        finished_on: OffsetDateTime::UNIX_EPOCH,
    };
    let referrer = provenance::referrer(subject, provenance::statement(&statement));
    registry.push_referrer(repository, &referrer).await.unwrap();
    referrer.manifest.digest
}

async fn runs(registry: &Registry, repository: &str, digest: &Digest) -> Vec<String> {
    let mut runs = Vec::new();
    for entry in registry.referrers(repository, digest, Some(media::IN_TOTO)).await.unwrap() {
        let manifest = registry.manifest(repository, &entry.digest).await.unwrap();
        let layer = provenance::layer(&manifest).unwrap();
        let bytes = registry.small_blob(repository, &layer, provenance::LIMIT).await.unwrap();
        runs.push(provenance::read(&bytes).unwrap().invocation_id.rsplit('=').next().unwrap().to_owned());
    }
    runs
}

#[tokio::test]
async fn an_index_is_copied_with_its_images_and_what_refers_to_any_of_them() {
    let (from, to) = (Server::start(), Server::start());
    let (source, target) = (from.registry(), to.registry());
    let shared = noise(1, 100_000);
    let (amd, arm) = (image("amd64", &[shared.clone(), noise(2, 300_000)]), image("arm64", &[shared, noise(3, 1000), Vec::new()]));
    push(&source, "a/source", &amd).await;
    push(&source, "a/source", &arm).await;
    let all = index(&[("amd64", &amd), ("arm64", &arm)]);
    source.push_manifest("a/source", &all).await.unwrap();
    let on_index = attach(&source, "a/source", &all.descriptor(), "1").await;
    let on_arm = attach(&source, "a/source", &arm.manifest.descriptor(), "2").await;
    let first = source.manifest("a/source", &on_index).await.unwrap();
    let on_referrer = attach(&source, "a/source", &first.descriptor(), "3").await;

    let mut events = Vec::new();
    let report = copy(&source, &target, &request(&all.digest), &mut |event| events.push(event)).await.unwrap();
    assert_eq!(report.manifests.len(), 6);
    assert_eq!(report.referrers.iter().collect::<std::collections::BTreeSet<_>>(), [&on_index, &on_arm, &on_referrer].into());
    // the images share a layer, the empty config of the referrers is one blob
    assert_eq!((report.blobs_sent, report.blobs_present), (6 + 4, 2));
    let order = events.iter().filter_map(|event| match event {
        CopyEvent::ManifestSent(digest) => Some(digest),
        _ => None,
    });
    assert_eq!(order.collect::<Vec<_>>()[2], &all.digest);
    assert_eq!(target.manifest("b/target", &all.digest).await.unwrap().bytes, all.bytes);
    assert_eq!(runs(&target, "b/target", &all.digest).await, ["1"]);
    assert_eq!(runs(&target, "b/target", &arm.manifest.digest).await, ["2"]);
    assert_eq!(runs(&target, "b/target", &on_index).await, ["3"]);
    assert_eq!(runs(&target, "b/target", &amd.manifest.digest).await, [""; 0]);

    let mut events = Vec::new();
    let again = copy(&source, &target, &request(&all.digest), &mut |event| events.push(event)).await.unwrap();
    assert_eq!((again.manifests.len(), again.blobs_sent, again.bytes_sent), (0, 0, 0));
    assert!(events.iter().all(|event| matches!(event, CopyEvent::ManifestPresent(_))), "{events:?}");
}

#[tokio::test]
async fn what_refers_to_a_part_of_an_inner_index_that_is_there_is_copied() {
    let (from, to) = (Server::start(), Server::start());
    let (source, target) = (from.registry(), to.registry());
    let (amd, arm) = (image("amd64", &[noise(1, 100)]), image("arm64", &[noise(2, 100)]));
    push(&source, "a/source", &amd).await;
    push(&source, "a/source", &arm).await;
    let inner = index(&[("arm64", &arm)]);
    source.push_manifest("a/source", &inner).await.unwrap();
    copy(&source, &target, &request(&inner.digest), &mut |_| {}).await.unwrap();
    let outer = index(&[("amd64", &amd), ("arm64", &Image { manifest: inner.clone(), blobs: Vec::new() })]);
    source.push_manifest("a/source", &outer).await.unwrap();
    let on_arm = attach(&source, "a/source", &arm.manifest.descriptor(), "1").await;

    let report = copy(&source, &target, &request(&outer.digest), &mut |_| {}).await.unwrap();
    assert_eq!(report.referrers, std::slice::from_ref(&on_arm));
    assert_eq!(report.manifests, [amd.manifest.digest, outer.digest, on_arm]);
    assert_eq!(runs(&target, "b/target", &arm.manifest.digest).await, ["1"]);
}

#[tokio::test]
async fn an_image_that_is_there_costs_few_requests() {
    let (from, to) = (Server::start(), Server::start());
    let (source, target) = (from.registry(), to.registry());
    let image = image("amd64", &[noise(1, 1000), noise(2, 1000), noise(3, 1000)]);
    push(&source, "a/source", &image).await;
    let request = CopyRequest { referrers: false, ..request(&image.manifest.digest) };
    let first = copy(&source, &target, &request, &mut |_| {}).await.unwrap();
    // one manifest; of each blob one read, and begin, data, end
    assert_eq!((first.requests_source, first.requests_target), (1 + 4, 1 + 4 * 3 + 1 + 1));
    let second = copy(&source, &target, &request, &mut |_| {}).await.unwrap();
    assert_eq!((second.requests_source, second.requests_target), (0, 1));
}

#[tokio::test]
async fn blobs_that_are_there_are_not_sent_and_those_of_other_repositories_are_mounted() {
    let server = Server::start();
    let registry = server.registry();
    let image = image("amd64", &[noise(1, 50_000), noise(2, 50_000)]);
    push(&registry, "a/source", &image).await;
    let (layer, bytes) = image.blobs[1].clone();
    assert_eq!(registry.push_blob("b/target", &layer, bytes.clone().into()).await.unwrap(), BlobOutcome::Sent);
    assert_eq!(registry.push_blob("b/target", &layer, bytes.into()).await.unwrap(), BlobOutcome::Present);
    let report = copy(&registry, &server.registry(), &request(&image.manifest.digest), &mut |_| {}).await.unwrap();
    assert_eq!((report.blobs_sent, report.blobs_mounted), (0, 3));
    assert!(registry.head("b/target", image.manifest.digest.as_str()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_tag_tells_what_it_named_before() {
    let server = Server::start();
    let registry = server.registry();
    let (one, two) = (image("amd64", &[noise(1, 10)]), image("amd64", &[noise(2, 10)]));
    push(&registry, "a/source", &one).await;
    push(&registry, "a/source", &two).await;
    assert_eq!(registry.tag("a/source", &one.manifest, "v1").await.unwrap(), None);
    assert_eq!(registry.tag("a/source", &two.manifest, "v1").await.unwrap(), Some(one.manifest.digest));
    let head = registry.head("a/source", "v1").await.unwrap().unwrap();
    assert_eq!((head.digest, head.size), (two.manifest.digest.clone(), two.manifest.bytes.len() as u64));
    assert_eq!(registry.head("a/source", "v2").await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let server = Server::start();
    let registry = server.registry();
    let there = image("amd64", &[noise(1, 10)]);
    push(&registry, "a/source", &there).await;
    let missing = image("arm64", &[noise(2, 10)]).manifest.digest;
    let error = registry.manifest("a/source", &missing).await.unwrap_err();
    assert!(matches!(error.kind, RegistryErrorKind::ManifestNotFound { .. }), "{error}");
    assert_eq!(error.to_string(), format!("`{}/a/source` has no manifest `{missing}`.", server.host));
    // a digest that nobody has is no reason to send anything
    let other = Server::start();
    let error = copy(&registry, &other.registry(), &request(&missing), &mut |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("has no manifest"), "{error}");
    let blob = Descriptor::of("a/b", b"nowhere");
    let error = registry.small_blob("a/source", &blob, 100).await.unwrap_err();
    assert!(matches!(error.kind, RegistryErrorKind::BlobNotFound { .. }), "{error}");
    // the registry refuses a manifest whose blobs it does not have
    let error = registry.push_manifest("a/other", &there.manifest).await.unwrap_err();
    assert!(error.to_string().contains("MANIFEST_BLOB_UNKNOWN"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_not_what_its_descriptor_says_is_not_stored() {
    let server = Server::start();
    let registry = server.registry();
    let content = file(&noise(1, 500_000));
    let descriptor = Descriptor::new(media::IN_TOTO, Descriptor::of("", &noise(2, 500_000)).digest, 500_000);
    let error = registry.push_file("a/source", &descriptor, content.path()).await.unwrap_err();
    assert!(matches!(error.kind, RegistryErrorKind::DigestMismatch { .. }), "{error}");
    assert!(registry.small_blob("a/source", &descriptor, 500_000).await.is_err());
    let right = Descriptor::of(media::IN_TOTO, &noise(1, 500_000));
    assert_eq!(registry.push_file("a/source", &right, content.path()).await.unwrap(), BlobOutcome::Sent);
    assert_eq!(registry.small_blob("a/source", &right, 500_000).await.unwrap(), noise(1, 500_000));
}

fn with_referrer_of(server: &Server) -> String {
    format!("docker://{}/", server.host)
}

#[tokio::test]
async fn skopeo_reads_what_was_copied_and_what_it_writes_can_be_copied() {
    let (from, to) = (Server::start(), Server::start());
    let Image { manifest, blobs } = image("amd64", &[noise(1, 100_000), noise(2, 100_000)]);
    push(&from.registry(), "a/source", &Image { manifest: manifest.clone(), blobs }).await;
    copy(&from.registry(), &to.registry(), &request(&manifest.digest), &mut |_| {}).await.unwrap();
    let authority = AUTHORITY.folder.path().display().to_string();
    let place = format!("{}b/target@{}", with_referrer_of(&to), manifest.digest);
    let read = run(&skopeo(), &["inspect", "--no-tags", "--cert-dir", &authority, &place]);
    let read: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(read["Digest"], manifest.digest.as_str());
    assert_eq!(read["Layers"].as_array().unwrap().len(), 2);

    // skopeo copies it on, and the engine copies that back
    let written = format!("{}c/skopeo:v1", with_referrer_of(&to));
    let certificates = ["--src-cert-dir", &authority, "--dest-cert-dir", &authority];
    run(&skopeo(), &[&["--insecure-policy", "copy", "--quiet", "--preserve-digests"], &certificates[..], &[&place, &written]].concat());
    let tagged = to.registry().head("c/skopeo", "v1").await.unwrap().unwrap();
    assert_eq!(tagged.digest, manifest.digest);
    let back = CopyRequest { source_repository: "c/skopeo".to_owned(), target_repository: "d/back".to_owned(), ..request(&tagged.digest) };
    copy(&to.registry(), &from.registry(), &back, &mut |_| {}).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let back = format!("{}d/back@{}", with_referrer_of(&from), manifest.digest);
    let target = format!("dir:{}", folder.path().display());
    run(&skopeo(), &["--insecure-policy", "copy", "--quiet", "--src-cert-dir", &authority, &back, &target]);
    assert_eq!(std::fs::read(folder.path().join("manifest.json")).unwrap(), manifest.bytes);
}

#[tokio::test]
async fn oras_finds_the_provenance_and_what_oras_attaches_is_copied() {
    let (from, to) = (Server::start(), Server::start());
    let (source, target) = (from.registry(), to.registry());
    let image = image("amd64", &[noise(1, 1000)]);
    push(&source, "a/source", &image).await;
    let digest = &image.manifest.digest;
    let ours = attach(&source, "a/source", &image.manifest.descriptor(), "42").await;

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("sbom.json"), "{\"spdxVersion\":\"SPDX-2.3\"}").unwrap();
    let place = format!("{}/a/source@{digest}", from.host);
    let authority = AUTHORITY.file("ca.crt");
    let sbom = format!("{}:application/spdx+json", folder.path().join("sbom.json").display());
    run(
        &oras(),
        &["attach", "--ca-file", &authority, "--disable-path-validation", "--artifact-type", "application/spdx+json", &place, &sbom],
    );

    let report = copy(&source, &target, &request(digest), &mut |_| {}).await.unwrap();
    assert_eq!(report.referrers.len(), 2);
    let place = format!("{}/b/target@{digest}", to.host);
    let found = run(&oras(), &["discover", "--ca-file", &authority, "--format", "json", &place]);
    assert!(found.contains(ours.as_str()), "{found}");
    assert!(found.contains("application/spdx+json") && found.contains(media::IN_TOTO), "{found}");
    let place = format!("{}/b/target@{ours}", to.host);
    run(&oras(), &["pull", "--ca-file", &authority, "--allow-path-traversal", "--output", &folder.path().display().to_string(), &place]);
    let fetched = run(&oras(), &["manifest", "fetch", "--ca-file", &authority, &place]);
    let layer = serde_json::from_str::<Value>(&fetched).unwrap()["layers"][0]["digest"].as_str().unwrap().to_owned();
    let blob = format!("{}/b/target@{layer}", to.host);
    let statement = run(&oras(), &["blob", "fetch", "--ca-file", &authority, "--output", "-", &blob]);
    assert!(provenance::read(statement.as_bytes()).unwrap().invocation_id.ends_with("buildId=42"));
}
