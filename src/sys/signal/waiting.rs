// SPDX-License-Identifier: MIT OR Apache-2.0
//! A descriptor that is readable while a signal waits outside because the thread that looks blocks
//! it. Is not: a way to take the signal; that is `let_in`. A signal that waits for a moment only,
//! on its way to a handler, may show as well.

use super::{Number, check};
use crate::sys::Fd;
use crate::sys::fault::{self, Call};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// See signalfd(2); elsewhere a kqueue(2) of its own, with EVFILT_SIGNAL.
#[derive(Debug)]
pub struct Waiting {
    fd: OwnedFd,
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    numbers: Vec<Number>,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
impl Waiting {
    /// One that tells of no signal; close-on-exec, non-blocking.
    pub fn new() -> io::Result<Waiting> {
        // SAFETY: the call succeeded, so the descriptor is open and nobody else's.
        Ok(Waiting { fd: unsafe { OwnedFd::from_raw_fd(signalfd(-1, &[])?) } })
    }

    /// Tells of these from now on, and of no others.
    pub fn set(&mut self, numbers: &[Number]) -> io::Result<()> {
        signalfd(self.fd.as_raw_fd(), numbers).map(drop)
    }

    /// Forgets what it told: it is readable again if a signal waits or comes.
    pub fn clear(&mut self) {}
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn signalfd(fd: i32, numbers: &[Number]) -> io::Result<i32> {
    let set = super::of(numbers);
    // SAFETY: the set is whole and stands during the call.
    let call = || unsafe { libc::signalfd(fd, &set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    check(fault::call(Call::Signalfd, call))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
impl Waiting {
    /// One that tells of no signal; close-on-exec.
    pub fn new() -> io::Result<Waiting> {
        // SAFETY: kqueue takes no argument.
        let fd = check(fault::call(Call::Kqueue, || unsafe { libc::kqueue() }))?;
        // SAFETY: the call succeeded, so the descriptor is open and nobody else's.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: this command takes an integer only.
        check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_SETFD, libc::FD_CLOEXEC) })?;
        Ok(Waiting { fd, numbers: Vec::new() })
    }

    /// Tells of these from now on, and of no others.
    pub fn set(&mut self, numbers: &[Number]) -> io::Result<()> {
        for number in numbers.iter().filter(|number| !self.numbers.contains(number)) {
            self.change(*number, true)?;
        }
        for number in self.numbers.iter().filter(|number| !numbers.contains(number)) {
            self.change(*number, false)?;
        }
        self.numbers = numbers.to_vec();
        Ok(())
    }

    fn change(&self, number: Number, told: bool) -> io::Result<()> {
        // SAFETY: kevent is integers and a pointer that may be null: all zero is a value of it.
        let mut change: libc::kevent = unsafe { std::mem::zeroed() };
        change.ident = number.raw() as _;
        change.filter = libc::EVFILT_SIGNAL as _;
        change.flags = if told { libc::EV_ADD | libc::EV_CLEAR } else { libc::EV_DELETE };
        self.kevent(&[change], &mut []).map(drop)
    }

    /// Forgets what it told: it is readable again when a signal comes.
    pub fn clear(&mut self) {
        // SAFETY: as in `change`.
        let mut told: [libc::kevent; 16] = unsafe { std::mem::zeroed() };
        while self.kevent(&[], &mut told).is_ok_and(|count| count == told.len()) {}
    }

    fn kevent(&self, changes: &[libc::kevent], told: &mut [libc::kevent]) -> io::Result<usize> {
        let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: pointers and counts are those of two slices that stand during the call.
        let call = || unsafe {
            libc::kevent(
                self.fd.as_raw_fd(),
                changes.as_ptr(),
                changes.len() as _,
                told.as_mut_ptr(),
                told.len() as _,
                &now,
            )
        };
        check(fault::call(Call::Kevent, call)).map(|count| count as usize)
    }
}

impl Waiting {
    /// The descriptor to watch.
    pub fn name(&self) -> Fd {
        Fd::of(&self.fd)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Masked, catch, let_in, restore, tests::raise};
    use super::*;
    use crate::sys::poll;

    extern "C" fn ignore(_: libc::c_int) {}

    #[test]
    fn it_is_readable_while_a_signal_waits_outside() {
        let number = Number::of(libc::SIGURG).unwrap();
        let before = catch(number, ignore).unwrap();
        let _masked = Masked::all();
        let mut waiting = Waiting::new().unwrap();
        let readable = |waiting: &Waiting| {
            let mut set = [poll::record(waiting.name(), libc::POLLIN)];
            poll::wait(&mut set, 0).unwrap() == 1
        };
        waiting.set(&[number]).unwrap();
        assert!(!readable(&waiting));
        raise(number);
        assert!(readable(&waiting));
        waiting.clear();
        let_in(&[number]);
        assert!(!readable(&waiting));
        waiting.set(&[]).unwrap();
        raise(number);
        assert!(!readable(&waiting));
        let_in(&[number]);
        restore(number, &before);
    }
}
