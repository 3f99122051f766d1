// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers in C.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::{PlainFn, User};
use super::give;
use super::guard::{code, with};
use super::types::{wc_free_fn, wc_loop, wc_status, wc_timer};
use crate::base::{Handle, Kind, Status};
use std::ffi::c_void;

/// A timer fired.
pub type wc_timer_fn = Option<unsafe extern "C-unwind" fn(timer: wc_timer, user: *mut c_void)>;

/// The same, once it is known to be there.
pub(super) type TimerFn = Option<PlainFn>;

/// Starts a timer. It fires at or after its time, never before; timers of the same millisecond fire
/// in the order in which they were started. A timer that does not repeat ends after it has fired,
/// unless its callback restarts it.
///
/// [loop thread]
///
/// @param loop_      the loop
/// @param delay_ms   ms from now until it fires
/// @param repeat_ms  ms between later firings, at a fixed rate (what was missed is skipped); 0:
///                   none
/// @param on_fire    the callback; may be null for a program that pulls events
/// @param user       goes to the callback
/// @param free_user  called once with user when the timer has ended; also if this call fails,
///                   before it returns; may be null
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_LIMIT; WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `out` is null or writable; the callbacks may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_timer_start(
    loop_: wc_loop,
    delay_ms: u32,
    repeat_ms: u32,
    on_fire: wc_timer_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_timer,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let started = with(loop_, Kind::Loop, |core| {
        let callbacks = Callbacks::Timer(on_fire);
        let owner = core.bindings.insert(Binding { callbacks, user });
        let started = core.host.engine.start_timer(delay_ms, repeat_ms, owner);
        started.inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(started, out) }
}

/// Sets a timer to fire anew, `delay_ms` from now; its repetition goes on from there. Costs the
/// same whatever the number of timers.
///
/// [loop thread]
///
/// @param timer     the timer; also one that is just firing
/// @param delay_ms  ms from now
///
/// Returns: WC_OK; WC_E_GONE for one that has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_timer_restart(timer: wc_timer, delay_ms: u32) -> wc_status {
    code(with(timer, Kind::Timer, |core| core.host.engine.restart_timer(Handle(timer), delay_ms)))
}

/// Ends a timer. It does not fire any more; its user pointer goes back before the next event.
///
/// [loop thread]
///
/// @param timer  the timer
///
/// Returns: WC_OK; WC_E_GONE for one that has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_timer_cancel(timer: wc_timer) -> wc_status {
    code(with(timer, Kind::Timer, |core| core.host.engine.cancel_timer(Handle(timer))))
}

impl User {
    /// Ends a call that took a user pointer: the handle goes out, or the pointer goes back.
    ///
    /// # Safety
    /// `out` is null or writable; nothing of the library is borrowed.
    pub(super) unsafe fn settle(self, made: Result<Handle, Status>, out: *mut u64) -> wc_status {
        match made {
            Ok(handle) => {
                if !out.is_null() {
                    // SAFETY: the caller's promise.
                    let _ = unsafe { give::put(out, handle.0) };
                }
                Status::OK.0
            }
            Err(status) => {
                // SAFETY: the caller's promise.
                unsafe { super::call::Call::Free(self).invoke() };
                status.0
            }
        }
    }
}
