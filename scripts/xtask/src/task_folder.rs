//! The folder of a task as an agent gets it: what launch.js and its tests expect.
//!
//! ```text
//! task.json  icon.png  README.md  launch.js
//! bin/manifest.json              which program for which platform, and its checksum
//! bin/<task>-<platform>.bin.br   brotli-packed
//! ```

use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use slipway_agent::spec::TaskSpec;

use crate::target::Target;
use crate::{program_format, task_json};

/// How hard to compress. Unpacking takes the same time for all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Effort {
    /// A moment, for packages that stay here.
    Quick,
    /// Seconds per megabyte, for packages that are downloaded at each start of a job.
    Smallest,
}

/// Sizes in bytes, for the table that is printed.
#[derive(Debug)]
pub(crate) struct ProgramSize {
    pub(crate) platform: &'static str,
    pub(crate) program: u64,
    pub(crate) packed: u64,
}

/// Where the parts of a task's folder come from.
#[derive(Debug)]
pub(crate) struct Sources<'a> {
    /// The repository's `tasks/`.
    pub(crate) tasks: &'a Path,
    /// Each platform with the folder that holds its built programs.
    pub(crate) programs: &'a [(Target, std::path::PathBuf)],
    /// Whether the programs must run without the system's libraries.
    pub(crate) standalone: bool,
    pub(crate) effort: Effort,
}

/// Writes the folder of `task`, which must not be there yet, into `into`.
pub(crate) fn write(task: &TaskSpec, sources: &Sources<'_>, into: &Path) -> Result<Vec<ProgramSize>, String> {
    let folder = into.join(task.folder);
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).map_err(failed("create", &bin))?;
    put(&folder.join("task.json"), task_json::render(task).as_bytes())?;
    for (name, from) in [("icon.png", task.folder), ("README.md", task.folder), ("launch.js", "")] {
        let source = sources.tasks.join(from).join(name);
        put(&folder.join(name), &fs::read(&source).map_err(failed("read", &source))?)?;
    }

    let mut platforms = Map::new();
    let mut sizes = Vec::new();
    for (target, built) in sources.programs {
        let source = built.join(target.executable(task.folder));
        let program = fs::read(&source).map_err(failed("read", &source))?;
        program_format::check(&program, *target, sources.standalone)
            .map_err(|problem| format!("`{}` cannot be packed: {problem}", source.display()))?;
        let file = format!("{}-{}.{}", task.folder, target.name, target.extension);
        let packed = pack(&program, sources.effort).map_err(failed("compress", &source))?;
        put(&bin.join(format!("{file}.br")), &packed)?;
        let sha256 = Sha256::digest(&program).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        platforms
            .insert(target.name.into(), json!({ "packed": format!("{file}.br"), "file": file, "sha256": sha256, "size": program.len() }));
        sizes.push(ProgramSize { platform: target.name, program: program.len() as u64, packed: packed.len() as u64 });
    }
    let (major, minor, patch) = task.version;
    let manifest = json!({ "name": task.folder, "version": format!("{major}.{minor}.{patch}"), "platforms": Value::Object(platforms) });
    put(&bin.join("manifest.json"), format!("{manifest:#}\n").as_bytes())?;
    Ok(sizes)
}

fn pack(program: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
    let quality = match effort {
        Effort::Quick => 1,
        Effort::Smallest => 11,
    };
    // 2^24 bytes is the largest window that every decoder takes.
    let parameters = brotli::enc::BrotliEncoderParams { quality, lgwin: 24, size_hint: program.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &*program, &mut packed, &parameters)?;
    Ok(packed)
}

fn put(file: &Path, content: &[u8]) -> Result<(), String> {
    fs::write(file, content).map_err(failed("write", file))
}

/// An error of the file system, with what was being done to which file.
pub(crate) fn failed<'a>(verb: &'a str, file: &'a Path) -> impl Fn(io::Error) -> String + 'a {
    move |error| format!("failed to {verb} `{}`: {error}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::SAMPLE;

    #[test]
    fn the_folder_is_what_launch_js_expects() {
        let folder = tempfile::tempdir().unwrap();
        let (tasks, built, out) = (folder.path().join("tasks"), folder.path().join("built"), folder.path().join("out"));
        fs::create_dir_all(tasks.join("boat-paint")).unwrap();
        fs::create_dir_all(&built).unwrap();
        for file in ["boat-paint/icon.png", "boat-paint/README.md", "launch.js"] {
            fs::write(tasks.join(file), file).unwrap();
        }
        let target = Target::host().unwrap();
        let program = fs::read(std::env::current_exe().unwrap()).unwrap();
        fs::write(built.join(target.executable("boat-paint")), &program).unwrap();
        let sources = Sources { tasks: &tasks, programs: &[(target, built)], standalone: false, effort: Effort::Quick };

        let sizes = write(&SAMPLE, &sources, &out).unwrap();

        let task = out.join("boat-paint");
        assert_eq!(fs::read_to_string(task.join("launch.js")).unwrap(), "launch.js");
        assert_eq!(fs::read_to_string(task.join("icon.png")).unwrap(), "boat-paint/icon.png");
        assert_eq!(fs::read_to_string(task.join("task.json")).unwrap(), task_json::render(&SAMPLE));
        let manifest: Value = serde_json::from_slice(&fs::read(task.join("bin/manifest.json")).unwrap()).unwrap();
        let entry = &manifest["platforms"][target.name];
        assert_eq!((manifest["name"].as_str(), manifest["version"].as_str()), (Some("boat-paint"), Some("1.2.3")));
        assert_eq!(entry["file"], format!("boat-paint-{}.{}", target.name, target.extension));
        let packed = fs::read(task.join("bin").join(entry["packed"].as_str().unwrap())).unwrap();
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &*packed, &mut unpacked).unwrap();
        assert!(unpacked == program, "unpacks to the program");
        assert_eq!(entry["size"], program.len());
        assert_eq!((sizes[0].program, sizes[0].packed), (program.len() as u64, packed.len() as u64));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let tasks = folder.path();
        let sources =
            Sources { tasks, programs: &[(crate::target::LINUX_X64, tasks.join("built"))], standalone: true, effort: Effort::Quick };
        let refusal = write(&SAMPLE, &sources, &tasks.join("out")).unwrap_err();
        assert!(refusal.starts_with(&format!("failed to read `{}`", tasks.join("boat-paint/icon.png").display())), "{refusal}");

        fs::create_dir_all(tasks.join("boat-paint")).unwrap();
        fs::create_dir_all(tasks.join("built")).unwrap();
        for file in ["boat-paint/icon.png", "boat-paint/README.md", "launch.js", "built/boat-paint"] {
            fs::write(tasks.join(file), "text").unwrap();
        }
        let refusal = write(&SAMPLE, &sources, &tasks.join("out")).unwrap_err();
        assert_eq!(
            refusal,
            format!("`{}` cannot be packed: it is for no program at all, expected linux-x64", tasks.join("built/boat-paint").display())
        );
    }
}
