use super::*;
use crate::event::IssueKind;
use crate::store::TestTotals;
use slipway_secret::Secret;

/// A script that prints `line` as it is.
fn print(line: &str) -> Step {
    let mut step = script("printf '%s\\n' \"$LINE\"");
    step.env = vec![("LINE".into(), line.into())];
    step
}

#[tokio::test]
async fn variables_set_by_a_step_reach_the_next_one() {
    let ran = Bench::new(vec![
        script("echo '##vso[task.setvariable variable=My.Var]one %AZP25%3B'"),
        script("echo \"$MY_VAR\" '$(My.Var)'"),
        script("echo 'text before ##vso[task.setvariable variable=case;preserveCase=true]kept'; printf 'a\\r##vso[task.setvariable variable=smuggled]yes\\rb\\n'"),
        script("echo $case $SMUGGLED"),
    ])
    .run()
    .await;
    assert_eq!(ran.lines(1), ["one %; one %;"]);
    assert_eq!(ran.lines(2), ["a", "b"], "commands are not shown");
    assert_eq!(ran.lines(3), ["kept yes"]);
}

#[tokio::test]
async fn secrets_are_masked_and_not_in_the_environment_of_scripts() {
    let mut mapped = script("echo $MAPPED; echo ${KEY-none}; env | grep -c SECRET_ || true");
    mapped.env = vec![("MAPPED".into(), "$(key)".into())];
    let mut bench = Bench::new(vec![
        script("echo '##vso[task.setvariable variable=key;isSecret=true]hunter2'"),
        mapped,
        script("echo '##vso[task.setvariable variable=key]later'; echo later"),
    ]);
    bench.debug = true;
    bench.variables = vec![PipelineVariable::Secret { name: "outer".into(), value: Secret::new("outer-secret", &crate::Masker::new()) }];
    bench.pipeline.stages[0].jobs[0].steps.push(script("echo $(outer) | base64; echo $(outer)"));
    bench.pipeline.stages[0].jobs[0].steps.push(script("printf %s $(outer) | base64"));
    let ran = bench.run().await;
    assert_eq!(ran.lines(0), ["##[debug]Processed: ##vso[task.setvariable variable=key;isSecret=true]***"]);
    assert_eq!(ran.lines(1), ["***", "none", "0"]);
    assert!(ran.lines(2).contains(&"***".to_owned()), "once secret, always secret: {:?}", ran.lines(2));
    assert_eq!(ran.lines(3)[1], "***");
    assert_eq!(ran.lines(4), ["***"], "initial secrets are known in base64");
    let everything = ran.everything(&bench);
    assert!(everything.contains("Processed: ##vso[task.setvariable"), "the search finds what is there");
    for secret in ["hunter2", "outer-secret"] {
        assert!(!everything.contains(secret), "{secret} is in a file or an event");
    }
}

#[tokio::test]
async fn a_multi_line_secret_is_refused_by_rule_and_not_shown() {
    let bench = Bench::new(vec![print("##vso[task.setvariable variable=key;isSecret=true]first%0Asecond"), script("echo first second")]);
    let ran = bench.run().await;
    assert_eq!(ran.step(0).result, Some(TaskResult::Failed));
    assert_eq!(ran.step(0).issues[1].message, "Secrets cannot contain multiple lines");
    assert!(!ran.lines(0).concat().contains("first"), "{:?}", ran.lines(0));
    let mut bench = Bench::new(vec![print("##vso[task.setvariable variable=key;isSecret=true]first%0Asecond"), script("echo \"$MAPPED\"")]);
    bench.pipeline.variables = vec![variable("SYSTEM_UNSAFEALLOWMULTILINESECRET", "true")];
    bench.pipeline.stages[0].jobs[0].steps[1].env = vec![("MAPPED".into(), "$(key)".into())];
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["first", "second"], "allowed, and then not masked line by line: the agent's rule");
}

#[tokio::test]
async fn output_variables_are_named_after_the_step_and_read_only() {
    let mut set = print("##vso[task.setvariable variable=v;isOutput=true]1");
    set.name = "first".into();
    let mut again = print("##vso[task.setvariable variable=first.v]2");
    again.condition = step_condition("always()");
    let mut show = script("echo $(first.v) $FIRST_V '$(v)'");
    show.condition = step_condition("always()");
    let ran = Bench::new(vec![set, again, show]).run().await;
    assert_eq!(ran.step(1).result, Some(TaskResult::Failed));
    assert!(ran.step(1).issues[1].message.starts_with("Overwriting readonly variable 'first.v' is not permitted."));
    assert_eq!(ran.lines(2), ["1 1 $(v)"], "no variable has the bare name");
    assert_eq!(ran.record.stages[0].jobs[0].outputs, [("first.v".to_owned(), "1".to_owned())]);
}

#[tokio::test]
async fn only_ten_issues_of_a_kind_are_kept() {
    let ran = Bench::new(vec![script(
        "for i in $(seq 12); do echo \"##vso[task.logissue type=error]e$i\"; echo \"##vso[task.logissue type=warning;code=7]w$i\"; done",
    )])
    .run()
    .await;
    let step = ran.step(0);
    assert_eq!((step.errors, step.warnings, step.issues.len()), (12, 12, 20));
    assert_eq!(step.result, Some(TaskResult::Succeeded), "issues alone do not fail a step");
    assert_eq!(ran.lines(0).iter().filter(|line| line.starts_with("##[error]e")).count(), 12, "the log has all of them");
    assert!(!step.issues.iter().any(|issue| issue.kind == IssueKind::Error && issue.message == "e11"));
}

#[tokio::test]
async fn an_issue_with_a_place_names_it_within_the_repository() {
    let ran = Bench::new(vec![script(
        "touch a.rs; echo \"##vso[task.logissue type=error;sourcepath=$PWD/a.rs;linenumber=3;columnnumber=4;code=E1]broken\"",
    )])
    .run()
    .await;
    assert_eq!(ran.step(0).issues[0].message, "a.rs(3,4): error E1: broken");
}

#[tokio::test]
async fn restrictions_of_the_target_stop_commands_and_variables() {
    let mut step = script(
        "echo '##vso[task.setvariable variable=ok1]1'; echo '##vso[task.setvariable variable=no]1'; echo '##vso[build.addbuildtag]t'; echo '##vso[task.prependpath]/x'",
    );
    step.target = StepTarget { restricted_commands: true, settable_variables: Some(vec!["ok*".into()]) };
    let ran = Bench::new(vec![step, script("echo $OK1-$NO; echo $PATH | cut -c1-3")]).run().await;
    assert_eq!(ran.lines(1)[0], "1-");
    assert_ne!(ran.lines(1)[1], "/x:");
    assert!(ran.record.tags.is_empty());
    assert_eq!((ran.step(0).warnings, ran.step(0).result), (3, Some(TaskResult::Succeeded)));
}

#[tokio::test]
async fn what_is_no_command_is_shown_with_a_warning_and_what_fails_fails_the_step() {
    for (line, result, issue) in [
        ("##vso[task.nothing]x", TaskResult::Failed, "Unable to process command '##vso[task.nothing]x' successfully."),
        ("##vso[nowhere.x]y", TaskResult::Succeeded, "Cannot find command extension for ##vso[nowhere.command]."),
        ("##vso oops", TaskResult::Succeeded, "'##vso oops' contains logging command keyword '##vso', but it's not a legal command."),
        ("##vso[release.updatereleasename]x", TaskResult::Failed, "release commands are not supported for Build flow."),
        ("##vso[task.setvariable]x", TaskResult::Failed, "Unable to process command"),
        ("##vso[task.complete result=failed]x", TaskResult::Failed, "Unable to process command"),
        ("##vso[task.logdetail id=x]", TaskResult::Failed, "Unable to process command"),
        ("##vso[task.uploadsummary]/nowhere.md", TaskResult::Failed, "Unable to process command"),
        ("##vso[artifact.upload artifactname=a]/nowhere", TaskResult::Failed, "Unable to process command"),
    ] {
        let ran = Bench::new(vec![print(line)]).run().await;
        assert_eq!(ran.step(0).result, Some(result), "{line}");
        assert!(ran.step(0).issues[0].message.starts_with(issue), "{line}: {:?}", ran.step(0).issues);
    }
}

#[tokio::test]
async fn progress_details_tags_and_the_runs_number() {
    let ran = Bench::new(vec![script(
        "echo '##vso[task.setprogress value=150]half'; echo '##vso[task.logdetail id=aa0b8b2c-0000-4000-8000-000000000001;name=n;type=build]x'; \
         echo '##vso[build.addbuildtag]one'; echo '##vso[build.addbuildtag]ONE'; echo '##vso[build.updatebuildnumber]2.0'; echo '##vso[telemetry.publish area=a;feature=b]{}'",
    )])
    .run()
    .await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!((ran.record.tags.clone(), ran.record.number.as_str(), ran.summary.number.as_str()), (vec!["one".to_owned()], "2.0", "2.0"));
    assert!(ran.events.iter().any(|event| matches!(event, Event::StepProgress { percent: 100, text, .. } if text == "half")));
}

#[tokio::test]
async fn a_path_is_prepended_for_the_next_steps() {
    let bench = Bench::new(vec![
        script(
            "mkdir -p tool one; printf '#!/bin/sh\\necho tool' > tool/mine; chmod +x tool/mine; echo \"##vso[task.prependpath]$PWD/one\"; echo \"##vso[task.prependpath]$PWD/tool\"",
        ),
        script("mine; echo $PATH | tr : '\\n' | head -2 | xargs -n1 basename"),
    ]);
    assert_eq!(bench.run().await.lines(1), ["tool", "tool", "one"]);
}

#[tokio::test]
async fn test_results_are_counted() {
    let publish = |more: &str| {
        script(&format!(
            "echo '<testsuite name=\"s\"><testcase name=\"a\" time=\"1\"/><testcase name=\"b\"><failure message=\"m\">d</failure></testcase></testsuite>' > r.xml; \
             echo '##vso[results.publish type=JUnit;resultFiles=r.xml,missing.xml;runTitle=unit{more}]'"
        ))
    };
    let bench = Bench::new(vec![publish(""), publish(";failTaskOnFailedTests=true")]);
    let ran = bench.run().await;
    assert_eq!([ran.step(0).result, ran.step(1).result], [Some(TaskResult::Succeeded), Some(TaskResult::Failed)]);
    assert_eq!(ran.step(0).warnings, 1, "a file that is missing is named");
    assert_eq!(ran.record.tests, TestTotals { total: 4, passed: 2, failed: 2, skipped: 0, seconds: 2.0 });
    let report = Store::new(&bench.path("state")).tests(1).unwrap().unwrap();
    assert_eq!((report.runs[0].title.as_str(), report.runs[0].cases[0].name.as_str()), ("unit", "b"));
}

#[tokio::test]
async fn what_is_not_simulated_is_said_and_fails_a_strict_run() {
    let mut bench = Bench::new(vec![print("##vso[codecoverage.publish codecoveragetool=Cobertura;summaryfile=x]")]);
    let ran = bench.run().await;
    assert_eq!((ran.result(), ran.step(0).warnings), (TaskResult::Succeeded, 1));
    bench.strict = true;
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Failed);
    assert!(ran.step(0).issues[1].message.contains("`codecoverage.publish` is not simulated"), "{:?}", ran.step(0).issues);
}
