// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a loop does with its time, in C: callbacks that take long, the one that runs now, and
//! histograms. Is not: a thread that watches; whoever wants one asks wc_loop_busy from it.
#![allow(non_camel_case_types)]

use super::call::{Call, SlowFn, User};
use super::core::Core;
use super::give;
use super::guard::{code, flat, guard, with};
use super::pulse::{Beat, Pulse};
use super::table;
use super::types::{wc_free_fn, wc_loop, wc_status};
use crate::base::histogram::{BUCKETS, Histogram};
use crate::base::{Handle, Kind, Status};
use crate::engine::log::Level;
use crate::sys::clock::ticks;
use std::ffi::c_int;
use std::ffi::c_void;

/// Buckets of a histogram.
pub const WC_HISTOGRAM_BUCKETS: u32 = 40;
/// How long callbacks took.
pub const WC_HISTOGRAM_CALLBACK: c_int = 1;
/// How long turns took: from the end of a wait to the beginning of the next one.
pub const WC_HISTOGRAM_TURN: c_int = 2;
/// How late timers were: between their time and their firing; alarms are not in it.
pub const WC_HISTOGRAM_LATENESS: c_int = 3;

const _: () = assert!(WC_HISTOGRAM_BUCKETS as usize == BUCKETS);

/// A callback took as long as slow_ms, or longer. kind: WC_EVENT_..., or 0 for a free_user
/// function; object: the handle that it was called with, or 0; ms: how long.
pub type wc_slow_fn = Option<
    unsafe extern "C-unwind" fn(loop_: wc_loop, kind: i32, object: u64, ms: u32, user: *mut c_void),
>;

/// What is being measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Now {
    /// Nothing.
    Nothing,
    /// A callback.
    Call,
    /// A hook. One that takes long is told to no hook: it would be told of itself for ever.
    Hook,
    /// An event that the program has pulled.
    Event,
}

/// A callback that took long.
#[derive(Clone, Copy)]
struct Slow {
    kind: i32,
    object: u64,
    ms: u32,
}

/// What a loop that measures itself knows of its callbacks.
pub(super) struct Meter {
    pulse: &'static Pulse,
    measure: bool,
    slow_ms: u32,
    on_slow: Option<(SlowFn, User)>,
    slow: Option<Slow>,
    now: Now,
    beat: Beat,
    pub times: Histogram,
    pub count: u64,
    pub nanos: u64,
    pub longest: u64,
    pub slow_count: u64,
}

impl Meter {
    fn new(pulse: &'static Pulse) -> Meter {
        pulse.set(true);
        Meter {
            pulse,
            measure: false,
            slow_ms: 0,
            on_slow: None,
            slow: None,
            now: Now::Nothing,
            beat: Beat { kind: 0, object: 0, since: 0 },
            times: Histogram::default(),
            count: 0,
            nanos: 0,
            longest: 0,
            slow_count: 0,
        }
    }

    fn begin(&mut self, now: Now, kind: i32, object: u64) {
        self.now = now;
        self.beat = Beat { kind, object, since: ticks().max(1) };
        self.pulse.write(self.beat);
    }

    /// What is measured has ended. Answers whether it took long and is to be told.
    fn end(&mut self) -> Option<Slow> {
        let ended = std::mem::replace(&mut self.now, Now::Nothing);
        let Beat { kind, object, since } = self.beat;
        let nanos = ticks().saturating_sub(since);
        self.pulse.write(Beat { kind: 0, object: 0, since: 0 });
        self.times.record(nanos);
        self.count += 1;
        self.nanos += nanos;
        self.longest = self.longest.max(nanos);
        let ms = u32::try_from(nanos / 1_000_000).unwrap_or(u32::MAX);
        let slow = self.slow_ms > 0 && ms >= self.slow_ms;
        self.slow_count += u64::from(slow);
        (slow && ended != Now::Hook).then_some(Slow { kind, object, ms })
    }
}

impl Core {
    /// Measures from now on: callbacks and turns, if `measure`, and callbacks that take long.
    pub fn watch_time(&mut self, measure: bool, slow_ms: u32) {
        if measure {
            self.host.engine.measure();
        }
        if measure || slow_ms > 0 {
            let meter = self.meter_mut();
            (meter.measure, meter.slow_ms) = (measure, slow_ms);
        }
    }

    fn meter_mut(&mut self) -> &mut Meter {
        let pulse = table::pulse(self.handle);
        self.meter.get_or_insert_with(|| Box::new(Meter::new(pulse)))
    }

    fn set_watchdog(&mut self, slow_ms: u32, on_slow: Option<(SlowFn, User)>) {
        if slow_ms == 0 && self.meter.is_none() {
            return;
        }
        let meter = self.meter_mut();
        meter.slow_ms = slow_ms;
        let old = std::mem::replace(&mut meter.on_slow, on_slow);
        if slow_ms == 0 && !meter.measure {
            meter.pulse.set(false);
            self.meter = None;
        }
        if let Some((_, user)) = old {
            self.bindings.release_later(user);
        }
    }

    /// The program is called now, or has pulled an event.
    #[inline]
    pub fn meter_begin(&mut self, now: Now, kind: i32, object: u64) {
        if self.meter.is_some() {
            self.meter_end();
            self.meter.as_mut().expect("as above").begin(now, kind, object);
        }
    }

    /// The program has come back.
    #[inline]
    pub fn meter_end(&mut self) {
        if self.meter.is_some() {
            self.meter_stop();
        }
    }

    #[cold]
    fn meter_stop(&mut self) {
        if let Some(meter) = &mut self.meter
            && meter.now != Now::Nothing
            && let Some(slow) = meter.end()
        {
            meter.slow = Some(slow);
            let text = c"a callback took longer than slow_ms: so many ms";
            let (object, ms) = (Handle(slow.object), i64::from(slow.ms));
            self.host.engine.say(Level::Warn, text, object, (Status::OK, 0), ms);
        }
    }

    /// However a run was left, no callback is under way any more; a pulled event may be.
    pub fn meter_left(&mut self) {
        if self.meter.as_ref().is_some_and(|meter| matches!(meter.now, Now::Call | Now::Hook)) {
            self.meter_end();
        }
    }

    /// The call that tells of a slow callback, if there was one.
    pub fn slow_call(&mut self) -> Option<Call> {
        let meter = self.meter.as_mut()?;
        let Slow { kind, object, ms } = meter.slow.take()?;
        let (on_slow, user) = meter.on_slow?;
        Some(Call::Slow(on_slow, self.handle.0, kind, object, ms, user.ptr))
    }

    /// The watchdog ends with its loop.
    pub fn drop_watchdog(&mut self) {
        self.set_watchdog(0, None);
    }
}

/// Has callbacks watched: each that takes `slow_ms` or longer is counted, said to the log hook, and
/// told to `on_slow` before the next callback; and wc_loop_busy names the one that runs. Costs two
/// looks at the clock for each callback. A hook that takes so long is counted, and told to none. In
/// the pull face what is watched is the time from one wc_loop_next to the next. A second call
/// replaces what the first one set.
///
/// [loop thread]
///
/// @param loop_      the loop
/// @param slow_ms    how long is long; 0: no watchdog
/// @param on_slow    the hook; may be null
/// @param user       goes to the hook
/// @param free_user  called once with user when the hook was replaced, or when the loop has ended;
///                   also if this call fails, before it returns; may be null
///
/// Returns: WC_OK; WC_E_LIMIT if too many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// The callbacks may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_loop_set_watchdog(
    loop_: wc_loop,
    slow_ms: u32,
    on_slow: wc_slow_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let set = with(loop_, Kind::Loop, |core| {
        core.expect_hook_room(on_slow.is_some() && slow_ms > 0, &user)?;
        match on_slow {
            Some(hook) if slow_ms > 0 => core.set_watchdog(slow_ms, Some((hook, user))),
            _ => {
                core.set_watchdog(slow_ms, None);
                core.bindings.release_later(user);
            }
        }
        Ok(Handle::NONE)
    });
    // SAFETY: nothing is written to null.
    unsafe { user.settle(set, std::ptr::null_mut()) }
}

/// What callback a loop is in, and since when: for a thread that watches over loops. The loop tells
/// only with a watchdog (wc_loop_set_watchdog, or the options slow_ms and measure).
///
/// [any thread]
///
/// @param loop_   the loop
/// @param kind    where the kind of its event is written, WC_EVENT_...; 0 for a free_user function
///                or a hook; may be null
/// @param object  where the handle is written that it was called with, or 0; may be null
/// @param ms      where it is written how long it has run so far; may be null
///
/// Returns: WC_OK with a callback; WC_NONE if the loop is in none; WC_E_STATE if it does not tell;
/// WC_E_BADHANDLE, WC_E_GONE, WC_E_FORKED.
///
/// # Safety
/// Each output is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_busy(
    loop_: wc_loop,
    kind: *mut i32,
    object: *mut u64,
    ms: *mut u64,
) -> wc_status {
    flat(guard(|| {
        Handle(loop_).expect(Kind::Loop)?;
        let pulse = table::find_pulse(Handle(loop_))?;
        let (on, beat) = (pulse.is_on(), pulse.read());
        // Looked at again: what was read may be of a loop that took over the number.
        table::find_pulse(Handle(loop_))?;
        let beat = match beat {
            _ if !on => return Err(Status::STATE),
            None => return Ok(Status::NONE),
            Some(beat) => beat,
        };
        // SAFETY: the caller's promise; null is left out.
        unsafe {
            if !kind.is_null() {
                give::put(kind, beat.kind)?;
            }
            if !object.is_null() {
                give::put(object, beat.object)?;
            }
            if !ms.is_null() {
                give::put(ms, ticks().saturating_sub(beat.since) / 1_000_000)?;
            }
        }
        Ok(Status::OK)
    }))
}

/// A histogram of a loop that was made with the option measure. Bucket i counts what took 2^i
/// nanoseconds up to less than 2^(i+1), the first one also what took nothing, the last one also all
/// that took longer.
///
/// [loop thread]
///
/// @param loop_   the loop
/// @param which   WC_HISTOGRAM_...
/// @param counts  where WC_HISTOGRAM_BUCKETS counts are written
/// @param room    how many counts have room there
///
/// Returns: WC_OK; WC_E_INVAL for another histogram, null counts, or too little room; WC_E_STATE if
/// the loop does not measure; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `counts` is null or has room for as many counts as said.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_get_histogram(
    loop_: wc_loop,
    which: c_int,
    counts: *mut u64,
    room: usize,
) -> wc_status {
    code(with(loop_, Kind::Loop, |core| {
        if room < BUCKETS {
            return Err(Status::INVAL);
        }
        let engine = core.host.engine.measured();
        let found = match which {
            WC_HISTOGRAM_CALLBACK => engine.and(core.meter.as_ref()).map(|meter| meter.times),
            WC_HISTOGRAM_TURN => engine.map(|meter| meter.turns),
            WC_HISTOGRAM_LATENESS => engine.map(|meter| meter.lateness),
            _ => return Err(Status::INVAL),
        };
        let found = found.ok_or(Status::STATE)?;
        // SAFETY: the caller's promise, and the room was looked at.
        unsafe { give::put(counts.cast::<[u64; BUCKETS]>(), found.0) }
    }))
}
