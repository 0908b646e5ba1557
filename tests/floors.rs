//! Who may import whom: the workspace's dependencies against the table in docs/ARCHITECTURE.md, "The house".

use std::collections::BTreeMap;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use serde_json::{Value, json};

const ARCHITECTURE: &str = include_str!("../docs/ARCHITECTURE.md");

/// A row of the table.
#[derive(Debug)]
struct Row<'a> {
    floor: u8,
    /// What it may import besides floor 0.
    imports: Vec<&'a str>,
    text: &'a str,
}

/// The rows by crate. A word of the last column that is no crate is prose.
fn table(page: &str) -> BTreeMap<&str, Row<'_>> {
    let row = |text| {
        let cells: Vec<_> = str::strip_prefix(text, "| ")?.trim_end_matches(" |").split(" | ").collect();
        let [floor, name, _, imports] = cells[..] else { return None };
        let words = imports.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        Some((name.trim_matches('`').trim_start_matches("scripts/"), Row { floor: floor.parse().ok()?, imports: words, text }))
    };
    let mut rows: BTreeMap<_, _> = page.lines().filter_map(row).collect();
    let names: Vec<_> = rows.keys().copied().collect();
    for row in rows.values_mut() {
        row.imports.retain(|word| names.contains(word));
    }
    rows
}

/// The table's name of a package.
fn crate_name(package: &str) -> &str {
    package.trim_start_matches("slipway-")
}

/// Every breach, each with the row that it breaks.
fn breaches(metadata: &Metadata, page: &str) -> Vec<String> {
    let table = table(page);
    let members: Vec<_> = metadata.workspace_packages().into_iter().collect();
    let is_ours = |name: &str| members.iter().any(|member| member.name.as_str() == name);
    let mut found = Vec::new();
    for member in &members {
        let name = crate_name(&member.name);
        let Some(row) = table.get(name) else {
            found.push(format!("`{name}` has no row in the table of docs/ARCHITECTURE.md"));
            continue;
        };
        for import in member.dependencies.iter().filter(|dependency| is_ours(&dependency.name)) {
            let kind = match import.kind {
                DependencyKind::Development => " in its tests",
                DependencyKind::Build => " in its build script",
                _ => "",
            };
            let target = crate_name(&import.name);
            let ground = row.floor > 0 && table.get(target).is_some_and(|row| row.floor == 0);
            if !ground && !row.imports.contains(&target) {
                found.push(format!("`{name}` imports `{target}`{kind}, which its row does not allow:\n  {}", row.text));
            }
        }
    }
    for (name, row) in &table {
        if !members.iter().any(|member| crate_name(&member.name) == *name) {
            found.push(format!("`{name}` has a row and is no crate of the workspace:\n  {}", row.text));
        }
        for import in &row.imports {
            if table.get(import).is_some_and(|imported| imported.floor >= row.floor) {
                found.push(format!("the row of `{name}` names `{import}`, which is not on a lower floor:\n  {}", row.text));
            }
        }
    }
    found
}

fn workspace() -> Metadata {
    MetadataCommand::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .no_deps()
        .exec()
        .expect("`cargo metadata` works in this workspace")
}

/// The workspace's metadata with a further dependency.
fn with_import(from: &str, to: &str, kind: Option<&str>) -> Metadata {
    let mut metadata = json!(workspace());
    let packages = metadata["packages"].as_array_mut().expect("an array");
    let mut import = packages.iter().find_map(|package| package["dependencies"].get(0).cloned()).expect("a crate with a dependency");
    import["name"] = json!(to);
    import["rename"] = json!("innocent");
    import["kind"] = kind.map_or(Value::Null, Into::into);
    let package = packages.iter_mut().find(|package| package["name"] == from).expect("the package");
    package["dependencies"].as_array_mut().expect("an array").push(import);
    serde_json::from_value(metadata).expect("what was serialized can be read")
}

#[test]
fn every_crate_imports_only_what_its_row_allows() {
    let found = breaches(&workspace(), ARCHITECTURE);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn a_planted_import_is_found_and_the_row_is_named() {
    let row = "| 3 | `runner` | runs an expanded pipeline as the Azure Pipelines service and agent would | pipelines, process |";
    for (kind, where_) in [(None, ""), (Some("dev"), " in its tests"), (Some("build"), " in its build script")] {
        let found = breaches(&with_import("slipway-runner", "slipway-agent", kind), ARCHITECTURE);
        assert_eq!(found, [format!("`runner` imports `agent`{where_}, which its row does not allow:\n  {row}")]);
    }
}

#[test]
fn floor_0_is_open_to_all_but_itself() {
    assert_eq!(breaches(&with_import("slipway-tests", "slipway-model", None), ARCHITECTURE), Vec::<String>::new());
    let found = breaches(&with_import("slipway-model", "slipway-secret", None), ARCHITECTURE);
    assert!(matches!(&found[..], [only] if only.starts_with("`model` imports `secret`, which its row does not allow")), "{found:?}");
}

#[test]
fn the_table_and_the_workspace_have_the_same_crates() {
    let view = ARCHITECTURE.lines().find(|line| line.starts_with("| 2 | `view`")).expect("a row");
    let found = breaches(&workspace(), &ARCHITECTURE.replace(view, "| 2 | `mirror` | it reflects | – |"));
    let no_row = "`view` has no row in the table of docs/ARCHITECTURE.md".to_owned();
    let no_crate = "`mirror` has a row and is no crate of the workspace:\n  | 2 | `mirror` | it reflects | – |".to_owned();
    assert!(found.contains(&no_row) && found.contains(&no_crate), "{found:?}");
}

#[test]
fn a_row_names_no_neighbour() {
    let page =
        ARCHITECTURE.replace("| Azure DevOps' REST API: OIDC tokens | net |", "| Azure DevOps' REST API: OIDC tokens | net, azure |");
    let found = breaches(&workspace(), &page);
    assert!(
        matches!(&found[..], [only] if only.starts_with("the row of `devops` names `azure`, which is not on a lower floor")),
        "{found:?}"
    );
}
