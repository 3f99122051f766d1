// SPDX-License-Identifier: MIT OR Apache-2.0
//! kqueue(2) and kevent(2). Is not: the selector, which is `reactor::kqueue`. INVARIANT: a record
//! is the system's own struct, so lists of them go to the system as they are.
//!
//! Linux has no kqueue: a build with `test-hooks` takes the calls from `shim`, which does what the
//! kernels of BSD do.

#[cfg(not(target_os = "linux"))]
mod kernel;
#[cfg(target_os = "linux")]
mod shim;

use super::fault::{self, Call};
use super::{Fd, check};
#[cfg(not(target_os = "linux"))]
use kernel as system;
#[cfg(target_os = "linux")]
use shim as system;
use std::io;
use std::time::Duration;

/// A wait above 24 days ends after 24 days; systems refuse times of more than some years.
const LONGEST: Duration = Duration::from_millis(i32::MAX as u64);

/// What a kqueue watches of a descriptor, each for itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Filter {
    /// Input, its end, or a listener's connection.
    Read,
    /// Room for output.
    Write,
}

/// How a filter tells: a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Mode {
    /// Each arrival once (EV_CLEAR).
    pub edge: bool,
    /// One event, with which the filter is gone (EV_ONESHOT).
    pub once: bool,
}

/// One change of what is watched, or one report: `struct kevent`.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Record(system::kevent);

impl Record {
    /// Nothing; a place for a report.
    pub fn blank() -> Record {
        // SAFETY: it consists of integers and a pointer that nobody follows; zero is valid for all.
        Record(unsafe { std::mem::zeroed() })
    }

    /// The change that starts to watch, or runs an existing filter anew with its old mode.
    pub fn add(fd: Fd, filter: Filter, mode: Mode) -> Record {
        let mut record = Record::of(fd, filter);
        record.0.flags = system::EV_ADD;
        if mode.edge {
            record.0.flags |= system::EV_CLEAR;
        }
        if mode.once {
            record.0.flags |= system::EV_ONESHOT;
        }
        record
    }

    /// The change that stops to watch. An error of it says that this was done already.
    pub fn delete(fd: Fd, filter: Filter) -> Record {
        let mut record = Record::of(fd, filter);
        record.0.flags = system::EV_DELETE;
        // A report of an error has the flags of the error only, but the word of the change.
        record.0.udata = std::ptr::without_provenance_mut(1);
        record
    }

    /// The change that has the end of a process told, once. ESRCH where there is none of this
    /// number, and on most systems where it has ended.
    pub fn exit(pid: i32) -> Record {
        let mut record = Record::blank();
        record.0.ident = pid as _;
        record.0.filter = system::EVFILT_PROC;
        record.0.flags = system::EV_ADD | system::EV_ONESHOT;
        record.0.fflags = system::NOTE_EXIT;
        record
    }

    /// The change that has each delivery of a signal to this process told from now on.
    pub fn signal(number: i32) -> Record {
        let mut record = Record::blank();
        record.0.ident = number as _;
        record.0.filter = system::EVFILT_SIGNAL;
        record.0.flags = system::EV_ADD | system::EV_CLEAR;
        record
    }

    /// The change after which the deliveries of a signal are told no more.
    pub fn no_signal(number: i32) -> Record {
        let mut record = Record::signal(number);
        record.0.flags = system::EV_DELETE;
        record
    }

    /// The change that tells something in a moment, once: in a millisecond, because there are
    /// systems on which a timer of none never fires.
    pub fn moment() -> Record {
        let mut record = Record::blank();
        record.0.filter = system::EVFILT_TIMER;
        record.0.flags = system::EV_ADD | system::EV_ONESHOT;
        record.0.data = 1;
        record
    }

    /// Whether it is about a signal.
    pub fn is_signal(&self) -> bool {
        self.0.filter == system::EVFILT_SIGNAL
    }

    fn of(fd: Fd, filter: Filter) -> Record {
        let mut record = Record::blank();
        record.0.ident = fd.raw() as _;
        record.0.filter = match filter {
            Filter::Read => system::EVFILT_READ,
            Filter::Write => system::EVFILT_WRITE,
        };
        record
    }

    /// The descriptor it is about.
    pub fn fd(&self) -> Fd {
        Fd::from(self.0.ident as i32)
    }

    /// The filter it is about.
    pub fn filter(&self) -> Filter {
        if self.0.filter == system::EVFILT_READ { Filter::Read } else { Filter::Write }
    }

    /// Whether the change is, or this reports on, a `delete`.
    pub fn is_delete(&self) -> bool {
        !self.0.udata.is_null()
    }

    /// The error of a change that could not be made.
    pub fn refusal(&self) -> Option<i32> {
        (self.0.flags & system::EV_ERROR != 0).then_some(self.0.data as i32)
    }

    /// Whether there will be nothing more in this direction. What was received before is still to
    /// be read.
    pub fn ended(&self) -> bool {
        self.0.flags & system::EV_EOF != 0
    }

    /// The error of a socket that has ended; 0 if it ended in order.
    pub fn error(&self) -> i32 {
        if self.ended() { self.0.fflags as i32 } else { 0 }
    }

    /// How many bytes or connections there are to take, or how much room there is.
    pub fn amount(&self) -> i64 {
        self.0.data as i64
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let error = self.refusal().unwrap_or(self.error());
        write!(f, "{:?} of {}: {}", self.filter(), self.fd().raw(), self.amount())?;
        write!(f, ", ended {}, error {error}", self.ended())
    }
}

/// A kqueue. It is not inherited by fork(2): the child has nothing under its number, or something
/// else.
#[derive(Debug)]
pub struct Kqueue(system::Queue);

impl Kqueue {
    /// One that watches nothing, close-on-exec.
    pub fn new() -> io::Result<Kqueue> {
        check(fault::call(Call::Kqueue, || 0))?;
        system::Queue::new().map(Kqueue)
    }

    /// Its own descriptor, readable while a wait would tell something.
    pub fn name(&self) -> Fd {
        self.0.name()
    }

    /// Makes the changes, in their order, then waits and fills `out` from the front. Without a
    /// timeout it waits without end.
    ///
    /// A change that is refused is reported in `out`, and then nothing else is, and the rest of the
    /// changes is made; where `out` is full, or has no room from the start, the first refusal is
    /// the error of the call, and the rest is not made.
    pub fn control(
        &mut self,
        changes: &[Record],
        out: &mut [Record],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        // SAFETY: a Record is a kevent in all but name, so a slice of them is one of kevents.
        let (changes, out) = unsafe {
            (
                std::slice::from_raw_parts(changes.as_ptr().cast(), changes.len()),
                std::slice::from_raw_parts_mut(out.as_mut_ptr().cast(), out.len()),
            )
        };
        let timeout = timeout.map(|timeout| timeout.min(LONGEST));
        let count = || self.0.kevent(changes, out, timeout);
        check(fault::call(Call::Kevent, count)).map(|n| n as usize)
    }
}
