// SPDX-License-Identifier: MIT OR Apache-2.0
//! The table of faults for tests in C, which declare these functions by tests/c/fault.h. Is not: in
//! the header, or in a library without the feature `test-hooks`.

use super::give;
use super::guard::{code, guard};
use crate::base::Status;
use crate::sys::fault::{self, Call, Fault};
use std::ffi::{c_char, c_int, c_uint};

/// The call of this name.
///
/// # Safety
/// `name` is null or a NUL-terminated text.
unsafe fn call(name: *const c_char) -> Result<Call, Status> {
    // SAFETY: the caller's promise.
    let name = unsafe { give::text(name)? }.ok_or(Status::INVAL)?;
    let found = Call::ALL.iter().find(|(each, _)| *each == name);
    found.map(|(_, call)| *call).ok_or(Status::INVAL)
}

/// Sets a fault: `after` more calls of this name go through, the next `times` fail with errno
/// `os_error`, or, if that is 0, move `short_to` bytes at the most. Any thread. WC_OK; WC_E_INVAL
/// for a name that is not known, or what is no fault of it; WC_E_LIMIT when the table is full.
///
/// # Safety
/// `name` is null or a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_fault_set(
    name: *const c_char,
    after: c_uint,
    times: c_uint,
    os_error: c_int,
    short_to: usize,
) -> c_int {
    code(guard(|| {
        let fault = match os_error {
            0 => Fault::Short(short_to),
            os_error => Fault::Error(os_error),
        };
        // SAFETY: the caller's promise.
        fault::set(unsafe { call(name)? }, after, times, fault)
    }))
}

/// Forgets all faults and counts. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn wc_fault_clear() {
    fault::clear();
}

/// How many calls of this name met a fault since the table was cleared; 0 for one not known.
///
/// # Safety
/// `name` is null or a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_fault_hits(name: *const c_char) -> c_uint {
    // SAFETY: the caller's promise.
    guard(|| unsafe { call(name) }).map_or(0, fault::hits)
}

/// How many calls of this name there were since the table was cleared; 0 for one not known.
///
/// # Safety
/// `name` is null or a NUL-terminated text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_fault_asked(name: *const c_char) -> c_uint {
    // SAFETY: the caller's promise.
    guard(|| unsafe { call(name) }).map_or(0, fault::asked)
}
