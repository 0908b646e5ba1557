//! What stands where: the little that compile time knows of the schema.

/// A place of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Stages,
    Stage,
    Jobs,
    Job,
    Steps,
    Variables,
    /// Below `strategy` of a deployment job, where steps are further down.
    Strategy,
    /// Anywhere else.
    Any,
}

impl At {
    /// What is at a key of a mapping here.
    pub(super) fn child(self, key: &str) -> Self {
        match (self, key) {
            (Self::Stage, "jobs") => Self::Jobs,
            (Self::Stage | Self::Job, "variables") => Self::Variables,
            (Self::Job | Self::Strategy, "steps") => Self::Steps,
            (Self::Job, "strategy") | (Self::Strategy, _) => Self::Strategy,
            _ => Self::Any,
        }
    }

    /// What is at a key of a file's root.
    pub(super) fn root(key: &str) -> Self {
        match key {
            "stages" => Self::Stages,
            "jobs" => Self::Jobs,
            "steps" => Self::Steps,
            "variables" => Self::Variables,
            _ => Self::Any,
        }
    }

    /// What an entry of a list here is.
    pub(super) fn item(self) -> Self {
        match self {
            Self::Stages => Self::Stage,
            Self::Jobs => Self::Job,
            _ => Self::Any,
        }
    }

    /// The key of a template whose list may stand here.
    pub(super) fn template_key(self) -> Option<&'static str> {
        match self {
            Self::Stages => Some("stages"),
            Self::Jobs => Some("jobs"),
            Self::Steps => Some("steps"),
            Self::Variables => Some("variables"),
            _ => None,
        }
    }

    /// Whether it has variables of its own.
    pub(super) fn is_scope(self) -> bool {
        matches!(self, Self::Stage | Self::Job)
    }
}
