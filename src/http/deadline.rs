// SPDX-License-Identifier: MIT OR Apache-2.0
//! The deadlines of HTTP: the whole head, the rate of a body, the wait for the answer. Is not: the
//! time between two requests (the connection's idle time) or a peer that takes no output (its stall
//! time).

use super::Host;
use super::channel::Channel;
use crate::base::time::Millis;
use crate::base::{Handle, Status};
use crate::codec::Fault;
use crate::codec::http1::Reason;
use crate::codec::http1::exchange::{ReadSide, WriteSide};
use crate::net::NEVER;

/// How often the rate of a body is looked at, in ms, once the grace is over.
const RATE_EVERY_MS: u64 = 1_000;

/// What a channel waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// For a request to begin, or for the peer to take the answer.
    Nothing,
    /// For the rest of a head.
    Head,
    /// For the rest of a body.
    Body,
    /// For the program to begin its answer.
    Answer,
}

impl Channel {
    fn phase(&self) -> Phase {
        match (self.exchange.read_side(), self.exchange.write_side()) {
            (ReadSide::Head, _) if self.partial => Phase::Head,
            (ReadSide::Body, _) => Phase::Body,
            (ReadSide::Done, WriteSide::Head) => Phase::Answer,
            _ => Phase::Nothing,
        }
    }

    fn due(&self, now: Millis) -> Millis {
        let after = |ms: u32| if ms == 0 { NEVER } else { self.phase_began.plus(ms.into()) };
        match self.phase() {
            Phase::Nothing => NEVER,
            Phase::Head => after(self.service.head_ms),
            Phase::Answer => after(self.service.answer_ms),
            Phase::Body if self.service.body_rate == 0 => NEVER,
            Phase::Body => self
                .phase_began
                .plus(self.service.body_grace_ms.into())
                .max(now.plus(RATE_EVERY_MS)),
        }
    }

    /// Whether the body came slower than is asked for.
    fn is_slow(&self, now: Millis) -> bool {
        let elapsed = now.0.saturating_sub(self.phase_began.0);
        let due = u128::from(self.service.body_rate) * u128::from(elapsed) / 1000;
        u128::from(self.body_bytes) < due
    }
}

impl Host {
    /// Tells the engine the deadline of the phase. Costs nothing while there is none and was none.
    pub(super) fn arm(&mut self, conn: Handle) {
        let now = self.engine.stamp();
        let Some(channel) = self.channel(conn) else { return };
        let phase = channel.phase();
        if phase == channel.armed && (phase == Phase::Nothing) == (channel.until == NEVER) {
            return;
        }
        if phase == Phase::Head && channel.armed != phase {
            channel.phase_began = now;
        }
        channel.armed = phase;
        let due = channel.due(now);
        if due != channel.until {
            channel.until = due;
            // One that is ending has other deadlines.
            let _ = self.engine.set_deadline(conn, due);
        }
    }

    /// The deadline passed.
    pub(super) fn deadline(&mut self, conn: Handle) {
        let now = self.engine.now();
        let paused = self.engine.is_paused(conn);
        let Some(channel) = self.channel(conn) else { return };
        channel.until = NEVER;
        let reason = match channel.phase() {
            Phase::Nothing => return,
            Phase::Head => Reason::HEAD_TIME,
            Phase::Answer => Reason::ANSWER_TIME,
            Phase::Body if paused || !channel.is_slow(now) => {
                return self.arm(conn);
            }
            Phase::Body => Reason::BODY_TIME,
        };
        let status = Status::TIMEOUT;
        self.reject(conn, Fault { status, at: 0, http: reason.http(), reason: reason.0 });
    }
}
