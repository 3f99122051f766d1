// SPDX-License-Identifier: MIT OR Apache-2.0
//! Children in C: starting one, signalling it, ending it. Is not: its options, which are in
//! `ffi::child_options`.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::{Call, User};
use super::child_options::{Refusal, wc_child_options, wc_child_stdio, wc_child_usage, wc_exit_fn};
use super::core::Core;
use super::give::{self, Versioned};
use super::guard::{code, guard, with};
use super::listener::wc_listener_callbacks;
use super::types::{wc_child, wc_conn, wc_free_fn, wc_loop, wc_status};
use crate::base::{Handle, Kind, Status};
use crate::engine::Spawn;
use crate::net::Owner;
use std::ffi::c_void;

/// What the caller asks for, read once.
struct Asked {
    options: wc_child_options,
    stdio: [Result<wc_child_stdio, Status>; 3],
}

impl Asked {
    /// # Safety
    /// The pointers are what their fields say.
    unsafe fn read(options: *const wc_child_options) -> Result<Asked, Status> {
        // SAFETY: the caller's promise.
        unsafe {
            let options = give::read(options)?;
            Ok(Asked { options, stdio: options.stdio() })
        }
    }

    /// The user pointers that streams take.
    fn taken(&self) -> [Option<User>; 3] {
        self.stdio.map(|stdio| stdio.ok().and_then(|stdio| stdio.taken()))
    }
}

impl Core {
    /// Starts what is asked for; on failure its user pointers are the caller's again.
    ///
    /// # Safety
    /// The pointers are what their fields say.
    unsafe fn spawn(
        &mut self,
        asked: &Asked,
        on_exit: wc_exit_fn,
        user: User,
    ) -> Result<Handle, Status> {
        let mut owners = Vec::new();
        // SAFETY: the caller's promise.
        let started = unsafe {
            self.try_spawn(
                asked,
                Binding { callbacks: Callbacks::Child(on_exit), user },
                &mut owners,
            )
        };
        if started.is_err() {
            owners.into_iter().for_each(|owner| self.bindings.take_back(owner));
        }
        started
    }

    /// The owners that it makes stand in `owners` also if it fails.
    ///
    /// # Safety
    /// The pointers are what their fields say.
    unsafe fn try_spawn(
        &mut self,
        asked: &Asked,
        binding: Binding,
        owners: &mut Vec<Owner>,
    ) -> Result<Handle, Status> {
        let options = &asked.options;
        // SAFETY: the caller's promise.
        let program = unsafe { options.program()? };
        let mut plans = Vec::new();
        for (which, stdio) in (0..).zip(asked.stdio) {
            let stdio = stdio?;
            let bindings = &mut self.bindings;
            let stream = |callbacks| {
                let callbacks =
                    Callbacks::Conn(Box::new((callbacks, wc_listener_callbacks::defaults())));
                let user = stdio.taken().expect("it is a stream");
                let owner = bindings.insert(Binding { callbacks, user });
                owners.push(owner);
                owner
            };
            // SAFETY: the caller's promise.
            plans.push(unsafe { stdio.plan(which, stream) }.map_err(|refusal| match refusal {
                Refusal::Status(status) => status,
                Refusal::System(error) => self.host.engine.refused(&error),
            })?);
        }
        let owner = self.bindings.insert(binding);
        owners.push(owner);
        let stdio = plans.try_into().ok().expect("there are three");
        let (wall_ms, grace_ms, output_ms) = (options.wall_ms, options.grace_ms, options.output_ms);
        self.host.engine.spawn(Spawn { program, stdio, wall_ms, grace_ms, output_ms, owner })
    }
}

/// Starts a child process. When this returns WC_OK the program runs: what keeps it from being
/// started, in the child too, is an error of this call. The child has its three standard
/// descriptors and no other, whatever the program has open; its signals are neither blocked nor
/// ignored. Its end is told once, by on_exit, and leaves no zombie; the program must not wait for
/// it itself.
///
/// [loop thread] It waits for the exec, which takes as long as the disk does.
///
/// @param loop_      the loop
/// @param options    what runs, and how; copied, with all that it points to
/// @param on_exit    the callback; may be null for a program that pulls events
/// @param user       goes to the callback
/// @param free_user  called once with user after on_exit; also if this call fails, before it
///                   returns; may be null
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for what contradicts itself or is missing; WC_E_VERSION;
/// WC_E_NOTFOUND if there is no such program, directory or file; WC_E_ACCESS if it may not be run
/// or opened; WC_E_LIMIT if too many children or connections are alive; WC_E_AGAIN for too many
/// processes; WC_E_NOFILES; WC_E_NOMEM; WC_E_OS for the rest (ENOEXEC for what is no program: see
/// wc_loop_os_error); WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See fork(2), execve(2).
///
/// # Safety
/// The structs are initialised and their pointers what their fields say; `out` is null or writable;
/// the callbacks may be called with their user pointers.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_child_spawn(
    loop_: wc_loop,
    options: *const wc_child_options,
    on_exit: wc_exit_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_child,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    // SAFETY: the caller's promise.
    let asked = guard(|| unsafe { Asked::read(options) });
    let taken = asked.as_ref().map_or([None; 3], Asked::taken);
    let started = asked.and_then(|asked| {
        give::expect_spare(out)?;
        // SAFETY: the caller's promise.
        with(loop_, Kind::Loop, |core| unsafe { core.spawn(&asked, on_exit, user) })
    });
    if started.is_err() {
        for user in taken.into_iter().flatten() {
            // SAFETY: nothing of the library is borrowed, and the pointers are the program's.
            unsafe { Call::Free(user).invoke() };
        }
    }
    // SAFETY: the caller's promise.
    unsafe { user.settle(started, out) }
}

/// Sends a signal to a child, or with WC_CHILD_GROUP to all of its group. What the child does of it
/// is its affair; to end it for certain there is wc_child_stop.
///
/// [loop thread]
///
/// @param child   the child
/// @param number  the signal: SIGHUP, ...
///
/// Returns: WC_OK; WC_E_INVAL for a number that is no signal; WC_E_STATE if it has exited, or the
/// program has waited for it itself; WC_E_ACCESS if it may not be signalled; WC_E_GONE,
/// WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See kill(2).
#[unsafe(no_mangle)]
pub extern "C" fn wc_child_kill(child: wc_child, number: i32) -> wc_status {
    code(with(child, Kind::Child, |core| match number {
        1.. => core.host.engine.kill_child(Handle(child), number),
        _ => Err(Status::INVAL),
    }))
}

/// Ends a child, with its group: SIGTERM now, SIGKILL when the grace time is over. Whatever is left
/// of the group when the child itself has ended and its output, too, is killed. on_exit follows,
/// with WC_E_CANCELLED unless the child has exited before; where somebody outside of the group
/// holds its output open, that is after output_ms. Of several calls the shortest grace counts.
///
/// [loop thread]
///
/// @param child     the child
/// @param grace_ms  ms until SIGKILL; 0: SIGKILL at once
///
/// Returns: WC_OK; WC_E_STATE if it is over and its last word not said yet; WC_E_GONE;
/// WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_child_stop(child: wc_child, grace_ms: u32) -> wc_status {
    code(with(child, Kind::Child, |core| core.host.engine.stop_child(Handle(child), grace_ms)))
}

/// The process number of a child. Until on_exit is called it is no other process's.
///
/// [loop thread]
///
/// @param child  the child
/// @param pid    where the number is written
///
/// Returns: WC_OK; WC_E_INVAL for a null pid; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `pid` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_child_pid(child: wc_child, pid: *mut i32) -> wc_status {
    code(with(child, Kind::Child, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(pid, core.host.engine.child_pid(Handle(child))?) }
    }))
}

/// The connection that is one of a child's standard descriptors. All that can be done with a
/// connection can be done with it; nothing can be sent on an output. It ends when the child closes
/// its end, with WC_E_RESET if the child has left bytes unread.
///
/// [loop thread]
///
/// @param child  the child
/// @param which  WC_CHILD_IN, WC_CHILD_OUT or WC_CHILD_ERR
/// @param conn   where the handle is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_STATE if it is no stream; WC_E_GONE if the stream or the child
/// has ended; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `conn` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_child_stream(
    child: wc_child,
    which: i32,
    conn: *mut wc_conn,
) -> wc_status {
    code(with(child, Kind::Child, |core| {
        let which = usize::try_from(which).map_err(|_| Status::INVAL)?;
        let stream = core.host.engine.child_stream(Handle(child), which)?;
        // SAFETY: the caller's promise.
        unsafe { give::put(conn, stream.0) }
    }))
}

/// What a child has used: known when on_exit is called, or its event is pulled.
///
/// [loop thread]
///
/// @param child  the child
/// @param out    where it is written, its size set by the caller
///
/// Returns: WC_OK; WC_E_STATE if the child is not over, or how it ended is not known; WC_E_INVAL;
/// WC_E_VERSION; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See getrusage(2).
///
/// # Safety
/// `out` is null or an initialised, writable struct.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_child_get_usage(
    child: wc_child,
    out: *mut wc_child_usage,
) -> wc_status {
    code(with(child, Kind::Child, |core| {
        let used = core.host.engine.child_usage(Handle(child))?;
        let usage = wc_child_usage {
            user_us: used.user_us,
            system_us: used.system_us,
            max_rss_bytes: used.max_rss_bytes,
            ..wc_child_usage::defaults()
        };
        // SAFETY: the caller's promise.
        unsafe { give::write(out, &usage) }
    }))
}
