use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use slipway_process::Command;
use slipway_secret::Secret;

use crate::Env;

/// Variables that a child process gets if they are set. None of the agent's: no input, connection, secret or token
/// (facts/azure-pipelines-tasks.md 3.5). Compared ignoring case where a proxy has two spellings.
const ALLOWED: &[&str] = &[
    // the user and the system
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TERM",
    "TMPDIR",
    "TMP",
    "TEMP",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "DEVELOPER_DIR",
    "SDKROOT",
    "MACOSX_DEPLOYMENT_TARGET",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
    "XDG_RUNTIME_DIR",
    // Windows
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "OS",
    "USERPROFILE",
    "HOMEDRIVE",
    "HOMEPATH",
    "USERNAME",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "ALLUSERSPROFILE",
    "PROGRAMFILES",
    "PROGRAMFILES(X86)",
    "PROGRAMW6432",
    "COMMONPROGRAMFILES",
    "COMMONPROGRAMFILES(X86)",
    "COMMONPROGRAMW6432",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
    "INCLUDE",
    "LIB",
    "LIBPATH",
    "VCINSTALLDIR",
    "VSINSTALLDIR",
    "WINDOWSSDKDIR",
    "WINDOWSSDKVERSION",
    // compilers and what they link
    "CC",
    "CXX",
    "AR",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LDFLAGS",
    "PKG_CONFIG",
    "PKG_CONFIG_PATH",
    "PKG_CONFIG_SYSROOT_DIR",
    "LIBCLANG_PATH",
    "OPENSSL_DIR",
    "OPENSSL_LIB_DIR",
    "OPENSSL_INCLUDE_DIR",
    "PROTOC",
    // Rust
    "RUSTC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTDOC",
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUST_BACKTRACE",
    "RUST_MIN_STACK",
    "RUST_TEST_THREADS",
    "CARGO",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_DIST_SERVER",
    "RUSTUP_UPDATE_ROOT",
    // the way out
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    // that this is no person's terminal
    "CI",
    "TF_BUILD",
];

/// Beginnings of further variables of this kind.
const ALLOWED_PREFIXES: &[&str] = &["LC_", "CARGO_"];

/// Parts of names that say that the value is a credential, whatever the name begins with
/// (`CARGO_REGISTRIES_X_TOKEN`).
const CREDENTIALS: &[&str] = &["TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];

/// The environment of a child process: what the allow-list lets through, and what the task maps by name.
///
/// What is not in it does not reach the child that [`ChildEnvironment::command`] starts: the environment of a child is
/// exactly what it is given.
#[derive(Clone)]
pub struct ChildEnvironment {
    variables: Vec<(String, OsString)>,
}

impl ChildEnvironment {
    /// What the allow-list lets through.
    pub(crate) fn allowed(env: &Env) -> Self {
        let allowed = env.iter().filter(|(name, _)| is_allowed(name));
        Self { variables: allowed.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }

    /// Sets a variable, whatever its name.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Hands a secret to the child under `name`, because the step maps it.
    #[must_use]
    pub fn with_secret(self, name: &str, value: &Secret) -> Self {
        self.with(name, value.expose())
    }

    /// A command that runs `program` with exactly this environment.
    pub fn command(self, program: impl Into<PathBuf>) -> Command {
        Command::new(program).envs(self)
    }

    /// Names of the variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|(name, _)| name.as_str())
    }
}

impl IntoIterator for ChildEnvironment {
    type Item = (String, OsString);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.variables.into_iter()
    }
}

impl std::fmt::Debug for ChildEnvironment {
    /// Names only: a value may be secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

fn is_allowed(name: &str) -> bool {
    let upper = name.to_uppercase();
    // Lower case is a different variable on Unix, and of these only the proxies are used in both.
    let has_case = cfg!(windows) || upper == name || upper.ends_with("_PROXY");
    let is_listed = ALLOWED.contains(&upper.as_str()) || ALLOWED_PREFIXES.iter().any(|prefix| upper.starts_with(prefix));
    has_case && is_listed && !CREDENTIALS.iter().any(|part| upper.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample_sink::Recorder;

    #[test]
    fn only_allowed_variables_pass() {
        let env = Env::new([
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("CARGO_TERM_COLOR", "never"),
            ("CARGO_REGISTRY_TOKEN", "planted"),
            ("CARGO_REGISTRIES_MINE_TOKEN", "planted"),
            ("https_proxy", "http://p:1"),
            ("path", "planted"),
            ("INPUT_TEXT", "planted"),
            ("ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN", "planted"),
            ("SECRET_KEY", "planted"),
            ("SECUREFILE_TICKET_X", "planted"),
            ("VSTS_TASKVARIABLE_X", "planted"),
            ("SYSTEM_ACCESSTOKEN", "planted"),
            ("BUILD_BUILDID", "planted"),
            ("AWS_SECRET_ACCESS_KEY", "planted"),
        ]);
        let environment = ChildEnvironment::allowed(&env);
        let mut names: Vec<_> = environment.names().collect();
        names.sort_unstable();
        assert_eq!(names, ["CARGO_TERM_COLOR", "LC_ALL", "PATH", "https_proxy"]);
        assert!(environment.into_iter().all(|(_, value)| value != "planted"));
    }

    #[test]
    fn a_mapped_secret_passes_and_does_not_print() {
        let secret = Secret::new("planted", &Recorder::default());
        let environment = ChildEnvironment::allowed(&Env::new([("DB", "old")])).with("DB", "x").with_secret("DB", &secret);
        assert!(!format!("{environment:?}").contains("planted"));
        assert_eq!(environment.into_iter().collect::<Vec<_>>(), [("DB".to_owned(), "planted".into())]);
    }
}
