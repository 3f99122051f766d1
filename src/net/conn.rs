// SPDX-License-Identifier: MIT OR Apache-2.0
//! One connection: its life, latches, buffers and transport. Is not: the loop that steps it.
//! INVARIANTS: unread bytes are in the loop's hot buffer or in `input`, never in both; the latch
//! `readable` or `writable` is cleared only by the kernel's "not now" or by a short transfer; no
//! line but one assigns `life`.

mod input;
mod output;

pub use input::{Hot, Piece};

use super::life::{History, Life, Turn};
use super::link::Link;
use super::policy::{Framing, Policy};
use super::{NEVER, Owner};
use crate::base::pool::Pool;
use crate::base::queue::Bytes;
use crate::base::time::Millis;
use crate::base::{Handle, Machine, Status};
use crate::reactor::{Event, Interest};
use crate::source::wheel::TimerId;
use std::rc::Rc;

/// A connection.
pub struct Conn {
    link: Link,
    policy: Rc<Policy>,
    framing: Framing,
    input: Bytes,
    output: Bytes,
    /// Its owner's words.
    pub owner: Owner,
    /// The listener it came from; none if it went outward.
    pub listener: Handle,
    /// Its node in the wheel.
    pub timer: Option<TimerId>,
    /// What that node is set to; `NEVER` if it is not.
    pub armed: Millis,
    /// The end of connecting or lingering, or the deadline of the protocol above.
    pub until: Millis,
    /// Overrides the policy's idle time.
    pub idle_ms: u32,
    /// What the selector was last told.
    pub watched: Interest,
    why: Status,
    os_error: i32,
    active: Millis,
    progress: Millis,
    discarded: usize,
    want: usize,
    life: Life,
    history: History,
    /// True exactly when the kernel has said "readable" and no read has found the end of it since.
    pub readable: bool,
    /// True exactly when the kernel has said "writable" and no write has found the end of it since.
    pub writable: bool,
    /// True exactly when the kernel has reported a hang-up or an error.
    pub hangup: bool,
    /// True exactly when the kernel has reported more than the peer's end: an error, or a hang-up
    /// to whom input is not watched for. It would be told again and again.
    troubled: bool,
    /// True exactly when the kernel has reported an error that no call has given yet.
    errored: bool,
    /// True exactly when the peer's end was read.
    pub eof_seen: bool,
    /// True exactly when the program was told of that.
    pub eof_said: bool,
    /// True exactly when the program was told that the connection is open.
    pub open_said: bool,
    /// True exactly when the program was told that it is closed.
    pub close_said: bool,
    /// True exactly when the program is through with that, too.
    pub over: bool,
    /// True exactly when the connection is in the loop's ready list.
    pub queued: bool,
    /// True exactly when the program wants no input.
    pub paused: bool,
    /// True exactly when the protocol above holds input back.
    pub held: bool,
    /// True exactly when a write answered FULL and no on_drain has followed.
    pub owes_drain: bool,
    /// The turn of its last on_drain: one that writes on in each, to a peer that is as fast, leaves
    /// the turn to others.
    pub drained_in: u64,
    /// True exactly when the unread bytes have been shown and more are needed to show them again.
    pub waiting: bool,
    /// True exactly when the last frame did not fit the hot buffer.
    large: bool,
    /// True exactly when our end is to be told to the peer once the queue is sent.
    shut_wanted: bool,
    /// True exactly when the peer was told of our end.
    shut_done: bool,
    /// True exactly when a send failed: the output is gone, the input is still read to its end.
    broken: bool,
}

impl Conn {
    /// A connection over `link`; its policy was checked.
    pub fn new(link: Link, policy: Rc<Policy>, owner: Owner, life: Life, now: Millis) -> Conn {
        assert!(matches!(life, Life::Connecting | Life::Open));
        let framing = Framing::new(policy.cut, policy.max_frame).expect("the policy was checked");
        let idle_ms = policy.idle_ms;
        Conn {
            link,
            policy,
            framing,
            input: Bytes::default(),
            output: Bytes::default(),
            owner,
            listener: Handle::NONE,
            timer: None,
            armed: NEVER,
            until: NEVER,
            idle_ms,
            watched: Interest::NONE,
            why: Status::OK,
            os_error: 0,
            active: now,
            progress: now,
            discarded: 0,
            want: 0,
            life,
            history: History::default(),
            readable: false,
            writable: life == Life::Open,
            hangup: false,
            troubled: false,
            errored: false,
            eof_seen: false,
            eof_said: false,
            open_said: false,
            close_said: false,
            over: false,
            queued: false,
            paused: false,
            held: false,
            owes_drain: false,
            drained_in: u64::MAX,
            waiting: true,
            large: false,
            shut_wanted: false,
            shut_done: false,
            broken: false,
        }
    }

    /// Where it stands.
    pub fn life(&self) -> Life {
        self.life
    }

    /// Its transport.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Gives the transport back.
    pub fn into_link(self) -> Link {
        self.link
    }

    /// What it has in common with others.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Why it ended, with the operating system's number, or 0.
    pub fn reason(&self) -> (Status, i32) {
        (self.why, self.os_error)
    }

    /// Bytes queued for the peer.
    pub fn queued_bytes(&self) -> usize {
        self.output.len()
    }

    /// The only place that changes the life.
    pub fn turn(&mut self, input: Turn) {
        let next = self.life.next(input);
        debug_assert!(next.is_some(), "{:?} cannot take {input:?}", self.life);
        let next = next.unwrap_or(Life::Closed);
        if next != self.life {
            self.history.push(self.life, input);
        }
        self.life = next;
    }

    /// The changes of its life since this was last asked.
    pub fn take_history(&mut self) -> History {
        std::mem::take(&mut self.history)
    }

    /// Ends it for a reason that is not the program's; the first reason stands.
    pub fn fail(&mut self, why: Status, os_error: i32) {
        if self.life != Life::Closed {
            self.blame(why, os_error);
            self.turn(Turn::Trouble);
        }
    }

    /// Keeps the reason of its end, unless it has one already.
    pub fn blame(&mut self, why: Status, os_error: i32) {
        if self.why == Status::OK {
            self.why = why;
            self.os_error = os_error;
        }
    }

    /// Sets the latches that an event reports.
    pub fn report(&mut self, event: &Event) {
        self.readable |= event.readable();
        self.writable |= event.writable();
        self.hangup |= event.hangup() || event.error();
        let reads = self.watched.contains(Interest::READ);
        self.troubled |= event.error() || (event.hangup() && !reads);
        self.errored |= event.error();
        self.settle_error();
    }

    /// Asks for an error that was reported, where no read is going to give it.
    pub fn settle_error(&mut self) {
        let asks = !self.wants_input() && !matches!(self.life, Life::Connecting | Life::Closed);
        if self.errored && asks {
            self.errored = false;
            match self.link.error() {
                0 => {}
                os_error => self.fail(crate::sys::blame::status(os_error), os_error),
            }
        }
    }

    /// What the selector should watch; a pure function of state and latches.
    pub fn interest(&self, edge: bool) -> Interest {
        if self.life == Life::Closed {
            return Interest::NONE;
        }
        if edge {
            return Interest::READ | Interest::WRITE | Interest::TROUBLE | Interest::EDGE;
        }
        let mut want = Interest::NONE;
        if self.wants_input() && !self.readable {
            want = want | Interest::READ;
        }
        if self.life == Life::Connecting || (!self.output.is_empty() && !self.writable) {
            want = want | Interest::WRITE;
        }
        if !self.troubled {
            want = want | Interest::TROUBLE;
        }
        want
    }

    /// Whether input is not to be shown, by the will of the program or of the protocol above.
    pub fn is_paused(&self) -> bool {
        self.paused || self.held
    }

    /// Whether bytes from the peer are of use now.
    pub fn wants_input(&self) -> bool {
        match self.life {
            Life::Open => !self.is_paused() && !self.eof_seen,
            Life::Lingering => !self.eof_seen,
            Life::Connecting | Life::HalfOpen | Life::Flushing | Life::Closed => false,
        }
    }

    /// Gives empty buffers back.
    pub fn give_back(&mut self, pool: &mut Pool) {
        for queue in [&mut self.input, &mut self.output] {
            if queue.is_empty() && !queue.is_unallocated() {
                pool.give(std::mem::take(queue).into_buffer());
            }
        }
    }

    /// Whether both directions have ended and the program knows.
    pub fn is_finished(&self) -> bool {
        self.shut_done && self.eof_said
    }

    /// When something has to happen though nothing comes.
    pub fn deadline(&self) -> Millis {
        let after = |since: Millis, ms: u32| if ms == 0 { NEVER } else { since.plus(ms.into()) };
        let stalls = after(self.progress, self.policy.stall_ms);
        match self.life {
            Life::Closed => NEVER,
            Life::Connecting | Life::Lingering => self.until,
            Life::Flushing => stalls,
            Life::Open | Life::HalfOpen if !self.output.is_empty() => self.until.min(stalls),
            Life::Open | Life::HalfOpen if self.is_paused() => self.until,
            Life::Open | Life::HalfOpen => self.until.min(after(self.active, self.idle_ms)),
        }
    }

    /// It is open: idle and stall times start, whatever was queued before.
    pub fn begin(&mut self, now: Millis) {
        self.active = now;
        self.progress = now;
    }

    /// Starts a new idle period.
    pub fn touch(&mut self, now: Millis) {
        self.active = now;
    }
}
