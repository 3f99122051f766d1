// SPDX-License-Identifier: MIT OR Apache-2.0
//! A callback about to be called: its function and its arguments, so that nothing of the loop is
//! borrowed while user code runs.

use super::log::wc_log_line;
use super::trace::wc_transition;
use super::types::{wc_free_fn, wc_status};
use std::ffi::{c_char, c_int, c_void};

/// `void f(handle, user)`: most callbacks.
pub(super) type PlainFn = unsafe extern "C-unwind" fn(u64, *mut c_void);
/// `void f(handle, data, len, user)`.
pub(super) type DataFn = unsafe extern "C-unwind" fn(u64, *const c_char, usize, *mut c_void);
/// `void f(handle, why, os_error, user)`.
pub(super) type WhyFn = unsafe extern "C-unwind" fn(u64, wc_status, i32, *mut c_void);
/// `void f(handle, why, user)`.
pub(super) type EndFn = unsafe extern "C-unwind" fn(u64, wc_status, *mut c_void);

/// `void f(handle, ready, user)`.
pub(super) type ReadyFn = unsafe extern "C-unwind" fn(u64, u32, *mut c_void);
/// `void f(handle, number, count, user)`.
pub(super) type SignalFn = unsafe extern "C-unwind" fn(u64, c_int, u32, *mut c_void);

/// `void f(transition, user)`.
pub(super) type TransitionFn = unsafe extern "C-unwind" fn(*const wc_transition, *mut c_void);
/// `void f(line, user)`.
pub(super) type LineFn = unsafe extern "C-unwind" fn(*const wc_log_line, *mut c_void);
/// `void f(loop, kind, object, ms, user)`.
pub(super) type SlowFn = unsafe extern "C-unwind" fn(u64, i32, u64, u32, *mut c_void);
/// `void f(handle, status, os_error, data, len, user)`.
pub(super) type DoneFn =
    unsafe extern "C-unwind" fn(u64, wc_status, i32, *const c_char, usize, *mut c_void);

/// `void f(handle, code, signal, why, user)`.
pub(super) type ExitFn = unsafe extern "C-unwind" fn(u64, i32, i32, wc_status, *mut c_void);

/// A user pointer with the function that takes it back.
#[derive(Clone, Copy)]
pub(super) struct User {
    pub ptr: *mut c_void,
    pub free: wc_free_fn,
}

/// One call into user code.
#[derive(Clone, Copy)]
pub(super) enum Call {
    Plain(PlainFn, u64, *mut c_void),
    Data(DataFn, u64, *const c_char, usize, *mut c_void),
    Why(WhyFn, u64, wc_status, i32, *mut c_void),
    End(EndFn, u64, wc_status, *mut c_void),
    Ready(ReadyFn, u64, u32, *mut c_void),
    Done(DoneFn, u64, wc_status, i32, *const c_char, usize, *mut c_void),
    Exit(ExitFn, u64, i32, i32, wc_status, *mut c_void),
    Signal(SignalFn, u64, c_int, u32, *mut c_void),
    Transition(TransitionFn, *const wc_transition, *mut c_void),
    Line(LineFn, *const wc_log_line, *mut c_void),
    Slow(SlowFn, u64, i32, u64, u32, *mut c_void),
    Free(User),
}

impl Call {
    /// Calls.
    ///
    /// # Safety
    /// No reference into the library is alive. The functions are what the program registered, with
    /// the user pointers that it registered for them.
    pub(super) unsafe fn invoke(self) {
        // SAFETY: passed on; views stand until the loop is asked for the next event.
        unsafe {
            match self {
                Call::Plain(f, handle, user) => f(handle, user),
                Call::Data(f, handle, data, len, user) => f(handle, data, len, user),
                Call::Why(f, handle, why, os_error, user) => f(handle, why, os_error, user),
                Call::End(f, handle, why, user) => f(handle, why, user),
                Call::Ready(f, handle, ready, user) => f(handle, ready, user),
                Call::Done(f, handle, status, os_error, data, len, user) => {
                    f(handle, status, os_error, data, len, user)
                }
                Call::Exit(f, handle, code, signal, why, user) => {
                    f(handle, code, signal, why, user)
                }
                Call::Signal(f, handle, number, count, user) => f(handle, number, count, user),
                Call::Transition(f, shown, user) => f(shown, user),
                Call::Line(f, shown, user) => f(shown, user),
                Call::Slow(f, handle, kind, object, ms, user) => f(handle, kind, object, ms, user),
                Call::Free(User { ptr, free: Some(free) }) => free(ptr),
                Call::Free(User { free: None, .. }) => {}
            }
        }
    }
}
