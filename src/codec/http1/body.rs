// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a body ends: at once, after Content-Length bytes, or where its chunks say (RFC 9112 6.3).
//! Is not: a store; the bytes are lent. Invariant: it never lends a byte that is not of this body.

use super::chunked::Chunked;
use super::{Head, Reason, Span};
use crate::codec::{Decode, Step};

/// A piece of a body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part<'a> {
    /// Bytes of the body.
    Data(&'a [u8]),
    /// The trailer section, complete.
    Trailers(&'a [u8]),
    /// The end of the body.
    End,
}

/// How the end of the body is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Framing {
    /// A count of bytes, 0 where there is no body.
    #[default]
    Length,
    /// The chunked transfer coding.
    Chunked,
}

/// The body of one message.
#[derive(Debug, Default)]
pub struct Body {
    framing: Framing,
    /// Bytes still due, where a count of bytes frames the body.
    left: u64,
    chunked: Chunked,
}

impl Body {
    /// Begins the body that `head` announces, unless it is longer than `max`.
    #[inline]
    pub fn begin(&mut self, head: &Head, max: u64) -> Result<(), Reason> {
        debug_assert!(!head.chunked || head.length.is_none());
        self.left = head.length.unwrap_or(0);
        self.framing = if head.chunked { Framing::Chunked } else { Framing::Length };
        if self.left > max {
            return Err(Reason::BODY_LONG);
        }
        if head.chunked {
            self.chunked.begin(max);
        }
        Ok(())
    }

    /// Bytes still due, where that is known.
    pub fn left(&self) -> Option<u64> {
        (self.framing == Framing::Length).then_some(self.left)
    }

    /// Names and values of the trailers, as spans of what `Part::Trailers` lent.
    pub fn trailers(&self) -> &[(Span, Span)] {
        match self.framing {
            Framing::Length => &[],
            Framing::Chunked => self.chunked.trailers(),
        }
    }
}

impl Decode for Body {
    type Item<'a> = Part<'a>;

    #[inline]
    fn decode<'a>(&mut self, input: &'a [u8], eof: bool) -> Step<Part<'a>> {
        match self.framing {
            Framing::Chunked => self.chunked.decode(input, eof),
            Framing::Length if self.left == 0 => Step::Item { used: 0, item: Part::End },
            Framing::Length if input.is_empty() => Step::NeedMore { used: 0, want: 0 },
            Framing::Length => {
                let used = input.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left -= used as u64;
                Step::Item { used, item: Part::Data(&input[..used]) }
            }
        }
    }
}
