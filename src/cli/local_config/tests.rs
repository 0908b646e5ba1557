//! Whole files, and what is read from them or said of them.

use slipway_standin::{AccessModel, CredentialKind, SecretSource};

use super::{LocalConfig, read};

fn said(text: &str) -> String {
    match read(text, "slipway.local.yml", "shop") {
        Ok(_) => "no problems".to_owned(),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

#[test]
fn the_complete_example_of_the_documentation() {
    let page = include_str!("../../../docs/slipway-local-yml.md");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let config = match read(example, "slipway.local.yml", "x") {
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
    assert_eq!(config.variables, [("ORDERS_URL".to_owned(), "http://localhost:8080".to_owned())]);
    assert_eq!(config.tasks.len(), 2);
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
    ] {
        assert!(page.contains(&format!("`{key}`")), "{key}");
    }
    assert!(!page.contains("`noSuchKey`"));
}

#[test]
fn an_empty_file_is_an_azure_without_anything_in_it() {
    for text in ["", "# nothing yet\n", "principals:\n"] {
        assert_eq!(read(text, "f", "shop").unwrap(), LocalConfig::without_file("shop"), "{text:?}");
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
          hint: its keys are `name`, `principal`, `credential`, `wrongSecret`
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
    insta::assert_snapshot!(said("- a\n- b\n"), @r#"
        slipway.local.yml:1:1: error: expected the local Azure as a mapping, found a list
          hint: its keys are `organization`, `project`, `tenant`, `subscription`, `principals`, `vaults`, `serviceConnections`, `variables`, `tasks`
        "#);
    insta::assert_snapshot!(said("vaults: [\n"), @r#"
        slipway.local.yml:2:1: error: not valid YAML: while parsing a node, did not find expected node content
          hint: check the indentation and the quotes of this line and of the one before
        "#);
    insta::assert_snapshot!(said("tenant: a\ntenant: b\n"), @r#"
        slipway.local.yml:2:1: error: the key `tenant` is already in line 1
          hint: remove one of the two, or join their values
        "#);
}
