use slipway_secret::{Secret, SecretSink};

use crate::Env;
use crate::env::environment_name;

/// A service connection that cannot be used: what was got, what is expected, and the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionProblem {
    /// What was got.
    pub got: String,
    /// What is expected.
    pub expected: String,
    /// The next step.
    pub hint: String,
}

/// Reads one connection from the environment. Names of parameters and data are compared ignoring case, since the agent
/// puts them in upper case.
pub(crate) struct Endpoint<'a> {
    env: &'a Env,
    key: String,
}

impl<'a> Endpoint<'a> {
    pub(crate) fn new(env: &'a Env, key: &str) -> Self {
        Self { env, key: key.to_owned() }
    }

    /// The connection's id, as the agent spells it.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether the agent handed it over.
    pub(crate) fn exists(&self) -> bool {
        self.url().is_some() || self.scheme().is_some()
    }

    pub(crate) fn url(&self) -> Option<&'a str> {
        self.env.filled(&format!("ENDPOINT_URL_{}", self.key))
    }

    pub(crate) fn scheme(&self) -> Option<&'a str> {
        self.env.filled(&format!("ENDPOINT_AUTH_SCHEME_{}", self.key))
    }

    /// An authentication parameter that is not secret.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'a str> {
        self.env.filled(&format!("ENDPOINT_AUTH_PARAMETER_{}_{}", self.key, environment_name(name)))
    }

    /// A secret authentication parameter.
    pub(crate) fn secret(&self, name: &str, sink: &dyn SecretSink) -> Option<Secret> {
        self.parameter(name).map(|value| Secret::new(value, sink))
    }

    pub(crate) fn data(&self, name: &str) -> Option<&'a str> {
        self.env.filled(&format!("ENDPOINT_DATA_{}_{}", self.key, environment_name(name)))
    }
}
