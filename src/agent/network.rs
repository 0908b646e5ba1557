//! The way out, as the agent configures it (facts/azure-pipelines-tasks.md 3.9): its proxy with the bypass list, its
//! additional certificate authorities and its client certificate. What the agent leaves open comes from the environment.

mod no_proxy;

use std::path::PathBuf;

use percent_encoding::percent_decode_str;
use regex_lite::{Regex, RegexBuilder};
use slipway_net::{ClientCertificate, ProxySettings, Settings};
use slipway_secret::{Secret, SecretSink};
use url::Url;

use crate::spec::TaskSpec;
use crate::{Env, TaskError, codes};

/// Settings, and what a person should know of them.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) settings: Settings,
    pub(crate) warnings: Vec<String>,
}

/// Reads the settings.
///
/// # Errors
/// When the proxy's address or the client certificate cannot be used.
pub(crate) fn read(env: &Env, spec: &TaskSpec, sink: &dyn SecretSink) -> Result<Network, TaskError> {
    let mut warnings = Vec::new();
    let proxy = match env.job_variable("Agent.ProxyUrl") {
        Some(address) => Some(agent_proxy(env, address, sink, &mut warnings)?),
        None => environment_proxy(env, sink, &mut warnings)?,
    };
    let accept_any_certificate = env.is_on("Agent.SkipCertValidation");
    if accept_any_certificate {
        warnings.push("Server certificates are not verified, because the agent is configured so (Agent.SkipCertValidation).".to_owned());
    }
    let (major, minor, patch) = spec.version;
    let settings = Settings {
        proxy,
        // Node adds the authorities of its variable to the known ones, as the agent's file is added here.
        ca_file: env.job_variable("Agent.CAInfo").or_else(|| env.filled("NODE_EXTRA_CA_CERTS")).map(PathBuf::from),
        client_certificate: client_certificate(env, sink)?,
        accept_any_certificate,
        user_agent: format!("Slipway-{}/{major}.{minor}.{patch}", spec.name),
    };
    Ok(Network { settings, warnings })
}

fn agent_proxy(env: &Env, address: &str, sink: &dyn SecretSink, warnings: &mut Vec<String>) -> Result<ProxySettings, TaskError> {
    let mut proxy = parse_proxy(address, "the agent's proxy (Agent.ProxyUrl)", sink)?;
    if let Some(username) = env.job_variable("Agent.ProxyUsername") {
        proxy.username = username.to_owned();
        // Secret variables have a prefix; agents before that rule gave it plainly.
        let password = env.filled("SECRET_AGENT_PROXYPASSWORD").or_else(|| env.job_variable("Agent.ProxyPassword"));
        proxy.password = password.map(|password| Secret::new(password, sink));
    }
    proxy.bypass = bypass_list(env.job_variable("Agent.ProxyBypassList").unwrap_or("[]"), warnings);
    Ok(proxy)
}

/// The bypass list: a JSON array of regular expressions.
fn bypass_list(json: &str, warnings: &mut Vec<String>) -> Vec<Regex> {
    let entries: Vec<String> = match serde_json::from_str(json) {
        Ok(entries) => entries,
        Err(_) => {
            warnings.push(format!("The agent's proxy bypass list (Agent.ProxyBypassList) is ignored: `{json}` is no JSON array of texts."));
            return Vec::new();
        }
    };
    let mut patterns = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.trim().is_empty()) {
        match pattern(entry.trim()) {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => warnings.push(format!(
                "The entry `{entry}` of the agent's proxy bypass list is ignored, so such addresses go through the proxy: {}.",
                error.to_string().trim_end_matches('.')
            )),
        }
    }
    patterns
}

fn pattern(text: &str) -> Result<Regex, regex_lite::Error> {
    RegexBuilder::new(text).case_insensitive(true).build()
}

/// A proxy of the environment, for agents that have none of their own.
fn environment_proxy(env: &Env, sink: &dyn SecretSink, warnings: &mut Vec<String>) -> Result<Option<ProxySettings>, TaskError> {
    // Everything that a task talks to is HTTPS, so its variable comes first.
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let Some((name, address)) = names.iter().find_map(|name| Some((*name, env.filled(name)?))) else { return Ok(None) };
    let list = env.filled("NO_PROXY").or_else(|| env.filled("no_proxy")).unwrap_or_default();
    let list = no_proxy::translate(list);
    warnings.extend(list.warnings);
    if list.matches_all {
        return Ok(None);
    }
    // `HTTPS_PROXY=proxy:8080` is usual as well.
    let address = if address.contains("://") { address.to_owned() } else { format!("http://{address}") };
    let mut proxy = parse_proxy(&address, &format!("the proxy of the environment (`{name}`)"), sink)?;
    proxy.bypass = list.patterns;
    Ok(Some(proxy))
}

fn parse_proxy(address: &str, what: &str, sink: &dyn SecretSink) -> Result<ProxySettings, TaskError> {
    let refuse = |cause: String| {
        TaskError::new(codes::NET_PROXY, format!("The address of {what} cannot be used: {cause}."))
            .hint("Give it as `http://host:port`, user and password separately where the agent has settings for them.")
    };
    // The address is not repeated: it may hold a password.
    let mut url = Url::parse(address).map_err(|error| refuse(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(refuse(format!("it is of the kind `{}:`, and only `http://` and `https://` are supported", url.scheme())));
    }
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let username = decoded(url.username());
    let password = url.password().map(|password| Secret::new(decoded(password), sink));
    // Both fail only for addresses without a host, which are refused above.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Ok(ProxySettings { url, username, password, bypass: Vec::new() })
}

fn client_certificate(env: &Env, sink: &dyn SecretSink) -> Result<Option<ClientCertificate>, TaskError> {
    let password = env.filled("SECRET_AGENT_CLIENTCERTPASSWORD").or_else(|| env.job_variable("Agent.ClientCertPassword"));
    let key_password = password.map(|password| Secret::new(password, sink));
    let refuse = |message: &str| {
        Err(TaskError::new(codes::NET_CERTIFICATE, message).hint(
            "Configure the agent with both `--sslclientcert` and `--sslclientcertkey` as PEM files (they become Agent.ClientCert and Agent.ClientCertKey).",
        ))
    };
    match (env.job_variable("Agent.ClientCert"), env.job_variable("Agent.ClientCertKey")) {
        (Some(certificate), Some(key)) => {
            Ok(Some(ClientCertificate { certificate_file: PathBuf::from(certificate), key_file: PathBuf::from(key), key_password }))
        }
        (Some(_), None) => refuse("The agent's client certificate cannot be used: it has Agent.ClientCert, but no Agent.ClientCertKey."),
        (None, Some(_)) => refuse("The agent's client certificate cannot be used: it has Agent.ClientCertKey, but no Agent.ClientCert."),
        (None, None) if env.job_variable("Agent.ClientCertArchive").is_some() => refuse(
            "The agent's client certificate cannot be used: it is an archive (Agent.ClientCertArchive), and Slipway reads PEM files only.",
        ),
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use slipway_net::Route;

    use super::*;
    use crate::sample::SPEC;
    use crate::sample_sink::Recorder;

    fn network(variables: &[(&str, &str)]) -> Network {
        read(&Env::new(variables.iter().map(|&(name, value)| (name, value))), &SPEC, &Recorder::default()).unwrap()
    }

    fn error(variables: &[(&str, &str)]) -> TaskError {
        read(&Env::new(variables.iter().map(|&(name, value)| (name, value))), &SPEC, &Recorder::default()).unwrap_err()
    }

    fn is_direct(network: &Network, url: &str) -> bool {
        network.settings.route(&Url::parse(url).unwrap()) == Route::Direct
    }

    #[test]
    fn nothing_is_configured() {
        let network = network(&[]);
        assert!(network.settings.proxy.is_none() && network.settings.ca_file.is_none() && network.settings.client_certificate.is_none());
        assert_eq!(network.settings.user_agent, "Slipway-Sample/1.2.3");
        assert!(network.warnings.is_empty());
    }

    #[test]
    fn the_agent_s_settings_apply() {
        let network = network(&[
            ("AGENT_PROXYURL", "http://proxy.corp:8080"),
            ("AGENT_PROXYUSERNAME", "jo"),
            ("SECRET_AGENT_PROXYPASSWORD", "planted"),
            ("AGENT_PROXYBYPASSLIST", r#"["\\.internal\\.corp", "(", "^https://V\\.vault"]"#),
            ("AGENT_CAINFO", "/ca.pem"),
            ("NODE_EXTRA_CA_CERTS", "/other.pem"),
            ("AGENT_CLIENTCERT", "/c.pem"),
            ("AGENT_CLIENTCERTKEY", "/k.pem"),
            ("AGENT_CLIENTCERTARCHIVE", "/c.pfx"),
            ("AGENT_SKIPCERTVALIDATION", "True"),
            ("HTTPS_PROXY", "http://other:1"),
        ]);
        let proxy = network.settings.proxy.as_ref().unwrap();
        assert_eq!((proxy.url.as_str(), proxy.username.as_str()), ("http://proxy.corp:8080/", "jo"));
        assert_eq!(proxy.password.as_ref().unwrap().expose(), "planted");
        assert_eq!(network.settings.ca_file, Some("/ca.pem".into()));
        assert_eq!(network.settings.client_certificate.as_ref().unwrap().key_file, PathBuf::from("/k.pem"));
        assert!(network.settings.accept_any_certificate);
        assert!(is_direct(&network, "https://a.INTERNAL.corp/") && is_direct(&network, "https://v.vault.azure.net/"));
        assert!(!is_direct(&network, "https://management.azure.com/"));
        assert_eq!(network.warnings.len(), 2, "{:?}", network.warnings);
        assert!(network.warnings[0].starts_with("The entry `(` of the agent's proxy bypass list is ignored"), "{:?}", network.warnings);
    }

    #[test]
    fn the_environment_applies_where_the_agent_gives_no_proxy() {
        let network = network(&[
            ("https_proxy", "jo:pl%40nted@proxy:3128"),
            ("NO_PROXY", "corp.example,10.0.0.0/8"),
            ("NODE_EXTRA_CA_CERTS", "/other.pem"),
        ]);
        let proxy = network.settings.proxy.as_ref().unwrap();
        assert_eq!((proxy.url.as_str(), proxy.username.as_str()), ("http://proxy:3128/", "jo"));
        assert_eq!(proxy.password.as_ref().unwrap().expose(), "pl@nted");
        assert!(is_direct(&network, "https://a.corp.example/") && is_direct(&network, "https://10.1.2.3/"));
        assert!(!is_direct(&network, "https://notcorp.example/"));
        assert_eq!(network.settings.ca_file, Some("/other.pem".into()));
        assert!(self::network(&[("HTTPS_PROXY", "http://p:1"), ("NO_PROXY", "*")]).settings.proxy.is_none());
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_repeating_it() {
        let refused = error(&[("AGENT_PROXYURL", "socks5://jo:planted@proxy:1")]);
        assert_eq!(refused.code, codes::NET_PROXY);
        assert!(refused.message.contains("`socks5:`") && !refused.message.contains("planted"), "{refused}");
        assert_eq!(error(&[("AGENT_PROXYURL", "http://")]).code, codes::NET_PROXY);
        let archive = error(&[("AGENT_CLIENTCERTARCHIVE", "/c.pfx")]);
        assert_eq!(archive.code, codes::NET_CERTIFICATE);
        assert!(archive.hint.contains("Agent.ClientCertKey"), "{archive}");
        assert!(error(&[("AGENT_CLIENTCERT", "/c.pem")]).message.contains("no Agent.ClientCertKey"));
    }

    #[test]
    fn a_bypass_list_that_is_no_json_is_a_warning() {
        let network = network(&[("AGENT_PROXYURL", "http://p:1"), ("AGENT_PROXYBYPASSLIST", "a,b")]);
        assert!(network.warnings[0].contains("is no JSON array"), "{:?}", network.warnings);
    }
}
