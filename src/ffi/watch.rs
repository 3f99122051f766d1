// SPDX-License-Identifier: MIT OR Apache-2.0
//! Watchers in C: any descriptor of the program, told when it is ready.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::User;
use super::give;
use super::guard::{code, with};
use super::types::{wc_free_fn, wc_loop, wc_status, wc_watch};
use crate::base::{Handle, Kind, Status};
use crate::engine::Ready;
use crate::reactor::Interest;
use crate::sys::Fd;
use std::ffi::{c_int, c_void};

/// A read will not wait: there is input, its end, an error, or a connection to accept.
pub const WC_READ: u32 = 1;
/// A write will not wait: there is room, or an error.
pub const WC_WRITE: u32 = 2;
/// Tell each arrival once, where the backend can: read or write then until that would wait.
pub const WC_EDGE: u32 = 8;
/// Tell one event and then nothing until wc_watch_set is called again.
pub const WC_ONCE: u32 = 16;
/// The library closes the descriptor when the watcher ends.
pub const WC_ADOPT: u32 = 32;
/// Told only, where the backend can (WC_FEATURE_HANGUP): the peer has ended its output, or both
/// directions are down. There may still be input to read.
pub const WC_HANGUP: u32 = 64;
/// Told only, where the backend can: an error is pending, which the next read or write gives.
pub const WC_ERROR: u32 = 128;

const _: () = {
    assert!(WC_READ == Ready::READ.bits() as u32 && WC_WRITE == Ready::WRITE.bits() as u32);
    assert!(WC_HANGUP == Ready::HANGUP.bits() as u32 && WC_ERROR == Ready::ERROR.bits() as u32);
};

/// A watched descriptor is ready for what is in `ready`: WC_READ, WC_WRITE, WC_HANGUP, WC_ERROR. An
/// end or an error shows as the readiness that was asked for, too.
pub type wc_watch_fn =
    Option<unsafe extern "C-unwind" fn(watch: wc_watch, ready: u32, user: *mut c_void)>;

/// What C asks for, as the engine knows it; INVAL for bits that cannot be asked for.
fn interest(bits: u32, allowed: u32) -> Result<Interest, Status> {
    if bits & !allowed != 0 {
        return Err(Status::INVAL);
    }
    let pairs = [
        (WC_READ, Interest::READ),
        (WC_WRITE, Interest::WRITE),
        (WC_EDGE, Interest::EDGE),
        (WC_ONCE, Interest::ONCE),
    ];
    let asked = pairs.iter().filter(|(bit, _)| bits & bit != 0);
    Ok(asked.fold(Interest::NONE, |all, (_, one)| all | *one))
}

const ASKED: u32 = WC_READ | WC_WRITE | WC_EDGE | WC_ONCE;

/// Watches a descriptor: a socket, a pipe, a terminal, a FIFO, whatever can be waited for. What is
/// on disk is always ready, on every backend: each turn of the loop tells it. The descriptor should
/// be non-blocking; end the watcher before it is closed. Level-triggered unless WC_EDGE is given.
///
/// [loop thread]
///
/// @param loop_      the loop
/// @param fd         the descriptor; it stays the program's, unless WC_ADOPT is given: then it is
///                   the library's from here on if this succeeds
/// @param bits       WC_READ, WC_WRITE, both or none, with WC_EDGE, WC_ONCE, WC_ADOPT
/// @param on_ready   the callback; may be null for a program that pulls events
/// @param user       goes to the callback
/// @param free_user  called once with user when the watcher has ended; also if this call fails,
///                   before it returns; may be null
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for other bits; WC_E_BACKEND if WC_EDGE is not to be had (see
/// wc_backend_features); WC_E_INUSE if this loop watches the descriptor already; WC_E_NOFILES for
/// one that select(2) cannot hold; WC_E_OS if it is not open; WC_E_NOMEM; WC_E_LIMIT; WC_E_STATE
/// while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
/// See epoll_ctl(2), kevent(2).
///
/// # Safety
/// `out` is null or writable; the callbacks may be called with `user`; a descriptor that is adopted
/// is nobody else's.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_watch_start(
    loop_: wc_loop,
    fd: c_int,
    bits: u32,
    on_ready: wc_watch_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_watch,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let started = with(loop_, Kind::Loop, |core| {
        give::expect_spare(out)?;
        let interest = interest(bits, ASKED | WC_ADOPT)?;
        core.bindings.expect_room()?;
        let callbacks = Callbacks::Watch(on_ready);
        let owner = core.bindings.insert(Binding { callbacks, user });
        let fd = Fd::from(fd);
        let started = core.host.engine.start_watch(fd, interest, owner).inspect(|watch| {
            if bits & WC_ADOPT != 0 {
                // SAFETY: it is open, as its watcher shows, and the caller has given it away.
                core.host.engine.adopt_watched(*watch, unsafe { fd.own() });
            }
        });
        started.inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(started, out) }
}

/// Asks for something else from now on, or once more after WC_ONCE; also in the watcher's own
/// callback. What the kernel had told before and the program was not told yet is forgotten, and
/// told again if it still holds.
///
/// [loop thread]
///
/// @param watch  the watcher
/// @param bits   WC_READ, WC_WRITE, WC_EDGE, WC_ONCE; 0 pauses it
///
/// Returns: WC_OK; WC_E_INVAL for other bits; WC_E_BACKEND; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD,
/// WC_E_FORKED, WC_E_PANIC. What the system refuses later is told as WC_ERROR.
#[unsafe(no_mangle)]
pub extern "C" fn wc_watch_set(watch: wc_watch, bits: u32) -> wc_status {
    code(with(watch, Kind::Watch, |core| {
        core.host.engine.set_watch(Handle(watch), interest(bits, ASKED)?)
    }))
}

/// Ends a watcher: nothing more is told, also not what has happened already. The loop has forgotten
/// the descriptor before this returns; one that was adopted is closed. The user pointer goes back
/// before the next callback.
///
/// [loop thread]
///
/// @param watch  the watcher
///
/// Returns: WC_OK; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_watch_stop(watch: wc_watch) -> wc_status {
    code(with(watch, Kind::Watch, |core| {
        let (owner, adopted) = core.host.engine.stop_watch(Handle(watch))?;
        core.ended(Handle(watch), owner);
        drop(adopted);
        Ok(())
    }))
}

/// Ends a watcher, as wc_watch_stop does, and gives its descriptor to the program, open, also if it
/// was adopted.
///
/// [loop thread]
///
/// @param watch  the watcher
/// @param fd     where the descriptor is written
///
/// Returns: WC_OK; WC_E_INVAL for a null fd; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `fd` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_watch_release(watch: wc_watch, fd: *mut c_int) -> wc_status {
    code(with(watch, Kind::Watch, |core| {
        give::expect_out(fd)?;
        let number = core.host.engine.watch_fd(Handle(watch))?;
        let (owner, adopted) = core.host.engine.stop_watch(Handle(watch))?;
        core.ended(Handle(watch), owner);
        adopted.map(Fd::leave);
        // SAFETY: the caller's promise.
        unsafe { give::put(fd, number.raw()) }
    }))
}

/// The descriptor of a watcher.
///
/// [loop thread]
///
/// @param watch  the watcher
/// @param fd     where the descriptor is written; it stays where it was. -1 if the program closed
///               it and its number went to a connection of this loop
///
/// Returns: WC_OK; WC_E_INVAL for a null fd; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `fd` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_watch_fd(watch: wc_watch, fd: *mut c_int) -> wc_status {
    code(with(watch, Kind::Watch, |core| {
        let number = core.host.engine.watch_fd(Handle(watch))?;
        // SAFETY: the caller's promise.
        unsafe { give::put(fd, number.raw()) }
    }))
}
