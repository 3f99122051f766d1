// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes in, items out. A codec does no I/O and keeps no bytes: items borrow the caller's, `used`
//! says what the caller may drop, and what was not used is shown again, with more behind it.

#![forbid(unsafe_code)]

pub mod http1;
pub mod length;
pub mod line;

use crate::base::Status;

/// What a codec made of the bytes it was shown; named for who acts next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step<T> {
    /// The first `used` bytes are this item.
    Item {
        /// Bytes of the input that belong to the item; drop them once it is dealt with.
        used: usize,
        /// The item, borrowing the input.
        item: T,
    },
    /// The caller brings more. The first `used` bytes can be dropped already; the next item is
    /// complete when what is shown has at least `want` bytes (0 where the codec cannot know).
    NeedMore {
        /// Bytes that can be dropped already.
        used: usize,
        /// Bytes of the next item in all, where known, else 0.
        want: usize,
    },
    /// The peer broke the protocol; the codec says so for ever.
    Fail(Fault),
}

/// How a peer broke a protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The status for the connection's end.
    pub status: Status,
    /// Where in the shown bytes.
    pub at: usize,
    /// The HTTP status to answer with; 0 where HTTP has no part in it.
    pub http: u16,
    /// The machine-readable reason (`WC_H_…`); 0 where HTTP has no part in it.
    pub reason: i32,
}

/// A codec.
pub trait Decode {
    /// What it finds.
    type Item<'a>;
    /// Looks at all bytes not used so far; `eof` says that none will follow.
    fn decode<'a>(&mut self, input: &'a [u8], eof: bool) -> Step<Self::Item<'a>>;
}
