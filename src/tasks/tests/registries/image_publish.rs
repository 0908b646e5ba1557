//! ImagePublish.

use slipway_agent::commands::task::TaskResult;
use slipway_agent::{Cancellation, StopReason};

use crate::job::{Bench, COMMIT, SOURCE, noise};
use crate::relay::Relay;

#[tokio::test]
async fn an_image_is_published_and_a_second_time_nothing_is_sent() {
    let bench = Bench::new();
    let inputs = [
        ("tags", "20261124.1\nlatest"),
        ("ports", "8080"),
        ("environment", "RUST_LOG=info"),
        ("command", "--config\n/app/etc/orders.toml"),
    ];
    let first = bench.publish("41", &inputs).await;
    assert_eq!(first.result, TaskResult::Succeeded, "{}", first.told());
    insta::assert_snapshot!("published", first.told());
    insta::assert_snapshot!("published_images", first.name(&std::fs::read_to_string(bench.images()).unwrap()));

    // others read it
    let digest = bench.digest("orders");
    let read = bench.source.inspect("shop/orders:20261124.1");
    assert_eq!(read["Digest"], digest.as_str());
    assert_eq!((&read["Os"], &read["Architecture"], &read["Env"][0]), (&"linux".into(), &"amd64".into(), &"RUST_LOG=info".into()));
    let statements = bench.source.statements("shop/orders", &digest);
    assert_eq!(statements.len(), 1);
    let statement = &statements[0].1;
    assert_eq!(statement["subject"][0]["digest"]["sha256"], digest.strip_prefix("sha256:").unwrap());
    let definition = &statement["predicate"]["buildDefinition"];
    assert_eq!(definition["resolvedDependencies"][0]["digest"]["gitCommit"], COMMIT);
    assert_eq!(definition["externalParameters"]["repository"], "https://dev.azure.com/contoso/Shop/_git/shop");
    let run = "https://dev.azure.com/contoso/11111111-1111-4111-8111-111111111111/_build/results?buildId=41";
    assert_eq!(statement["predicate"]["runDetails"]["metadata"]["invocationId"], run);

    let again = bench.publish("41", &inputs).await;
    assert_eq!(again.result, TaskResult::Succeeded, "{}", again.told());
    insta::assert_snapshot!("published_again", again.told());
    // the same statement is the same referrer
    assert_eq!(bench.source.statements("shop/orders", &digest), statements);
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let bench = Bench::new();
    let finished = bench.publish("41", &[("dryRun", "true"), ("tags", "v1")]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    insta::assert_snapshot!("dry_run", finished.told());
    assert!(!bench.images().exists());
    assert_eq!(bench.source.repositories(), [""; 0]);
    // and what looks for repositories finds them
    bench.publish("41", &[]).await;
    assert_eq!(bench.source.repositories(), ["shop/orders"]);
}

#[tokio::test]
async fn an_image_on_a_base_image_has_its_layers_and_names_it() {
    let bench = Bench::new();
    bench.write("sources/base/etc/ssl/certs.pem", b"certificates");
    let folder = bench.path("sources/base").display().to_string();
    let base = [("repository", "base/run"), ("folder", folder.as_str()), ("destination", "/"), ("tags", "v1")];
    assert_eq!(bench.publish("40", &base).await.result, TaskResult::Succeeded);
    let base = format!("{}/base/run:v1", bench.source.host);
    let finished = bench.publish("41", &[("baseImage", &base)]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    insta::assert_snapshot!("on_a_base", finished.told());
    let (base, image) = (bench.source.inspect("base/run:v1"), bench.source.inspect(&format!("shop/orders@{}", bench.digest("orders"))));
    assert_eq!((&base["Layers"][0], image["Layers"].as_array().unwrap().len()), (&image["Layers"][0], 2));
    // the tag was resolved: the provenance names the digest
    let statement = &bench.source.statements("shop/orders", &bench.digest("orders"))[0].1;
    let dependency = &statement["predicate"]["buildDefinition"]["resolvedDependencies"][1];
    assert_eq!(format!("sha256:{}", dependency["digest"]["sha256"].as_str().unwrap()), base["Digest"].as_str().unwrap());
}

#[tokio::test]
async fn a_tag_that_named_another_image_is_told() {
    let bench = Bench::new();
    bench.publish("41", &[("tags", "latest")]).await;
    bench.write("sources/app/orders", b"the next program");
    let finished = bench.publish("42", &[("tags", "latest")]).await;
    insta::assert_snapshot!("tag_moved", finished.told());
    assert_eq!(bench.source.tagged("shop/orders:latest"), bench.digest("orders"));
}

/// Runs with what a new user would get wrong; nothing is sent, no images file is written.
async fn refused(bench: &Bench, inputs: &[(&str, &str)]) -> String {
    let finished = bench.publish("41", inputs).await;
    assert_eq!(finished.result, TaskResult::Failed, "{}", finished.told());
    assert!(!finished.log.contains("##vso[task.setvariable"), "{}", finished.log);
    assert!(!bench.images().exists());
    finished.told()
}

#[tokio::test]
async fn inputs_that_are_not_given_are_told_at_once() {
    let bench = Bench::new();
    let none = ["containerRegistry", "repository", "folder", "entryPoint"].map(|name| (name, ""));
    insta::assert_snapshot!("nothing_given", refused(&bench, &none).await);
    let azure = [&none[..], &[("connectionType", "azureResourceManager")]].concat();
    insta::assert_snapshot!("nothing_given_azure", refused(&bench, &azure).await);
}

#[tokio::test]
async fn inputs_that_cannot_be_used_are_told_at_once() {
    let bench = Bench::new();
    let bad = [
        ("containerRegistry", "no-such-connection"),
        ("repository", "shopnonprod.azurecr.io/Shop/orders"),
        ("destination", "app"),
        ("environment", "RUST_LOG\nA B=planted-value\nC=1\nC=2"),
        ("workingDirectory", "/app/../etc"),
        ("ports", "8080, 99999, 1/icmp"),
        ("labels", "a b=c"),
        ("platform", "linux"),
        ("baseImage", "debian:12"),
        ("tags", "v1\n:v2\na/b"),
        ("dryRun", "perhaps"),
    ];
    let told = refused(&bench, &bad).await;
    assert!(!told.contains("planted-value"), "{told}");
    insta::assert_snapshot!("bad_inputs", told);
}

#[tokio::test]
async fn a_folder_that_is_no_image_is_told_before_anything_is_sent() {
    let bench = Bench::new();
    std::fs::create_dir_all(bench.path("sources/empty/inner")).unwrap();
    let folder = bench.path("sources/empty").display().to_string();
    insta::assert_snapshot!("empty_folder", refused(&bench, &[("folder", &folder)]).await);
    let folder = bench.path("sources/nowhere").display().to_string();
    insta::assert_snapshot!("no_folder", refused(&bench, &[("folder", &folder)]).await);
    std::os::unix::fs::symlink("/etc/passwd", bench.path("sources/app/etc/passwd")).unwrap();
    std::os::unix::fs::symlink("../../secrets", bench.path("sources/app/secrets")).unwrap();
    insta::assert_snapshot!("links_that_leave", refused(&bench, &[]).await);
    assert_eq!(bench.source.repositories(), [""; 0]);
}

#[tokio::test]
async fn a_registry_that_does_not_take_the_image_is_told() {
    let mut bench = Bench::new();
    bench.variables.insert(format!("ENDPOINT_AUTH_PARAMETER_{SOURCE}_PASSWORD"), "planted-password-2".to_owned());
    insta::assert_snapshot!("wrong_password", refused(&bench, &[]).await);
    bench.variables.clear();
    // a port that nobody listens on
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    bench.source_host = Some(gone);
    insta::assert_snapshot!("no_registry", refused(&bench, &[]).await);
}

#[tokio::test]
async fn a_base_image_that_does_not_fit_is_told() {
    let bench = Bench::new();
    let elsewhere = bench.path("elsewhere.json").display().to_string();
    let base = [("repository", "base/run"), ("platform", "linux/arm64"), ("tags", "v1"), ("imagesFile", elsewhere.as_str())];
    assert_eq!(bench.publish("40", &base).await.result, TaskResult::Succeeded);
    let host = &bench.source.host;
    insta::assert_snapshot!("base_of_another_platform", refused(&bench, &[("baseImage", &format!("{host}/base/run:v1"))]).await);
    insta::assert_snapshot!("no_such_base", refused(&bench, &[("baseImage", &format!("{host}/base/run:v2"))]).await);
    let elsewhere = format!("{}/base/run:v1", bench.target.host);
    insta::assert_snapshot!("base_that_wants_a_sign_in", refused(&bench, &[("baseImage", &elsewhere)]).await);
    assert_eq!(bench.source.repositories(), ["base/run"]);
}

#[tokio::test]
async fn an_images_file_that_cannot_be_used_is_told() {
    let bench = Bench::new();
    bench.write("staging/images/images.json", b"{\"schema\":2,\"images\":[]}");
    insta::assert_snapshot!("newer_images_file", bench.publish("41", &[]).await.told());
    for (name, text) in [("no_list", "[]"), ("torn_images_file", "{\"schema\":1,")] {
        bench.write("staging/images/images.json", text.as_bytes());
        let finished = bench.publish("41", &[]).await;
        assert_eq!(finished.result, TaskResult::Failed);
        insta::assert_snapshot!(name, finished.told());
        assert_eq!(std::fs::read_to_string(bench.images()).unwrap(), text);
    }
    assert_eq!(bench.source.repositories(), [""; 0]);
}

#[tokio::test]
async fn a_cancellation_in_the_middle_of_a_push_leaves_no_image_and_the_rerun_goes_on() {
    let mut bench = Bench::new();
    bench.write("sources/app/orders", &noise());
    let relay = Relay::start(&bench.source.host, 500_000).await;
    bench.source_host = Some(relay.host.clone());
    let cancellation = Cancellation::default();
    let mut task = std::pin::pin!(bench.publish_until("41", &[("tags", "v1")], cancellation.clone()));
    tokio::select! {
        () = relay.held() => cancellation.cancel(StopReason::Interrupted),
        finished = &mut task => panic!("it ended before it was cancelled: {}", finished.told()),
    }
    insta::assert_snapshot!("stopped", task.await.told());
    assert!(!bench.images().exists());
    assert_eq!(bench.source.manifests("shop/orders"), 0);

    relay.release();
    let finished = bench.publish("41", &[("tags", "v1")]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    assert_eq!(bench.source.tagged("shop/orders:v1"), bench.digest("orders"));
    // the image, its provenance, and the list of referrers
    assert_eq!(bench.source.manifests("shop/orders"), 3);
}
