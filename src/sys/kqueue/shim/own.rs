// SPDX-License-Identifier: MIT OR Apache-2.0
//! Filters on what is no descriptor: the end of a process, a signal, a timer. Each has a descriptor
//! that stands for it: of pidfd_open(2), signalfd(2) or timerfd_create(2). Is not: complete; of a
//! process only its end, and of timers only those that fire once. INVARIANT: nothing is read from
//! those descriptors, so that a signal is not taken.
//!
//! Known differences: a signal is told only while the thread that waits blocks it, because what a
//! handler has taken does not show; one that comes again while it waits is not told again, but
//! one that waits may be when any other comes to the process; each report counts one. The
//! status of a process that is no child, or was reaped before its end was taken, is 0. A process
//! that has ended is not found, as on macOS, NetBSD and OpenBSD; FreeBSD tells its end.

use super::state::State;
use super::{
    EV_ADD, EV_CLEAR, EV_DELETE, EV_ONESHOT, EVFILT_PROC, EVFILT_SIGNAL, EVFILT_TIMER, Key, Knote,
    NOTE_EXIT, Queue, kevent, number,
};
use crate::sys::{Fd, check, errno, poll};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// The result of a call that makes a descriptor.
fn made(result: libc::c_int) -> Result<OwnedFd, i32> {
    let fd = check(result).map_err(|error| number(&error))?;
    // SAFETY: the call succeeded, so `fd` is open and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// One that is readable once a process has ended.
fn process(pid: i32) -> Result<OwnedFd, i32> {
    // SAFETY: pidfd_open takes integers.
    let fd = made(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as libc::c_int)?;
    let ended = poll::wait(&mut [poll::record(Fd::of(&fd), libc::POLLIN)], 0);
    if ended.is_ok_and(|count| count == 0) { Ok(fd) } else { Err(libc::ESRCH) }
}

/// One that is readable while a signal waits outside.
fn signal(number: i32) -> Result<OwnedFd, i32> {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: sigemptyset fills the whole set; sigaddset refuses numbers that do not exist.
    let added = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), number)
    };
    if added < 0 {
        return Err(errno::get());
    }
    // SAFETY: the set was filled, and stands during the call.
    made(unsafe { libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) })
}

/// One that is readable some milliseconds from now.
fn timer(ms: isize) -> Result<OwnedFd, i32> {
    // SAFETY: timerfd_create takes no pointer.
    let fd = made(unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, libc::TFD_CLOEXEC) })?;
    let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let (ms, nanos) = (ms as libc::time_t, 1_000_000);
    let value = libc::timespec { tv_sec: ms / 1000, tv_nsec: ms % 1000 * nanos };
    let span = libc::itimerspec { it_interval: zero, it_value: value };
    // SAFETY: `span` is valid for the call, and no old value is asked for.
    let set = unsafe { libc::timerfd_settime(fd.as_raw_fd(), 0, &span, std::ptr::null_mut()) };
    check(set).map(|_| fd).map_err(|error| number(&error))
}

/// What a filter that is active reports.
pub fn state(filter: i16, own: &OwnedFd) -> State {
    match filter {
        EVFILT_PROC => State { amount: status(own), ended: true, error: NOTE_EXIT },
        _ => State { amount: 1, ended: false, error: 0 },
    }
}

/// How a child has ended, as wait(2) puts it.
fn status(own: &OwnedFd) -> isize {
    // SAFETY: siginfo_t is integers and pointers that are not followed: all zero is a value of it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    let id = own.as_raw_fd() as libc::id_t;
    // SAFETY: `info` is valid for the call, which leaves it as it is or fills it in for a child.
    let status = unsafe {
        if libc::waitid(libc::P_PIDFD, id, &mut info, how) < 0 {
            return 0;
        }
        info.si_status() as isize
    };
    match info.si_code {
        libc::CLD_EXITED => status << 8,
        libc::CLD_DUMPED => status | 0x80,
        _ => status,
    }
}

impl Queue {
    pub(super) fn change_own(&mut self, key: Key, change: &kevent) -> Result<(), i32> {
        match (change.flags & (EV_ADD | EV_DELETE), self.knotes.get_mut(&key)) {
            (EV_DELETE, Some(_)) => self.remove(key),
            // Nothing has happened by this, and its flags stay what they were.
            (EV_ADD, Some(knote)) => knote.udata = change.udata.addr(),
            (EV_ADD, None) => self.insert_own(key, change)?,
            _ => return Err(libc::ENOENT),
        }
        Ok(())
    }

    fn insert_own(&mut self, key: Key, change: &kevent) -> Result<(), i32> {
        let once = change.flags & EV_ONESHOT != 0;
        // The end of a process is told once, and the rest by edges, whatever was asked for.
        let (own, flags) = match change.filter {
            EVFILT_PROC if change.fflags == NOTE_EXIT => (process(key.0)?, EV_CLEAR | EV_ONESHOT),
            EVFILT_SIGNAL => (signal(key.0)?, EV_CLEAR),
            EVFILT_TIMER if once && change.data > 0 => (timer(change.data)?, EV_CLEAR),
            _ => return Err(libc::EINVAL),
        };
        let flags = flags | change.flags & EV_ONESHOT;
        self.last_id += 1;
        let (id, events) = (self.last_id, (libc::EPOLLIN | libc::EPOLLET) as u32);
        self.inputs.add(Fd::of(&own), events, id).map_err(|error| number(&error))?;
        if change.filter == EVFILT_SIGNAL {
            // A signal that waits already is not told; its edge is nobody's yet.
            self.activate_what_happened().map_err(|error| number(&error))?;
        }
        let udata = change.udata.addr();
        let (active, watched, inode, own) = (false, true, 0, Some(own));
        self.knotes.insert(key, Knote { id, flags, udata, active, watched, inode, own });
        self.keys.insert(id, key);
        Ok(())
    }
}
