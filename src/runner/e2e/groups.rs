use slipway_secret::Secret;

use super::*;

const TOKEN: &str = "token-of-the-group-7331";

fn group(name: &str, plain: &[(&str, &str)]) -> VariableGroup {
    let variables = plain.iter().map(|(name, value)| PipelineVariable::Plain { name: (*name).into(), value: (*value).into() });
    VariableGroup { name: name.into(), variables: variables.collect() }
}

fn named(name: &str) -> VariableItem {
    VariableItem::Group { name: name.into(), place: place() }
}

#[tokio::test]
async fn groups_and_variables_merge_in_their_order_and_the_most_local_scope_wins() {
    let mut show = job("j", vec![script("echo \"$A $B $C $D $E\"")]);
    show.variables = vec![named("of job")];
    let mut stage = stage("s", &[], vec![show]);
    stage.variables = vec![named("OF STAGE"), variable("C", "after the group")];
    let mut bench = Bench::of_stages(vec![stage]);
    bench.pipeline.variables = vec![variable("B", "before the group"), named("first"), named("second")];
    bench.variables = vec![PipelineVariable::Plain { name: "A".into(), value: "outside".into() }];
    bench.groups = vec![
        group("first", &[("A", "first"), ("B", "first"), ("C", "first"), ("D", "first"), ("E", "first")]),
        group("second", &[("B", "second"), ("C", "second"), ("D", "second"), ("E", "second")]),
        group("of stage", &[("C", "stage"), ("D", "stage"), ("E", "stage")]),
        group("of job", &[("E", "job $(A)")]),
        group("not named", &[("A", "never")]),
    ];
    assert_eq!(bench.run().await.lines(0), ["first second after the group stage job first"]);
}

#[tokio::test]
async fn a_secret_of_a_group_is_masked_and_reaches_only_steps_that_ask_for_it() {
    let mut asks = script("echo \"env $ASKED, macro $(token)\"; test \"$ASKED\" = \"$(token)\"");
    asks.env = vec![("ASKED".into(), "$(TOKEN)".into())];
    let silent = script("echo \"token ${TOKEN:-not there}, plain $LEVEL\"");
    let mut bench = Bench::new(vec![asks, silent]);
    bench.pipeline.variables = vec![named("settings")];
    let mut settings = group("settings", &[("LEVEL", "debug")]);
    settings.variables.push(PipelineVariable::Secret { name: "TOKEN".into(), value: Secret::new(TOKEN, &crate::Masker::new()) });
    bench.groups = vec![settings];
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    assert_eq!(ran.lines(0), ["env ***, macro ***"]);
    assert_eq!(ran.lines(1), ["token not there, plain debug"]);
    let everything = ran.everything(&bench);
    assert!(everything.contains("debug"), "what is no secret is found by this search");
    assert!(!everything.contains(TOKEN));
}

#[tokio::test]
async fn a_variable_over_a_secret_of_a_group_stays_secret() {
    let mut bench = Bench::new(vec![script("echo \"$(TOKEN)\"")]);
    bench.pipeline.variables = vec![named("settings"), variable("token", "written-over-it")];
    let token = PipelineVariable::Secret { name: "TOKEN".into(), value: Secret::new(TOKEN, &crate::Masker::new()) };
    bench.groups = vec![VariableGroup { name: "settings".into(), variables: vec![token] }];
    assert_eq!(bench.run().await.lines(0), ["***"]);
}

#[tokio::test]
async fn a_group_that_does_not_exist_fails_the_job_that_needs_it() {
    let mut bench = Bench::new(vec![script("echo never")]);
    bench.pipeline.stages[0].jobs[0].variables = vec![named("settings")];
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Failed);
    assert_eq!(ran.record.stages[0].jobs[0].reason, "ci.yml:1:1: there is no variable group `settings`.");
}
