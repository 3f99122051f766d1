// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP/1.1, the server's side, without I/O: RFC 9110 and 9112, strictly. Requests are decoded
//! (`message`, made of `head` and `body`), answers are written (`write`), and `exchange` says what
//! may follow what. Is not: a handler, a router, a connection.
//!
//! Invariant: what is decided depends on the bytes alone, never on how they were cut.

pub mod body;
mod bytes;
pub mod chunked;
pub mod date;
pub mod exchange;
pub mod fields;
pub mod head;
mod host;
mod meaning;
pub mod message;
pub mod method;
pub mod reason;
pub mod target;
pub mod write;

#[cfg(test)]
mod tests;

pub use body::Part;
pub use exchange::Exchange;
pub use head::{Head, Limits};
pub use message::{Item, Message};
pub use method::Method;
pub use reason::Reason;

use super::Fault;
use crate::base::Status;

/// A piece of the bytes that were shown when the head (or the trailer section) was complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// Index of the first byte.
    pub start: u32,
    /// Count of bytes.
    pub len: u32,
}

impl Span {
    /// The span of `start..end`. Heads and trailer sections are limited to 32-bit lengths.
    #[inline]
    fn new(start: usize, end: usize) -> Self {
        debug_assert!(start <= end && end <= u32::MAX as usize);
        Span { start: start as u32, len: (end - start) as u32 }
    }

    /// The bytes of the span; nothing if `bytes` are not the ones that it was made for.
    #[inline]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        let start = self.start as usize;
        bytes.get(start..start + self.len as usize).unwrap_or_default()
    }
}

/// The fault for a reason found at `at`.
#[cold]
fn fault(reason: Reason, at: usize) -> Fault {
    Fault { status: Status::HTTP, at, http: reason.http(), reason: reason.0 }
}
