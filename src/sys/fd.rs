// SPDX-License-Identifier: MIT OR Apache-2.0
//! A descriptor by its name, and one that is owned. Is not: what can be done with it. INVARIANT:
//! above `reactor` nobody knows how wide a descriptor is, or that it is a number.

use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, RawFd};

pub use std::os::fd::{AsFd, BorrowedFd as Borrowed, OwnedFd as Owned};

/// The name of a descriptor, which may be closed meanwhile: for tables, and for a selector.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Fd(RawFd);

impl Fd {
    /// No descriptor.
    pub const NONE: Fd = Fd(-1);

    /// The name of one that is open.
    #[inline]
    pub fn of(fd: &impl AsRawFd) -> Fd {
        Fd(fd.as_raw_fd())
    }

    /// The descriptor itself, to be closed in the end.
    ///
    /// # Safety
    /// It is open and nobody else's.
    pub unsafe fn own(self) -> Owned {
        // SAFETY: the caller's promise.
        unsafe { Owned::from_raw_fd(self.0) }
    }

    /// Leaves a descriptor open to whoever knows its name.
    pub fn leave(fd: Owned) -> Fd {
        Fd(fd.into_raw_fd())
    }

    /// The system's own name.
    #[inline]
    pub fn raw(self) -> RawFd {
        self.0
    }
}

/// The same open file under the lowest number that is free, if that is lower than its own.
pub fn lowest(fd: Owned) -> Owned {
    match fd.try_clone() {
        Ok(lower) if lower.as_raw_fd() < fd.as_raw_fd() => lower,
        _ => fd,
    }
}

impl Default for Fd {
    fn default() -> Fd {
        Fd::NONE
    }
}

impl From<RawFd> for Fd {
    fn from(number: RawFd) -> Fd {
        Fd(number)
    }
}
