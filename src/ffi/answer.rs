// SPDX-License-Identifier: MIT OR Apache-2.0
//! Answering an HTTP request, in C: in one shot, streamed, or from another thread.

use super::give;
use super::guard::{code, flat, guard, with};
use super::table;
use super::types::{wc_header, wc_request, wc_status};
use crate::base::{Handle, Kind, Status};
use crate::codec::http1::write;
use crate::engine::Message;
use crate::http::Answer;
use std::ffi::{c_int, c_void};

/// As the length of a streamed answer: it is not known before its end.
pub const WC_LENGTH_UNKNOWN: c_int = -1;

/// Header fields of one answer that are held without taking memory for their list.
const FEW: usize = 16;

/// The caller's header fields, as the layers below understand them.
///
/// # Safety
/// `headers` is null or points to `count` headers, whose texts stand during the call.
unsafe fn with_fields<T>(
    headers: *const wc_header,
    count: usize,
    act: impl FnOnce(&[(&[u8], &[u8])]) -> Result<T, Status>,
) -> Result<T, Status> {
    if count == 0 {
        return act(&[]);
    }
    if headers.is_null()
        || !headers.is_aligned()
        || count > isize::MAX as usize / size_of::<wc_header>()
    {
        return Err(Status::INVAL);
    }
    // SAFETY: the caller's promise.
    let headers = unsafe { std::slice::from_raw_parts(headers, count) };
    let field = |h: &wc_header| -> Result<(&[u8], &[u8]), Status> {
        // SAFETY: the caller's promise.
        let (name, value) = unsafe {
            (give::bytes(h.name.cast(), h.name_len)?, give::bytes(h.value.cast(), h.value_len)?)
        };
        Ok((name, value))
    };
    if count <= FEW {
        let mut few: [(&[u8], &[u8]); FEW] = [(b"", b""); FEW];
        for (place, header) in few.iter_mut().zip(headers) {
            *place = field(header)?;
        }
        return act(&few[..count]);
    }
    let many = headers.iter().map(field).collect::<Result<Vec<_>, Status>>()?;
    act(&many)
}

fn status_code(status: i32) -> Result<u16, Status> {
    u16::try_from(status).map_err(|_| Status::INVAL)
}

/// Answers a request whole. Date, Content-Length and Connection are the library's; to HEAD, 204 and
/// 304 the body is left out. Can be called before the body of the request has come; what then comes
/// of it is dropped, up to a limit, else the connection ends.
///
/// [loop thread] For other threads there is wc_request_respond_async.
///
/// @param request  the request
/// @param status   200 to 599
/// @param headers  header fields; copied; may be null if count is 0; Connection, Content-Length,
///                 Date, Keep-Alive and Transfer-Encoding are refused, as are names and values
///                 that hold what HTTP does not allow there
/// @param count    how many
/// @param body     the body; copied
/// @param len      its bytes, or WC_NTS for a NUL-terminated text
///
/// Returns: WC_OK; WC_FULL: accepted, and the output queue is above its high water; WC_E_INVAL;
/// WC_E_STATE if it is answered already; WC_E_LIMIT: refused whole, for it would pass write_limit;
/// WC_E_RESET; WC_E_GONE once the request is over, as when its client has gone; WC_E_BADHANDLE,
/// WC_E_THREAD, WC_E_FORKED, WC_E_PANIC. With an error nothing was written. See RFC 9110 section
/// 15.
///
/// # Safety
/// `headers` points to `count` headers; texts have the bytes that their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_respond(
    request: wc_request,
    status: i32,
    headers: *const wc_header,
    count: usize,
    body: *const c_void,
    len: usize,
) -> wc_status {
    flat(with(request, Kind::Request, |core| {
        let status = status_code(status)?;
        // SAFETY: the caller's promise.
        unsafe {
            let body = give::bytes(body, len)?;
            with_fields(headers, count, |fields| {
                core.host.respond(Handle(request), status, fields, body)
            })
        }
    }))
}

/// Has the loop's thread answer a request whole. If the request is over by then the answer is
/// dropped; its on_close has said so. An answer that would pass write_limit ends the connection
/// with WC_E_LIMIT.
///
/// [any thread] Not from a signal handler.
///
/// @param request  the request
/// @param status   200 to 599
/// @param headers  header fields, as for wc_request_respond; copied
/// @param count    how many
/// @param body     the body; copied
/// @param len      its bytes, or WC_NTS for a NUL-terminated text
///
/// Returns: WC_OK; WC_E_INVAL; WC_E_LIMIT if too many jobs or bytes are queued; WC_E_BADHANDLE;
/// WC_E_GONE if its loop has ended; WC_E_FORKED.
///
/// # Safety
/// `headers` points to `count` headers; texts have the bytes that their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_respond_async(
    request: wc_request,
    status: i32,
    headers: *const wc_header,
    count: usize,
    body: *const c_void,
    len: usize,
) -> wc_status {
    code(guard(|| {
        let status = status_code(status)?;
        let takes = (200..=599).contains(&status);
        // SAFETY: the caller's promise.
        let answer = unsafe {
            let body = give::bytes(body, len)?.to_vec();
            with_fields(headers, count, |fields| {
                let good = |(name, value): &(&[u8], &[u8])| {
                    write::is_field(name, value) && !write::is_owned(name)
                };
                if !takes || !fields.iter().all(good) {
                    return Err(Status::INVAL);
                }
                let fields =
                    fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
                Ok(Answer { request: Handle(request), status, fields, body })
            })?
        };
        let named: usize = answer.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let (count, message) = (named + answer.body.len(), Message::Above(Box::new(answer)));
        table::with_door(Handle(request), Kind::Request, |door| {
            door.push(message, count).map_err(|refused| refused.0)
        })?
    }))
}

/// Begins an answer that is written piece by piece with wc_request_write and ended with
/// wc_request_finish.
///
/// [loop thread]
///
/// @param request  the request
/// @param status   200 to 599
/// @param headers  header fields, as for wc_request_respond; copied
/// @param count    how many
/// @param length   bytes of the whole body, or WC_LENGTH_UNKNOWN: then it is sent in chunks, or,
///                 to a client of HTTP/1.0, up to the end of the connection
///
/// Returns: as wc_request_respond.
///
/// # Safety
/// `headers` points to `count` headers; texts have the bytes that their lengths say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_begin(
    request: wc_request,
    status: i32,
    headers: *const wc_header,
    count: usize,
    length: i64,
) -> wc_status {
    flat(with(request, Kind::Request, |core| {
        let status = status_code(status)?;
        let length = match length {
            -1 => None,
            length => Some(u64::try_from(length).map_err(|_| Status::INVAL)?),
        };
        // SAFETY: the caller's promise.
        unsafe {
            with_fields(headers, count, |fields| {
                core.host.begin(Handle(request), status, fields, length)
            })
        }
    }))
}

/// Writes a piece of the body of an answer that was begun. To HEAD, 204 and 304 it is accepted and
/// left out.
///
/// [loop thread]
///
/// @param request  the request
/// @param data     the piece; copied
/// @param len      its bytes, or WC_NTS for a NUL-terminated text
///
/// Returns: WC_OK; WC_FULL: accepted, and above write_high, so exactly one on_drain follows,
/// unless the answer is finished before; WC_E_LIMIT: refused whole, for it would pass write_limit
/// or the length that was told; WC_E_STATE if the answer has not begun or has ended; WC_E_INVAL;
/// WC_E_RESET; WC_E_GONE, WC_E_BADHANDLE, WC_E_THREAD, WC_E_FORKED, WC_E_PANIC.
///
/// # Safety
/// `data` points to `len` readable bytes, or to a NUL-terminated text with WC_NTS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn wc_request_write(
    request: wc_request,
    data: *const c_void,
    len: usize,
) -> wc_status {
    flat(with(request, Kind::Request, |core| {
        // SAFETY: the caller's promise.
        core.host.write(Handle(request), unsafe { give::bytes(data, len)? })
    }))
}

/// Ends an answer that was begun.
///
/// [loop thread]
///
/// @param request  the request
///
/// Returns: WC_OK or WC_FULL; WC_E_STATE if it has not begun, has ended, or owes bytes of the
/// length that was told; WC_E_LIMIT; WC_E_RESET; WC_E_GONE, WC_E_BADHANDLE, WC_E_THREAD,
/// WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_request_finish(request: wc_request) -> wc_status {
    flat(with(request, Kind::Request, |core| core.host.finish(Handle(request))))
}

/// Gives an answer up: what was written goes out, then the connection ends, which shows the client
/// that something is missing; where the end of the connection was to be the end of the answer, as
/// to HTTP/1.0 without a length, it is reset instead, and what is queued is lost. on_close follows.
///
/// [loop thread]
///
/// @param request  the request
///
/// Returns: WC_OK; WC_E_STATE if the answer has ended; WC_E_GONE, WC_E_BADHANDLE, WC_E_THREAD,
/// WC_E_FORKED, WC_E_PANIC.
#[unsafe(no_mangle)]
pub extern "C" fn wc_request_abort(request: wc_request) -> wc_status {
    code(with(request, Kind::Request, |core| core.host.abort(Handle(request))))
}
