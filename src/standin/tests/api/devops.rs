use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde_json::{Value, json};

use crate::support::{JOB, JOB_TOKEN, PLAN, World, parameter};

#[tokio::test]
async fn a_registered_job_gets_a_token_that_the_issuers_key_verifies() {
    let world = World::start().await;
    world.register_job(&["federated"]);
    let token = world.oidc_token("federated").await;
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    let connection = world.connection("federated");
    assert_eq!(claims["iss"], parameter(&connection, "workloadIdentityFederationIssuer"));
    assert_eq!(claims["sub"], parameter(&connection, "workloadIdentityFederationSubject"));
    assert_eq!(claims["sub"], "sc://contoso/shop/federated");
    assert_eq!(claims["aud"], "api://AzureADTokenExchange");
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);

    let issuer = claims["iss"].as_str().unwrap();
    assert!(issuer.starts_with("https://vstoken.dev.azure.com/"));
    let configuration = world.get(&format!("{issuer}/.well-known/openid-configuration"), "").await.json();
    assert_eq!(configuration["issuer"], issuer);
    let keys = world.get(configuration["jwks_uri"].as_str().unwrap(), "").await.json();
    let part = |name: &str| URL_SAFE_NO_PAD.decode(keys["keys"][0][name].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    RsaPublicKeyComponents { n: part("n"), e: part("e") }
        .verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
        .unwrap();
}

#[tokio::test]
async fn the_older_path_by_the_projects_name_works_as_well() {
    let world = World::start().await;
    world.register_job(&["federated"]);
    let url = format!(
        "https://dev.azure.com/contoso/shop/_apis/distributedtask/hubs/build/plans/{PLAN}/jobs/{JOB}/oidctoken?serviceConnectionId={}&api-version=7.1-preview.1",
        world.connection("federated").id
    );
    let answer = world.call(Method::POST, &url, JOB_TOKEN, Some(json!({}))).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["oidcToken"].is_string());
}

#[tokio::test]
async fn only_the_job_itself_gets_a_token_for_a_connection_that_it_may_use() {
    let world = World::start().await;
    let url = world.oidc_url("federated");
    let post = async |url: &str, token: &str| {
        let answer = world.call(Method::POST, url, token, None).await;
        (answer.status.as_u16(), answer.json()["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(post(&url, JOB_TOKEN).await.0, 401, "no job is registered");
    world.register_job(&["renamed"]);
    let refused = post(&url, JOB_TOKEN).await;
    assert_eq!(refused.0, 403);
    assert!(refused.1.contains(&world.connection("federated").id), "{}", refused.1);
    world.register_job(&["federated"]);
    assert_eq!(world.call(Method::POST, &url, JOB_TOKEN, None).await.status, 200);
    for token in ["", "another-token"] {
        let refused = post(&url, token).await;
        assert_eq!(refused.0, 401);
        assert!(refused.1.starts_with("TF400813"), "{}", refused.1);
    }
    assert_eq!(post(&url.replace(PLAN, JOB), JOB_TOKEN).await.0, 404);
    assert_eq!(post(&url.replace("hubs/build", "hubs/release"), JOB_TOKEN).await.0, 404);
    assert_eq!(post(&url.replace("/contoso/", "/fabrikam/"), JOB_TOKEN).await.0, 404);
    assert_eq!(post(&url.replace(&world.endpoint().project_id, "bakery"), JOB_TOKEN).await.0, 404);
    assert_eq!(post(&url.replace("api-version=7.1&", ""), JOB_TOKEN).await.0, 400);
    // The address of a job is no path of a file.
    assert_eq!(post(&url.replace(JOB, "..%2Fendpoint"), JOB_TOKEN).await.0, 401);
    std::fs::remove_file(format!("{}/{JOB}.json", world.endpoint().jobs_folder)).unwrap();
    assert_eq!(post(&url, JOB_TOKEN).await.0, 401, "the job has ended");
}
