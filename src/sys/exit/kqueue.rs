// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a child by a kqueue(2) of its own, with EVFILT_PROC. Is not: a way to reap or to
//! signal it, or proof: the kernel tells an end shortly before there is something to reap.

use super::Pid;
use crate::sys::Fd;
use crate::sys::kqueue::{Kqueue, Record};
use std::io;
use std::time::Duration;

/// A descriptor that is readable once a child has ended.
#[derive(Debug)]
pub struct End(Kqueue);

impl End {
    /// That of this child, or of one that somebody else has reaped.
    ///
    /// FreeBSD tells of a child that has ended before; macOS, NetBSD and OpenBSD do not find it any
    /// more. There a timer makes the descriptor readable, so that it is looked at.
    pub fn of(pid: Pid) -> io::Result<End> {
        let mut queue = Kqueue::new()?;
        let mut ask = |change| queue.control(&[change], &mut [], Some(Duration::ZERO));
        match ask(Record::exit(pid.0)) {
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => ask(Record::moment())?,
            result => result?,
        };
        Ok(End(queue))
    }

    /// The descriptor to watch.
    pub fn name(&self) -> Fd {
        self.0.name()
    }
}
