use slipway_secret::{Secret, SecretSink};

use super::ConnectionProblem;
use crate::Env;

/// A file of the library of secure files, as the agent announces it. Its content is downloaded with the ticket
/// (facts/azure-pipelines-tasks.md 3.4).
#[derive(Clone, Debug)]
pub struct SecureFile {
    /// GUID.
    pub id: String,
    /// File name.
    pub name: String,
    /// Ticket for the download.
    pub ticket: Secret,
}

impl SecureFile {
    pub(crate) fn read(env: &Env, id: &str, sink: &dyn SecretSink) -> Result<Self, ConnectionProblem> {
        let part = |prefix: &str| env.filled(&format!("{prefix}_{id}"));
        match (part("SECUREFILE_NAME"), part("SECUREFILE_TICKET")) {
            (Some(name), Some(ticket)) => Ok(Self { id: id.to_owned(), name: name.to_owned(), ticket: Secret::new(ticket, sink) }),
            _ => Err(ConnectionProblem {
                got: format!("`{id}`"),
                expected: "a secure file that the agent hands to this job".to_owned(),
                hint: "check that Pipelines > Library > Secure files has it and that this pipeline may use it".to_owned(),
            }),
        }
    }
}
