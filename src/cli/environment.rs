//! What of the user's shell reaches the steps of a pipeline. An agent on a build machine has a sober environment of its
//! own; a developer's shell has tokens in it. So only what is named here passes (docs/slipway-run.md lists it).

use crate::env::Env;

/// Names that pass. What tools need to find themselves, their caches and the way out; nothing that is known to carry a
/// token.
const NAMES: &[&str] = &[
    // the person and the machine
    "HOME",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TMPDIR",
    "TZ",
    "USER",
    // language
    "LANG",
    "LANGUAGE",
    // where tools live and keep things
    "ANDROID_HOME",
    "CARGO_HOME",
    "DOTNET_ROOT",
    "GOCACHE",
    "GOMODCACHE",
    "GOPATH",
    "GOPROXY",
    "GOROOT",
    "GRADLE_USER_HOME",
    "JAVA_HOME",
    "M2_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    // trust, for machines behind a proxy that inspects TLS
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
];

/// The user's own proxy. Dropped when it is the stand-in's (a shell in which `slipway azure up` was exported): the
/// steps' own downloads do not go there.
const PROXIES: &[&str] = &["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"];

/// The variables that reach steps, in the order of their names. `standin_proxy` is the address of the stand-in's proxy,
/// `standin_folder` the folder in which its certificates lie: variables that point there do not pass.
pub(crate) fn for_steps(env: &Env, standin_proxy: Option<&str>, standin_folder: &str) -> Vec<(String, String)> {
    env.texts()
        .filter(|(name, value)| {
            let upper = name.to_ascii_uppercase();
            if PROXIES.contains(&upper.as_str()) {
                standin_proxy.is_none_or(|proxy| value.trim_end_matches('/') != proxy.trim_end_matches('/'))
            } else {
                (NAMES.contains(name) || name.starts_with("LC_")) && (standin_folder.is_empty() || !value.starts_with(standin_folder))
            }
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_variables_pass() {
        let env = Env::of(
            "/",
            [
                ("PATH", "/bin"),
                ("LC_ALL", "C"),
                ("CARGO_HOME", "/c"),
                ("CARGO_REGISTRY_TOKEN", "planted"),
                ("GITHUB_TOKEN", "planted"),
                ("SYSTEM_ACCESSTOKEN", "planted"),
                ("path", "/other"),
                ("https_proxy", "http://proxy:8080"),
            ],
        );
        let passed = for_steps(&env, None, "");
        let names: Vec<&str> = passed.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["CARGO_HOME", "LC_ALL", "PATH", "https_proxy"]);
    }

    #[test]
    fn the_documentation_lists_every_name() {
        let page = include_str!("../../docs/slipway-run.md");
        for name in NAMES.iter().chain(PROXIES).chain(&["LC_*"]) {
            assert!(page.contains(&format!("`{name}`")), "{name}");
        }
        assert!(!page.contains("`GITHUB_TOKEN`"));
    }

    #[test]
    fn a_shell_set_up_for_the_stand_in_does_not_send_the_steps_downloads_there() {
        let env = Env::of(
            "/",
            [
                ("HTTPS_PROXY", "http://127.0.0.1:4000"),
                ("HTTP_PROXY", "http://proxy:1"),
                ("SSL_CERT_FILE", "/state/azure/bundle.pem"),
                ("PATH", "/bin"),
            ],
        );
        let names = |variables: Vec<(String, String)>| variables.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(for_steps(&env, Some("http://127.0.0.1:4000/"), "/state/azure")), ["HTTP_PROXY", "PATH"]);
        assert_eq!(names(for_steps(&env, None, "")), ["HTTPS_PROXY", "HTTP_PROXY", "PATH", "SSL_CERT_FILE"]);
    }
}
