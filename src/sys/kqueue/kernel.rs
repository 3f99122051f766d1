// SPDX-License-Identifier: MIT OR Apache-2.0
//! The calls themselves, on systems that have them. Is not: an interpretation of what they report.
//! INVARIANT: the descriptor is close-on-exec.

use crate::sys::{Fd, check};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

pub use libc::{
    EV_ADD, EV_CLEAR, EV_DELETE, EV_EOF, EV_ERROR, EV_ONESHOT, EVFILT_PROC, EVFILT_READ,
    EVFILT_SIGNAL, EVFILT_TIMER, EVFILT_WRITE, NOTE_EXIT, kevent,
};

/// The kernel's queue.
#[derive(Debug)]
pub struct Queue(OwnedFd);

impl Queue {
    /// kqueue(2).
    pub fn new() -> io::Result<Queue> {
        // SAFETY: kqueue takes no argument.
        let fd = check(unsafe { libc::kqueue() })?;
        // SAFETY: the call succeeded, so `fd` is open and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: F_SETFD takes a number and changes a flag of this descriptor.
        check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
        Ok(Queue(fd))
    }

    /// Its own descriptor.
    pub fn name(&self) -> Fd {
        Fd::of(&self.0)
    }

    /// kevent(2): -1 with errno for an error.
    pub fn kevent(
        &mut self,
        changes: &[kevent],
        out: &mut [kevent],
        timeout: Option<Duration>,
    ) -> libc::c_int {
        let time = timeout.map(|timeout| libc::timespec {
            tv_sec: timeout.as_secs() as _,
            tv_nsec: timeout.subsec_nanos() as _,
        });
        let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        // NetBSD counts by size_t, the others by int.
        let (count, room) = (changes.len().min(COUNTED) as _, out.len().min(COUNTED) as _);
        // SAFETY: the pointers and counts are those of slices that are borrowed for the call, and
        // the time is null or lives as long.
        unsafe {
            let list = out.as_mut_ptr();
            libc::kevent(self.0.as_raw_fd(), changes.as_ptr(), count, list, room, time)
        }
    }
}

/// The longest list that every system can count.
const COUNTED: usize = libc::c_int::MAX as usize;
