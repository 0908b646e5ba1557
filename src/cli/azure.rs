//! The stand-in for Azure that a run uses: one that runs already on the same state (`slipway azure up`), else one that is
//! started for the run; none where `slipway.local.yml` describes nothing.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use slipway_model::{AzureEndpoint, ServiceConnection};
use slipway_standin::{Config, Options, StandIn, Store};

use crate::failure::Failure;
use crate::state::StateFolder;
use crate::terminal::Terminal;
use crate::text::{Line, Style};
use crate::world::World;

/// The stand-in for a run.
pub(crate) struct Azure {
    serving: Serving,
    connections: Vec<ServiceConnection>,
    public_variables: Vec<(String, String)>,
}

enum Serving {
    Nothing,
    Attached(Box<AzureEndpoint>),
    Started(Box<StandIn>),
}

impl Azure {
    /// Attaches to the one that runs on this state, or starts one.
    pub(crate) async fn for_run(world: &World, strict: bool, terminal: &Terminal) -> Result<Self, Failure> {
        let config = &world.config.azure;
        if config.principals.is_empty() && config.vaults.is_empty() && config.registries.is_empty() {
            return Ok(Self { serving: Serving::Nothing, connections: Vec::new(), public_variables: Vec::new() });
        }
        let serving = match running(&world.state) {
            Some(endpoint) => {
                terminal.print([Line::from(format!("using the local Azure of process {}", endpoint.pid))]);
                if !serves(world) {
                    let note =
                        "slipway.local.yml has changed since `slipway azure up` began; end that one and start it again to have the changes";
                    terminal.print([Line::new().with(Style::Remark, "warning: ").with(Style::Plain, note)]);
                }
                Serving::Attached(Box::new(endpoint))
            }
            None => Serving::Started(Box::new(start(world, false, strict, terminal).await?)),
        };
        let store = Store::open(world.state.path()).map_err(|error| Failure::refused(error.to_string()))?;
        Ok(Self { serving, connections: store.service_connections(config), public_variables: store.public_variables(config) })
    }

    /// Where it is reached.
    pub(crate) fn endpoint(&self) -> Option<&AzureEndpoint> {
        match &self.serving {
            Serving::Nothing => None,
            Serving::Attached(endpoint) => Some(endpoint),
            Serving::Started(standin) => Some(standin.endpoint()),
        }
    }

    /// The service connections that it knows.
    pub(crate) fn connections(&self) -> &[ServiceConnection] {
        &self.connections
    }

    /// Public parts of generated keys.
    pub(crate) fn public_variables(&self) -> &[(String, String)] {
        &self.public_variables
    }

    /// Ends it, if it was started for the run.
    pub(crate) async fn stop(self) {
        if let Serving::Started(standin) = self.serving {
            standin.stop().await;
        }
    }
}

/// Starts the stand-in; asks for the secrets that have no value yet.
pub(crate) async fn start(world: &World, passthrough: bool, strict: bool, terminal: &Terminal) -> Result<StandIn, Failure> {
    world.state.create()?;
    let options = Options { state: world.state.path().to_owned(), passthrough, strict };
    let standin = StandIn::start(world.config.azure.clone(), options, |vault, secret| {
        ask(terminal, &format!("value of the secret `{secret}` of the vault `{vault}`: "))
            .map_err(|reason| format!("{reason}; run `slipway azure up` once at a terminal"))
    })
    .await
    .map_err(|error| Failure::refused(error.to_string()))?;
    // Now that this one holds the folder, credentials that lie there are those of a `slipway azure up` that was killed.
    let folder = login_folder(&world.state);
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            standin.stop().await;
            Err(Failure::refused(format!(
                "failed to remove the credentials that an earlier `slipway azure up` left in `{}`: {error}",
                folder.display()
            ))
            .hint("remove the folder"))
        }
        _ => Ok(standin),
    }
}

/// Where `slipway azure up` keeps credentials for `az login` while it runs.
pub(crate) fn login_folder(state: &StateFolder) -> PathBuf {
    state.path().join("azure").join("login")
}

/// Asks the person at the terminal for a secret value.
pub(crate) fn ask(terminal: &Terminal, question: &str) -> Result<String, String> {
    if !terminal.is_interactive() {
        return Err("there is no terminal to ask at".to_owned());
    }
    let value = rpassword::prompt_password(question).map_err(|error| error.to_string())?;
    if value.is_empty() { Err("no value was given".to_owned()) } else { Ok(value) }
}

/// The stand-in that runs on this state: its lock is held, and it has said where it is.
pub(crate) fn running(state: &StateFolder) -> Option<AzureEndpoint> {
    let folder = state.path().join("azure");
    is_locked(&folder.join("lock"))
        .then(|| std::fs::read(folder.join("endpoint.json")).ok())
        .flatten()
        .and_then(|json| serde_json::from_slice(&json).ok())
}

/// Remembers which description `slipway azure up` serves, so that a run can tell when it is another one by now.
pub(crate) fn write_served(world: &World) -> Result<(), Failure> {
    let path = served_file(&world.state);
    std::fs::write(&path, fingerprint(&world.config.azure))
        .map_err(|error| Failure::refused(format!("failed to write `{}`: {error}", path.display())))
}

fn serves(world: &World) -> bool {
    // Where it was not written (yet), there is nothing to compare.
    std::fs::read_to_string(served_file(&world.state)).map_or(true, |served| served == fingerprint(&world.config.azure))
}

fn served_file(state: &StateFolder) -> PathBuf {
    state.path().join("azure").join("served.sha256")
}

/// The description holds no secrets; two that say the same have the same fingerprint in one version of slipway.
fn fingerprint(config: &Config) -> String {
    Sha256::digest(format!("{config:?}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_locked(file: &Path) -> bool {
    File::open(file).is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
