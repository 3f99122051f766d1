// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers in C.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::{PlainFn, User};
use super::give::{self, Versioned};
use super::guard::{code, flat, guard, with};
use super::types::{wc_free_fn, wc_loop, wc_status, wc_timer};
use crate::base::time::{Millis, Wall};
use crate::base::{Handle, Kind, Status};
use crate::engine::{Schedule, When};
use std::ffi::{c_int, c_void};

/// A timer fired.
pub type wc_timer_fn = Option<unsafe extern "C-unwind" fn(timer: wc_timer, user: *mut c_void)>;

/// The same, once it is known to be there.
pub(super) type TimerFn = Option<PlainFn>;

/// Later firings keep their rate: each is a multiple of repeat_ms after the first; what was missed
/// is skipped.
pub const WC_REPEAT_RATE: c_int = 0;
/// Later firings come repeat_ms after the callback of the one before has returned; in the pull
/// face, after the next event was asked for.
pub const WC_REPEAT_DELAY: c_int = 1;

/// When a timer fires. Fill it with wc_timer_options_init, then change what you want. At most one
/// of the three times is not 0; without any the timer fires at once.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_timer_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// Ms from now.
    pub delay_ms: u64,
    /// A time of the loop, as wc_loop_now gives it, in ms.
    pub at_ms: u64,
    /// A date: ms since 1970-01-01 00:00 UTC by the wall clock, wherever that is set.
    pub unix_ms: u64,
    /// Ms between later firings; 0: none.
    pub repeat_ms: u32,
    /// How those are counted: WC_REPEAT_...; of an alarm WC_REPEAT_RATE.
    pub repeat_mode: c_int,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_timer_options {
    const FIRST: usize = size_of::<wc_timer_options>();
    fn defaults() -> wc_timer_options {
        wc_timer_options {
            size: size_of::<wc_timer_options>(),
            delay_ms: 0,
            at_ms: 0,
            unix_ms: 0,
            repeat_ms: 0,
            repeat_mode: WC_REPEAT_RATE,
        }
    }
}

impl wc_timer_options {
    /// What the engine is asked for.
    fn schedule(&self) -> Result<Schedule, Status> {
        let when = match (self.delay_ms, self.at_ms, self.unix_ms) {
            (delay, 0, 0) => When::After(delay),
            (0, at, 0) => When::At(Millis(at)),
            (0, 0, date) => When::Date(Wall(date)),
            _ => return Err(Status::INVAL),
        };
        let from_end = match self.repeat_mode {
            WC_REPEAT_RATE => false,
            WC_REPEAT_DELAY => true,
            _ => return Err(Status::INVAL),
        };
        Ok(Schedule { when, repeat_ms: self.repeat_ms, from_end })
    }
}

/// Fills timer options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_timer_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_timer_options_init(
    options: *mut wc_timer_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}

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
/// Returns: WC_OK; WC_E_INVAL for a misaligned out; WC_E_LIMIT; WC_E_STATE while the loop is being
/// freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
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
    let when = When::After(delay_ms.into());
    let asked = Schedule { when, repeat_ms, from_end: false };
    let user = User { ptr: user, free: free_user };
    // SAFETY: the caller's promise.
    unsafe { start(loop_, Ok(asked), on_fire, user, out) }
}

/// Starts a timer, as wc_timer_start does, with all that can be said of it: a time of the loop or a
/// date instead of a delay, a fixed rate or a fixed delay.
///
/// A timer that is due at a date is an alarm. It fires once the wall clock shows that date or a
/// later one, never before, also when the clock is set back meanwhile; when it is set forward the
/// alarm is prompt: at once on Linux (timerfd_create(2)), within ALARM_LOOK_MS (docs/LIMITS.md)
/// elsewhere. An alarm that repeats keeps to its dates, skips those that are past, and after a
/// clock was set back comes no later than a period from then.
///
/// [loop thread]
///
/// @param loop_      the loop
/// @param options    when and how often; copied
/// @param on_fire    the callback; may be null for a program that pulls events
/// @param user       goes to the callback
/// @param free_user  called once with user when the timer has ended; also if this call fails,
///                   before it returns; may be null
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for null options, for more than one of delay_ms, at_ms and unix_ms,
/// for a mode that there is not, for a fixed delay of an alarm; WC_E_VERSION; WC_E_LIMIT;
/// WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `options` is null or an initialised struct; `out` is null or writable; the callbacks may be
/// called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_timer_schedule(
    loop_: wc_loop,
    options: *const wc_timer_options,
    on_fire: wc_timer_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_timer,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    // SAFETY: the caller's promise.
    let asked = unsafe { give::read(options) }.and_then(|options| options.schedule());
    // SAFETY: the caller's promise.
    unsafe { start(loop_, asked, on_fire, user, out) }
}

/// Starts a timer that was asked for.
///
/// # Safety
/// `out` is null or writable; the callbacks may be called with `user`.
unsafe fn start(
    loop_: wc_loop,
    asked: Result<Schedule, Status>,
    on_fire: wc_timer_fn,
    user: User,
    out: *mut wc_timer,
) -> wc_status {
    let started = with(loop_, Kind::Loop, |core| {
        give::expect_spare(out)?;
        let asked = asked?;
        core.bindings.expect_room()?;
        let owner = core.bindings.insert(Binding { callbacks: Callbacks::Timer(on_fire), user });
        let started = core.host.engine.schedule_timer(asked, owner);
        started.inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(started, out) }
}

/// Sets a timer to fire anew, `delay_ms` from now; its repetition goes on from there. An alarm
/// counts them by the wall clock. Costs the same whatever the number of timers, but for alarms.
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
    code(with(timer, Kind::Timer, |core| {
        core.host.engine.restart_timer(Handle(timer), delay_ms.into())
    }))
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
    code(with(timer, Kind::Timer, |core| {
        let owner = core.host.engine.cancel_timer(Handle(timer))?;
        core.ended(Handle(timer), owner);
        Ok(())
    }))
}

/// When a timer fires next.
///
/// [loop thread]
///
/// @param timer  the timer
/// @param ms     where it is written: in ms of the loop's time, as wc_loop_now; of an alarm in ms
///               since 1970-01-01 00:00 UTC
///
/// Returns: WC_OK; WC_NONE within the callback of a timer that is not set again: one without
/// repetition, or with a fixed delay, which begins when the callback returns; WC_E_INVAL for a null
/// ms; WC_E_GONE for one that has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `ms` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_timer_due(timer: wc_timer, ms: *mut u64) -> wc_status {
    flat(with(timer, Kind::Timer, |core| {
        give::expect_out(ms)?;
        let at = match core.host.engine.timer_due(Handle(timer))? {
            Some(When::At(at)) => at.0,
            Some(When::Date(at)) => at.0,
            Some(When::After(_)) | None => return Ok(Status::NONE),
        };
        // SAFETY: the caller's promise.
        unsafe { give::put(ms, at) }.map(|()| Status::OK)
    }))
}

impl User {
    /// Ends a call that took a user pointer: the handle goes out, or the pointer goes back.
    ///
    /// # Safety
    /// `out` is null or writable, and what was made passed `expect_spare`; nothing of the library
    /// is borrowed.
    pub(super) unsafe fn settle(self, made: Result<Handle, Status>, out: *mut u64) -> wc_status {
        match made {
            Ok(handle) => {
                if !out.is_null() {
                    // SAFETY: the caller's promise; `expect_spare` looked at it.
                    unsafe { out.write(handle.0) };
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
