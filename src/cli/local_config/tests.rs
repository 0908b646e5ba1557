//! Whole files, and what is read from them or said of them.

use slipway_standin::{AccessModel, ConnectionKind, CredentialKind, SecretSource};

use super::{LocalConfig, RepositoryKind, RepositorySettings, SecretVariable, read};

/// The files of the repository.
fn exists(path: &str) -> bool {
    path.starts_with("azure-pipelines/")
}

fn said(text: &str) -> String {
    match read(text, "slipway.local.yml", "shop", &exists) {
        Ok(_) => "no problems".to_owned(),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

#[test]
fn the_complete_example_of_the_documentation() {
    let page = include_str!("../../../docs/slipway-local-yml.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config = match read(example, "slipway.local.yml", "x", &exists) {
        Ok(config) => config,
        Err(diagnostics) => panic!("{diagnostics}"),
    };
    let azure = &config.azure;
    assert_eq!(
        (azure.organization.as_str(), azure.project.as_str(), azure.tenant.as_str(), azure.subscription.as_str()),
        ("contoso", "shop", "contoso", "shop-nonprod")
    );
    assert_eq!(azure.principals.len(), 4);
    assert_eq!(azure.principals[1].credentials, [CredentialKind::Secret, CredentialKind::Certificate]);
    let vault = &azure.vaults[0];
    assert_eq!((vault.access_model, vault.firewall_refuses, vault.readers.len(), vault.writers.len()), (AccessModel::Rbac, false, 2, 1));
    let sources: Vec<_> = vault.secrets.iter().map(|secret| secret.source.clone()).collect();
    assert_eq!(
        sources,
        [
            SecretSource::KeyPair { public_variable: "RECEIPT_PUBLIC_KEY".to_owned() },
            SecretSource::RandomText { length: 32 },
            SecretSource::Certificate { subject: "shop.example.com".to_owned() },
            SecretSource::Prompt,
        ]
    );
    assert_eq!((vault.secrets[1].content_type.as_deref(), vault.secrets[1].expires), (Some("text/plain"), Some(1_924_992_000)));
    assert_eq!(
        (azure.vaults[1].access_model, azure.vaults[1].firewall_refuses, azure.vaults[1].resource_group.as_str()),
        (AccessModel::AccessPolicy, true, "shop-closed")
    );
    assert!(azure.connections[1].wrong_secret && !azure.connections[0].wrong_secret);
    let registries: Vec<_> = azure.registries.iter().map(|r| (r.name.as_str(), r.resource_group.as_str(), r.admin_user)).collect();
    assert_eq!(registries, [("shopnonprod", "shop", false), ("shopprod", "shopprod", true)]);
    assert_eq!(
        (&azure.registries[0].pull[..], &azure.registries[0].push[..]),
        (&["build-machine".to_owned()][..], &["shop-ci".to_owned()][..])
    );
    assert_eq!(azure.connections[0].kind, ConnectionKind::AzureResourceManager);
    assert_eq!(azure.connections[2].kind, ConnectionKind::ContainerRegistry { registry: "shopnonprod".to_owned() });
    assert_eq!(azure.connections[3].kind, ConnectionKind::RegistryAdmin { registry: "shopprod".to_owned() });
    assert_eq!(config.variables, [("ORDERS_URL".to_owned(), "http://localhost:8080".to_owned())]);
    assert_eq!(config.tasks.len(), 2);
    assert_eq!(config.repository, RepositorySettings { kind: RepositoryKind::AzureRepos, default_branch: "main".to_owned() });
    let pipelines: Vec<_> = config.pipelines.iter().map(|p| (p.id, p.name.as_str(), p.folder.as_str(), p.file.as_str())).collect();
    assert_eq!(pipelines, [(1, "shop-pr", "\\shop", "azure-pipelines/pr.yml"), (2, "shop-ci", "\\", "azure-pipelines/ci.yml")]);
    assert_eq!((config.branch_policies[0].branch.as_str(), config.branch_policies.len()), ("main", 1));
    let validation = &config.branch_policies[0].build_validation[0];
    assert_eq!((validation.pipeline.as_str(), validation.required), ("shop-pr", true));
    assert_eq!(validation.paths, ["/orders/*", "!/docs/*"]);
    assert_eq!(
        (config.repositories[0].name.as_str(), config.repositories[0].path.as_path()),
        ("contoso/slipway-templates", "../templates".as_ref())
    );
    let group = &config.variable_groups[0];
    assert_eq!((group.name.as_str(), group.variables.len()), ("shop-settings", 1));
    assert_eq!(group.secrets, [SecretVariable { name: "API_TOKEN".to_owned(), source: SecretSource::RandomText { length: 40 } }]);
}

#[test]
fn what_is_left_out_has_a_default() {
    let text = "\
repository: {type: github, defaultBranch: refs/heads/trunk}
pipelines:
- {name: a, file: azure-pipelines/a.yml}
- {id: 1, name: b, file: /azure-pipelines/b.yml}
- {name: c, file: azure-pipelines/c.yml, defaultBranch: release}
branchPolicies:
- branch: refs/heads/trunk
  buildValidation: [{pipeline: B}]
";
    let config = read(text, "f", "shop", &exists).unwrap();
    assert_eq!(config.repository.kind, RepositoryKind::GitHub);
    let ids: Vec<_> = config.pipelines.iter().map(|p| (p.id, p.file.as_str(), p.default_branch.as_str())).collect();
    assert_eq!(
        ids,
        [(2, "azure-pipelines/a.yml", "trunk"), (1, "azure-pipelines/b.yml", "trunk"), (3, "azure-pipelines/c.yml", "release")]
    );
    let policy = &config.branch_policies[0];
    assert_eq!((policy.branch.as_str(), policy.build_validation[0].pipeline.as_str()), ("trunk", "b"), "spelled as the pipeline is");
    assert!(policy.build_validation[0].required);
}

#[test]
fn problems_of_pipelines_policies_repositories_and_groups() {
    insta::assert_snapshot!(said("\
repository: {type: gitlab, branch: x}
pipelines:
- {id: 0, name: 'a/b', file: azure-pipelines/a.yml, folder: shop}
- {id: 3, name: c, file: missing.yml}
- {id: 3, name: C, file: azure-pipelines/../../c.yml}
- {id: four}
branchPolicies:
- branch: main
  buildValidation:
  - {pipeline: cc, paths: [orders], required: maybe}
  - {pipeline: c}
  - {pipeline: C}
- {branch: refs/heads/main}
- {}
repositories:
- {name: x/y}
- {name: X/Y, path: .}
- {name: x/y, path: .}
variableGroups:
- name: one
  variables: {A: x}
  secrets:
  - {name: a, generate: {randomText: {length: 5}}}
  - {name: T, value: hunter2}
  - {name: K, generate: {keyPair: {publicVariable: t}}}
  - {name: 1x, prompt: true}
- {name: ONE}
- {secrets: [{prompt: true}]}
"), @r#"
        slipway.local.yml:1:20: error: `type` of the repository must be `azureRepos` or `github`, found `gitlab`
          hint: did you mean `github`?
        slipway.local.yml:1:28: error: unknown key of the repository: `branch`
          hint: known: `type`, `defaultBranch`
        slipway.local.yml:3:8: error: `id` of a pipeline must be a number from 1 on, found `0`
        slipway.local.yml:3:17: error: not a name that a pipeline can have: `a/b`
          hint: none of `\`, `/`, `:`, `*`, `?`, `"`, `<`, `>`, `|`
        slipway.local.yml:3:61: error: `folder` of a pipeline must begin with `\`, found `shop`
          hint: for instance `folder: \shop`
        slipway.local.yml:4:26: error: no such file in the repository: `missing.yml`
          hint: name it from the repository's root
        slipway.local.yml:5:8: error: the pipeline id 3 is there twice
          hint: ids are unique
        slipway.local.yml:5:17: error: the pipeline `C` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:5:26: error: no such file in the repository: `azure-pipelines/../../c.yml`
          hint: name it from the repository's root
        slipway.local.yml:6:3: error: a pipeline needs `name`
        slipway.local.yml:6:3: error: a pipeline needs `file`
        slipway.local.yml:6:8: error: `id` of a pipeline must be a number from 1 on, found `four`
        slipway.local.yml:10:16: error: unknown pipeline: `cc`
          hint: did you mean `C`?
        slipway.local.yml:10:28: error: a path of a branch policy must begin with `/` or `!/`, found `orders`
          hint: for instance `/orders/*`; `!` excludes
        slipway.local.yml:10:47: error: `required` of a build validation must be `true` or `false`, found `maybe`
        slipway.local.yml:12:16: error: the pipeline `c` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:13:12: error: the branch `main` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:14:3: error: a branch policy needs `branch`
        slipway.local.yml:16:3: error: a repository needs `path`
        slipway.local.yml:18:10: error: the repository `x/y` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:23:12: error: the variable `a` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:24:15: error: `value` is not allowed in a secret variable: this file holds no secrets
          hint: have the value generated (`generate: { randomText: { length: 32 } }`) or asked for once (`prompt: true`)
        slipway.local.yml:25:52: error: the variable `t` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:26:12: error: not a name that a variable can have: `1x`
          hint: letters, digits, `.` and `_`; the first is no digit
        slipway.local.yml:27:10: error: the variable group `ONE` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:28:3: error: a variable group needs `name`
        slipway.local.yml:28:14: error: a secret variable needs `name`
        "#);
}

#[test]
fn every_key_of_the_reader_is_in_the_documentation() {
    let page = include_str!("../../../docs/slipway-local-yml.md");
    for key in [
        "organization",
        "project",
        "tenant",
        "subscription",
        "principals",
        "vaults",
        "serviceConnections",
        "variables",
        "tasks",
        "name",
        "credentials",
        "resourceGroup",
        "access",
        "readers",
        "writers",
        "firewall",
        "secrets",
        "generate",
        "prompt",
        "contentType",
        "enabled",
        "expires",
        "notBefore",
        "principal",
        "credential",
        "wrongSecret",
        "secret",
        "expiredSecret",
        "certificate",
        "federated",
        "managedIdentity",
        "registries",
        "pull",
        "push",
        "adminUser",
        "registry",
        "azureResourceManager",
        "dockerRegistry",
        "repository",
        "type",
        "azureRepos",
        "github",
        "defaultBranch",
        "pipelines",
        "id",
        "folder",
        "file",
        "branchPolicies",
        "branch",
        "buildValidation",
        "pipeline",
        "paths",
        "required",
        "repositories",
        "path",
        "variableGroups",
    ] {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
    assert!(!page.contains("`noSuchKey`"));
}

#[test]
fn problems_of_registries_and_connections_to_them() {
    insta::assert_snapshot!(said("\
principals:
- {name: ci, credentials: [secret, certificate]}
registries:
- {name: shop-nonprod, pull: [ci, cd], admin: true}
- {name: shopprod}
- {name: ShopProd, adminUser: perhaps}
- {}
serviceConnections:
- {name: a, type: dockerRegistry, principal: ci, credential: secret}
- {name: b, type: dockerRegistry, registry: shoppro, principal: ci, credential: secret}
- {name: c, type: docker, principal: ci, credential: secret}
- {name: d, type: dockerRegistry, registry: shopprod, principal: ci, credential: certificate}
- {name: e, registry: shopprod, principal: ci, credential: secret}
- {name: f, type: dockerRegistry, registry: SHOPPROD, principal: ci, credential: secret}
- {name: g, type: dockerRegistry, registry: shopprod, adminUser: true, principal: ci}
"), @r#"
        slipway.local.yml:4:10: error: not a name that a registry can have: `shop-nonprod`
          hint: 5 to 50 letters and digits
        slipway.local.yml:4:35: error: unknown principal: `cd`
          hint: did you mean `ci`?
        slipway.local.yml:4:40: error: unknown key of a registry: `admin`
          hint: known: `name`, `resourceGroup`, `pull`, `push`, `adminUser`
        slipway.local.yml:6:10: error: the registry `ShopProd` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:6:31: error: `adminUser` of a registry must be `true` or `false`, found `perhaps`
        slipway.local.yml:7:3: error: a registry needs `name`
        slipway.local.yml:9:3: error: a service connection needs `registry`
        slipway.local.yml:10:45: error: unknown registry: `shoppro`
          hint: did you mean `ShopProd`?
        slipway.local.yml:11:19: error: `type` of a service connection must be `azureResourceManager` or `dockerRegistry`, found `docker`
        slipway.local.yml:12:82: error: a service connection to a registry cannot hold a certificate
          hint: use `secret`, `federated` or `managedIdentity`
        slipway.local.yml:13:3: error: `registry` goes with `type: dockerRegistry` only
        slipway.local.yml:15:3: error: `principal` does not go with `adminUser: true` of a service connection
        slipway.local.yml:15:45: error: the registry `shopprod` has no admin user
          hint: give the registry `adminUser: true`, or name a `principal` and its `credential`
        "#);
}

#[test]
fn an_empty_file_is_an_azure_without_anything_in_it() {
    for text in ["", "# nothing yet\n", "principals:\n"] {
        assert_eq!(read(text, "f", "shop", &exists).unwrap(), LocalConfig::without_file("shop"), "{text:?}");
    }
}

#[test]
fn all_problems_are_reported_at_once_with_their_places() {
    insta::assert_snapshot!(said("\
organisation: contoso
tenant: con toso
principals:
- name: ci
  credentials: [secrets, federated, federated]
- name: CI
- credentials: [secret]
- name: ../up
  credentials: [secret]
vaults:
- name: v
  access: policies
  readers: [cj]
  firewall: maybe
  secrets:
  - name: under_score
    prompt: true
  - name: plain
    value: hunter2
  - name: both
    generate: {randomText: {length: 8}}
    prompt: true
  - name: none
  - name: long
    generate: {randomText: {length: 30000}}
  - name: two
    generate: {randomText: {length: 3}, keyPair: {publicVariable: A}}
  - name: dated
    prompt: true
    expires: tomorrow
  - name: Dated
    generate: {keyPair: {publicVariable: ORDERS}}
serviceConnections:
- name: prod
  principal: c
  credential: secret
- name: wrong
  principal: ci
  credential: managedIdentity
  wrongSecret: true
- just text
variables:
  orders: x
  1st: y
  list: [a]
tasks: build
"), @r#"
        slipway.local.yml:1:1: error: unknown key of the local Azure: `organisation`
          hint: did you mean `organization`?
        slipway.local.yml:2:9: error: `tenant` may hold letters, digits and hyphens only, found `con toso`
        slipway.local.yml:5:17: error: a credential must be one of `secret`, `expiredSecret`, `certificate`, `federated`, `managedIdentity`, found `secrets`
          hint: did you mean `secret`?
        slipway.local.yml:5:37: error: the credential `federated` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:6:3: error: a principal needs at least one of `credentials`
          hint: known: secret, expiredSecret, certificate, federated, managedIdentity
        slipway.local.yml:6:9: error: the principal `CI` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:7:3: error: a principal needs `name`
        slipway.local.yml:8:9: error: not a name that a principal can have: `../up`
          hint: no `/`, and no `.` at the start
        slipway.local.yml:11:9: error: not a name that a key vault can have: `v`
          hint: 3 to 24 letters, digits and single hyphens; the first is a letter, the last no hyphen
        slipway.local.yml:12:11: error: `access` of a vault must be `rbac` or `accessPolicy`, found `policies`
        slipway.local.yml:13:13: error: unknown principal: `cj`
          hint: did you mean `CI`?
        slipway.local.yml:14:13: error: `firewall` of a vault must be `allow` or `refuse`, found `maybe`
        slipway.local.yml:16:11: error: not a name that a secret can have: `under_score`
          hint: 1 to 127 letters, digits and hyphens
        slipway.local.yml:19:5: error: `value` is not allowed in a secret: this file holds no secrets
          hint: have the value generated (`generate: { randomText: { length: 32 } }`) or asked for once (`prompt: true`)
        slipway.local.yml:20:5: error: a secret has either `generate` or `prompt: true`, not both
        slipway.local.yml:23:5: error: a secret needs `generate` or `prompt: true`
          hint: have the value generated (`generate: { randomText: { length: 32 } }`) or asked for once (`prompt: true`)
        slipway.local.yml:25:37: error: `length` must be a number from 1 to 25000, found `30000`
        slipway.local.yml:27:15: error: `generate` needs exactly one of `randomText`, `keyPair`, `certificate`
        slipway.local.yml:30:14: error: `expires` must be a day or a moment, found `tomorrow`
          hint: for instance `2031-01-31` or `2031-01-31T12:00:00Z`
        slipway.local.yml:31:11: error: the secret `Dated` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:32:42: error: the variable `ORDERS` is there twice
          hint: names are unique; upper and lower case are the same
        slipway.local.yml:35:14: error: unknown principal: `c`
          hint: did you mean `CI`?
        slipway.local.yml:37:3: error: `wrongSecret` goes with the credentials `secret`, `certificate` and `federated` only
        slipway.local.yml:39:15: error: the principal `ci` has no credential `managedIdentity`
          hint: it has: federated; add to its `credentials`, or use one of them
        slipway.local.yml:41:3: error: expected a service connection as a mapping, found a text
          hint: its keys are `name`, `type`, `registry`, `adminUser`, `principal`, `credential`, `wrongSecret`
        slipway.local.yml:44:3: error: not a name that a variable can have: `1st`
          hint: letters, digits, `.` and `_`; the first is no digit
        slipway.local.yml:45:9: error: the value of `list` must be a text, found a list
        slipway.local.yml:46:8: error: `tasks` of the local Azure must be a list, found a text
          hint: write each entry after `- `
        "#);
}

#[test]
fn a_value_planted_in_the_file_is_not_repeated_in_a_message() {
    let text = "vaults:\n- name: shop\n  secrets:\n  - name: key\n    value: hunter2\n";
    assert!(text.contains("hunter2"));
    let said = said(text);
    assert!(said.contains("`value` is not allowed"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[test]
fn a_root_that_is_no_mapping_and_a_syntax_error() {
    insta::assert_snapshot!(said("- a\n- b\n"), @r"
    slipway.local.yml:1:1: error: expected the local Azure as a mapping, found a list
      hint: its keys are `organization`, `project`, `tenant`, `subscription`, `principals`, `vaults`, `registries`, `serviceConnections`, `variables`, `tasks`, `repository`, `pipelines`, `branchPolicies`, `repositories`, `variableGroups`, `environments`
    ");
    insta::assert_snapshot!(said("vaults: [\n"), @r#"
        slipway.local.yml:2:1: error: not valid YAML: while parsing a node, did not find expected node content
          hint: check the indentation and the quotes of this line and of the one before
        "#);
    insta::assert_snapshot!(said("tenant: a\ntenant: b\n"), @r#"
        slipway.local.yml:2:1: error: the key `tenant` is already in line 1
          hint: remove one of the two, or join their values
        "#);
}
