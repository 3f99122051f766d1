// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the fields of a head say about the message itself: Host, Content-Length, Transfer-Encoding,
//! Connection, Expect. Is not: the syntax of field lines, nor any field that only an application
//! reads. Invariant: a head that came to its end here has exactly one reading of where its body
//! ends.

use super::{Head, Reason, Span, bytes, host};

/// What was seen so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Meaning {
    /// True exactly when a Host field was seen.
    host: bool,
    /// True exactly when Connection has the option `close`.
    close: bool,
    /// True exactly when Connection has the option `keep-alive`.
    keep_alive: bool,
}

impl Meaning {
    /// Takes one field into account.
    #[inline]
    pub fn field(
        &mut self,
        head: &mut Head,
        input: &[u8],
        name: Span,
        value: Span,
    ) -> Result<(), Reason> {
        let is = |known: &[u8]| name.of(input).eq_ignore_ascii_case(known);
        match name.len {
            4 if is(b"host") => self.host(head, input, value),
            6 if is(b"expect") => expect(head, value.of(input)),
            10 if is(b"connection") => {
                self.connection(value.of(input));
                Ok(())
            }
            14 if is(b"content-length") => length(head, value.of(input)),
            17 if is(b"transfer-encoding") => coding(head, value.of(input)),
            _ => Ok(()),
        }
    }

    /// Judges the fields together.
    #[inline]
    pub fn end(&self, head: &mut Head) -> Result<(), Reason> {
        if !self.host && head.minor > 0 {
            return Err(Reason::HOST_MISSING);
        }
        if head.chunked && head.length.is_some() {
            return Err(Reason::CODING_AND_LENGTH);
        }
        head.keep_alive = !self.close && (head.minor > 0 || self.keep_alive);
        Ok(())
    }

    #[inline]
    fn host(&mut self, head: &mut Head, input: &[u8], value: Span) -> Result<(), Reason> {
        if self.host {
            return Err(Reason::HOST_TWICE);
        }
        self.host = true;
        host::check(value.of(input))?;
        // The authority of an absolute-form target stands there already, and wins (RFC 9112 3.2.2).
        head.host.get_or_insert(value);
        Ok(())
    }

    fn connection(&mut self, value: &[u8]) {
        for option in list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }
}

/// The elements of a comma-separated list; empty ones are skipped (RFC 9110 5.6.1.2).
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(bytes::trim).filter(|element| !element.is_empty())
}

fn expect(head: &mut Head, value: &[u8]) -> Result<(), Reason> {
    for expectation in list(value) {
        if !expectation.eq_ignore_ascii_case(b"100-continue") {
            return Err(Reason::EXPECTATION);
        }
        // To an HTTP/1.0 client the expectation means nothing (RFC 9110 10.1.1).
        head.expect_continue = head.minor > 0;
    }
    Ok(())
}

fn length(head: &mut Head, value: &[u8]) -> Result<(), Reason> {
    if head.length.is_some() {
        return Err(Reason::LENGTH_TWICE);
    }
    if value.is_empty() || !bytes::all(value, bytes::DIGIT) {
        return Err(Reason::LENGTH_SYNTAX);
    }
    let mut number = 0i64;
    for digit in value {
        number = number
            .checked_mul(10)
            .and_then(|n| n.checked_add(i64::from(digit - b'0')))
            .ok_or(Reason::LENGTH_RANGE)?;
    }
    head.length = Some(number.unsigned_abs());
    Ok(())
}

fn coding(head: &mut Head, value: &[u8]) -> Result<(), Reason> {
    if head.minor == 0 {
        return Err(Reason::CODING_VERSION);
    }
    if head.chunked {
        return Err(Reason::CODING_TWICE);
    }
    if value.eq_ignore_ascii_case(b"chunked") {
        head.chunked = true;
        return Ok(());
    }
    Err(other_coding(value))
}

/// Why a value that is not `chunked` is refused. RFC 9112 6.3 asks for 400 where the last coding is
/// not chunked, 6.1 for 501 where one before it is not known.
fn other_coding(value: &[u8]) -> Reason {
    let mut last_is_chunked = false;
    let mut chunked = 0;
    for coding in list(value) {
        let mut parts = coding.split(|b| *b == b';').map(bytes::trim);
        let name = parts.next().unwrap_or_default();
        if name.is_empty() || !bytes::all(name, bytes::TOKEN) || !parts.all(is_parameter) {
            return Reason::CODING_SYNTAX;
        }
        last_is_chunked = name.eq_ignore_ascii_case(b"chunked");
        chunked += u32::from(last_is_chunked);
        if last_is_chunked && name.len() != coding.len() {
            return Reason::CODING_SYNTAX;
        }
    }
    match (chunked, last_is_chunked) {
        (2.., _) => Reason::CODING_TWICE,
        (_, false) => Reason::CODING_NOT_LAST,
        _ if value.contains(&b',') && list(value).count() > 1 => Reason::CODING_UNKNOWN,
        _ => Reason::CODING_SYNTAX,
    }
}

/// token BWS "=" BWS ( token | quoted-string ), the quoted-string without commas and semicolons,
/// which makes no difference: whatever the parameter is, the coding is refused.
fn is_parameter(parameter: &[u8]) -> bool {
    let mut sides = parameter.splitn(2, |b| *b == b'=').map(bytes::trim);
    let (name, value) = (sides.next().unwrap_or_default(), sides.next().unwrap_or_default());
    let quoted = value.len() >= 2 && value.starts_with(b"\"") && value.ends_with(b"\"");
    !name.is_empty()
        && bytes::all(name, bytes::TOKEN)
        && (quoted || !value.is_empty() && bytes::all(value, bytes::TOKEN))
}
