// SPDX-License-Identifier: MIT OR Apache-2.0
//! The loop in C: making, running, pulling, stopping, posting, freeing. Is not: the dispatch
//! itself, in `ffi::run`.
#![allow(non_camel_case_types)]

use super::call::PlainFn;
use super::core::{Core, Goal, Next, parcel};
use super::event::wc_event;
use super::give::{self, Versioned};
use super::guard::{self, code, guard, with};
use super::run::{Running, free_loop, free_poisoned};
use super::table;
use super::types::{wc_free_fn, wc_loop, wc_status};
use crate::base::{Handle, Kind, Status};
use crate::engine::{Loop, Message, Settings};
use crate::http::Host;
use crate::sys;
use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

/// How a loop is made. Fill it with wc_loop_options_init, then change what you want.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_loop_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// The backend by its exact name, "auto" for the preferred one of this machine, or null: the
    /// one that the environment variable WEBCORE_BACKEND names, else the preferred one.
    pub backend: *const c_char,
    /// Most connections at a time, streams of children among them; 0: the default of
    /// docs/LIMITS.md, which is less where the process may have few descriptors.
    pub max_connections: u32,
    /// Not 0: wc_loop_run goes on waiting though nothing is alive that could make an event, for
    /// jobs that other threads will post.
    pub stay: u32,
    /// Not 0: the loop measures itself: histograms (wc_loop_get_histogram) and the time in
    /// callbacks (wc_loop_get_stats). Costs two looks at the clock for each callback and one for
    /// each turn.
    pub measure: u32,
    /// Callbacks that take so many ms or longer are counted and said to the log hook, and
    /// wc_loop_busy names the one that runs; 0: none. wc_loop_set_watchdog can change it.
    pub slow_ms: u32,
}

// SAFETY: repr(C), size first, integers and pointers only.
unsafe impl Versioned for wc_loop_options {
    const FIRST: usize = size_of::<wc_loop_options>();
    fn defaults() -> wc_loop_options {
        wc_loop_options {
            size: size_of::<wc_loop_options>(),
            backend: std::ptr::null(),
            max_connections: 0,
            stay: 0,
            measure: 0,
            slow_ms: 0,
        }
    }
}

/// A job that runs on the loop's thread.
pub type wc_post_fn = Option<unsafe extern "C-unwind" fn(loop_: wc_loop, user: *mut c_void)>;

/// Fills loop options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_loop_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_options_init(
    options: *mut wc_loop_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}

/// Makes a loop. It belongs to the calling thread: calls from others answer WC_E_THREAD, but for
/// the ones marked [any thread]. Free it with wc_loop_free.
///
/// [any thread]
///
/// @param options  how, or null for the defaults; copied
/// @param out      where the handle is written
///
/// Returns: WC_OK; WC_E_INVAL for a null out; WC_E_VERSION; WC_E_BACKEND if there is no backend of
/// that name; WC_E_LIMIT if too many loops are alive; WC_E_NOFILES, WC_E_NOMEM or WC_E_OS if the
/// system refuses. See epoll_create(2), eventfd(2).
///
/// # Safety
/// `options` is null or an initialised struct; `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_new(
    options: *const wc_loop_options,
    out: *mut wc_loop,
) -> wc_status {
    code(guard(|| {
        give::expect_out(out)?;
        // SAFETY: the caller's promise.
        let options = unsafe { give::read_or_default(options)? };
        // SAFETY: the caller's promise: null, or a NUL-terminated text.
        let backend = unsafe { give::text(options.backend)? };
        guard::silence_panics();
        sys::process::install_fork_guard().map_err(|_| Status::NOMEM)?;
        let place = table::reserve()?;
        let settings = Settings {
            number: place.number,
            floor: place.floor,
            backend,
            max_connections: options.max_connections,
        };
        let engine = Loop::new(&settings).map_err(|(status, _)| {
            table::give_back(&place);
            status
        })?;
        let door = Arc::clone(engine.door());
        let host = Host::new(engine, &settings);
        let handle = table::publish(&place, Box::new(Core::new(host, options.stay != 0)), door);
        with(handle.0, Kind::Loop, |core| {
            core.handle = handle;
            core.watch_time(options.measure != 0, options.slow_ms);
            Ok(())
        })?;
        // SAFETY: the caller's promise.
        unsafe { give::put(out, handle.0) }
    }))
}

/// Runs the loop: waits, and calls back for what happens. It returns when wc_loop_stop is called,
/// and, unless the option stay is set, when nothing is alive any more that could make an event: no
/// listener, no connection, no timer, no watcher of a descriptor or a signal, no post of
/// wc_post_new, no job, no child.
///
/// [loop thread] Not from a callback of the same loop.
///
/// @param loop_  the loop
///
/// Returns: WC_OK; WC_E_REENTRANT from a callback; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD,
/// WC_E_FORKED; WC_E_OS, WC_E_NOMEM if the system refuses to wait; WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn wc_loop_run(loop_: wc_loop) -> wc_status {
    guard::flat(Running::begin(loop_).and_then(|running| running.run(Goal::ALL)))
}

/// Waits for the next event and hands it out instead of calling back. What the library does by
/// itself where a callback is null (closing after the end of input or the idle time) is the
/// program's to do, or wc_loop_dispatch's.
///
/// [loop thread] Not from a callback of the same loop.
///
/// @param loop_       the loop
/// @param timeout_ms  how long to wait at the longest; 0: not at all; WC_FOREVER: without end
/// @param out         the event, its size set; data in it stands until the next call
///
/// Returns: WC_OK with an event; WC_NONE if the time is up, or if nothing is alive that could make
/// an event; WC_STOPPED after wc_loop_stop, once; WC_E_INVAL, WC_E_VERSION, and as wc_loop_run.
///
/// # Safety
/// `out` is null or an initialised, writable struct.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_loop_next(
    loop_: wc_loop,
    timeout_ms: i32,
    out: *mut wc_event,
) -> wc_status {
    let next = || {
        let running = Running::begin(loop_)?;
        // SAFETY: the caller's promise; looked at before an event is taken, so that none is lost.
        unsafe { give::read(out) }?;
        let until = with(loop_, Kind::Loop, |core| Ok(core.until(timeout_ms)))?;
        match running.pull(Goal { until, ..Goal::ALL })? {
            Next::Event => {
                let event = with(loop_, Kind::Loop, |core| Ok(core.event))?;
                // SAFETY: as above.
                unsafe { give::write(out, &event) }?;
                Ok(Status::OK)
            }
            Next::Stopped => Ok(Status::STOPPED),
            Next::None | Next::Idle | Next::Call(_) => Ok(Status::NONE),
        }
    };
    guard::flat(next())
}

/// Calls back for the event that wc_loop_next handed out last, as wc_loop_run would have; so a
/// program can handle some kinds of events itself and leave the rest to callbacks. For a second
/// call on the same event the callback is called again.
///
/// [loop thread] Not from a callback of the same loop.
///
/// @param loop_  the loop
///
/// Returns: WC_OK; WC_E_REENTRANT, and as wc_loop_run.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn wc_loop_dispatch(loop_: wc_loop) -> wc_status {
    code(Running::begin(loop_).and_then(|running| running.dispatch()))
}

/// Makes the loop ready to be waited for elsewhere: it is told what to wait on and for how long,
/// and the kernel what to look for. Wait then with poll(2), select(2) or a loop of another library
/// until the descriptor is readable or the time is up, and call wc_loop_step, which may find that
/// there is nothing. A call on anything of the loop may change what was answered: prepare again
/// before each wait.
///
/// [loop thread] Not from a callback of the same loop.
///
/// @param loop_       the loop
/// @param fd          where the descriptor is written; it is the loop's: wait for it, and do
///                    nothing else with it
/// @param timeout_ms  where the time is written; 0: there is work now; -1: without end
///
/// Returns: WC_OK; WC_E_BACKEND where the backend has no such descriptor: see WC_FEATURE_DESCRIPTOR
/// (the option backend "auto" takes one that has, whatever WEBCORE_BACKEND says);
/// WC_E_INVAL for null; WC_E_REENTRANT from a callback; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD,
/// WC_E_FORKED; WC_E_OS, WC_E_NOMEM if the system refuses; WC_E_PANIC. See epoll(7), kqueue(2).
///
/// # Safety
/// `fd` and `timeout_ms` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_prepare(
    loop_: wc_loop,
    fd: *mut c_int,
    timeout_ms: *mut i32,
) -> wc_status {
    code(with(loop_, Kind::Loop, |core| {
        give::expect_out(fd)?;
        give::expect_out(timeout_ms)?;
        let (descriptor, timeout) = core.prepare()?;
        // SAFETY: the caller's promise.
        unsafe {
            give::put(fd, descriptor.raw())?;
            give::put(timeout_ms, timeout)
        }
    }))
}

/// Works one turn: waits until something happens, once, and calls back for all that did. For what
/// is there already it calls back without waiting. With 0 it does that and returns.
///
/// [loop thread] Not from a callback of the same loop.
///
/// @param loop_       the loop
/// @param timeout_ms  how long to wait at the longest; 0: not at all; WC_FOREVER: without end
///
/// Returns: WC_OK, also if nothing happened; WC_NONE if nothing is alive any more that could make
/// an event, as ends wc_loop_run; WC_STOPPED after wc_loop_stop, once; and as wc_loop_run.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn wc_loop_step(loop_: wc_loop, timeout_ms: i32) -> wc_status {
    let step = || {
        let running = Running::begin(loop_)?;
        let until = with(loop_, Kind::Loop, |core| Ok(core.until(timeout_ms)))?;
        running.step(Goal { until, single: true, ..Goal::ALL })
    };
    guard::flat(step())
}

/// Asks the loop to stop: wc_loop_run returns after the callback at hand, wc_loop_next answers
/// WC_STOPPED. Nothing is closed. If the loop is not running, the next run stops at once.
///
/// [any thread] Also from a signal handler: it is async-signal-safe (signal-safety(7)).
///
/// @param loop_  the loop
///
/// Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn wc_loop_stop(loop_: wc_loop) -> wc_status {
    code(table::with_door(Handle(loop_), Kind::Loop, |door| door.ask_stop()))
}

/// Ends what is open in order: closes the listeners, sends what is queued, lets requests that are
/// being answered end, calling back as wc_loop_run does, until no connection is left or the time is
/// up. What is then still open is left open: wc_loop_free ends it. The streams of children are
/// connections, too, and are closed; their processes are neither stopped nor waited for: where they
/// are to end in order, wc_child_stop them and run the loop until each on_exit has come, first.
///
/// [loop thread] Not from a callback of the same loop.
///
/// @param loop_        the loop
/// @param deadline_ms  how long at the longest
///
/// Returns: WC_OK if all has ended; WC_NONE if the time is up; and as wc_loop_run.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn wc_loop_drain(loop_: wc_loop, deadline_ms: u32) -> wc_status {
    let drain = || {
        let running = Running::begin(loop_)?;
        let until = with(loop_, Kind::Loop, |core| {
            core.host.drain();
            Ok(core.deadline(deadline_ms))
        })?;
        running.run(Goal { until: Some(until), stoppable: false, drained: true, ..Goal::ALL })
    };
    guard::flat(drain())
}

/// Frees a loop. Whatever lives in it ends: each object gets its last callback, with WC_E_FREED,
/// and each user pointer goes back, before this returns. Called from a callback of the loop, it is
/// done when wc_loop_run returns, which it does after that callback. Children that run are killed,
/// each with its group: SIGKILL, without a grace time.
///
/// [loop thread]
///
/// @param loop_  the loop; its handle and those of all its objects answer WC_E_GONE from then on
///
/// Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED. A loop that answers
/// WC_E_PANIC can still be freed; its objects then end without a word.
#[unsafe(no_mangle)]
pub extern "C-unwind" fn wc_loop_free(loop_: wc_loop) -> wc_status {
    let running = with(loop_, Kind::Loop, |core| {
        // In a callback of its very freeing there is nothing left to ask for.
        core.free_wanted = core.running && !core.freeing;
        Ok(core.running)
    });
    match running {
        Ok(true) => Status::OK.0,
        Ok(false) => free_loop(loop_),
        Err(Status::PANIC) => free_poisoned(loop_),
        Err(status) => status.0,
    }
}

/// Gives the loop up, so that another thread can have it: the next thread that uses it owns it.
///
/// [loop thread] Not from a callback of the same loop.
///
/// @param loop_  the loop
///
/// Returns: WC_OK; WC_E_REENTRANT; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_loop_detach(loop_: wc_loop) -> wc_status {
    let idle = with(loop_, Kind::Loop, |core| match core.running {
        true => Err(Status::REENTRANT),
        false => Ok(()),
    });
    code(idle.and_then(|()| table::disown(Handle(loop_))))
}

/// Has the loop's thread run a job. Jobs run in the order in which they were posted.
///
/// [any thread] Not from a signal handler.
///
/// @param loop_  the loop
/// @param run    the job
/// @param user   goes to the job; it is the job's from then on
/// @param drop   called with user instead of run, if the loop ends before the job ran, or the
///               program pulled the event and did not dispatch it; may be null
///
/// Returns: WC_OK; WC_E_INVAL for a null run; WC_E_LIMIT if too many are queued; WC_E_BADHANDLE,
/// WC_E_GONE, WC_E_FORKED. With an error user stays the caller's: neither run nor drop is called.
///
/// # Safety
/// `run` and `drop` may be called with `user` on the loop's thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_loop_post(
    loop_: wc_loop,
    run: wc_post_fn,
    user: *mut c_void,
    drop: wc_free_fn,
) -> wc_status {
    code(guard(|| {
        let run: PlainFn = run.ok_or(Status::INVAL)?;
        let message = Message::Post(parcel(run, user, drop));
        table::with_door(Handle(loop_), Kind::Loop, |door| door.push(message, 0).map_err(|e| e.0))?
    }))
}
