//! A sink for the tests of this crate.

use std::sync::Mutex;

use slipway_secret::SecretSink;

/// Remembers what was registered.
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    pub(crate) fn values(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl SecretSink for Recorder {
    fn register(&self, value: &str) {
        if !value.is_empty() {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }
}
