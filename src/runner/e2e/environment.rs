use super::*;
use slipway_model::JobRegistration;
use slipway_secret::Secret;

/// A task that prints its environment as one line of JSON, with names sorted.
const PRINT: &str = "const e = process.env; console.log(JSON.stringify(Object.fromEntries(Object.keys(e).sort().map(k => [k, e[k]]))));";

fn connection(id: &str, name: &str, key: &str) -> ServiceConnection {
    ServiceConnection {
        id: id.into(),
        name: name.into(),
        kind: "AzureRM".into(),
        url: "https://management.azure.com/".into(),
        scheme: "ServicePrincipal".into(),
        parameters: vec![
            ("tenantid".into(), "the-tenant".into()),
            ("serviceprincipalid".into(), "the-principal".into()),
            ("serviceprincipalkey".into(), key.into()),
        ],
        data: vec![("subscriptionName".into(), "Nonprod".into())],
    }
}

fn azure(bench: &Bench) -> AzureEndpoint {
    let path = |relative: &str| bench.path(relative).display().to_string();
    AzureEndpoint {
        schema: 1,
        pid: 1,
        proxy_url: "http://127.0.0.1:4444".into(),
        ca_file: path("ca.pem"),
        ca_bundle_file: path("bundle.pem"),
        identity_endpoint: "http://127.0.0.1:4445/identity".into(),
        identity_header: "the-identity-header".into(),
        collection_uri: "https://dev.azure.com/contoso/".into(),
        project: "shop".into(),
        project_id: "11111111-2222-4333-8444-555555555555".into(),
        jobs_folder: path("state/azure/jobs"),
    }
}

/// A bench whose one task gets everything that an environment can hold.
fn full() -> Bench {
    let used = "aaaaaaaa-0000-4000-8000-000000000001";
    let mut step = task(
        "Show",
        &[("azureSubscription", used), ("some file", "a/../b"), ("none", ""), ("text", "  $(plain) $(missing) $(HOME_NAME) ")],
    );
    step.name = "show".into();
    step.env = vec![("MINE".into(), "$(key)".into()), ("PLAIN".into(), "a variable wins".into())];
    let mut bench = Bench::new(vec![step]);
    bench.task(
        "Show",
        PRINT,
        serde_json::json!({"inputs": [
            {"name": "azureSubscription", "type": "connectedService:AzureRM"},
            {"name": "some file", "type": "filePath"},
            {"name": "none", "type": "filePath"},
            {"name": "text", "type": "string"},
        ]}),
    );
    bench.connections =
        vec![connection(used, "shop-nonprod", "the-key"), connection("aaaaaaaa-0000-4000-8000-000000000002", "shop-prod", "the-other-key")];
    bench.variables = vec![
        PipelineVariable::Secret { name: "my.Key".into(), value: Secret::new("hunter2", &crate::Masker::new()) },
        PipelineVariable::Plain { name: "my-plain".into(), value: "1".into() },
    ];
    bench.pipeline.variables = vec![variable("plain", "2"), variable("key", "the key is secret")];
    bench.azure = Some(azure(&bench));
    bench.commit = String::new();
    bench
}

/// The environment that the task of `bench` gets, from the run's own process output before it is masked: through a file.
async fn environment(bench: &mut Bench) -> Vec<(String, String)> {
    let file = bench.path("environment.json");
    let index = bench.tasks[0].folder.join("index.js");
    fs::write(
        &index,
        fs::read_to_string(&index)
            .unwrap()
            .replace("console.log(", &format!("require('fs').writeFileSync({:?}, ", file.display().to_string())),
    )
    .unwrap();
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded, "{:?}", ran.lines(0));
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    object.into_iter().map(|(name, value)| (name, value.as_str().unwrap().to_owned())).collect()
}

#[tokio::test]
async fn the_whole_environment_of_a_task() {
    let mut bench = full();
    let environment = environment(&mut bench).await;
    let get = |name: &str| environment.iter().find(|(present, _)| present == name).map(|(_, value)| value.clone()).unwrap();
    let mut text = environment.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>();
    let root = bench.folder.path().display().to_string();
    for (value, name) in [
        (get("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN"), "<token>"),
        (get("SYSTEM_JOBID"), "<job>"),
        (get("SYSTEM_PLANID"), "<plan>"),
        (get("SYSTEM_STAGEID"), "<stage>"),
        (get("SYSTEM_TASKINSTANCEID"), "<instance>"),
        (get("SYSTEM_PIPELINESTARTTIME"), "<time>"),
        (root, "<root>"),
        (path(), "<path>"),
        (get("AGENT_OSARCHITECTURE"), "<architecture>"),
    ] {
        text = text.replace(&value, name);
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn what_is_secret_of_a_connection_is_masked() {
    let bench = full();
    let ran = bench.run().await;
    let line = ran.lines(0).concat();
    assert!(
        line.contains("\"ENDPOINT_AUTH_PARAMETER_aaaaaaaa-0000-4000-8000-000000000001_TENANTID\":\"the-tenant\""),
        "positive control: {line}"
    );
    for secret in ["the-principal", "the-key", "hunter2", "the-identity-header"] {
        assert!(!line.contains(secret), "{secret} is shown");
    }
    assert!(!line.contains("the-other-key") && !line.contains("000000000002"), "a connection that no input names is not passed");
    assert!(!ran.everything(&bench).contains("hunter2"));
}

#[tokio::test]
async fn a_job_is_registered_while_it_runs_with_the_connections_it_may_use() {
    let mut bench = full();
    let folder = bench.path("state/azure/jobs");
    let copy = bench.path("copy.json");
    bench.pipeline.stages[0].jobs[0].steps.push(script(&format!(
        "cp '{0}'/*.json '{1}'; stat -c %a '{0}'/*.json; printf %s $(System.AccessToken) | sha256sum | cut -c1-64 > '{1}.hash'",
        folder.display(),
        copy.display()
    )));
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["600"]);
    let registration: JobRegistration = serde_json::from_slice(&fs::read(&copy).unwrap()).unwrap();
    assert_eq!(registration.hub, "build");
    assert_eq!(registration.connections.iter().map(|grant| grant.name.as_str()).collect::<Vec<_>>(), ["shop-nonprod"]);
    assert_eq!(registration.access_token_sha256, fs::read_to_string(copy.with_extension("json.hash")).unwrap().trim());
    assert!(fs::read_dir(&folder).unwrap().next().is_none(), "removed when the job is over");
}

#[tokio::test]
async fn without_a_stand_in_there_is_no_proxy_and_no_identity() {
    let mut bench = full();
    bench.azure = None;
    let names: Vec<String> = environment(&mut bench).await.into_iter().map(|(name, _)| name).collect();
    assert!(names.contains(&"ENDPOINT_URL_SYSTEMVSSCONNECTION".to_owned()));
    for name in ["AGENT_PROXYURL", "AGENT_CAINFO", "IDENTITY_ENDPOINT", "IDENTITY_HEADER", "SYSTEM_OIDCREQUESTURI"] {
        assert!(!names.contains(&name.to_owned()), "{name}");
    }
}
