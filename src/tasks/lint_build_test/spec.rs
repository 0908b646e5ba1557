use slipway_agent::spec::{Category, GroupSpec, InputKind, InputSpec, OutputVariableSpec, TaskSpec};

/// The table of the task.
pub const SPEC: TaskSpec = TaskSpec {
    id: "52423239-a4a6-44cd-9247-56741f1d6870",
    name: "LintBuildTest",
    folder: "lint-build-test",
    friendly_name: "Lint, build and test",
    description: "Checks the packages below a folder: format, lint, build, unit and integration tests. Publishes findings as SARIF and test results.",
    help_markdown: "Finds Cargo packages and workspaces below the folder and runs the checks in each. Every check runs, whatever became of those \
        before it; the task fails if one of them did. Findings go into the artifact `CodeAnalysisLogs`, tests into the run's test results.",
    category: Category::Build,
    version: (1, 0, 0),
    instance_name_format: "Lint, build and test $(path)",
    groups: &[GroupSpec { name: "advanced", display_name: "Advanced", is_expanded: false }],
    inputs: &[
        InputSpec {
            name: "path",
            label: "Folder",
            kind: InputKind::FilePath,
            help: "The folder in which packages are searched. Not given: the sources (`Build.SourcesDirectory`).",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "checks",
            label: "Checks",
            kind: InputKind::MultiLine,
            default: "format, lint, build, unit-tests",
            required: true,
            help: "Which checks run, separated by commas or line breaks: `format`, `lint`, `build`, `unit-tests`, `integration-tests`.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "integrationTestEnvironment",
            label: "Environment of the integration tests",
            kind: InputKind::MultiLine,
            help: "One line for each environment variable: `NAME = VARIABLE`, where `VARIABLE` is the name of a variable of the job, secret or not \
                (the name, not `$(VARIABLE)`). The programs of the integration tests get them, and nothing else does. `#` begins a comment. Names that decide which programs \
                run (`PATH`, `LD_*`, `CARGO_*` and the like) are refused.",
            properties: &[("rows", "4"), ("resizable", "true")],
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "denyWarnings",
            label: "Warnings of the linter are errors",
            kind: InputKind::Boolean,
            default: "true",
            help: "The check `lint` fails on warnings, too.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "locked",
            label: "Use the lock file as it is",
            kind: InputKind::Boolean,
            default: "true",
            group: Some("advanced"),
            help: "Fails when the lock file (`Cargo.lock`) would have to change. Without a lock file it has no effect.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "checkTimeoutInMinutes",
            label: "Time limit of a check in minutes",
            default: "30",
            group: Some("advanced"),
            help: "A check that takes longer is ended, with all that it started, and has failed. Parts of a minute are allowed; `0` is no limit.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "testRunTitle",
            label: "Title of the test run",
            group: Some("advanced"),
            help: "Not given: the names of the checks and of the folder. Where unit and integration tests run, the name of the check is added.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "publishTestResults",
            label: "Publish test results",
            kind: InputKind::Boolean,
            default: "true",
            group: Some("advanced"),
            help: "Shows the tests in the run's tab *Tests*.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "publishFindings",
            label: "Publish findings",
            kind: InputKind::Boolean,
            default: "true",
            group: Some("advanced"),
            help: "Uploads a SARIF file into the artifact `CodeAnalysisLogs`, which the tab *Scans* and Microsoft Defender for Cloud read.",
            ..InputSpec::DEFAULT
        },
        InputSpec {
            name: "dryRun",
            label: "Dry run",
            kind: InputKind::Boolean,
            default: "false",
            help: "Finds the packages and prints the commands that would run; runs none of them.",
            ..InputSpec::DEFAULT
        },
    ],
    data_sources: &[],
    output_variables: &[
        OutputVariableSpec { name: "result", description: "`succeeded` or `failed`; `planned` in a dry run." },
        OutputVariableSpec { name: "findingCount", description: "Number of findings." },
        OutputVariableSpec { name: "testCount", description: "Number of tests." },
        OutputVariableSpec { name: "failedTestCount", description: "Number of tests that failed or did not end." },
    ],
    settable_variables: &["result", "findingCount", "testCount", "failedTestCount"],
    release_notes: "First version.",
};
