use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, OffsetDateTime};

/// The stand-in's clock: the machine's, off by a number of seconds. With it, tokens expire without waiting, and a machine
/// whose clock is wrong can be had. Certificates are not affected.
#[derive(Clone, Debug, Default)]
pub struct AzureClock {
    skew: Arc<AtomicI64>,
}

impl AzureClock {
    /// The time in the local Azure.
    pub fn now(&self) -> OffsetDateTime {
        slipway_net::Clock::System.now() + Duration::seconds(self.skew())
    }

    /// By how many seconds it is ahead of the machine's (behind, if negative).
    pub fn skew(&self) -> i64 {
        self.skew.load(Ordering::Relaxed)
    }

    /// Sets it ahead of the machine's by `seconds`, at most 100 years either way.
    pub fn set_skew(&self, seconds: i64) {
        const CENTURY: i64 = 100 * 365 * 24 * 3600;
        self.skew.store(seconds.clamp(-CENTURY, CENTURY), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skew_moves_the_time_for_all_copies() {
        let clock = AzureClock::default();
        let copy = clock.clone();
        let before = copy.now();
        clock.set_skew(3600);
        assert!(copy.now() - before >= Duration::seconds(3600));
    }
}
