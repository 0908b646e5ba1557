//! The platforms that a package may carry programs for.

/// A platform, as Node names it and as Rust does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// `process.platform` and `process.arch`: what launch.js picks by.
    pub(crate) name: &'static str,
    pub(crate) triple: &'static str,
    /// End of the unpacked program's name. Always there: the packer guesses the content type of files without one.
    pub(crate) extension: &'static str,
}

pub(crate) const LINUX_X64: Target = Target { name: "linux-x64", triple: "x86_64-unknown-linux-musl", extension: "bin" };

const ALL: &[Target] = &[
    LINUX_X64,
    Target { name: "linux-arm64", triple: "aarch64-unknown-linux-musl", extension: "bin" },
    Target { name: "win32-x64", triple: "x86_64-pc-windows-gnu", extension: "exe" },
    Target { name: "darwin-x64", triple: "x86_64-apple-darwin", extension: "bin" },
    Target { name: "darwin-arm64", triple: "aarch64-apple-darwin", extension: "bin" },
];

impl Target {
    /// This machine.
    pub(crate) fn host() -> Result<Self, String> {
        let system = match std::env::consts::OS {
            "windows" => "win32",
            "macos" => "darwin",
            other => other,
        };
        let machine = match std::env::consts::ARCH {
            "x86_64" => "x64",
            "aarch64" => "arm64",
            other => other,
        };
        format!("{system}-{machine}").parse()
    }

    /// Whether this machine can build for it: Linux, which needs no other system's libraries.
    pub(crate) fn is_linux(self) -> bool {
        self.name.starts_with("linux-")
    }

    /// The file that cargo makes of the program `name`.
    pub(crate) fn executable(self, name: &str) -> String {
        if self.extension == "exe" { format!("{name}.exe") } else { name.to_owned() }
    }
}

impl std::str::FromStr for Target {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || ALL.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
        ALL.iter()
            .copied()
            .find(|target| target.name == name)
            .ok_or_else(|| format!("no package can carry `{name}`; known platforms: {}", names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_unknown_is_answered_with_the_known_ones() {
        assert_eq!("linux-x64".parse(), Ok(LINUX_X64));
        let refusal = "linux-arm".parse::<Target>().unwrap_err();
        assert_eq!(
            refusal,
            "no package can carry `linux-arm`; known platforms: linux-x64, linux-arm64, win32-x64, darwin-x64, darwin-arm64"
        );
    }

    #[test]
    fn this_machine_is_one_of_them() {
        assert!(Target::host().is_ok());
    }
}
