// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a child by pidfd_open(2). Is not: a way to reap or to signal it. INVARIANT: the
//! descriptor is close-on-exec.

use super::Pid;
use crate::sys::fault::{self, Call};
use crate::sys::{Fd, check};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// A descriptor that is readable once a child has ended.
#[derive(Debug)]
pub struct End(OwnedFd);

impl End {
    /// That of this child. ENOSYS where the system has no such thing, ESRCH where somebody else has
    /// reaped it.
    pub fn of(pid: Pid) -> io::Result<End> {
        // SAFETY: pidfd_open takes integers; what it gives is close-on-exec.
        let open = || unsafe { libc::syscall(libc::SYS_pidfd_open, pid.0, 0) as libc::c_int };
        let fd = check(fault::call(Call::PidfdOpen, open))?;
        // SAFETY: the call succeeded, so `fd` is open and nobody else's.
        Ok(End(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The descriptor to watch.
    pub fn name(&self) -> Fd {
        Fd::of(&self.0)
    }
}
