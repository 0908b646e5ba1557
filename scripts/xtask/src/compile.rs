//! Building the tasks' programs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::shell;
use crate::target::Target;

/// Quickly, for this machine, with the dependencies that the tests have built already. Returns the folder of the programs.
pub(crate) fn dev(root: &Path) -> Result<PathBuf, String> {
    let folder = root.join("target");
    let mut arguments = ["build", "--quiet", "--package", "slipway-tasks", "--bins", "--target-dir"].map(OsString::from).to_vec();
    arguments.push(folder.clone().into());
    shell::run(root, "cargo", &arguments, &[])?;
    Ok(folder.join("debug"))
}

/// Small and static, for `target`. Returns the folder of the programs.
///
/// Zig's C compiler and linker bring musl. `build_std` names a compiler that comes with the sources of its standard
/// library, for systems where rustup cannot fetch the target's.
pub(crate) fn dist(root: &Path, target: Target, build_std: Option<&Path>) -> Result<PathBuf, String> {
    if !target.is_linux() {
        return Err(format!("programs for {} are not built here yet; built are linux-x64 and linux-arm64", target.name));
    }
    // Apart from target/: another compiler and other flags would rebuild what the tests use.
    let folder = root.join("target/dist");
    let mut arguments =
        ["zigbuild", "--package", "slipway-tasks", "--bins", "--profile", "dist", "--target", target.triple, "--target-dir"]
            .map(OsString::from)
            .to_vec();
    arguments.push(folder.clone().into_os_string());
    let rustc = build_std.map(|rustc| rustc.to_string_lossy().into_owned());
    let mut environment = Vec::new();
    if let Some(rustc) = &rustc {
        arguments.push("-Zbuild-std=std,panic_abort".into());
        // This toolchain has no startup objects of musl of its own; zig has.
        environment = vec![("RUSTC", rustc.as_str()), ("RUSTC_BOOTSTRAP", "1"), ("RUSTFLAGS", "-C link-self-contained=no")];
    }
    shell::run(root, "cargo", &arguments, &environment)?;
    Ok(folder.join(target.triple).join("dist"))
}
