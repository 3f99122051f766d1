// SPDX-License-Identifier: MIT OR Apache-2.0
//! What connections have in common, in C: options, callbacks, the names of states and verbs.
#![allow(non_camel_case_types)]

use super::give::{self, Versioned};
use super::guard::{code, guard};
use super::types::{wc_conn, wc_status};
use crate::base::Status;
use crate::net::life::Life;
use crate::net::policy::{Cut, Policy};
use std::ffi::{c_char, c_int, c_void};

/// Input comes as it comes.
pub const WC_FRAMING_RAW: c_int = 0;
/// Input comes line by line; lines end in LF or CRLF.
pub const WC_FRAMING_LINE: c_int = 1;
/// Input comes frame by frame, each behind its length.
pub const WC_FRAMING_LENGTH: c_int = 2;

/// A length has its most significant byte first: network order.
pub const WC_ORDER_BIG: c_int = 0;
/// A length has its least significant byte first.
pub const WC_ORDER_LITTLE: c_int = 1;

/// Close in order: send what is queued, end our output, wait a moment for the peer's end.
pub const WC_CLOSE_FLUSH: c_int = 0;
/// Close at once; what is queued is lost.
pub const WC_CLOSE_NOW: c_int = 1;
/// Close at once, with a reset to the peer.
pub const WC_CLOSE_RESET: c_int = 2;

/// Outbound, not made yet.
pub const WC_CONN_CONNECTING: c_int = 0;
/// Both directions are open.
pub const WC_CONN_OPEN: c_int = 1;
/// The peer has ended its input.
pub const WC_CONN_HALF_OPEN: c_int = 2;
/// Input is over; what is queued is being sent.
pub const WC_CONN_FLUSHING: c_int = 3;
/// All is sent; the peer's end is awaited.
pub const WC_CONN_LINGERING: c_int = 4;
/// It is over.
pub const WC_CONN_CLOSED: c_int = 5;

const _: () = {
    assert!(WC_CONN_CONNECTING == Life::Connecting as c_int);
    assert!(WC_CONN_OPEN == Life::Open as c_int);
    assert!(WC_CONN_HALF_OPEN == Life::HalfOpen as c_int);
    assert!(WC_CONN_FLUSHING == Life::Flushing as c_int);
    assert!(WC_CONN_LINGERING == Life::Lingering as c_int);
    assert!(WC_CONN_CLOSED == Life::Closed as c_int);
};

/// What connections have in common. Fill it with wc_conn_options_init, then change what you want.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_conn_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// How input is cut: WC_FRAMING_...
    pub framing: i32,
    /// For WC_FRAMING_LENGTH: WC_ORDER_...
    pub prefix_order: i32,
    /// For WC_FRAMING_LENGTH: bytes of the length, 1 to 8.
    pub prefix_bytes: u32,
    /// Bytes read from one connection in one turn at the most.
    pub read_budget: u32,
    /// Longest line or frame, in bytes, without its end or length.
    pub max_frame: usize,
    /// Queued output above which a write answers WC_FULL, in bytes.
    pub write_high: usize,
    /// Queued output at which on_drain follows a WC_FULL, in bytes.
    pub write_low: usize,
    /// Queued output that a write may not pass, in bytes.
    pub write_limit: usize,
    /// ms without a byte from the peer until on_idle; 0: for ever.
    pub idle_ms: u32,
    /// ms in which the peer takes nothing of the queued output until the end with WC_E_STALL; 0: for
    /// ever.
    pub stall_ms: u32,
    /// ms to wait for the peer's end after ours; 0: not at all.
    pub linger_ms: u32,
    /// Reserved; 0.
    pub reserved: u32,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_conn_options {
    const FIRST: usize = size_of::<wc_conn_options>();
    fn defaults() -> wc_conn_options {
        let policy = Policy::default();
        wc_conn_options {
            size: size_of::<wc_conn_options>(),
            framing: WC_FRAMING_RAW,
            prefix_order: WC_ORDER_BIG,
            prefix_bytes: 4,
            read_budget: policy.read_budget as u32,
            max_frame: policy.max_frame,
            write_high: policy.write_high,
            write_low: policy.write_low,
            write_limit: policy.write_limit,
            idle_ms: policy.idle_ms,
            stall_ms: policy.stall_ms,
            linger_ms: policy.linger_ms,
            reserved: 0,
        }
    }
}

impl wc_conn_options {
    /// As the layers below understand it.
    pub(super) fn policy(&self) -> Result<Policy, Status> {
        if self.reserved != 0 {
            return Err(Status::INVAL);
        }
        Ok(Policy {
            cut: cut(self.framing, self.prefix_bytes, self.prefix_order)?,
            max_frame: self.max_frame,
            read_budget: self.read_budget as usize,
            write_high: self.write_high,
            write_low: self.write_low,
            write_limit: self.write_limit,
            idle_ms: self.idle_ms,
            stall_ms: self.stall_ms,
            linger_ms: self.linger_ms,
        })
    }
}

/// The framing that the numbers name.
pub(super) fn cut(framing: i32, prefix_bytes: u32, order: i32) -> Result<Cut, Status> {
    let little = match order {
        WC_ORDER_BIG => false,
        WC_ORDER_LITTLE => true,
        _ => return Err(Status::INVAL),
    };
    match framing {
        WC_FRAMING_RAW => Ok(Cut::Raw),
        WC_FRAMING_LINE => Ok(Cut::Line),
        WC_FRAMING_LENGTH => {
            let prefix = u8::try_from(prefix_bytes).map_err(|_| Status::INVAL)?;
            Ok(Cut::Length { prefix, little })
        }
        _ => Err(Status::INVAL),
    }
}

/// The callbacks of connections; each may be null. Data stands until the callback returns. Callbacks
/// come on the loop's thread, never from within a call of the program, and on_close is the last one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_conn_callbacks {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// The connection is open.
    pub on_open: Option<unsafe extern "C-unwind" fn(conn: wc_conn, user: *mut c_void)>,
    /// Bytes came; with a framing, one line without its end, or one frame without its length.
    pub on_data: Option<
        unsafe extern "C-unwind" fn(
            conn: wc_conn,
            data: *const c_char,
            len: usize,
            user: *mut c_void,
        ),
    >,
    /// A line is longer than max_frame: its first max_frame bytes; the rest of it is skipped.
    pub on_too_long: Option<
        unsafe extern "C-unwind" fn(
            conn: wc_conn,
            data: *const c_char,
            len: usize,
            user: *mut c_void,
        ),
    >,
    /// The output queue fell to its low water: once after each WC_FULL, unless the connection ends
    /// before.
    pub on_drain: Option<unsafe extern "C-unwind" fn(conn: wc_conn, user: *mut c_void)>,
    /// The peer ended its input; output can still be sent. Where it is null, the connection is closed
    /// with WC_CLOSE_FLUSH.
    pub on_eof: Option<unsafe extern "C-unwind" fn(conn: wc_conn, user: *mut c_void)>,
    /// Nothing came from the peer for the idle time; a new period begins. Where it is null, the
    /// connection ends with WC_E_IDLE.
    pub on_idle: Option<unsafe extern "C-unwind" fn(conn: wc_conn, user: *mut c_void)>,
    /// The connection is over: WC_OK if the program closed it or both ends ended in order. Its handle
    /// answers WC_E_GONE once this returns. os_error is the system's number, or 0; for logs.
    pub on_close: Option<
        unsafe extern "C-unwind" fn(
            conn: wc_conn,
            why: wc_status,
            os_error: i32,
            user: *mut c_void,
        ),
    >,
}

// SAFETY: repr(C), size first; a null function pointer is None.
unsafe impl Versioned for wc_conn_callbacks {
    const FIRST: usize = size_of::<wc_conn_callbacks>();
    fn defaults() -> wc_conn_callbacks {
        wc_conn_callbacks {
            size: size_of::<wc_conn_callbacks>(),
            on_open: None,
            on_data: None,
            on_too_long: None,
            on_drain: None,
            on_eof: None,
            on_idle: None,
            on_close: None,
        }
    }
}

/// Fills connection options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_conn_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_options_init(
    options: *mut wc_conn_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}
