// SPDX-License-Identifier: MIT OR Apache-2.0
//! One event, as `wc_loop_next` hands it out and as callbacks get it. Is not: what an event leads
//! to.
#![allow(non_camel_case_types)]

use super::give::Versioned;
use super::types::wc_status;
use std::ffi::{CStr, c_char, c_int, c_void};

/// A connection is open. parent: its listener; the child that it is a stream of; or 0 if it was
/// made by wc_connect.
pub const WC_EVENT_OPEN: c_int = 1;
/// Bytes came, or a line without its end, or a frame without its length: data and len.
pub const WC_EVENT_DATA: c_int = 2;
/// A line is longer than max_frame: data and len are its start; the rest is skipped.
pub const WC_EVENT_TOO_LONG: c_int = 3;
/// The output queue fell to its low water after a WC_FULL.
pub const WC_EVENT_DRAIN: c_int = 4;
/// The peer ended its input. Output can still be sent; close the connection when done.
pub const WC_EVENT_EOF: c_int = 5;
/// Nothing came from the peer for the idle time. A new period has begun; close the connection, or
/// not.
pub const WC_EVENT_IDLE: c_int = 6;
/// A connection is over: status and os_error say why. Its last event.
pub const WC_EVENT_CLOSE: c_int = 7;
/// A timer fired.
pub const WC_EVENT_TIMER: c_int = 8;
/// A job of another thread: wc_loop_dispatch runs it; if it is not run, its drop function is. Or a
/// post was sent: object is its handle then, else 0.
pub const WC_EVENT_POST: c_int = 9;
/// A listener stopped accepting: status is WC_E_NOFILES, WC_E_NOMEM, WC_E_LIMIT or WC_E_OS.
pub const WC_EVENT_PAUSE: c_int = 10;
/// A listener accepts again.
pub const WC_EVENT_RESUME: c_int = 11;
/// A listener is over. Its last event.
pub const WC_EVENT_LISTENER_CLOSE: c_int = 12;
/// A whole HTTP request came, with its body gathered. parent: its connection, as in all below.
pub const WC_EVENT_REQUEST: c_int = 13;
/// The head of an HTTP request came; its body follows in pieces.
pub const WC_EVENT_HEAD: c_int = 14;
/// A piece of a request's body: data and len.
pub const WC_EVENT_BODY: c_int = 15;
/// The end of a request's body.
pub const WC_EVENT_END: c_int = 16;
/// The output queue of a request's connection fell to its low water after a WC_FULL.
pub const WC_EVENT_REQUEST_DRAIN: c_int = 17;
/// A request is over: status is WC_OK if it was answered whole. Its last event.
pub const WC_EVENT_REQUEST_CLOSE: c_int = 18;
/// What a peer sent was refused, and answered by the library. object: the connection, which is
/// being closed; status: the reason, WC_H_...; os_error: the HTTP status of the answer.
pub const WC_EVENT_REJECT: c_int = 19;
/// A watched descriptor is ready. detail: for what, WC_READ and the like.
pub const WC_EVENT_WATCH: c_int = 20;
/// A signal came. detail: its number; os_error: how often, since this was told last.
pub const WC_EVENT_SIGNAL: c_int = 21;
/// A child has exited and its output has ended. detail: what it gave to exit(3), or -1; os_error:
/// the signal that ended it, or 0; status: WC_OK if it ended by itself. Its last event, after those
/// of its streams.
pub const WC_EVENT_CHILD_EXIT: c_int = 22;
/// A job of a pool is done: status and os_error say how, data and len are what was read. parent:
/// its pool. Its only event.
pub const WC_EVENT_JOB: c_int = 23;
const NAMES: &[(c_int, &CStr)] = &[
    (WC_EVENT_OPEN, c"WC_EVENT_OPEN"),
    (WC_EVENT_DATA, c"WC_EVENT_DATA"),
    (WC_EVENT_TOO_LONG, c"WC_EVENT_TOO_LONG"),
    (WC_EVENT_DRAIN, c"WC_EVENT_DRAIN"),
    (WC_EVENT_EOF, c"WC_EVENT_EOF"),
    (WC_EVENT_IDLE, c"WC_EVENT_IDLE"),
    (WC_EVENT_CLOSE, c"WC_EVENT_CLOSE"),
    (WC_EVENT_TIMER, c"WC_EVENT_TIMER"),
    (WC_EVENT_POST, c"WC_EVENT_POST"),
    (WC_EVENT_PAUSE, c"WC_EVENT_PAUSE"),
    (WC_EVENT_RESUME, c"WC_EVENT_RESUME"),
    (WC_EVENT_LISTENER_CLOSE, c"WC_EVENT_LISTENER_CLOSE"),
    (WC_EVENT_REQUEST, c"WC_EVENT_REQUEST"),
    (WC_EVENT_HEAD, c"WC_EVENT_HEAD"),
    (WC_EVENT_BODY, c"WC_EVENT_BODY"),
    (WC_EVENT_END, c"WC_EVENT_END"),
    (WC_EVENT_REQUEST_DRAIN, c"WC_EVENT_REQUEST_DRAIN"),
    (WC_EVENT_REQUEST_CLOSE, c"WC_EVENT_REQUEST_CLOSE"),
    (WC_EVENT_REJECT, c"WC_EVENT_REJECT"),
    (WC_EVENT_WATCH, c"WC_EVENT_WATCH"),
    (WC_EVENT_SIGNAL, c"WC_EVENT_SIGNAL"),
    (WC_EVENT_CHILD_EXIT, c"WC_EVENT_CHILD_EXIT"),
    (WC_EVENT_JOB, c"WC_EVENT_JOB"),
];

/// The name of a kind of event, such as "WC_EVENT_TIMER".
///
/// [any thread]
///
/// @param kind  any number
///
/// Returns: a NUL-terminated text that stands as long as the library is loaded; never null. For a
/// number that is no kind it is "unknown", for 0 "none".
#[unsafe(no_mangle)]
pub extern "C" fn wc_event_name(kind: i32) -> *const c_char {
    let found = NAMES.iter().find(|(one, _)| *one == kind).map(|(_, name)| *name);
    found.unwrap_or(if kind == 0 { c"none" } else { c"unknown" }).as_ptr()
}

/// One event of the pull face. Set size to sizeof(wc_event) before the first call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_event {
    /// Bytes of this struct as the caller knows it; set by the caller.
    pub size: usize,
    /// What happened: WC_EVENT_...
    pub kind: i32,
    /// Why something ended or paused; else WC_OK.
    pub status: wc_status,
    /// The operating system's number for that, or 0; for logs.
    pub os_error: i32,
    /// More of what happened, where the kind says so, else 0.
    pub detail: i32,
    /// The handle of what it happened to; 0 for a job of wc_loop_post.
    pub object: u64,
    /// The handle of what that belongs to, where the kind says so, else 0.
    pub parent: u64,
    /// The bytes, or null. They stand until the next wc_loop_next on this loop.
    pub data: *const c_char,
    /// How many bytes.
    pub len: usize,
    /// The user pointer that a callback would get.
    pub user: *mut c_void,
}

// SAFETY: repr(C), size first, integers and pointers only.
unsafe impl Versioned for wc_event {
    const FIRST: usize = size_of::<wc_event>();
    fn defaults() -> wc_event {
        wc_event {
            size: size_of::<wc_event>(),
            kind: 0,
            status: 0,
            os_error: 0,
            detail: 0,
            object: 0,
            parent: 0,
            data: std::ptr::null(),
            len: 0,
            user: std::ptr::null_mut(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_name() {
        for (name, kind) in super::super::constants() {
            if name.starts_with("WC_EVENT_") {
                // SAFETY: the function gives a text that stands for ever.
                let found = unsafe { CStr::from_ptr(wc_event_name(kind as i32)) };
                assert_eq!(found.to_str(), Ok(name));
            }
        }
        let kinds = super::super::constants();
        let events = kinds.iter().filter(|(name, _)| name.starts_with("WC_EVENT_")).count();
        assert_eq!(NAMES.len(), events);
    }
}
