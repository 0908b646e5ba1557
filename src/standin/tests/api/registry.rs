//! The distribution API of a registry, as a client speaks it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use slipway_standin::Store;

use crate::support::{ARM_SCOPE, Answer, World, start_on};

const HOST: &str = "shopnonprod.azurecr.io";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";

pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}

#[track_caller]
pub(crate) fn code(answer: &Answer) -> (u16, String) {
    (answer.status.as_u16(), answer.json()["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
}

/// Who may push to two repositories.
pub(crate) struct Pusher {
    pub(crate) world: World,
    pub(crate) token: String,
}

impl Pusher {
    pub(crate) async fn start() -> Self {
        let world = World::start().await;
        let token = world.registry_token(HOST, "writer", &["a", "b/c"]).await;
        Self { world, token }
    }

    /// A request to a path, or to an address that the registry gave.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = if path.starts_with("https://") { path.to_owned() } else { format!("https://{HOST}{path}") };
        self.world.client.request(method, url).bearer_auth(&self.token)
    }

    pub(crate) async fn send(&self, method: Method, path: &str) -> Answer {
        self.world.send(self.request(method, path)).await
    }

    pub(crate) async fn begin(&self, repository: &str) -> String {
        let answer = self.send(Method::POST, &format!("/v2/{repository}/blobs/uploads/")).await;
        assert_eq!(answer.status, 202, "{answer:?}");
        answer.header("location").to_owned()
    }

    pub(crate) async fn patch(&self, location: &str, range: Option<&str>, bytes: &[u8]) -> Answer {
        let request = self.request(Method::PATCH, location).body(bytes.to_vec());
        self.world.send(range.into_iter().fold(request, |request, range| request.header("content-range", range))).await
    }

    pub(crate) async fn finish(&self, location: &str, digest: &str, bytes: &[u8]) -> Answer {
        self.world.send(self.request(Method::PUT, &format!("{location}&digest={digest}")).body(bytes.to_vec())).await
    }

    /// A blob in one request.
    pub(crate) async fn blob(&self, repository: &str, bytes: &[u8]) -> String {
        let digest = digest(bytes);
        let path = format!("/v2/{repository}/blobs/uploads/?digest={digest}");
        let answer = self.world.send(self.request(Method::POST, &path).body(bytes.to_vec())).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.header("location"), format!("/v2/{repository}/blobs/{digest}"));
        digest
    }

    pub(crate) async fn put(&self, repository: &str, reference: &str, media_type: &str, manifest: &Value) -> Answer {
        let request = self.request(Method::PUT, &format!("/v2/{repository}/manifests/{reference}"));
        self.world.send(request.header("content-type", media_type).body(manifest.to_string())).await
    }

    pub(crate) async fn manifest(&self, repository: &str, reference: &str) -> Answer {
        let accept = format!("{OCI_MANIFEST}, {OCI_INDEX}");
        self.world.send(self.request(Method::GET, &format!("/v2/{repository}/manifests/{reference}")).header("accept", accept)).await
    }

    /// An image of one layer under a tag: its manifest.
    pub(crate) async fn image(&self, repository: &str, tag: &str, layer: &[u8]) -> Value {
        self.blob(repository, b"{}").await;
        self.blob(repository, layer).await;
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
            "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
        });
        let answer = self.put(repository, tag, OCI_MANIFEST, &manifest).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        assert_eq!(answer.header("docker-content-digest"), digest(manifest.to_string().as_bytes()));
        manifest
    }

    /// Reads a blob through the redirect.
    async fn read(&self, repository: &str, digest: &str) -> Answer {
        let redirect = self.send(Method::GET, &format!("/v2/{repository}/blobs/{digest}")).await;
        assert_eq!(redirect.status, 307, "{redirect:?}");
        self.world.send(self.world.client.get(redirect.header("location"))).await
    }
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": digest(bytes), "size": bytes.len() })
}

#[tokio::test]
async fn a_blob_is_uploaded_in_every_shape() {
    let pusher = Pusher::start().await;
    // In one request.
    let whole = pusher.blob("a", b"in one request").await;
    // Begun, then whole.
    let location = pusher.begin("a").await;
    assert!(location.starts_with("/v2/a/blobs/uploads/"), "{location}");
    assert_eq!(pusher.finish(&location, &digest(b"begun, then whole"), b"begun, then whole").await.status, 201);
    // One stream.
    let location = pusher.begin("a").await;
    let streamed = pusher.patch(&location, None, b"one stream").await;
    assert_eq!((streamed.status.as_u16(), streamed.header("range")), (202, "0-9"));
    assert_ne!(streamed.header("location"), location);
    let done = pusher.finish(streamed.header("location"), &digest(b"one stream"), b"").await;
    assert_eq!((done.status.as_u16(), done.header("docker-content-digest")), (201, digest(b"one stream").as_str()));
    // Chunks, the last with the end.
    let location = pusher.begin("a").await;
    let first = pusher.patch(&location, Some("0-3"), b"chun").await;
    let second = pusher.patch(first.header("location"), Some("4-5"), b"ks").await;
    assert_eq!((second.status.as_u16(), second.header("range")), (202, "0-5"));
    assert_eq!(pusher.finish(second.header("location"), &digest(b"chunks, end"), b", end").await.status, 201);

    for bytes in [&b"in one request"[..], b"begun, then whole", b"one stream", b"chunks, end"] {
        let head = pusher.send(Method::HEAD, &format!("/v2/a/blobs/{}", digest(bytes))).await;
        assert_eq!((head.status.as_u16(), head.header("content-length")), (200, bytes.len().to_string().as_str()));
        assert_eq!(pusher.read("a", &digest(bytes)).await.text.as_bytes(), bytes);
    }
    // Another repository does not have it.
    let missing = pusher.send(Method::GET, &format!("/v2/b/c/blobs/{whole}")).await;
    assert_eq!(code(&missing), (404, "BLOB_UNKNOWN".to_owned()));
    assert_eq!(pusher.send(Method::HEAD, &format!("/v2/b/c/blobs/{whole}")).await.status, 404);
}

#[tokio::test]
async fn an_upload_goes_on_where_it_ended_and_nowhere_else() {
    let pusher = Pusher::start().await;
    let location = pusher.begin("a").await;
    assert_eq!(pusher.send(Method::GET, &location).await.header("range"), "0-0");
    // The question made another address.
    assert_eq!(code(&pusher.patch(&location, None, b"x").await), (404, "BLOB_UPLOAD_INVALID".to_owned()));
    let location = pusher.send(Method::GET, &location).await.header("location").to_owned();
    let first = pusher.patch(&location, Some("0-3"), b"0123").await;
    let gap = pusher.patch(first.header("location"), Some("6-7"), b"67").await;
    assert_eq!((code(&gap), gap.header("range")), ((416, "RANGE_INVALID".to_owned()), "0-3"));
    let again = pusher.patch(gap.header("location"), Some("0-3"), b"0123").await;
    assert_eq!(again.status, 416);
    let location = again.header("location").to_owned();
    for (range, bytes, expected) in [
        ("bytes 4-5/*", &b"45"[..], (400, "BLOB_UPLOAD_INVALID")),
        ("4-9", b"45", (400, "SIZE_INVALID")),
        ("5-4", b"", (400, "SIZE_INVALID")),
    ] {
        let refused = pusher.patch(&location, Some(range), bytes).await;
        assert_eq!(code(&refused), (expected.0, expected.1.to_owned()), "{range}");
    }
    let unsized_body = reqwest::Body::wrap_stream(futures::stream::iter([Ok::<_, std::io::Error>("45")]));
    let unsized_chunk = pusher.world.send(pusher.request(Method::PATCH, &location).header("content-range", "4-5").body(unsized_body)).await;
    assert_eq!(code(&unsized_chunk), (400, "CONTENT_LENGTH_INVALID".to_owned()));
    let second = pusher.patch(&location, Some("4-5"), b"45").await;
    assert_eq!(pusher.finish(second.header("location"), &digest(b"012345"), b"").await.status, 201);
    assert_eq!(code(&pusher.send(Method::GET, &location).await), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_refused_and_an_upload_can_be_given_up() {
    let pusher = Pusher::start().await;
    let location = pusher.begin("a").await;
    let lie = digest(b"something else");
    assert_eq!(code(&pusher.finish(&location, &lie, b"this").await), (400, "DIGEST_INVALID".to_owned()));
    assert_eq!(pusher.send(Method::HEAD, &format!("/v2/a/blobs/{lie}")).await.status, 404);
    let location = pusher.begin("a").await;
    assert_eq!(code(&pusher.world.send(pusher.request(Method::PUT, &location)).await), (400, "DIGEST_INVALID".to_owned()));
    assert_eq!(code(&pusher.finish(&location, "sha512:00", b"").await), (400, "DIGEST_INVALID".to_owned()));

    let location = pusher.begin("a").await;
    // Not the other repository's.
    let foreign = location.replace("/v2/a/", "/v2/b/c/");
    assert_eq!(code(&pusher.send(Method::DELETE, &foreign).await), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    assert_eq!(pusher.send(Method::DELETE, &location).await.status, 204);
    assert_eq!(code(&pusher.patch(&location, None, b"x").await), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
    let uploads = pusher.world.state.path().join("azure/registries/shopnonprod/uploads");
    assert_eq!(std::fs::read_dir(uploads).unwrap().count(), 0);
}

#[tokio::test]
async fn a_blob_is_mounted_from_where_the_token_may_read() {
    let pusher = Pusher::start().await;
    let known = pusher.blob("a", b"known").await;
    let mount = async |query: &str| pusher.send(Method::POST, &format!("/v2/b/c/blobs/uploads/?{query}")).await;
    let unknown = mount(&format!("mount={}&from=a", digest(b"unknown"))).await;
    assert_eq!(unknown.status, 202);
    // What it answers is an upload that works.
    assert_eq!(pusher.finish(unknown.header("location"), &digest(b"unknown"), b"unknown").await.status, 201);
    let mounted = mount(&format!("mount={known}&from=a")).await;
    assert_eq!((mounted.status.as_u16(), mounted.header("docker-content-digest")), (201, known.as_str()));
    assert_eq!(pusher.send(Method::HEAD, &format!("/v2/b/c/blobs/{known}")).await.header("content-length"), "5");

    let elsewhere = pusher.send(Method::POST, &format!("/v2/a/blobs/uploads/?mount={}", digest(b"unknown"))).await;
    assert_eq!(elsewhere.status, 201, "without a source");
    let forbidden = mount(&format!("mount={known}&from=d")).await;
    assert_eq!(code(&forbidden), (401, "UNAUTHORIZED".to_owned()));
    assert!(
        forbidden.header("www-authenticate").contains(r#"scope="repository:b/c:pull,push repository:d:pull",error="insufficient_scope""#),
        "{forbidden:?}"
    );
}

#[tokio::test]
async fn blobs_are_read_from_storage_with_a_signature_and_nothing_else() {
    let pusher = Pusher::start().await;
    let blob = pusher.blob("a", b"0123456789").await;
    let redirect = pusher.send(Method::GET, &format!("/v2/a/blobs/{blob}")).await;
    let url = redirect.header("location").to_owned();
    assert!(url.starts_with("https://shopnonprod") && url.contains("sa.blob.core.windows.net/"), "{url}");
    let client = &pusher.world.client;
    let get = async |request: RequestBuilder| pusher.world.send(request).await;
    assert_eq!(get(client.get(&url)).await.text, "0123456789");
    let part = get(client.get(&url).header("range", "bytes=2-4")).await;
    assert_eq!((part.status.as_u16(), part.text.as_str(), part.header("content-range")), (206, "234", "bytes 2-4/10"));
    assert_eq!(get(client.get(&url).header("range", "bytes=7-")).await.text, "789");
    let beyond = get(client.get(&url).header("range", "bytes=10-")).await;
    assert_eq!((beyond.status.as_u16(), beyond.header("content-range")), (416, "bytes */10"));
    assert_eq!(get(client.head(&url)).await.header("content-length"), "10");

    let authorized = get(client.get(&url).bearer_auth(&pusher.token)).await;
    assert_eq!(authorized.status, 400);
    assert!(authorized.text.contains("Authentication information is not given in the correct format"), "{authorized:?}");
    for forged in [url.replace("/data?", "/other?"), url.replace("sig=", "sig=A"), url.split('?').next().unwrap().to_owned()] {
        assert_eq!(get(client.get(&forged)).await.status, 403, "{forged}");
    }
    pusher.world.standin.clock().set_skew(21 * 60);
    assert_eq!(get(client.get(&url)).await.status, 403);
    // No other account is there.
    assert!(client.get("https://otherna.blob.core.windows.net/x").send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn a_manifest_is_kept_as_it_came_and_only_with_all_that_it_names() {
    let pusher = Pusher::start().await;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", b"layer")],
        "unknown": ["field"],
    });
    let refused = pusher.put("a", "v1", OCI_MANIFEST, &manifest).await;
    assert_eq!(code(&refused), (400, "MANIFEST_BLOB_UNKNOWN".to_owned()));
    let message = refused.json()["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&digest(b"{}")) && message.contains(&digest(b"layer")), "{message}");
    pusher.blob("a", b"{}").await;
    pusher.blob("a", b"layer").await;
    let own = digest(manifest.to_string().as_bytes());
    assert_eq!(code(&pusher.put("a", &digest(b"x"), OCI_MANIFEST, &manifest).await), (400, "DIGEST_INVALID".to_owned()));
    assert_eq!(code(&pusher.put("a", "v1", OCI_INDEX, &manifest).await), (400, "MANIFEST_INVALID".to_owned()));
    assert_eq!(code(&pusher.put("a", ".v1", OCI_MANIFEST, &manifest).await), (400, "TAG_INVALID".to_owned()));
    assert_eq!(code(&pusher.manifest("a", &own).await), (404, "NAME_UNKNOWN".to_owned()));
    assert_eq!(pusher.put("a", &own, OCI_MANIFEST, &manifest).await.status, 201);
    assert_eq!(code(&pusher.manifest("a", "v1").await), (404, "MANIFEST_UNKNOWN".to_owned()));
    let pushed = pusher.put("a", "v1", OCI_MANIFEST, &manifest).await;
    assert_eq!((pushed.header("location"), pushed.header("oci-subject")), (format!("/v2/a/manifests/{own}").as_str(), ""));

    let got = pusher.manifest("a", "v1").await;
    assert_eq!((got.text, got.headers["content-type"].to_str().unwrap()), (manifest.to_string(), OCI_MANIFEST));
    let head = pusher.world.send(pusher.request(Method::HEAD, "/v2/a/manifests/v1").header("accept", "*/*")).await;
    assert_eq!(head.header("content-length"), manifest.to_string().len().to_string());
    assert_eq!(head.header("docker-content-digest"), own);
    let unchanged =
        pusher.request(Method::GET, "/v2/a/manifests/v1").header("accept", OCI_MANIFEST).header("if-none-match", head.header("etag"));
    assert_eq!(pusher.world.send(unchanged).await.status, 304);
    let docker = pusher.request(Method::GET, "/v2/a/manifests/v1").header("accept", "application/vnd.docker.distribution.manifest.v2+json");
    let docker = pusher.world.send(docker).await;
    assert_eq!(docker.json()["errors"][0]["message"], "OCI manifest found, but accept header does not support OCI manifests");

    // An index needs its manifests, and a manifest has its limit.
    let index = |bytes: &[u8]| json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(OCI_MANIFEST, bytes)] });
    assert_eq!(code(&pusher.put("a", "all", OCI_INDEX, &index(b"other")).await), (400, "MANIFEST_BLOB_UNKNOWN".to_owned()));
    assert_eq!(pusher.put("a", "all", OCI_INDEX, &index(manifest.to_string().as_bytes())).await.status, 201);
    let large = json!({ "schemaVersion": 2, "fill": "x".repeat(4 * 1024 * 1024) });
    assert_eq!(pusher.put("a", "large", OCI_MANIFEST, &large).await.status, 413);
}

#[tokio::test]
async fn referrers_are_told_of_their_subject_and_filtered() {
    let pusher = Pusher::start().await;
    let image = pusher.image("a", "v1", b"layer").await;
    let subject = descriptor(OCI_MANIFEST, image.to_string().as_bytes());
    let of_subject = format!("/v2/a/referrers/{}", subject["digest"].as_str().unwrap());
    assert_eq!(pusher.send(Method::GET, &of_subject).await.json()["manifests"], json!([]));
    let referrer = |artifact_type: &str, number: u32| {
        json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": artifact_type,
            "config": descriptor("application/vnd.oci.empty.v1+json", b"{}"),
            "layers": [descriptor("application/vnd.oci.empty.v1+json", b"{}")],
            "subject": subject,
            "annotations": { "number": number.to_string() },
        })
    };
    for (artifact_type, number) in [("application/vnd.in-toto+json", 1), ("application/vnd.in-toto+json", 2), ("example/sbom", 3)] {
        let manifest = referrer(artifact_type, number);
        let answer = pusher.put("a", &digest(manifest.to_string().as_bytes()), OCI_MANIFEST, &manifest).await;
        assert_eq!(answer.header("oci-subject"), subject["digest"].as_str().unwrap(), "{answer:?}");
    }
    let all = pusher.send(Method::GET, &of_subject).await;
    assert_eq!(all.header("content-type"), OCI_INDEX);
    assert_eq!((all.json()["manifests"].as_array().unwrap().len(), all.header("oci-filters-applied")), (3, ""));
    let some = pusher.send(Method::GET, &format!("{of_subject}?artifactType=example%2Fsbom")).await;
    assert_eq!(some.header("oci-filters-applied"), "artifactType");
    let found = some.json()["manifests"].clone();
    let expected = referrer("example/sbom", 3).to_string();
    assert_eq!(found[0]["digest"], digest(expected.as_bytes()));
    assert_eq!((&found[0]["annotations"], &found[0]["artifactType"]), (&json!({ "number": "3" }), &json!("example/sbom")));

    let mut next = format!("{of_subject}?n=1&artifactType=application%2Fvnd.in-toto%2Bjson");
    let mut pages = 0;
    while !next.is_empty() {
        let page = pusher.send(Method::GET, &next).await;
        assert_eq!(page.json()["manifests"].as_array().unwrap().len(), 1);
        pages += 1;
        next = page.header("link").split('>').next().unwrap_or_default().trim_start_matches('<').to_owned();
    }
    assert_eq!(pages, 2);
}

#[tokio::test]
async fn tags_and_repositories_are_listed_in_pages() {
    let pusher = Pusher::start().await;
    assert_eq!(code(&pusher.send(Method::GET, "/v2/a/tags/list").await), (404, "NAME_UNKNOWN".to_owned()));
    for tag in ["v1", "v2", "latest"] {
        pusher.image("a", tag, b"layer").await;
    }
    pusher.image("b/c", "v1", b"layer").await;
    assert_eq!(pusher.send(Method::GET, "/v2/a/tags/list").await.json(), json!({ "name": "a", "tags": ["latest", "v1", "v2"] }));
    let first = pusher.send(Method::GET, "/v2/a/tags/list?n=2").await;
    assert_eq!(first.json()["tags"], json!(["latest", "v1"]));
    assert_eq!(first.header("link"), r#"</v2/a/tags/list?last=v1&n=2&orderby=>; rel="next""#);
    let second = pusher.send(Method::GET, "/v2/a/tags/list?last=v1&n=2&orderby=").await;
    assert_eq!((&second.json()["tags"], second.header("link")), (&json!(["v2"]), ""));

    // The catalog needs a scope of its own.
    let refused = pusher.send(Method::GET, "/v2/_catalog").await;
    assert!(refused.header("www-authenticate").contains(r#"scope="registry:catalog:*""#), "{refused:?}");
    let refresh = pusher.world.registry_refresh_token(HOST, "by-secret", ARM_SCOPE).await.unwrap();
    let token = pusher.world.registry_access_token(HOST, &refresh, &["registry:catalog:*"]).await;
    assert_eq!(pusher.world.get(&format!("https://{HOST}/v2/_catalog"), &token).await.json(), json!({ "repositories": ["a", "b/c"] }));
}

#[tokio::test]
async fn only_who_may_deletes_and_what_refers_goes_along() {
    let world = World::start().await;
    let host = "shopprod.azurecr.io";
    let arm = world.token("by-secret", ARM_SCOPE).await;
    let subscriptions = world.get("https://management.azure.com/subscriptions?api-version=2022-12-01", &arm).await.json();
    let id = subscriptions["value"][0]["id"].as_str().unwrap();
    let url = format!(
        "https://management.azure.com{id}/resourceGroups/Shop-Group/providers/Microsoft.ContainerRegistry/registries/shopprod/listCredentials?api-version=2025-11-01"
    );
    let shown = world.call(Method::POST, &url, &arm, None).await.json();
    let password = shown["passwords"][1]["value"].as_str().unwrap();
    let send = async |method: Method, path: &str, media_type: &str, body: Vec<u8>| {
        let request = world.client.request(method, format!("https://{host}{path}")).basic_auth("shopprod", Some(password));
        world.send(request.header("content-type", media_type).header("accept", "*/*").body(body)).await
    };
    let path = format!("/v2/a/blobs/uploads/?digest={}", digest(b"{}"));
    assert_eq!(send(Method::POST, &path, "application/octet-stream", b"{}".to_vec()).await.status, 201);
    let config = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let image = json!({ "schemaVersion": 2, "config": config, "layers": [config] }).to_string();
    let referrer = json!({ "schemaVersion": 2, "config": config, "layers": [], "subject": descriptor(OCI_MANIFEST, image.as_bytes()) });
    assert_eq!(send(Method::PUT, "/v2/a/manifests/v1", OCI_MANIFEST, image.clone().into_bytes()).await.status, 201);
    assert_eq!(send(Method::PUT, "/v2/a/manifests/referrer", OCI_MANIFEST, referrer.to_string().into_bytes()).await.status, 201);

    let by_digest = format!("/v2/a/manifests/{}", digest(image.as_bytes()));
    let token = world.registry_token(host, "by-secret", &["a"]).await;
    let refused = world.call(Method::DELETE, &format!("https://{host}{by_digest}"), &token, None).await;
    assert!(refused.header("www-authenticate").contains(r#"scope="repository:a:delete",error="insufficient_scope""#), "{refused:?}");
    assert_eq!(code(&send(Method::DELETE, "/v2/a/manifests/v1", "", Vec::new()).await), (405, "UNSUPPORTED".to_owned()));
    let other = format!("/v2/a/manifests/{}", digest(b"other"));
    assert_eq!(code(&send(Method::DELETE, &other, "", Vec::new()).await), (404, "MANIFEST_UNKNOWN".to_owned()));
    assert_eq!(send(Method::DELETE, &by_digest, "", Vec::new()).await.status, 202);
    for gone in ["/v2/a/manifests/v1", "/v2/a/manifests/referrer"] {
        assert_eq!(send(Method::GET, gone, "", Vec::new()).await.status, 404);
    }
    let blob = format!("/v2/a/blobs/{}", digest(b"{}"));
    assert_eq!(send(Method::HEAD, &blob, "", Vec::new()).await.status, 200);
    assert_eq!(send(Method::DELETE, &blob, "", Vec::new()).await.status, 202);
    assert_eq!(send(Method::HEAD, &blob, "", Vec::new()).await.status, 404);
    assert_eq!(std::fs::read_dir(world.state.path().join("azure/registries/shopprod/blobs")).unwrap().count(), 0);
}

#[tokio::test]
async fn images_survive_a_restart_and_uploads_do_not() {
    let pusher = Pusher::start().await;
    let image = pusher.image("b/c", "v1", b"layer").await;
    let location = pusher.begin("b/c").await;
    let World { standin, state, config, .. } = pusher.world;
    standin.stop().await;
    let standin = start_on(state.path(), config.clone()).await.unwrap();
    let client = crate::support::client(standin.endpoint());
    let pusher = Pusher { world: World { standin, state, config, client }, token: pusher.token };
    let got = pusher.manifest("b/c", "v1").await;
    assert_eq!(got.text, image.to_string());
    assert_eq!(pusher.read("b/c", &digest(b"layer")).await.text, "layer");
    assert_eq!(code(&pusher.send(Method::GET, &location).await), (404, "BLOB_UPLOAD_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn what_a_registry_can_do_and_this_one_cannot_is_told() {
    let pusher = Pusher::start().await;
    for (method, path) in [(Method::GET, "/acr/v1/a"), (Method::PATCH, "/v2/a/manifests/v1"), (Method::GET, "/v2/a/blobs/uploads/")] {
        let answer = pusher.send(method, path).await;
        assert_eq!((answer.status.as_u16(), answer.code().1), (501, "NotSimulated".to_owned()), "{path}");
    }
    assert_eq!(code(&pusher.send(Method::GET, "/v2/Shop/tags/list").await), (400, "NAME_INVALID".to_owned()));
}

#[tokio::test]
async fn whoever_runs_the_local_azure_reads_its_registries_and_writes_nothing() {
    let pusher = Pusher::start().await;
    let image = pusher.image("a", "v1", b"layer").await;
    let world = &pusher.world;
    let store = Store::open(world.state.path()).unwrap();
    let now = slipway_net::Clock::System.now();
    assert_eq!(store.registry_reader(&world.config, "other.azurecr.io", now), None);
    let refresh = store.registry_reader(&world.config, HOST, now).unwrap();
    let scope = "repository:a:pull,push,delete";
    let token = world.registry_access_token(HOST, &refresh, &[scope]).await;
    let url = format!("https://{HOST}/v2/a/manifests/v1");
    let read = world.send(world.client.get(&url).bearer_auth(&token).header("accept", OCI_MANIFEST)).await;
    assert_eq!(read.text, image.to_string());
    for (method, path) in [(Method::POST, "blobs/uploads/"), (Method::DELETE, "manifests/v1")] {
        let refused = world.call(method, &format!("https://{HOST}/v2/a/{path}"), &token, None).await;
        assert_eq!(code(&refused), (401, "UNAUTHORIZED".to_owned()), "{path}");
    }
}
