//! `slipway simulate`: whole outputs, on real repositories.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::support::World;

const STEPS: &str = "steps:\n- script: cat greeting\n  displayName: Greet\n";

/// A repository with a commit on `main`, in which `slipway.local.yml` has these pipelines and policies.
fn repository(more: &[(&str, &str)]) -> World {
    let world = World::new(&[
        ("greeting", "hello\n"),
        ("ci.yml", &format!("trigger: [main]\n{STEPS}")),
        ("pr.yml", &format!("trigger: none\npr: [main]\n{STEPS}")),
    ]);
    world.write(
        "slipway.local.yml",
        "pipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: shop-ci, file: ci.yml}\nbranchPolicies:\n- branch: main\n  buildValidation:\n  - pipeline: shop-pr\n",
    );
    for (path, text) in more {
        world.write(path, text);
    }
    git(&world, &["init", "--quiet", "--initial-branch=main"]);
    commit(&world, "First");
    world
}

#[expect(clippy::disallowed_methods, reason = "tests make repositories with plain git")]
fn git_in(folder: &Path, arguments: &[&str]) -> String {
    let output = std::process::Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn git(world: &World, arguments: &[&str]) -> String {
    git_in(&world.shop(), arguments)
}

fn commit(world: &World, message: &str) {
    git(world, &["add", "--all"]);
    git(world, &["commit", "--quiet", "--allow-empty", "-m", message]);
}

/// `feature` changes the greeting; `main` goes on, too. `feature` is checked out.
fn diverged(world: &World) {
    git(world, &["checkout", "--quiet", "-b", "feature"]);
    world.write("greeting", "good day\n");
    commit(world, "Be polite");
    git(world, &["checkout", "--quiet", "main"]);
    world.write("other", "");
    commit(world, "Other");
    git(world, &["checkout", "--quiet", "feature"]);
}

fn simulate(world: &World, arguments: &[&str]) -> String {
    without_commits(&world.slipway(&[&["simulate"], arguments].concat()))
}

/// Text without the ids of commits.
fn without_commits(said: &str) -> String {
    regex_lite::Regex::new(r"\b[0-9a-f]{8}\b|\b[0-9a-f]{40}\b").unwrap().replace_all(said, "COMMIT").into_owned()
}

/// Standard output from the report on, with the exit status.
fn report(said: &str) -> String {
    let exit = said.lines().next().unwrap_or_default();
    let at = said.find("report: ").unwrap_or(said.len());
    format!("{exit}\n{}", &said[at..])
}

#[test]
fn a_pull_request_in_azure_repos_builds_the_merge_as_the_branch_policy_says() {
    let world = repository(&[]);
    diverged(&world);
    insta::assert_snapshot!(simulate(&world, &["pr"]), @r"
        exit 0
        --- stdout
        pull request 1: feature into main (Azure Repos)
          merge COMMIT of COMMIT (feature) into COMMIT (main); 1 file changed
          shop-pr: triggered: the branch policy of `main` has a required build validation, and the policy holds for all paths
            `pr:` in pr.yml is ignored: in Azure Repos only branch policies build pull requests
          shop-ci: not triggered: no branch policy of `main` has a build validation with it

        shop-pr, run 1 (DATE.1)
        job Job: started on slipway-1
        step Checkout: started
          Starting: Checkout
          ==============================================================================
          Task         : Checkout
          Version      : 1.0.0
          ==============================================================================
          git init --quiet --template=
          git remote add origin ROOT/xdg/slipway/shop-HASH/simulate/repository.git
          git fetch --quiet --force --no-tags --prune --no-recurse-submodules origin --depth=1 +COMMIT:refs/remotes/origin/COMMIT
          git checkout --quiet --detach --force COMMIT
          HEAD is now at COMMIT, the tip of refs/pull/1/merge, 1 deep.
          Finishing: Checkout
        step Checkout: succeeded in TIME
        step Greet: started
          Starting: Greet
          ==============================================================================
          Task         : CmdLine
          Version      : 2.0.0
          ==============================================================================
          Generating script.
          Script contents:
          cat greeting
          ========================== Starting Command Output ===========================
          [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          good day
          Finishing: Greet
        step Greet: succeeded in TIME
        job Job: succeeded in TIME

        report: pull request 1: feature into main

        shop-pr, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        `shop-pr` succeeded
        branch policy: the pull request can be completed, as far as builds are concerned
        ");
    assert!(
        !world.root().join("xdg").join("slipway").read_dir().unwrap().any(|state| state.unwrap().path().join("simulate").exists()),
        "left"
    );
}

#[test]
fn a_push_starts_what_its_trigger_says() {
    let world = repository(&[]);
    insta::assert_snapshot!(simulate(&world, &["push"]), @r"
        exit 0
        --- stdout
        push to main (Azure Repos)
          COMMIT (First), the first commit; 4 files changed
          shop-pr: not triggered: `trigger: none`
          shop-ci: triggered: the branch `main` is included by `main`

        shop-ci, run 1 (DATE.1)
        job Job: started on slipway-1
        step Checkout: started
          Starting: Checkout
          ==============================================================================
          Task         : Checkout
          Version      : 1.0.0
          ==============================================================================
          git init --quiet --template=
          git remote add origin ROOT/xdg/slipway/shop-HASH/simulate/repository.git
          git fetch --quiet --force --no-tags --prune --no-recurse-submodules origin --depth=1 +COMMIT:refs/remotes/origin/COMMIT
          git checkout --quiet --detach --force COMMIT
          HEAD is now at COMMIT, the tip of refs/heads/main, 1 deep.
          Finishing: Checkout
        step Checkout: succeeded in TIME
        step Greet: started
          Starting: Greet
          ==============================================================================
          Task         : CmdLine
          Version      : 2.0.0
          ==============================================================================
          Generating script.
          Script contents:
          cat greeting
          ========================== Starting Command Output ===========================
          [command]bash --noprofile --norc ROOT/xdg/slipway/shop-HASH/agents/1/_work/_temp/GUID.sh
          hello
          Finishing: Greet
        step Greet: succeeded in TIME
        job Job: succeeded in TIME

        report: push to main

        shop-ci, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        `shop-ci` succeeded
        ");
}

#[test]
fn a_failing_required_validation_keeps_the_pull_request_from_being_completed_and_the_others_run() {
    let world = repository(&[
        ("broken.yml", "stepz: []\n"),
        (
            "slipway.local.yml",
            "pipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: shop-ci, file: ci.yml}\n- {name: broken, file: broken.yml}\nbranchPolicies:\n- branch: main\n  buildValidation:\n  - pipeline: broken\n    required: false\n  - pipeline: shop-ci\n    paths: [/docs/*]\n  - pipeline: shop-pr\n",
        ),
    ]);
    git(&world, &["checkout", "--quiet", "-b", "feature"]);
    git(&world, &["rm", "--quiet", "greeting"]);
    commit(&world, "No greeting");
    let said = simulate(&world, &["pr"]);
    let before_runs = &said[..said.find("job Job").unwrap()];
    insta::assert_snapshot!(before_runs, @r"
        exit 1
        --- stdout
        pull request 1: feature into main (Azure Repos)
          merge COMMIT of COMMIT (feature) into COMMIT (main); 1 file changed
          shop-pr: triggered: the branch policy of `main` has a required build validation, and the policy holds for all paths
            `pr:` in pr.yml is ignored: in Azure Repos only branch policies build pull requests
          shop-ci: not triggered: the branch policy of `main` has a required build validation, and the only changed file is `greeting`, so nothing passes the policy's path filter (`/docs/*`)
          broken: triggered: the branch policy of `main` has an optional build validation, and the policy holds for all paths

        shop-pr, run 1 (DATE.1)
        ");
    insta::assert_snapshot!(report(&said), @r"
        exit 1
        report: pull request 1: feature into main

        shop-pr, run 1 (DATE.1): failed in TIME

          failed TIME  Job
          failed TIME    Greet

        issues
          error: Greet: Bash exited with code '1'.

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        broken: could not run

        not succeeded: `shop-pr` (failed), `broken` (could not run)
        branch policy: the pull request cannot be completed, a required build validation has not succeeded: `shop-pr` (failed)
        --- stderr
        broken.yml:1:1: error: unknown key of the pipeline: `stepz`
          1 | stepz: []
            | ^
          hint: did you mean `steps`?
        broken.yml:1:1: error: the pipeline has nothing to run
          1 | stepz: []
            | ^
          hint: it needs `steps`, `jobs` or `stages`, its own or those of a template that it extends
        ");
}

#[test]
fn on_github_pr_decides() {
    let world = repository(&[
        ("slipway.local.yml", "repository: {type: github}\npipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: docs, file: docs.yml}\n"),
        ("docs.yml", "pr:\n  branches: {include: [main]}\n  paths: {include: [docs]}\nsteps: [{script: a}]\n"),
    ]);
    diverged(&world);
    let said = simulate(&world, &["pr", "--target", "refs/heads/main"]);
    insta::assert_snapshot!(&said[..said.find("job Job").unwrap()], @r"
        exit 0
        --- stdout
        pull request 1: feature into main (GitHub)
          merge COMMIT of COMMIT (feature) into COMMIT (main); 1 file changed
          shop-pr: triggered: the branch `main` is included by `main`
          docs: not triggered: the only changed file is `greeting`, so nothing passes the path filter (`docs`)

        shop-pr, run 1 (DATE.1)
        ");
    insta::assert_snapshot!(report(&said), @r"
        exit 0
        report: pull request 1: feature into main

        shop-pr, run 1 (DATE.1): succeeded in TIME

          succeeded TIME  Job

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        `shop-pr` succeeded
        ");
}

#[test]
fn what_is_no_event() {
    let world = repository(&[]);
    diverged(&world);
    insta::assert_snapshot!(simulate(&world, &["pr", "featrue"]), @r"
        exit 2
        --- stderr
        error: no branch `featrue` in the repository
          hint: did you mean `feature`?
        ");
    insta::assert_snapshot!(simulate(&world, &["pr", "--target", "mian"]), @r"
        exit 2
        --- stderr
        error: no branch `mian` in the repository
          hint: did you mean `main`?
        ");
    insta::assert_snapshot!(simulate(&world, &["pr", "main"]), @r"
        exit 2
        --- stderr
        error: a pull request goes from one branch into another, and both are `main`
          hint: check out the branch with the changes, or name it: `slipway simulate pr BRANCH`; the other one is named with `--target`
        ");
    insta::assert_snapshot!(simulate(&world, &["push", "refs/tags/v1"]), @r"
        exit 2
        --- stderr
        error: no tag `v1` in the repository
          hint: there is no tag at all
        ");
    insta::assert_snapshot!(simulate(&world, &["push", "--since", "nowhere"]), @r"
        exit 2
        --- stderr
        error: no commit `nowhere` in the branches and tags of the repository
          hint: `--since` takes a commit id, a branch, a tag, or for instance `HEAD~3` as `main~3`
        ");
    git(&world, &["branch", "behind", "main~1"]);
    insta::assert_snapshot!(simulate(&world, &["pr", "behind"]), @r"
        exit 2
        --- stderr
        error: there is nothing to merge: `main` has all commits of `behind`
          hint: commit something to `behind`, or simulate the push to `main`: `slipway simulate push main`
        ");
    git(&world, &["checkout", "--quiet", "--detach"]);
    insta::assert_snapshot!(simulate(&world, &["pr"]), @r"
        exit 2
        --- stderr
        error: no branch is checked out (the head is detached), so the event has none
          hint: name one: `slipway simulate pr BRANCH`
        ");
    git(&world, &["checkout", "--quiet", "--orphan", "apart"]);
    commit(&world, "Apart");
    insta::assert_snapshot!(simulate(&world, &["pr"]), @r"
        exit 2
        --- stderr
        error: `apart` and `main` have no commit in common, so they cannot be merged
          hint: name another target with `--target BRANCH`
        ");
}

#[test]
fn a_conflict_names_its_files() {
    let world = repository(&[]);
    diverged(&world);
    git(&world, &["checkout", "--quiet", "main"]);
    world.write("greeting", "hi\n");
    commit(&world, "Be brief");
    insta::assert_snapshot!(simulate(&world, &["pr", "feature"]), @r"
        exit 2
        --- stderr
        error: `feature` cannot be merged into `main`, these files conflict:
          greeting
          hint: the service builds no pull request with conflicts; solve them in `feature`: `git merge main` or `git rebase main`
        ");
}

#[test]
fn repositories_that_cannot_have_events() {
    let outside = World::new(&[("ci.yml", STEPS), ("slipway.local.yml", "pipelines: [{name: ci, file: ci.yml}]\n")]);
    insta::assert_snapshot!(simulate(&outside, &["push"]), @r"
        exit 2
        --- stderr
        error: not in a git repository: `ROOT/shop`
          hint: an event is about commits: `git init`, commit, and try again; `slipway run FILE` needs no git
        ");
    git(&outside, &["init", "--quiet", "--initial-branch=main"]);
    insta::assert_snapshot!(simulate(&outside, &["push", "--strict"]), @r"
        exit 2
        --- stderr
        error: uncommitted changes are no part of the event: `ci.yml`, `slipway.local.yml`
          hint: commit or stash them, or simulate without `--strict`
        ");
    insta::assert_snapshot!(simulate(&outside, &["push"]), @r"
        exit 2
        --- stderr
        warning: uncommitted changes are no part of the event: `ci.yml`, `slipway.local.yml`
        error: the repository has no commit on the branch `main` yet
          hint: commit something first
        ");
    let without = World::new(&[("ci.yml", STEPS)]);
    git(&without, &["init", "--quiet", "--initial-branch=main"]);
    commit(&without, "First");
    insta::assert_snapshot!(simulate(&without, &["push"]), @r"
        exit 2
        --- stderr
        error: slipway.local.yml lists no `pipelines`, so no event can trigger one
          hint: docs/slipway-local-yml.md says how; `slipway run FILE` runs a pipeline without an event
        ");

    let whole = repository(&[]);
    commit(&whole, "Second");
    let shallow = whole.root().join("shallow");
    git_in(whole.root(), &["clone", "--quiet", "--depth=1", &format!("file://{}", whole.shop().display()), "shallow"]);
    let output = whole.command(&["simulate", "push"]).current_dir(&shallow).output().unwrap();
    insta::assert_snapshot!(whole.said(&output), @r"
        exit 2
        --- stderr
        error: the repository `ROOT/shallow` is shallow: the history that an event is about is not there
          hint: fetch it with `git fetch --unshallow`
        ");
    git(&whole, &["config", "core.repositoryFormatVersion", "1"]);
    git(&whole, &["config", "extensions.partialClone", "origin"]);
    insta::assert_snapshot!(simulate(&whole, &["push"]), @r"
        exit 2
        --- stderr
        error: the repository `ROOT/shop` is a partial clone: git would fetch into it what is missing
          hint: simulate in a whole clone
        ");
}

#[test]
fn uncommitted_changes_are_named_and_no_part_of_the_event() {
    let world = repository(&[]);
    world.write("greeting", "uncommitted\n");
    world.write("new", "");
    let said = simulate(&world, &["push"]);
    assert!(said.contains("\nhello\n") || said.contains("  hello\n"), "{said}");
    assert!(!said.contains("  uncommitted\n"), "{said}");
    assert!(said.ends_with("--- stderr\nwarning: uncommitted changes are no part of the event: `greeting`, `new`\n"), "{said}");
    insta::assert_snapshot!(simulate(&world, &["push", "--strict"]), @r"
        exit 2
        --- stderr
        error: uncommitted changes are no part of the event: `greeting`, `new`
          hint: commit or stash them, or simulate without `--strict`
        ");
}

/// Every file and folder below `folder`: when it was changed, and what is in it.
fn everything(folder: &Path) -> BTreeMap<PathBuf, (SystemTime, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let changed = |path: &Path| path.symlink_metadata().unwrap().modified().unwrap();
        found.insert(folder.clone(), (changed(&folder), Vec::new()));
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                found.insert(path.clone(), (changed(&path), std::fs::read(&path).unwrap_or_default()));
            }
        }
    }
    found
}

#[test]
fn the_users_repository_is_only_read() {
    let world = repository(&[]);
    diverged(&world);
    // A stale index and an uncommitted change: `git status` of a person would write the index.
    world.write("greeting", "uncommitted\n");
    world.write("ci.yml", &format!("trigger: [main]\n{STEPS}"));
    let before = everything(&world.shop());
    for arguments in [&["pr"][..], &["push"], &["pr", "nowhere"]] {
        simulate(&world, arguments);
        assert_eq!(everything(&world.shop()), before, "{arguments:?}");
    }
    git(&world, &["status"]);
    assert_ne!(everything(&world.shop()), before, "what a person's `git status` does would be seen");
}

#[test]
fn the_users_git_has_no_part_in_it() {
    let world = repository(&[]);
    diverged(&world);
    let home = world.root().join("home");
    let touch = format!("#!/bin/sh\ntouch {}/hooked\n", world.root().display());
    for folder in ["template/hooks", "hooks"] {
        let folder = home.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        for hook in ["post-checkout", "reference-transaction", "post-index-change", "post-commit"] {
            let file = folder.join(hook);
            std::fs::write(&file, &touch).unwrap();
            std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
    }
    let home = home.display();
    let settings = format!(
        "[core]\n hooksPath = {home}/hooks\n[init]\n templateDir = {home}/template\n[commit]\n gpgSign = true\n[gpg]\n program = /nowhere\n[url \"file:///nowhere/\"]\n insteadOf = /\n"
    );
    std::fs::write(world.root().join("home/.gitconfig"), settings).unwrap();
    let variables = [
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/nowhere"),
        ("GIT_INDEX_FILE", "/nowhere"),
        ("GIT_TEMPLATE_DIR", "/nowhere"),
        ("GIT_CONFIG_PARAMETERS", "'broken"),
    ];
    let output = world.command(&["simulate", "pr"]).envs(variables).output().unwrap();
    let said = world.said(&output);
    assert!(said.starts_with("exit 0\n") && said.contains("good day"), "{said}");
    assert!(!world.root().join("hooked").exists());

    // All of that would have had an effect.
    #[expect(clippy::disallowed_methods, reason = "git as the person has it")]
    let person = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        git.args(arguments).current_dir(world.shop()).env("HOME", world.root().join("home")).env_remove("GIT_CONFIG_GLOBAL");
        git.env_remove("XDG_CONFIG_HOME").output().unwrap()
    };
    assert!(!person(&["fetch", &world.shop().display().to_string()]).status.success(), "insteadOf");
    assert!(person(&["checkout", "main"]).status.success());
    assert!(world.root().join("hooked").exists(), "hooks");
}

#[test]
fn what_a_killed_simulation_left_is_removed() {
    let world = repository(&[]);
    simulate(&world, &["push"]);
    let state = world.root().join("xdg/slipway").read_dir().unwrap().next().unwrap().unwrap().path();
    std::fs::create_dir_all(state.join("simulate/repository.git/refs")).unwrap();
    std::fs::write(state.join("simulate/repository.git/HEAD"), "broken").unwrap();
    let said = simulate(&world, &["push"]);
    assert!(said.starts_with("exit 0\n"), "{said}");
    assert!(!state.join("simulate").exists());
}

#[test]
fn a_worktree_is_a_repository_and_pull_requests_are_counted() {
    let world = repository(&[]);
    diverged(&world);
    git(&world, &["worktree", "add", "--quiet", "../other", "main"]);
    let state = world.root().join("state").display().to_string();
    for number in [1, 2] {
        let output =
            world.command(&["simulate", "pr", "feature", "--state", &state]).current_dir(world.root().join("other")).output().unwrap();
        let said = world.said(&output);
        assert!(said.starts_with(&format!("exit 0\n--- stdout\npull request {number}: feature into main")), "{said}");
        assert!(said.contains(&format!("the tip of refs/pull/{number}/merge")), "{said}");
    }
}

#[test]
fn ctrl_c_ends_the_run_and_starts_no_other_and_leaves_no_copy() {
    let world = repository(&[
        ("ci.yml", "steps:\n- bash: |\n    echo ready\n    while true; do read -t 600 <> <(:); done\n"),
        ("pr.yml", "steps:\n- script: echo second\n"),
        ("slipway.local.yml", "pipelines:\n- {name: first, file: ci.yml}\n- {name: second, file: pr.yml}\n"),
    ]);
    let mut child = world.command(&["simulate", "push"]).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while !said.ends_with("  ready\n") {
        assert!(out.read_line(&mut said).unwrap() > 0, "{said}");
    }
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    out.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{said}");
    assert!(said.contains("second: not run\n"), "{said}");
    assert!(said.ends_with("not succeeded: `first` (canceled), `second` (not run)\n"), "{said}");
    let state = world.root().join("xdg/slipway").read_dir().unwrap().next().unwrap().unwrap().path();
    assert!(!state.join("simulate").exists());
}

#[test]
fn runs_of_events_can_be_listed_and_shown() {
    let junit = r#"<testsuite name="orders"><testcase classname="orders" name="adds"/><testcase classname="orders" name="rounds"><failure message="expected 2, got 3">at orders.rs:7</failure></testcase></testsuite>"#;
    let publishes = format!(
        "trigger: [main]\nsteps:\n- bash: |\n    echo '{junit}' > r.xml\n    echo kept > kept\n    echo '##vso[results.publish type=JUnit;resultFiles=r.xml;runTitle=unit]'\n    exit 1\n  displayName: Test\n- publish: kept\n  artifact: drop\n  condition: always()\n"
    );
    let world = repository(&[("ci.yml", &publishes)]);
    let said = simulate(&world, &["push"]);
    insta::assert_snapshot!(report(&said), @r"
        exit 1
        report: push to main

        shop-ci, run 1 (DATE.1): failed in TIME

          failed TIME  Job
          failed TIME    Test

        issues
          error: Test: Bash exited with code '1'.

        tests
          1 passed, 1 failed, 0 skipped  unit
            failed: rounds in orders
              expected 2, got 3
          ROOT/xdg/slipway/shop-HASH/runs/1/tests.json

        artifacts
          drop  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/drop

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs

        not succeeded: `shop-ci` (failed)
        ");
    diverged(&world);
    simulate(&world, &["pr", "--draft"]);
    world.slipway(&["run", "pr.yml"]);
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs"])), @r"
        exit 0
        --- stdout
        1  failed     MOMENT  shop-ci  DATE.1  push            main COMMIT
        2  succeeded  MOMENT  shop-pr  DATE.1  pull request 1  refs/pull/1/merge COMMIT
        3  succeeded  MOMENT  shop-pr  DATE.2  by hand         feature COMMIT
        ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs", "show", "1"])), @r"
        exit 0
        --- stdout
        shop-ci, run 1 (DATE.1): failed in TIME
          push to main, commit COMMIT

          failed TIME  Job
          succeeded TIME    Checkout
          failed TIME    Test
          succeeded TIME    PublishPipelineArtifact

        issues
          error: Test: Bash exited with code '1'.

        tests
          1 passed, 1 failed, 0 skipped  unit
            failed: rounds in orders
              expected 2, got 3
          ROOT/xdg/slipway/shop-HASH/runs/1/tests.json

        artifacts
          drop  ROOT/xdg/slipway/shop-HASH/runs/1/artifacts/drop

        logs
          ROOT/xdg/slipway/shop-HASH/runs/1/logs
        ");
    insta::assert_snapshot!(without_commits(&world.slipway(&["runs", "show", "2"])), @r"
        exit 0
        --- stdout
        shop-pr, run 2 (DATE.1): succeeded in TIME
          pull request 1 (draft): feature into main, merge COMMIT

          succeeded TIME  Job
          succeeded TIME    Checkout
          succeeded TIME    Greet

        logs
          ROOT/xdg/slipway/shop-HASH/runs/2/logs
        ");
}

#[test]
fn the_number_of_a_pipeline_is_that_of_the_file_and_exists_at_compile_time() {
    let steps = "trigger: [main]\nsteps:\n- script: echo compile ${{ variables['System.DefinitionId'] }} ${{ variables['Build.Reason'] }} run $(System.DefinitionId)\n";
    let world = repository(&[("ci.yml", steps), ("slipway.local.yml", "pipelines: [{id: 12, name: ci, file: ci.yml}]\n")]);
    let said = simulate(&world, &["push"]);
    assert!(said.contains("\n  compile 12 IndividualCI run 12\n"), "{said}");
    let said = world.slipway(&["run", "ci.yml"]);
    assert!(said.contains("\n  compile 12 Manual run 12\n"), "{said}");
}

#[test]
fn paths_since_a_commit_and_tags_decide_about_pushes() {
    let steps = "steps: [{script: echo ran}]\n";
    let world = repository(&[
        ("docs.yml", &format!("trigger:\n  paths: {{include: [docs]}}\n{steps}")),
        ("release.yml", &format!("trigger:\n  tags: {{include: [v*]}}\n{steps}")),
        ("slipway.local.yml", "pipelines:\n- {name: release, file: release.yml}\n- {name: docs, file: docs.yml}\n"),
    ]);
    world.write("docs/a.md", "");
    commit(&world, "Docs");
    world.write("code", "");
    commit(&world, "Code");
    git(&world, &["tag", "v1"]);
    let chosen = |arguments: &[&str]| {
        let said = simulate(&world, arguments);
        said.lines()
            .filter(|line| line.contains(" triggered: ") || line.contains("COMMIT ("))
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    insta::assert_snapshot!(chosen(&["push"]), @r"
        COMMIT (Code), since COMMIT; 1 file changed
        release: not triggered: `trigger:` names tags only, and `main` is a branch
        docs: not triggered: the only changed file is `code`, so nothing passes the path filter (`docs`)
        ");
    insta::assert_snapshot!(chosen(&["push", "--since", "main~2"]), @r"
        COMMIT (Code), since COMMIT; 2 files changed
        release: not triggered: `trigger:` names tags only, and `main` is a branch
        docs: triggered: `trigger:` names no branches, so every branch starts it, and `docs/a.md` changed, which the path filter includes
        ");
    insta::assert_snapshot!(chosen(&["push", "refs/tags/v1"]), @r"
        COMMIT (Code), since COMMIT; 1 file changed
        release: triggered: the tag `v1` is included by `v*`
        docs: not triggered: without `trigger: tags:` no tag starts it, and `v1` is one
        ");
    git(&world, &["checkout", "--quiet", "-b", "without"]);
    git(&world, &["rm", "--quiet", "docs.yml"]);
    commit(&world, "No pipeline");
    git(&world, &["checkout", "--quiet", "main"]);
    insta::assert_snapshot!(chosen(&["push", "without"]), @r"
        COMMIT (No pipeline), since COMMIT; 1 file changed
        release: not triggered: `trigger:` names tags only, and `without` is a branch
        docs: not triggered: `docs.yml` is not in the commit
        ");
    git(&world, &["commit", "--quiet", "--allow-empty", "-m", "Nothing [skip ci]"]);
    insta::assert_snapshot!(report(&simulate(&world, &["push"])), @r"
        exit 0
        report: push to main

        no pipeline was triggered
        ");
}

#[test]
fn a_secret_stays_in_the_store_whatever_becomes_of_the_event() {
    let steps = "variables:\n- group: shop\nsteps:\n- bash: |\n    echo \"it is $(TOKEN)\"\n    echo \"##vso[task.setvariable variable=x;isOutput=true]$(TOKEN)\"\n    exit 1\n";
    let world = repository(&[
        ("ci.yml", &format!("trigger: [main]\n{steps}")),
        ("pr.yml", steps),
        (
            "slipway.local.yml",
            "pipelines:\n- {name: shop-pr, file: pr.yml}\n- {name: shop-ci, file: ci.yml}\nbranchPolicies:\n- branch: main\n  buildValidation:\n  - pipeline: shop-pr\nvariableGroups:\n- name: shop\n  secrets:\n  - name: TOKEN\n    generate: {randomText: {length: 40}}\n",
        ),
    ]);
    diverged(&world);
    git(&world, &["branch", "conflicting", "main~1"]);
    git(&world, &["checkout", "--quiet", "conflicting"]);
    world.write("greeting", "hi\n");
    commit(&world, "Be brief");
    git(&world, &["checkout", "--quiet", "feature"]);
    world.write("uncommitted", "");
    let mut said = String::new();
    for (arguments, exit) in [
        (&["pr"][..], "exit 1"),
        (&["push", "main"], "exit 1"),
        (&["pr", "feature", "--target", "conflicting"], "exit 2"),
        (&["pr", "nowhere"], "exit 2"),
        (&["push", "--strict"], "exit 2"),
    ] {
        let one = simulate(&world, arguments);
        assert!(one.starts_with(exit), "{arguments:?}: {one}");
        said.push_str(&one);
    }
    said.push_str(&world.slipway(&["runs", "show", "1"]));
    assert!(said.contains("it is ***"), "{said}");
    let holds = |secret: &str| -> Vec<PathBuf> {
        let files = everything(world.root()).into_iter();
        files.filter(|(_, (_, text))| String::from_utf8_lossy(text).contains(secret)).map(|(path, _)| path).collect()
    };
    let store = holds("\"TOKEN\"").into_iter().find(|path| path.ends_with("azure/store/groups.json")).unwrap();
    let stored = std::fs::read_to_string(&store).unwrap();
    let secret = regex_lite::Regex::new(r#""value": *"([^"]{40})""#).unwrap().captures(&stored).unwrap()[1].to_owned();
    assert_eq!(holds(&secret), [store]);
    assert!(!said.contains(&secret));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "PATH is the machine's")]
fn ctrl_c_while_the_repository_is_copied_leaves_nothing() {
    let world = repository(&[]);
    // Open for writing as long as git lives.
    let lives = world.root().join("lives");
    let path = std::env::var("PATH").unwrap();
    let real = std::env::split_paths(&path).map(|folder| folder.join("git")).find(|git| git.exists()).unwrap();
    let wrapper = world.root().join("bin/git");
    std::fs::create_dir(wrapper.parent().unwrap()).unwrap();
    let script = format!(
        "#!/bin/sh\ncase \" $* \" in *\" fetch \"*) exec sleep 100000 9> '{}';; esac\nexec '{}' \"$@\"\n",
        lives.display(),
        real.display()
    );
    std::fs::write(&wrapper, script).unwrap();
    std::fs::set_permissions(&wrapper, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&lives).status().unwrap().success());
    let child =
        world.command(&["simulate", "push"]).env("PATH", format!("{}:{path}", wrapper.parent().unwrap().display())).spawn().unwrap();
    let mut git = std::fs::File::open(&lives).unwrap();
    let state = world.root().join("xdg/slipway").read_dir().unwrap().next().unwrap().unwrap().path();
    assert!(state.join("simulate").exists());
    rustix::process::kill_process(rustix::process::Pid::from_child(&child), rustix::process::Signal::INT).unwrap();
    insta::assert_snapshot!(world.said(&child.wait_with_output().unwrap()), @r"
        exit 130
        --- stderr
        error: interrupted before anything ran
        ");
    assert!(!state.join("simulate").exists());
    // Ends when git does.
    assert_eq!(git.read_to_end(&mut Vec::new()).unwrap(), 0);
}
