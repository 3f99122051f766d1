// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers of the program, and the deadlines of connections, listeners and children, all in one
//! wheel.

use super::Loop;
use super::notice::Notice;
use crate::base::time::Millis;
use crate::base::{Handle, Kind, Status};
use crate::net::life::{Life, Turn};
use crate::net::{NEVER, Owner};
use crate::source::wheel::TimerId;

/// A timer of the program.
pub(super) struct UserTimer {
    id: TimerId,
    due: Millis,
    repeat_ms: u32,
    owner: Owner,
    /// True exactly when it will fire.
    scheduled: bool,
}

impl Loop {
    /// Starts a timer; `repeat_ms` 0 fires once. Repetition keeps its rate; what was missed is
    /// skipped.
    pub fn start_timer(
        &mut self,
        delay_ms: u32,
        repeat_ms: u32,
        owner: Owner,
    ) -> Result<Handle, Status> {
        if self.ending {
            return Err(Status::STATE);
        }
        let due = self.clock.now().after(delay_ms.into());
        let id = self.wheel.insert(due, Handle::NONE);
        let timer = UserTimer { id, due, repeat_ms, owner, scheduled: true };
        match self.timers.insert(timer) {
            Ok(handle) => {
                self.wheel.set_word(id, handle);
                Ok(handle)
            }
            Err(status) => {
                self.wheel.remove(id);
                Err(status)
            }
        }
    }

    /// Sets a timer to fire `delay_ms` from now; also one that is just firing.
    pub fn restart_timer(&mut self, handle: Handle, delay_ms: u32) -> Result<(), Status> {
        let due = self.clock.now().after(delay_ms.into());
        let timer = self.timers.find(handle)?;
        timer.due = due;
        timer.scheduled = true;
        self.wheel.restart(timer.id, due);
        Ok(())
    }

    /// Ends a timer; its owner's words come back in a notice.
    pub fn cancel_timer(&mut self, handle: Handle) -> Result<(), Status> {
        let id = self.timers.find(handle)?.id;
        let timer = self.timers.remove(handle).expect("find found it");
        self.wheel.remove(id);
        self.notices.push_back(Notice::Ended(timer.owner));
        Ok(())
    }

    /// A timer's owner.
    pub fn timer_owner(&self, handle: Handle) -> Option<Owner> {
        self.timers.get(handle).map(|timer| timer.owner)
    }

    /// Ends the timer whose firing was the last notice, unless it repeats or was restarted.
    pub(super) fn settle_fired(&mut self) {
        if let Some(handle) = self.fired.take()
            && self.timers.get(handle).is_some_and(|timer| !timer.scheduled)
        {
            let _ = self.cancel_timer(handle);
        }
    }

    /// The next deadline that passed, as a notice where it is one.
    pub(super) fn next_expired(&mut self) -> Option<Notice> {
        while let Some((_, handle)) = self.wheel.pop() {
            let notice = match handle.kind() {
                Some(Kind::Timer) => self.fire(handle),
                Some(Kind::Conn) => self.expire_conn(handle),
                Some(Kind::Listener) => {
                    self.retry(handle);
                    self.notices.pop_front()
                }
                Some(Kind::Child) => {
                    self.expire_child(handle);
                    self.notices.pop_front()
                }
                _ => None,
            };
            if notice.is_some() {
                return notice;
            }
            if !self.ready.is_empty() {
                return None;
            }
        }
        None
    }

    fn fire(&mut self, handle: Handle) -> Option<Notice> {
        let now = self.now.floor();
        let timer = self.timers.get_mut(handle)?;
        debug_assert!(timer.scheduled && timer.due <= now, "never early");
        if timer.repeat_ms > 0 {
            let period = u64::from(timer.repeat_ms);
            let missed = (now.0 - timer.due.0) / period;
            timer.due = timer.due.plus((missed + 1) * period);
            self.wheel.restart(timer.id, timer.due);
        } else {
            timer.scheduled = false;
            self.fired = Some(handle);
        }
        self.stats.timers_fired += 1;
        Some(Notice::Timer(handle))
    }

    fn expire_conn(&mut self, handle: Handle) -> Option<Notice> {
        let (now, began) = (self.now.floor(), self.stamp());
        let conn = self.conns.get_mut(handle)?;
        conn.armed = NEVER;
        if conn.deadline() > now {
            self.arm(handle);
            return None;
        }
        let notice = match conn.life() {
            Life::Closed => return None,
            Life::Connecting => {
                conn.fail(Status::TIMEOUT, 0);
                None
            }
            Life::Lingering => {
                conn.turn(Turn::Deadline);
                None
            }
            Life::Flushing => {
                conn.fail(Status::STALL, 0);
                None
            }
            Life::Open | Life::HalfOpen if conn.until <= now => {
                conn.until = NEVER;
                Some(Notice::Deadline(handle))
            }
            Life::Open | Life::HalfOpen if conn.queued_bytes() > 0 => {
                conn.fail(Status::STALL, 0);
                None
            }
            Life::Open | Life::HalfOpen => {
                conn.touch(began);
                Some(Notice::Idle(handle))
            }
        };
        self.wake(handle);
        notice
    }

    /// Makes sure that the wheel asks for this connection no later than at its deadline. A node
    /// that is set earlier stays: when it expires the deadline is looked at again, so moving a
    /// deadline back, as each request does, costs nothing.
    pub(super) fn arm(&mut self, handle: Handle) {
        let Some(conn) = self.conns.get(handle) else { return };
        let (at, armed, timer) = (conn.deadline(), conn.armed, conn.timer);
        if at >= armed {
            return;
        }
        let timer = self.arm_node(timer, at, handle);
        if let Some(conn) = self.conns.get_mut(handle) {
            conn.timer = Some(timer);
            conn.armed = at;
        }
    }

    pub(super) fn arm_node(&mut self, node: Option<TimerId>, at: Millis, word: Handle) -> TimerId {
        match node {
            Some(id) => {
                self.wheel.restart(id, at);
                id
            }
            None => self.wheel.insert(at, word),
        }
    }
}
