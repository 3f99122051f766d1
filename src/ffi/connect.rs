// SPDX-License-Identifier: MIT OR Apache-2.0
//! Outbound connections in C.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::User;
use super::conn_options::{wc_conn_callbacks, wc_conn_options};
use super::give::{self, Versioned};
use super::guard::{code, guard, with};
use super::listener::{self, wc_listener_callbacks};
use super::types::{wc_conn, wc_free_fn, wc_loop, wc_status};
use crate::base::{Kind, Status, limits};
use std::ffi::{c_char, c_void};

/// Where to connect to. Fill it with wc_connect_options_init, then change what you want.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_connect_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// An IPv4 or IPv6 address as text, or "localhost" for 127.0.0.1.
    pub host: *const c_char,
    /// The port.
    pub port: u16,
    /// Reserved; 0.
    pub reserved: u16,
    /// ms for the connection to be made, else it ends with WC_E_TIMEOUT; 0: as long as the system
    /// tries.
    pub timeout_ms: u32,
}

// SAFETY: repr(C), size first, integers and pointers only.
unsafe impl Versioned for wc_connect_options {
    const FIRST: usize = size_of::<wc_connect_options>();
    fn defaults() -> wc_connect_options {
        wc_connect_options {
            size: size_of::<wc_connect_options>(),
            host: std::ptr::null(),
            port: 0,
            reserved: 0,
            timeout_ms: limits::CONNECT_MS,
        }
    }
}

/// Fills connect options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_connect_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_connect_options_init(
    options: *mut wc_connect_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}

/// Makes an outbound TCP connection. It begins as WC_CONN_CONNECTING; on_open comes when it is
/// made, on_close with WC_E_CONNECT or WC_E_TIMEOUT when it is not. Output can be queued at once.
///
/// [loop thread]
///
/// @param loop_         the loop
/// @param options       where to; copied
/// @param conn_options  how; null: the defaults; copied
/// @param callbacks     copied; null: none, for a program that pulls events
/// @param user          goes to the callbacks
/// @param free_user     called once with user after on_close; also if this call fails, before it
///                      returns; may be null
/// @param out           where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_ADDRESS for a host that is no address;
/// WC_E_LIMIT; WC_E_CONNECT, WC_E_NOFILES, WC_E_NOMEM, WC_E_OS if the system refuses at once;
/// WC_E_STATE while the loop is being freed; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC. See connect(2).
///
/// # Safety
/// The structs are null or initialised; `out` is null or writable; the callbacks may be called with
/// `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_connect(
    loop_: wc_loop,
    options: *const wc_connect_options,
    conn_options: *const wc_conn_options,
    callbacks: *const wc_conn_callbacks,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_conn,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let made = with(loop_, Kind::Loop, |core| {
        give::expect_spare(out)?;
        // SAFETY: the caller's promise.
        let (options, policy, callbacks, host) = unsafe {
            let options = give::read(options)?;
            let policy = give::read_or_default(conn_options)?.policy()?;
            (options, policy, give::read_or_default(callbacks)?, give::text(options.host)?)
        };
        if options.reserved != 0 {
            return Err(Status::INVAL);
        }
        let address = listener::address(host.ok_or(Status::INVAL)?, options.port)?;
        let callbacks = Callbacks::Conn(Box::new((callbacks, wc_listener_callbacks::defaults())));
        let owner = core.bindings.insert(Binding { callbacks, user });
        let made = core.host.engine.connect(address, policy, owner, options.timeout_ms);
        made.inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(made, out) }
}
