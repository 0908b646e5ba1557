//! Conditions over small pipelines (facts/pipeline-yaml.md 2.7 and 2.9).

use super::*;
use crate::bench::Bench;
use crate::dependencies::{JobOutcome, StageOutcome};
use crate::outcome::Outcome::{Canceled, Failed, Skipped, Succeeded, SucceededWithIssues};
use crate::pipeline::Pipeline;

fn place() -> Place {
    Place { file: "ci.yml".into(), line: 1, column: 1 }
}

/// A stage `S` after `before`, which is after `first`; in it jobs `a`, `b` after `a`, `c` after `b`, `other`, and `j` after
/// `c` and `other`.
fn pipeline() -> Pipeline {
    let job = |name: &str, on: &str| format!("  - job: {name}\n    dependsOn: {on}\n    steps: [{{script: echo}}]\n");
    let text = [
        "stages:\n- stage: first\n  jobs:\n",
        &job("x", "[]"),
        "- stage: before\n  jobs:\n",
        &job("x", "[]"),
        "- stage: S\n  jobs:\n",
        &job("a", "[]"),
        &job("b", "a"),
        &job("c", "b"),
        &job("other", "[]"),
        &job("j", "[c, other]"),
    ]
    .concat();
    Bench::new(&text).load().unwrap_or_else(|problems| panic!("{problems}")).pipeline
}

fn job_outcome(name: &str, outcome: Outcome, outputs: &[(&str, &str)]) -> JobOutcome {
    JobOutcome {
        name: name.into(),
        outcome,
        outputs: outputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

fn judge(condition: &str, kind: ConditionKind, dependencies: &Dependencies, canceling: bool) -> Result<bool, String> {
    let condition = Condition::parse(condition, kind, place()).unwrap_or_else(|errors| panic!("{condition}: {errors:?}"));
    let scope = GraphScope {
        variables: Value::object([("flag", Value::string("yes"))]),
        dependencies,
        canceling,
        started: OffsetDateTime::UNIX_EPOCH,
        mask: &str::to_owned,
    };
    condition.judge_node(&scope).map(|judgement| judgement.runs).map_err(|error| error.to_string())
}

/// The condition of `j`, after these outcomes of `a`, `b`, `c` and `other`.
fn of_job(condition: &str, outcomes: [Outcome; 4], canceling: bool) -> bool {
    let pipeline = pipeline();
    let stage = &pipeline.stages[2];
    let jobs: Vec<JobOutcome> =
        ["a", "b", "c", "other"].iter().zip(outcomes).map(|(name, outcome)| job_outcome(name, outcome, &[])).collect();
    judge(condition, ConditionKind::Job, &Dependencies::of_job(stage, &stage.jobs[4], &[], &jobs), canceling).unwrap()
}

#[test]
fn status_functions_see_direct_and_indirect_dependencies() {
    // 2.7, "Job/stage"
    const ALL: [&str; 5] = ["succeeded()", "failed()", "succeededOrFailed()", "always()", "canceled()"];
    for (outcomes, expected) in [
        ([Succeeded, Succeeded, Succeeded, Succeeded], [true, false, true, true, false]),
        ([Succeeded, SucceededWithIssues, Succeeded, SucceededWithIssues], [true, false, true, true, false]),
        // An indirect dependency counts as well.
        ([Failed, Succeeded, Succeeded, Succeeded], [false, true, true, true, false]),
        ([Succeeded, Succeeded, Succeeded, Failed], [false, true, true, true, false]),
        // What is skipped is not a success: skipping goes on and on.
        ([Succeeded, Skipped, Succeeded, Succeeded], [false, false, false, true, false]),
        ([Skipped, Skipped, Skipped, Skipped], [false, false, false, true, false]),
        ([Failed, Skipped, Skipped, Succeeded], [false, true, false, true, false]),
        ([Canceled, Succeeded, Succeeded, Succeeded], [false, false, false, true, false]),
    ] {
        assert_eq!(ALL.map(|condition| of_job(condition, outcomes, false)), expected, "{outcomes:?}");
    }
    let fine = [Succeeded; 4];
    assert_eq!(ALL.map(|condition| of_job(condition, fine, true)), [false, false, false, true, true], "while the run is being canceled");
    assert!(of_job("eq(variables.flag, 'yes')", fine, true), "a condition of one's own replaces the default, even when canceled");
    assert!(!of_job("", fine, true));
    assert!(of_job("", fine, false));
    assert!(of_job("in(dependencies.c.result, 'Succeeded', 'SucceededWithIssues', 'Skipped')", [Skipped; 4], false), "2.7, the workaround");
}

#[test]
fn status_functions_take_names() {
    // 2.7: "failed / succeeded / succeededOrFailed take 0..N names at job/stage level"
    let outcomes = [Failed, Skipped, Skipped, Succeeded];
    for (condition, expected) in [
        ("succeeded('other')", true),
        ("succeeded('OTHER')", true),
        ("succeeded('other', 'b')", false),
        ("failed('a')", true),
        ("failed('other')", false),
        ("failed('other', 'a')", true),
        ("succeededOrFailed('a', 'other')", true),
        ("succeededOrFailed('a', 'b')", false),
        // A name that is no dependency makes it false, unless one that failed comes before.
        ("succeeded('other', 'unknown')", false),
        ("failed('unknown', 'a')", false),
        ("failed('a', 'unknown')", true),
        ("succeededOrFailed('unknown')", false),
        ("succeeded(variables.missing)", false),
    ] {
        assert_eq!(of_job(condition, outcomes, false), expected, "{condition}");
    }
}

#[test]
fn a_node_without_dependencies_runs() {
    let pipeline = pipeline();
    let stage = &pipeline.stages[2];
    let dependencies = Dependencies::of_job(stage, &stage.jobs[0], &[], &[job_outcome("other", Failed, &[])]);
    assert_eq!(judge("", ConditionKind::Job, &dependencies, false), Ok(true));
    assert_eq!(judge("failed()", ConditionKind::Job, &dependencies, false), Ok(false));
    assert_eq!(judge("", ConditionKind::Stage, &Dependencies::none(), false), Ok(true));
}

#[test]
fn outputs_are_where_the_documentation_has_them() {
    // 2.9, "Output variable paths"
    let pipeline = pipeline();
    let stage = &pipeline.stages[2];
    let before = |name: &str| StageOutcome {
        name: name.into(),
        outcome: SucceededWithIssues,
        jobs: vec![job_outcome("x", Failed, &[("step.v", "1")])],
    };
    let stages = [before("first"), before("before")];
    let jobs =
        [job_outcome("a", Succeeded, &[("s.v", "no")]), job_outcome("c", Succeeded, &[("s.v", "2")]), job_outcome("other", Skipped, &[])];
    let of_job = Dependencies::of_job(stage, &stage.jobs[4], &stages, &jobs);
    for (condition, expected) in [
        ("eq(dependencies.c.outputs['s.v'], 2)", true),
        ("eq(dependencies.C.Outputs['S.V'], 2)", true),
        ("eq(dependencies.other.result, 'Skipped')", true),
        // Only what `dependsOn` names.
        ("eq(dependencies.a, '')", true),
        ("eq(stageDependencies.before.x.outputs['step.v'], 1)", true),
        ("eq(stageDependencies.before.x.result, 'Failed')", true),
        ("eq(stageDependencies.first, '')", true),
        ("eq(pipeline.startTime, '1970-01-01 00:00:00Z')", true),
        ("eq(resources.pipeline.x.runID, '')", true),
    ] {
        assert_eq!(judge(condition, ConditionKind::Job, &of_job, false), Ok(expected), "{condition}");
    }
    let of_stage = Dependencies::of_stage(&pipeline, stage, &stages);
    for (condition, expected) in [
        ("eq(dependencies.before.outputs['x.step.v'], 1)", true),
        ("eq(dependencies.before.result, 'SucceededWithIssues')", true),
        ("eq(dependencies.first, '')", true),
        ("succeeded('first')", true),
        ("succeeded()", true),
    ] {
        assert_eq!(judge(condition, ConditionKind::Stage, &of_stage, false), Ok(expected), "{condition}");
    }
}

#[test]
fn a_condition_that_has_no_value_is_an_error() {
    // 2.7, "Step condition evaluation error: the step is Failed (not skipped)"
    assert_eq!(
        judge("gt(1, variables.flag)", ConditionKind::Job, &Dependencies::none(), false),
        Err("Unable to convert from String to Number. Value: 'yes'".to_owned())
    );
}

#[test]
fn steps_are_judged_by_the_status_of_their_job() {
    // 2.7, "Step"
    let judge = |condition: &str, job_status| {
        let condition = Condition::parse(condition, ConditionKind::Step, place()).unwrap();
        let scope = StepScope {
            variables: Value::object([("a", Value::string("se'cret"))]),
            job_status,
            mask: &|text| text.replace("se'cret", "***"),
        };
        condition.judge_step(&scope).unwrap()
    };
    for (job_status, expected) in [
        (Succeeded, [true, false, true, false, true]),
        (SucceededWithIssues, [true, false, true, false, true]),
        (Failed, [false, true, true, false, true]),
        (Canceled, [false, false, false, true, true]),
    ] {
        let conditions = ["", "failed()", "succeededOrFailed()", "canceled()", "always()"];
        assert_eq!(conditions.map(|condition| judge(condition, job_status).runs), expected, "{job_status}");
    }
    let judgement = judge("and(succeeded(), eq(variables.a, 'b'))", Succeeded);
    assert_eq!(
        judgement,
        Judgement {
            runs: false,
            trace: "Evaluating: and(succeeded(), eq(variables['a'], 'b'))\nExpanded: and(True, eq('***', 'b'))\nResult: False".to_owned()
        }
    );
}
