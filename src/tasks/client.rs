//! The way out of every task that talks to a service.

use std::sync::Arc;

use slipway_agent::{TaskContext, TaskError};
use slipway_net::Client;

use crate::codes;

/// The client, as the agent's settings ask; it tells the log when it waits before another attempt.
pub(crate) fn client(context: &TaskContext) -> Result<Client, TaskError> {
    let reporter = context.reporter().clone();
    let client = Client::new(&context.network()?).map_err(|error| {
        TaskError::new(codes::NET_CLIENT, error.to_string())
            .hint("Mend the agent's configuration (`./config.sh`), or the file that it names.")
    })?;
    Ok(client.with_observer(Arc::new(move |event| reporter.info(&event.to_string()))))
}
