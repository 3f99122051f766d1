// SPDX-License-Identifier: MIT OR Apache-2.0
//! epoll(7). Is not: the selector, which is `reactor::epoll`.

use super::check;
use super::fault::{self, Call};
use super::fd::Fd;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// One report of epoll_wait(2).
pub type Record = libc::epoll_event;

/// An epoll instance, close-on-exec.
#[derive(Debug)]
pub struct Epoll(OwnedFd);

impl Epoll {
    /// An instance that watches nothing.
    pub fn new() -> io::Result<Epoll> {
        // SAFETY: epoll_create1 takes no pointer.
        let made = || unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        let fd = check(fault::call(Call::EpollCreate, made))?;
        // SAFETY: the call succeeded, so `fd` is open and nobody else's.
        Ok(Epoll(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Its own descriptor, readable while a wait would tell something.
    pub fn name(&self) -> Fd {
        Fd::of(&self.0)
    }

    /// Starts to watch.
    pub fn add(&self, fd: Fd, events: u32, word: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, fd, events, word)
    }

    /// Changes what is watched for.
    pub fn modify(&self, fd: Fd, events: u32, word: u64) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, fd, events, word)
    }

    /// Stops to watch.
    pub fn delete(&self, fd: Fd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, fd, 0, 0)
    }

    fn control(&self, what: i32, fd: Fd, events: u32, word: u64) -> io::Result<()> {
        let mut record = Record { events, u64: word };
        // SAFETY: `record` is valid for the call, and the kernel copies it; a number that is no
        // descriptor is refused with EBADF.
        let done = || unsafe { libc::epoll_ctl(self.0.as_raw_fd(), what, fd.raw(), &mut record) };
        check(fault::call(Call::EpollCtl, done)).map(drop)
    }

    /// Fills `out` from the front and says how many; -1 ms waits without end.
    pub fn wait(&self, out: &mut [Record], timeout_ms: i32) -> io::Result<usize> {
        let room = i32::try_from(out.len()).unwrap_or(i32::MAX);
        // SAFETY: the pointer and the count are those of one exclusively borrowed slice.
        let ready =
            || unsafe { libc::epoll_wait(self.0.as_raw_fd(), out.as_mut_ptr(), room, timeout_ms) };
        check(fault::call(Call::EpollWait, ready)).map(|n| n as usize)
    }
}
