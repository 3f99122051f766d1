// SPDX-License-Identifier: MIT OR Apache-2.0
//! The output of a connection: queueing, sending, ending it. INVARIANT: the latch `writable` is
//! cleared only by the kernel's "not now" or by a short transfer.

use super::{Conn, Framing, Life, Turn};
use crate::base::Status;
use crate::base::pool::Pool;
use crate::base::queue::Bytes;
use crate::base::time::Millis;
use crate::sys::socket::Io;

impl Conn {
    /// Whether output is accepted: a code if not.
    pub fn accepts_output(&self, more: usize) -> Result<(), Status> {
        match self.life {
            Life::Closed => return Err(Status::GONE),
            Life::Flushing | Life::Lingering => return Err(Status::STATE),
            Life::Connecting | Life::Open | Life::HalfOpen => {}
        }
        if self.shut_wanted {
            return Err(Status::STATE);
        }
        if self.broken {
            return Err(Status::RESET);
        }
        if self.output.len().saturating_add(more) > self.policy.write_limit {
            return Err(Status::LIMIT);
        }
        Ok(())
    }

    /// Queues output that was accepted; `write` only appends, about `room` bytes.
    pub fn queue(
        &mut self,
        pool: &mut Pool,
        room: usize,
        now: Millis,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        if self.output.is_empty() {
            self.progress = now;
            if self.output.is_unallocated() {
                self.output = Bytes::over(pool.take(false));
            }
        }
        self.output.push_with(room, write);
    }

    /// Sends the queue followed by `large` at once where the socket takes it, queues the rest.
    pub fn send_through(&mut self, pool: &mut Pool, large: &[u8], now: Millis) -> usize {
        let queued = self.output.len();
        let mut sent = 0;
        if self.writable && self.life != Life::Connecting {
            match self.link.send(self.output.as_slice(), large) {
                Io::Done(count) => sent = count,
                Io::Wait => {}
                Io::Fail(os_error) => return self.lose_output(os_error),
            }
            self.writable = sent == queued + large.len();
            self.output.consume(sent.min(queued));
            if sent > 0 {
                self.active = now;
                self.progress = now;
            }
        }
        let rest = &large[sent.saturating_sub(queued)..];
        if !rest.is_empty() {
            self.queue(pool, rest.len(), now, |buffer| buffer.extend_from_slice(rest));
        }
        sent
    }

    /// FULL if the queue is above its high water, and an on_drain is owed from now on.
    pub fn fullness(&mut self) -> Status {
        if self.output.len() <= self.policy.write_high {
            return Status::OK;
        }
        self.owes_drain = true;
        Status::FULL
    }

    /// Whether an owed on_drain is due. After a failed send the end follows instead, because no
    /// more output is taken.
    pub fn drain_due(&self) -> bool {
        self.owes_drain
            && !self.broken
            && self.output.len() <= self.policy.write_low
            && matches!(self.life, Life::Open | Life::HalfOpen)
    }

    /// Sends what is queued, as far as the socket takes it. Answers how much went.
    pub fn flush(&mut self, now: Millis) -> usize {
        if self.output.is_empty() || !self.writable || self.life == Life::Connecting {
            return 0;
        }
        let queued = self.output.len();
        match self.link.send(self.output.as_slice(), &[]) {
            Io::Done(count) => {
                self.output.consume(count);
                self.writable = count == queued;
                self.active = now;
                self.progress = now;
                count
            }
            Io::Wait => {
                self.writable = false;
                0
            }
            Io::Fail(os_error) => self.lose_output(os_error),
        }
    }

    /// After a failed send the input is still read to its end, which then tells the program.
    fn lose_output(&mut self, os_error: i32) -> usize {
        self.broken = true;
        self.blame(crate::sys::blame::status(os_error), os_error);
        let queued = self.output.len();
        self.output.consume(queued);
        self.readable = true;
        self.hangup = true;
        if !self.wants_input() {
            self.turn(Turn::Trouble);
        }
        0
    }

    /// Whether a send failed, and with it what was queued.
    pub fn has_lost_output(&self) -> bool {
        self.broken
    }

    /// Whether a send failed and nothing more is read either: it is over.
    pub fn is_spent(&self) -> bool {
        self.broken && !(self.readable && self.wants_input())
    }

    /// The program ends its output; it is told to the peer once the queue is sent.
    pub fn shut(&mut self) {
        self.shut_wanted = true;
    }

    /// Tells the peer of our end, if that is due. Answers whether our direction is over.
    pub fn settle_shut(&mut self) -> bool {
        if self.shut_wanted && !self.shut_done && self.output.is_empty() {
            self.link.shutdown();
            self.shut_done = true;
        }
        self.shut_done
    }

    /// Bytes that a frame takes besides its payload.
    pub fn frame_extra(&self) -> usize {
        match &self.framing {
            Framing::Raw => 0,
            Framing::Line(_) => 1,
            Framing::Length(codec) => codec.prefix_bytes(),
        }
    }

    /// Queues the length of a frame, and with `whole` its payload and line end too.
    pub fn queue_frame(
        &mut self,
        pool: &mut Pool,
        payload: &[u8],
        whole: bool,
        now: Millis,
    ) -> Result<(), Status> {
        if let Framing::Line(codec) = &self.framing {
            codec.check(payload)?;
        }
        self.queue(pool, 0, now, |_| ());
        let (framing, output) = (&self.framing, &mut self.output);
        output.push_with(payload.len() + 8, |buffer| {
            if let Framing::Length(codec) = framing {
                codec.write_prefix(payload.len(), buffer)?;
            }
            if whole {
                buffer.extend_from_slice(payload);
            }
            if whole && matches!(framing, Framing::Line(_)) {
                buffer.push(b'\n');
            }
            Ok(())
        })
    }

    /// Whether a frame ends in a line feed.
    pub fn ends_lines(&self) -> bool {
        matches!(self.framing, Framing::Line(_))
    }
}
