//! The runner's only door to the time of day.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The time now, in UTC.
#[expect(clippy::disallowed_methods, reason = "the door itself")]
pub(crate) fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// `time` as RFC 3339 in UTC with milliseconds, as the run store writes it.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    let time = time.to_offset(time::UtcOffset::UTC);
    // Cannot fail for years 0 to 9999.
    time.replace_millisecond(time.millisecond()).unwrap_or(time).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_in_utc() {
        assert_eq!(rfc3339(time::macros::datetime!(2026-11-24 15:00:01.5 +01:00)), "2026-11-24T14:00:01.5Z");
    }
}
