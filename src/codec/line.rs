// SPDX-License-Identifier: MIT OR Apache-2.0
//! Lines, ended by LF or CRLF. Is not: text; a line is any bytes but LF. INVARIANT: no byte is
//! looked at twice, however the input is cut, and no item is longer than the cap.

use super::{Decode, Step};
use crate::base::{Machine, Status};

/// What a line codec finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineItem<'a> {
    /// A line, without its LF or CRLF.
    Line(&'a [u8]),
    /// The beginning of a line above the cap; the rest of it, up to its LF, is skipped.
    TooLong(&'a [u8]),
    /// What stood at the end of the input without an LF, as it was.
    Unterminated(&'a [u8]),
}

/// Where the codec is in the input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineState {
    /// In a line that may still be within the cap.
    InLine,
    /// In a line that was reported as too long.
    TooLong,
}

/// What can happen to a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineInput {
    /// Its LF.
    Newline,
    /// It passed the cap.
    Overflow,
}

impl Machine for LineState {
    type Input = LineInput;
    const NAME: &'static str = "Line codec";
    const STATES: &'static [LineState] = &[LineState::InLine, LineState::TooLong];
    const INPUTS: &'static [LineInput] = &[LineInput::Newline, LineInput::Overflow];

    fn next(self, input: LineInput) -> Option<LineState> {
        Some(match (self, input) {
            (_, LineInput::Newline) => LineState::InLine,
            (LineState::InLine, LineInput::Overflow) => LineState::TooLong,
            // A line is reported as too long once.
            (LineState::TooLong, LineInput::Overflow) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            LineState::InLine => "In a line that may still be within the cap.",
            LineState::TooLong => "In a line that was reported as too long; skipping to its LF.",
        }
    }
}

/// The codec. INVARIANT: the first `scanned` bytes of the next input hold no LF.
#[derive(Debug)]
pub struct Line {
    max: usize,
    scanned: usize,
    state: LineState,
}

impl Line {
    /// Lines of at most `max` bytes, the LF or CRLF not counted.
    pub fn new(max: usize) -> Line {
        Line { max, scanned: 0, state: LineState::InLine }
    }

    /// Whether `line` can be one: LIMIT above the cap, INVAL with a line feed in it.
    pub fn check(&self, line: &[u8]) -> Result<(), Status> {
        if line.len() > self.max {
            return Err(Status::LIMIT);
        }
        if line.contains(&b'\n') { Err(Status::INVAL) } else { Ok(()) }
    }

    fn turn(&mut self, input: LineInput) {
        debug_assert!(self.state.next(input).is_some());
        self.state = self.state.next(input).unwrap_or(self.state);
    }

    /// The item of a line whose LF is at `end`.
    fn line<'a>(&mut self, input: &'a [u8], end: usize) -> Step<LineItem<'a>> {
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        let item = if line.len() <= self.max {
            LineItem::Line(line)
        } else {
            self.turn(LineInput::Overflow);
            LineItem::TooLong(&line[..self.max])
        };
        self.turn(LineInput::Newline);
        Step::Item { used: end + 1, item }
    }

    /// What to do with a line that has no LF yet.
    fn partial<'a>(&mut self, input: &'a [u8], eof: bool) -> Step<LineItem<'a>> {
        let len = input.len();
        // One byte above the cap may be the CR of a CRLF that is not complete yet.
        let room = !eof && len == self.max.saturating_add(1) && input[self.max] == b'\r';
        if len > self.max && !room {
            self.turn(LineInput::Overflow);
            return Step::Item { used: len, item: LineItem::TooLong(&input[..self.max]) };
        }
        if eof && len > 0 {
            return Step::Item { used: len, item: LineItem::Unterminated(input) };
        }
        self.scanned = len;
        Step::NeedMore { used: 0, want: 0 }
    }
}

impl Decode for Line {
    type Item<'a> = LineItem<'a>;

    fn decode<'a>(&mut self, input: &'a [u8], eof: bool) -> Step<LineItem<'a>> {
        let from = std::mem::take(&mut self.scanned).min(input.len());
        let mut skipped = 0;
        let mut found = memchr::memchr(b'\n', &input[from..]).map(|at| from + at);
        if self.state == LineState::TooLong {
            let Some(end) = found else {
                return Step::NeedMore { used: input.len(), want: 0 };
            };
            self.turn(LineInput::Newline);
            skipped = end + 1;
            found = memchr::memchr(b'\n', &input[skipped..]);
        }
        let rest = &input[skipped..];
        let step = match found {
            Some(end) => self.line(rest, end),
            None => self.partial(rest, eof),
        };
        match step {
            Step::Item { used, item } => Step::Item { used: skipped + used, item },
            Step::NeedMore { used, want } => Step::NeedMore { used: skipped + used, want },
            fail @ Step::Fail(_) => fail,
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What the codec says when the input comes in pieces that end at `cuts`: as a connection would
    /// feed it, keeping what is not used.
    pub fn transcript<D: Decode>(
        mut codec: D,
        input: &[u8],
        cuts: &[usize],
        show: impl for<'a> Fn(D::Item<'a>) -> String,
    ) -> Vec<String> {
        let (mut said, mut begin) = (Vec::new(), 0);
        let pieces = cuts.iter().map(|end| (*end, false));
        for (end, eof) in pieces.chain([(input.len(), false), (input.len(), true)]) {
            loop {
                match codec.decode(&input[begin..end], eof) {
                    Step::Item { used, item } => {
                        begin += used;
                        said.push(show(item));
                    }
                    Step::NeedMore { used, .. } => {
                        begin += used;
                        break;
                    }
                    Step::Fail(fault) => {
                        said.push(format!("{:?}", fault.status));
                        return said;
                    }
                }
            }
        }
        said
    }

    /// Every way to cut a short input.
    pub fn all_cuts(len: usize) -> impl Iterator<Item = Vec<usize>> {
        assert!(len <= 16, "two to the power of the length");
        let ends = len.saturating_sub(1);
        (0..1u32 << ends)
            .map(move |set| (0..ends).filter(|i| set >> i & 1 == 1).map(|i| i + 1).collect())
    }

    fn show(item: LineItem<'_>) -> String {
        let text = |bytes: &[u8]| bytes.escape_ascii().to_string();
        match item {
            LineItem::Line(line) => text(line),
            LineItem::TooLong(head) => format!("TOO LONG {}", text(head)),
            LineItem::Unterminated(rest) => format!("UNTERMINATED {}", text(rest)),
        }
    }

    #[test]
    fn every_cut_of_the_input_gives_the_same_lines() {
        let cases: &[(&[u8], usize, &[&str])] = &[
            (b"", 4, &[]),
            (b"\n", 4, &[""]),
            (b"\r\n\n", 4, &["", ""]),
            (b"ab\ncd\r\n", 4, &["ab", "cd"]),
            (b"abcd\nabcd\r\n", 4, &["abcd", "abcd"]),
            (b"abcde\nf\n", 4, &["TOO LONG abcd", "f"]),
            (b"abcde\r\nf\r\n", 4, &["TOO LONG abcd", "f"]),
            (b"abcd\r\r\nf\n", 4, &["TOO LONG abcd", "f"]),
            (b"abcdefg\nhijkl\nm", 4, &["TOO LONG abcd", "TOO LONG hijk", "UNTERMINATED m"]),
            (b"abcd\rx\nf\n", 4, &["TOO LONG abcd", "f"]),
            (b"a\rb\nc\r\r\n", 4, &["a\\rb", "c\\r"]),
            (b"ab\r", 4, &["UNTERMINATED ab\\r"]),
            (b"abcd", 4, &["UNTERMINATED abcd"]),
            (b"abcd\r", 4, &["TOO LONG abcd"]),
            (b"abcdefgh", 4, &["TOO LONG abcd"]),
            (b"\0\xff\n", 4, &["\\x00\\xff"]),
            (b"\na\n\r\n", 0, &["", "TOO LONG ", ""]),
        ];
        for (input, max, expected) in cases {
            for cuts in all_cuts(input.len()) {
                let got = transcript(Line::new(*max), input, &cuts, show);
                assert_eq!(got, *expected, "{:?} cut at {cuts:?}", input.escape_ascii());
            }
        }
    }

    #[test]
    fn a_cap_that_no_line_can_reach_is_no_trouble() {
        let mut codec = Line::new(usize::MAX);
        assert_eq!(codec.decode(b"abc", false), Step::NeedMore { used: 0, want: 0 });
        assert_eq!(
            codec.decode(b"abc\n", false),
            Step::Item { used: 4, item: LineItem::Line(b"abc") }
        );
    }

    #[test]
    fn what_was_scanned_is_not_scanned_again() {
        let mut codec = Line::new(100);
        assert_eq!(codec.decode(b"abc", false), Step::NeedMore { used: 0, want: 0 });
        // An LF where the codec has been already would break the rule of `Decode`; that it is not
        // seen shows that nobody looked.
        assert_eq!(codec.decode(b"a\nc", false), Step::NeedMore { used: 0, want: 0 });
    }

    #[test]
    fn the_rest_of_a_long_line_is_not_stored() {
        let mut codec = Line::new(2);
        let long = Step::Item { used: 5, item: LineItem::TooLong(b"ab") };
        assert_eq!(codec.decode(b"abcde", false), long);
        assert_eq!(codec.decode(b"fgh", false), Step::NeedMore { used: 3, want: 0 });
        assert_eq!(
            codec.decode(b"i\nj\n", false),
            Step::Item { used: 4, item: LineItem::Line(b"j") }
        );
    }
}
