// SPDX-License-Identifier: MIT OR Apache-2.0
//! Posts in C that are made once and sent often, from signal handlers too. Is not: wc_loop_post,
//! whose every job is run.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::{PlainFn, User};
use super::give;
use super::guard::{code, with};
use super::table;
use super::types::{wc_free_fn, wc_loop, wc_post, wc_status};
use crate::base::{Handle, Kind};
use std::ffi::c_void;

/// A post was sent, once or more often, since this was last called.
pub type wc_sent_fn = Option<unsafe extern "C-unwind" fn(post: wc_post, user: *mut c_void)>;

/// The same, once it is known to be there.
pub(super) type SentFn = Option<PlainFn>;

/// Makes a post: a callback that any thread and any signal handler can have the loop make, by
/// wc_post_send. It keeps the loop running until it is freed, as a timer or a listener does.
///
/// [loop thread]
///
/// @param loop_      the loop
/// @param on_sent    the callback; may be null for a program that pulls events
/// @param user       goes to the callback
/// @param free_user  called once with user when the post has ended; also if this call fails, before
///                   it returns; may be null
/// @param out        where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL for a misaligned out; WC_E_LIMIT if too many are alive; WC_E_STATE
/// while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `out` is null or writable; the callbacks may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_post_new(
    loop_: wc_loop,
    on_sent: wc_sent_fn,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_post,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let made = with(loop_, Kind::Loop, |core| {
        give::expect_spare(out)?;
        core.bindings.expect_room()?;
        let owner = core.bindings.insert(Binding { callbacks: Callbacks::Post(on_sent), user });
        core.host.engine.new_post(owner).inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(made, out) }
}

/// Has the loop call back. The callback begins after this at least once, and sees what was written
/// before; what is sent several times before it begins may be one call.
///
/// [any thread] Also from a signal handler: it is async-signal-safe (signal-safety(7)).
///
/// @param post  the post
///
/// Returns: WC_OK; WC_E_GONE if it was freed, or its loop; WC_E_BADHANDLE, WC_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn wc_post_send(post: wc_post) -> wc_status {
    let post = Handle(post);
    let send = table::with_door(post, Kind::Post, |door| door.ring(post.slot(), post.generation()));
    code(send.and_then(|sent| sent))
}

/// Ends a post. It is not told any more, also if it was sent; its user pointer goes back before the
/// next callback.
///
/// [loop thread]
///
/// @param post  the post
///
/// Returns: WC_OK; WC_E_GONE; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_post_free(post: wc_post) -> wc_status {
    code(with(post, Kind::Post, |core| {
        let owner = core.host.engine.free_post(Handle(post))?;
        core.ended(Handle(post), owner);
        Ok(())
    }))
}
