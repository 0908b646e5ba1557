use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use slipway_model::AzureEndpoint;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::StartError;
use crate::acr::Registries;
use crate::clock::AzureClock;
use crate::config::Config;
use crate::crypto::random_text;
use crate::directory::Directory;
use crate::faults::Faults;
use crate::lock::Lock;
use crate::managed_identity;
use crate::proxy::{Certificates, Server, serve};
use crate::request_log::RequestLog;
use crate::store::{Store, make_folder, write, write_json};
use crate::world::World;
use crate::{check, roots};

/// How the stand-in runs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The state folder; all that the stand-in writes is in its folder `azure`.
    pub state: PathBuf,
    /// Let hosts that it does not stand in for out to the network. Without it they are refused by name.
    pub passthrough: bool,
    /// Refuse also the hosts that `az` asks for what it can do without.
    pub strict: bool,
}

/// A running local Azure. [`StandIn::stop`] ends it; so does dropping it, without waiting.
pub struct StandIn {
    endpoint: AzureEndpoint,
    world: Arc<World>,
    file: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
    _lock: Lock,
}

impl StandIn {
    /// Starts it on a port of loopback that the system picks, and says where in `<state>/azure/endpoint.json`. What
    /// `config` asks for and the store does not have is made; values that only a person knows are asked of `prompt`
    /// (vault, secret).
    ///
    /// # Errors
    /// When the configuration cannot be served, another process serves this state, a value is missing, or the state folder
    /// cannot be used.
    pub async fn start(
        config: Config,
        options: Options,
        prompt: impl FnMut(&str, &str) -> Result<String, String>,
    ) -> Result<Self, StartError> {
        let problems = check::problems(&config);
        if !problems.is_empty() {
            return Err(StartError::Config(problems));
        }
        let folder = options.state.join("azure");
        let jobs_folder = folder.join("jobs");
        make_folder(&jobs_folder)?;
        let lock = Lock::take(&folder.join("lock"))?;
        let mut store = Store::open(&options.state)?;
        store.prepare(&config, slipway_net::Clock::System.now(), prompt)?;
        let (certifier, authority, keys) = store.trust()?;
        let certificates = store.registered_certificates()?;
        let registries = Registries::open(&folder.join("registries"), &config)?;

        let ca_file = folder.join("ca.pem");
        write(&ca_file, authority.as_bytes())?;
        let ca_bundle_file = folder.join("ca-bundle.pem");
        write(&ca_bundle_file, roots::bundle(&authority).as_bytes())?;

        let unbound = |error: std::io::Error| StartError::Listen(error.to_string());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unbound)?;
        let address = listener.local_addr().map_err(unbound)?;
        let identity_header = random_text(40).map_err(|problem| StartError::Listen(problem.to_string()))?;
        let directory = Directory::new(config);
        let endpoint = AzureEndpoint {
            schema: 1,
            pid: std::process::id(),
            proxy_url: format!("http://{address}"),
            ca_file: text(&ca_file)?,
            ca_bundle_file: text(&ca_bundle_file)?,
            identity_endpoint: format!("http://{address}{}", managed_identity::PATH),
            identity_header: identity_header.clone(),
            collection_uri: directory.collection_uri(),
            project: directory.config.project.clone(),
            project_id: directory.project_id.clone(),
            jobs_folder: text(&jobs_folder)?,
        };
        let world = Arc::new(World::new(directory, store, keys, certificates, registries, jobs_folder, identity_header));
        let server = Server {
            world: world.clone(),
            certificates: Certificates::new(certifier),
            address,
            passthrough: options.passthrough,
            strict: options.strict,
        };
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(serve(Arc::new(server), listener, stopped));
        let file = folder.join("endpoint.json");
        let standin = Self { endpoint, world, file, stop: Some(stop), serving, _lock: lock };
        write_json(&standin.file, &standin.endpoint)?;
        Ok(standin)
    }

    /// Where it is reached.
    pub fn endpoint(&self) -> &AzureEndpoint {
        &self.endpoint
    }

    /// Orders faults.
    pub fn faults(&self) -> &Faults {
        &self.world.faults
    }

    /// The requests that it answered.
    pub fn requests(&self) -> &RequestLog {
        &self.world.requests
    }

    /// Its clock.
    pub fn clock(&self) -> &AzureClock {
        &self.world.clock
    }

    /// Ends it: no connection, no task and no `endpoint.json` is left when this returns.
    pub async fn stop(mut self) {
        self.forget_endpoint();
        self.stop = None;
        // An error would be a panic of a connection, which has ended then as well.
        let _ = (&mut self.serving).await;
    }

    fn forget_endpoint(&self) {
        // The lock tells that nobody serves, also where the file is left.
        let _ = std::fs::remove_file(&self.file);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.forget_endpoint();
        self.serving.abort();
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandIn").field("proxy_url", &self.endpoint.proxy_url).finish_non_exhaustive()
    }
}

/// A path in `endpoint.json`, absolute.
fn text(path: &Path) -> Result<String, StartError> {
    let failed = |cause: &str| StartError::State { path: path.display().to_string(), cause: cause.to_owned() };
    let absolute = std::path::absolute(path).map_err(|error| failed(&error.to_string()))?;
    absolute.to_str().map(str::to_owned).ok_or_else(|| failed("its name is not UTF-8, which clients' variables need"))
}
