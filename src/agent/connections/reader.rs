use slipway_secret::{Secret, SecretSink};
use url::Url;

use super::{ConnectionProblem, Endpoint};
use crate::Env;

/// Reads a service connection of any type, and collects the parameters that are missing.
pub(super) struct Reader<'a> {
    pub(super) endpoint: Endpoint<'a>,
    pub(super) sink: &'a dyn SecretSink,
    pub(super) missing: Vec<&'static str>,
    /// Where a person edits the connection.
    pub(super) settings_page: Option<String>,
    /// The next step towards that place: `open the connection at …`.
    pub(super) at: String,
}

impl<'a> Reader<'a> {
    /// The connection that an input names; `of_type` is for people.
    pub(super) fn open(env: &'a Env, id: &str, of_type: &str, sink: &'a dyn SecretSink) -> Result<Self, ConnectionProblem> {
        // The agent's names have the id in lower case, however the input spells it.
        let given = Endpoint::new(env, id);
        let endpoint = if given.exists() { given } else { Endpoint::new(env, &id.to_ascii_lowercase()) };
        if !endpoint.exists() {
            return Err(ConnectionProblem {
                got: format!("`{}`", endpoint.key()),
                expected: format!("a service connection {of_type} that the agent hands to this job"),
                hint: "name the connection as the project's settings spell it, and let this pipeline use it; a name in a variable must be known \
                       when the run starts"
                    .to_owned(),
            });
        }
        let settings_page = settings_page(env, endpoint.key());
        let at = match &settings_page {
            Some(page) => format!("open the connection at {page}"),
            None => "open the connection in the project's settings".to_owned(),
        };
        Ok(Self { endpoint, sink, missing: Vec::new(), settings_page, at })
    }

    pub(super) fn needed(&mut self, name: &'static str) -> String {
        match self.endpoint.parameter(name) {
            Some(value) => value.to_owned(),
            None => {
                self.missing.push(name);
                String::new()
            }
        }
    }

    pub(super) fn needed_secret(&mut self, name: &'static str) -> Secret {
        let secret = self.endpoint.secret(name, self.sink);
        if secret.is_none() {
            self.missing.push(name);
        }
        // An empty value registers nothing.
        secret.unwrap_or_else(|| Secret::new("", self.sink))
    }

    /// Refuses a connection of which parameters that were needed so far are missing. `what` it is comes before their names;
    /// `how` a person mends it after where.
    pub(super) fn complete(&self, what: &str, how: &str) -> Result<(), ConnectionProblem> {
        if self.missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<_> = self.missing.iter().map(|name| format!("`{name}`")).collect();
        Err(ConnectionProblem {
            got: format!("{what} without {}", missing.join(", ")),
            expected: "a connection with all its authentication parameters".to_owned(),
            hint: format!("{}, {how}", self.at),
        })
    }
}

/// The page on which Azure DevOps shows the connection, as Microsoft's own tasks name it.
fn settings_page(env: &Env, id: &str) -> Option<String> {
    let mut page = Url::parse(env.job_variable("System.CollectionUri")?).ok()?;
    let project = env.job_variable("System.TeamProject")?;
    page.path_segments_mut().ok()?.pop_if_empty().extend([project, "_settings", "adminservices"]);
    page.query_pairs_mut().append_pair("resourceId", id);
    Some(page.to_string())
}
