// SPDX-License-Identifier: MIT OR Apache-2.0
//! Signals in C: told as events, where everything may be called.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::User;
use super::give;
use super::guard::{code, with};
use super::types::{wc_free_fn, wc_loop, wc_signal, wc_status};
use crate::base::{Handle, Kind};
use std::ffi::{c_int, c_void};

/// A signal came, count times since this was called last. It is no signal handler: it runs on the
/// loop's thread, between other callbacks, and may call what they may call.
pub type wc_signal_fn = Option<
    unsafe extern "C-unwind" fn(signal: wc_signal, number: c_int, count: u32, user: *mut c_void),
>;

/// Has a signal told as an event: of the process, or of the loop's thread. Several watchers, in
/// one loop or in several, are each told. Until the last of them ends the library handles the
/// signal; what it did before is then put back, unless the program has set something else
/// meanwhile. What it did before is not done in the meantime: SIGINT that is watched does not end
/// the process, and a handler of the program's does not run. A signal that the loop's thread
/// blocks is told all the same, and stays blocked. In a child of fork(2) each signal does what it
/// did before it was watched.
///
/// A signal of the lower numbers that comes again before it was taken is one (signal(7)): count is
/// what the system delivered. A watcher keeps wc_loop_run from returning, as a timer does.
///
/// [loop thread]
///
/// @param loop_      the loop
/// @param number     SIGINT and the like
/// @param on_signal  the callback; may be null for a program that pulls events, or that wants a
///                   signal (SIGPIPE) to do nothing
/// @param user       goes to the callback
/// @param free_user  called once with user when the watcher has ended; also if this call fails,
///                   before it returns; may be null
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for what is no signal or cannot be put off: SIGKILL, SIGSTOP, SIGILL,
/// SIGBUS, SIGFPE, SIGSEGV; WC_E_NOFILES, WC_E_NOMEM or WC_E_OS if the system refuses; WC_E_LIMIT;
/// WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC. See sigaction(2), signalfd(2).
///
/// # Safety
/// `out` is null or writable; the callbacks may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_signal_start(
    loop_: wc_loop,
    number: c_int,
    on_signal: wc_signal_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_signal,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let started = with(loop_, Kind::Loop, |core| {
        give::expect_spare(out)?;
        core.bindings.expect_room()?;
        let callbacks = Callbacks::Signal(on_signal);
        let owner = core.bindings.insert(Binding { callbacks, user });
        let started = core.host.engine.start_signal(number, owner);
        started.inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(started, out) }
}

/// Ends a watcher of a signal: nothing more is told, also not what came already. If it was the last
/// one of its number, the signal does again what it did before. The user pointer goes back before
/// the next callback.
///
/// [loop thread]
///
/// @param signal  the watcher
///
/// Returns: WC_OK; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_signal_stop(signal: wc_signal) -> wc_status {
    code(with(signal, Kind::Signal, |core| {
        let owner = core.host.engine.stop_signal(Handle(signal))?;
        core.ended(Handle(signal), owner);
        Ok(())
    }))
}
