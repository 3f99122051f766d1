// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listeners in C.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::User;
use super::conn_options::{wc_conn_callbacks, wc_conn_options};
use super::give::{self, Versioned};
use super::guard::{code, guard, with};
use super::types::{wc_free_fn, wc_listener, wc_loop, wc_status};
use crate::base::{Handle, Kind, Status, limits};
use crate::engine::{Listen, Loop};
use crate::net::Owner;
use crate::net::policy::Policy;
use std::ffi::{c_char, c_void};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

/// The callbacks of a listener; each may be null.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_listener_callbacks {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// It stopped accepting: out of descriptors (WC_E_NOFILES) or memory (WC_E_NOMEM), which is
    /// tried again after 5 to 1000 ms, or at its limit of connections (WC_E_LIMIT), until one of
    /// them ends. Peers wait in the backlog meanwhile. os_error is the system's number, or 0; for
    /// logs.
    pub on_pause: Option<
        unsafe extern "C-unwind" fn(
            listener: wc_listener,
            why: wc_status,
            os_error: i32,
            user: *mut c_void,
        ),
    >,
    /// It accepts again.
    pub on_resume: Option<unsafe extern "C-unwind" fn(listener: wc_listener, user: *mut c_void)>,
    /// It is over. Its connections go on, with the same user pointer.
    pub on_close: Option<
        unsafe extern "C-unwind" fn(listener: wc_listener, why: wc_status, user: *mut c_void),
    >,
}

// SAFETY: repr(C), size first; a null function pointer is None.
unsafe impl Versioned for wc_listener_callbacks {
    const FIRST: usize = size_of::<wc_listener_callbacks>();
    fn defaults() -> wc_listener_callbacks {
        wc_listener_callbacks {
            size: size_of::<wc_listener_callbacks>(),
            on_pause: None,
            on_resume: None,
            on_close: None,
        }
    }
}

/// Where and how to listen. Fill it with wc_listen_options_init, then change what you want.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_listen_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// An IPv4 or IPv6 address as text, or "localhost" for 127.0.0.1; null: every address of this
    /// machine, IPv4 and IPv6 with one socket.
    pub host: *const c_char,
    /// The port; 0: any free one, which wc_listener_port tells.
    pub port: u16,
    /// Not 0: an IPv6 address takes no IPv4 peers.
    pub v6_only: u16,
    /// Connections that the system holds until they are accepted; it may clamp the number.
    pub backlog: i32,
    /// Most connections of this listener at a time; 0: the loop's.
    pub max_connections: u32,
    /// Connections accepted in one turn at the most.
    pub accept_budget: u32,
    /// Callbacks of the listener itself; copied; may be null.
    pub events: *const wc_listener_callbacks,
}

// SAFETY: repr(C), size first, integers and pointers only.
unsafe impl Versioned for wc_listen_options {
    const FIRST: usize = size_of::<wc_listen_options>();
    fn defaults() -> wc_listen_options {
        wc_listen_options {
            size: size_of::<wc_listen_options>(),
            host: std::ptr::null(),
            port: 0,
            v6_only: 0,
            backlog: limits::BACKLOG,
            max_connections: 0,
            accept_budget: limits::ACCEPT_BUDGET,
            events: std::ptr::null(),
        }
    }
}

/// Fills listen options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_listen_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_listen_options_init(
    options: *mut wc_listen_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}

/// Listens for TCP connections. SO_REUSEADDR is set, so a restarted server gets its port at once;
/// sockets are non-blocking and close-on-exec, and send without delay (TCP_NODELAY).
///
/// [loop thread]
///
/// @param loop_         the loop
/// @param options       where; copied
/// @param conn_options  how its connections are; null: the defaults; copied
/// @param callbacks     of its connections; copied; null: none, for a program that pulls events
/// @param user          goes to the callbacks of the listener and of its connections
/// @param free_user     called once with user when the listener and all of its connections are
///                      gone; also if this call fails, before it returns; may be null
/// @param out           where the handle is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_VERSION; WC_E_ADDRESS; WC_E_INUSE; WC_E_ACCESS; WC_E_LIMIT;
/// WC_E_NOFILES, WC_E_NOMEM, WC_E_OS; WC_E_STATE while the loop is being freed; WC_E_BADHANDLE,
/// WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. See bind(2), listen(2).
///
/// # Safety
/// The structs are null or initialised; `out` is null or writable; the callbacks may be called with
/// `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_listen(
    loop_: wc_loop,
    options: *const wc_listen_options,
    conn_options: *const wc_conn_options,
    callbacks: *const wc_conn_callbacks,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_listener,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let made = with(loop_, Kind::Loop, |core| {
        give::expect_spare(out)?;
        // SAFETY: the caller's promise.
        let (place, policy, callbacks) = unsafe {
            let policy = give::read_or_default(conn_options)?.policy()?;
            (Place::read(options)?, policy, give::read_or_default(callbacks)?)
        };
        let callbacks = Callbacks::Conn(Box::new((callbacks, place.events)));
        let owner = core.bindings.insert(Binding { callbacks, user });
        let made = place.listen(&mut core.host.engine, policy, owner);
        made.inspect_err(|_| core.bindings.take_back(owner))
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(made, out) }
}

/// The port that a listener really has.
///
/// [loop thread]
///
/// @param listener  the listener
/// @param port      where it is written
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `port` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_listener_port(listener: wc_listener, port: *mut u16) -> wc_status {
    code(with(listener, Kind::Listener, |core| {
        let address = core.host.engine.listener_address(Handle(listener))?;
        // SAFETY: the caller's promise.
        unsafe { give::put(port, address.port()) }
    }))
}

/// The address that a listener really has.
///
/// [loop thread]
///
/// @param listener  the listener
/// @param text      where the IP address is written as text, with a NUL
/// @param capacity  bytes of text; WC_ADDRESS_MAX is enough for every address
/// @param port      where the port is written; may be null
///
/// Returns: WC_OK; WC_E_INVAL if the text does not fit; WC_E_BADHANDLE, WC_E_GONE, WC_E_THREAD,
/// WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `text` points to `capacity` writable bytes; `port` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_listener_address(
    listener: wc_listener,
    text: *mut c_char,
    capacity: usize,
    port: *mut u16,
) -> wc_status {
    code(with(listener, Kind::Listener, |core| {
        let address = core.host.engine.listener_address(Handle(listener))?;
        // SAFETY: the caller's promise.
        unsafe { put_address(address, text, capacity, port) }
    }))
}

/// Closes a listener. Its port is free before the next event; on_close follows; its connections go
/// on.
///
/// [loop thread]
///
/// @param listener  the listener
///
/// Returns: WC_OK; WC_E_GONE if it is closed already; WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED,
/// WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_listener_close(listener: wc_listener) -> wc_status {
    code(with(listener, Kind::Listener, |core| core.host.engine.close_listener(Handle(listener))))
}

/// Accepts nothing more until wc_listener_resume; its connections go on. Peers wait in the backlog
/// meanwhile: the system still takes them in, as far as that goes. on_pause and on_resume do not
/// follow: they tell of shortages.
///
/// [loop thread]
///
/// @param listener  the listener
///
/// Returns: WC_OK, also if it is paused already; WC_E_GONE if it is closed; WC_E_BADHANDLE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_listener_pause(listener: wc_listener) -> wc_status {
    code(with(listener, Kind::Listener, |core| core.host.engine.hold_listener(Handle(listener))))
}

/// Accepts again after wc_listener_pause, first those that have waited.
///
/// [loop thread]
///
/// @param listener  the listener
///
/// Returns: WC_OK, also if the program has not paused it; WC_E_GONE if it is closed; WC_E_NOFILES,
/// WC_E_NOMEM, WC_E_OS if the system refuses, and it stays paused; WC_E_BADHANDLE, WC_E_THREAD,
/// WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_listener_resume(listener: wc_listener) -> wc_status {
    code(with(listener, Kind::Listener, |core| core.host.engine.release_listener(Handle(listener))))
}

/// Listen options, checked.
pub(super) struct Place {
    address: SocketAddr,
    /// Not every machine has IPv6: where "every address" was asked for, IPv4 alone will do.
    or_v4: bool,
    v6_only: bool,
    backlog: i32,
    max_connections: u32,
    budget: u32,
    pub events: wc_listener_callbacks,
}

impl Place {
    /// Reads the caller's options.
    ///
    /// # Safety
    /// `options` is null or an initialised struct.
    pub(super) unsafe fn read(options: *const wc_listen_options) -> Result<Place, Status> {
        // SAFETY: the caller's promise.
        let (options, events, host) = unsafe {
            let options = give::read(options)?;
            (options, give::read_or_default(options.events)?, give::text(options.host)?)
        };
        if options.backlog < 1 || options.accept_budget == 0 {
            return Err(Status::INVAL);
        }
        let address = match host {
            Some(host) => address(host, options.port)?,
            None => SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), options.port),
        };
        Ok(Place {
            address,
            or_v4: host.is_none() && options.v6_only == 0,
            v6_only: options.v6_only != 0,
            backlog: options.backlog,
            max_connections: options.max_connections,
            budget: options.accept_budget,
            events,
        })
    }

    /// Listens there.
    pub(super) fn listen(
        &self,
        engine: &mut Loop,
        policy: Policy,
        owner: Owner,
    ) -> Result<Handle, Status> {
        let at = |address: SocketAddr| Listen {
            address,
            v6_only: self.v6_only,
            backlog: self.backlog,
            max_connections: self.max_connections,
            budget: self.budget,
            policy: policy.clone(),
            owner,
        };
        match engine.listen(at(self.address)) {
            Err(Status::ADDRESS) if self.or_v4 => {
                let v4 = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), self.address.port());
                engine.listen(at(v4))
            }
            made => made,
        }
    }
}

/// The address that a text names. That of a link may have the number of its interface behind a '%'.
pub(super) fn address(host: &str, port: u16) -> Result<SocketAddr, Status> {
    let ip = match host.split_once('%') {
        Some((ip, zone)) => {
            let (ip, zone) = (ip.parse().ok(), zone.parse().ok());
            let (ip, zone) = ip.zip(zone).ok_or(Status::ADDRESS)?;
            return Ok(SocketAddrV6::new(ip, port, 0, zone).into());
        }
        None if host == "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
        None => host.parse().map_err(|_| Status::ADDRESS)?,
    };
    Ok(SocketAddr::new(ip, port))
}

/// Writes an address as text and number, as `address` takes it. An IPv4 peer of an IPv6 socket is
/// shown as IPv4.
///
/// # Safety
/// `text` points to `capacity` writable bytes; `port` is null or writable.
pub(super) unsafe fn put_address(
    address: SocketAddr,
    text: *mut c_char,
    capacity: usize,
    port: *mut u16,
) -> Result<(), Status> {
    let mut ip = address.ip().to_canonical().to_string();
    if let SocketAddr::V6(v6) = address
        && v6.scope_id() > 0
    {
        ip = format!("{ip}%{}", v6.scope_id());
    }
    // SAFETY: the caller's promise.
    unsafe {
        give::put_text(&ip, text, capacity)?;
        if port.is_null() { Ok(()) } else { give::put(port, address.port()) }
    }
}
