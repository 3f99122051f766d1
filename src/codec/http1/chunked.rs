// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chunked transfer coding, RFC 9112 7.1: two machines, one for the body and one for the
//! extensions of a chunk line. Is not: an interpreter of extensions; they are checked and skipped.
//! Invariant: the two machines alone say what may follow; CRLF and quoted pairs are taken whole or
//! not at all, so that half of one needs no state.

use super::body::Part;
use super::fields::{Bounds, Found, Section};
use super::{Reason, Span, bytes, fault};
use crate::base::{Machine, limits};
use crate::codec::{Decode, Fault, Step};

/// Where in a chunked body the next byte stands. To a machine of grammar, an input that cannot come
/// is the peer's defect, not ours: it becomes a fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Chunk {
    /// In the digits of a chunk size.
    #[default]
    Size,
    /// In the extensions behind them.
    Extensions,
    /// In the data of a chunk.
    Data,
    /// At the CRLF behind the data.
    DataEnd,
    /// In the trailer section.
    Trailers,
    /// Behind the body.
    Done,
}

/// What can happen in a chunked body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ChunkInput {
    /// White space or a semicolon behind the size.
    Opener,
    /// The end of the line of a chunk that has data.
    SizeLine,
    /// The end of the line of the last chunk, whose size is 0.
    LastLine,
    /// The last byte of a chunk's data.
    LastByte,
    /// The CRLF behind the data.
    DataLine,
    /// The empty line behind the trailers.
    EmptyLine,
}

impl Machine for Chunk {
    type Input = ChunkInput;
    const NAME: &'static str = "chunked body";
    const STATES: &'static [Self] =
        &[Self::Size, Self::Extensions, Self::Data, Self::DataEnd, Self::Trailers, Self::Done];
    const INPUTS: &'static [ChunkInput] = &[
        ChunkInput::Opener,
        ChunkInput::SizeLine,
        ChunkInput::LastLine,
        ChunkInput::LastByte,
        ChunkInput::DataLine,
        ChunkInput::EmptyLine,
    ];

    #[inline]
    fn next(self, input: ChunkInput) -> Option<Self> {
        use Chunk::*;
        use ChunkInput::*;
        Some(match (self, input) {
            (Size, Opener) => Extensions,
            (Size | Extensions, SizeLine) => Data,
            (Size | Extensions, LastLine) => Trailers,
            (Data, LastByte) => DataEnd,
            (DataEnd, DataLine) => Size,
            (Trailers, EmptyLine) => Done,
            (Size, LastByte | DataLine | EmptyLine)
            | (Extensions, Opener | LastByte | DataLine | EmptyLine)
            | (Data, Opener | SizeLine | LastLine | DataLine | EmptyLine)
            | (DataEnd, Opener | SizeLine | LastLine | LastByte | EmptyLine)
            | (Trailers, Opener | SizeLine | LastLine | LastByte | DataLine)
            | (Done, _) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Chunk::Size => "The hexadecimal size of a chunk is being read.",
            Chunk::Extensions => "The extensions of a chunk line are being checked and skipped.",
            Chunk::Data => "The data of a chunk is being lent to the reader.",
            Chunk::DataEnd => "The data is complete; its CRLF is due.",
            Chunk::Trailers => "The last chunk was read; trailer fields or the empty line are due.",
            Chunk::Done => "The body is complete.",
        }
    }
}

/// Where in the extensions of a chunk line the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Extension {
    /// Behind the size or a quoted value.
    #[default]
    Whole,
    /// In white space behind that or behind a token value: only a semicolon may follow.
    Gap,
    /// Behind a semicolon: a name is due.
    Semicolon,
    /// In a name.
    Name,
    /// In white space behind a name.
    NameGap,
    /// Behind the equals sign: a value is due.
    Equals,
    /// In a value that is a token.
    Token,
    /// In a value that is a quoted string.
    Quoted,
}

/// What can happen in an extension.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExtensionInput {
    /// SP or HTAB.
    Blank,
    /// A semicolon.
    Semicolon,
    /// An equals sign.
    Equals,
    /// A byte that a token may hold.
    TokenByte,
    /// A double quote.
    Quote,
    /// A backslash and the byte behind it.
    Pair,
    /// Any other byte but a control.
    Text,
    /// The end of the line.
    LineEnd,
}

impl Machine for Extension {
    type Input = ExtensionInput;
    const NAME: &'static str = "chunk extension";
    const STATES: &'static [Self] = &[
        Self::Whole,
        Self::Gap,
        Self::Semicolon,
        Self::Name,
        Self::NameGap,
        Self::Equals,
        Self::Token,
        Self::Quoted,
    ];
    const INPUTS: &'static [ExtensionInput] = &[
        ExtensionInput::Blank,
        ExtensionInput::Semicolon,
        ExtensionInput::Equals,
        ExtensionInput::TokenByte,
        ExtensionInput::Quote,
        ExtensionInput::Pair,
        ExtensionInput::Text,
        ExtensionInput::LineEnd,
    ];

    fn next(self, input: ExtensionInput) -> Option<Self> {
        use Extension::{Gap, Name, NameGap, Quoted, Token, Whole};
        use ExtensionInput::{Blank, LineEnd, Pair, Quote, Text, TokenByte};
        type In = ExtensionInput;
        Some(match (self, input) {
            (Whole | Gap | Token, Blank) => Gap,
            (Whole | Gap | Name | NameGap | Token, In::Semicolon) => Extension::Semicolon,
            (Extension::Semicolon, Blank) => Extension::Semicolon,
            (Extension::Semicolon | Name, TokenByte) => Name,
            (Name | NameGap, Blank) => NameGap,
            (Name | NameGap, In::Equals) => Extension::Equals,
            (Extension::Equals, Blank) => Extension::Equals,
            (Extension::Equals | Token, TokenByte) => Token,
            (Extension::Equals, Quote) => Quoted,
            (Quoted, Blank | In::Semicolon | In::Equals | TokenByte | Pair | Text) => Quoted,
            (Quoted, Quote) => Whole,
            (Whole | Name | Token, LineEnd) => Whole,
            (Whole | Gap | NameGap, In::Equals | TokenByte | Quote | Pair | Text)
            | (Gap | NameGap | Extension::Semicolon | Extension::Equals | Quoted, LineEnd)
            | (Extension::Semicolon, In::Semicolon | In::Equals | Quote | Pair | Text)
            | (Name | Token, Quote | Pair | Text)
            | (Extension::Equals, In::Semicolon | In::Equals | Pair | Text)
            | (Token, In::Equals) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Extension::Whole => "The size or a quoted value is complete; the line may end.",
            Extension::Gap => "White space behind them: an extension has to follow.",
            Extension::Semicolon => "An extension begins; its name is due.",
            Extension::Name => "In the name of an extension.",
            Extension::NameGap => {
                "White space behind a name: an equals sign or a semicolon is due."
            }
            Extension::Equals => "The value of an extension is due.",
            Extension::Token => "In a value that is a token.",
            Extension::Quoted => "In a value that is a quoted string.",
        }
    }
}

/// What bounds a trailer section.
const TRAILER_BOUNDS: Bounds = Bounds {
    line: limits::HTTP_TRAILER,
    line_reason: Reason::TRAILER_LONG,
    total: limits::HTTP_TRAILER,
    total_reason: Reason::TRAILER_LONG,
    fields: limits::HTTP_TRAILER_FIELDS,
    fields_reason: Reason::TRAILER_FIELDS,
};

/// Fields that steer framing, routing or access mean nothing behind the body (RFC 9110 6.5.1).
const NEVER_TRAILERS: [&[u8]; 11] = [
    b"authorization",
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"cookie",
    b"expect",
    b"host",
    b"proxy-authorization",
    b"trailer",
    b"transfer-encoding",
];

/// The decoder of one chunked body.
#[derive(Debug, Default)]
pub struct Chunked {
    place: Chunk,
    extension: Extension,
    /// Digits of the size that is being read.
    digits: u8,
    /// Bytes of extensions in the current line.
    line_extensions: u16,
    /// Bytes of extensions in the message.
    extensions: u32,
    /// The size while it is being read; then the bytes of data that are still due.
    left: u64,
    /// Bytes of data that the message may still have.
    allowed: u64,
    section: Section,
    trailers: Vec<(Span, Span)>,
}

impl Chunked {
    /// Begins a body of at most `allowed` bytes; keeps the memory of the trailers.
    pub fn begin(&mut self, allowed: u64) {
        let mut trailers = std::mem::take(&mut self.trailers);
        trailers.clear();
        *self = Chunked { allowed, trailers, ..Chunked::default() };
    }

    /// Names and values of the trailers that were not ignored, as spans of what `Part::Trailers`
    /// lent.
    pub fn trailers(&self) -> &[(Span, Span)] {
        &self.trailers
    }

    fn turn(&mut self, input: ChunkInput) {
        let next = self.place.next(input);
        debug_assert!(next.is_some(), "{:?} at {:?}", input, self.place);
        self.place = next.unwrap_or(self.place);
    }

    /// Whether the line of a chunk is complete; `at` is then behind it.
    fn chunk_line(&mut self, input: &[u8], at: &mut usize) -> Result<bool, Fault> {
        if self.place == Chunk::Size && !self.size(input, at)? {
            return Ok(false);
        }
        if self.place == Chunk::Extensions && !self.extensions(input, at)? {
            return Ok(false);
        }
        match line_end(input, *at)? {
            true => *at += 2,
            false => return Ok(false),
        }
        if self.left > self.allowed {
            return Err(fault(Reason::BODY_LONG, *at));
        }
        self.allowed -= self.left;
        debug_assert_eq!(self.extension, Extension::Whole);
        (self.digits, self.line_extensions) = (0, 0);
        self.turn(if self.left == 0 { ChunkInput::LastLine } else { ChunkInput::SizeLine });
        Ok(true)
    }

    /// Whether the size is complete; `at` is then at the byte behind it.
    fn size(&mut self, input: &[u8], at: &mut usize) -> Result<bool, Fault> {
        while let Some(byte) = input.get(*at) {
            if let Some(value) = (*byte as char).to_digit(16) {
                if self.digits as usize == limits::HTTP_CHUNK_DIGITS {
                    return Err(fault(Reason::CHUNK_SIZE_LONG, *at));
                }
                let size = if self.digits == 0 { 0 } else { self.left };
                self.left = size << 4 | u64::from(value);
                self.digits += 1;
                *at += 1;
                continue;
            }
            return match byte {
                b'\r' | b';' | b' ' | b'\t' if self.digits == 0 => {
                    Err(fault(Reason::CHUNK_SIZE_EMPTY, *at))
                }
                b'\r' | b';' | b' ' | b'\t' if self.left > i64::MAX as u64 => {
                    Err(fault(Reason::CHUNK_SIZE_RANGE, *at))
                }
                b'\r' => Ok(true),
                b';' | b' ' | b'\t' => {
                    self.turn(ChunkInput::Opener);
                    Ok(true)
                }
                byte => Err(fault(bytes::stray(*byte, Reason::CHUNK_SIZE_BYTE), *at)),
            };
        }
        Ok(false)
    }

    /// Whether the extensions are complete; `at` is then at the CR behind them.
    fn extensions(&mut self, input: &[u8], at: &mut usize) -> Result<bool, Fault> {
        while let Some((kind, len)) = extension_input(input, *at)? {
            let refused = match self.extension {
                Extension::Gap => Reason::CHUNK_BLANK,
                _ => Reason::CHUNK_EXT_SYNTAX,
            };
            let next = self.extension.next(kind).ok_or(fault(refused, *at))?;
            self.extension = next;
            if kind == ExtensionInput::LineEnd {
                return Ok(true);
            }
            self.line_extensions += len as u16;
            self.extensions += len as u32;
            if self.line_extensions as usize > limits::HTTP_CHUNK_EXT_LINE {
                return Err(fault(Reason::CHUNK_EXT_LINE, *at));
            }
            if self.extensions as usize > limits::HTTP_CHUNK_EXT {
                return Err(fault(Reason::CHUNK_EXT_TOTAL, *at));
            }
            *at += len;
        }
        Ok(false)
    }

    /// The length of the trailer section, once it is complete.
    fn trailer_section(&mut self, input: &[u8]) -> Result<Option<usize>, Fault> {
        loop {
            match self.section.next(input, &TRAILER_BOUNDS)? {
                Found::More => return Ok(None),
                Found::End(end) => return Ok(Some(end)),
                Found::Field(name, value) => {
                    let text = name.of(input);
                    if !NEVER_TRAILERS.iter().any(|never| text.eq_ignore_ascii_case(never)) {
                        self.trailers.push((name, value));
                    }
                }
            }
        }
    }

    fn step<'a>(&mut self, input: &'a [u8]) -> Result<Step<Part<'a>>, Fault> {
        let mut at = 0;
        loop {
            let complete = match self.place {
                Chunk::Size | Chunk::Extensions => self.chunk_line(input, &mut at)?,
                Chunk::Data if at == input.len() => false,
                Chunk::Data => {
                    let rest = &input[at..];
                    let len = rest.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
                    self.left -= len as u64;
                    if self.left == 0 {
                        self.turn(ChunkInput::LastByte);
                    }
                    return Ok(Step::Item { used: at + len, item: Part::Data(&rest[..len]) });
                }
                Chunk::DataEnd => {
                    let complete = data_end(input, at)?;
                    if complete {
                        at += 2;
                        self.turn(ChunkInput::DataLine);
                    }
                    complete
                }
                Chunk::Trailers => {
                    let rest = &input[at..];
                    let section = self.trailer_section(rest);
                    match section.map_err(|fault| Fault { at: fault.at + at, ..fault })? {
                        None => false,
                        Some(len) => {
                            self.turn(ChunkInput::EmptyLine);
                            let item = match self.section.is_empty() {
                                true => Part::End,
                                false => Part::Trailers(&rest[..len]),
                            };
                            return Ok(Step::Item { used: at + len, item });
                        }
                    }
                }
                Chunk::Done => return Ok(Step::Item { used: at, item: Part::End }),
            };
            if !complete {
                return Ok(Step::NeedMore { used: at, want: 0 });
            }
        }
    }
}

impl Decode for Chunked {
    type Item<'a> = Part<'a>;

    fn decode<'a>(&mut self, input: &'a [u8], _eof: bool) -> Step<Part<'a>> {
        self.step(input).unwrap_or_else(Step::Fail)
    }
}

/// Whether CRLF stands at `at`, where CR does or nothing.
fn line_end(input: &[u8], at: usize) -> Result<bool, Fault> {
    match input.get(at + 1) {
        None => Ok(false),
        Some(b'\n') => Ok(true),
        Some(_) => Err(fault(Reason::BARE_CR, at)),
    }
}

/// Whether CRLF stands at `at`, where the data of a chunk ended.
fn data_end(input: &[u8], at: usize) -> Result<bool, Fault> {
    match input.get(at) {
        None => Ok(false),
        Some(b'\r') => line_end(input, at),
        Some(b'\n') => Err(fault(Reason::BARE_LF, at)),
        Some(_) => Err(fault(Reason::CHUNK_END, at)),
    }
}

/// What stands at `at` in the extensions, and how many bytes it has.
fn extension_input(input: &[u8], at: usize) -> Result<Option<(ExtensionInput, usize)>, Fault> {
    let Some(byte) = input.get(at) else { return Ok(None) };
    Ok(Some(match byte {
        b' ' | b'\t' => (ExtensionInput::Blank, 1),
        b';' => (ExtensionInput::Semicolon, 1),
        b'=' => (ExtensionInput::Equals, 1),
        b'"' => (ExtensionInput::Quote, 1),
        b'\r' => (ExtensionInput::LineEnd, 1),
        b'\\' => match input.get(at + 1) {
            None => return Ok(None),
            Some(next) if bytes::is(*next, bytes::VALUE) => (ExtensionInput::Pair, 2),
            Some(next) => {
                let reason = bytes::stray(*next, Reason::CHUNK_EXT_SYNTAX);
                return Err(fault(reason, at + 1));
            }
        },
        byte if bytes::is(*byte, bytes::TOKEN) => (ExtensionInput::TokenByte, 1),
        byte if bytes::is(*byte, bytes::VALUE) => (ExtensionInput::Text, 1),
        byte => return Err(fault(bytes::stray(*byte, Reason::CHUNK_EXT_SYNTAX), at)),
    }))
}
