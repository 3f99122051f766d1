// SPDX-License-Identifier: MIT OR Apache-2.0
//! A descriptor that becomes readable at a date, and when the wall clock is set. Is not: a timer of
//! the loop, or the decision what is due. Linux has such a thing (timerfd(2)); elsewhere none is
//! made, and the owner looks at the clock.

#[cfg(target_os = "linux")]
use super::fault::{self, Call};
use crate::base::time::Wall;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A timerfd(2) by CLOCK_REALTIME; non-blocking, close-on-exec.
#[derive(Debug)]
pub struct Alarm(OwnedFd);

#[cfg(target_os = "linux")]
impl Alarm {
    /// One that is set to no date.
    pub fn new() -> io::Result<Alarm> {
        use std::os::fd::FromRawFd;
        let flags = libc::TFD_CLOEXEC | libc::TFD_NONBLOCK;
        // SAFETY: timerfd_create takes no pointer.
        let made = || unsafe { libc::timerfd_create(libc::CLOCK_REALTIME, flags) };
        let fd = super::check(fault::call(Call::TimerfdCreate, made))?;
        // SAFETY: the call succeeded, so `fd` is open and nobody else's.
        Ok(Alarm(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// Sets it to another date, or to none. A date in the past makes it readable at once. It is
    /// quiet until then. Answers whether the clock was set since it was last read: that is told
    /// here (ECANCELED, though the date holds) and not by the descriptor any more.
    pub fn set(&self, at: Option<Wall>) -> io::Result<bool> {
        use std::os::fd::AsRawFd;
        // All zero would disarm it; a date at or before the first second of 1970 is past anyway.
        let date = at.map_or(0, |at| at.0.max(1));
        let value = libc::timespec {
            tv_sec: libc::time_t::try_from(date / 1000).unwrap_or(libc::time_t::MAX),
            tv_nsec: (date % 1000) as libc::c_long * 1_000_000,
        };
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let date = libc::itimerspec { it_interval: zero, it_value: value };
        let flags = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
        // SAFETY: `date` is valid for the call, and no old value is asked for.
        let set = || unsafe {
            libc::timerfd_settime(self.0.as_raw_fd(), flags, &date, std::ptr::null_mut())
        };
        match super::check(fault::call(Call::TimerfdSettime, set)) {
            Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => Ok(true),
            done => done.map(|_| false),
        }
    }

    /// Makes it quiet. Whether its date came or the clock was set (ECANCELED) is not told apart:
    /// its owner looks at the clock either way.
    pub fn clear(&self) {
        use std::os::fd::AsRawFd;
        let mut times = [0u8; 8];
        // SAFETY: the pointer and the length are those of one exclusively borrowed array.
        let _ = fault::transfer(Call::Read, self.0.as_fd(), times.len(), |len| unsafe {
            libc::read(self.0.as_raw_fd(), times.as_mut_ptr().cast(), len)
        });
    }
}

#[cfg(not(target_os = "linux"))]
impl Alarm {
    /// There is none.
    pub fn new() -> io::Result<Alarm> {
        Err(io::Error::from_raw_os_error(libc::ENOSYS))
    }

    /// For one that is never made.
    pub fn set(&self, _at: Option<Wall>) -> io::Result<bool> {
        Ok(false)
    }

    /// For one that is never made.
    pub fn clear(&self) {}
}

impl AsFd for Alarm {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::base::time::Clock;
    use crate::sys::{Fd, clock::Monotonic, poll};

    fn rings(alarm: &Alarm, timeout_ms: i32) -> bool {
        let mut set = [poll::record(Fd::of(&alarm.as_fd()), libc::POLLIN)];
        poll::wait(&mut set, timeout_ms).unwrap() == 1
    }

    #[test]
    fn it_rings_at_its_date_and_not_before() {
        let (alarm, clock) = (Alarm::new().unwrap(), Monotonic::new());
        assert!(!rings(&alarm, 0), "it is set to no date");
        let date = Wall(clock.wall().0 + 20);
        alarm.set(Some(date)).unwrap();
        assert!(rings(&alarm, 60_000));
        assert!(clock.wall() >= date);
        alarm.clear();
        assert!(!rings(&alarm, 0));
    }

    #[test]
    fn a_date_in_the_past_rings_at_once_and_none_not_at_all() {
        let alarm = Alarm::new().unwrap();
        for past in [Wall(0), Wall(1), Wall(1_000_000)] {
            alarm.set(Some(past)).unwrap();
            assert!(rings(&alarm, 60_000));
            alarm.set(None).unwrap();
            assert!(!rings(&alarm, 0));
        }
        alarm.set(Some(Wall(u64::MAX))).unwrap();
        assert!(!rings(&alarm, 0), "as far as the system can count");
    }
}
