//! The limits of the service (facts/pipeline-yaml.md 2.5).

/// Files that a pipeline may be made of.
pub(super) const MAX_FILES: usize = 100;
/// How deep templates may include each other.
pub(super) const MAX_NESTING: usize = 100;
/// Memory for everything that is read and made, counted as .NET needs it.
pub(super) const MAX_MEMORY: usize = 20 * 1024 * 1024;
/// Values and nodes that may be made. The service has such a limit, how high is not known; this one is runner.server's.
const MAX_EVENTS: usize = 1_000_000;

/// What a .NET object takes, and a text besides its UTF-16 units.
const OBJECT: usize = 24;
const TEXT: usize = 26;

/// What has been used.
#[derive(Debug, Default)]
pub(super) struct Usage {
    memory: usize,
    events: usize,
}

impl Usage {
    /// Notes a node with a text; the limit that is passed, as a sentence.
    pub(super) fn node(&mut self, text: &str) -> Option<String> {
        self.memory += OBJECT + if text.is_empty() { 0 } else { TEXT + 2 * text.len() };
        if self.memory > MAX_MEMORY {
            return Some(format!("the pipeline needs more than {} MB of memory while its templates are expanded", MAX_MEMORY >> 20));
        }
        self.value()
    }

    /// Notes a value, which is not kept.
    pub(super) fn value(&mut self) -> Option<String> {
        self.events += 1;
        (self.events > MAX_EVENTS).then(|| format!("more than {MAX_EVENTS} values are computed while the templates are expanded"))
    }
}
