// SPDX-License-Identifier: MIT OR Apache-2.0
//! select(2). Is not: the selector, which is `reactor::select`. INVARIANT: no number is put into a
//! set that has no bit for it.

use super::fault::{self, Call};
use std::io;
use std::time::Duration;

/// Descriptors of this number and above have no bit in a set.
#[allow(clippy::unnecessary_cast, reason = "its type is not the same everywhere")]
pub const SIZE: usize = libc::FD_SETSIZE as usize;

/// A wait above 24 days ends after 24 days; systems refuse times of more than some years.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// A set of descriptors, by their numbers.
#[derive(Clone, Copy)]
pub struct Set(libc::fd_set);

impl Set {
    /// The empty set.
    pub fn new() -> Set {
        let mut set = std::mem::MaybeUninit::uninit();
        // SAFETY: FD_ZERO writes the whole set, so it is initialised after it.
        Set(unsafe {
            libc::FD_ZERO(set.as_mut_ptr());
            set.assume_init()
        })
    }

    /// Takes a number in; nothing happens to one without a bit.
    pub fn insert(&mut self, number: usize) {
        if number < SIZE {
            // SAFETY: the number has a bit in the set.
            unsafe { libc::FD_SET(number as libc::c_int, &mut self.0) }
        }
    }

    /// Takes a number out.
    pub fn remove(&mut self, number: usize) {
        if number < SIZE {
            // SAFETY: the number has a bit in the set.
            unsafe { libc::FD_CLR(number as libc::c_int, &mut self.0) }
        }
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: usize) -> bool {
        // SAFETY: the number has a bit in the set.
        number < SIZE && unsafe { libc::FD_ISSET(number as libc::c_int, &self.0) }
    }
}

impl Default for Set {
    fn default() -> Set {
        Set::new()
    }
}

impl std::fmt::Debug for Set {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries((0..SIZE).filter(|number| self.contains(*number))).finish()
    }
}

/// Leaves in the sets what is ready, and says how many bits that are; looks at numbers below
/// `below`. Without a timeout it waits without end. After an error the sets are not to be used.
pub fn wait(
    below: usize,
    read: &mut Set,
    write: &mut Set,
    timeout: Option<Duration>,
) -> io::Result<usize> {
    let mut time = timeout.map(|timeout| timeval(timeout.min(LONGEST)));
    let time = time.as_mut().map_or(std::ptr::null_mut(), std::ptr::from_mut);
    let below = below.min(SIZE) as libc::c_int;
    // SAFETY: the sets and the time, or null in its place, are exclusively borrowed for the call,
    // and `below` is not above the size of a set.
    let ready =
        || unsafe { libc::select(below, &mut read.0, &mut write.0, std::ptr::null_mut(), time) };
    super::check(fault::call(Call::Select, ready)).map(|n| n as usize)
}

/// The time, rounded up.
fn timeval(time: Duration) -> libc::timeval {
    let micros = time.as_nanos().div_ceil(1_000);
    libc::timeval { tv_sec: (micros / 1_000_000) as _, tv_usec: (micros % 1_000_000) as _ }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_it_has_a_bit_for() {
        let mut set = Set::new();
        for number in [0, 1, SIZE - 1, SIZE, usize::MAX] {
            set.insert(number);
        }
        assert_eq!(format!("{set:?}"), format!("{{0, 1, {}}}", SIZE - 1));
        set.remove(1);
        set.remove(SIZE);
        assert!(set.contains(0) && !set.contains(1) && !set.contains(SIZE));
    }

    #[test]
    #[allow(clippy::useless_conversion, reason = "their types are not the same everywhere")]
    fn a_time_rounds_up_to_microseconds() {
        let parts = |nanos| {
            let time = timeval(Duration::from_nanos(nanos));
            (i64::from(time.tv_sec), i64::from(time.tv_usec))
        };
        assert_eq!((parts(0), parts(1), parts(1_000)), ((0, 0), (0, 1), (0, 1)));
        assert_eq!((parts(999_999_001), parts(1_000_001_000)), ((1, 0), (1, 1)));
    }
}
