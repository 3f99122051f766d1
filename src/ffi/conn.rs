// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections in C: making one, and what can be done to one. Is not: their options and callbacks,
//! which are in `ffi::conn_options`.
#![allow(non_camel_case_types)]

use super::call::User;
use super::conn_options::{self};
use super::core::Core;
use super::give::{self};
use super::guard::{code, flat, guard, with};
use super::listener::{self};
use super::table;
use super::types::{wc_conn, wc_free_fn, wc_listener, wc_status};
use crate::base::{Handle, Kind, Status};
use crate::engine::{How, Message};
use crate::net::life::Life;
use std::ffi::{c_char, c_void};

/// Queues bytes for the peer. What is queued in callbacks of one connection goes out in one piece
/// when they are over. Nothing is accepted in part.
///
/// [loop thread] For other threads there is wc_conn_send_async.
///
/// @param conn  the connection
/// @param data  the bytes; copied
/// @param len   how many, or WC_NTS for a NUL-terminated text
///
/// Returns: WC_OK; WC_FULL: accepted, and above write_high, so exactly one on_drain follows, unless
/// the connection is closed or breaks before;
/// WC_E_LIMIT: refused whole, for it would pass write_limit; WC_E_STATE: the program has ended its
/// output, or HTTP is spoken on the connection; WC_E_RESET: the peer is gone, on_close will say so;
/// WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See send(2).
///
/// # Safety
/// `data` points to `len` readable bytes, or to a NUL-terminated text with WC_NTS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_send(conn: wc_conn, data: *const c_void, len: usize) -> wc_status {
    flat(with(conn, Kind::Conn, |core| {
        core.expect_plain(conn)?;
        // SAFETY: the caller's promise.
        core.host.engine.send(Handle(conn), unsafe { give::bytes(data, len)? })
    }))
}

/// Queues one frame for the peer: with WC_FRAMING_LENGTH its length goes before it, with
/// WC_FRAMING_LINE a line feed behind it.
///
/// [loop thread]
///
/// @param conn  the connection
/// @param data  the payload; copied
/// @param len   how many bytes, or WC_NTS for a NUL-terminated text
///
/// Returns: as wc_conn_send; WC_E_LIMIT also for a payload above max_frame or one whose length does
/// not fit the prefix; WC_E_INVAL also for a line with a line feed in it.
///
/// # Safety
/// `data` points to `len` readable bytes, or to a NUL-terminated text with WC_NTS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_send_frame(
    conn: wc_conn,
    data: *const c_void,
    len: usize,
) -> wc_status {
    flat(with(conn, Kind::Conn, |core| {
        core.expect_plain(conn)?;
        // SAFETY: the caller's promise.
        core.host.engine.send_frame(Handle(conn), unsafe { give::bytes(data, len)? })
    }))
}

/// Has the loop's thread queue bytes for the peer. If the connection has ended by then they are
/// dropped; its on_close has said so. So are they where wc_conn_send would answer WC_E_STATE by
/// then. Bytes that would pass write_limit end the connection with WC_E_LIMIT. What is dropped is
/// counted: posts_dropped of wc_loop_get_stats.
///
/// [any thread] Not from a signal handler.
///
/// @param conn  the connection
/// @param data  the bytes; copied
/// @param len   how many, or WC_NTS for a NUL-terminated text
///
/// Returns: WC_OK; WC_E_LIMIT if too many jobs or bytes are queued; WC_E_INVAL; WC_E_BADHANDLE;
/// WC_E_GONE if its loop has ended; WC_E_FORKED.
///
/// # Safety
/// `data` points to `len` readable bytes, or to a NUL-terminated text with WC_NTS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_send_async(
    conn: wc_conn,
    data: *const c_void,
    len: usize,
) -> wc_status {
    code(guard(|| {
        // SAFETY: the caller's promise.
        let bytes = unsafe { give::bytes(data, len)? }.to_vec();
        let (count, message) = (bytes.len(), Message::Send(Handle(conn), bytes));
        table::with_door(Handle(conn), Kind::Conn, |door| {
            door.push(message, count).map_err(|refused| refused.0)
        })?
    }))
}

/// Ends our output once what is queued is sent; the peer reads an end of input, and its own output
/// can still come. See shutdown(2).
///
/// [loop thread]
///
/// @param conn  the connection
///
/// Returns: WC_OK; WC_E_STATE if it has ended already, or HTTP is spoken on it; WC_E_RESET;
/// WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_shutdown(conn: wc_conn) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        core.expect_plain(conn)?;
        core.host.engine.shutdown(Handle(conn))
    }))
}

impl Core {
    /// STATE for a connection on which HTTP is spoken: there the program answers requests.
    fn expect_plain(&self, conn: wc_conn) -> Result<(), Status> {
        let owner = self.host.engine.conn_owner(Handle(conn)).ok_or(Status::GONE)?;
        if owner.service == 0 { Ok(()) } else { Err(Status::STATE) }
    }
}

fn how(number: i32) -> Result<How, Status> {
    match number {
        conn_options::WC_CLOSE_FLUSH => Ok(How::Flush),
        conn_options::WC_CLOSE_NOW => Ok(How::Now),
        conn_options::WC_CLOSE_RESET => Ok(How::Reset),
        _ => Err(Status::INVAL),
    }
}

/// Closes a connection. on_close follows later, never from within this call; no other callback of
/// the connection comes before it, also no on_drain that is owed.
///
/// [loop thread] For other threads there is wc_conn_close_async.
///
/// @param conn  the connection
/// @param how   WC_CLOSE_FLUSH, WC_CLOSE_NOW or WC_CLOSE_RESET
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_GONE if it is closed already; WC_E_BADHANDLE, WC_E_THREAD,
/// WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_close(conn: wc_conn, how: i32) -> wc_status {
    code(with(conn, Kind::Conn, |core| core.host.engine.close(Handle(conn), self::how(how)?)))
}

/// Has the loop's thread close a connection.
///
/// [any thread] Not from a signal handler.
///
/// @param conn  the connection
/// @param how   WC_CLOSE_FLUSH, WC_CLOSE_NOW or WC_CLOSE_RESET
///
/// Returns: WC_OK; WC_E_LIMIT; WC_E_INVAL; WC_E_BADHANDLE; WC_E_GONE if its loop has ended;
/// WC_E_FORKED.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_close_async(conn: wc_conn, how: i32) -> wc_status {
    code(guard(|| {
        let message = Message::Close(Handle(conn), self::how(how)?);
        table::with_door(Handle(conn), Kind::Conn, |door| {
            door.push(message, 0).map_err(|refused| refused.0)
        })?
    }))
}

/// Reads no more from the peer, and shows no more of what was read. The peer's own system stops it
/// when the buffers between are full. The idle time does not run.
///
/// [loop thread]
///
/// @param conn  the connection
///
/// Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_pause(conn: wc_conn) -> wc_status {
    code(with(conn, Kind::Conn, |core| core.host.engine.pause_input(Handle(conn))))
}

/// Reads again after wc_conn_pause; first comes what was read already.
///
/// [loop thread]
///
/// @param conn  the connection
///
/// Returns: WC_OK, also if it was not paused; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_resume(conn: wc_conn) -> wc_status {
    code(with(conn, Kind::Conn, |core| core.host.resume(Handle(conn))))
}

/// Keeps the end of what on_data shows: it is shown again, with what comes next behind it. For
/// programs that cut their input themselves.
///
/// [loop thread] In on_data, or on the event WC_EVENT_DATA, of this connection.
///
/// @param conn   the connection
/// @param count  bytes to keep, at most the len of the data
///
/// Returns: WC_OK; WC_E_STATE if no raw data of this connection is shown, or less of it;
/// WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_keep(conn: wc_conn, count: usize) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        core.expect_plain(conn)?;
        core.host.engine.keep(Handle(conn), count)
    }))
}

/// Cuts the input of a connection another way, from the bytes on that were not shown yet; so a
/// protocol can begin with lines and go on with frames.
///
/// [loop thread]
///
/// @param conn          the connection
/// @param framing       WC_FRAMING_...
/// @param prefix_order  for WC_FRAMING_LENGTH: WC_ORDER_...
/// @param prefix_bytes  for WC_FRAMING_LENGTH: bytes of the length, 1 to 8
/// @param max_frame     longest line or frame, in bytes
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_STATE if HTTP is spoken on it; WC_E_BADHANDLE, WC_E_GONE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_set_framing(
    conn: wc_conn,
    framing: i32,
    prefix_order: i32,
    prefix_bytes: u32,
    max_frame: usize,
) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        core.expect_plain(conn)?;
        let cut = conn_options::cut(framing, prefix_bytes, prefix_order)?;
        core.host.engine.set_framing(Handle(conn), cut, max_frame)
    }))
}

/// How many bytes are queued for the peer.
///
/// [loop thread]
///
/// @param conn   the connection
/// @param bytes  where the number is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `bytes` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_queued(conn: wc_conn, bytes: *mut usize) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(bytes, core.host.engine.queued(Handle(conn))?) }
    }))
}

/// Where a connection stands: WC_CONN_... The states are drawn in docs/STATES.md.
///
/// [loop thread]
///
/// @param conn   the connection
/// @param state  where the number is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `state` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_state(conn: wc_conn, state: *mut i32) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(state, core.host.engine.life(Handle(conn))? as i32) }
    }))
}

/// The name of a connection's state, such as "HalfOpen".
///
/// [any thread]
///
/// @param state  a number that wc_conn_state gave
///
/// Returns: a text that stands as long as the library is loaded; never null.
#[unsafe(no_mangle)]
pub extern "C" fn wc_state_name(state: i32) -> *const c_char {
    const NAMES: [(Life, &std::ffi::CStr); 6] = [
        (Life::Connecting, c"Connecting"),
        (Life::Open, c"Open"),
        (Life::HalfOpen, c"HalfOpen"),
        (Life::Flushing, c"Flushing"),
        (Life::Lingering, c"Lingering"),
        (Life::Closed, c"Closed"),
    ];
    let found = NAMES.iter().find(|(life, _)| *life as i32 == state);
    found.map_or(c"unknown", |(_, name)| name).as_ptr()
}

/// Gives a connection a user pointer of its own, which its callbacks get from now on.
///
/// [loop thread]
///
/// @param conn       the connection
/// @param user       the pointer; one set before goes back before the next event
/// @param free_user  called once with user after on_close, or when another is set; also if this
///                   call fails, before it returns; may be null
///
/// Returns: WC_OK; WC_E_STATE where HTTP is spoken: there wc_request_set_user is; WC_E_LIMIT if too
/// many user pointers wait to go back; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
///
/// # Safety
/// `free_user` may be called with `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_conn_set_user(
    conn: wc_conn,
    user: *mut c_void,
    free_user: wc_free_fn,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let set = with(conn, Kind::Conn, |core| {
        let owner = core.host.engine.conn_owner(Handle(conn)).ok_or(Status::GONE)?;
        if owner.service > 0 {
            return Err(Status::STATE);
        }
        core.bindings.expect_room()?;
        let owner = core.set_user(Handle(conn), owner, user);
        core.host.engine.set_conn_owner(Handle(conn), owner)?;
        Ok(Handle(conn))
    });
    // SAFETY: the caller's promise; no output is asked for.
    unsafe { user.settle(set, std::ptr::null_mut()) }
}

/// The user pointer that the callbacks of a connection get.
///
/// [loop thread]
///
/// @param conn  the connection
/// @param user  where the pointer is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `user` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_user(conn: wc_conn, user: *mut *mut c_void) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        let owner = core.host.engine.conn_owner(Handle(conn)).ok_or(Status::GONE)?;
        // SAFETY: the caller's promise.
        unsafe { give::put(user, core.bindings.user(owner)) }
    }))
}

/// The listener that a connection came from.
///
/// [loop thread]
///
/// @param conn      the connection
/// @param listener  where the handle is written; 0 for a connection of wc_connect
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `listener` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_listener(conn: wc_conn, listener: *mut wc_listener) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        // SAFETY: the caller's promise.
        unsafe { give::put(listener, core.host.engine.conn_listener(Handle(conn))?.0) }
    }))
}

/// Sets another idle time for one connection; a new period begins.
///
/// [loop thread]
///
/// @param conn  the connection
/// @param ms    the idle time; 0: none
///
/// Returns: WC_OK; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_conn_set_idle(conn: wc_conn, ms: u32) -> wc_status {
    code(with(conn, Kind::Conn, |core| core.host.engine.set_idle(Handle(conn), ms)))
}

/// The address of the peer.
///
/// [loop thread]
///
/// @param conn      the connection
/// @param text      where the IP address is written as text, with a NUL
/// @param capacity  bytes of text; WC_ADDRESS_MAX is enough for every address
/// @param port      where the port is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL if the text does not fit; WC_E_RESET or WC_E_OS if the system does
/// not know it any more; WC_E_ADDRESS for a stream of a child, which has none; WC_E_BADHANDLE,
/// WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See getpeername(2).
///
/// # Safety
/// `text` points to `capacity` writable bytes; `port` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_peer(
    conn: wc_conn,
    text: *mut c_char,
    capacity: usize,
    port: *mut u16,
) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        let address = core.host.engine.address(Handle(conn), true)?;
        // SAFETY: the caller's promise.
        unsafe { listener::put_address(address, text, capacity, port) }
    }))
}

/// Our own address of a connection.
///
/// [loop thread]
///
/// @param conn      the connection
/// @param text      where the IP address is written as text, with a NUL
/// @param capacity  bytes of text; WC_ADDRESS_MAX is enough for every address
/// @param port      where the port is written; may be null
///
/// Returns: as wc_conn_peer. See getsockname(2).
///
/// # Safety
/// `text` points to `capacity` writable bytes; `port` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_conn_local(
    conn: wc_conn,
    text: *mut c_char,
    capacity: usize,
    port: *mut u16,
) -> wc_status {
    code(with(conn, Kind::Conn, |core| {
        let address = core.host.engine.address(Handle(conn), false)?;
        // SAFETY: the caller's promise.
        unsafe { listener::put_address(address, text, capacity, port) }
    }))
}
