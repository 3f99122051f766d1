// SPDX-License-Identifier: MIT OR Apache-2.0
//! The status catalogue: the only list of codes. Everything else (constants of the header, names,
//! texts, docs/ERRORS.md) is made from it. build.rs reads this very file, so it uses nothing else.
//!
//! Numbers are for ever: append, never renumber; a retired number stays as a comment.

use std::ffi::CStr;

/// An outcome: 0 is OK, positive is information, negative is an error in one of four blames.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Status(pub i32);

/// Who has to act on a status.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blame {
    /// Nobody: it went well, or it is information.
    Nobody,
    /// The caller: an argument, a handle, a moment was wrong.
    You,
    /// The operating system or the machine.
    World,
    /// The other end of a connection.
    Peer,
    /// The library itself.
    Us,
}

/// One line of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// The number that crosses the C border.
    pub code: i32,
    /// The name of its constant in C, for example `WC_E_GONE`.
    pub name: &'static str,
    /// One sentence for people.
    pub text: &'static str,
    /// The name as C reads it.
    pub c_name: &'static CStr,
    /// The sentence as C reads it.
    pub c_text: &'static CStr,
}

/// A C string from a literal that ends with its NUL.
const fn c_string(literal: &'static str) -> &'static CStr {
    match CStr::from_bytes_with_nul(literal.as_bytes()) {
        Ok(text) => text,
        Err(_) => panic!("a text of the catalogue holds a NUL"),
    }
}

macro_rules! entry {
    ($code:expr, $name:literal, $text:literal) => {
        Entry {
            code: $code,
            name: $name,
            text: $text,
            c_name: c_string(concat!($name, "\0")),
            c_text: c_string(concat!($text, "\0")),
        }
    };
}

/// Stands for every number that is not in the catalogue.
const UNKNOWN: Entry = entry!(i32::MIN, "WC_E_UNKNOWN", "No status has this number.");

macro_rules! catalogue {
    ($($rust:ident = $code:literal, $name:literal, $text:literal;)*) => {
        impl Status {
            $(#[doc = $text] pub const $rust: Status = Status($code);)*
        }
        /// Every status, in the order of the catalogue.
        pub const CATALOGUE: &[Entry] = &[$(entry!($code, $name, $text),)*];
    };
}

catalogue! {
    OK = 0, "WC_OK", "It was done.";
    FULL = 1, "WC_FULL", "Accepted, but the output queue is above its high water: exactly one on_drain follows.";
    NONE = 2, "WC_NONE", "Nothing to report: the time is up, or more input is needed.";
    STOPPED = 3, "WC_STOPPED", "wc_loop_stop was called: the loop hands out nothing more until it is asked again.";

    INVAL = -1, "WC_E_INVAL", "An argument is not acceptable: null, out of range, or contradicting another.";
    GONE = -2, "WC_E_GONE", "The object of this handle has ended.";
    BADHANDLE = -3, "WC_E_BADHANDLE", "This is no handle, or a handle of another kind of object.";
    STATE = -4, "WC_E_STATE", "The object is not in a state in which this can be done.";
    THREAD = -5, "WC_E_THREAD", "The loop belongs to another thread.";
    FORKED = -6, "WC_E_FORKED", "The loop was made before fork(2), by the parent process.";
    REENTRANT = -7, "WC_E_REENTRANT", "The loop is running already, further up on this very stack.";
    LIMIT = -8, "WC_E_LIMIT", "A named limit is reached; nothing was accepted.";
    VERSION = -9, "WC_E_VERSION", "The struct comes from another version: its size is unknown, or fields unknown here are set.";

    CANCELLED = -10, "WC_E_CANCELLED", "The program took it back before it was done.";

    OS = -50, "WC_E_OS", "The operating system refused; wc_loop_os_error has its number.";
    BACKEND = -51, "WC_E_BACKEND", "There is no such backend on this machine, or it cannot do it.";
    NOMEM = -52, "WC_E_NOMEM", "Out of memory.";
    NOFILES = -53, "WC_E_NOFILES", "Out of file descriptors, in this process or in the system.";
    ADDRESS = -54, "WC_E_ADDRESS", "The address is not one: it cannot be read, or is not of this machine.";
    INUSE = -55, "WC_E_INUSE", "The address is in use, or the descriptor is watched already.";
    ACCESS = -56, "WC_E_ACCESS", "The operating system denies the permission.";
    CONNECT = -57, "WC_E_CONNECT", "The connection could not be made: refused or unreachable.";
    FREED = -58, "WC_E_FREED", "The loop that owned the object was freed.";
    NOTFOUND = -59, "WC_E_NOTFOUND", "There is no file, program or host of that name.";
    AGAIN = -60, "WC_E_AGAIN", "The system has no room for it now, or a name server did not answer: another try may do better.";

    RESET = -80, "WC_E_RESET", "The peer reset the connection.";
    EOF = -81, "WC_E_EOF", "The peer ended its input in the middle of a message.";
    TOO_LONG = -82, "WC_E_TOO_LONG", "The peer sent a frame above the cap.";
    IDLE = -83, "WC_E_IDLE", "Nothing came from the peer for the idle time.";
    STALL = -84, "WC_E_STALL", "The peer took nothing of the queued output for the stall time.";
    HTTP = -85, "WC_E_HTTP", "The peer broke HTTP; the reason code says how.";
    TIMEOUT = -86, "WC_E_TIMEOUT", "A deadline passed.";
    PATH = -87, "WC_E_PATH", "The request target cannot be decoded to a path below the root.";

    PANIC = -99, "WC_E_PANIC", "A defect in the library; the loop is poisoned and can only be freed.";
}

impl Status {
    /// The catalogue's line for this status, if it is a known one.
    pub fn entry(self) -> Option<&'static Entry> {
        CATALOGUE.iter().find(|e| e.code == self.0)
    }

    /// The name of the constant, or `WC_E_UNKNOWN` for a number that is not in the catalogue.
    pub fn name(self) -> &'static str {
        self.line().name
    }

    /// One sentence for people.
    pub fn text(self) -> &'static str {
        self.line().text
    }

    /// The name as C reads it.
    pub fn c_name(self) -> &'static CStr {
        self.line().c_name
    }

    /// The sentence as C reads it.
    pub fn c_text(self) -> &'static CStr {
        self.line().c_text
    }

    fn line(self) -> &'static Entry {
        self.entry().unwrap_or(&UNKNOWN)
    }

    /// Who has to act.
    pub fn blame(self) -> Blame {
        match self.0 {
            0.. => Blame::Nobody,
            -49..=-1 => Blame::You,
            -79..=-50 => Blame::World,
            -98..=-80 => Blame::Peer,
            _ => Blame::Us,
        }
    }

    /// Whether it is an error.
    pub fn is_error(self) -> bool {
        self.0 < 0
    }
}

impl std::fmt::Debug for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
