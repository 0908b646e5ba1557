//! OIDC tokens from a scripted Azure DevOps.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[path = "../../net/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use slipway_devops::oidc::{OidcAddress, OidcClient, OidcError, OidcErrorKind};
use support::{Answer, Sink, World, secret};
use url::Url;

const HOST: &str = "dev.azure.com";

fn client(world: &World, sink: &Sink) -> OidcClient {
    let address = OidcAddress::RequestUri(Url::parse("https://dev.azure.com/o/p/_apis/x/oidctoken").unwrap());
    OidcClient::new(address, "c-1".to_owned(), secret("job-token"), world.client(), Arc::new(sink.clone()))
}

async fn error(answer: Answer) -> OidcError {
    let world = World::start(&[HOST], move |_| answer.clone()).await;
    client(&world, &Sink::default()).token().await.unwrap_err()
}

#[tokio::test]
async fn a_token_is_asked_for_with_the_jobs_own_and_is_masked() {
    let world = World::start(&[HOST], |_| Answer::json(200, r#"{"oidcToken":"ey.J.x"}"#)).await;
    let sink = Sink::default();
    assert_eq!(client(&world, &sink).token().await.unwrap().expose(), "ey.J.x");
    assert_eq!(sink.registered(), ["ey.J.x"]);
    assert_eq!(world.lines(), ["POST dev.azure.com/o/p/_apis/x/oidctoken?api-version=7.1&serviceConnectionId=c-1"]);
    let seen = &world.seen()[0];
    assert_eq!(
        (seen.header("authorization"), seen.header("x-tfs-fedauthredirect"), seen.body.as_str()),
        ("Bearer job-token", "Suppress", "{}")
    );
}

#[tokio::test]
async fn a_refusal_says_what_azure_devops_said_and_the_next_step() {
    let refused = error(Answer::json(403, r#"{"message":"TF400813: not authorized."}"#).with("x-vss-e2eid", "activity-1")).await;
    assert!(matches!(refused.kind, OidcErrorKind::Connection));
    assert_eq!(
        refused.to_string(),
        "`dev.azure.com` gave no OIDC token for the service connection `c-1`: 403, TF400813: not authorized. (activity id `activity-1`)"
    );
    assert!(refused.next_step.contains("authorized to use it"));
    assert!(matches!(error(Answer::json(401, "{}")).await.kind, OidcErrorKind::Unauthorized));
    let page = error(Answer::html(203, "<title>Sign in</title>")).await;
    assert!(page.message.contains("203, Sign in"), "{page}");
    let other = error(Answer::json(200, "{}")).await;
    assert!(other.message.contains("holds no OIDC token"), "{other}");
    for body in [r#""planted""#, r#"{"oidcToken":271828182845}"#] {
        let other = error(Answer::json(200, body)).await;
        assert!(other.message.contains("line 1 column "), "{other}");
        assert!(!other.message.contains("planted") && !other.message.contains("271828182845"), "{other}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_reached_is_named() {
    let world = World::start(&["other.example"], |_| Answer::json(200, "{}")).await;
    let error = client(&world, &Sink::default()).token().await.unwrap_err();
    assert!(matches!(error.kind, OidcErrorKind::Transport(_)));
    assert!(error.message.contains("The certificate of `dev.azure.com`"), "{error}");
}
