// SPDX-License-Identifier: MIT OR Apache-2.0
//! The input of a connection: reading, keeping what is unread, cutting pieces. Is not: what a piece
//! means. INVARIANT: unread bytes are in the loop's hot buffer or in `input`, never in both.

use super::{Conn, Framing, Life};
use crate::base::limits;
use crate::base::pool::Pool;
use crate::base::queue::Bytes;
use crate::base::time::Millis;
use crate::codec::line::LineItem;
use crate::codec::{Decode, Fault, Step};
use crate::sys::socket::Io;

/// Bytes asked for beyond a frame, so that a read that completes it is short and the socket is
/// known to be empty without a second read.
const BEYOND: usize = 4096;

/// Buffer space taken for the rest of a large frame before much of it has come; later as much again
/// as twice what has come, so that a peer cannot have memory taken by announcing a frame.
const AHEAD: usize = 256 << 10;

/// A buffer that is lent to the connection being stepped; what it leaves unread moves to its
/// `input`.
#[derive(Default)]
pub struct Hot {
    buffer: Vec<u8>,
    start: usize,
}

impl Hot {
    /// The unread bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    fn clear(&mut self) {
        self.buffer.clear();
        self.start = 0;
    }
}

/// What the codec made of the unread bytes; positions count from their start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece {
    /// An item: `used` bytes, of which `len` from `start` are for the program.
    Data {
        /// Where the program's bytes start.
        start: usize,
        /// How many they are.
        len: usize,
        /// What the item takes in all.
        used: usize,
    },
    /// The first bytes of a line above the cap.
    TooLong {
        /// Where what is shown of it starts.
        start: usize,
        /// How many bytes are shown.
        len: usize,
        /// What the item takes in all.
        used: usize,
    },
    /// More bytes are needed.
    More,
    /// The peer broke the framing.
    Broken(Fault),
}

impl Conn {
    /// Whether the program may be shown input now.
    pub fn delivers(&self) -> bool {
        matches!(self.life, Life::Open | Life::HalfOpen) && !self.is_paused() && !self.waiting
    }

    /// The unread bytes, wherever they are.
    pub fn unread<'a>(&'a self, hot: &'a Hot) -> &'a [u8] {
        if self.input.is_empty() { hot.bytes() } else { self.input.as_slice() }
    }

    /// Drops unread bytes from the front.
    pub fn consume(&mut self, hot: &mut Hot, count: usize) {
        if self.input.is_empty() {
            assert!(count <= hot.bytes().len());
            hot.start += count;
        } else {
            self.input.consume(count);
        }
    }

    /// Drops all unread bytes.
    pub fn discard(&mut self, hot: &mut Hot) {
        let unread = self.unread(hot).len();
        self.discarded = self.discarded.saturating_add(unread);
        self.consume(hot, unread);
    }

    /// Whether more was discarded than lingering is worth.
    pub fn discarded_enough(&self) -> bool {
        self.discarded > limits::LINGER_BYTES
    }

    /// Cuts the next piece from the unread bytes; drops what the codec drops.
    pub fn cut(&mut self, hot: &mut Hot) -> Piece {
        let bytes = if self.input.is_empty() { hot.bytes() } else { self.input.as_slice() };
        let eof = self.eof_seen;
        let (piece, used, want) = match &mut self.framing {
            Framing::Raw => match bytes.len() {
                0 => (Piece::More, 0, 0),
                len => (Piece::Data { start: 0, len, used: len }, 0, 0),
            },
            Framing::Line(codec) => cut_line(codec.decode(bytes, eof), bytes),
            Framing::Length(codec) => match codec.decode(bytes, eof) {
                Step::Item { used, item } => {
                    (Piece::Data { start: used - item.len(), len: item.len(), used }, 0, 0)
                }
                Step::NeedMore { used, want } => (Piece::More, used, want),
                Step::Fail(fault) => (Piece::Broken(fault), 0, 0),
            },
        };
        if piece == Piece::More {
            self.consume(hot, used);
            self.waiting = true;
            self.want = want;
            self.large |= want > limits::HOT_BUFFER;
        } else if let Piece::Data { used, .. } = piece {
            self.large &= used > limits::HOT_BUFFER;
        }
        piece
    }

    /// Reads once, into the hot buffer if nothing is unread, else behind what is. At most about
    /// `budget` bytes. Answers what was read; sets the latches and `eof_seen`.
    pub fn receive(&mut self, hot: &mut Hot, pool: &mut Pool, budget: usize, now: Millis) -> usize {
        self.stash(hot, pool);
        let (asked, got) = if self.input.is_empty() && !self.large {
            hot.clear();
            let asked = limits::HOT_BUFFER.min(budget.max(1));
            (asked, self.link.recv(&mut hot.buffer, asked))
        } else {
            let asked = self.room_for_more(pool);
            let link = &mut self.link;
            (asked, self.input.push_with(asked, |buffer| link.recv(buffer, asked)))
        };
        match got {
            Io::Done(0) => {
                self.eof_seen = true;
                self.readable = false;
                self.errored = false;
                0
            }
            Io::Done(count) => {
                self.active = now;
                self.waiting = false;
                self.readable = count == asked || self.hangup;
                count
            }
            Io::Wait => {
                self.readable = false;
                self.hangup = false;
                self.troubled = false;
                self.errored = false;
                0
            }
            Io::Fail(os_error) => {
                self.fail(crate::sys::blame::status(os_error), os_error);
                0
            }
        }
    }

    /// Makes room in the connection's own buffer, and says how much of it to ask for. A connection
    /// whose frames are large reads into a kept buffer from their first byte on: no byte is moved.
    fn room_for_more(&mut self, pool: &mut Pool) -> usize {
        if self.input.is_unallocated() {
            self.input = Bytes::over(pool.take(self.large));
        }
        let have = self.input.len();
        if have == 0 {
            return self.input.capacity().max(limits::HOT_BUFFER);
        }
        let missing = match self.want {
            0 => have.min(AHEAD),
            want => want.saturating_sub(have).min(AHEAD.max(2 * have)),
        };
        self.input.reserve_exact(missing + BEYOND);
        missing + BEYOND
    }

    /// Moves what is unread in the hot buffer to the connection's own.
    pub fn stash(&mut self, hot: &mut Hot, pool: &mut Pool) {
        if !hot.bytes().is_empty() {
            debug_assert!(self.input.is_empty(), "unread bytes are in one place");
            if self.input.is_unallocated() {
                self.input = Bytes::over(pool.take(self.large));
            }
            self.input.push(hot.bytes());
            hot.clear();
        }
    }

    /// Whether input is shown as it comes.
    pub fn is_raw(&self) -> bool {
        matches!(self.framing, Framing::Raw)
    }

    /// Cuts input another way from now on.
    pub fn set_framing(&mut self, framing: Framing) {
        self.framing = framing;
        self.waiting = false;
    }
}

fn cut_line(step: Step<LineItem<'_>>, bytes: &[u8]) -> (Piece, usize, usize) {
    // The rest of an earlier line may be skipped in front of an item.
    let start = |line: &[u8]| line.as_ptr() as usize - bytes.as_ptr() as usize;
    match step {
        Step::Item { used, item: LineItem::Line(line) | LineItem::Unterminated(line) } => {
            (Piece::Data { start: start(line), len: line.len(), used }, 0, 0)
        }
        Step::Item { used, item: LineItem::TooLong(line) } => {
            (Piece::TooLong { start: start(line), len: line.len(), used }, 0, 0)
        }
        Step::NeedMore { used, want } => (Piece::More, used, want),
        Step::Fail(fault) => (Piece::Broken(fault), 0, 0),
    }
}
