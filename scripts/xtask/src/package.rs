//! `xtask package`: builds the tasks' programs and puts together what an agent runs and what the Marketplace takes.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use slipway_agent::spec::TaskSpec;

use crate::contributions::{self, Identity, Overrides};
use crate::target::{LINUX_X64, Target};
use crate::task_folder::{self, Effort, ProgramSize, Sources, failed};
use crate::{compile, rules, shell, sizes};

/// Options of the verb.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// `dev`: folders of the tasks for this machine, quickly. `dist`: small static programs, and the VSIX.
    #[arg(long, value_enum)]
    profile: Profile,
    /// Platforms to build for with `--profile dist`.
    #[arg(long, value_delimiter = ',', default_values_t = [LINUX_X64.name.to_owned()])]
    targets: Vec<String>,
    /// Where to write. The folder is emptied first.
    #[arg(long)]
    out: PathBuf,
    /// The packer, Microsoft's `tfx`.
    #[arg(long, required_if_eq("profile", "dist"))]
    tfx: Option<PathBuf>,
    /// Build the standard library from its sources with this compiler, which has them.
    #[arg(long, value_name = "RUSTC")]
    build_std: Option<PathBuf>,
    /// Package under another publisher than the one in vss-extension.json.
    #[arg(long)]
    publisher: Option<String>,
    /// Package under another extension id.
    #[arg(long)]
    extension_id: Option<String>,
    /// Package as another version.
    #[arg(long)]
    version: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Profile {
    Dev,
    Dist,
}

/// Files of the repository that the manifest names, and their names there. (The packer asks the system for the content
/// type of a file without an extension.)
const EXTENSION_FILES: &[(&str, &str)] =
    &[("LICENSE", "LICENSE.txt"), ("marketplace/overview.md", "marketplace/overview.md"), ("marketplace/icon.png", "marketplace/icon.png")];

/// Makes the packages.
pub(crate) fn run(root: &Path, tasks: &[&TaskSpec], options: &Options) -> Result<(), String> {
    let breaches = rules::breaches(tasks);
    if !breaches.is_empty() {
        return Err(format!("the tables of the tasks break rules of the platform:\n  {}", breaches.join("\n  ")));
    }
    let out = root.join(&options.out);
    match (options.profile, &options.tfx) {
        (Profile::Dist, Some(tfx)) => dist(root, tasks, options, tfx, &out),
        _ => dev(root, tasks, &out),
    }
}

fn dev(root: &Path, tasks: &[&TaskSpec], out: &Path) -> Result<(), String> {
    let programs = [(Target::host()?, compile::dev(root)?)];
    let sources = Sources { tasks: &root.join("tasks"), programs: &programs, standalone: false, effort: Effort::Quick };
    // Beside its place first: a run that starts in the middle of this finds the old folders or the new ones.
    let fresh = out.with_extension("new");
    write_all(tasks, &sources, &fresh)?;
    empty(out)?;
    fs::rename(&fresh, out).map_err(failed("rename", &fresh))
}

fn dist(root: &Path, tasks: &[&TaskSpec], options: &Options, tfx: &Path, out: &Path) -> Result<(), String> {
    let targets = options.targets.iter().map(|name| name.parse()).collect::<Result<Vec<Target>, _>>()?;
    let (manifest, identity) = manifest(root, tasks, options)?;
    let programs = targets.iter().map(|target| Ok((*target, compile::dist(root, *target, options.build_std.as_deref())?)));
    let programs = programs.collect::<Result<Vec<_>, String>>()?;

    let stage = out.join("stage");
    let sources = Sources { tasks: &root.join("tasks"), programs: &programs, standalone: true, effort: Effort::Smallest };
    empty(out)?;
    let packed = write_all(tasks, &sources, &stage)?;
    for (from, to) in EXTENSION_FILES {
        let (from, to) = (root.join(from), stage.join(to));
        to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::copy(&from, &to)).map_err(failed("copy", &from))?;
    }
    let file = stage.join("vss-extension.json");
    fs::write(&file, manifest).map_err(failed("write", &file))?;

    let names: Vec<_> = targets.iter().map(|target| target.name).collect();
    let vsix = out.join(format!("{}-{}.vsix", identity.id, names.join("-")));
    pack(tfx, &stage, &vsix)?;

    let size = fs::metadata(&vsix).map_err(failed("read", &vsix))?.len();
    let (cap, who) = sizes::cap(&targets);
    let Identity { publisher, id, version } = &identity;
    let place = vsix.strip_prefix(root).unwrap_or(&vsix).display();
    shell::say(&format!("{}\n  {publisher}.{id} {version}: {place}, {}", sizes::table(&packed), sizes::mib(size)));
    if size > cap {
        return Err(format!(
            "`{place}` has {}, more than the {} that {who}; package fewer platforms (`--targets`)",
            sizes::mib(size),
            sizes::mib(cap)
        ));
    }
    Ok(())
}

/// Has `tfx` pack the staged files. It only warns of what it finds wrong; agents and the Marketplace do not.
fn pack(tfx: &Path, stage: &Path, vsix: &Path) -> Result<(), String> {
    let mut arguments = ["extension", "create", "--no-prompt", "--no-color", "--manifests", "vss-extension.json", "--output-path"]
        .map(OsString::from)
        .to_vec();
    arguments.push(vsix.into());
    let printed = shell::output(stage, &tfx.to_string_lossy(), &arguments)?;
    let warnings = warnings(&printed);
    if warnings.is_empty() { Ok(()) } else { Err(format!("tfx warns of the package:\n  {}", warnings.join("\n  "))) }
}

fn warnings(printed: &str) -> Vec<&str> {
    printed.lines().filter(|line| line.to_lowercase().contains("warning")).collect()
}

/// The extension's manifest with the overrides in it, and who it says publishes what.
fn manifest(root: &Path, tasks: &[&TaskSpec], options: &Options) -> Result<(String, Identity), String> {
    let file = root.join("vss-extension.json");
    let text = fs::read_to_string(&file).map_err(failed("read", &file))?;
    let mut manifest = serde_json::from_str(&text).map_err(|error| format!("vss-extension.json: {error}"))?;
    let differences = contributions::differences(&manifest, tasks);
    if !differences.is_empty() {
        return Err(format!("vss-extension.json does not match the tasks:\n  {}", differences.join("\n  ")));
    }
    let overrides =
        Overrides { publisher: options.publisher.as_deref(), id: options.extension_id.as_deref(), version: options.version.as_deref() };
    let identity = contributions::identify(&mut manifest, &overrides)?;
    Ok((format!("{manifest:#}\n"), identity))
}

fn write_all<'a>(tasks: &[&'a TaskSpec], sources: &Sources<'_>, into: &Path) -> Result<Vec<(&'a str, Vec<ProgramSize>)>, String> {
    empty(into)?;
    fs::create_dir_all(into).map_err(failed("create", into))?;
    tasks.iter().map(|task| Ok((task.folder, task_folder::write(task, sources, into)?))).collect()
}

fn empty(folder: &Path) -> Result<(), String> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed("empty", folder)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packer_s_warnings_are_seen() {
        let printed = "TFS Cross Platform Command Line Interface v0.23.1\n\
            warning: \tBoat Paint: name is a required alphanumeric string\n\n\
            === Completed operation: create extension ===\n - VSIX: /tmp/x.vsix\n";
        assert_eq!(warnings(printed), ["warning: \tBoat Paint: name is a required alphanumeric string"]);
        assert_eq!(warnings(printed.split_once("===").unwrap().1), Vec::<&str>::new());
    }
}
