// SPDX-License-Identifier: MIT OR Apache-2.0
//! How often something took how long, in buckets that double. Is not: a clock.

/// Buckets of a histogram.
pub const BUCKETS: usize = 40;

/// Counts by duration: bucket i holds what took 2^i ns up to less than 2^(i+1), the first one also
/// what took nothing, the last one also all that took longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Histogram(pub [u64; BUCKETS]);

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram([0; BUCKETS])
    }
}

impl Histogram {
    /// Counts one more that took so many nanoseconds.
    pub fn record(&mut self, nanos: u64) {
        let bucket = (nanos | 1).ilog2() as usize;
        self.0[bucket.min(BUCKETS - 1)] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_took_less_than_twice_its_beginning() {
        let mut counts = Histogram::default();
        for nanos in [0, 1, 2, 3, 4, 1023, 1024, (1 << 39) - 1, 1 << 39, 1 << 40, u64::MAX] {
            counts.record(nanos);
        }
        let filled: Vec<(usize, u64)> =
            counts.0.into_iter().enumerate().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(0, 2), (1, 2), (2, 1), (9, 1), (10, 1), (38, 1), (39, 3)]);
    }
}
