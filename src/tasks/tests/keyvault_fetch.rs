//! The whole task, from the agent's environment to its log, against a scripted Azure behind a proxy.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

#[path = "../../net/tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use slipway_agent::commands::task::TaskResult;
use slipway_agent::{Cancellation, Capture, Env, StopReason};
use slipway_net::Clock;
use slipway_tasks::keyvault_fetch;
use support::{Answer, ProxyRules, Seen, World};
use time::macros::datetime;

const LOGIN: &str = "login.microsoftonline.com";
const DEVOPS: &str = "dev.azure.com";
const VAULT: &str = "shop-kv.vault.azure.net";
const HOSTS: &[&str] = &[LOGIN, DEVOPS, VAULT];
const CONNECTION: &str = "c0000000-0000-4000-8000-000000000001";
const VERSION: &str = "0123456789abcdef0123456789abcdef";
/// Values that must never show.
const PLANTED: &[&str] = &["planted-client-secret", "planted-job-token", "planted-access-token", "planted-value", "planted-assertion"];

/// What ended, and all that the task wrote: its log, and the files that it left.
struct Finished {
    result: TaskResult,
    log: String,
    files: BTreeMap<String, String>,
}

struct Job {
    variables: Vec<(String, String)>,
}

impl Job {
    fn new(secrets: &str) -> Self {
        let mut job = Self { variables: Vec::new() };
        for (name, value) in [
            ("TF_BUILD", "True"),
            ("SYSTEM_HOSTTYPE", "build"),
            ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/contoso/"),
            ("SYSTEM_TEAMPROJECT", "Shop"),
            ("SYSTEM_STAGENAME", "ci"),
            ("SYSTEM_JOBNAME", "build"),
            ("SYSTEM_JOBATTEMPT", "1"),
            ("SYSTEM_OIDCREQUESTURI", "https://dev.azure.com/contoso/p/_apis/distributedtask/hubs/build/plans/1/jobs/2/oidctoken"),
            ("ENDPOINT_URL_SYSTEMVSSCONNECTION", "https://dev.azure.com/contoso/"),
            ("ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION", "OAuth"),
            ("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN", "planted-job-token"),
            ("INPUT_AZURESUBSCRIPTION", CONNECTION),
            ("INPUT_KEYVAULTNAME", "shop-kv"),
            ("INPUT_SECRETS", secrets),
            ("INPUT_DRYRUN", "false"),
            ("INPUT_ONEXPIRED", "warn"),
            ("INPUT_TIMEOUTINMINUTES", "1"),
        ] {
            job.variables.push((name.to_owned(), value.to_owned()));
        }
        job.endpoint("URL", "", "https://management.azure.com/");
        job.endpoint("AUTH_SCHEME", "", "ServicePrincipal");
        job.endpoint("DATA", "_ENVIRONMENT", "AzureCloud");
        job.endpoint("DATA", "_SUBSCRIPTIONID", "5ub");
        job.endpoint("AUTH_PARAMETER", "_TENANTID", "tenant-1");
        job.endpoint("AUTH_PARAMETER", "_SERVICEPRINCIPALID", "client-1");
        job.endpoint("AUTH_PARAMETER", "_AUTHENTICATIONTYPE", "spnKey");
        job.endpoint("AUTH_PARAMETER", "_SERVICEPRINCIPALKEY", "planted-client-secret");
        job
    }

    fn endpoint(&mut self, kind: &str, name: &str, value: &str) {
        self.set(&format!("ENDPOINT_{kind}_{CONNECTION}{name}"), value);
    }

    fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    async fn run(self, world: &World) -> Finished {
        self.run_until(world, Cancellation::default()).await
    }

    async fn run_until(mut self, world: &World, cancellation: Cancellation) -> Finished {
        let temp = tempfile::tempdir().unwrap();
        self.set("AGENT_TEMPDIRECTORY", temp.path().to_str().unwrap());
        self.set("AGENT_PROXYURL", &format!("http://{}", world.proxy));
        self.set("AGENT_CAINFO", world.ca_file.path().to_str().unwrap());
        let capture = Capture::default();
        let clock = Clock::Fixed(datetime!(2026-08-22 10:00 UTC));
        let env = Env::new(self.variables);
        let result = slipway_agent::run_with(&keyvault_fetch::SPEC, env, capture.clone(), clock, cancellation, keyvault_fetch::run).await;
        let files = std::fs::read_dir(temp.path()).unwrap().map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        });
        let files: BTreeMap<_, _> = files.collect();
        let log = capture.text().replace(temp.path().to_str().unwrap(), "TEMP").replace(&world.proxy.to_string(), "PROXY");
        Finished { result, log, files }
    }
}

impl Finished {
    /// The log without the commands that carry secrets by design, and with times taken out.
    fn visible(&self) -> String {
        let visible = self.log.lines().filter(|line| !line.starts_with("##vso[task.setsecret]") && !line.contains("issecret=true"));
        let visible = visible.map(|line| match line.split_once(" secret variables in ") {
            Some((before, _)) => format!("{before} secret variables in N ms."),
            None => line.to_owned(),
        });
        visible.collect::<Vec<_>>().join("\n")
    }

    fn has_no_planted_value(&self) {
        for planted in PLANTED {
            assert!(!self.visible().contains(planted), "{planted} is in the log:\n{}", self.visible());
            assert!(self.files.values().all(|text| !text.contains(planted)), "{planted} is in a file");
        }
    }

    fn sets_no_variable(&self) {
        assert!(!self.log.contains("##vso[task.setvariable"), "{}", self.log);
    }
}

fn azure(vault: impl Fn(&[&str]) -> Answer + Send + Sync + 'static) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| match seen.host.as_str() {
        LOGIN => {
            Answer::json(200, r#"{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":"planted-access-token"}"#)
        }
        DEVOPS => Answer::json(200, r#"{"oidcToken":"planted-assertion"}"#),
        _ if seen.header("authorization").is_empty() => Answer::json(401, "{}").with(
            "www-authenticate",
            r#"Bearer authorization="https://login.microsoftonline.com/tenant-1", resource="https://vault.azure.net""#,
        ),
        _ => {
            let path = seen.path.split('?').next().unwrap();
            vault(&path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>())
        }
    }
}

fn value(name: &str, text: &str, expires: &str) -> Answer {
    let body = format!(
        r#"{{"value":{},"id":"https://{VAULT}/secrets/{name}/{VERSION}","attributes":{{"enabled":true{expires}}}}}"#,
        serde_json::Value::from(text)
    );
    Answer::json(200, body)
}

fn not_found() -> Answer {
    Answer::json(404, r#"{"error":{"code":"SecretNotFound","message":"not found"}}"#)
}

#[tokio::test]
async fn secrets_become_secret_variables() {
    let world = World::start(HOSTS, azure(|path| value(path[1], &format!("planted-value;%{}", path[1]), ""))).await;
    let job = Job::new(&format!("DB_PASSWORD = db-password\nAPI_KEY = api-key@{VERSION} # pinned"));
    let finished = job.run(&world).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.log);
    // The search below does find a value where it is not masked.
    assert!(
        finished.log.contains("##vso[task.setvariable variable=DB_PASSWORD;issecret=true;]planted-value;%AZP25db-password"),
        "{}",
        finished.log
    );
    finished.has_no_planted_value();
    insta::assert_snapshot!("fetched_log", finished.visible());
    insta::assert_snapshot!("fetched_summary", finished.files["KeyVaultFetch.md"]);
    let fragment = finished.files.iter().find(|(name, _)| name.ends_with(".json")).unwrap();
    assert_eq!(fragment.0, "ci.build.1.keyvault-fetch.1.json");
    let fragment: serde_json::Value = serde_json::from_str(fragment.1).unwrap();
    assert_eq!(
        fragment["facts"]["secrets"][1],
        serde_json::json!({"variable": "API_KEY", "name": "api-key", "version": VERSION, "pinned": true})
    );
    let masked = finished.log.find("##vso[task.setsecret]planted-value").unwrap();
    assert!(masked < finished.log.find("variable=DB_PASSWORD").unwrap(), "masked before it is used");
}

#[tokio::test]
async fn every_problem_is_told_and_nothing_is_set() {
    let world = World::start(
        HOSTS,
        azure(|path| match path {
            ["secrets", "good"] => value("good", "planted-value", ""),
            ["secrets", "lines"] => value("lines", "planted-value\nplanted-value", ""),
            ["secrets"] => {
                Answer::json(200, format!(r#"{{"value":[{{"id":"https://{VAULT}/secrets/good","attributes":{{"enabled":true}}}}]}}"#))
            }
            _ => not_found(),
        }),
    )
    .await;
    let finished = Job::new("GOOD = good\nA = goood\nB = other\nC = lines").run(&world).await;
    assert_eq!(finished.result, TaskResult::Failed);
    finished.sets_no_variable();
    finished.has_no_planted_value();
    insta::assert_snapshot!("several_problems", finished.visible());
}

#[tokio::test]
async fn bad_inputs_are_told_at_once_and_nothing_is_sent() {
    let world = World::start(HOSTS, azure(|_| not_found())).await;
    let job = Job::new("A = a_b\nB\nC = c@1").with("INPUT_KEYVAULTNAME", "no").with("INPUT_DRYRUN", "maybe");
    let finished = job.run(&world).await;
    assert_eq!(finished.result, TaskResult::Failed);
    for word in ["`no`", "has no `=`", "`maybe`", "SLIP-INPUT"] {
        assert!(finished.log.contains(word), "{word}: {}", finished.log);
    }
    assert!(world.connects().is_empty());
    let finished = Job::new("A = a_b\nC = c@1").run(&world).await;
    assert!(finished.log.contains("Was `a-b` meant?") && finished.log.contains("32 hexadecimal digits"), "{}", finished.log);
    let finished = Job::new("A = a").with("INPUT_KEYVAULTNAME", "https://shop.managedhsm.azure.net").run(&world).await;
    assert!(finished.log.contains("SLIP-KV-NAME") && finished.log.contains("managed HSM"), "{}", finished.log);
    assert!(world.connects().is_empty());
}

#[tokio::test]
async fn a_wrong_secret_is_told_with_the_connections_page() {
    let world = World::start(HOSTS, |seen| match seen.host.as_str() {
        LOGIN => Answer::json(
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: x","error_codes":[7000215],"correlation_id":"c0ffee"}"#,
        ),
        _ => Answer::json(401, "{}").with("www-authenticate", r#"Bearer authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net""#),
    })
    .await;
    let finished = Job::new("A = a").run(&world).await;
    assert_eq!(finished.result, TaskResult::Failed);
    finished.sets_no_variable();
    finished.has_no_planted_value();
    insta::assert_snapshot!("wrong_secret", finished.visible());
}

#[tokio::test]
async fn a_vault_that_is_not_there_is_told_with_the_proxys_words() {
    let rules =
        ProxyRules { refused: Some((VAULT.to_owned(), "502 Bad Gateway".to_owned(), "no such host".to_owned())), ..ProxyRules::default() };
    let world = World::start_with(HOSTS, rules, azure(|_| not_found())).await;
    let finished = Job::new("A = a").run(&world).await;
    assert_eq!(finished.result, TaskResult::Failed);
    insta::assert_snapshot!("no_vault", finished.visible());
}

#[tokio::test]
async fn a_dry_run_reads_no_value_and_sets_nothing() {
    let world = World::start(
        HOSTS,
        azure(|path| match path {
            ["secrets"] => Answer::json(
                200,
                format!(r#"{{"value":[{{"id":"https://{VAULT}/secrets/db","attributes":{{"enabled":true,"exp":1767225600}}}}]}}"#),
            ),
            other => panic!("{other:?}"),
        }),
    )
    .await;
    let finished = Job::new("A = db").with("INPUT_DRYRUN", "true").run(&world).await;
    assert_eq!(finished.result, TaskResult::SucceededWithIssues, "{}", finished.log);
    finished.sets_no_variable();
    assert!(finished.log.contains("SLIP-KV-EXPIRED"));
    assert!(finished.files["KeyVaultFetch.md"].contains("Dry run: would succeed, with issues"));

    let strict = Job::new("A = db").with("INPUT_DRYRUN", "true").with("INPUT_ONEXPIRED", "fail").run(&world).await;
    assert_eq!(strict.result, TaskResult::Failed);

    let world = World::start(
        HOSTS,
        azure(|_| Answer::json(403, r#"{"error":{"code":"Forbidden","message":"m","innererror":{"code":"ForbiddenByRbac"}}}"#)),
    )
    .await;
    let unchecked = Job::new("A = db").with("INPUT_DRYRUN", "true").run(&world).await;
    assert_eq!(unchecked.result, TaskResult::SucceededWithIssues);
    assert!(unchecked.log.contains("SLIP-KV-UNCHECKED"), "{}", unchecked.log);
}

#[tokio::test]
async fn the_other_ways_to_sign_in_work_as_well() {
    let world = World::start(HOSTS, azure(|path| value(path[1], "planted-value", ""))).await;
    let mut federated = Job::new("A = a");
    federated.endpoint("AUTH_SCHEME", "", "WorkloadIdentityFederation");
    let finished = federated.run(&world).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.log);
    finished.has_no_planted_value();
    let asked = world.seen().into_iter().find(|seen| seen.host == DEVOPS).unwrap();
    assert!(asked.path.ends_with(&format!("oidctoken?api-version=7.1&serviceConnectionId={CONNECTION}")), "{}", asked.path);
    assert_eq!(asked.header("authorization"), "Bearer planted-job-token");
    assert!(world.seen().iter().any(|seen| seen.host == LOGIN && seen.body.contains("client_assertion=planted-assertion")));

    let mut certificate = Job::new("A = a");
    certificate.endpoint("AUTH_PARAMETER", "_AUTHENTICATIONTYPE", "spnCertificate");
    certificate.endpoint(
        "AUTH_PARAMETER",
        "_SERVICEPRINCIPALCERTIFICATE",
        include_str!("../../azure/tests/fixtures/service-principal.pem"),
    );
    let finished = certificate.run(&world).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.log);

    let msi = World::start(HOSTS, |seen| match seen.host.as_str() {
        "localhost" => Answer::json(200, r#"{"access_token":"planted-access-token","expires_on":"4102444800","token_type":"Bearer"}"#),
        _ => azure(|path| value(path[1], "planted-value", ""))(seen),
    })
    .await;
    let mut managed = Job::new("A = a");
    managed.endpoint("AUTH_SCHEME", "", "ManagedServiceIdentity");
    managed.set("IDENTITY_ENDPOINT", &format!("https://localhost:{}/msi/token", msi.direct.port()));
    managed.set("IDENTITY_HEADER", "planted-header");
    let finished = managed.run(&msi).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.log);
}

#[tokio::test]
async fn throttling_is_told_while_it_is_waited_for() {
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let world = World::start(
        HOSTS,
        azure(move |path| match calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
            0 => Answer::json(429, "{}").with("retry-after-ms", "1"),
            _ => value(path[1], "planted-value", ""),
        }),
    )
    .await;
    let finished = Job::new("A = a").run(&world).await;
    assert_eq!(finished.result, TaskResult::Succeeded);
    assert!(finished.log.contains("Throttled by `shop-kv.vault.azure.net`; waiting "), "{}", finished.log);
}

#[tokio::test]
async fn the_tasks_own_outputs_cannot_be_mapped() {
    let world = World::start(HOSTS, azure(|path| value(path[1], "planted-value", ""))).await;
    let finished = Job::new("VaultUrl = a\nfetchedcount = b").run(&world).await;
    assert_eq!(finished.result, TaskResult::Failed, "{}", finished.log);
    finished.sets_no_variable();
    assert!(finished.log.contains("line 1: `VaultUrl` is an output of this task"), "{}", finished.log);
    assert!(finished.log.contains("line 2: `fetchedcount` is an output of this task"), "{}", finished.log);
    assert!(world.connects().is_empty());
}

#[tokio::test]
async fn a_secret_variable_in_an_input_does_not_reach_a_file() {
    // `A = $(db-password)` instead of `A = db-password`: the value stands where the name should.
    let world = World::start(HOSTS, azure(|_| not_found())).await;
    for secret in [true, false] {
        let mut job = Job::new("A = planted-name");
        if secret {
            job.set("SECRET_DB-PASSWORD", "planted-name");
        }
        let finished = job.run(&world).await;
        assert_eq!(finished.result, TaskResult::Failed);
        assert_eq!(finished.files.len(), 2);
        for (name, text) in &finished.files {
            // The search finds the text where nothing says that it is secret.
            assert_eq!(text.contains("planted-name"), !secret, "{name}: {text}");
        }
    }
}

#[tokio::test]
async fn a_cancelled_task_stops_at_once_and_leaves_its_record() {
    let cancellation = Cancellation::default();
    let cancel = cancellation.clone();
    // The vault asks for a wait that is longer than the test may take; meanwhile the run is cancelled.
    let world = World::start(
        HOSTS,
        azure(move |_| {
            cancel.cancel(StopReason::Interrupted);
            Answer::json(429, "{}").with("retry-after", "100")
        }),
    )
    .await;
    let started = std::time::Instant::now();
    let finished = Job::new("A = a").run_until(&world, cancellation).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(finished.result, TaskResult::Canceled, "{}", finished.log);
    finished.sets_no_variable();
    let fragment = finished.files.iter().find(|(name, _)| name.ends_with(".json")).unwrap();
    let fragment: serde_json::Value = serde_json::from_str(fragment.1).unwrap();
    assert_eq!(fragment["outcome"], "canceled");
    assert!(finished.files["KeyVaultFetch.md"].contains("**Canceled**"), "{:?}", finished.files);
}

#[tokio::test]
async fn a_value_that_the_agent_would_change_is_not_set_and_neither_are_the_others() {
    for (decode, expected) in [("false", TaskResult::Failed), ("true", TaskResult::Succeeded)] {
        let world =
            World::start(HOSTS, azure(|path| value(path[1], if path[1] == "b" { "planted-value%3Bx" } else { "planted-value" }, ""))).await;
        let finished = Job::new("A = a\nB = b").with("DECODE_PERCENTS", decode).run(&world).await;
        assert_eq!(finished.result, expected, "{}", finished.log);
        finished.has_no_planted_value();
        if expected == TaskResult::Failed {
            finished.sets_no_variable();
            assert!(finished.log.contains("SLIP-SECRET-PERCENT: The secret variable `B` cannot be set"), "{}", finished.log);
        }
    }
}
