// SPDX-License-Identifier: MIT OR Apache-2.0
//! Frames with their length in front. Is not: the meaning of a frame. INVARIANT: nothing above the
//! cap is ever waited for; the prefix alone is enough to refuse it.

use super::{Decode, Fault, Step};
use crate::base::{Machine, Status};

/// The widest prefix.
const WIDEST: usize = 8;

/// Where the codec is in the input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LengthState {
    /// Before or in the prefix.
    ReadLength,
    /// The length is known; before or in the body.
    ReadBody,
    /// The peer broke the protocol.
    Failed,
}

/// What can happen to a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LengthInput {
    /// Its prefix is complete, and within the cap.
    Prefix,
    /// Its body is complete.
    Body,
    /// It is above the cap, or the input ended inside it.
    Broken,
}

impl Machine for LengthState {
    type Input = LengthInput;
    const NAME: &'static str = "Length codec";
    const STATES: &'static [LengthState] =
        &[LengthState::ReadLength, LengthState::ReadBody, LengthState::Failed];
    const INPUTS: &'static [LengthInput] =
        &[LengthInput::Prefix, LengthInput::Body, LengthInput::Broken];

    fn next(self, input: LengthInput) -> Option<LengthState> {
        Some(match (self, input) {
            (LengthState::ReadLength, LengthInput::Prefix) => LengthState::ReadBody,
            (LengthState::ReadBody, LengthInput::Body) => LengthState::ReadLength,
            (LengthState::ReadLength | LengthState::ReadBody, LengthInput::Broken) => {
                LengthState::Failed
            }
            (LengthState::ReadLength, LengthInput::Body) => return None,
            (LengthState::ReadBody, LengthInput::Prefix) => return None,
            (LengthState::Failed, _) => return None,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            LengthState::ReadLength => "Before or in the prefix.",
            LengthState::ReadBody => "The length is known; before or in the body.",
            LengthState::Failed => "The peer broke the protocol; nothing more is read.",
        }
    }
}

/// The codec. INVARIANT: `whole` is prefix and body of the frame being read in ReadBody, and the
/// fault's place in Failed, whose status is `status`.
#[derive(Debug)]
pub struct Length {
    prefix: usize,
    little: bool,
    max: usize,
    state: LengthState,
    whole: usize,
    status: Status,
}

impl Length {
    /// Frames of at most `max` bytes behind a prefix of 1 to 8 bytes, least significant byte first
    /// if `little`, else last. INVAL for another width.
    pub fn new(prefix_bytes: u8, little: bool, max: usize) -> Result<Length, Status> {
        let prefix = usize::from(prefix_bytes);
        if !(1..=WIDEST).contains(&prefix) {
            return Err(Status::INVAL);
        }
        // No object in memory is larger than isize::MAX, so that cap loses nothing, and prefix and
        // body together cannot overflow.
        let max = max.min(isize::MAX as usize - WIDEST);
        let state = LengthState::ReadLength;
        Ok(Length { prefix, little, max, state, whole: 0, status: Status::OK })
    }

    /// Bytes of a prefix.
    pub fn prefix_bytes(&self) -> usize {
        self.prefix
    }

    /// Appends the prefix of a frame of `len` bytes; LIMIT, and nothing appended, if that is above
    /// the cap or does not fit the prefix.
    pub fn write_prefix(&self, len: usize, out: &mut Vec<u8>) -> Result<(), Status> {
        let value = len as u64;
        let fits = self.prefix == WIDEST || value >> (8 * self.prefix) == 0;
        if len > self.max || !fits {
            return Err(Status::LIMIT);
        }
        if self.little {
            out.extend_from_slice(&value.to_le_bytes()[..self.prefix]);
        } else {
            out.extend_from_slice(&value.to_be_bytes()[WIDEST - self.prefix..]);
        }
        Ok(())
    }

    fn read_prefix(&self, input: &[u8]) -> Option<u64> {
        let digits = input.get(..self.prefix)?;
        let add = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
        Some(if self.little {
            digits.iter().rev().fold(0, add)
        } else {
            digits.iter().fold(0, add)
        })
    }

    fn turn(&mut self, input: LengthInput) {
        debug_assert!(self.state.next(input).is_some());
        self.state = self.state.next(input).unwrap_or(self.state);
    }

    fn fail(&mut self, status: Status, at: usize) -> Step<&'static [u8]> {
        self.turn(LengthInput::Broken);
        (self.status, self.whole) = (status, at);
        self.failed()
    }

    fn failed(&self) -> Step<&'static [u8]> {
        Step::Fail(Fault { status: self.status, at: self.whole, http: 0, reason: 0 })
    }

    /// The frame is not all there.
    fn partial(&mut self, input: &[u8], eof: bool, want: usize) -> Step<&'static [u8]> {
        if eof && !input.is_empty() {
            return self.fail(Status::EOF, input.len());
        }
        Step::NeedMore { used: 0, want }
    }
}

impl Decode for Length {
    type Item<'a> = &'a [u8];

    fn decode<'a>(&mut self, input: &'a [u8], eof: bool) -> Step<&'a [u8]> {
        if self.state == LengthState::Failed {
            return self.failed();
        }
        if self.state == LengthState::ReadLength {
            let Some(value) = self.read_prefix(input) else {
                return self.partial(input, eof, 0);
            };
            match usize::try_from(value) {
                Ok(body) if body <= self.max => self.whole = self.prefix + body,
                _ => return self.fail(Status::TOO_LONG, 0),
            }
            self.turn(LengthInput::Prefix);
        }
        match input.get(self.prefix..self.whole) {
            None => self.partial(input, eof, self.whole),
            Some(item) => {
                self.turn(LengthInput::Body);
                Step::Item { used: self.whole, item }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::line::tests::{all_cuts, transcript};
    use super::*;

    fn show(item: &[u8]) -> String {
        item.escape_ascii().to_string()
    }

    fn codec(prefix: u8, little: bool, max: usize) -> Length {
        Length::new(prefix, little, max).unwrap()
    }

    #[test]
    fn every_cut_of_the_input_gives_the_same_frames() {
        type Case<'a> = (u8, bool, &'a [u8], &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            (1, false, b"", &[]),
            (1, false, b"\x00\x01a\x00\x02bc", &["", "a", "", "bc"]),
            (2, false, b"\x00\x02ab\x00\x00", &["ab", ""]),
            (2, true, b"\x02\x00ab\x00\x00", &["ab", ""]),
            (3, false, b"\x00\x00\x05abcde", &["abcde"]),
            (8, true, b"\x01\0\0\0\0\0\0\0x", &["x"]),
            (8, false, b"\0\0\0\0\0\0\0\x01x", &["x"]),
            (1, false, b"\x01a\x06", &["a", "WC_E_TOO_LONG"]),
            (4, true, b"\x00\x00\x00\x80", &["WC_E_TOO_LONG"]),
            (8, false, b"\xff\xff\xff\xff\xff\xff\xff\xff", &["WC_E_TOO_LONG"]),
            (1, false, b"\x01a\x05abcd", &["a", "WC_E_EOF"]),
            (2, false, b"\x00\x01a\x00", &["a", "WC_E_EOF"]),
        ];
        for (prefix, little, input, expected) in cases {
            for cuts in all_cuts(input.len()) {
                let got = transcript(codec(*prefix, *little, 5), input, &cuts, show);
                assert_eq!(got, *expected, "{:?} cut at {cuts:?}", input.escape_ascii());
            }
        }
    }

    #[test]
    fn what_is_wanted_is_told_as_soon_as_the_prefix_is_known() {
        let mut codec = codec(2, false, 1000);
        assert_eq!(codec.decode(b"\x01", false), Step::NeedMore { used: 0, want: 0 });
        assert_eq!(codec.decode(b"\x01\x00", false), Step::NeedMore { used: 0, want: 258 });
        assert_eq!(codec.decode(b"\x01\x00ab", false), Step::NeedMore { used: 0, want: 258 });
    }

    #[test]
    fn a_fault_is_for_ever() {
        let mut codec = codec(1, false, 5);
        let fault = Fault { status: Status::TOO_LONG, at: 0, http: 0, reason: 0 };
        assert_eq!(codec.decode(b"\x06", false), Step::Fail(fault));
        assert_eq!(codec.decode(b"\x01a", false), Step::Fail(fault));
    }

    #[test]
    fn a_prefix_reads_back_in_every_width_and_order() {
        for (prefix, little) in (1..=8).flat_map(|width| [(width, true), (width, false)]) {
            let codec = codec(prefix, little, usize::MAX);
            let largest = (u64::MAX >> (64 - 8 * u32::from(prefix))).min(isize::MAX as u64 - 8);
            for value in [0, 1, 0x7f, 0xff, 0x0102, 0x0001_0203_0405, largest] {
                let mut out = Vec::new();
                let fits = value <= largest;
                let wrote = codec.write_prefix(value as usize, &mut out);
                assert_eq!(wrote, if fits { Ok(()) } else { Err(Status::LIMIT) });
                assert_eq!(codec.read_prefix(&out), fits.then_some(value));
            }
        }
    }

    #[test]
    fn what_may_not_be_received_may_not_be_sent() {
        let mut out = Vec::new();
        assert_eq!(codec(4, false, 10).write_prefix(10, &mut out), Ok(()));
        assert_eq!(codec(4, false, 10).write_prefix(11, &mut out), Err(Status::LIMIT));
        assert_eq!(codec(1, false, 1000).write_prefix(256, &mut out), Err(Status::LIMIT));
        assert_eq!(out, [0, 0, 0, 10]);
    }

    #[test]
    fn a_prefix_has_one_to_eight_bytes() {
        assert_eq!(Length::new(0, false, 1).err(), Some(Status::INVAL));
        assert_eq!(Length::new(9, false, 1).err(), Some(Status::INVAL));
    }
}
