// SPDX-License-Identifier: MIT OR Apache-2.0
//! poll(2). Is not: the selector, which is `reactor::poll`.

use super::Fd;
use super::fault::{self, Call};
use std::io;

/// One entry of the set that poll(2) looks at.
pub type Record = libc::pollfd;

/// An entry that asks for `events`.
pub fn record(fd: Fd, events: i16) -> Record {
    Record { fd: fd.raw(), events, revents: 0 }
}

/// Fills in what is ready and says how many entries have something; -1 ms waits without end.
pub fn wait(set: &mut [Record], timeout_ms: i32) -> io::Result<usize> {
    // SAFETY: the pointer and the count are those of one exclusively borrowed slice.
    let ready = || unsafe { libc::poll(set.as_mut_ptr(), set.len() as libc::nfds_t, timeout_ms) };
    super::check(fault::call(Call::Poll, ready)).map(|n| n as usize)
}

/// Whether this number is an open descriptor: an error (EBADF) if not.
pub fn is_open(fd: Fd) -> io::Result<()> {
    // SAFETY: F_GETFD takes no pointer and changes nothing.
    super::check(unsafe { libc::fcntl(fd.raw(), libc::F_GETFD) }).map(drop)
}
