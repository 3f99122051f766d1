// SPDX-License-Identifier: MIT OR Apache-2.0
//! What waits outside, by signalfd(2). Is not: a way to take it. INVARIANT: nothing is read from
//! the descriptor, which would take the signal.

use crate::sys::fault::{self, Call};
use crate::sys::signal::{self, Number};
use crate::sys::{Fd, check};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A descriptor that is readable while a signal waits outside.
#[derive(Debug)]
pub struct Waiting(OwnedFd);

impl Waiting {
    /// One that tells of no signal; close-on-exec, non-blocking.
    pub fn new() -> io::Result<Waiting> {
        // SAFETY: the call succeeded, so the descriptor is open and nobody else's.
        Ok(Waiting(unsafe { OwnedFd::from_raw_fd(signalfd(-1, &[])?) }))
    }

    /// Tells of these from now on, and of no others.
    pub fn set(&mut self, numbers: &[Number]) -> io::Result<()> {
        signalfd(self.0.as_raw_fd(), numbers).map(drop)
    }

    /// Forgets what it told: it is readable again if a signal waits or comes.
    pub fn clear(&mut self) {}

    /// The descriptor to watch.
    pub fn name(&self) -> Fd {
        Fd::of(&self.0)
    }
}

fn signalfd(fd: i32, numbers: &[Number]) -> io::Result<i32> {
    let set = signal::of(numbers);
    // SAFETY: the set is whole and stands during the call.
    let call = || unsafe { libc::signalfd(fd, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    check(fault::call(Call::Signalfd, call))
}
