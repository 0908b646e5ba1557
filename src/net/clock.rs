use time::OffsetDateTime;

/// The door for time: what asks for the time takes a clock, so that a test can stop it.
#[derive(Clone, Copy, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still.
    Fixed(OffsetDateTime),
}

impl Clock {
    /// The time now, in UTC.
    pub fn now(self) -> OffsetDateTime {
        match self {
            #[expect(clippy::disallowed_methods, reason = "this is the door for time")]
            Self::System => OffsetDateTime::now_utc(),
            Self::Fixed(at) => at,
        }
    }
}
