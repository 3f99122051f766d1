// SPDX-License-Identifier: MIT OR Apache-2.0
//! What an HTTP request says, in C. Is not: the answer, which is in `ffi::answer`.

use super::call::User;
use super::give;
use super::guard::{code, flat, with};
use super::types::{wc_conn, wc_free_fn, wc_request, wc_status, wc_str};
use crate::base::{Handle, Kind, Status};
use crate::http::Lent;
use std::ffi::{c_char, c_void};

/// Lends a part of a request's head.
///
/// # Safety
/// `out` is null or writable.
unsafe fn lend(
    request: wc_request,
    out: *mut wc_str,
    part: impl for<'a> FnOnce(Lent<'a>) -> &'a [u8],
) -> wc_status {
    code(with(request, Kind::Request, |core| {
        let lent = core.host.head(Handle(request))?;
        // SAFETY: the caller's promise.
        unsafe { give::put(out, give::lend(part(lent))) }
    }))
}

/// The method, such as "GET".
///
/// [loop thread]
///
/// @param request  the request
/// @param out      where the text is written; it stands until the callback returns or the next
///                 wc_loop_next
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_method(request: wc_request, out: *mut wc_str) -> wc_status {
    // SAFETY: the caller's promise.
    unsafe { lend(request, out, |lent| lent.head.method.of(lent.bytes)) }
}

/// The request target as it came (RFC 9112 section 3.2).
///
/// [loop thread]
///
/// @param request  the request
/// @param out      where the text is written; it stands until the callback returns or the next
///                 wc_loop_next
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_target(request: wc_request, out: *mut wc_str) -> wc_status {
    // SAFETY: the caller's promise.
    unsafe { lend(request, out, |lent| lent.head.target.of(lent.bytes)) }
}

/// The path, percent-decoded once and without dot segments: it begins with '/' and never leads
/// above the root. It may hold any byte but NUL.
///
/// [loop thread]
///
/// @param request  the request
/// @param out      where the text is written; it stands until the callback returns or the next
///                 wc_loop_next
///
/// Returns: WC_OK; WC_E_PATH if the target has no such path, which is best answered with 400;
/// WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See RFC 3986
/// section 5.2.4.
///
/// # Safety
/// `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_path(request: wc_request, out: *mut wc_str) -> wc_status {
    code(with(request, Kind::Request, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(out, give::lend(core.host.path(Handle(request))?)) }
    }))
}

/// What stands behind '?' in the target, as it came.
///
/// [loop thread]
///
/// @param request  the request
/// @param out      where the text is written, empty if there is none; it stands until the callback
///                 returns or the next wc_loop_next
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_query(request: wc_request, out: *mut wc_str) -> wc_status {
    code(with(request, Kind::Request, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(out, give::lend(core.host.query(Handle(request))?)) }
    }))
}

/// The minor version of HTTP that the request is to be answered in: 0 or 1.
///
/// [loop thread]
///
/// @param request  the request
/// @param minor    where the number is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `minor` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_version(request: wc_request, minor: *mut i32) -> wc_status {
    code(with(request, Kind::Request, |core| {
        let lent = core.host.head(Handle(request))?;
        // SAFETY: the caller's promise.
        unsafe { give::put(minor, lent.head.minor.into()) }
    }))
}

/// The value of the first header field of a name; upper and lower case are the same.
///
/// [loop thread]
///
/// @param request   the request
/// @param name      the name
/// @param name_len  its bytes, or WC_NTS for a NUL-terminated text
/// @param out       where the value is written, empty if there is none; it stands until the
///                  callback returns or the next wc_loop_next
///
/// Returns: WC_OK; WC_NONE if there is no such field; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `name` points to `name_len` readable bytes or a NUL-terminated text; `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_header(
    request: wc_request,
    name: *const c_char,
    name_len: usize,
    out: *mut wc_str,
) -> wc_status {
    flat(with(request, Kind::Request, |core| {
        let lent = core.host.head(Handle(request))?;
        // SAFETY: the caller's promise.
        let name = unsafe { give::bytes(name.cast(), name_len)? };
        let value = lent.head.field(lent.bytes, name);
        // SAFETY: the caller's promise.
        unsafe { give::put(out, give::lend(value.unwrap_or_default()))? };
        Ok(if value.is_some() { Status::OK } else { Status::NONE })
    }))
}

/// How many header fields there are.
///
/// [loop thread]
///
/// @param request  the request
/// @param count    where the number is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `count` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_header_count(
    request: wc_request,
    count: *mut usize,
) -> wc_status {
    code(with(request, Kind::Request, |core| {
        let lent = core.host.head(Handle(request))?;
        // SAFETY: the caller's promise.
        unsafe { give::put(count, lent.head.fields.len()) }
    }))
}

/// A header field by its place, in the order in which they came.
///
/// [loop thread]
///
/// @param request  the request
/// @param index    less than the count
/// @param name     where the name is written, as it came
/// @param value    where the value is written, without white space around it; both stand until the
///                 callback returns or the next wc_loop_next
///
/// Returns: WC_OK; WC_E_INVAL, also for an index past the end; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `name` and `value` are null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_header_at(
    request: wc_request,
    index: usize,
    name: *mut wc_str,
    value: *mut wc_str,
) -> wc_status {
    code(with(request, Kind::Request, |core| {
        let lent = core.host.head(Handle(request))?;
        let (key, text) = lent.head.fields.get(index).ok_or(Status::INVAL)?;
        give::expect_out(value)?;
        // SAFETY: the caller's promise.
        unsafe {
            give::put(name, give::lend(key.of(lent.bytes)))?;
            give::put(value, give::lend(text.of(lent.bytes)))
        }
    }))
}

/// The body, where it is gathered: from on_request on, as long as the request lives.
///
/// [loop thread]
///
/// @param request  the request
/// @param out      where the bytes are written, empty if there is no body or it is streamed; they
///                 stand until the callback returns or the next wc_loop_next
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_body(request: wc_request, out: *mut wc_str) -> wc_status {
    code(with(request, Kind::Request, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(out, give::lend(core.host.body(Handle(request))?)) }
    }))
}

/// The connection of a request: for its addresses, and to pause and resume its body.
///
/// [loop thread]
///
/// @param request  the request
/// @param conn     where the handle is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `conn` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_conn(request: wc_request, conn: *mut wc_conn) -> wc_status {
    code(with(request, Kind::Request, |core| {
        let found = core.host.request_conn(Handle(request)).ok_or(Status::GONE)?;
        // SAFETY: the caller's promise.
        unsafe { give::put(conn, found.0) }
    }))
}

/// Gives a request a user pointer of its own, which its callbacks get from now on.
///
/// [loop thread]
///
/// @param request    the request
/// @param user       the pointer; one set before goes back before the next event
/// @param free_user  called once with user after on_close, or when another is set; also if this
///                   call fails, before it returns; may be null
///
/// Returns: WC_OK; WC_E_LIMIT if too many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `free_user` may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_request_set_user(
    request: wc_request,
    user: *mut c_void,
    free_user: wc_free_fn,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let set = with(request, Kind::Request, |core| {
        let owner = core.host.request_owner(Handle(request)).ok_or(Status::GONE)?;
        core.bindings.expect_room()?;
        let owner = core.set_user(Handle(request), owner, user);
        core.host.set_request_owner(Handle(request), owner)?;
        Ok(Handle(request))
    });
    // SAFETY: the caller's promise; no output is asked for.
    unsafe { user.settle(set, std::ptr::null_mut()) }
}

/// The user pointer that the callbacks of a request get.
///
/// [loop thread]
///
/// @param request  the request
/// @param user     where the pointer is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `user` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_user(request: wc_request, user: *mut *mut c_void) -> wc_status {
    code(with(request, Kind::Request, |core| {
        let owner = core.host.request_owner(Handle(request)).ok_or(Status::GONE)?;
        // SAFETY: the caller's promise.
        unsafe { give::put(user, core.bindings.user(owner)) }
    }))
}
