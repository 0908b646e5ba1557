//! The whole task on real packages, from the agent's environment to its log and its files.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use slipway_agent::commands::task::TaskResult;
use slipway_agent::{Cancellation, Capture, Env, StopReason};
use slipway_net::Clock;
use slipway_tasks::lint_build_test;
use tempfile::TempDir;
use time::macros::datetime;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

const MANIFEST: &str = "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n";
/// A build script and a unit test that fail when they see the secret, and an integration test that prints it.
const BUILD: &str = "fn main() {\n    assert!(std::env::var_os(\"KEY\").is_none());\n}\n";
const LIB: &str = "//! A sample.\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn sees_no_secret() {\n        assert!(std::env::var_os(\"KEY\").is_none());\n    }\n}\n";
const INTEGRATION: &str = "#[test]\nfn prints_the_secret() {\n    let key = std::env::var(\"KEY\").unwrap();\n    println!(\"the key is {key}, {} characters\", key.len());\n    println!(\"{}{key}\", \"x\".repeat(4080));\n    panic!(\"failed with {key}\");\n}\n";
const PLANTED: &str = "planted-<value>-with-&-in-it";

#[derive(Debug)]
struct Finished {
    result: TaskResult,
    log: String,
    files: BTreeMap<String, String>,
}

/// Runs the task on a package with these files.
async fn run(files: &[(&str, &str)], variables: &[(&str, &str)]) -> Finished {
    run_until(Cancellation::default(), files, variables).await
}

/// As [`run`], until it ends or is cancelled.
#[expect(clippy::disallowed_methods, reason = "where the tools are that the task starts")]
async fn run_until(cancellation: Cancellation, files: &[(&str, &str)], variables: &[(&str, &str)]) -> Finished {
    let (sources, temp) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    for (name, text) in files {
        let path = sources.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut environment: Vec<(String, String)> = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]
        .iter()
        .filter_map(|name| std::env::var(name).ok().map(|value| ((*name).to_owned(), value)))
        .collect();
    for (name, value) in [
        ("TF_BUILD", "True"),
        ("SYSTEM_HOSTTYPE", "build"),
        ("SYSTEM_STAGENAME", "check"),
        ("SYSTEM_JOBNAME", "orders"),
        ("SYSTEM_JOBID", "12345678-0000-4000-8000-000000000000"),
        ("BUILD_SOURCESDIRECTORY", &text(sources.path())),
        ("SYSTEM_DEFAULTWORKINGDIRECTORY", &text(sources.path())),
        ("AGENT_TEMPDIRECTORY", &text(temp.path())),
        ("CARGO_TARGET_DIR", &text(&sources.path().join("target"))),
        ("CARGO_TERM_COLOR", "never"),
        ("INPUT_CHECKS", "format, lint, build, unit-tests"),
    ]
    .iter()
    .chain(variables)
    {
        environment.retain(|(known, _)| known != name);
        environment.push(((*name).to_owned(), (*value).to_owned()));
    }
    let capture = Capture::default();
    let clock = Clock::Fixed(datetime!(2026-08-22 10:00 UTC));
    let run = lint_build_test::run;
    let result = slipway_agent::run_with(&lint_build_test::SPEC, Env::new(environment), capture.clone(), clock, cancellation, run).await;
    let files = fs::read_dir(temp.path()).unwrap().map(|entry| entry.unwrap()).filter(|entry| entry.path().is_file()).map(|entry| {
        let text = fs::read_to_string(entry.path()).unwrap();
        (entry.file_name().into_string().unwrap(), text)
    });
    let files: BTreeMap<_, _> = files.collect();
    let log = capture.text().replace(&text(temp.path()), "TEMP").replace(&text(sources.path()), "SOURCES");
    Finished { result, log, files }
}

#[tokio::test]
async fn every_bad_input_is_told_at_once() {
    let finished = run(
        &[],
        &[
            ("INPUT_CHECKS", "format, tests"),
            ("INPUT_DENYWARNINGS", "perhaps"),
            ("INPUT_CHECKTIMEOUTINMINUTES", "soon"),
            ("INPUT_INTEGRATIONTESTENVIRONMENT", "KEY = NOWHERE\nKEY"),
            ("SECRET_OTHER", "planted"),
        ],
    )
    .await;
    assert_eq!(finished.result, TaskResult::Failed);
    insta::assert_snapshot!(finished.log);
}

#[tokio::test]
async fn a_list_of_checks_that_names_none_is_refused() {
    let finished = run(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)], &[("INPUT_CHECKS", " ,\n,")]).await;
    assert_eq!(finished.result, TaskResult::Failed, "{}", finished.log);
    assert!(finished.log.contains("(`checks`): got separators and no check between them; expected `format`"), "{}", finished.log);
}

#[tokio::test]
async fn a_mapping_may_not_decide_which_programs_run() {
    let mapping =
        "# all of them at once\nPATH = tools\nKEY = tools\nLD_PRELOAD = tools\nCARGO_HOME = tools\nRUSTC_WRAPPER = tools\nPath = tools";
    let variables = [
        ("INPUT_CHECKS", "integration-tests"),
        ("INPUT_INTEGRATIONTESTENVIRONMENT", mapping),
        ("TOOLS", "/planted"),
        ("VSTS_PUBLIC_VARIABLES", "[\"tools\"]"),
    ];
    let finished = run(&[("Cargo.toml", MANIFEST), ("src/lib.rs", LIB)], &variables).await;
    assert_eq!(finished.result, TaskResult::Failed);
    insta::assert_snapshot!(finished.log);
}

/// The compiler's notes are no issues, and a result with issues that shows none helps nobody.
#[tokio::test]
async fn notes_alone_leave_the_task_succeeded() {
    let manifest = format!("{MANIFEST}[lib]\ncrate-type = [\"staticlib\"]\n");
    let config = (".cargo/config.toml", "[build]\nrustflags = [\"--print=native-static-libs\"]\n");
    let checks = [("INPUT_CHECKS", "build")];
    let noted = run(&[("Cargo.toml", &manifest), config, ("src/lib.rs", LIB)], &checks).await;
    let sarif = |finished: &Finished| finished.files.iter().find(|(name, _)| name.ends_with(".sarif")).unwrap().1.clone();
    assert!(sarif(&noted).contains("\"level\": \"note\""), "no note to judge: {}", sarif(&noted));
    assert_eq!(noted.result, TaskResult::Succeeded, "{}", noted.log);
    let warned = run(&[("Cargo.toml", &manifest), config, ("src/lib.rs", "fn unused() {}\n")], &checks).await;
    assert_eq!(warned.result, TaskResult::SucceededWithIssues, "{}", warned.log);
    assert!(warned.log.contains("task.logissue type=warning"), "{}", warned.log);
}

#[tokio::test]
async fn a_dry_run_plans_and_runs_nothing() {
    let finished = run(&[("Cargo.toml", MANIFEST), ("build.rs", BUILD), ("src/lib.rs", "broken")], &[("INPUT_DRYRUN", "true")]).await;
    assert_eq!(finished.result, TaskResult::Succeeded, "{}", finished.log);
    insta::assert_snapshot!(finished.log);
}

#[tokio::test]
async fn a_folder_without_a_package_is_told_of() {
    let finished = run(&[("README.md", "nothing")], &[]).await;
    assert_eq!(finished.result, TaskResult::Failed);
    assert!(finished.log.contains("SLIP-LBT-NOTHING"), "{}", finished.log);
    assert!(finished.files.keys().any(|name| name.ends_with(".json")), "the record tells of failures, too");
}

#[tokio::test]
async fn a_mapped_secret_reaches_integration_tests_alone_and_shows_nowhere() {
    let files = [("Cargo.toml", MANIFEST), ("build.rs", BUILD), ("src/lib.rs", LIB), ("tests/secret.rs", INTEGRATION)];
    let variables = [
        ("INPUT_CHECKS", "build\nunit-tests\nintegration-tests"),
        ("INPUT_INTEGRATIONTESTENVIRONMENT", "# the shop's\nKEY = signing.key"),
        ("SECRET_SIGNING_KEY", PLANTED),
        ("VSTS_SECRET_VARIABLES", "[\"signing.key\"]"),
    ];
    let finished = run(&files, &variables).await;
    let Finished { result, log, files } = finished;
    assert_eq!(result, TaskResult::Failed, "{log}");
    // The controls: the build script and the unit test ran without it, the integration test had the whole of it.
    assert!(log.contains("build of .: passed") && log.contains("unit-tests of .: passed"), "{log}");
    assert!(log.contains(&format!("the key is ***, {} characters", PLANTED.len())), "{log}");
    let junit = &files["integration-tests.xml"];
    assert!(junit.contains("failed with ***"), "{junit}");
    assert!(files.keys().any(|name| name.ends_with(".sarif")) && files.contains_key("LintBuildTest.md"), "{:?}", files.keys());
    for part in [PLANTED, "xplanted-", "planted-&lt;value", "planted-<value"] {
        assert_unseen(part, &log, &files);
    }
}

/// Neither the log nor a file has a part of the secret; only the commands have it that tell the agent what to mask.
fn assert_unseen(part: &str, log: &str, files: &BTreeMap<String, String>) {
    let (commands, log): (Vec<&str>, Vec<&str>) = log.lines().partition(|line| line.starts_with("##vso[task.setsecret]"));
    assert!(commands.iter().any(|command| command.contains(PLANTED)), "the agent is not told what to mask: {commands:?}");
    for (name, text) in files.iter().chain([(&"the log".to_owned(), &log.join("\n"))]) {
        assert!(!text.contains(part), "{name} has the secret:\n{text}");
    }
}

/// A build script that starts itself once more; both tell the test that they run, and wait for it.
const WAITING_BUILD: &str = "\
use std::io::{Read, Write};

fn main() {
    let me = std::env::current_exe().unwrap();
    let _child = std::env::args().nth(1).is_none().then(|| std::process::Command::new(me).arg(\"child\").spawn().unwrap());
    let mut test = std::net::TcpStream::connect(\"ADDRESS\").unwrap();
    test.write_all(b\"it runs\").unwrap();
    test.read_exact(&mut [0]).unwrap();
}
";

#[tokio::test]
async fn a_cancellation_in_the_middle_of_a_build_ends_the_whole_tree() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let build = WAITING_BUILD.replace("ADDRESS", &listener.local_addr().unwrap().to_string());
    let files = [("Cargo.toml", MANIFEST), ("build.rs", build.as_str()), ("src/lib.rs", "//! A sample.\n")];
    let variables = [
        ("INPUT_CHECKS", "build, integration-tests"),
        ("INPUT_INTEGRATIONTESTENVIRONMENT", "KEY = signing.key"),
        ("SECRET_SIGNING_KEY", PLANTED),
        ("VSTS_SECRET_VARIABLES", "[\"signing.key\"]"),
    ];
    let cancellation = Cancellation::default();
    let mut task = std::pin::pin!(run_until(cancellation.clone(), &files, &variables));
    let begins = async {
        let mut tree = Vec::new();
        for _ in ["the build script", "its child"] {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut said = [0; 7];
            socket.read_exact(&mut said).await.unwrap();
            assert_eq!(&said, b"it runs");
            tree.push(socket);
        }
        tree
    };
    let tree = tokio::select! {
        finished = &mut task => panic!("it ended before it was cancelled: {finished:?}"),
        tree = begins => tree,
    };
    // The control: both live, and nothing but their end closes the sockets.
    for socket in &tree {
        assert_eq!(socket.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    cancellation.cancel(StopReason::Interrupted);
    let Finished { result, log, files } = task.await;
    for mut socket in tree {
        let end = tokio::time::timeout(Duration::from_secs(10), socket.read(&mut [0])).await;
        // An end without a goodbye may be a reset.
        assert_eq!(end.expect("it still lives").unwrap_or(0), 0);
    }
    assert_eq!(result, TaskResult::Canceled, "{log}");
    for part in ["error: build of .: stopped", "error: integration-tests of .: not run", "When it was stopped: SLIP-LBT-STOPPED"] {
        assert!(log.contains(part), "{part}: {log}");
    }
    assert!(log.ends_with("##vso[task.complete result=Canceled;]Canceled by the agent.\n"), "{log}");
    let record = files.iter().find(|(name, _)| name.ends_with(".json")).unwrap().1;
    assert!(record.contains("\"code\": \"SLIP-LBT-STOPPED\""), "{record}");
    assert_unseen(PLANTED, &log, &files);
}
