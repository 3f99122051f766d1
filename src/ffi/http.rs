// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP servers in C: options, callbacks, listening.
#![allow(non_camel_case_types)]

use super::binding::{Binding, Callbacks};
use super::call::User;
use super::conn_options::{WC_FRAMING_RAW, wc_conn_options};
use super::give::{self, Versioned};
use super::guard::{code, guard, with};
use super::listener::{Place, wc_listen_options};
use super::types::{wc_conn, wc_free_fn, wc_listener, wc_loop, wc_request, wc_status};
use crate::base::{Kind, Status};
use crate::codec::http1::Limits;
use crate::http::Service;
use std::ffi::{c_char, c_void};

/// Limits and deadlines of an HTTP server, or of a parser. Fill it with wc_http_options_init, then
/// change what you want. Times of 0 are "none".
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_http_options {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// Bytes of a request line; longer is answered with 414.
    pub max_request_line: u32,
    /// Bytes of one field line; longer is answered with 431.
    pub max_field: u32,
    /// Fields of a head; more are answered with 431.
    pub max_fields: u32,
    /// Bytes of a head; longer is answered with 431.
    pub max_head: u32,
    /// Bytes of a body; longer is answered with 413. The largest number that an int64_t holds means
    /// any.
    pub max_body: u64,
    /// ms for the whole head, from its first byte; then 408.
    pub head_ms: u32,
    /// ms of a body before its lowest rate is asked for.
    pub body_grace_ms: u32,
    /// Lowest rate of a body in bytes per second; slower is answered with 408; 0: any.
    pub body_rate: u32,
    /// ms between two requests of a connection; then it is closed.
    pub keep_ms: u32,
    /// ms for the program to begin its answer once the request is whole; then 503.
    pub answer_ms: u32,
    /// Reserved; 0.
    pub reserved: u32,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_http_options {
    const FIRST: usize = size_of::<wc_http_options>();
    fn defaults() -> wc_http_options {
        let service = Service::default();
        wc_http_options {
            size: size_of::<wc_http_options>(),
            max_request_line: service.limits.request_line,
            max_field: service.limits.field,
            max_fields: service.limits.fields,
            max_head: service.limits.head,
            max_body: service.limits.body,
            head_ms: service.head_ms,
            body_grace_ms: service.body_grace_ms,
            body_rate: service.body_rate,
            keep_ms: service.keep_ms,
            answer_ms: service.answer_ms,
            reserved: 0,
        }
    }
}

impl wc_http_options {
    /// As the layers below understand it.
    pub(super) fn service(&self, streaming: bool) -> Result<Service, Status> {
        if self.reserved != 0 {
            return Err(Status::INVAL);
        }
        let service = Service {
            limits: Limits {
                request_line: self.max_request_line,
                field: self.max_field,
                fields: self.max_fields,
                head: self.max_head,
                body: self.max_body,
            },
            streaming,
            head_ms: self.head_ms,
            body_grace_ms: self.body_grace_ms,
            body_rate: self.body_rate,
            keep_ms: self.keep_ms,
            answer_ms: self.answer_ms,
        };
        service.check().map(|()| service)
    }
}

/// The callbacks of HTTP requests; each may be null. Set either on_request, and a request is told
/// when it is whole, or on_head, on_body and on_end, and it is told as it comes. What accessors and
/// callbacks lend stands until the callback returns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_http_callbacks {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// A whole request came; wc_request_body lends its body. Answer it now or later.
    pub on_request: Option<unsafe extern "C-unwind" fn(request: wc_request, user: *mut c_void)>,
    /// The head of a request came. Where the client waits for 100 (Continue), it is sent when this
    /// returns, unless the request is answered by then.
    pub on_head: Option<unsafe extern "C-unwind" fn(request: wc_request, user: *mut c_void)>,
    /// A piece of its body came.
    pub on_body: Option<
        unsafe extern "C-unwind" fn(
            request: wc_request,
            data: *const c_char,
            len: usize,
            user: *mut c_void,
        ),
    >,
    /// Its body came to its end; also where there is none.
    pub on_end: Option<unsafe extern "C-unwind" fn(request: wc_request, user: *mut c_void)>,
    /// The output queue fell to its low water while an answer is streamed: once after each WC_FULL.
    pub on_drain: Option<unsafe extern "C-unwind" fn(request: wc_request, user: *mut c_void)>,
    /// The request is over: WC_OK if it was answered whole, else why not. Its handle answers
    /// WC_E_GONE once this returns.
    pub on_close:
        Option<unsafe extern "C-unwind" fn(request: wc_request, why: wc_status, user: *mut c_void)>,
    /// What a peer sent was refused: the reason, WC_H_..., and the HTTP status that the library
    /// answered. The connection is being closed.
    pub on_reject: Option<
        unsafe extern "C-unwind" fn(
            conn: wc_conn,
            reason: i32,
            http_status: i32,
            user: *mut c_void,
        ),
    >,
}

// SAFETY: repr(C), size first; a null function pointer is None.
unsafe impl Versioned for wc_http_callbacks {
    const FIRST: usize = size_of::<wc_http_callbacks>();
    fn defaults() -> wc_http_callbacks {
        wc_http_callbacks {
            size: size_of::<wc_http_callbacks>(),
            on_request: None,
            on_head: None,
            on_body: None,
            on_end: None,
            on_drain: None,
            on_close: None,
            on_reject: None,
        }
    }
}

/// Fills HTTP options with the defaults.
///
/// [any thread]
///
/// @param options  the struct to fill
/// @param size     its size: sizeof(wc_http_options)
///
/// Returns: WC_OK; WC_E_INVAL for null; WC_E_VERSION for a size that no version had.
///
/// # Safety
/// `options` is null or points to `size` writable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_http_options_init(
    options: *mut wc_http_options,
    size: usize,
) -> wc_status {
    // SAFETY: the caller's promise.
    code(guard(|| unsafe { give::init(options, size) }))
}

/// Listens for HTTP/1.1 (RFC 9112). What breaks the protocol is answered by the library, strictly:
/// docs/ERRORS.md lists the reasons. Requests of a connection are served one after the other, and
/// answers that are given at once to requests that came together go out together.
///
/// [loop thread]
///
/// @param loop_         the loop
/// @param options       where; copied
/// @param conn_options  how its connections are; null: the defaults; copied; framing has to be
///                      raw; idle_ms is not used, keep_ms is
/// @param http_options  limits and deadlines; null: the defaults; copied
/// @param callbacks     of its requests; copied; null: a program that pulls events, whole requests
/// @param user          goes to the callbacks of the listener and of its requests
/// @param free_user     called once with user when the listener and all of its connections are
///                      gone; also if this call fails, before it returns; may be null
/// @param out           where the handle is written; may be null
///
/// Returns: as wc_listen; WC_E_INVAL also for both on_request and on_head.
///
/// # Safety
/// The structs are null or initialised; `out` is null or writable; the callbacks may be called with
/// `user`.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn wc_http_listen(
    loop_: wc_loop,
    options: *const wc_listen_options,
    conn_options: *const wc_conn_options,
    http_options: *const wc_http_options,
    callbacks: *const wc_http_callbacks,
    user: *mut c_void,
    free_user: wc_free_fn,
    out: *mut wc_listener,
) -> wc_status {
    let user = User { ptr: user, free: free_user };
    let made = with(loop_, Kind::Loop, |core| {
        give::expect_spare(out)?;
        // SAFETY: the caller's promise.
        let (place, conn_options, http_options, callbacks) = unsafe {
            (
                Place::read(options)?,
                give::read_or_default(conn_options)?,
                give::read_or_default(http_options)?,
                give::read_or_default(callbacks)?,
            )
        };
        let streaming = callbacks.on_head.is_some();
        if conn_options.framing != WC_FRAMING_RAW || (streaming && callbacks.on_request.is_some()) {
            return Err(Status::INVAL);
        }
        let mut policy = conn_options.policy()?;
        policy.idle_ms = http_options.keep_ms;
        let service = core.host.add_service(http_options.service(streaming)?);
        let callbacks = Callbacks::Http(Box::new((callbacks, place.events)));
        let mut owner = core.bindings.insert(Binding { callbacks, user });
        owner.service = service;
        let made = place.listen(&mut core.host.engine, policy, owner);
        made.inspect_err(|_| {
            core.bindings.take_back(owner);
            core.host.remove_service(service);
        })
    });
    // SAFETY: the caller's promise.
    unsafe { user.settle(made, out) }
}
