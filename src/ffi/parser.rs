// SPDX-License-Identifier: MIT OR Apache-2.0
//! The HTTP/1.1 parser alone, in C: no loop, no I/O, no handle. INVARIANT: what it lends points
//! into the caller's bytes.
#![allow(non_camel_case_types)]

use super::give::{self, Versioned};
use super::guard::{code, flat, guard};
use super::http::wc_http_options;
use super::types::{wc_status, wc_str};
use crate::base::Status;
use crate::codec::http1::{Item, Message, Reason};
use crate::codec::{Decode, Fault, Step};
use std::ffi::{c_char, c_int, c_void};

/// A head is complete: wc_http_parser_head lends it.
pub const WC_HTTP_HEAD: c_int = 1;
/// A piece of a body, without its framing: data and len.
pub const WC_HTTP_BODY: c_int = 2;
/// A message is complete; the next one may follow.
pub const WC_HTTP_END: c_int = 3;

/// A parser of HTTP/1.1 requests.
pub struct wc_http_parser {
    message: Message,
    /// The bytes that the head was found in; the caller keeps them as long as it asks for the head.
    head: Option<(*const u8, usize)>,
    fault: Option<Fault>,
}

/// What the parser found. Set size before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_http_item {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// WC_HTTP_HEAD, WC_HTTP_BODY or WC_HTTP_END.
    pub kind: i32,
    /// Reserved; 0.
    pub reserved: i32,
    /// The piece of a body, in the caller's bytes, or null.
    pub data: *const c_char,
    /// Its bytes.
    pub len: usize,
}

// SAFETY: repr(C), size first, integers and pointers only.
unsafe impl Versioned for wc_http_item {
    const FIRST: usize = size_of::<wc_http_item>();
    fn defaults() -> wc_http_item {
        let data = std::ptr::null();
        wc_http_item { size: size_of::<wc_http_item>(), kind: 0, reserved: 0, data, len: 0 }
    }
}

/// The head of a request. Set size before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_http_head {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// The method, in the caller's bytes.
    pub method: wc_str,
    /// The request target as it came, in the caller's bytes.
    pub target: wc_str,
    /// The minor version as it is to be understood: 0 or 1.
    pub minor_version: i32,
    /// Not 0: another request may follow on the connection.
    pub keep_alive: i32,
    /// Not 0: the body is chunked.
    pub chunked: i32,
    /// Not 0: the client may wait for 100 (Continue).
    pub expect_continue: i32,
    /// Content-Length, or -1 where there is none.
    pub content_length: i64,
    /// How many header fields there are.
    pub header_count: usize,
}

// SAFETY: repr(C), size first, integers and pointers only.
unsafe impl Versioned for wc_http_head {
    const FIRST: usize = size_of::<wc_http_head>();
    fn defaults() -> wc_http_head {
        let empty = wc_str { ptr: std::ptr::null(), len: 0 };
        wc_http_head {
            size: size_of::<wc_http_head>(),
            method: empty,
            target: empty,
            minor_version: 0,
            keep_alive: 0,
            chunked: 0,
            expect_continue: 0,
            content_length: -1,
            header_count: 0,
        }
    }
}

/// How the peer broke HTTP. Set size before the call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct wc_http_fault {
    /// Bytes of this struct as the caller knows it.
    pub size: usize,
    /// WC_H_..., or 0 where the peer's end came in the middle of a message.
    pub reason: i32,
    /// The HTTP status to answer with, or 0 where there is nobody to answer to.
    pub http_status: i32,
    /// Where, in the bytes that were shown.
    pub at: usize,
}

// SAFETY: repr(C), size first, integers only.
unsafe impl Versioned for wc_http_fault {
    const FIRST: usize = size_of::<wc_http_fault>();
    fn defaults() -> wc_http_fault {
        wc_http_fault { size: size_of::<wc_http_fault>(), reason: 0, http_status: 0, at: 0 }
    }
}

/// Makes a parser of requests. It belongs to whoever uses it: one thread at a time.
///
/// [any thread]
///
/// @param options  limits; deadlines in it are not used; null: the defaults; copied
/// @param out      where the parser is written; free it with wc_http_parser_free
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_VERSION.
///
/// # Safety
/// `options` is null or an initialised struct; `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_http_parser_new(
    options: *const wc_http_options,
    out: *mut *mut wc_http_parser,
) -> wc_status {
    code(guard(|| {
        give::expect_out(out)?;
        // SAFETY: the caller's promise.
        let options = unsafe { give::read_or_default(options)? };
        let message = Message::new(options.service(false)?.limits);
        let parser = Box::new(wc_http_parser { message, head: None, fault: None });
        // SAFETY: the caller's promise.
        unsafe { give::put(out, Box::into_raw(parser)) }
    }))
}

/// Frees a parser.
///
/// [any thread]
///
/// @param parser  the parser, not used any more; null does nothing
///
/// # Safety
/// `parser` is null, or came from wc_http_parser_new and was not freed yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_http_parser_free(parser: *mut wc_http_parser) {
    if !parser.is_null() {
        let _ = guard(|| {
            // SAFETY: the caller's promise.
            drop(unsafe { Box::from_raw(parser) });
            Ok(())
        });
    }
}

/// The caller's parser.
///
/// # Safety
/// `parser` is null or alive, and nobody else uses it.
unsafe fn live<'a>(parser: *const wc_http_parser) -> Result<&'a wc_http_parser, Status> {
    // SAFETY: the caller's promise.
    unsafe { parser.as_ref() }.ok_or(Status::INVAL)
}

/// Finds the next item. The parser keeps no bytes: show it all that it has not used, again and with
/// more behind them. It does not scan again what it has scanned. After a head without keep_alive
/// the bytes that follow its message are not to be shown as another request.
///
/// [any thread]
///
/// @param parser  the parser
/// @param data    all bytes not used so far
/// @param len     how many
/// @param eof     not 0: none will follow
/// @param used    where the number of bytes is written that are to be dropped, once the item is
///                dealt with
/// @param item    where the item is written, its size set
///
/// Returns: WC_OK with an item; WC_NONE: more bytes are needed; WC_E_HTTP: the peer broke HTTP, see
/// wc_http_parser_fault; WC_E_EOF: the end came in the middle of a message; both for ever.
/// WC_E_INVAL; WC_E_VERSION; WC_E_PANIC.
///
/// # Safety
/// `parser` is alive; `data` points to `len` readable bytes; `used` and `item` are writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_http_parser_next(
    parser: *mut wc_http_parser,
    data: *const c_char,
    len: usize,
    eof: i32,
    used: *mut usize,
    item: *mut wc_http_item,
) -> wc_status {
    flat(guard(|| {
        // SAFETY: the caller's promise.
        let (parser, bytes) = unsafe {
            give::read(item)?;
            give::put(used, 0)?;
            (parser.as_mut().ok_or(Status::INVAL)?, give::bytes(data.cast::<c_void>(), len)?)
        };
        let (found, count) = parser.next(bytes, eof != 0)?;
        // SAFETY: the caller's promise.
        unsafe { give::put(used, count)? };
        let Some(found) = found else { return Ok(Status::NONE) };
        // SAFETY: the caller's promise.
        unsafe { give::write(item, &found)? };
        Ok(Status::OK)
    }))
}

impl wc_http_parser {
    fn next(&mut self, bytes: &[u8], eof: bool) -> Result<(Option<wc_http_item>, usize), Status> {
        if !bytes.is_empty() && self.message.is_idle() {
            // The next head begins, and its spans are of other bytes than those of the last one.
            self.head = None;
        }
        let mut skipped = 0;
        loop {
            let (kind, data, used) = match self.message.decode(&bytes[skipped..], eof) {
                Step::Item { used, item: Item::Head(head) } => {
                    self.head = Some((head.as_ptr(), head.len()));
                    (WC_HTTP_HEAD, None, used)
                }
                Step::Item { used, item: Item::Body(piece) } => (WC_HTTP_BODY, Some(piece), used),
                Step::Item { used, item: Item::Trailers(_) } => {
                    skipped += used;
                    continue;
                }
                Step::Item { used, item: Item::End } => (WC_HTTP_END, None, used),
                Step::NeedMore { used, .. } => return Ok((None, skipped + used)),
                Step::Fail(fault) => {
                    let at = skipped + fault.at;
                    self.fault.get_or_insert(Fault { at, ..fault });
                    return Err(fault.status);
                }
            };
            let mut item = wc_http_item { kind, ..wc_http_item::defaults() };
            if let Some(piece) = data {
                (item.data, item.len) = (piece.as_ptr().cast(), piece.len());
            }
            return Ok((Some(item), skipped + used));
        }
    }

    /// The bytes of the head that was found last.
    ///
    /// # Safety
    /// The caller still has the bytes that it showed when the head was found.
    unsafe fn head_bytes(&self) -> Result<&[u8], Status> {
        let (ptr, len) = self.head.ok_or(Status::STATE)?;
        // SAFETY: the caller's promise.
        Ok(unsafe { std::slice::from_raw_parts(ptr, len) })
    }
}

/// The head that was found last. It points into the bytes that were shown then.
///
/// [any thread]
///
/// @param parser  the parser, after WC_HTTP_HEAD, while the bytes shown then stand
/// @param out     where the head is written, its size set
///
/// Returns: WC_OK; WC_E_STATE if no head was found yet; WC_E_INVAL; WC_E_VERSION; WC_E_PANIC.
///
/// # Safety
/// `parser` is alive; the bytes in which the head was found stand; `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_http_parser_head(
    parser: *const wc_http_parser,
    out: *mut wc_http_head,
) -> wc_status {
    code(guard(|| {
        // SAFETY: the caller's promise.
        let (parser, bytes) = unsafe {
            let parser = live(parser)?;
            (parser, parser.head_bytes()?)
        };
        let head = parser.message.head();
        let value = wc_http_head {
            method: give::lend(head.method.of(bytes)),
            target: give::lend(head.target.of(bytes)),
            minor_version: head.minor.into(),
            keep_alive: head.keep_alive.into(),
            chunked: head.chunked.into(),
            expect_continue: head.expect_continue.into(),
            content_length: head.length.map_or(-1, |length| length as i64),
            header_count: head.fields.len(),
            ..wc_http_head::defaults()
        };
        // SAFETY: the caller's promise.
        unsafe { give::write(out, &value) }
    }))
}

/// A header field of the head that was found last.
///
/// [any thread]
///
/// @param parser  the parser, after WC_HTTP_HEAD, while the bytes shown then stand
/// @param index   less than header_count
/// @param name    where the name is written, as it came
/// @param value   where the value is written, without white space around it
///
/// Returns: WC_OK; WC_E_STATE if no head was found yet; WC_E_INVAL, also for an index past the end;
/// WC_E_PANIC.
///
/// # Safety
/// `parser` is alive; the bytes in which the head was found stand; `name` and `value` are null or
/// writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_http_parser_header_at(
    parser: *const wc_http_parser,
    index: usize,
    name: *mut wc_str,
    value: *mut wc_str,
) -> wc_status {
    code(guard(|| {
        // SAFETY: the caller's promise.
        let (parser, bytes) = unsafe {
            let parser = live(parser)?;
            (parser, parser.head_bytes()?)
        };
        let (key, text) = parser.message.head().fields.get(index).ok_or(Status::INVAL)?;
        give::expect_out(value)?;
        // SAFETY: the caller's promise.
        unsafe {
            give::put(name, give::lend(key.of(bytes)))?;
            give::put(value, give::lend(text.of(bytes)))
        }
    }))
}

/// How the peer broke HTTP, after WC_E_HTTP or WC_E_EOF.
///
/// [any thread]
///
/// @param parser  the parser
/// @param out     where the fault is written, its size set
///
/// Returns: WC_OK; WC_E_STATE if there is none; WC_E_INVAL; WC_E_VERSION; WC_E_PANIC.
///
/// # Safety
/// `parser` is alive; `out` is null or writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_http_parser_fault(
    parser: *const wc_http_parser,
    out: *mut wc_http_fault,
) -> wc_status {
    code(guard(|| {
        // SAFETY: the caller's promise.
        let fault = unsafe { live(parser)? }.fault.ok_or(Status::STATE)?;
        let value = wc_http_fault {
            reason: fault.reason,
            http_status: fault.http.into(),
            at: fault.at,
            ..wc_http_fault::defaults()
        };
        // SAFETY: the caller's promise.
        unsafe { give::write(out, &value) }
    }))
}

/// The name of a reason, such as "WC_H_BARE_LF".
///
/// [any thread]
///
/// @param reason  any number
///
/// Returns: a text that stands as long as the library is loaded; never null.
#[unsafe(no_mangle)]
pub extern "C" fn wc_http_reason_name(reason: i32) -> *const c_char {
    Reason(reason).c_name().as_ptr()
}

/// One sentence that says what a reason means.
///
/// [any thread]
///
/// @param reason  any number
///
/// Returns: a text that stands as long as the library is loaded; never null.
#[unsafe(no_mangle)]
pub extern "C" fn wc_http_reason_text(reason: i32) -> *const c_char {
    Reason(reason).c_text().as_ptr()
}
