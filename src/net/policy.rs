// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a listener's connections have in common: budgets, water marks, deadlines, framing.

use crate::base::{Status, limits};
use crate::codec::{length::Length, line::Line};

/// How input is cut into pieces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    /// Bytes as they come.
    Raw,
    /// Lines that end in LF or CRLF.
    Line,
    /// Frames behind a length.
    Length {
        /// Bytes of the length, 1 to 8.
        prefix: u8,
        /// Least significant byte first.
        little: bool,
    },
}

/// A codec in use on a connection.
pub enum Framing {
    /// Bytes as they come.
    Raw,
    /// Lines.
    Line(Line),
    /// Length-prefixed frames.
    Length(Length),
}

impl Framing {
    /// A fresh codec; `INVAL` for a prefix that is not 1 to 8 bytes, or a cap of zero.
    pub fn new(cut: Cut, max_frame: usize) -> Result<Framing, Status> {
        if max_frame == 0 {
            return Err(Status::INVAL);
        }
        Ok(match cut {
            Cut::Raw => Framing::Raw,
            Cut::Line => Framing::Line(Line::new(max_frame)),
            Cut::Length { prefix, little } => {
                Framing::Length(Length::new(prefix, little, max_frame)?)
            }
        })
    }
}

/// The shared part of connections; times of 0 are "none".
#[derive(Clone, Debug)]
pub struct Policy {
    /// How input is cut.
    pub cut: Cut,
    /// Cap of a line or frame, in bytes.
    pub max_frame: usize,
    /// Bytes read in one turn.
    pub read_budget: usize,
    /// Queued bytes above which a write answers FULL.
    pub write_high: usize,
    /// Queued bytes at which on_drain follows.
    pub write_low: usize,
    /// Queued bytes that a write may not pass.
    pub write_limit: usize,
    /// Without a byte from the peer, in ms.
    pub idle_ms: u32,
    /// Output queued and none taken, in ms.
    pub stall_ms: u32,
    /// For the peer's end after ours, in ms; 0 closes at once.
    pub linger_ms: u32,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            cut: Cut::Raw,
            max_frame: limits::FRAME,
            read_budget: limits::READ_BUDGET,
            write_high: limits::WRITE_HIGH,
            write_low: limits::WRITE_LOW,
            write_limit: limits::WRITE_LIMIT,
            idle_ms: limits::IDLE_MS,
            stall_ms: limits::STALL_MS,
            linger_ms: limits::LINGER_MS,
        }
    }
}

impl Policy {
    /// `INVAL` where the marks contradict each other.
    pub fn check(&self) -> Result<(), Status> {
        let ordered = self.write_low <= self.write_high && self.write_high <= self.write_limit;
        if !ordered || self.write_limit == 0 || self.read_budget == 0 {
            return Err(Status::INVAL);
        }
        Framing::new(self.cut, self.max_frame).map(|_| ())
    }
}
