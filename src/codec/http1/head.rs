// SPDX-License-Identifier: MIT OR Apache-2.0
//! The head of a request: request line and fields (RFC 9112 2 to 5). Is not: the body, nor a policy
//! about methods. Invariant: scanning goes on where it stopped, and the result does not depend on
//! where the input was cut. The head is stored apart from its bytes, as spans of them.

use super::fields::{Bounds, Found, Section};
use super::meaning::Meaning;
use super::target::{self, Form};
use super::{Method, Reason, Span, bytes, fault};
use crate::base::{Machine, limits};
use crate::codec::Fault;

/// How large the parts of a request may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of the request line, without its CRLF.
    pub request_line: u32,
    /// Bytes of a field line, without its CRLF.
    pub field: u32,
    /// Fields.
    pub fields: u32,
    /// Bytes of the whole head, empty lines before it and the one at its end included.
    pub head: u32,
    /// Bytes of the body, without its chunk framing.
    pub body: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            request_line: limits::HTTP_REQUEST_LINE as u32,
            field: limits::HTTP_FIELD as u32,
            fields: limits::HTTP_FIELDS as u32,
            head: limits::HTTP_HEAD as u32,
            body: limits::HTTP_BODY,
        }
    }
}

/// The head of a request. Spans are of the bytes that were shown when it was complete.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Head {
    /// The method as it came.
    pub method: Span,
    /// The method, where it is a known one.
    pub known: Method,
    /// The request target as it came.
    pub target: Span,
    /// The form of the target.
    pub form: Form,
    /// The minor version as this server understands it: 0 or 1.
    pub minor: u8,
    /// Names and values, in order; values without white space around them.
    pub fields: Vec<(Span, Span)>,
    /// Content-Length.
    pub length: Option<u64>,
    /// True exactly when the body is chunked; then there is no Content-Length.
    pub chunked: bool,
    /// True exactly when the client lets the connection be used again.
    pub keep_alive: bool,
    /// True exactly when the client may wait for 100 (Continue) before it sends the body.
    pub expect_continue: bool,
    /// Host and port: of the target if they stand there, else of the field Host.
    pub host: Option<Span>,
}

impl Head {
    /// The value of the first field of that name; ASCII case makes no difference.
    pub fn field<'a>(&self, bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
        self.fields
            .iter()
            .find(|(key, _)| key.of(bytes).eq_ignore_ascii_case(name))
            .map(|(_, value)| value.of(bytes))
    }

    /// Whether a body follows, be it an empty chunked one.
    pub fn has_body(&self) -> bool {
        self.chunked || self.length.is_some_and(|length| length > 0)
    }

    /// Back to nothing, but for the memory of the fields.
    fn clear(&mut self) {
        let mut fields = std::mem::take(&mut self.fields);
        fields.clear();
        *self = Head { fields, ..Head::default() };
    }
}

/// Where in the grammar of a request head the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// Among the empty lines that may come before the request line.
    #[default]
    EmptyLines,
    /// In the method.
    Method,
    /// In the request target.
    Target,
    /// In the version or the end of its line.
    Version,
    /// In the fields.
    Fields,
    /// Behind the head.
    Done,
}

/// What can happen in a request head; anything else is the peer's defect and becomes a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlaceInput {
    /// The request line begins.
    RequestLine,
    /// A space.
    Space,
    /// CRLF where a line would begin.
    EmptyLine,
    /// CRLF behind the version.
    LineEnd,
}

impl Machine for Place {
    type Input = PlaceInput;
    const NAME: &'static str = "request head";
    const STATES: &'static [Self] =
        &[Self::EmptyLines, Self::Method, Self::Target, Self::Version, Self::Fields, Self::Done];
    const INPUTS: &'static [PlaceInput] =
        &[PlaceInput::RequestLine, PlaceInput::Space, PlaceInput::EmptyLine, PlaceInput::LineEnd];

    #[inline]
    fn next(self, input: PlaceInput) -> Option<Self> {
        use Place::*;
        use PlaceInput::*;
        Some(match (self, input) {
            (EmptyLines, EmptyLine) => EmptyLines,
            (EmptyLines, RequestLine) => Method,
            (Method, Space) => Target,
            (Target, Space) => Version,
            (Version, LineEnd) => Fields,
            (Fields, EmptyLine) => Done,
            (EmptyLines, Space | LineEnd)
            | (Method | Target, RequestLine | EmptyLine | LineEnd)
            | (Version, RequestLine | Space | EmptyLine)
            | (Fields, RequestLine | Space | LineEnd)
            | (Done, _) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Place::EmptyLines => "Empty lines are skipped; the request line is due.",
            Place::Method => "The method is being read, up to its space.",
            Place::Target => "The request target is being read, up to its space.",
            Place::Version => "The version and the end of the request line are being read.",
            Place::Fields => "The field section is being read.",
            Place::Done => "The head is complete.",
        }
    }
}

/// The parser of heads; it serves one request after the other.
#[derive(Debug, Default)]
pub struct Parser {
    place: Place,
    /// The next byte to look at.
    at: u32,
    /// Where the request line begins.
    line: u32,
    /// Empty lines seen.
    empty_lines: u32,
    section: Section,
    meaning: Meaning,
    head: Head,
}

impl Parser {
    /// The last head that was completed, until `begin`.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Forgets the last head, to read the next one.
    pub fn begin(&mut self) {
        self.head.clear();
        let head = std::mem::take(&mut self.head);
        *self = Parser { head, ..Parser::default() };
    }

    /// True exactly when no byte of a request was seen yet, but perhaps empty lines.
    pub fn is_idle(&self) -> bool {
        self.place == Place::EmptyLines
    }

    /// Reads on; the length of the head once it is complete. `input` is the same bytes at each
    /// call, with more behind them.
    pub fn parse(&mut self, input: &[u8], limits: &Limits) -> Result<Option<usize>, Fault> {
        if self.at as usize > input.len() {
            return Ok(None);
        }
        let bounds = Bounds {
            line: limits.request_line as usize,
            line_reason: Reason::REQUEST_LINE_LONG,
            total: limits.head as usize,
            total_reason: Reason::HEAD_LONG,
            fields: limits.fields as usize,
            fields_reason: Reason::FIELDS_MANY,
        };
        loop {
            let complete = match self.place {
                Place::EmptyLines => self.empty_lines(input, &bounds)?,
                Place::Method => self.method(input, &bounds)?,
                Place::Target => self.target(input, &bounds)?,
                Place::Version => self.version(input, &bounds)?,
                Place::Fields => {
                    let line = limits.field as usize;
                    let line_reason = Reason::FIELD_LONG;
                    return self.fields(input, &Bounds { line, line_reason, ..bounds });
                }
                Place::Done => return Ok(Some(self.at as usize)),
            };
            if !complete {
                return Ok(None);
            }
        }
    }

    #[inline]
    fn turn(&mut self, at: usize, input: PlaceInput) {
        debug_assert!(at >= self.at as usize);
        let next = self.place.next(input);
        debug_assert!(next.is_some(), "{input:?} at {:?}", self.place);
        (self.at, self.place) = (at as u32, next.unwrap_or(self.place));
    }

    #[inline]
    fn empty_lines(&mut self, input: &[u8], bounds: &Bounds) -> Result<bool, Fault> {
        loop {
            let at = self.at as usize;
            if at >= bounds.total {
                return Err(fault(bounds.total_reason, at));
            }
            match input.get(at) {
                None => return Ok(false),
                Some(b'\r') => {
                    if self.empty_lines as usize >= limits::HTTP_EMPTY_LINES {
                        return Err(fault(Reason::EMPTY_LINES, at));
                    }
                    if !bounds.line_end(input, at)? {
                        return Ok(false);
                    }
                    self.empty_lines += 1;
                    self.turn(at + 2, PlaceInput::EmptyLine);
                }
                Some(_) => {
                    self.line = self.at;
                    self.turn(at, PlaceInput::RequestLine);
                    return Ok(true);
                }
            }
        }
    }

    #[inline]
    fn method(&mut self, input: &[u8], bounds: &Bounds) -> Result<bool, Fault> {
        let line = self.line as usize;
        let stop = bounds.stop(line, input.len()).min(line + limits::HTTP_METHOD + 1);
        let end = bytes::token_end(input, self.at as usize, stop);
        self.at = end as u32;
        if end - line > limits::HTTP_METHOD {
            return Err(fault(Reason::METHOD_LONG, end - 1));
        }
        if end == stop {
            return bounds.allow(line, end).map(|()| false);
        }
        match input[end] {
            b' ' if end == line => Err(fault(Reason::METHOD_EMPTY, end)),
            b' ' => {
                self.head.method = Span::new(line, end);
                self.head.known = Method::of(&input[line..end]);
                self.head.target.start = end as u32 + 1;
                self.turn(end + 1, PlaceInput::Space);
                Ok(true)
            }
            b'\r' => short_line(input, end, bounds),
            byte => Err(fault(bytes::stray(byte, Reason::METHOD_BYTE), end)),
        }
    }

    #[inline]
    fn target(&mut self, input: &[u8], bounds: &Bounds) -> Result<bool, Fault> {
        let line = self.line as usize;
        let stop = bounds.stop(line, input.len());
        let end = bytes::target_end(input, self.at as usize, stop);
        self.at = end as u32;
        if end == stop {
            return bounds.allow(line, end).map(|()| false);
        }
        let start = self.head.target.start as usize;
        match input[end] {
            b' ' if end == start => Err(fault(Reason::TARGET_EMPTY, end)),
            b' ' => {
                self.head.target = Span::new(start, end);
                self.form(input, start, end).map_err(|reason| fault(reason, start))?;
                self.turn(end + 1, PlaceInput::Space);
                Ok(true)
            }
            b'\r' => short_line(input, end, bounds),
            b'#' => Err(fault(Reason::TARGET_FRAGMENT, end)),
            byte => Err(fault(bytes::stray(byte, Reason::TARGET_BYTE), end)),
        }
    }

    #[inline]
    fn form(&mut self, input: &[u8], start: usize, end: usize) -> Result<(), Reason> {
        if input[start] == b'/' && self.head.known != Method::Connect {
            self.head.form = Form::Origin;
            return Ok(());
        }
        let text = &input[start..end];
        let parts = target::split(self.head.known, text)?;
        self.head.form = parts.form;
        if let Some(authority) = parts.authority {
            let scheme = match parts.form {
                Form::Absolute => text.iter().take_while(|b| **b != b':').count() + 3,
                _ => 0,
            };
            let start = start + scheme;
            self.head.host = Some(Span::new(start, start + authority.len()));
        }
        Ok(())
    }

    /// "HTTP/" DIGIT "." DIGIT CRLF; at most ten bytes, looked at from their first one each time.
    #[inline]
    fn version(&mut self, input: &[u8], bounds: &Bounds) -> Result<bool, Fault> {
        let at = self.at as usize;
        let line = self.line as usize;
        let stop = bounds.stop(line, input.len());
        for (n, expected) in b"HTTP/0.0\r".iter().enumerate() {
            if at + n >= stop {
                return bounds.allow(line, stop).map(|()| false);
            }
            let byte = input[at + n];
            let fits = if *expected == b'0' { byte.is_ascii_digit() } else { byte == *expected };
            if !fits {
                return Err(fault(bytes::stray(byte, Reason::VERSION_SYNTAX), at + n));
            }
        }
        if !bounds.line_end(input, at + 8)? {
            return Ok(false);
        }
        if input[at + 5] != b'1' {
            return Err(fault(Reason::VERSION_MAJOR, at + 5));
        }
        self.head.minor = u8::from(input[at + 7] != b'0');
        self.section = Section::new(at + 10);
        self.turn(at + 10, PlaceInput::LineEnd);
        Ok(true)
    }

    #[inline]
    fn fields(&mut self, input: &[u8], bounds: &Bounds) -> Result<Option<usize>, Fault> {
        loop {
            match self.section.next(input, bounds)? {
                Found::More => return Ok(None),
                Found::Field(name, value) => {
                    self.head.fields.push((name, value));
                    self.meaning
                        .field(&mut self.head, input, name, value)
                        .map_err(|reason| fault(reason, value.start as usize))?;
                }
                Found::End(end) => {
                    self.meaning.end(&mut self.head).map_err(|reason| fault(reason, end - 2))?;
                    self.turn(end, PlaceInput::EmptyLine);
                    return Ok(Some(end));
                }
            }
        }
    }
}

/// A CR stands in the request line before its version.
fn short_line(input: &[u8], at: usize, bounds: &Bounds) -> Result<bool, Fault> {
    match bounds.line_end(input, at)? {
        true => Err(fault(Reason::NO_VERSION, at)),
        false => Ok(false),
    }
}
