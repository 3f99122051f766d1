// SPDX-License-Identifier: MIT OR Apache-2.0
//! The types that several nouns of the C API share. Is not: the types of one noun, which stand in
//! that noun's file. INVARIANT: only integers, pointers and structs of them cross the border.
#![allow(non_camel_case_types)]

use std::ffi::{c_char, c_int, c_void};

/// An outcome: 0 is WC_OK, a positive number is information, a negative one is an error WC_E_...
pub type wc_status = i32;

/// An event loop. Handles are names, not pointers: 0 is none, and a handle that has outlived its
/// object is answered with WC_E_GONE, never with undefined behaviour.
pub type wc_loop = u64;

/// A watcher of a descriptor; 0 is none.
pub type wc_watch = u64;

/// A watcher of a signal; 0 is none.
pub type wc_signal = u64;

/// A child process; 0 is none.
pub type wc_child = u64;

/// A pool of threads; 0 is none.
pub type wc_pool = u64;

/// A job of a pool; 0 is none.
pub type wc_job = u64;

/// A post that is sent from any thread; 0 is none.
pub type wc_post = u64;

/// A timer of a loop; 0 is none.
pub type wc_timer = u64;

/// A listening socket; 0 is none.
pub type wc_listener = u64;

/// A connection; 0 is none.
pub type wc_conn = u64;

/// An HTTP request that waits for its answer; 0 is none.
pub type wc_request = u64;

/// Bytes that the library lends. There is no promise of a NUL behind them. Each function that hands
/// one out says how long the bytes stand.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_str {
    /// The first byte; null only if len is 0.
    pub ptr: *const c_char,
    /// How many bytes.
    pub len: usize,
}

/// One header field that the caller hands in; a length may be WC_NTS.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_header {
    /// The name's first byte.
    pub name: *const c_char,
    /// How many bytes the name has.
    pub name_len: usize,
    /// The value's first byte.
    pub value: *const c_char,
    /// How many bytes the value has.
    pub value_len: usize,
}

/// Gives the user's data back to the user: called exactly once, after the last callback that gets
/// the same user pointer, also when the call that took the pointer failed. May be null.
pub type wc_free_fn = Option<unsafe extern "C-unwind" fn(user: *mut c_void)>;

/// The size of a text that is big enough for every IP address with its zone and the NUL.
pub const WC_ADDRESS_MAX: c_int = 64;

/// As a timeout: without end.
pub const WC_FOREVER: c_int = -1;
