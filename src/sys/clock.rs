// SPDX-License-Identifier: MIT OR Apache-2.0
//! The two clocks: one that never goes back, one that tells the date. Is not: timers.

use crate::base::time::{Clock, Nanos, Wall};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nanoseconds since it was made, by CLOCK_MONOTONIC: what `ticks` was then.
#[derive(Clone, Copy, Debug)]
pub struct Monotonic(u64);

impl Monotonic {
    /// A clock that starts at zero now.
    #[allow(clippy::new_without_default, reason = "two of them are never equal")]
    pub fn new() -> Monotonic {
        Monotonic(ticks())
    }
}

impl Clock for Monotonic {
    fn now(&self) -> Nanos {
        Nanos(ticks() - self.0)
    }

    fn wall(&self) -> Wall {
        Wall(since_1970().as_millis().try_into().unwrap_or(u64::MAX))
    }
}

/// The time since 1970-01-01 00:00 UTC; none where the machine's date lies before it.
fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Nanoseconds from some moment on, the same one for all loops and threads.
#[inline]
pub fn ticks() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for the call, which cannot fail for a clock that every system has.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Seconds since 1970-01-01 00:00 UTC; 0 where the machine's date lies before it.
pub fn unix_seconds() -> u64 {
    since_1970().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_at_zero_and_never_goes_back() {
        let clock = Monotonic::new();
        let mut last = clock.now();
        assert!(last.0 < 60_000_000_000);
        for _ in 0..1000 {
            let now = clock.now();
            assert!(now >= last);
            last = now;
        }
    }

    #[test]
    fn the_date_is_after_this_was_written() {
        assert!(unix_seconds() > 1_700_000_000);
        assert!(Monotonic::new().wall().0 / 1000 >= unix_seconds() - 1);
    }
}
