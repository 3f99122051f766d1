// SPDX-License-Identifier: MIT OR Apache-2.0
//! A request, decoded: its head, its body, its end, and the next one. Is not: a judge of whether a
//! next one may come; that is `exchange`. Invariant: after a fault it says the same fault for ever.

use super::body::{Body, Part};
use super::head::Parser;
use super::{Head, Limits, Span, fault};
use crate::base::Status;
use crate::codec::{Decode, Fault, Step};

/// What a message is made of, in order: a head, pieces of body, perhaps trailers, the end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item<'a> {
    /// The head is complete; these are the bytes that its spans are of.
    Head(&'a [u8]),
    /// A piece of the body, without its framing.
    Body(&'a [u8]),
    /// The trailers are complete; these are the bytes that their spans are of.
    Trailers(&'a [u8]),
    /// The message is complete.
    End,
}

/// What is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Due {
    /// A new head: what is known of the last message is forgotten first.
    NewHead,
    /// The rest of a head.
    Head,
    /// The body, or its end.
    Body,
    /// Nothing any more.
    Nothing(Fault),
}

/// The decoder of the requests of one connection. Between two of them it holds nothing but memory
/// that it uses again, so one may be lent to whichever connection is in the middle of a request.
#[derive(Debug)]
pub struct Message {
    limits: Limits,
    due: Due,
    parser: Parser,
    body: Body,
}

impl Default for Message {
    fn default() -> Self {
        Message::new(Limits::default())
    }
}

impl Message {
    /// A decoder with these limits.
    pub fn new(limits: Limits) -> Self {
        let (parser, body) = (Parser::default(), Body::default());
        Message { limits, due: Due::NewHead, parser, body }
    }

    /// The head, from `Item::Head` until the first bytes of the next one are shown.
    pub fn head(&self) -> &Head {
        self.parser.head()
    }

    /// Names and values of the trailers, from `Item::Trailers` until the next message; those that
    /// steer framing, routing or access are left out.
    pub fn trailers(&self) -> &[(Span, Span)] {
        self.body.trailers()
    }

    /// Bytes of the body still due, where the head said how many they are.
    pub fn body_left(&self) -> Option<u64> {
        self.body.left()
    }

    /// True exactly when it stands between two messages: no byte of the next one was seen, but
    /// perhaps empty lines.
    pub fn is_idle(&self) -> bool {
        match self.due {
            Due::NewHead => true,
            Due::Head => self.parser.is_idle(),
            Due::Body | Due::Nothing(_) => false,
        }
    }

    /// The fault that ended it.
    pub fn fault(&self) -> Option<Fault> {
        match self.due {
            Due::Nothing(fault) => Some(fault),
            _ => None,
        }
    }

    fn head_step<'a>(&mut self, input: &'a [u8]) -> Result<Step<Item<'a>>, Fault> {
        if self.due == Due::NewHead {
            if input.is_empty() {
                return Ok(Step::NeedMore { used: 0, want: 0 });
            }
            self.parser.begin();
            self.due = Due::Head;
        }
        let Some(used) = self.parser.parse(input, &self.limits)? else {
            return Ok(Step::NeedMore { used: 0, want: 0 });
        };
        let begun = self.body.begin(self.parser.head(), self.limits.body);
        begun.map_err(|reason| fault(reason, used))?;
        self.due = Due::Body;
        Ok(Step::Item { used, item: Item::Head(&input[..used]) })
    }

    fn body_step<'a>(&mut self, input: &'a [u8], eof: bool) -> Step<Item<'a>> {
        match self.body.decode(input, eof) {
            Step::Item { used, item: Part::Data(bytes) } => {
                Step::Item { used, item: Item::Body(bytes) }
            }
            Step::Item { used, item: Part::Trailers(bytes) } => {
                Step::Item { used, item: Item::Trailers(bytes) }
            }
            Step::Item { used, item: Part::End } => {
                self.due = Due::NewHead;
                Step::Item { used, item: Item::End }
            }
            Step::NeedMore { used, want } => Step::NeedMore { used, want },
            Step::Fail(fault) => Step::Fail(fault),
        }
    }
}

impl Decode for Message {
    type Item<'a> = Item<'a>;

    fn decode<'a>(&mut self, input: &'a [u8], eof: bool) -> Step<Item<'a>> {
        let step = match self.due {
            Due::NewHead | Due::Head => self.head_step(input).unwrap_or_else(Step::Fail),
            Due::Body => self.body_step(input, eof),
            Due::Nothing(fault) => Step::Fail(fault),
        };
        match step {
            Step::NeedMore { .. } if eof && !self.is_idle() => {
                // There is nobody to answer to: no HTTP status, no reason.
                let fault = Fault { status: Status::EOF, at: input.len(), http: 0, reason: 0 };
                self.due = Due::Nothing(fault);
                Step::Fail(fault)
            }
            Step::Fail(fault) => {
                self.due = Due::Nothing(fault);
                step
            }
            step => step,
        }
    }
}
