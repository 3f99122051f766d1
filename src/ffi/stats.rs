// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be seen of a loop from outside: backends, time, counters, the last refusal.
#![allow(non_camel_case_types)]

use super::core::Core;
use super::give::{self, Versioned};
use super::guard::{code, with};
use super::types::{wc_loop, wc_status, wc_str};
use crate::base::{Kind, Status};
use crate::reactor::{self, Features};
use std::ffi::c_char;

/// What a loop has counted since it was made. Set size before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_loop_stats {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// Waits for the kernel.
    pub turns: u64,
    /// Kernel events taken.
    pub events: u64,
    /// Of these, events for objects that were gone already.
    pub stale_events: u64,
    /// Connections accepted or made.
    pub accepted: u64,
    /// Connections ended.
    pub closed: u64,
    /// Times that a listener paused.
    pub accept_pauses: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// HTTP requests begun.
    pub requests: u64,
    /// Times that a timer fired.
    pub timers_fired: u64,
    /// Jobs of other threads taken, and times that a wc_post was told.
    pub posts: u64,
    /// Of what other threads sent on connections and answered to requests, what could not go out:
    /// the connection had ended, or its output, or HTTP was spoken on it, or the request was over.
    pub posts_dropped: u64,
    /// Connections now.
    pub connections: u32,
    /// Open listeners now.
    pub listeners: u32,
    /// Timers now.
    pub timers: u32,
    /// HTTP requests now.
    pub live_requests: u32,
    /// Watchers of descriptors that live.
    pub watches: u32,
    /// Watchers of signals that live.
    pub signals: u32,
    /// Children that live.
    pub children: u32,
    /// Pools of threads now.
    pub pools: u32,
    /// Jobs of pools now.
    pub jobs: u32,
    /// Posts made by wc_post_new now.
    pub post_objects: u32,
    /// Waits that another thread or a signal handler ended.
    pub wakeups: u64,
    /// Of timers_fired, those later than LATE_MS (docs/LIMITS.md) after their time.
    pub late_timers: u64,
    /// Callbacks, hooks and free_user functions called; 0 unless the loop measures or has a
    /// watchdog, as the three below.
    pub callbacks: u64,
    /// Nanoseconds in them.
    pub callback_ns: u64,
    /// Nanoseconds in the longest of them.
    pub longest_callback_ns: u64,
    /// Of callbacks, those that took slow_ms or longer.
    pub slow_callbacks: u64,
    /// Transitions that the trace hook was not told, because too many were kept.
    pub transitions_dropped: u64,
    /// Lines that the log hook was not told, for the same reason.
    pub lines_dropped: u64,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_loop_stats {
    const FIRST: usize = size_of::<wc_loop_stats>();
    fn defaults() -> wc_loop_stats {
        wc_loop_stats {
            size: size_of::<wc_loop_stats>(),
            turns: 0,
            events: 0,
            stale_events: 0,
            accepted: 0,
            closed: 0,
            accept_pauses: 0,
            bytes_received: 0,
            bytes_sent: 0,
            requests: 0,
            timers_fired: 0,
            posts: 0,
            posts_dropped: 0,
            connections: 0,
            listeners: 0,
            timers: 0,
            live_requests: 0,
            watches: 0,
            signals: 0,
            children: 0,
            pools: 0,
            jobs: 0,
            post_objects: 0,
            wakeups: 0,
            late_timers: 0,
            callbacks: 0,
            callback_ns: 0,
            longest_callback_ns: 0,
            slow_callbacks: 0,
            transitions_dropped: 0,
            lines_dropped: 0,
        }
    }
}

/// How many backends this machine has.
///
/// [any thread]
///
/// Returns: at least 1.
#[unsafe(no_mangle)]
pub extern "C" fn wc_backend_count() -> usize {
    reactor::BACKENDS.len()
}

/// The backend can tell each arrival once: WC_EDGE has an effect.
pub const WC_FEATURE_EDGE: u32 = 1;

/// The backend tells hang-ups and errors as such, to who neither reads nor writes, too. Without it
/// the next read or write tells: a connection that is paused hears of a reset when it goes on.
pub const WC_FEATURE_HANGUP: u32 = 2;

/// The backend has a descriptor that another loop can wait on.
pub const WC_FEATURE_DESCRIPTOR: u32 = 4;

/// The name of a backend, the preferred one first: "epoll", "kqueue", "poll", "select". Man pages:
/// epoll(7), kqueue(2), poll(2), select(2).
///
/// [any thread]
///
/// @param index  less than wc_backend_count()
///
/// Returns: a text that stands as long as the library is loaded; null past the end.
#[unsafe(no_mangle)]
pub extern "C" fn wc_backend_name(index: usize) -> *const c_char {
    reactor::BACKENDS.get(index).map_or(std::ptr::null(), |backend| backend.c_name.as_ptr())
}

/// What a backend can do that others cannot.
///
/// [any thread]
///
/// @param index  less than wc_backend_count()
/// @param bits   where a sum of WC_FEATURE_... is written
///
/// Returns: WC_OK; WC_E_INVAL past the end, or for a null pointer.
///
/// # Safety
/// `bits` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_backend_features(index: usize, bits: *mut u32) -> wc_status {
    let Some(backend) = reactor::BACKENDS.get(index) else { return Status::INVAL.0 };
    // SAFETY: the caller's promise.
    code(unsafe { give::put(bits, backend.features.bits()) })
}

const _: () = assert!(
    Features::EDGE.bits() == WC_FEATURE_EDGE
        && Features::HANGUP.bits() == WC_FEATURE_HANGUP
        && Features::DESCRIPTOR.bits() == WC_FEATURE_DESCRIPTOR
);

/// The time of the loop: that of the wait that returned last, in ms since the loop was made.
///
/// [loop thread]
///
/// @param loop_  the loop
/// @param ms     where it is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `ms` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_now(loop_: wc_loop, ms: *mut u64) -> wc_status {
    // SAFETY: the caller's promise.
    code(with(loop_, Kind::Loop, |core| unsafe { give::put(ms, core.host.engine.now().0) }))
}

/// The time of the loop as it is now: the clock is read. What is due is decided by wc_loop_now all
/// the same.
///
/// [loop thread]
///
/// @param loop_  the loop
/// @param ms     where it is written, in ms since the loop was made
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `ms` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_now_fresh(loop_: wc_loop, ms: *mut u64) -> wc_status {
    code(with(loop_, Kind::Loop, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(ms, core.host.engine.fresh().floor().0) }
    }))
}

/// The name of the loop's backend.
///
/// [loop thread]
///
/// @param loop_  the loop
/// @param name   where it is written; it stands as long as the library is loaded
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `name` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_backend(loop_: wc_loop, name: *mut wc_str) -> wc_status {
    code(with(loop_, Kind::Loop, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(name, give::lend(core.host.engine.backend().as_bytes())) }
    }))
}

/// The operating system's number (errno) of the last refusal in this loop; for logs.
///
/// [loop thread]
///
/// @param loop_   the loop
/// @param number  where it is written; 0 if there was none
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `number` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_os_error(loop_: wc_loop, number: *mut i32) -> wc_status {
    // SAFETY: the caller's promise.
    code(with(loop_, Kind::Loop, |core| unsafe { give::put(number, core.host.engine.os_error()) }))
}

/// What the loop has counted.
///
/// [loop thread]
///
/// @param loop_  the loop
/// @param out    the counters, its size set by the caller
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `out` is null or an initialised, writable struct.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_get_stats(loop_: wc_loop, out: *mut wc_loop_stats) -> wc_status {
    code(with(loop_, Kind::Loop, |core| {
        let stats = core.stats();
        // SAFETY: the caller's promise.
        unsafe { give::write(out, &stats) }
    }))
}

impl Core {
    fn stats(&self) -> wc_loop_stats {
        let counted = self.host.engine.stats();
        let alive = self.host.engine.alive();
        let meter = self.meter.as_ref();
        wc_loop_stats {
            size: size_of::<wc_loop_stats>(),
            turns: counted.turns,
            events: counted.events,
            stale_events: counted.stale_events,
            accepted: counted.accepted,
            closed: counted.closed,
            accept_pauses: counted.accept_pauses,
            bytes_received: counted.bytes_received,
            bytes_sent: counted.bytes_sent,
            requests: self.host.requests_begun(),
            timers_fired: counted.timers_fired,
            posts: counted.posts,
            posts_dropped: counted.posts_dropped,
            connections: alive.connections as u32,
            listeners: alive.listeners as u32,
            timers: alive.timers as u32,
            live_requests: self.host.live_requests() as u32,
            watches: alive.watches as u32,
            signals: alive.signals as u32,
            children: alive.children as u32,
            pools: alive.pools as u32,
            jobs: alive.jobs as u32,
            post_objects: alive.post_objects as u32,
            wakeups: counted.wakeups,
            late_timers: counted.late_timers,
            callbacks: meter.map_or(0, |meter| meter.count),
            callback_ns: meter.map_or(0, |meter| meter.nanos),
            longest_callback_ns: meter.map_or(0, |meter| meter.longest),
            slow_callbacks: meter.map_or(0, |meter| meter.slow_count),
            transitions_dropped: counted.transitions_dropped,
            lines_dropped: counted.lines_dropped,
        }
    }
}
