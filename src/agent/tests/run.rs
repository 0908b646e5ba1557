//! A whole task, from the agent's environment to its log and its files.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its world has failed")]

use std::path::Path;

use slipway_agent::commands::results::{PublishResults, ResultsFormat};
use slipway_agent::commands::task::TaskResult;
use slipway_agent::spec::{Category, InputKind, InputSpec, TaskSpec};
use slipway_agent::{Cancellation, Capture, Env, Issue, TaskContext, TaskError, TaskOutcome, run_with};
use slipway_model::{Facts, Outcome, Problem, SecretsFacts};
use slipway_net::Clock;
use slipway_secret::Secret;
use time::macros::datetime;

static SPEC: TaskSpec = TaskSpec {
    id: "0b2e0fd0-7f0d-4f4e-8f5e-4f0f0f7a2b12",
    name: "Tiny",
    folder: "tiny",
    friendly_name: "Tiny",
    description: "A task for tests.",
    help_markdown: "",
    category: Category::Test,
    version: (1, 0, 2),
    instance_name_format: "Tiny",
    groups: &[],
    inputs: &[
        InputSpec { name: "greeting", label: "Greeting", required: true, ..InputSpec::DEFAULT },
        InputSpec { name: "dryRun", label: "Dry run", kind: InputKind::Boolean, default: "false", ..InputSpec::DEFAULT },
    ],
    data_sources: &[],
    output_variables: &[],
    settable_variables: &["*"],
    release_notes: "",
};

/// Runs `task` with the agent's temp folder at `temp` and `variables`; the log, with the folder's name replaced, and
/// without the lines that mask.
async fn log_of(
    temp: &Path,
    variables: &[(&str, &str)],
    task: impl AsyncFnOnce(&TaskContext) -> Result<TaskOutcome, TaskError>,
) -> (String, TaskResult) {
    let (log, result) = raw_log_of(temp, variables, task).await;
    let shown: Vec<_> = log.lines().filter(|line| !line.starts_with("##vso[task.setsecret]")).collect();
    (shown.join("\n"), result)
}

async fn raw_log_of(
    temp: &Path,
    variables: &[(&str, &str)],
    task: impl AsyncFnOnce(&TaskContext) -> Result<TaskOutcome, TaskError>,
) -> (String, TaskResult) {
    let agent = [
        ("AGENT_TEMPDIRECTORY", temp.to_str().unwrap()),
        ("SYSTEM_STAGENAME", "ci"),
        ("SYSTEM_JOBNAME", "build all"),
        ("SYSTEM_JOBID", "12345678-90ab-cdef-0000-000000000000"),
        ("INPUT_GREETING", "hello"),
    ];
    let env = Env::new(agent.iter().chain(variables).copied());
    let capture = Capture::default();
    let clock = Clock::Fixed(datetime!(2026-11-24 10:00:00.5 UTC));
    let result = run_with(&SPEC, env, capture.clone(), clock, Cancellation::default(), task).await;
    (capture.text().replace(temp.to_str().unwrap(), "TEMP"), result)
}

#[tokio::test]
async fn a_task_that_does_a_little_of_everything() {
    let temp = tempfile::tempdir().unwrap();
    let (log, result) = log_of(temp.path(), &[("SYSTEM_DEBUG", "true")], async |context: &TaskContext| {
        let mut inputs = context.inputs();
        let greeting = inputs.text("greeting");
        let dry_run = inputs.boolean("dryRun");
        inputs.finish()?;
        let reporter = context.reporter();
        reporter.section("Plan");
        reporter.info(&format!("{greeting}, dry run: {dry_run}"));
        reporter.debug("details\nin two lines");
        reporter.group("Work");
        reporter.command_line("cargo test");
        reporter.progress(50, "half way");
        reporter.issue(Issue::warning("unused variable `x`").at("src/a.rs", 3, 7).code("unused_variables"));
        reporter.end_group();
        let secret = Secret::new("planted value", &*context.sink());
        reporter.set_variable("COUNT", "1", true);
        reporter.set_secret_variable("KEY", &secret, false)?;
        let results = PublishResults {
            format: ResultsFormat::JUnit,
            files: vec![context.files().write_text("unit tests", "xml", "<testsuites/>")?],
            run_title: "Unit tests".into(),
            merge: true,
            platform: String::new(),
            configuration: String::new(),
            attach_files: true,
            fail_on_failed_tests: false,
            system: String::new(),
        };
        reporter.publish_results(&results)?;
        context.files().write_summary("# Tiny\n")?;
        Ok(TaskOutcome::SucceededWithIssues)
    })
    .await;
    insta::assert_snapshot!(log, @"
        ##[section]Plan
        hello, dry run: false
        ##vso[task.debug]details
        ##vso[task.debug]in two lines
        ##[group]Work
        ##[command]cargo test
        ##vso[task.setprogress value=50;]half way
        warning: src/a.rs:3: unused variable `x`
        ##[endgroup]
        ##vso[task.setvariable variable=COUNT;isoutput=true;]1
        ##vso[task.setvariable variable=KEY;issecret=true;]planted value
        Test results: `TEMP/unit_tests.xml` (not published where the step restricts commands).
        ##vso[results.publish type=JUnit;resultFiles=TEMP/unit_tests.xml;mergeResults=true;runTitle=Unit tests;publishRunAttachments=true;failTaskOnFailedTests=false;]
        Summary: `TEMP/Tiny.md` (not uploaded where the step restricts commands).
        ##vso[task.uploadsummary]TEMP/Tiny.md
        ##vso[task.logissue type=warning;sourcepath=src/a.rs;linenumber=3;columnnumber=7;code=unused_variables;]unused variable `x`
        ##vso[task.complete result=SucceededWithIssues;]
        ");
    assert_eq!(result, TaskResult::SucceededWithIssues);
}

#[tokio::test]
async fn bad_inputs_end_the_task() {
    let temp = tempfile::tempdir().unwrap();
    let variables = [("INPUT_GREETING", "$(missing)"), ("INPUT_DRYRUN", "maybe"), ("INPUT_GREETNIG", "hello")];
    let (log, result) = log_of(temp.path(), &variables, async |context: &TaskContext| {
        let mut inputs = context.inputs();
        inputs.text("greeting");
        inputs.boolean("dryRun");
        inputs.finish()?;
        Ok(TaskOutcome::Succeeded)
    })
    .await;
    insta::assert_snapshot!(log, @"
        warning: This task has no input `greetnig`; it is ignored. Did you mean `greeting`?
        ##vso[task.logissue type=error;code=SLIP-INPUT;]SLIP-INPUT: The inputs of this step have 2 problems.%0A- Greeting (`greeting`): got `$(missing)`, which was not replaced; expected the value of a variable `missing`, and there is none in this job. Set the variable `missing` before this step, and check its spelling; a job does not see what another job set, unless it maps the output.%0A- Dry run (`dryRun`): got `maybe`; expected `true` or `false`.
        ##vso[task.logissue type=warning;code=SLIP-INPUT;]This task has no input `greetnig`; it is ignored. Did you mean `greeting`?
        ##vso[task.complete result=Failed;]SLIP-INPUT: The inputs of this step have 2 problems.
        ");
    assert_eq!(result, TaskResult::Failed);
}

#[tokio::test]
async fn untrusted_text_cannot_start_a_command() {
    let temp = tempfile::tempdir().unwrap();
    let hostile = "x\r##vso[task.setvariable variable=A]1\n##[error]no\u{b}##\u{200b}vso[task.complete result=Succeeded]";
    let (log, _) = raw_log_of(temp.path(), &[("SYSTEM_DEBUG", "1")], async |context: &TaskContext| {
        let reporter = context.reporter();
        reporter.info(hostile);
        reporter.debug(hostile);
        reporter.section(hostile);
        reporter.group(hostile);
        reporter.command_line(hostile);
        reporter.progress(1, hostile);
        reporter.issue(Issue::error(hostile).code(hostile).at(hostile, 1, 1));
        reporter.set_variable(hostile, hostile, false);
        Err(TaskError::new("SLIP-X", hostile).hint(hostile))
    })
    .await;
    // What the agent would take for commands: only those that were meant.
    let commands: Vec<_> = log
        .split(['\r', '\n'])
        .filter_map(|line| line.split_once("##vso["))
        .map(|(before, rest)| {
            assert_eq!(before, "", "a command begins its line");
            rest.split([' ', ']']).next().unwrap_or_default().to_owned()
        })
        .collect();
    assert_eq!(
        commands,
        [
            "task.debug",
            "task.debug",
            "task.debug",
            "task.setprogress",
            "task.setvariable",
            "task.logissue",
            "task.logissue",
            "task.complete"
        ]
    );
    assert!(log.contains("task.complete result=Failed;]"), "{log}");
    assert!(log.contains("**vso[task.setvariable variable=A]1"), "the control: the text is there, broken:\n{log}");
    // Tags of the log viewer: only at the beginnings that were meant.
    let tags = log
        .lines()
        .filter(|line| line.contains("##[") && !line.starts_with("##vso["))
        .map(|line| line.split(']').next().unwrap_or_default())
        .collect::<Vec<_>>();
    assert_eq!(tags, ["##[section", "##[group", "##[command", "##[endgroup"]);
}

#[tokio::test]
async fn a_secret_shows_nowhere_but_where_it_is_handed_over() {
    let temp = tempfile::tempdir().unwrap();
    let planted = "planted/secret+value=1";
    let (log, _) = raw_log_of(temp.path(), &[], async |context: &TaskContext| {
        let secret = Secret::new(planted, &*context.sink());
        let reporter = context.reporter();
        let text = format!("value {} end", secret.expose());
        reporter.info(&text);
        reporter.group(&text);
        reporter.progress(1, &text);
        reporter.warning(&*text);
        context.files().write_summary(&text)?;
        context.files().write_text("report", "txt", &text)?;
        let facts = Facts::Secrets(SecretsFacts { vault: text.clone(), vault_url: String::new(), secrets: Vec::new() });
        let mut fragment = context.fragment(Outcome::Failed, facts);
        fragment.problems.push(Problem { code: "SLIP-X".into(), message: text.clone(), hint: String::new() });
        context.files().write_fragment(&fragment)?;
        reporter.set_secret_variable("KEY", &secret, true)?;
        Err(TaskError::new("SLIP-X", text))
    })
    .await;
    let shown: Vec<_> = log.lines().filter(|line| line.contains(planted)).collect();
    assert_eq!(
        shown,
        [
            "##vso[task.setsecret]planted/secret+value=1",
            "##vso[task.setvariable variable=KEY;issecret=true;isoutput=true;]planted/secret+value=1"
        ]
    );
    assert!(log.matches("value *** end").count() >= 5, "{log}");
    let mut files = 0;
    for entry in std::fs::read_dir(temp.path()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(planted) && text.contains("value *** end"), "{text}");
        files += 1;
    }
    assert_eq!(files, 3);
}

#[tokio::test]
async fn a_fragment_is_attached_under_a_name_of_its_own() {
    let temp = tempfile::tempdir().unwrap();
    let facts =
        || Facts::Secrets(SecretsFacts { vault: "kv".into(), vault_url: "https://kv.vault.azure.net/".into(), secrets: Vec::new() });
    let (log, _) = log_of(temp.path(), &[], async |context: &TaskContext| {
        for _ in 0..2 {
            context.files().write_fragment(&context.fragment(Outcome::Succeeded, facts()))?;
        }
        Ok(TaskOutcome::Succeeded)
    })
    .await;
    insta::assert_snapshot!(log, @"
        Attachment: `TEMP/ci.build_all.1.tiny.1-12345678.json` (not uploaded where the step restricts commands).
        ##vso[task.addattachment type=delivery.v1;name=ci.build_all.1.tiny.1-12345678.json;]TEMP/ci.build_all.1.tiny.1-12345678.json
        Attachment: `TEMP/ci.build_all.1.tiny.2-12345678.json` (not uploaded where the step restricts commands).
        ##vso[task.addattachment type=delivery.v1;name=ci.build_all.1.tiny.2-12345678.json;]TEMP/ci.build_all.1.tiny.2-12345678.json
        ##vso[task.complete result=Succeeded;]
        ");
    let text = std::fs::read_to_string(temp.path().join("ci.build_all.1.tiny.2-12345678.json")).unwrap();
    insta::assert_snapshot!(text, @r#"
        {
          "schema": 1,
          "task": {
            "name": "Tiny",
            "version": "1.0.2"
          },
          "at": "2026-11-24T10:00:00Z",
          "stage": "ci",
          "job": "build all",
          "attempt": 1,
          "outcome": "succeeded",
          "dryRun": false,
          "facts": {
            "kind": "secrets",
            "vault": "kv",
            "vaultUrl": "https://kv.vault.azure.net/",
            "secrets": []
          },
          "problems": []
        }
        "#);
}

#[tokio::test]
async fn a_secret_of_several_lines_is_refused_by_the_rule_s_name() {
    let temp = tempfile::tempdir().unwrap();
    for (value, expected) in [("line one\nline two", "has several lines"), ("one line\r\n", "ends with a line break")] {
        let task = async |context: &TaskContext| {
            let secret = Secret::new(value, &*context.sink());
            context.reporter().set_secret_variable("KEY", &secret, false)?;
            Ok(TaskOutcome::Succeeded)
        };
        let (log, result) = log_of(temp.path(), &[], task).await;
        assert_eq!(result, TaskResult::Failed);
        assert!(log.contains(expected) && log.contains("SYSTEM_UNSAFEALLOWMULTILINESECRET"), "{log}");
        assert!(!log.contains("line one") && !log.contains("task.setvariable"), "{log}");
        // Where the job allows it, so does the task.
        let (log, result) = log_of(temp.path(), &[("SYSTEM_UNSAFEALLOWMULTILINESECRET", "true")], task).await;
        assert_eq!(result, TaskResult::Succeeded);
        assert!(log.contains("##vso[task.setvariable variable=KEY;issecret=true;]"), "{log}");
    }
}

#[tokio::test]
#[cfg(unix)]
async fn a_file_with_a_secret_is_the_owner_s_alone() {
    use std::os::unix::fs::PermissionsExt;
    let temp = tempfile::tempdir().unwrap();
    log_of(temp.path(), &[], async |context: &TaskContext| {
        let secret = Secret::new("planted-secret", &*context.sink());
        let first = context.files().write_secret("key", "pem", &secret)?;
        let second = context.files().write_secret("key", "pem", &secret)?;
        assert_eq!((first, second.clone()), (temp.path().join("key.pem"), temp.path().join("key-2.pem")));
        assert_eq!(std::fs::read_to_string(&second).unwrap(), "planted-secret");
        assert_eq!(std::fs::metadata(&second).unwrap().permissions().mode() & 0o777, 0o600);
        Ok(TaskOutcome::Succeeded)
    })
    .await;
}

#[tokio::test]
async fn a_file_that_cannot_be_written_fails_the_task_with_the_place() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("not a folder");
    std::fs::write(&file, "").unwrap();
    let (log, result) = log_of(&file, &[], async |context: &TaskContext| {
        context.files().write_summary("x")?;
        Ok(TaskOutcome::Succeeded)
    })
    .await;
    assert_eq!(result, TaskResult::Failed);
    assert!(log.contains("SLIP-FILE: The summary (in the agent's temp folder `TEMP`) cannot be written: "), "{log}");
}

#[tokio::test]
async fn percent_signs_travel_as_the_job_decodes_them() {
    let temp = tempfile::tempdir().unwrap();
    let task = async |context: &TaskContext| {
        context.reporter().set_variable("A", "50%", false);
        Ok(TaskOutcome::Succeeded)
    };
    let (log, _) = log_of(temp.path(), &[], task).await;
    assert!(log.contains("##vso[task.setvariable variable=A;]50%AZP25\n"), "{log}");
    let (log, _) = log_of(temp.path(), &[("DECODE_PERCENTS", "false")], task).await;
    assert!(log.contains("##vso[task.setvariable variable=A;]50%\n"), "{log}");
}

#[tokio::test]
async fn network_warnings_are_printed_once() {
    let temp = tempfile::tempdir().unwrap();
    let (log, result) = log_of(temp.path(), &[("AGENT_SKIPCERTVALIDATION", "true")], async |context: &TaskContext| {
        assert!(context.network()?.accept_any_certificate);
        context.network()?;
        Ok(TaskOutcome::Succeeded)
    })
    .await;
    assert_eq!(log.matches("warning: Server certificates are not verified").count(), 1, "{log}");
    assert_eq!(result, TaskResult::Succeeded);
    let (log, result) = log_of(temp.path(), &[("AGENT_PROXYURL", "nonsense")], async |context: &TaskContext| {
        context.network()?;
        Ok(TaskOutcome::Succeeded)
    })
    .await;
    assert_eq!(result, TaskResult::Failed);
    assert!(log.contains("SLIP-NET-PROXY: The address of the agent's proxy (Agent.ProxyUrl) cannot be used"), "{log}");
}
