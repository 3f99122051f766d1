// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of faults that a test has set, one for the process. Is not: in a library without the
//! feature `test-hooks`. INVARIANT: a rule is written before it is counted in, and never changed
//! while it counts.

use super::Call;
use crate::base::Status;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};

/// Rules that a table holds.
const ROOM: usize = 256;

/// What a call does instead of what it was asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It fails with this errno, and does nothing.
    Error(i32),
    /// It moves so many bytes at the most.
    Short(usize),
}

/// From the call of number `from` on (they are counted from 0), up to that of number `until`.
#[derive(Default)]
struct Rule {
    call: AtomicUsize,
    from: AtomicU32,
    until: AtomicU32,
    /// 0: it is a short transfer.
    os_error: AtomicI32,
    short_to: AtomicUsize,
}

struct Table {
    rules: [Rule; ROOM],
    /// How many of them count.
    len: AtomicUsize,
    asked: [AtomicU32; Call::ALL.len()],
    hits: [AtomicU32; Call::ALL.len()],
}

static TABLE: Table = Table::new();

impl Table {
    const fn new() -> Table {
        Table {
            rules: [const {
                Rule {
                    call: AtomicUsize::new(0),
                    from: AtomicU32::new(0),
                    until: AtomicU32::new(0),
                    os_error: AtomicI32::new(0),
                    short_to: AtomicUsize::new(0),
                }
            }; ROOM],
            len: AtomicUsize::new(0),
            asked: [const { AtomicU32::new(0) }; Call::ALL.len()],
            hits: [const { AtomicU32::new(0) }; Call::ALL.len()],
        }
    }

    fn set(&self, call: Call, after: u32, times: u32, fault: Fault) -> Result<(), Status> {
        let at = self.len.load(Ordering::Relaxed);
        let rule = self.rules.get(at).ok_or(Status::LIMIT)?;
        let from = self.asked[call as usize].load(Ordering::Relaxed).saturating_add(after);
        let (os_error, short_to) = match fault {
            Fault::Error(os_error) if os_error > 0 => (os_error, 0),
            Fault::Short(most) if most > 0 && call.transfers() => (0, most),
            Fault::Error(_) | Fault::Short(_) => return Err(Status::INVAL),
        };
        rule.call.store(call as usize, Ordering::Relaxed);
        rule.from.store(from, Ordering::Relaxed);
        rule.until.store(from.saturating_add(times), Ordering::Relaxed);
        rule.os_error.store(os_error, Ordering::Relaxed);
        rule.short_to.store(short_to, Ordering::Relaxed);
        self.len.store(at + 1, Ordering::Release);
        Ok(())
    }

    fn ask(&self, call: Call) -> Option<Fault> {
        let number = self.asked[call as usize].fetch_add(1, Ordering::Relaxed);
        let fits = |rule: &&Rule| {
            rule.call.load(Ordering::Relaxed) == call as usize
                && rule.from.load(Ordering::Relaxed) <= number
                && number < rule.until.load(Ordering::Relaxed)
        };
        let rule = self.rules[..self.len.load(Ordering::Acquire)].iter().find(fits)?;
        self.hits[call as usize].fetch_add(1, Ordering::Relaxed);
        Some(match rule.os_error.load(Ordering::Relaxed) {
            0 => Fault::Short(rule.short_to.load(Ordering::Relaxed)),
            os_error => Fault::Error(os_error),
        })
    }

    fn clear(&self) {
        self.len.store(0, Ordering::Release);
        for count in self.asked.iter().chain(&self.hits) {
            count.store(0, Ordering::Relaxed);
        }
    }
}

/// What becomes of this call; counts it.
pub(super) fn ask(call: Call) -> Option<Fault> {
    TABLE.ask(call)
}

/// Lets `after` more of these calls through, then has the next `times` fail. Of two rules for one
/// call the earlier one counts. INVAL for errno 0, for no bytes, and for fewer bytes of a call that
/// moves none; LIMIT when the table is full.
pub fn set(call: Call, after: u32, times: u32, fault: Fault) -> Result<(), Status> {
    TABLE.set(call, after, times, fault)
}

/// Forgets all rules and counts.
pub fn clear() {
    TABLE.clear();
}

/// How often this call was made, or was to be made, since `clear`.
pub fn asked(call: Call) -> u32 {
    TABLE.asked[call as usize].load(Ordering::Relaxed)
}

/// How many of these met a fault.
pub fn hits(call: Call) -> u32 {
    TABLE.hits[call as usize].load(Ordering::Relaxed)
}

/// A transfer that stops short says that the kernel has no more, and a kernel that has more by then
/// tells it. To one that watches for edges nothing new has come; so it is made to look again.
pub(super) fn tell_again(call: Call, fd: BorrowedFd<'_>) {
    let set = |option: i32, value: i32| {
        let (place, len) = ((&raw const value).cast(), size_of_val(&value) as libc::socklen_t);
        // SAFETY: `place` is valid for `len` bytes, and the kernel copies it; what is no socket
        // refuses.
        unsafe { libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, option, place, len) };
    };
    match call {
        Call::Recv => set(libc::SO_RCVLOWAT, 1),
        // The first wakes who waits where there is room. Where there is none a look has the kernel
        // do so later; the second is for room that came just before that look.
        Call::Send => {
            set(libc::SO_SNDBUF, 1 << 17);
            let mut look = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
            // SAFETY: `look` is one record, borrowed for the call, which does not wait.
            unsafe { libc::poll(&mut look, 1, 0) };
            set(libc::SO_SNDBUF, 1 << 17);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_lets_calls_through_strikes_so_often_and_is_counted() {
        let table = Table::new();
        assert_eq!(table.ask(Call::Recv), None, "before any rule");
        table.set(Call::Recv, 2, 2, Fault::Error(libc::EINTR)).unwrap();
        let said: Vec<_> = (0..6).map(|_| table.ask(Call::Recv)).collect();
        let struck = Some(Fault::Error(libc::EINTR));
        assert_eq!(said, [None, None, struck, struck, None, None]);
        assert_eq!(table.ask(Call::Send), None, "another call");
        assert_eq!(table.asked[Call::Recv as usize].load(Ordering::Relaxed), 7);
        assert_eq!(table.hits[Call::Recv as usize].load(Ordering::Relaxed), 2);
    }

    #[test]
    fn rules_for_one_call_follow_each_other_and_the_earlier_one_counts() {
        let table = Table::new();
        table.set(Call::Send, 0, 1, Fault::Short(3)).unwrap();
        table.set(Call::Send, 0, 2, Fault::Error(libc::EAGAIN)).unwrap();
        let said: Vec<_> = (0..3).map(|_| table.ask(Call::Send)).collect();
        assert_eq!(said, [Some(Fault::Short(3)), Some(Fault::Error(libc::EAGAIN)), None]);
    }

    #[test]
    fn what_is_no_fault_and_one_rule_too_many_are_refused_and_clear_forgets() {
        let table = Table::new();
        assert_eq!(table.set(Call::Bind, 0, 1, Fault::Error(0)), Err(Status::INVAL));
        assert_eq!(table.set(Call::Bind, 0, 1, Fault::Short(1)), Err(Status::INVAL));
        assert_eq!(table.set(Call::Recv, 0, 1, Fault::Short(0)), Err(Status::INVAL));
        for _ in 0..ROOM {
            table.set(Call::Bind, 0, u32::MAX, Fault::Error(1)).unwrap();
        }
        assert_eq!(table.set(Call::Bind, 0, 1, Fault::Error(1)), Err(Status::LIMIT));
        assert_eq!(table.ask(Call::Bind), Some(Fault::Error(1)));
        table.clear();
        assert_eq!(table.ask(Call::Bind), None);
        assert_eq!(table.set(Call::Bind, 0, 1, Fault::Error(1)), Ok(()));
    }
}
