use super::*;

#[tokio::test]
async fn an_artifact_goes_from_one_job_to_another() {
    let publish = task("PublishPipelineArtifact", &[("targetPath", "out"), ("artifactName", "drop")]);
    let download =
        task("DownloadPipelineArtifact", &[("buildType", "current"), ("artifactName", "drop"), ("targetPath", "$(Pipeline.Workspace)/in")]);
    let all = task("DownloadPipelineArtifact", &[("itemPattern", "**/*.txt\n!**/b.txt"), ("targetPath", "all")]);
    let missing = task("DownloadPipelineArtifact", &[("artifactName", "dorp")]);
    let mut second = job(
        "second",
        vec![
            download,
            script("cd $PIPELINE_WORKSPACE/in && find . -type f | sort"),
            all,
            script("cd all && find . -type f | sort"),
            missing,
        ],
    );
    second.depends_on = vec!["first".into()];
    let bench = Bench::of_jobs(vec![
        job(
            "first",
            vec![script("mkdir -p out/deep; echo a > out/a.txt; echo b > out/deep/b.txt; echo c > out/c.bin"), publish.clone(), publish],
        ),
        second,
    ]);
    let ran = bench.run().await;
    let steps = &ran.record.stages[0].jobs[0].steps;
    assert_eq!([steps[1].result, steps[2].result], [Some(TaskResult::Succeeded), Some(TaskResult::Failed)]);
    assert!(steps[2].issues[0].message.contains("drop already exists"), "{:?}", steps[2].issues);
    assert_eq!((ran.record.artifacts[0].files, ran.record.artifacts[0].job.as_str()), (3, "s.first"));
    // The first job failed in the end; run the second by itself.
    let mut bench = bench;
    bench.pipeline.stages[0].jobs[0].steps.pop();
    let ran = bench.run().await;
    assert_eq!(ran.job_lines("s", "second", 1), ["./a.txt", "./c.bin", "./deep/b.txt"]);
    assert_eq!(ran.job_lines("s", "second", 3), ["./drop/a.txt"]);
    let last = &ran.record.stages[0].jobs[1].steps[4];
    assert_eq!(last.issues[0].message, "Artifact `dorp` was not found for build 2 of `ci`: it has `drop`.");
}

#[tokio::test]
async fn an_artifact_of_another_pipelines_last_good_run_is_found() {
    let mut bench =
        Bench::new(vec![script("echo one > f"), task("PublishPipelineArtifact", &[("targetPath", "f"), ("artifactName", "drop")])]);
    bench.run().await;
    bench.pipeline.stages[0].jobs[0].steps.push(script("exit 1"));
    bench.run().await;
    bench.file = "cd.yml".into();
    let download = |more: &[(&str, &str)]| {
        let inputs: Vec<(&str, &str)> =
            [("buildType", "specific"), ("artifactName", "drop"), ("targetPath", "in")].iter().chain(more).copied().collect();
        task("DownloadPipelineArtifact", &inputs)
    };
    bench.pipeline.stages[0].jobs[0].steps = vec![
        download(&[("definition", "1"), ("buildVersionToDownload", "latest")]),
        script("cat in/f"),
        download(&[("definition", "other")]),
    ];
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["one"]);
    assert!(ran.lines(0).concat().contains("of build 1"), "the failed run is passed over: {:?}", ran.lines(0));
    assert!(ran.step(2).issues[0].message.contains("No run of pipeline `other`"));
}

#[tokio::test]
async fn uploads_attachments_and_summaries_are_kept() {
    let bench = Bench::new(vec![script(
        "echo '##vso[task.setsecret]hunter2'; mkdir d; echo hello > d/f; echo '# The hunter2 summary' > s.md; \
         echo \"##vso[artifact.upload artifactname=logs;containerfolder=one]$PWD/d\"; echo \"##vso[artifact.upload artifactname=logs;containerfolder=two]$PWD/d/f\"; \
         mkdir empty; echo \"##vso[artifact.upload artifactname=none]$PWD/empty\"; \
         echo \"##vso[task.uploadsummary]$PWD/s.md\"; echo \"##vso[task.addattachment type=delivery.v1;name=x.json]$PWD/d/f\"; echo \"##vso[task.uploadfile]$PWD/d/f\"; \
         echo '##vso[artifact.associate artifactname=link;type=filepath]\\\\\\\\share\\\\x'",
    )]);
    let ran = bench.run().await;
    assert_eq!(ran.result(), TaskResult::Succeeded);
    let names: Vec<_> =
        ran.record.artifacts.iter().map(|artifact| (artifact.name.as_str(), artifact.kind.as_str(), artifact.files)).collect();
    assert_eq!(names, [("logs", "Container", 2), ("link", "filepath", 0)]);
    assert!(ran.folder.join("artifacts/logs/one/f").exists() && ran.folder.join("artifacts/logs/two/f").exists());
    let kinds: Vec<_> = ran.record.attachments.iter().map(|attachment| (attachment.kind.as_str(), attachment.name.as_str())).collect();
    assert_eq!(kinds, [("delivery.v1", "x.json"), ("DistributedTask.Core.FileAttachment", "f")]);
    assert_eq!(fs::read_to_string(ran.folder.join(&ran.record.summaries[0].file)).unwrap(), "# The *** summary\n");
    let warnings: Vec<_> = ran.step(0).issues.iter().map(|issue| issue.message.as_str()).collect();
    assert!(warnings[0].contains("empty' is empty") && warnings[1].contains("`s.md` holds a secret"), "{warnings:?}");
}

/// A git repository with one commit; returns the commit's id.
async fn repository(folder: &Path) -> String {
    let git = |arguments: &str| format!("git -c user.name=n -c user.email=e@example.com -c init.defaultBranch=main {arguments}");
    let script = format!(
        "cd '{}'; printf ignored > .gitignore; echo one > tracked; chmod +x tracked; echo gone > gone; ln -s tracked link; {}; {}; {}; rm gone; echo two > tracked; echo new > untracked; echo x > ignored; git rev-parse HEAD",
        folder.display(),
        git("init -q"),
        git("add -A"),
        git("commit -qm first")
    );
    let command = slipway_process::Command::new("/bin/sh")
        .arg("-ec")
        .arg(script)
        .env("PATH", path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    let mut lines = Vec::new();
    let timings = crate::host_process::Timings::of(&crate::variables::Variables::new());
    let (end, _child) = crate::host_process::run(command, &Cancellation::new(), timings, |_, line| {
        lines.push(line.to_owned());
        crate::host_process::Flow::Continue
    })
    .await
    .unwrap();
    assert_eq!(end.code(), 0, "{lines:?}");
    lines.pop().unwrap()
}

#[tokio::test]
async fn checkout_takes_the_work_tree_as_it_is() {
    let checkout = || task("Checkout", &[("repository", "self")]);
    let mut bench = Bench::new(vec![
        checkout(),
        script("ls -A; cat tracked; test -x tracked; readlink link"),
        script("git status --porcelain; git log --format=%s; git symbolic-ref -q HEAD || echo detached"),
        script("touch built"),
        checkout(),
        script("ls built"),
        task("Checkout", &[("repository", "self"), ("clean", "true")]),
        script("ls built 2> /dev/null || echo clean"),
        task("Checkout", &[("repository", "other")]),
    ]);
    bench.commit = repository(&bench.path("repository")).await;
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), [".git", ".gitignore", "link", "tracked", "untracked", "two", "tracked"]);
    assert_eq!(ran.lines(2), [" D gone", " M tracked", "?? untracked", "first", "detached"]);
    assert_eq!((ran.lines(5), ran.lines(7)), (vec!["built".to_owned()], vec!["clean".to_owned()]));
    assert!(ran.step(8).issues[0].message.contains("`checkout: other` is not supported yet"));
    assert!(!bench.path("repository/.git/index.lock").exists());
}

#[tokio::test]
async fn checkout_of_a_folder_that_is_no_repository_copies_it() {
    let bench = Bench::new(vec![
        task("Checkout", &[("repository", "self")]),
        script("ls -A"),
        task("Checkout", &[("repository", "self"), ("submodules", "true")]),
    ]);
    fs::write(bench.path("repository/file"), "").unwrap();
    let ran = bench.run().await;
    assert_eq!(ran.lines(1), ["file"]);
    assert!(ran.step(2).issues[0].message.contains("`submodules` of `checkout` is not simulated"));
}

#[tokio::test]
async fn a_run_that_is_a_resource_gives_its_artifacts_and_says_what_it_is() {
    let mut bench =
        Bench::new(vec![script("echo one > f"), task("PublishPipelineArtifact", &[("targetPath", "f"), ("artifactName", "drop")])]);
    bench.commit = "c0ffee".into();
    let consumed = bench.run().await;
    assert_eq!(consumed.result(), TaskResult::Succeeded);
    bench.file = "cd.yml".into();
    bench.commit = "beef".into();
    bench.pipeline_runs = vec![ConsumedRun::of("ci", &consumed.record)];
    bench.event = RunEvent::PipelineCompletion { alias: "ci".into() };
    let download = |inputs: &[(&str, &str)]| task("DownloadPipelineArtifact", inputs);
    let names = [
        "projectName",
        "pipelineName",
        "pipelineID",
        "runName",
        "runID",
        "runURI",
        "sourceBranch",
        "sourceCommit",
        "sourceProvider",
        "requestedFor",
    ];
    let said: Vec<String> = names.iter().map(|name| format!("echo '{name} $(resources.pipeline.ci.{name})'")).collect();
    bench.pipeline.stages[0].jobs[0].steps = vec![
        download(&[("source", "ci"), ("path", "$(Pipeline.Workspace)/ci")]),
        download(&[("source", "CI"), ("artifact", "drop"), ("path", "$(Pipeline.Workspace)/one")]),
        script("cat $(Pipeline.Workspace)/ci/drop/f $(Pipeline.Workspace)/one/f"),
        script(&said.join("\n")),
        script(
            "echo $(Build.Reason) $(Resources.TriggeringAlias) $(Resources.TriggeringCategory) $RESOURCES_PIPELINE_CI_RUNID $(Build.SourceVersion)",
        ),
        download(&[("source", "other")]),
    ];
    let ran = bench.run().await;
    assert_eq!(ran.lines(2), ["one", "one"]);
    insta::assert_snapshot!(ran.lines(3).join("\n"), @r"
    projectName local
    pipelineName ci
    pipelineID 1
    runName 1
    runID 1
    runURI vstfs:///Build/Build/1
    sourceBranch refs/heads/main
    sourceCommit c0ffee
    sourceProvider TfsGit
    requestedFor Somebody
    ");
    assert_eq!(ran.lines(4), ["ResourceTrigger ci pipeline 1 beef"]);
    assert_eq!(ran.step(5).issues[0].message, "Input `source` is `other`; expected `current`, `specific`, or a pipeline resource: `ci`.");
    assert_eq!(ran.record.event.resource.as_deref(), Some("ci"));
    assert_eq!(ran.record.pipeline_runs, bench.pipeline_runs);
}
