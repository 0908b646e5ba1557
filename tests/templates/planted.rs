//! Every rule finds what breaks it, and says where.

use crate::library::{Library, Source};
use crate::rules::RULES;

/// What all rules find in these files, each with the name of its rule.
fn found(files: &[(&str, &str)]) -> Vec<String> {
    let library = Library(files.iter().map(|(name, text)| Source::new(name, text)).collect());
    let mut found = Vec::new();
    for (name, rule) in RULES {
        let mut breaches: Vec<_> = library.0.iter().flat_map(|source| rule(source, &library)).collect();
        breaches.sort();
        found.extend(breaches.iter().map(|breach| format!("[{name}] {breach}")));
    }
    found
}

/// A rule, files that break it, and what is found.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

/// The rules that `planted` has a case for.
const CASES: [Case; 17] = [
    (
        "scripts",
        &[(
            "templates/steps/a.yml",
            "steps:\n- script: echo ${{ parameters.title }}\n- bash: |\n    echo safe\n    echo $(build.sourceVersionMessage)\n",
        )],
        &[
            "[scripts] templates/steps/a.yml:2:11: `script` has a `${{ }}` in its text: pass the value through `env:`",
            "[scripts] templates/steps/a.yml:4:5: `bash` has `$(Build.SourceVersionMessage)` in its text, which a stranger may choose",
        ],
    ),
    (
        "scripts",
        &[(
            "templates/steps/a.yml",
            "steps:\n- task: AzureCLI@2\n  inputs:\n    inlineScript: echo ${{ variables.x }}\n    arguments: $(System.PullRequest.SourceBranch)\n    other: ${{ variables.x }}\n",
        )],
        &[
            "[scripts] templates/steps/a.yml:4:19: `inlineScript` has a `${{ }}` in its text: pass the value through `env:`",
            "[scripts] templates/steps/a.yml:5:16: `arguments` has `$(System.PullRequest.SourceBranch)` in its text, which a stranger may choose",
        ],
    ),
    (
        "scripts",
        &[(
            "templates/steps/a.yml",
            "steps:\n- script:\n    ${{ if true }}: echo 1\n- pwsh: echo $(Build.SourceBranchName)\n- powershell: echo $(Build.BuildId)\n",
        )],
        &[
            "[scripts] templates/steps/a.yml:3:5: `script` has a `${{ }}` in its text: pass the value through `env:`",
            "[scripts] templates/steps/a.yml:4:9: `pwsh` has `$(Build.SourceBranchName)` in its text, which a stranger may choose",
        ],
    ),
    (
        "connections",
        &[(
            "templates/steps/a.yml",
            "parameters:\n# The connection.\n- name: azureSubscription\n  type: string\n  default: $(connection)\nsteps:\n- task: AzureCLI@2\n  inputs:\n    AzureSubscription: shop-$(environment)\n- task: AzureCLI@2\n  inputs:\n    connectedServiceNameARM: ${{ parameters.azureSubscription }}\n",
        )],
        &[
            "[connections] templates/steps/a.yml:5:12: the service connection `$(connection)` is not known before the run",
            "[connections] templates/steps/a.yml:9:24: the service connection `shop-$(environment)` is not known before the run",
        ],
    ),
    (
        "connections",
        &[(
            "templates/jobs/a.yml",
            "parameters:\n# The environment.\n- name: environment\n  type: string\n  default: $(where)\njobs:\n- deployment: a\n  timeoutInMinutes: 5\n  environment:\n    name: shop-$(where)\n- deployment: b\n  timeoutInMinutes: 5\n  environment: ${{ parameters.environment }}\n- job: c\n  timeoutInMinutes: 5\n  steps:\n  - task: ImagePublish@1\n    inputs:\n      environment: LEVEL=$(level)\n",
        )],
        &[
            "[connections] templates/jobs/a.yml:5:12: the environment `$(where)` is not known before the run",
            "[connections] templates/jobs/a.yml:10:11: the environment `shop-$(where)` is not known before the run",
        ],
    ),
    (
        "tasks",
        &[(
            "templates/steps/a.yml",
            "steps:\n- task: contoso.slipway.fetch.KeyVaultFetch@1\n- task: KeyVaultFetch\n- task: KeyVaultFetch@1.0.0\n- task: KeyVaultFetch@1\n",
        )],
        &[
            "[tasks] templates/steps/a.yml:2:9: the task `contoso.slipway.fetch.KeyVaultFetch@1` is not `Name@major`",
            "[tasks] templates/steps/a.yml:3:9: the task `KeyVaultFetch` is not `Name@major`",
            "[tasks] templates/steps/a.yml:4:9: the task `KeyVaultFetch@1.0.0` is not `Name@major`",
        ],
    ),
    (
        "parameters",
        &[("templates/steps/a.yml", "parameters:\n  folder: .\nsteps:\n- checkout: none\n")],
        &["[parameters] templates/steps/a.yml:2:3: `parameters` is not a list of names and types"],
    ),
    (
        "parameters",
        &[(
            "templates/steps/a.yml",
            "parameters:\n- name: folder\n  type: string\n# What for.\n- name: title\n  default: x\n#\n- name: empty\n  type: string\nsteps:\n- checkout: none\n",
        )],
        &[
            "[parameters] templates/steps/a.yml:2:3: the parameter `folder` has no comment above it",
            "[parameters] templates/steps/a.yml:5:3: the parameter `title` has no name or no type",
            "[parameters] templates/steps/a.yml:8:3: the parameter `empty` has no comment above it",
        ],
    ),
    (
        "pull_requests",
        &[
            ("templates/pipelines/pr.yml", "stages:\n- template: ../stages/a.yml\n"),
            ("templates/stages/a.yml", "stages:\n- stage: a\n  jobs:\n  - template: ../jobs/b.yml\n"),
            (
                "templates/jobs/b.yml",
                "parameters:\n# The connection.\n- name: azureSubscription\n  type: string\njobs:\n- job: a\n  timeoutInMinutes: 5\n  variables:\n  - group: shop\n  steps:\n  - task: KeyVaultFetch@1\n    inputs:\n      azureSubscription: shop\n",
            ),
        ],
        &[
            "[pull_requests] templates/jobs/b.yml:3:9: a pull request would be given a service connection as `azureSubscription`",
            "[pull_requests] templates/jobs/b.yml:9:12: a pull request would see the variable group `shop`",
            "[pull_requests] templates/jobs/b.yml:11:11: a pull request would fetch secrets by `KeyVaultFetch@1`",
            "[pull_requests] templates/jobs/b.yml:13:7: a pull request would use the service connection of `azureSubscription`",
        ],
    ),
    (
        "pull_requests",
        &[
            ("examples/a/azure-pipelines/pr.yml", "extends:\n  template: steps/a.yml@slipway\n"),
            ("templates/steps/a.yml", "steps:\n- task: AzureKeyVault@2\n- template: missing.yml\n"),
        ],
        &[
            "[pull_requests] templates/steps/a.yml:2:9: a pull request would fetch secrets by `AzureKeyVault@2`",
            "[pull_requests] templates/steps/a.yml:3:13: `missing.yml` is in no file that this rule knows",
        ],
    ),
    (
        "checkouts",
        &[(
            "templates/steps/a.yml",
            "steps:\n- checkout: self\n- checkout: none\n- checkout: self\n  persistCredentials: true\n- checkout: other\n  persistCredentials: false\n",
        )],
        &[
            "[checkouts] templates/steps/a.yml:2:3: `checkout` without `persistCredentials: false`",
            "[checkouts] templates/steps/a.yml:4:3: `checkout` without `persistCredentials: false`",
        ],
    ),
    (
        "timeouts",
        &[(
            "templates/jobs/a.yml",
            "jobs:\n- ${{ each x in parameters.xs }}:\n  - job: ${{ x }}\n- job: a\n  timeoutInMinutes: 5\n- deployment: b\n",
        )],
        &[
            "[timeouts] templates/jobs/a.yml:3:5: a job without `timeoutInMinutes`",
            "[timeouts] templates/jobs/a.yml:6:3: a job without `timeoutInMinutes`",
        ],
    ),
    (
        "timeouts",
        &[("examples/a/azure-pipelines/ci.yml", "steps:\n- checkout: none\n")],
        &["[timeouts] examples/a/azure-pipelines/ci.yml:2:3: steps without a job, which has no `timeoutInMinutes`"],
    ),
    (
        "agentless",
        &[(
            "templates/jobs/a.yml",
            "jobs:\n- job: ask\n  pool: server\n  timeoutInMinutes: 5\n- job: early\n  timeoutInMinutes: 5\n- deployment: late\n  dependsOn: ask\n  timeoutInMinutes: 5\n",
        )],
        &["[agentless] templates/jobs/a.yml:5:3: a job beside one without an agent, without `dependsOn`"],
    ),
    (
        "agentless",
        &[
            (
                "templates/pipelines/cd.yml",
                "stages:\n- template: ../stages/ask.yml\n- stage: early\n  jobs: []\n- stage: late\n  dependsOn: []\n  jobs: []\n",
            ),
            (
                "templates/stages/ask.yml",
                "stages:\n- stage: ask\n  dependsOn: []\n  jobs:\n  - job: ask\n    pool: server\n    timeoutInMinutes: 5\n",
            ),
            ("templates/pipelines/ci.yml", "stages:\n- stage: check\n  jobs: []\n"),
        ],
        &["[agentless] templates/pipelines/cd.yml:3:3: a stage of a pipeline that waits for a person, without `dependsOn`"],
    ),
    (
        "pinned_repositories",
        &[(
            "examples/a/azure-pipelines/ci.yml",
            "resources:\n  repositories:\n  - repository: a\n    ref: refs/heads/main\n  - repository: b\n  - repository: c\n    ref: refs/tags/v1\n  - repository: d\n    ref: refs/tags/${{ parameters.tag }}\nextends:\n  template: x\n",
        )],
        &[
            "[pinned_repositories] examples/a/azure-pipelines/ci.yml:3:5: the repository `a` is not pinned to a tag",
            "[pinned_repositories] examples/a/azure-pipelines/ci.yml:5:5: the repository `b` is not pinned to a tag",
            "[pinned_repositories] examples/a/azure-pipelines/ci.yml:8:5: the repository `d` is not pinned to a tag",
        ],
    ),
    (
        "",
        &[(
            "templates/pipelines/ci.yml",
            "stages:\n- stage: a\n  jobs:\n  - job: a\n    timeoutInMinutes: 5\n    steps:\n    - task: KeyVaultFetch@1\n      inputs:\n        azureSubscription: shop\n    - script: echo \"$TITLE\"\n      env:\n        TITLE: $(Build.SourceVersionMessage)\n",
        )],
        &[],
    ),
];

#[test]
fn every_rule_finds_what_is_planted_and_no_other_rule_does() {
    for (_, files, expected) in CASES {
        assert_eq!(found(files), expected, "in {files:#?}");
    }
}

#[test]
fn every_rule_has_a_case() {
    for (name, _) in RULES {
        assert!(CASES.iter().any(|(rule, ..)| *rule == name), "nothing is planted for `{name}`");
    }
}
