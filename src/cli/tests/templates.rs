//! The pipeline templates that ship, through the real binary: what their README says is so, and secrets stay out of pull
//! requests.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use slipway_pipelines::yaml::{Node, parse};

/// What a run for a pull request fails.
const GUARD: &str = "and(succeeded(), ne(variables['Build.Reason'], 'PullRequest'))";

const REPOSITORY: &str = "\
resources:
  repositories:
  - repository: slipway
    type: git
    name: shop/slipway-templates
    ref: refs/tags/v1
";

const LOCAL: &str = "\
project: shop
principals:
- name: ci
  credentials: [federated]
vaults:
- name: shop-nonprod
serviceConnections:
- name: shop-nonprod
  principal: ci
  credential: federated
- name: shop-prod
  principal: ci
  credential: federated
";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The templates by their names in a pipeline.
fn templates() -> BTreeMap<String, Node> {
    let mut found = BTreeMap::new();
    for folder in ["pipelines", "stages", "jobs", "steps"] {
        for entry in fs::read_dir(root().join("templates").join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.as_ref().unwrap().file_name().display());
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            found.insert(name.clone(), parse(name.as_str(), &text).unwrap().unwrap());
        }
    }
    assert!(found.contains_key("pipelines/ci.yml") && found.contains_key("steps/check.yml"), "{:?}", found.keys());
    found
}

/// The part of the README about a template.
fn section(readme: &str, name: &str) -> String {
    let start = format!("## `{name}`\n");
    let from = readme.find(&start).unwrap_or_else(|| panic!("the README has no section `{name}`"));
    let rest = &readme[from + start.len()..];
    rest[..rest.find("\n## ").unwrap_or(rest.len())].to_owned()
}

fn readme() -> String {
    fs::read_to_string(root().join("templates/README.md")).unwrap()
}

/// What `slipway` says to a pipeline that takes its templates from this checkout: exit status, standard output, standard error.
#[expect(clippy::disallowed_methods, reason = "tests start the binary as a shell does; PATH is the machine's")]
fn slipway(command: &str, pipeline: &str) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    // Some have resources of their own, which begin them.
    let pipeline = format!("{REPOSITORY}{}", pipeline.strip_prefix("resources:\n").unwrap_or(pipeline));
    fs::write(folder.path().join("ci.yml"), pipeline).unwrap();
    fs::write(folder.path().join("slipway.local.yml"), LOCAL).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_slipway"))
        .args([command, "ci.yml", "--task"])
        .arg(root().join("tasks"))
        .arg("--repository")
        .arg(format!("shop/slipway-templates={}", root().join("templates").display()))
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn expand(pipeline: &str) -> Node {
    let (status, out, err) = slipway("expand", pipeline);
    assert_eq!(status, Some(0), "{err}");
    parse("expanded", &out).unwrap().unwrap()
}

/// How the README writes a default.
fn default_of(parameter: &Node) -> String {
    let Some(default) = parameter.get("default") else { return "required".to_owned() };
    match default.entries() {
        Some(entries) => entries.iter().map(|(key, value)| format!("`{}: {}`", key.text().unwrap(), value.text().unwrap())).collect(),
        None if default.items().is_some_and(|items| items.is_empty()) => "`[]`".to_owned(),
        None if default.text() == Some("") => "`''`".to_owned(),
        None => format!("`{}`", default.text().unwrap()),
    }
}

#[test]
fn the_readme_has_every_template_with_its_parameters_as_they_are() {
    let readme = readme();
    for (name, template) in templates() {
        assert!(readme.contains(&format!("| [`{name}`](#")), "`{name}` is not in the list");
        let parameters = template.get("parameters").and_then(Node::items).unwrap_or_default();
        let text = |parameter: &Node, key: &str| parameter.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let expected: Vec<String> = parameters
            .iter()
            .map(|parameter| format!("| `{}` | {} | {} | ", text(parameter, "name"), text(parameter, "type"), default_of(parameter)))
            .collect();
        let section = section(&readme, &name);
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(rows.len(), expected.len(), "{name}: {rows:#?}");
        for (row, expected) in rows.iter().zip(&expected) {
            assert!(row.starts_with(expected), "{name}: the README has\n{row}\nand the template\n{expected}");
        }
    }
}

#[test]
fn the_examples_of_the_readme_are_pipelines() {
    let readme = readme();
    for name in templates().keys() {
        let section = section(&readme, name);
        let example = section.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
        let example = example.unwrap_or_else(|| panic!("`{name}` has no example"));
        assert!(example.contains(&format!("template: {name}@slipway\n")), "the example of `{name}` does not use it");
        let (status, _, err) = slipway("check", example);
        assert_eq!(status, Some(0), "{name}: {err}");
        // The control: the check reads what the example gives.
        let plant = |line: &str| match line.strip_suffix("parameters:") {
            Some(indentation) => format!("{line}\n{indentation}  planted: 1\n"),
            None => format!("{line}\n"),
        };
        let (status, _, err) = slipway("check", &example.lines().map(plant).collect::<String>());
        assert!(status == Some(2) && err.contains("planted"), "{name}: {err}");
    }
}

/// Every mapping in a document, with those around it.
fn mappings<'a>(node: &'a Node, around: &[&'a Node], found: &mut Vec<Vec<&'a Node>>) {
    let mut path = around.to_vec();
    if node.entries().is_some() {
        path.push(node);
        found.push(path.clone());
    }
    for (_, value) in node.entries().unwrap_or_default() {
        mappings(value, &path, found);
    }
    for item in node.items().unwrap_or_default() {
        mappings(item, &path, found);
    }
}

/// The steps that get secrets or change what others use: those that fetch secrets, the integration tests, and those that push images.
fn steps_with_secrets(document: &Node) -> Vec<Vec<&Node>> {
    let mut found = Vec::new();
    mappings(document, &[], &mut found);
    let is_one = |step: &Node| {
        let task = step.get("task").and_then(Node::text).unwrap_or_default();
        let checks = step.get("inputs").and_then(|inputs| inputs.get("checks")).and_then(Node::text).unwrap_or_default();
        ["KeyVaultFetch@1", "ImagePublish@1", "AcrPromote@1"].contains(&task) || checks.contains("integration-tests")
    };
    found.retain(|path| path.last().is_some_and(|step| is_one(step)));
    found
}

#[test]
fn what_gets_secrets_is_skipped_in_a_run_for_a_pull_request() {
    let readme = readme();
    let guarded = |node: &Node| node.get("condition").and_then(Node::text) == Some(GUARD);
    let kinds = ["integration-test", "publish", "promote"].map(|part| [format!("stages/{part}.yml"), format!("jobs/{part}.yml")]);
    let steps = ["integration-test", "publish-image", "promote"].map(|part| format!("steps/{part}.yml"));
    let pipelines = ["pipelines/ci.yml".to_owned(), "pipelines/cd.yml".to_owned()];
    for name in &[pipelines.as_slice(), kinds.as_flattened(), &steps].concat() {
        let section = section(&readme, name);
        let document = expand(section.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap());
        let steps = steps_with_secrets(&document);
        assert!(!steps.is_empty(), "`{name}` has nothing to guard");
        for path in steps {
            assert!(path.last().is_some_and(|step| guarded(step)), "{name}: the step at {} has no guard", path.last().unwrap().place);
            if name.starts_with("pipelines/") || name.starts_with("stages/") {
                let stage = path.iter().find(|node| node.get("stage").is_some()).unwrap();
                assert!(guarded(stage), "{name}: the stage at {} has no guard, so its agents would start for nothing", stage.place);
            }
        }
    }
}

fn ci(services: &str) -> String {
    format!("extends:\n  template: pipelines/ci.yml@slipway\n  parameters:\n    services:\n{services}")
}

#[test]
fn a_vault_and_a_connection_are_asked_for_only_where_a_service_has_secrets() {
    let none = ci("    - name: orders\n    - name: shipping\n");
    let (status, out, err) = slipway("check", &none);
    assert_eq!(status, Some(0), "{out}{err}");
    let stages = |document: &Node| -> Vec<String> {
        document
            .get("stages")
            .and_then(Node::items)
            .unwrap()
            .iter()
            .map(|stage| stage.get("stage").unwrap().text().unwrap().to_owned())
            .collect()
    };
    assert_eq!(stages(&expand(&none)), ["check"]);

    let (status, _, err) = slipway("check", &ci("    - name: orders\n      secrets: A = a\n"));
    assert_eq!(status, Some(2));
    assert!(err.contains("needs the input `azureSubscription`") && err.contains("needs the input `keyVaultName`"), "{err}");
}

#[test]
fn a_service_has_integration_tests_with_or_without_secrets() {
    let services = "    - name: plain\n    - name: none\n      integrationTests: false\n    - name: alone\n      integrationTests: true\n    - name: given\n      testEnvironment: A = B\n";
    let pipeline = ci(services);
    let (status, _, err) = slipway("check", &pipeline);
    assert_eq!(status, Some(0), "{err}");
    let document = expand(&pipeline);
    let stage = &document.get("stages").and_then(Node::items).unwrap()[1];
    let jobs: Vec<_> = stage.get("jobs").and_then(Node::items).unwrap().iter().map(|job| job.get("job").unwrap().text().unwrap()).collect();
    assert_eq!(jobs, ["alone", "given"]);
    let tasks: Vec<_> =
        steps_with_secrets(&document).iter().map(|path| path.last().unwrap().get("task").unwrap().text().unwrap()).collect();
    assert_eq!(tasks, ["LintBuildTest@1", "LintBuildTest@1"], "no vault is read");
}

/// A folder that is left out must not mean the whole repository.
#[test]
fn the_folder_of_a_service_is_its_name_unless_it_is_given() {
    let document = expand(&ci("    - name: orders\n      integrationTests: true\n    - name: mail-out\n      folder: services/mail\n"));
    let mut found = Vec::new();
    mappings(&document, &[], &mut found);
    let paths: Vec<_> = found.iter().filter_map(|path| path.last()?.get("path")?.text()).collect();
    assert_eq!(paths, ["orders", "services/mail", "orders"]);
}

#[test]
fn an_unknown_key_of_a_service_is_refused_by_its_name_and_those_of_the_readme_are_not() {
    let readme = readme();
    let table = readme.split("## What is a service\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let keys: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(keys.contains(&"name") && keys.contains(&"secrets"), "{keys:?}");
    let given: String = keys.iter().map(|key| format!("      {key}: orders\n")).collect();
    let pipeline = |services: &str| format!("extends:\n  template: pipelines/pr.yml@slipway\n  parameters:\n    services:\n{services}");
    let (status, _, err) = slipway("check", &pipeline(&format!("    -\n{given}")));
    assert_eq!(status, Some(0), "{err}");
    let (status, _, err) = slipway("check", &pipeline("    - name: orders\n      secret: A = a\n"));
    assert_eq!(status, Some(2));
    assert!(err.contains("The service orders has the unknown key secret"), "{err}");
}
