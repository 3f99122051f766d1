// SPDX-License-Identifier: MIT OR Apache-2.0
//! A section of field lines: that of a head or that of the trailers. Is not: the meaning of any
//! field. Invariant: `at` never goes back, so no byte is looked at twice however the section is
//! cut, and what is decided about a byte follows from the bytes before it alone.

use super::{Reason, Span, bytes, fault};
use crate::base::Machine;
use crate::codec::Fault;

/// How long a line and all lines may be, and what to say otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Bytes of a line without its CRLF.
    pub line: usize,
    /// The reason for a longer one.
    pub line_reason: Reason,
    /// Bytes in all.
    pub total: usize,
    /// The reason for more.
    pub total_reason: Reason,
    /// Fields in all.
    pub fields: usize,
    /// The reason for more.
    pub fields_reason: Reason,
}

impl Bounds {
    /// How far a line that begins at `line` may be scanned: to what is there, or one byte past a
    /// bound.
    #[inline]
    pub fn stop(&self, line: usize, len: usize) -> usize {
        len.min(line.saturating_add(self.line).saturating_add(1)).min(self.total)
    }

    /// A scan came to `at` without finding an end: fine, unless a bound is why it stopped there.
    #[inline]
    pub fn allow(&self, line: usize, at: usize) -> Result<(), Fault> {
        if at - line > self.line {
            Err(fault(self.line_reason, at - 1))
        } else if at >= self.total {
            Err(fault(self.total_reason, at))
        } else {
            Ok(())
        }
    }

    /// A CR stands at `at`: whether its LF is there already.
    #[inline]
    pub fn line_end(&self, input: &[u8], at: usize) -> Result<bool, Fault> {
        if at + 1 >= self.total {
            return Err(fault(self.total_reason, at + 1));
        }
        match input.get(at + 1) {
            Some(b'\n') => Ok(true),
            Some(_) => Err(fault(Reason::BARE_CR, at)),
            None => Ok(false),
        }
    }
}

/// Where in the grammar of a field section the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Place {
    /// Where a line begins.
    #[default]
    LineStart,
    /// In a field name.
    Name,
    /// Behind the colon.
    Value,
    /// Behind the section.
    Done,
}

/// What can happen in a field section; anything else is the peer's defect and becomes a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PlaceInput {
    /// A line begins that is not empty.
    FieldLine,
    /// The colon behind a name.
    Colon,
    /// CRLF behind a value.
    LineEnd,
    /// CRLF where a line would begin.
    EmptyLine,
}

impl Machine for Place {
    type Input = PlaceInput;
    const NAME: &'static str = "field section";
    const STATES: &'static [Self] = &[Self::LineStart, Self::Name, Self::Value, Self::Done];
    const INPUTS: &'static [PlaceInput] =
        &[PlaceInput::FieldLine, PlaceInput::Colon, PlaceInput::LineEnd, PlaceInput::EmptyLine];

    #[inline]
    fn next(self, input: PlaceInput) -> Option<Self> {
        use Place::*;
        use PlaceInput::*;
        Some(match (self, input) {
            (LineStart, FieldLine) => Name,
            (LineStart, EmptyLine) => Done,
            (Name, Colon) => Value,
            (Value, LineEnd) => LineStart,
            (LineStart, Colon | LineEnd)
            | (Name, FieldLine | LineEnd | EmptyLine)
            | (Value, FieldLine | Colon | EmptyLine)
            | (Done, _) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Place::LineStart => "A field line or the empty line is due.",
            Place::Name => "A field name is being read, up to its colon.",
            Place::Value => "A field value is being read, up to its line end.",
            Place::Done => "The empty line was read.",
        }
    }
}

/// What was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// Nothing: more bytes are needed.
    More,
    /// A field line: name and value, the value without white space around it.
    Field(Span, Span),
    /// The empty line; the section ends at this index.
    End(usize),
}

/// A field section that is being read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Section {
    place: Place,
    /// The next byte to look at.
    at: u32,
    /// Where the current line begins.
    line: u32,
    /// Field lines begun.
    count: u32,
    /// The name of the current line, once its colon was seen.
    name: Span,
}

impl Section {
    /// A section that begins at index `at` of what will be shown.
    #[inline]
    pub fn new(at: usize) -> Self {
        Section { at: at as u32, ..Section::default() }
    }

    /// Whether no field line has begun yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[inline]
    fn turn(&mut self, at: usize, input: PlaceInput) {
        debug_assert!(at >= self.at as usize);
        let next = self.place.next(input);
        debug_assert!(next.is_some(), "{input:?} at {:?}", self.place);
        (self.at, self.place) = (at as u32, next.unwrap_or(self.place));
    }

    /// The next field, or the end. `input` is the same bytes at each call, with more behind them.
    #[inline]
    pub fn next(&mut self, input: &[u8], bounds: &Bounds) -> Result<Found, Fault> {
        if self.at as usize > input.len() {
            return Ok(Found::More);
        }
        if self.place == Place::LineStart
            && let Some(found) = self.line_start(input, bounds)?
        {
            return Ok(found);
        }
        if self.place == Place::Name && !self.name(input, bounds)? {
            return Ok(Found::More);
        }
        match self.place {
            Place::Done => Ok(Found::End(self.at as usize)),
            _ => self.value(input, bounds),
        }
    }

    /// What was found, or nothing when a field line begins.
    #[inline]
    fn line_start(&mut self, input: &[u8], bounds: &Bounds) -> Result<Option<Found>, Fault> {
        let at = self.at as usize;
        if at >= bounds.total {
            return Err(fault(bounds.total_reason, at));
        }
        match input.get(at) {
            None => return Ok(Some(Found::More)),
            Some(b'\r') => {
                if !bounds.line_end(input, at)? {
                    return Ok(Some(Found::More));
                }
                self.turn(at + 2, PlaceInput::EmptyLine);
                return Ok(Some(Found::End(at + 2)));
            }
            Some(b' ' | b'\t') if self.is_empty() => return Err(fault(Reason::FIELD_BLANK, at)),
            Some(b' ' | b'\t') => return Err(fault(Reason::FIELD_FOLD, at)),
            Some(b':') => return Err(fault(Reason::FIELD_NO_NAME, at)),
            Some(_) if self.count as usize >= bounds.fields => {
                return Err(fault(bounds.fields_reason, at));
            }
            Some(_) => {}
        }
        self.line = self.at;
        self.count += 1;
        self.turn(at, PlaceInput::FieldLine);
        Ok(None)
    }

    /// Whether the colon was reached.
    #[inline]
    fn name(&mut self, input: &[u8], bounds: &Bounds) -> Result<bool, Fault> {
        let line = self.line as usize;
        let stop = bounds.stop(line, input.len());
        let end = bytes::token_end(input, self.at as usize, stop);
        self.at = end as u32;
        if end == stop {
            return bounds.allow(line, end).map(|()| false);
        }
        match input[end] {
            b':' => {
                self.name = Span::new(line, end);
                self.turn(end + 1, PlaceInput::Colon);
                Ok(true)
            }
            b' ' | b'\t' => Err(fault(Reason::FIELD_NAME_BLANK, end)),
            b'\r' => match bounds.line_end(input, end)? {
                true => Err(fault(Reason::FIELD_NO_COLON, end)),
                false => Ok(false),
            },
            byte => Err(fault(bytes::stray(byte, Reason::FIELD_NAME_BYTE), end)),
        }
    }

    #[inline]
    fn value(&mut self, input: &[u8], bounds: &Bounds) -> Result<Found, Fault> {
        let line = self.line as usize;
        let stop = bounds.stop(line, input.len());
        let end = bytes::value_end(input, self.at as usize, stop);
        self.at = end as u32;
        if end == stop {
            return bounds.allow(line, end).map(|()| Found::More);
        }
        if input[end] != b'\r' {
            return Err(fault(bytes::stray(input[end], Reason::CONTROL), end));
        }
        if !bounds.line_end(input, end)? {
            return Ok(Found::More);
        }
        self.turn(end + 2, PlaceInput::LineEnd);
        let start = self.name.start as usize + self.name.len as usize + 1;
        Ok(Found::Field(self.name, trimmed(input, start, end)))
    }
}

/// The span of `start..end` without SP and HTAB at both ends.
#[inline]
fn trimmed(input: &[u8], mut start: usize, mut end: usize) -> Span {
    while start < end && matches!(input[start], b' ' | b'\t') {
        start += 1;
    }
    while start < end && matches!(input[end - 1], b' ' | b'\t') {
        end -= 1;
    }
    Span::new(start, end)
}
