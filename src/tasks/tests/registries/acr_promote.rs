//! AcrPromote.

use slipway_agent::commands::task::TaskResult;
use slipway_agent::{Cancellation, StopReason};

use crate::job::{Bench, SOURCE, TARGET, noise};
use crate::relay::Relay;
use crate::support::{Answer, ProxyRules, World};

#[tokio::test]
async fn images_are_promoted_and_a_second_time_nothing_is_copied() {
    let bench = Bench::new();
    bench.publish("41", &[("tags", "20261124.1")]).await;
    bench.write("sources/app/orders", b"another program");
    bench.publish("41", &[("repository", "shop/shipping")]).await;

    let first = bench.promote(&[("tags", "live")]).await;
    assert_eq!(first.result, TaskResult::Succeeded, "{}", first.told());
    insta::assert_snapshot!("promoted", first.told());
    insta::assert_snapshot!("promoted_images", first.name(&std::fs::read_to_string(bench.promoted()).unwrap()));
    for service in ["orders", "shipping"] {
        let (repository, digest) = (format!("shop/{service}"), bench.digest(service));
        assert_eq!(bench.target.tagged(&format!("{repository}:live")), digest);
        assert_eq!(bench.target.statements(&repository, &digest), bench.source.statements(&repository, &digest));
    }

    let again = bench.promote(&[("tags", "live")]).await;
    assert_eq!(again.result, TaskResult::Succeeded, "{}", again.told());
    insta::assert_snapshot!("promoted_again", again.told());
}

#[tokio::test]
async fn a_tag_of_the_target_goes_to_the_next_image() {
    let mut bench = Bench::new();
    bench.publish("41", &[]).await;
    let before = bench.digest("orders");
    bench.promote(&[("tags", "live")]).await;
    bench.write("sources/app/orders", b"the next program");
    bench.publish("42", &[]).await;
    bench.variables.insert("RESOURCES_PIPELINE_CI_RUNID".to_owned(), "42".to_owned());
    let finished = bench.promote(&[("tags", "live")]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    let told = format!("orders: tag live names it now; before it named {before}.");
    assert!(finished.log.contains(&told), "{}", finished.log);
    assert_eq!(bench.target.tagged("shop/orders:live"), bench.digest("orders"));
    assert!(bench.target.has_manifest("shop/orders", &before));
}

#[tokio::test]
async fn a_dry_run_copies_nothing() {
    let bench = Bench::new();
    bench.publish("41", &[]).await;
    let finished = bench.promote(&[("dryRun", "true"), ("tags", "live")]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    insta::assert_snapshot!("dry_run", finished.told());
    assert_eq!(bench.target.repositories(), [""; 0]);
    assert!(!bench.promoted().exists());
}

/// The run's address in the provenance and that of the pipeline resource, however the agent spells the organization.
#[tokio::test]
async fn a_run_is_named_alike_by_both_tasks() {
    let mut bench = Bench::new();
    for organization in ["https://dev.azure.com/contoso", ""] {
        bench.variables.insert("SYSTEM_COLLECTIONURI".to_owned(), organization.to_owned());
        bench.write("sources/app/orders", organization.as_bytes());
        bench.publish("41", &[]).await;
        let finished = bench.promote(&[("dryRun", "true")]).await;
        assert_eq!(finished.result, TaskResult::Succeeded, "{organization}: {}", finished.told());
    }
}

#[tokio::test]
async fn one_service_of_several_is_promoted() {
    let bench = Bench::new();
    bench.publish("41", &[]).await;
    bench.publish("41", &[("repository", "shop/shipping")]).await;
    let finished = bench.promote(&[("services", "shipping")]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    assert_eq!(bench.target.repositories(), ["shop/shipping"]);
}

/// An index of two images, made by oras, with the provenance of a run.
#[tokio::test]
async fn an_index_that_oras_made_is_promoted_with_its_images() {
    let bench = Bench::new();
    bench.publish("41", &[]).await;
    let amd = bench.digest("orders");
    bench.publish("41", &[("platform", "linux/arm64")]).await;
    let arm = bench.digest("orders");
    let place = format!("{}/shop/orders", bench.source.host);
    bench.source.oras(&["manifest", "index", "create"], &[&format!("{place}:all"), &amd, &arm]);
    let all = bench.source.oras(&["resolve"], &[&format!("{place}:all")]).trim().to_owned();
    bench.edit_images(|text| text.replace(&arm, &all));

    // its images have provenance, the index has none
    let refused = bench.promote(&[]).await;
    assert_eq!(refused.result, TaskResult::Failed);
    insta::assert_snapshot!("index_without_provenance", refused.told());

    let statement = bench.source.statements("shop/orders", &arm)[0]
        .1
        .to_string()
        .replace(arm.strip_prefix("sha256:").unwrap(), all.strip_prefix("sha256:").unwrap());
    bench.write("statement.json", statement.as_bytes());
    let file = format!("{}:application/vnd.in-toto+json", bench.path("statement.json").display());
    let kind = ["--disable-path-validation", "--artifact-type", "application/vnd.in-toto+json"];
    bench.source.oras(&["attach"], &[&kind[..], &[&format!("{place}@{all}"), &file]].concat());
    let finished = bench.promote(&[("tags", "live")]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    assert_eq!(bench.target.tagged("shop/orders:live"), all);
    for digest in [&all, &amd, &arm] {
        assert!(bench.target.has_manifest("shop/orders", digest), "{digest}");
        assert_eq!(bench.target.statements("shop/orders", digest), bench.source.statements("shop/orders", digest));
    }
}

/// Runs with what cannot be promoted; the target gets nothing.
async fn refused(bench: &Bench, inputs: &[(&str, &str)]) -> String {
    let finished = bench.promote(inputs).await;
    assert_eq!(finished.result, TaskResult::Failed, "{}", finished.told());
    assert!(!finished.log.contains("##vso[task.setvariable"), "{}", finished.log);
    assert!(!bench.promoted().exists());
    assert_eq!(bench.target.repositories(), [""; 0]);
    finished.told()
}

#[tokio::test]
async fn another_valid_image_is_refused() {
    let bench = Bench::new();
    bench.publish("41", &[]).await;
    let ours = bench.digest("orders");
    bench.write("sources/app/orders", b"what somebody else built");
    bench.publish("42", &[]).await;
    // the file that names the image of run 42 comes in the place of that of run 41
    insta::assert_snapshot!("another_run", refused(&bench, &[]).await);
    // both are whole: it is the run that decides
    let theirs = bench.digest("orders");
    bench.edit_images(|text| text.replace(&theirs, &ours));
    assert_eq!(bench.promote(&[]).await.result, TaskResult::Succeeded);
}

#[tokio::test]
async fn the_same_image_of_two_runs_is_of_each_of_them() {
    let bench = Bench::new();
    bench.publish("40", &[]).await;
    let digest = bench.digest("orders");
    bench.publish("41", &[]).await;
    assert_eq!((bench.digest("orders"), bench.source.statements("shop/orders", &digest).len()), (digest.clone(), 2));
    let first = bench.promote(&[]).await;
    assert_eq!(first.result, TaskResult::Succeeded, "{}", first.told());
    let mut second = bench;
    second.variables.insert("RESOURCES_PIPELINE_CI_RUNID".to_owned(), "40".to_owned());
    let finished = second.promote(&[]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    second.variables.insert("RESOURCES_PIPELINE_CI_RUNID".to_owned(), "42".to_owned());
    let finished = second.promote(&[]).await;
    assert_eq!(finished.result, TaskResult::Failed, "{}", finished.told());
    insta::assert_snapshot!("neither_run", finished.told());
}

#[tokio::test]
async fn what_others_put_beside_an_image_hides_no_provenance() {
    let bench = Bench::new();
    bench.publish("40", &[]).await;
    let digest = bench.digest("orders");
    // such as a list of everything that is in the image
    bench.write("large.json", format!("\"{}\"", "x".repeat(1024 * 1024)).as_bytes());
    let file = format!("{}:application/vnd.in-toto+json", bench.path("large.json").display());
    let kind = ["--disable-path-validation", "--artifact-type", "application/vnd.in-toto+json"];
    let place = format!("{}/shop/orders@{digest}", bench.source.host);
    bench.source.oras(&["attach"], &[&kind[..], &[&place, &file]].concat());
    insta::assert_snapshot!("something_else_beside_the_image", refused(&bench, &[]).await);
    bench.publish("41", &[]).await;
    let finished = bench.promote(&[]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
}

#[tokio::test]
async fn a_blob_that_was_changed_is_refused() {
    let bench = Bench::new();
    bench.publish("41", &[]).await;
    let layer = bench.source.inspect(&format!("shop/orders@{}", bench.digest("orders")))["Layers"][0].as_str().unwrap().to_owned();
    let file = bench.source.blob_file(&layer);
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let finished = bench.promote(&[("tags", "live")]).await;
    assert_eq!(finished.result, TaskResult::Failed, "{}", finished.told());
    insta::assert_snapshot!("changed_blob", finished.told());
    assert!(!bench.target.has_manifest("shop/orders", &bench.digest("orders")));
    assert!(!bench.promoted().exists());
}

#[tokio::test]
async fn provenance_that_was_changed_is_refused() {
    let bench = Bench::new();
    bench.publish("42", &[]).await;
    // somebody makes the statement of run 42 one of run 41, which is as long
    let (referrer, _) = &bench.source.statements("shop/orders", &bench.digest("orders"))[0];
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(bench.source.blob_file(referrer)).unwrap()).unwrap();
    let file = bench.source.blob_file(manifest["layers"][0]["digest"].as_str().unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("buildId=42"), "{text}");
    std::fs::write(&file, text.replace("buildId=42", "buildId=41")).unwrap();
    insta::assert_snapshot!("changed_provenance", refused(&bench, &[]).await);
}

#[tokio::test]
async fn a_tag_that_was_moved_changes_nothing_and_is_told() {
    let bench = Bench::new();
    bench.publish("41", &[("tags", "20261124.1\ngone")]).await;
    let ours = bench.digest("orders");
    let images = std::fs::read_to_string(bench.images()).unwrap();
    bench.write("sources/app/orders", b"what somebody else built");
    bench.publish("42", &[("tags", "20261124.1")]).await;
    assert_ne!(bench.source.tagged("shop/orders:20261124.1"), ours);
    std::fs::write(bench.images(), &images).unwrap();
    let finished = bench.promote(&[("tags", "live")]).await;
    assert_eq!(finished.result, TaskResult::SucceededWithIssues, "{}", finished.told());
    insta::assert_snapshot!("tag_moved", finished.told());
    assert_eq!(bench.target.tagged("shop/orders:live"), ours);
}

#[tokio::test]
async fn inputs_that_cannot_be_used_are_told_at_once() {
    let bench = Bench::new();
    let none = ["sourceContainerRegistry", "targetContainerRegistry", "imagesFile"].map(|name| (name, ""));
    insta::assert_snapshot!("nothing_given", refused(&bench, &none).await);
    let bad = [
        ("sourceContainerRegistry", "no-such-connection"),
        ("targetConnectionType", "azure"),
        ("tags", ":live"),
        ("pipelineResource", ""),
        ("dryRun", "perhaps"),
    ];
    insta::assert_snapshot!("bad_inputs", refused(&bench, &bad).await);
}

#[tokio::test]
async fn an_images_file_that_cannot_be_used_is_told() {
    let bench = Bench::new();
    insta::assert_snapshot!("no_images_file", refused(&bench, &[]).await);
    bench.publish("41", &[("tags", "20261124.1")]).await;
    let good = std::fs::read_to_string(bench.images()).unwrap();
    let digest = bench.digest("orders");
    for (name, text) in [
        ("newer_images_file", "{\"schema\":2,\"list\":{}}".to_owned()),
        ("torn_images_file", good[..good.len() / 2].to_owned()),
        ("no_images", "{\"schema\":1,\"images\":[]}".to_owned()),
        ("bad_digest", good.replace(&digest, "latest")),
        ("image_of_another_registry", good.replace(&bench.source.host, "contoso.azurecr.io")),
        ("no_such_digest", good.replace(&digest, &format!("sha256:{}", "0".repeat(64)))),
        ("no_such_repository", good.replace("shop/orders", "shop/order")),
        ("two_images_of_a_service", {
            let mut list: serde_json::Value = serde_json::from_str(&good).unwrap();
            let image = list["images"][0].clone();
            list["images"].as_array_mut().unwrap().push(image);
            list.to_string()
        }),
        ("bad_names", good.replace("shop/orders", "../orders").replace("20261124.1", "../latest")),
    ] {
        std::fs::write(bench.images(), text).unwrap();
        insta::assert_snapshot!(name, refused(&bench, &[]).await);
    }
    std::fs::write(bench.images(), &good).unwrap();
    insta::assert_snapshot!("unknown_service", refused(&bench, &[("services", "orders\nshiping\nbilling")]).await);
}

#[tokio::test]
async fn every_image_that_is_refused_is_told() {
    let bench = Bench::new();
    bench.publish("42", &[]).await;
    bench.publish("41", &[("repository", "shop/payments")]).await;
    bench.publish("41", &[("repository", "shop/shipping")]).await;
    bench.edit_images(|text| text.replace("shop/shipping", "shop/shiping"));
    insta::assert_snapshot!("several_refused", refused(&bench, &[]).await);
}

#[tokio::test]
async fn a_run_that_knows_no_such_pipeline_resource_is_told() {
    let bench = Bench::new();
    bench.publish("41", &[]).await;
    insta::assert_snapshot!("no_such_resource", refused(&bench, &[("pipelineResource", "build")]).await);
}

#[tokio::test]
async fn registries_that_cannot_be_used_are_told() {
    let mut bench = Bench::new();
    bench.publish("41", &[]).await;
    insta::assert_snapshot!("same_registry", refused(&bench, &[("targetContainerRegistry", SOURCE)]).await);
    for (id, name) in [(SOURCE, "wrong_password_source"), (TARGET, "wrong_password_target")] {
        bench.variables = [(format!("ENDPOINT_AUTH_PARAMETER_{id}_PASSWORD"), "planted-password-2".to_owned())].into();
        insta::assert_snapshot!(name, refused(&bench, &[]).await);
    }
    bench.variables.clear();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    bench.target_host = Some(gone);
    insta::assert_snapshot!("no_registry", refused(&bench, &[]).await);
    // a name that nobody has, which only the proxy can know
    let host = "shopproduction.azurecr.io".to_owned();
    let rules =
        ProxyRules { refused: Some((host.clone(), "502 Bad Gateway".to_owned(), "no such host".to_owned())), ..ProxyRules::default() };
    let world = World::start_with(&[], rules, |_| Answer::Reset).await;
    bench.target_host = Some(host);
    bench.variables.insert("AGENT_PROXYURL".to_owned(), format!("http://{}", world.proxy));
    let told = refused(&bench, &[]).await;
    insta::assert_snapshot!("no_registry_of_this_name", told.replace(&world.proxy.to_string(), "PROXY"));
}

#[tokio::test]
async fn a_cancellation_in_the_middle_of_a_copy_leaves_no_image_and_the_rerun_goes_on() {
    let mut bench = Bench::new();
    bench.write("sources/app/orders", &noise());
    bench.publish("41", &[]).await;
    let relay = Relay::start(&bench.target.host, 500_000).await;
    bench.target_host = Some(relay.host.clone());

    let cancellation = Cancellation::default();
    let cancel = async {
        relay.held().await;
        cancellation.cancel(StopReason::Interrupted);
    };
    let inputs = [("tags", "live")];
    let mut task = std::pin::pin!(bench.promote_until(&inputs, cancellation.clone()));
    tokio::select! {
        () = cancel => (),
        finished = &mut task => panic!("it ended before it was cancelled: {}", finished.told()),
    }
    let stopped = task.await;
    insta::assert_snapshot!("stopped", stopped.told());
    assert!(!bench.target.has_manifest("shop/orders", &bench.digest("orders")));
    assert!(!bench.promoted().exists());

    relay.release();
    let finished = bench.promote(&inputs).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.told());
    assert_eq!(bench.target.tagged("shop/orders:live"), bench.digest("orders"));
}
