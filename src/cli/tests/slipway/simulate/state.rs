//! Several `slipway` on one state folder.

use super::{repository, without_commits};
use crate::running::Running;

#[test]
fn a_second_one_says_who_holds_the_state_and_runs_can_be_read_meanwhile() {
    let world = repository(&[
        ("ci.yml", "trigger: [main]\nsteps:\n- checkout: none\n- bash: |\n    echo ready\n    while true; do read -t 600 <> <(:); done\n"),
        ("slipway.local.yml", "pipelines:\n- {name: shop-ci, file: ci.yml}\n- {name: shop-pr, file: pr.yml}\n"),
    ]);
    let mut running = Running::start(world.command(&["simulate", "push"]));
    running.until("ready");
    for second in [&["simulate", "push"][..], &["simulate", "pr", "--target", "main"], &["run", "pr.yml"]] {
        let said = world.slipway(second);
        let held = "exit 2\n--- stderr\nerror: the state folder is in use by process PID: `slipway simulate`: `ROOT/xdg/slipway/shop-HASH`\n  hint: wait until it ends, or give this command a folder of its own with `--state FOLDER`\n";
        assert!(said.ends_with(held.trim_start_matches("exit 2\n")) && said.starts_with("exit 2\n"), "{second:?}: {said}");
    }
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs"])), @r"
    exit 0
    --- stdout
    1  not complete  MOMENT  shop-ci  DATE.1  push  main COMMIT
    ");
    running.interrupt();
    let (status, said, _) = running.end(&world);
    assert_eq!(status, Some(130), "{said}");
    let said = world.slipway(&["run", "pr.yml"]);
    assert!(said.starts_with("exit 0\n"), "{said}");
}
