// SPDX-License-Identifier: MIT OR Apache-2.0
//! A descriptor that becomes readable when rung, from any thread or signal handler. Is not: a
//! queue. INVARIANT: after a `ring` it is readable until the next `clear`, however often it was
//! rung.

use super::errno::{self, Saved};
use super::fault::{self, Call};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// An eventfd on Linux, a pipe elsewhere; non-blocking, close-on-exec.
#[derive(Debug)]
pub struct Wake {
    read: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    write: OwnedFd,
}

impl Wake {
    /// A quiet one.
    #[cfg(target_os = "linux")]
    pub fn new() -> io::Result<Wake> {
        // SAFETY: eventfd takes no pointer.
        let made = || unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        let fd = super::check(fault::call(Call::Eventfd, made))?;
        // SAFETY: the call succeeded, so `fd` is open and nobody else's.
        Ok(Wake { read: unsafe { OwnedFd::from_raw_fd(fd) } })
    }

    /// A quiet one.
    #[cfg(not(target_os = "linux"))]
    pub fn new() -> io::Result<Wake> {
        let mut ends = [-1; 2];
        // SAFETY: `ends` has room for the two descriptors.
        super::check(fault::call(Call::Pipe, || unsafe { libc::pipe(ends.as_mut_ptr()) }))?;
        // SAFETY: the call succeeded, so both are open and nobody else's.
        let (read, write) =
            unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) };
        super::socket::set_nonblocking_cloexec(read.as_fd())?;
        super::socket::set_nonblocking_cloexec(write.as_fd())?;
        Ok(Wake { read, write })
    }

    fn ringing_end(&self) -> BorrowedFd<'_> {
        #[cfg(target_os = "linux")]
        return self.read.as_fd();
        #[cfg(not(target_os = "linux"))]
        return self.write.as_fd();
    }

    /// Makes it readable. Async-signal-safe, never blocks, keeps errno. That it is full already is
    /// as good as success, and it cannot fail otherwise.
    pub fn ring(&self) {
        let _saved = Saved::new();
        let one = 1u64.to_ne_bytes();
        let fd = self.ringing_end();
        loop {
            // SAFETY: `one` is valid for its length, and the descriptor is open while self lives.
            let sent = fault::transfer(Call::Write, fd, one.len(), |len| unsafe {
                libc::write(fd.as_raw_fd(), one.as_ptr().cast(), len)
            });
            if sent >= 0 || errno::get() != libc::EINTR {
                return;
            }
        }
    }

    /// Makes it quiet.
    pub fn clear(&self) {
        let mut sink = [0u8; 512];
        let fd = self.read.as_fd();
        loop {
            // SAFETY: `sink` is valid for its length, and the descriptor is open while self lives.
            let got = fault::transfer(Call::Read, fd, sink.len(), |len| unsafe {
                libc::read(fd.as_raw_fd(), sink.as_mut_ptr().cast(), len)
            });
            // One read empties an eventfd; a pipe is empty only after a read that was not filled.
            if got < sink.len() as isize && (got >= 0 || errno::get() != libc::EINTR) {
                return;
            }
        }
    }
}

impl AsFd for Wake {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Fd, poll};

    fn readable(wake: &Wake) -> bool {
        let mut set = [poll::record(Fd::of(&wake.as_fd()), libc::POLLIN)];
        poll::wait(&mut set, 0).unwrap() == 1
    }

    #[test]
    fn it_is_readable_from_the_first_ring_to_the_clear() {
        let wake = Wake::new().unwrap();
        assert!(!readable(&wake));
        for _ in 0..100_000 {
            wake.ring();
        }
        assert!(readable(&wake));
        wake.clear();
        assert!(!readable(&wake));
        wake.clear();
        wake.ring();
        assert!(readable(&wake));
    }

    #[test]
    fn ringing_keeps_errno() {
        let wake = Wake::new().unwrap();
        let before = errno::get();
        wake.ring();
        assert_eq!(errno::get(), before);
    }
}
