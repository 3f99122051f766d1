// SPDX-License-Identifier: MIT OR Apache-2.0
//! Time as the loop counts it: nanoseconds and milliseconds since the loop was made; and the date,
//! which jumps. A deadline is rounded up and the present is rounded down, so nothing fires early.

/// Nanoseconds since the loop was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Nanos(pub u64);

/// Milliseconds since the loop was made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Millis(pub u64);

/// A date: milliseconds since 1970-01-01 00:00 UTC by the wall clock, which people set.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Hash)]
pub struct Wall(pub u64);

/// Nanoseconds in a millisecond.
pub const NANOS_PER_MILLI: u64 = 1_000_000;

impl Nanos {
    /// The present in whole milliseconds, rounded down.
    pub fn floor(self) -> Millis {
        Millis(self.0 / NANOS_PER_MILLI)
    }

    /// The deadline `delay` milliseconds from this moment, rounded up.
    pub fn after(self, delay: u64) -> Millis {
        Millis(self.0.div_ceil(NANOS_PER_MILLI).saturating_add(delay))
    }
}

impl Millis {
    /// This time plus `delay` milliseconds.
    pub fn plus(self, delay: u64) -> Millis {
        Millis(self.0.saturating_add(delay))
    }
}

/// A source of time; the real one is in `sys`, a virtual one in `reactor::sim`.
pub trait Clock {
    /// Nanoseconds since this clock was made; never goes back.
    fn now(&self) -> Nanos;

    /// The date, rounded down; it goes back where the wall clock is set back.
    fn wall(&self) -> Wall;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_rounds_up_and_the_present_rounds_down() {
        assert_eq!(Nanos(1_999_999).floor(), Millis(1));
        assert_eq!(Nanos(1_000_001).after(0), Millis(2));
        assert_eq!(Nanos(1_000_000).after(5), Millis(6));
        assert_eq!(Nanos(7).after(u64::MAX), Millis(u64::MAX));
    }
}
