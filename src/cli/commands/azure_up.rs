//! `slipway azure up`: the stand-in for Azure alone, for `az` and other clients.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_model::AzureEndpoint;
use slipway_standin::{Config, Connection, ConnectionKind, CredentialKind, Store};

use crate::arguments::StateArguments;
use crate::azure;
use crate::env::Env;
use crate::failure::{Exit, Failure};
use crate::interrupt::Interrupts;
use crate::terminal::Terminal;
use crate::text::{Line, Style};
use crate::world::World;

/// Serves until it is interrupted.
pub(crate) async fn up(
    env: &Env,
    config: Option<&Path>,
    state: &StateArguments,
    passthrough: bool,
    terminal: &Arc<Terminal>,
) -> Result<Exit, Failure> {
    let world = World::here(env, config, state).await?;
    if world.config_file.is_none() {
        return Err(Failure::refused(format!("there is no `slipway.local.yml` in `{}`", world.repository.path.display())).hint(
            "it describes the local Azure: docs/slipway-local-yml.md has a complete example; name another file with `--config FILE`",
        ));
    }
    let standin = azure::start(&world, passthrough, false, terminal).await?;
    let mut interrupts = Interrupts::receive()?;
    let logins = Logins::write(&world)?;
    azure::write_served(&world)?;
    terminal.print(instructions(&world, standin.endpoint(), &logins));
    interrupts.next().await;
    standin.stop().await;
    terminal.print(["the local Azure is down; what is in its vaults is kept"]);
    Ok(Exit::Success)
}

/// Files from which `az login` reads credentials, so that no secret is printed, nor seen in a list of processes. They
/// are readable by their owner only, and gone when the stand-in is.
struct Logins {
    folder: PathBuf,
    /// Arguments for `az login`.
    commands: Vec<String>,
}

impl Logins {
    fn write(world: &World) -> Result<Self, Failure> {
        let folder = azure::login_folder(&world.state);
        let mut logins = Self { folder, commands: Vec::new() };
        std::fs::create_dir_all(&logins.folder).map_err(|error| logins.failed(&error))?;
        let store = Store::open(world.state.path()).map_err(|error| Failure::refused(error.to_string()))?;
        // As service connections would hold them.
        let connections = world.config.azure.principals.iter().flat_map(|principal| {
            [CredentialKind::Secret, CredentialKind::Certificate].into_iter().filter(|kind| principal.credentials.contains(kind)).map(
                |credential| Connection {
                    name: principal.name.clone(),
                    principal: principal.name.clone(),
                    credential,
                    wrong_secret: false,
                    kind: ConnectionKind::AzureResourceManager,
                },
            )
        });
        let config = Config { connections: connections.collect(), ..world.config.azure.clone() };
        for connection in store.service_connections(&config) {
            let parameter =
                |name: &str| connection.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str());
            let Some(application) = parameter("serviceprincipalid") else { continue };
            let (file, credential, value) = match (parameter("serviceprincipalkey"), parameter("servicePrincipalCertificate")) {
                (Some(secret), _) => (format!("{}.secret", connection.name), "--password @", secret),
                (None, Some(certificate)) => (format!("{}.pem", connection.name), "--certificate ", certificate),
                (None, None) => continue,
            };
            let path = logins.folder.join(file);
            write_private(&path, value).map_err(|error| logins.failed(&error))?;
            let domain = format!("{}.onmicrosoft.com", world.config.azure.tenant);
            logins.commands.push(format!(
                "az login --service-principal --tenant {domain} --username {application} {credential}{}  # {}",
                quoted(&path),
                connection.name
            ));
        }
        Ok(logins)
    }

    fn failed(&self, error: &std::io::Error) -> Failure {
        Failure::refused(format!("failed to write into `{}`: {error}", self.folder.display()))
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        // What is left is as private as the store beside it, and removed by the next one.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn instructions(world: &World, endpoint: &AzureEndpoint, logins: &Logins) -> Vec<Line> {
    let azure = &world.config.azure;
    let mut lines = vec![
        Line::new().with(Style::Strong, format!("the local Azure is up at {}", endpoint.proxy_url)),
        Line::plain(format!("state: {}", world.state.path().display())),
        Line::new(),
        Line::plain("In another shell, so that az and other clients use it:"),
        Line::new(),
        Line::plain(format!("  export HTTPS_PROXY={}", endpoint.proxy_url)),
        Line::plain(format!("  export REQUESTS_CA_BUNDLE={}", quoted(Path::new(&endpoint.ca_bundle_file)))),
        // Keeps these logins apart from the user's own.
        Line::plain(format!("  export AZURE_CONFIG_DIR={}", quoted(&world.state.path().join("az")))),
    ];
    if !azure.registries.is_empty() {
        let bundle = quoted(Path::new(&endpoint.ca_bundle_file));
        lines.push(Line::plain(format!("  export SSL_CERT_FILE={bundle}  # skopeo, oras")));
    }
    lines.push(Line::new());
    if logins.commands.is_empty() {
        lines
            .push(Line::plain("No principal of slipway.local.yml can sign in with az: give one the credential `secret` or `certificate`."));
    } else {
        lines.push(Line::plain("Sign in, reading the credential from a file that only you can read:"));
        lines.push(Line::new());
        lines.extend(logins.commands.iter().map(|command| Line::plain(format!("  {command}"))));
        if let Some(vault) = azure.vaults.first() {
            lines.push(Line::plain(format!("  az keyvault secret list --vault-name {}", vault.name)));
        }
        if let Some(registry) = azure.registries.first() {
            lines.push(Line::plain(format!("  az acr login --name {} --expose-token", registry.name)));
        }
    }
    lines.extend([Line::new(), Line::plain("`slipway run` on the same state uses it. Ctrl-C ends it.")]);
    lines
}

/// For a POSIX shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c)) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_the_shell_where_they_must_be() {
        assert_eq!(quoted(Path::new("/a/b-c.pem")), "/a/b-c.pem");
        assert_eq!(quoted(Path::new("/it's here")), r"'/it'\''s here'");
    }
}
