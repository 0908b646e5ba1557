//! `slipway simulate`: whole outputs, on real repositories.

mod completions;
mod errors;
mod interruption;
mod isolation;
mod policies;
mod pull_requests;
mod pushes;
mod runs;
mod state;

use crate::secrets::GROUP;
use crate::support::World;

/// The end of a pipeline; its job has a secret of a variable group.
const STEPS: &str = "steps:\n- script: cat greeting\n  displayName: Greet\nvariables:\n- group: planted\n";

/// The pipelines and the branch policy of [`repository`].
const CONFIG: &str = "\
pipelines:
- {name: shop-pr, file: pr.yml}
- {name: shop-ci, file: ci.yml}
branchPolicies:
- branch: main
  buildValidation:
  - pipeline: shop-pr
";

/// A repository with a commit on `main`, in which `slipway.local.yml` has these pipelines and policies (or those of `more`), and
/// the variable group `planted`.
fn repository(more: &[(&str, &str)]) -> World {
    let world = World::new(&[
        ("greeting", "hello\n"),
        ("ci.yml", &format!("trigger: [main]\n{STEPS}")),
        ("pr.yml", &format!("trigger: none\npr: [main]\n{STEPS}")),
    ]);
    for (path, text) in [("slipway.local.yml", CONFIG)].iter().chain(more) {
        let group = if *path == "slipway.local.yml" { GROUP } else { "" };
        world.write(path, &format!("{text}{group}"));
    }
    world.commit("First");
    world
}

/// `feature` changes the greeting; `main` goes on, too. `feature` is checked out.
fn diverged(world: &World) {
    world.git(&["checkout", "--quiet", "-b", "feature"]);
    world.write("greeting", "good day\n");
    world.commit("Be polite");
    world.git(&["checkout", "--quiet", "main"]);
    world.write("other", "");
    world.commit("Other");
    world.git(&["checkout", "--quiet", "feature"]);
}

fn simulate(world: &World, arguments: &[&str]) -> String {
    without_commits(&world.slipway(&[&["simulate"], arguments].concat()))
}

/// Text without the ids of commits.
pub(crate) fn without_commits(said: &str) -> String {
    regex_lite::Regex::new(r"\b[0-9a-f]{8}\b|\b[0-9a-f]{40}\b").unwrap().replace_all(said, "COMMIT").into_owned()
}

/// Standard output from the report on, with the exit status.
fn report(said: &str) -> String {
    let exit = said.lines().next().unwrap_or_default();
    let at = said.find("report: ").unwrap_or(said.len());
    format!("{exit}\n{}", &said[at..])
}
