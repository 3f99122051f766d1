// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a child process: a descriptor that tells it, a look that takes nothing, the reaping,
//! and signals to it. Is not: starting one, which is `sys::spawn`. INVARIANT: only the child that
//! is named is waited for, and a number that is nobody's child any more is sent no signal.
//!
//! Tests have both kinds of descriptor on Linux, where the second has a stand-in below it.

#[cfg(kqueue)]
pub mod kqueue;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub mod pidfd;

use super::fault::{self, Call};
use super::{check, errno};
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub use kqueue::End;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use pidfd::End;
use std::io;

/// A child of this process, by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pid(pub(super) libc::pid_t);

impl Pid {
    /// The system's number.
    pub fn number(self) -> i32 {
        self.0
    }
}

/// The signal that asks a program to end.
pub const TERMINATE: i32 = libc::SIGTERM;
/// The signal that ends a program.
pub const KILL: i32 = libc::SIGKILL;
/// The error of a number that is no signal.
pub const NO_SIGNAL: i32 = libc::EINVAL;
/// The error where there is nobody to signal.
pub const NOBODY: i32 = libc::ESRCH;

/// What a look at a child finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// It runs, or is stopped.
    Running,
    /// It has ended and waits to be reaped.
    Ended,
    /// Somebody else has reaped it: the program, or the system because SIGCHLD is ignored.
    Lost,
}

/// What a child has used of the machine, with those of its own children that it waited for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// CPU time in its own code, in µs.
    pub user_us: u64,
    /// CPU time in the system, in µs.
    pub system_us: u64,
    /// The largest resident memory of one of them, in bytes.
    pub max_rss_bytes: u64,
}

/// How a child ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// What it gave to exit(3); -1 if a signal ended it.
    pub code: i32,
    /// The signal that ended it; 0 if it exited.
    pub signal: i32,
    /// What it has used.
    pub usage: Usage,
}

/// Looks whether a child has ended, and leaves it to be reaped: until then its number, and that of
/// its group, are nobody else's.
pub fn look(pid: Pid) -> Found {
    // SAFETY: siginfo_t is integers and pointers that are not followed: all zero is a value of it.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let how = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    loop {
        // SAFETY: `info` is valid for the call.
        let call = || unsafe { libc::waitid(libc::P_PID, pid.0 as libc::id_t, &mut info, how) };
        let result = fault::call(Call::Wait, call);
        if result < 0 && errno::get() == libc::EINTR {
            continue;
        }
        if result < 0 {
            return Found::Lost;
        }
        // SAFETY: waitid fills in the number of the child that it found, or leaves zero.
        let found = unsafe { info.si_pid() };
        return if found == 0 { Found::Running } else { Found::Ended };
    }
}

/// Takes the outcome of a child that has ended; none if it runs, or somebody else has taken it.
pub fn reap(pid: Pid) -> Option<Outcome> {
    wait(pid, libc::WNOHANG)
}

/// Waits for a child that is about to end, and reaps it.
pub(super) fn await_end(pid: Pid) -> Option<Outcome> {
    wait(pid, 0)
}

fn wait(pid: Pid, how: libc::c_int) -> Option<Outcome> {
    let mut status = 0;
    // SAFETY: rusage is integers: all zero is a value of it.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both places are valid for the call.
        let call = || unsafe { libc::wait4(pid.0, &mut status, how, &mut used) };
        let found = fault::call(Call::Wait, call);
        if found < 0 && errno::get() == libc::EINTR {
            continue;
        }
        if found <= 0 {
            return None;
        }
        let exited = libc::WIFEXITED(status);
        let code = if exited { libc::WEXITSTATUS(status) } else { -1 };
        let signal = if exited { 0 } else { libc::WTERMSIG(status) };
        return Some(Outcome { code, signal, usage: usage(&used) });
    }
}

fn usage(used: &libc::rusage) -> Usage {
    let micros = |time: libc::timeval| time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64;
    let unit = if cfg!(target_vendor = "apple") { 1 } else { 1 << 10 };
    Usage {
        user_us: micros(used.ru_utime),
        system_us: micros(used.ru_stime),
        max_rss_bytes: used.ru_maxrss as u64 * unit,
    }
}

/// Sends a signal to a child that was not reaped, or to its group: what runs of it. ESRCH where it
/// is nobody's child any more, EINVAL for a number that is no signal.
pub fn signal(pid: Pid, group: bool, number: i32) -> io::Result<()> {
    if look(pid) == Found::Lost {
        return Err(io::Error::from_raw_os_error(libc::ESRCH));
    }
    let whom = if group { -pid.0 } else { pid.0 };
    // SAFETY: kill takes integers.
    check(fault::call(Call::Kill, || unsafe { libc::kill(whom, number) })).map(drop)
}

#[cfg(test)]
mod tests;
