//! Against a registry that misbehaves.

use std::sync::Arc;

use slipway_model::Digest;
use slipway_net::{AccessToken, TokenError, TokenSource};
use slipway_oci::{BlobOutcome, Credential, Descriptor, Registry, RegistryErrorKind, copy, digest_of, media, provenance};
use slipway_secret::Secret;

use crate::fake::{Fake, Fault};
use crate::support::{Image, Sink, client, image, noise, push, registry, request};

const LAYER: usize = 600_000;

/// Two registries, the first with an image of two layers.
async fn world() -> (Fake, Fake, Image) {
    let (from, to) = (Fake::start().await, Fake::start().await);
    let image = image("amd64", &[noise(1, LAYER), noise(2, 2000)]);
    push(&registry(&from.host), "a/source", &image).await;
    (from, to, image)
}

async fn copied(from: &Fake, to: &Fake, image: &Image) -> Result<slipway_oci::CopyReport, slipway_oci::CopyError> {
    copy(&registry(&from.host), &registry(&to.host), &request(&image.manifest.digest), &mut |_| {}).await
}

fn is_whole(to: &Fake, image: &Image) -> bool {
    let state = to.state();
    let has = |digest: &Digest| state.blobs.contains_key(&("b/target".to_owned(), digest.to_string()));
    state.manifests.contains_key(&("b/target".to_owned(), image.manifest.digest.to_string()))
        && image.blobs.iter().all(|(blob, _)| has(&blob.digest))
}

#[tokio::test]
async fn an_upload_that_was_interrupted_goes_on_where_the_registry_has_got_to() {
    let (from, to, image) = world().await;
    to.fault("PATCH", "/uploads/", Fault::ResetAfter(200_000));
    copied(&from, &to, &image).await.unwrap();
    assert!(is_whole(&to, &image));
    // the biggest comes first; its rest came with one more PATCH, after the question how far the registry had got
    assert_eq!((to.count("POST"), to.count("PATCH"), to.count("GET /v2/b/target/blobs/uploads")), (3, 4, 1));
}

#[tokio::test]
async fn an_upload_of_which_one_byte_arrived_is_begun_anew() {
    // `Range: 0-0` says the same of nothing and of one byte
    let to = Fake::start().await;
    let bytes = noise(1, LAYER);
    let blob = Descriptor::of(media::IN_TOTO, &bytes);
    to.fault("PATCH", "/uploads/", Fault::ResetAfter(1));
    registry(&to.host).push_blob("b/target", &blob, bytes.into()).await.unwrap();
    assert_eq!((to.count("POST"), to.count("PATCH"), to.state().blobs.len()), (2, 3, 1));
}

#[tokio::test]
async fn a_download_that_was_interrupted_goes_on_and_nothing_is_sent_twice() {
    let (from, to, image) = world().await;
    from.state().redirects = true;
    from.fault("GET", "/storage/", Fault::CutAfter(150_000));
    copied(&from, &to, &image).await.unwrap();
    assert!(is_whole(&to, &image));
    assert_eq!((to.count("PATCH"), from.count("GET /storage/")), (3, 4));
    assert!(!from.state().leaked, "a credential went to the storage");
}

#[tokio::test]
async fn a_blob_that_is_not_what_its_digest_says_is_not_stored() {
    let (from, to, image) = world().await;
    let layer = image.blobs[1].0.clone();
    from.fault("GET", "/blobs/", Fault::Lie(noise(9, usize::try_from(layer.size).unwrap())));
    let error = copied(&from, &to, &image).await.unwrap_err();
    assert!(matches!(error.registry().kind, RegistryErrorKind::DigestMismatch { .. }), "{error}");
    assert_eq!(error.registry().host, from.host);
    assert!(!to.state().blobs.contains_key(&("b/target".to_owned(), layer.digest.to_string())));
    assert!(!is_whole(&to, &image));
    copied(&from, &to, &image).await.unwrap();
    assert!(is_whole(&to, &image));
}

#[tokio::test]
async fn a_blob_that_is_too_short_is_not_stored() {
    let (from, to, image) = world().await;
    from.fault("GET", "/blobs/", Fault::Lie(noise(9, 10)));
    let error = copied(&from, &to, &image).await.unwrap_err();
    assert!(error.to_string().contains("10 bytes instead of"), "{error}");
    assert!(!is_whole(&to, &image));
}

#[tokio::test]
async fn a_manifest_that_is_not_what_its_digest_says_is_refused() {
    let (from, to, image) = world().await;
    from.fault("GET", "/manifests/", Fault::Lie(b"{}".to_vec()));
    let error = copied(&from, &to, &image).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("The content that `{}/a/source` has for `{}` is something else: `{}`.", from.host, image.manifest.digest, digest_of(b"{}"))
    );
    assert_eq!(to.count("POST"), 0);
}

#[tokio::test]
async fn a_target_that_says_another_digest_than_the_one_that_was_asked_for_is_refused() {
    const OTHER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";
    let (from, to, image) = world().await;
    copied(&from, &to, &image).await.unwrap();
    to.fault("HEAD", "/manifests/", Fault::Status(200, "docker-content-digest", OTHER));
    let error = copied(&from, &to, &image).await.unwrap_err();
    let expected = &image.manifest.digest;
    assert_eq!(
        error.to_string(),
        format!("The content that `{}/b/target` has for `{expected}` is something else: the registry says that it is `{OTHER}`.", to.host)
    );
    copied(&from, &to, &image).await.unwrap();
}

#[tokio::test]
async fn a_registry_that_throttles_is_waited_for_wherever_it_does() {
    let (from, to, image) = world().await;
    for (method, part) in
        [("HEAD", "/manifests/"), ("POST", "/uploads/"), ("PATCH", "/uploads/"), ("PUT", "/uploads/"), ("PUT", "/manifests/")]
    {
        to.fault(method, part, Fault::Status(429, "retry-after-ms", "5"));
    }
    copied(&from, &to, &image).await.unwrap();
    assert!(is_whole(&to, &image));
    assert!(to.state().faults.is_empty());
}

#[tokio::test]
async fn a_wait_that_would_last_too_long_is_not_begun() {
    let (from, to, image) = world().await;
    for _ in 0..3 {
        to.fault("PATCH", "/uploads/", Fault::Status(429, "retry-after", "3600"));
    }
    let error = copied(&from, &to, &image).await.unwrap_err();
    assert!(matches!(error.registry().kind, RegistryErrorKind::TooManyRequests { .. }), "{error}");
}

#[tokio::test]
async fn the_lost_answer_to_the_end_of_an_upload_is_no_failure() {
    let (from, to, image) = world().await;
    to.fault("PUT", "/uploads/", Fault::LoseAnswer);
    to.fault("PUT", "/manifests/", Fault::LoseAnswer);
    copied(&from, &to, &image).await.unwrap();
    assert!(is_whole(&to, &image));
}

#[tokio::test]
async fn a_registry_that_takes_no_big_request_gets_pieces() {
    const BIG: usize = 17 * 1024 * 1024;
    let to = Fake::start().await;
    let bytes = vec![7; BIG];
    let blob = Descriptor::of(media::IN_TOTO, &bytes);
    to.fault("PATCH", "/uploads/", Fault::Status(413, "x-told", "y"));
    assert_eq!(registry(&to.host).push_blob("b/target", &blob, bytes.into()).await.unwrap(), BlobOutcome::Sent);
    assert_eq!(to.count("PATCH"), 1 + 2);
    assert_eq!(to.state().blobs.len(), 1);
}

#[tokio::test]
async fn a_copy_that_was_dropped_leaves_no_half_image_and_the_next_one_goes_on() {
    let (from, to, image) = world().await;
    let (source, target) = (registry(&from.host), registry(&to.host));
    {
        let sent = std::cell::Cell::new(0);
        let mut on_event = |_| sent.set(sent.get() + 1);
        let request = request(&image.manifest.digest);
        let mut copying = std::pin::pin!(copy(&source, &target, &request, &mut on_event));
        // until the plan and one blob were told
        std::future::poll_fn(|context| match copying.as_mut().poll(context) {
            std::task::Poll::Ready(result) => panic!("not dropped in the middle: {result:?}"),
            std::task::Poll::Pending if sent.get() >= 2 => std::task::Poll::Ready(()),
            std::task::Poll::Pending => std::task::Poll::Pending,
        })
        .await;
    }
    assert!(to.state().manifests.is_empty());
    let had = to.state().blobs.len();
    assert!(had > 0);
    let report = copied(&from, &to, &image).await.unwrap();
    assert!(report.blobs_present >= had, "{report:?}");
    assert!(is_whole(&to, &image));
}

struct Refresh;

#[async_trait::async_trait]
impl TokenSource for Refresh {
    async fn token(&self, _: &str) -> Result<AccessToken, TokenError> {
        Ok(AccessToken { token: Secret::new("refresh", &Sink::default()), expires_at: time::OffsetDateTime::UNIX_EPOCH })
    }
}

fn signed_in(fake: &Fake) -> Registry {
    Registry::new(&fake.host, client(), Credential::RefreshToken(Arc::new(Refresh)), Arc::new(Sink::default())).unwrap()
}

#[tokio::test]
async fn one_token_serves_a_copy_and_one_that_ends_in_the_middle_is_renewed() {
    let (from, to, image) = world().await;
    to.state().grants = Some(vec!["pull", "push"]);
    copy(&registry(&from.host), &signed_in(&to), &request(&image.manifest.digest), &mut |_| {}).await.unwrap();
    assert!(is_whole(&to, &image));
    assert_eq!(to.state().tokens_made, 1);

    let (from, to, image) = world().await;
    for fake in [&from, &to] {
        fake.state().grants = Some(vec!["pull", "push"]);
        fake.state().redirects = true;
    }
    to.fault("PATCH", "/uploads/", Fault::ExpireTokens);
    to.fault("PUT", "/manifests/", Fault::ExpireTokens);
    from.fault("GET", "/blobs/", Fault::ExpireTokens);
    copy(&signed_in(&from), &signed_in(&to), &request(&image.manifest.digest), &mut |_| {}).await.unwrap();
    assert!(is_whole(&to, &image));
    assert!(!from.state().leaked, "a credential went to the storage");
    assert_eq!((from.state().tokens_made, to.state().tokens_made), (2, 3));
}

#[tokio::test]
async fn a_missing_right_is_named_before_anything_is_sent() {
    let (from, to, image) = world().await;
    to.state().grants = Some(vec!["pull"]);
    let target = signed_in(&to);
    target.check_access("b/target", &["pull"]).await.unwrap();
    let error = target.check_access("b/target", &["pull", "push"]).await.unwrap_err();
    assert!(matches!(&error.kind, RegistryErrorKind::Denied { missing, .. } if missing == &["push"]), "{error}");
    assert_eq!(error.to_string(), format!("The identity has no right to `push` in `{}/b/target`.", to.host));
    assert!(error.next_step().contains("AcrPush"));
    assert_eq!(to.count("POST /v2/"), 0);
    // no tokens, nothing known
    registry(&from.host).check_access("a/source", &["pull", "push"]).await.unwrap();
    assert!(!is_whole(&to, &image));
}

#[tokio::test]
async fn a_right_that_turns_out_to_be_missing_is_named_at_once() {
    let (from, to, image) = world().await;
    to.state().grants = Some(vec!["pull"]);
    let error = copy(&registry(&from.host), &signed_in(&to), &request(&image.manifest.digest), &mut |_| {}).await.unwrap_err();
    assert!(matches!(&error.registry().kind, RegistryErrorKind::Denied { missing, .. } if missing == &["push"]), "{error}");
    assert_eq!((error.registry().host.clone(), to.state().tokens_made), (to.host.clone(), 1));
    assert_eq!(to.count("PATCH"), 0);
    // the source is named where it is the source that refuses
    let other = Fake::start().await;
    from.state().grants = Some(vec!["push"]);
    let error = copy(&signed_in(&from), &registry(&other.host), &request(&image.manifest.digest), &mut |_| {}).await.unwrap_err();
    assert!(matches!(&error.registry().kind, RegistryErrorKind::Denied { missing, .. } if missing == &["pull"]), "{error}");
    assert_eq!(error.registry().host, from.host);
}

#[tokio::test]
async fn a_wrong_credential_is_no_reason_to_try_again() {
    let (_, to, image) = world().await;
    to.state().grants = Some(vec!["pull", "push"]);
    let password = Secret::new("wrong", &Sink::default());
    let credential = Credential::Basic { username: "u".to_owned(), password };
    let target = Registry::new(&to.host, client(), credential, Arc::new(Sink::default())).unwrap();
    let error = target.head("b/target", image.manifest.digest.as_str()).await.unwrap_err();
    assert!(matches!(error.kind, RegistryErrorKind::Unauthorized { .. }), "{error}");
    assert_eq!(to.count("HEAD"), 1);
}

async fn attach(fake: &Fake, subject: &Descriptor, text: &str) -> Digest {
    let referrer = provenance::referrer(subject, text.as_bytes().to_vec());
    registry(&fake.host).push_referrer("a/source", &referrer).await.unwrap();
    referrer.manifest.digest
}

#[tokio::test]
async fn a_registry_that_lists_referrers_is_asked_page_by_page_and_keeps_no_tag() {
    let (from, to, image) = world().await;
    from.state().page = 2;
    for text in ["1", "2", "3", "4", "5"] {
        attach(&from, &image.manifest.descriptor(), text).await;
    }
    let source = registry(&from.host);
    let found = source.referrers("a/source", &image.manifest.digest, Some(media::IN_TOTO)).await.unwrap();
    assert_eq!(found.len(), 5);
    assert!(source.referrers("a/source", &image.manifest.digest, Some("other/type")).await.unwrap().is_empty());
    let report = copied(&from, &to, &image).await.unwrap();
    assert_eq!((report.referrers.len(), report.manifests.len()), (5, 6));
    assert!(to.state().manifests.keys().all(|(_, reference)| reference.starts_with("sha256:")));
}

#[tokio::test]
async fn an_image_with_its_provenance_that_is_there_costs_four_requests() {
    let (from, to, image) = world().await;
    attach(&from, &image.manifest.descriptor(), "1").await;
    copied(&from, &to, &image).await.unwrap();
    let again = copied(&from, &to, &image).await.unwrap();
    assert_eq!((again.requests_source, again.requests_target), (2, 2));
}

#[tokio::test]
async fn a_referrer_that_was_stored_without_its_entry_in_the_list_gets_it() {
    let (from, to, image) = world().await;
    to.state().no_referrers = true;
    let referrer = attach(&from, &image.manifest.descriptor(), "1").await;
    copied(&from, &to, &image).await.unwrap();
    let tag = format!("sha256-{}", image.manifest.digest.hex());
    to.state().manifests.remove(&("b/target".to_owned(), tag.clone())).expect("the list under the tag");
    let target = registry(&to.host);
    assert!(target.referrers("b/target", &image.manifest.digest, None).await.unwrap().is_empty());
    copied(&from, &to, &image).await.unwrap();
    let listed = target.referrers("b/target", &image.manifest.digest, None).await.unwrap();
    assert_eq!(listed.into_iter().map(|entry| entry.digest).collect::<Vec<_>>(), [referrer]);
}

#[tokio::test]
async fn a_replica_that_lags_behind_is_waited_for() {
    let (from, to, image) = world().await;
    for _ in 0..2 {
        to.fault("PUT", "/manifests/", Fault::Error(404, "MANIFEST_BLOB_UNKNOWN"));
    }
    copied(&from, &to, &image).await.unwrap();
    assert_eq!(to.count("PUT /v2/b/target/manifests"), 3);
    // a manifest that is wrong stays wrong
    to.fault("PUT", "/manifests/", Fault::Error(400, "MANIFEST_INVALID"));
    let error = registry(&to.host).push_manifest("b/other", &image.manifest).await.unwrap_err();
    assert!(error.to_string().contains("answered 400 to the manifest (MANIFEST_INVALID: told)"), "{error}");
    assert_eq!(to.count("PUT /v2/b/other/manifests"), 1);
}
