// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log hook in C: what the library would say to people, told between callbacks. Nothing is ever
//! printed.
#![allow(non_camel_case_types)]

use super::call::{Call, LineFn, User};
use super::core::Core;
use super::guard::with;
use super::types::{wc_free_fn, wc_loop, wc_status};
use crate::base::{Handle, Kind, Status};
use crate::engine::log::{Level, Line};
use std::ffi::{c_char, c_int, c_void};

/// No line.
pub const WC_LOG_NONE: c_int = 0;
/// The loop cannot go on.
pub const WC_LOG_ERROR: c_int = 1;
/// Somebody is not served, or later than he should be: a listener that pauses, a callback that took
/// long, a descriptor that the kernel refuses to watch.
pub const WC_LOG_WARN: c_int = 2;
/// Worth knowing once: a listener that accepts again, a wall clock that was set.
pub const WC_LOG_INFO: c_int = 3;
/// For who looks for a defect: an event for an object that is gone.
pub const WC_LOG_DEBUG: c_int = 4;

const _: () = {
    assert!(WC_LOG_ERROR == Level::Error as c_int && WC_LOG_WARN == Level::Warn as c_int);
    assert!(WC_LOG_INFO == Level::Info as c_int && WC_LOG_DEBUG == Level::Debug as c_int);
};

/// A line of a loop's log. The text stands as long as the library is loaded, the struct until the
/// hook returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_log_line {
    /// Bytes of this struct as the library knows it.
    pub size: usize,
    /// The time of the loop, in ms.
    pub time_ms: u64,
    /// The handle of what it is about, or 0.
    pub object: u64,
    /// What happened, in English, NUL-terminated.
    pub text: *const c_char,
    /// A number that the text speaks of, or 0.
    pub number: i64,
    /// How much it matters: WC_LOG_...
    pub level: c_int,
    /// Why, or WC_OK.
    pub status: wc_status,
    /// The operating system's number for that, or 0.
    pub os_error: i32,
    /// Reserved; 0.
    pub reserved: i32,
}

/// The library has something to say.
pub type wc_log_fn =
    Option<unsafe extern "C-unwind" fn(line: *const wc_log_line, user: *mut c_void)>;

impl wc_log_line {
    fn of(line: &Line) -> wc_log_line {
        wc_log_line {
            size: size_of::<wc_log_line>(),
            time_ms: line.at.0,
            object: line.object.0,
            text: line.text.as_ptr(),
            number: line.number,
            level: line.level as c_int,
            status: line.status.0,
            os_error: line.os_error,
            reserved: 0,
        }
    }
}

impl Core {
    fn set_log(&mut self, level: Option<Level>, hook: Option<(LineFn, User)>) {
        self.host.engine.set_log(level.filter(|_| hook.is_some()));
        let old = std::mem::replace(&mut self.hooks.log, hook);
        self.hooks.changed();
        if let Some((_, user)) = old {
            self.bindings.release_later(user);
        }
    }

    /// The call that tells of the next line.
    pub fn log_call(&mut self) -> Option<Call> {
        let (hook, user) = self.hooks.log?;
        let line = wc_log_line::of(&self.host.engine.next_line()?);
        Some(Call::Line(hook, self.hooks.show_line(line), user.ptr))
    }

    /// The hook ends with its loop.
    pub fn drop_log(&mut self) {
        self.set_log(None, None);
    }
}

/// Has what the library would want to say told to a hook, before the next callback. Between two
/// callbacks at most LOGS lines (docs/LIMITS.md) are kept; more are counted in the loop's stats.
/// Without a hook nothing is kept, and nothing is ever printed. A second call replaces what the
/// first one set.
///
/// [loop thread]
///
/// @param loop_      the loop
/// @param level      lines of this level and of those that matter more: WC_LOG_...; WC_LOG_NONE: no
///                   hook
/// @param on_line    the hook; null: none. It may call whatever a callback may.
/// @param user       goes to the hook
/// @param free_user  called once with user when the hook was replaced, or when the loop has ended;
///                   also if this call fails, before it returns; may be null
///
/// Returns: WC_OK; WC_E_INVAL for another level; WC_E_LIMIT if too many user pointers wait to go
/// back; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// The callbacks may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_loop_set_log(
    loop_: wc_loop,
    level: c_int,
    on_line: wc_log_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let set = with(loop_, Kind::Loop, |core| {
        let found = Level::ALL.into_iter().find(|one| *one as c_int == level);
        if found.is_none() && level != WC_LOG_NONE {
            return Err(Status::INVAL);
        }
        core.expect_hook_room(on_line.is_some() && found.is_some(), &user)?;
        match on_line {
            Some(hook) if found.is_some() => core.set_log(found, Some((hook, user))),
            _ => {
                core.set_log(None, None);
                core.bindings.release_later(user);
            }
        }
        Ok(Handle::NONE)
    });
    // SAFETY: nothing is written to null.
    unsafe { user.settle(set, std::ptr::null_mut()) }
}
