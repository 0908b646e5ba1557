use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// Whatever masks secret values in the output of this process.
///
/// Implementations register the value in every form in which it could be printed (each line, base64, URL-escaped,
/// JSON-escaped) before they return.
pub trait SecretSink: Send + Sync {
    /// Registers `value`, so that it is masked from now on. An empty value is ignored.
    fn register(&self, value: &str);
}

/// A secret value: cannot be displayed or serialised, prints as `***` in debug output, and is wiped from memory when
/// the last copy is dropped.
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Registers `value` with `sink`, then wraps it. The only way to make a secret.
    pub fn new(value: impl Into<String>, sink: &dyn SecretSink) -> Self {
        let value = Zeroizing::new(value.into());
        sink.register(&value);
        Self(Arc::new(value))
    }

    /// The value in clear, for the one place that has to send or store it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether the value is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Recorder(Mutex<Vec<String>>);

    impl SecretSink for Recorder {
        fn register(&self, value: &str) {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    #[test]
    fn a_secret_is_registered_before_it_exists_and_never_prints() {
        let sink = Recorder::default();
        let secret = Secret::new("hunter2", &sink);
        assert_eq!(*sink.0.lock().unwrap(), ["hunter2"]);
        assert_eq!(format!("{secret:?}"), "***");
        assert_eq!(secret.expose(), "hunter2");
    }
}
