// SPDX-License-Identifier: MIT OR Apache-2.0
//! Readiness behind one small trait; its rules are docs/CONTRACT.md. Is not: reading, writing,
//! timers. INVARIANT: nothing above this module knows which backend runs.

#![forbid(unsafe_code)]

#[cfg(target_os = "linux")]
mod epoll;
#[cfg(kqueue)]
mod kqueue;
mod poll;
mod select;
pub mod sim;

use crate::base::Status;
use crate::sys::Fd;
use std::ffi::{CStr, OsStr};
use std::io;
use std::ops::BitOr;
use std::time::Duration;

/// The environment variable that names the backend where the program does not.
pub const VARIABLE: &str = "WEBCORE_BACKEND";

/// The owner's word for a watched descriptor; it comes back bit for bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Token(pub u64);

/// What to watch a descriptor for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Interest(u8);

impl Interest {
    /// Nothing: the descriptor is not watched, and may be closed.
    pub const NONE: Interest = Interest(0);
    /// Input, the end of the input, or a listener's connection.
    pub const READ: Interest = Interest(1);
    /// Room for output.
    pub const WRITE: Interest = Interest(2);
    /// Errors, and the end of both directions; READ and WRITE include it. The end of the input
    /// alone is not told: a paused reader would hear of it in every turn.
    pub const TROUBLE: Interest = Interest(4);
    /// Tell each arrival once, where the backend can (`Backend::edge`); alone it is no interest.
    pub const EDGE: Interest = Interest(8);
    /// Tell one event and then nothing, not even trouble, until `update` is called again, for which
    /// this interest is still the old one; alone it is no interest.
    pub const ONCE: Interest = Interest(16);

    /// Whether all of `other` is in this.
    pub const fn contains(self, other: Interest) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing is watched for.
    pub const fn is_none(self) -> bool {
        self.0 & !(Interest::EDGE.0 | Interest::ONCE.0) == 0
    }
}

impl BitOr for Interest {
    type Output = Interest;
    fn bitor(self, other: Interest) -> Interest {
        Interest(self.0 | other.0)
    }
}

impl std::fmt::Debug for Interest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = [(1, "READ"), (2, "WRITE"), (4, "TROUBLE"), (8, "EDGE"), (16, "ONCE")];
        let held: Vec<&str> =
            names.iter().filter(|(bit, _)| self.0 & bit != 0).map(|(_, name)| *name).collect();
        f.write_str(if held.is_empty() { "NONE" } else { "" })?;
        f.write_str(&held.join("|"))
    }
}

/// What a watched descriptor is ready for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// The owner's word.
    pub token: Token,
    flags: u8,
}

impl Event {
    const READABLE: u8 = 1;
    const WRITABLE: u8 = 2;
    const HANGUP: u8 = 4;
    const ERROR: u8 = 8;
    /// An end or an error is shown as readiness too: the next read or write tells what it is.
    const ENDED: u8 = Event::READABLE | Event::WRITABLE | Event::HANGUP;
    const BROKEN: u8 = Event::ENDED | Event::ERROR;

    /// A read will not wait.
    #[inline]
    pub fn readable(self) -> bool {
        self.flags & Event::READABLE != 0
    }

    /// A write will not wait.
    #[inline]
    pub fn writable(self) -> bool {
        self.flags & Event::WRITABLE != 0
    }

    /// The peer has ended its output, or both directions are down.
    #[inline]
    pub fn hangup(self) -> bool {
        self.flags & Event::HANGUP != 0
    }

    /// An error is pending, or the descriptor was closed while watched.
    #[inline]
    pub fn error(self) -> bool {
        self.flags & Event::ERROR != 0
    }
}

/// What tells readiness. The rules are in docs/CONTRACT.md; each is a test.
pub trait Selector {
    /// Watches for `new` what was watched for `old`, and from now on reports it as `token`. `old`
    /// must be what the last call for this descriptor said, or NONE; a descriptor is closed after
    /// NONE only.
    fn update(&mut self, fd: Fd, token: Token, old: Interest, new: Interest) -> io::Result<()>;

    /// Replaces what is in `out` by what is ready, waiting for it as long as `timeout` (without:
    /// for ever). Nothing ready in time, or a signal: `out` is empty.
    fn wait(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()>;

    /// Tells the kernel now what `update` has kept for the next `wait`; for a caller that waits
    /// elsewhere, on `descriptor`.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// What becomes readable when a `wait` would tell something; `Fd::NONE` where the kernel has no
    /// such thing.
    fn descriptor(&self) -> Fd {
        Fd::NONE
    }
}

/// What a backend can do that others cannot; a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features(u32);

impl Features {
    /// Nothing beyond the contract.
    pub const NONE: Features = Features(0);
    /// `Interest::EDGE` has an effect.
    pub const EDGE: Features = Features(1);
    /// Hang-ups and errors are told as such; without it they show as readiness alone.
    pub const HANGUP: Features = Features(2);
    /// `Selector::descriptor` is one.
    pub const DESCRIPTOR: Features = Features(4);

    /// Both sets.
    pub const fn with(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }

    /// Whether all of `other` is in this.
    pub const fn contains(self, other: Features) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits.
    pub const fn bits(self) -> u32 {
        self.0
    }
}

/// A kernel facility that this machine has.
#[derive(Debug)]
pub struct Backend {
    /// Its name at run time.
    pub name: &'static str,
    /// The name as C reads it.
    pub c_name: &'static CStr,
    /// What it can do.
    pub features: Features,
    /// Descriptors of this number and above cannot be held.
    pub most: u64,
    /// A selector that watches nothing. It belongs to the process that opened it: after fork(2) the
    /// child opens its own.
    pub open: fn() -> io::Result<Box<dyn Selector>>,
}

impl Backend {
    /// Whether `Interest::EDGE` has an effect.
    pub const fn edge(&self) -> bool {
        self.features.contains(Features::EDGE)
    }
}

/// What one can do whose interests the kernel keeps.
#[cfg(any(target_os = "linux", kqueue))]
const KEPT: Features = Features::EDGE.with(Features::HANGUP).with(Features::DESCRIPTOR);

/// Every backend of this machine, the preferred one first.
pub static BACKENDS: &[Backend] = &[
    #[cfg(target_os = "linux")]
    Backend { name: "epoll", c_name: c"epoll", features: KEPT, most: u64::MAX, open: epoll::open },
    #[cfg(kqueue)]
    Backend {
        name: "kqueue",
        c_name: c"kqueue",
        features: KEPT,
        most: u64::MAX,
        open: kqueue::open,
    },
    Backend {
        name: "poll",
        c_name: c"poll",
        features: Features::HANGUP,
        most: u64::MAX,
        open: poll::open,
    },
    Backend {
        name: "select",
        c_name: c"select",
        features: Features::NONE,
        most: crate::sys::select::SIZE as u64,
        open: select::open,
    },
];

/// As a name: the preferred backend, whatever it is.
pub const AUTO: &str = "auto";

/// The backend of exactly this name, or the preferred one for `AUTO`; without a name the one that
/// the environment variable `WEBCORE_BACKEND` names; without that the preferred one.
pub fn choose(name: Option<&str>) -> Result<&'static Backend, Status> {
    choose_from(name, std::env::var_os(VARIABLE).as_deref())
}

fn choose_from(name: Option<&str>, variable: Option<&OsStr>) -> Result<&'static Backend, Status> {
    let asked = name.map(OsStr::new).or(variable.filter(|value| !value.is_empty()));
    let fits = |backend: &&Backend| {
        asked.is_none_or(|asked| asked == backend.name || asked == OsStr::new(AUTO))
    };
    BACKENDS.iter().find(fits).ok_or(Status::BACKEND)
}

/// The timeout for calls that count milliseconds: rounded up, -1 for none. A wait above 24 days
/// ends after 24 days without an event.
pub fn millis(timeout: Option<Duration>) -> i32 {
    let Some(timeout) = timeout else { return -1 };
    i32::try_from(timeout.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_wins_over_the_variable_and_the_variable_over_the_preference() {
        let name = |name, variable: Option<&str>| {
            choose_from(name, variable.map(OsStr::new)).map(|backend| backend.name)
        };
        let preferred = BACKENDS[0].name;
        assert_eq!(name(Some("poll"), Some(preferred)), Ok("poll"));
        assert_eq!(name(None, Some("poll")), Ok("poll"));
        assert_eq!(name(None, Some("")), Ok(preferred));
        assert_eq!(name(None, None), Ok(preferred));
        assert_eq!(name(None, Some("auto")), Ok(preferred));
        assert_eq!(name(Some("auto"), Some("poll")), Ok(preferred));
        for unknown in ["", "Poll", "poll ", "iocp"] {
            assert_eq!(name(Some(unknown), None), Err(Status::BACKEND));
        }
        assert_eq!(name(None, Some("iocp")), Err(Status::BACKEND));
    }

    #[test]
    fn a_timeout_rounds_up() {
        let ns = |n| millis(Some(Duration::from_nanos(n)));
        assert_eq!((ns(0), ns(1), ns(1_000_000), ns(1_000_001)), (0, 1, 1, 2));
        assert_eq!((millis(None), millis(Some(Duration::MAX))), (-1, i32::MAX));
    }

    #[test]
    fn edge_alone_is_no_interest() {
        assert!(Interest::NONE.is_none() && (Interest::EDGE | Interest::ONCE).is_none());
        assert!(!(Interest::TROUBLE | Interest::EDGE).is_none());
        let both = Interest::READ | Interest::WRITE;
        assert!(both.contains(Interest::READ) && !Interest::READ.contains(both));
        assert_eq!(format!("{both:?} {:?}", Interest::NONE), "READ|WRITE NONE");
    }

    #[test]
    fn an_event_is_two_words() {
        assert_eq!(size_of::<Event>(), 16);
    }
}
