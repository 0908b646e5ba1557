use std::time::Duration;

use http::{HeaderMap, StatusCode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::FailureKind;

/// When a request is sent again. Definitive failures are not: a wrong name or a wrong certificate does not get better.
#[derive(Clone, Debug)]
pub struct RetryPolicy {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// Attempts in all where no connection came about.
    pub connect_attempts: u32,
    /// Wait before the second attempt; doubles from then on.
    pub first_delay: Duration,
    /// Longest wait of our own. (A server may ask for a longer one.)
    pub max_delay: Duration,
    /// No attempt begins later than this after the first one began.
    pub deadline: Duration,
    /// Further statuses that are passing states of the service at hand.
    pub more_statuses: &'static [u16],
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 8,
            connect_attempts: 3,
            first_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(30),
            deadline: Duration::from_secs(120),
            more_statuses: &[],
        }
    }
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug)]
pub enum Finding<'a> {
    /// A response.
    Status(StatusCode, &'a HeaderMap),
    /// No response.
    Failure(FailureKind),
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing: this is the result.
    Final,
    /// Wait, then send again.
    Retry(Duration),
}

impl RetryPolicy {
    /// Decides what follows an attempt.
    ///
    /// `attempt` counts from 1; `elapsed` is the time since the first attempt began; `jitter` is a number from 0 to 1 that
    /// spreads callers who failed at the same moment: it scales our own delay between half and the whole, and is added to a
    /// wait that the server asked for as up to a tenth.
    pub fn decide(
        &self,
        finding: Finding<'_>,
        replayable: bool,
        attempt: u32,
        elapsed: Duration,
        now: OffsetDateTime,
        jitter: f64,
    ) -> Decision {
        let (transient, limit, asked) = match finding {
            Finding::Status(status, headers) => {
                let transient = match status.as_u16() {
                    // refused before it was worked on
                    429 => true,
                    408 | 500 | 502 | 503 | 504 => replayable,
                    status => replayable && self.more_statuses.contains(&status),
                };
                (transient, self.attempts, retry_after(headers, now))
            }
            Finding::Failure(kind) if kind.is_before_sending() => (kind.is_transient(), self.connect_attempts, None),
            Finding::Failure(kind) => (kind.is_transient() && replayable, self.attempts, None),
        };
        if !transient || attempt >= limit {
            return Decision::Final;
        }
        let own = self.first_delay.saturating_mul(1 << (attempt - 1).min(16)).min(self.max_delay).mul_f64(0.5 + jitter / 2.0);
        let wait = match asked {
            Some(asked) => asked.saturating_add(asked.mul_f64(jitter / 10.0)).max(own),
            None => own,
        };
        // A wait that would end after the deadline is not begun: the result is known now.
        if elapsed.saturating_add(wait) > self.deadline { Decision::Final } else { Decision::Retry(wait) }
    }
}

/// How long the server asks to wait: `retry-after-ms` and `x-ms-retry-after-ms` in milliseconds, `Retry-After` in seconds
/// or as a date.
pub fn retry_after(headers: &HeaderMap, now: OffsetDateTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if let Some(milliseconds) = ["retry-after-ms", "x-ms-retry-after-ms"].iter().find_map(|name| text(name)?.parse().ok()) {
        return Some(Duration::from_millis(milliseconds));
    }
    let value = text("retry-after")?;
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = OffsetDateTime::parse(&value.replace("GMT", "+0000"), &Rfc2822).ok()?;
    Some(Duration::try_from(until - now).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))).collect()
    }

    fn decide(finding: Finding<'_>, replayable: bool, attempt: u32) -> Decision {
        RetryPolicy::default().decide(finding, replayable, attempt, Duration::ZERO, NOW, 1.0)
    }

    #[test]
    fn statuses_that_get_better_are_retried_if_the_request_may_be_sent_twice() {
        let none = HeaderMap::new();
        for (status, replayable, retried) in [
            (429, true, true),
            (429, false, true),
            (408, true, true),
            (500, true, true),
            (502, true, true),
            (503, true, true),
            (504, true, true),
            (503, false, false),
            (200, true, false),
            (400, true, false),
            (401, true, false),
            (403, true, false),
            (404, true, false),
            (409, true, false),
            (501, true, false),
        ] {
            let decision = decide(Finding::Status(StatusCode::from_u16(status).unwrap(), &none), replayable, 1);
            assert_eq!(matches!(decision, Decision::Retry(_)), retried, "{status} {replayable}");
        }
    }

    #[test]
    fn failures_that_do_not_get_better_are_final() {
        for (kind, replayable, retried) in [
            (FailureKind::NameNotFound, true, false),
            (FailureKind::NameLookup, true, true),
            (FailureKind::Refused, false, true),
            (FailureKind::ConnectTimeout, true, true),
            (FailureKind::UnknownIssuer, true, false),
            (FailureKind::Certificate, true, false),
            (FailureKind::ProxyAuthentication, true, false),
            (FailureKind::ProxyRefused(502), true, false),
            (FailureKind::ProxyRefused(503), true, true),
            (FailureKind::Interrupted, true, true),
            (FailureKind::Interrupted, false, false),
            (FailureKind::ReadTimeout, true, true),
            (FailureKind::TooLarge, true, false),
        ] {
            assert_eq!(matches!(decide(Finding::Failure(kind), replayable, 1), Decision::Retry(_)), retried, "{kind:?} {replayable}");
        }
    }

    #[test]
    fn waits_double_and_are_bounded_and_spread() {
        let none = HeaderMap::new();
        let policy = RetryPolicy { attempts: 20, ..RetryPolicy::default() };
        let wait =
            |attempt, jitter| policy.decide(Finding::Status(StatusCode::BAD_GATEWAY, &none), true, attempt, Duration::ZERO, NOW, jitter);
        assert_eq!(wait(1, 1.0), Decision::Retry(Duration::from_millis(500)));
        assert_eq!(wait(1, 0.0), Decision::Retry(Duration::from_millis(250)));
        assert_eq!(wait(3, 1.0), Decision::Retry(Duration::from_secs(2)));
        assert_eq!(wait(19, 1.0), Decision::Retry(Duration::from_secs(30)));
        assert_eq!(wait(20, 1.0), Decision::Final);
    }

    #[test]
    fn what_the_server_asks_is_waited_for_unless_it_ends_after_the_deadline() {
        let asked = headers(&[("retry-after", "20")]);
        let policy = RetryPolicy::default();
        let after = |elapsed| {
            policy.decide(Finding::Status(StatusCode::TOO_MANY_REQUESTS, &asked), true, 1, Duration::from_secs(elapsed), NOW, 0.0)
        };
        assert_eq!(after(0), Decision::Retry(Duration::from_secs(20)));
        assert_eq!(after(100), Decision::Retry(Duration::from_secs(20)));
        assert_eq!(after(101), Decision::Final);
    }

    #[test]
    fn a_wait_beyond_all_reason_is_not_waited_for() {
        for value in ["18446744073709551615", "9999999999999"] {
            let mut asked = HeaderMap::new();
            asked.insert("retry-after", http::HeaderValue::from_static(value));
            assert_eq!(decide(Finding::Status(StatusCode::TOO_MANY_REQUESTS, &asked), true, 1), Decision::Final, "{value}");
        }
    }

    #[test]
    fn the_ways_to_ask_for_a_wait() {
        for (pairs, expected) in [
            (&[("retry-after", "3")][..], Some(Duration::from_secs(3))),
            (&[("retry-after", "Thu, 01 Jan 1970 00:00:10 GMT")], Some(Duration::from_secs(10))),
            (&[("retry-after", "Wed, 31 Dec 1969 23:59:50 GMT")], Some(Duration::ZERO)),
            (&[("retry-after-ms", "250"), ("retry-after", "9")], Some(Duration::from_millis(250))),
            (&[("x-ms-retry-after-ms", "40")], Some(Duration::from_millis(40))),
            (&[("retry-after", "soon")], None),
            (&[], None),
        ] {
            assert_eq!(retry_after(&headers(pairs), NOW), expected, "{pairs:?}");
        }
    }
}
