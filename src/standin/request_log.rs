use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// Requests that are remembered.
const LENGTH: usize = 10_000;

/// A request that the stand-in answered. No query, headers or bodies: nothing secret can be in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LoggedRequest {
    /// `GET`, ...; `CONNECT` for a host that was refused.
    pub method: String,
    /// Host.
    pub host: String,
    /// Path without query.
    pub path: String,
    /// Status of the answer; 0 where the connection was reset instead.
    pub status: u16,
    /// Whether an ordered fault happened to it.
    pub faulty: bool,
    /// Whether it asked for something that the stand-in does not simulate.
    pub not_simulated: bool,
}

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<VecDeque<LoggedRequest>>);

impl RequestLog {
    /// The latest 10,000 requests, oldest first.
    pub fn entries(&self) -> Vec<LoggedRequest> {
        self.lock().iter().cloned().collect()
    }

    /// Forgets all requests.
    pub fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn push(&self, request: LoggedRequest) {
        let mut log = self.lock();
        if log.len() == LENGTH {
            log.pop_front();
        }
        log.push_back(request);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<LoggedRequest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_latest_are_remembered() {
        let log = RequestLog::default();
        for number in 0..=LENGTH {
            let method = number.to_string();
            log.push(LoggedRequest { method, host: String::new(), path: String::new(), status: 200, faulty: false, not_simulated: false });
        }
        let entries = log.entries();
        assert_eq!((entries.len(), entries[0].method.as_str()), (LENGTH, "1"));
    }
}
