//! Variable groups of `slipway.local.yml`.

use crate::secrets::secrets_of_groups;
use crate::support::World;

const CONFIG: &str = "\
variableGroups:
- name: shop-settings
  variables:
    LOG_LEVEL: debug
  secrets:
  - name: API_TOKEN
    generate: {randomText: {length: 40}}
- name: other
  secrets:
  - name: ASKED
    prompt: true
";

const CI: &str = "\
variables:
- group: shop-settings
- name: compiled
  value: '[${{ variables.API_TOKEN }}${{ variables.LOG_LEVEL }}]'
steps:
- checkout: none
- bash: |
    echo \"level $(LOG_LEVEL), token $(API_TOKEN), compiled $(compiled)\"
    echo \"environment: ${API_TOKEN:-nothing}, asked: $TOKEN\"
    test \"$TOKEN\" = \"$(API_TOKEN)\" && test ${#TOKEN} = 40
  displayName: Use
  env:
    TOKEN: $(API_TOKEN)
";

#[test]
fn a_secret_of_a_group_is_made_once_and_shown_nowhere() {
    let world = World::new(&[("ci.yml", CI), ("slipway.local.yml", CONFIG)]);
    let said = world.slipway(&["run", "ci.yml"]);
    assert!(said.starts_with("exit 0"), "{said}");
    for line in ["level debug, token ***, compiled []", "environment: nothing, asked: ***"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    let store = world.state().join("azure/store/groups.json");
    let stored = std::fs::read_to_string(&store).unwrap();
    let json: serde_json::Value = serde_json::from_str(&stored).unwrap();
    let secret = json["shop-settings"]["secrets"]["API_TOKEN"]["versions"][0]["value"].as_str().unwrap().to_owned();
    assert_eq!(secret.len(), 40);
    assert!(world.slipway(&["run", "ci.yml"]).starts_with("exit 0"));
    assert_eq!(std::fs::read_to_string(&store).unwrap(), stored, "made once");
    assert_eq!(secrets_of_groups(&world.files()), [(secret, store)], "what every test searches for in all files is this one");
}

#[test]
fn a_group_that_does_not_exist() {
    let text = CI.replace("group: shop-settings", "group: shop-setings");
    let world = World::new(&[
        ("ci.yml", &text),
        ("slipway.local.yml", CONFIG),
        ("jobs.yml", "jobs:\n- job: a\n  variables:\n  - group: none\n  steps:\n  - script: echo\n"),
    ]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        ci.yml:2:10: error: there is no variable group `shop-setings`
          2 | - group: shop-setings
            |          ^
          hint: did you mean `shop-settings`?; or add it under `variableGroups` in slipway.local.yml
        "#);
    insta::assert_snapshot!(world.slipway(&["check", "jobs.yml"]), @r#"
        exit 2
        --- stderr
        jobs.yml:4:12: error: there is no variable group `none`
          4 |   - group: none
            |            ^
          hint: known: `shop-settings`, `other`; or add it under `variableGroups` in slipway.local.yml
        "#);
}

#[test]
fn a_secret_that_must_be_asked_for_needs_a_terminal_and_only_where_its_group_is_named() {
    let text = "variables:\n- group: OTHER\nsteps:\n- script: echo\n";
    let world = World::new(&[("ci.yml", text), ("slipway.local.yml", CONFIG)]);
    insta::assert_snapshot!(world.slipway(&["run", "ci.yml"]), @r#"
        exit 2
        --- stderr
        error: there is no value for `ASKED` of the variable group `other` (there is no terminal to ask at).
          hint: run it at a terminal, where the values can be asked for; they are kept
        "#);
    insta::assert_snapshot!(world.slipway(&["check", "ci.yml"]), @r#"
        exit 0
        --- stdout
        ci.yml: no problems (1 stage, 1 job, 2 steps)
        "#);
}
