// SPDX-License-Identifier: MIT OR Apache-2.0
//! Answers, written: heads, chunks, small pages. Is not: a queue, nor the decision how an answer is
//! framed; that is the exchange's `Plan`. Invariant: what is appended is well-formed HTTP/1.1, or
//! nothing is appended.
//!
//! The library owns the fields that frame a message or that it always sends: Connection,
//! Content-Length, Date, Keep-Alive and Transfer-Encoding are refused from the application, since
//! two of one kind, or one that is not true, is a hole that other messages slip through.

use super::bytes;
use super::date::DATE_LEN;
use super::exchange::{Framing, Persistence, Plan};
use crate::base::Status;

/// The interim answer that asks for the body.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// The end of a chunked body.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

macro_rules! statuses {
    ($($code:literal $phrase:literal,)*) => {
        /// The reason phrase of a registered status; `Unknown` for others.
        pub fn phrase(status: u16) -> &'static str {
            match status {
                $($code => $phrase,)*
                _ => "Unknown",
            }
        }

        /// The status line of a registered status.
        #[inline]
        fn status_line(status: u16) -> Option<&'static [u8]> {
            Some(match status {
                $($code => concat!("HTTP/1.1 ", $code, " ", $phrase, "\r\n").as_bytes(),)*
                _ => return None,
            })
        }
    };
}

statuses! {
    100 "Continue", 101 "Switching Protocols", 102 "Processing", 103 "Early Hints",
    200 "OK", 201 "Created", 202 "Accepted", 203 "Non-Authoritative Information", 204 "No Content",
    205 "Reset Content", 206 "Partial Content", 207 "Multi-Status", 208 "Already Reported",
    226 "IM Used",
    300 "Multiple Choices", 301 "Moved Permanently", 302 "Found", 303 "See Other",
    304 "Not Modified", 305 "Use Proxy", 307 "Temporary Redirect", 308 "Permanent Redirect",
    400 "Bad Request", 401 "Unauthorized", 402 "Payment Required", 403 "Forbidden", 404 "Not Found",
    405 "Method Not Allowed", 406 "Not Acceptable", 407 "Proxy Authentication Required",
    408 "Request Timeout", 409 "Conflict", 410 "Gone", 411 "Length Required",
    412 "Precondition Failed", 413 "Content Too Large", 414 "URI Too Long",
    415 "Unsupported Media Type", 416 "Range Not Satisfiable", 417 "Expectation Failed",
    421 "Misdirected Request", 422 "Unprocessable Content", 423 "Locked", 424 "Failed Dependency",
    425 "Too Early", 426 "Upgrade Required", 428 "Precondition Required", 429 "Too Many Requests",
    431 "Request Header Fields Too Large", 451 "Unavailable For Legal Reasons",
    500 "Internal Server Error", 501 "Not Implemented", 502 "Bad Gateway",
    503 "Service Unavailable", 504 "Gateway Timeout", 505 "HTTP Version Not Supported",
    506 "Variant Also Negotiates", 507 "Insufficient Storage", 508 "Loop Detected",
    511 "Network Authentication Required",
}

/// Appends the head of an answer: status line, Date, framing, Connection, the application's fields.
/// `WC_E_INVAL`, and nothing appended, if a field is the library's or its bytes are not a field's,
/// or if the status is no three-digit number.
pub fn head<'a>(
    out: &mut Vec<u8>,
    status: u16,
    plan: &Plan,
    date: &[u8; DATE_LEN],
    fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
) -> Result<(), Status> {
    let begin = out.len();
    out.reserve(HEAD_GUESS);
    match status_line(status) {
        Some(line) => out.extend_from_slice(line),
        None if (100..=999).contains(&status) => {
            out.extend_from_slice(b"HTTP/1.1 ");
            decimal(out, u64::from(status));
            out.extend_from_slice(b" Unknown\r\n");
        }
        None => return Err(Status::INVAL),
    }
    out.extend_from_slice(b"Date: ");
    out.extend_from_slice(date);
    match plan.framing {
        Framing::Length(length) => {
            out.extend_from_slice(b"\r\nContent-Length: ");
            decimal(out, length);
            out.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => out.extend_from_slice(b"\r\nTransfer-Encoding: chunked\r\n"),
        Framing::Nothing | Framing::Close => out.extend_from_slice(b"\r\n"),
    }
    match plan.persistence {
        Persistence::Implied => {}
        Persistence::KeepAlive => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        Persistence::Close => out.extend_from_slice(b"Connection: close\r\n"),
    }
    for (name, value) in fields {
        if !is_field(name, value) || is_owned(name) {
            out.truncate(begin);
            return Err(Status::INVAL);
        }
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Room made for a head before it is written, so that most of them grow the buffer once at most.
const HEAD_GUESS: usize = 256;

/// Whether name and value can stand in a field line.
pub fn is_field(name: &[u8], value: &[u8]) -> bool {
    !name.is_empty()
        && bytes::token_end(name, 0, name.len()) == name.len()
        && bytes::value_end(value, 0, value.len()) == value.len()
}

/// Whether the library writes this field itself.
pub fn is_owned(name: &[u8]) -> bool {
    let owned: &[u8] = match name.len() {
        4 => b"date",
        10 if name[0] | 0x20 == b'c' => b"connection",
        10 => b"keep-alive",
        14 => b"content-length",
        17 => b"transfer-encoding",
        _ => return false,
    };
    name.eq_ignore_ascii_case(owned)
}

/// Appends `data` as one chunk; nothing where it is empty, for an empty chunk would be the last
/// one.
pub fn chunk(out: &mut Vec<u8>, data: &[u8]) {
    if data.is_empty() {
        return;
    }
    chunk_size(out, data.len() as u64);
    out.extend_from_slice(data);
    out.extend_from_slice(b"\r\n");
}

/// Appends the line before a chunk's data; CRLF has to follow the data.
pub fn chunk_size(out: &mut Vec<u8>, size: u64) {
    let mut digits = [0; 16];
    let mut at = digits.len();
    let mut rest = size;
    loop {
        at -= 1;
        digits[at] = b"0123456789abcdef"[(rest & 15) as usize];
        rest >>= 4;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
}

/// Appends a number in decimal.
pub fn decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

/// The Content-Type of `page`.
pub const PAGE_TYPE: &[u8] = b"text/html; charset=utf-8";

/// The small page that says what a status means.
pub fn page(status: u16) -> Vec<u8> {
    let mut title = Vec::with_capacity(64);
    decimal(&mut title, u64::from(status));
    title.push(b' ');
    title.extend_from_slice(phrase(status).as_bytes());
    let pieces: [&[u8]; 5] = [
        b"<!DOCTYPE html>\n<html lang=\"en\">\n<title>",
        &title,
        b"</title>\n<h1>",
        &title,
        b"</h1>\n</html>\n",
    ];
    pieces.concat()
}
