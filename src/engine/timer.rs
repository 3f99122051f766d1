// SPDX-License-Identifier: MIT OR Apache-2.0
//! Timers of the program, and the deadlines of connections, listeners and children, all in one
//! wheel.

use super::Loop;
use super::alarm::ALARM;
use super::notice::Notice;
use crate::base::limits::LATE_MS;
use crate::base::time::{Millis, Wall};
use crate::base::{Handle, Kind, Status};
use crate::net::life::{Life, Turn};
use crate::net::{NEVER, Owner};
use crate::source::wheel::TimerId;

/// When a timer of the program is to fire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// So many ms from now.
    After(u64),
    /// At this time of the loop.
    At(Millis),
    /// At this date by the wall clock, wherever that is set.
    Date(Wall),
}

/// A timer to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Schedule {
    /// When it fires first.
    pub when: When,
    /// Ms between later firings; 0: none.
    pub repeat_ms: u32,
    /// They are counted from the end of what the firing before led to, not at a fixed rate; not for
    /// a date.
    pub from_end: bool,
}

/// When a timer fires next, and where it waits for that.
#[derive(Clone, Copy)]
pub(super) enum Due {
    /// At a time of the loop, in the wheel.
    Time(Millis, TimerId),
    /// At a date, among the alarms, by its birth.
    Date(Wall, u64),
}

/// A timer of the program.
pub(super) struct UserTimer {
    pub due: Due,
    pub repeat_ms: u32,
    pub from_end: bool,
    pub owner: Owner,
    /// True exactly when it will fire.
    pub scheduled: bool,
    /// True exactly when it has fired since it was last set by the program.
    pub has_fired: bool,
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
        let when = When::After(delay_ms.into());
        self.schedule_timer(Schedule { when, repeat_ms, from_end: false }, owner)
    }

    /// Starts a timer, or sets an alarm.
    pub fn schedule_timer(&mut self, asked: Schedule, owner: Owner) -> Result<Handle, Status> {
        if self.ending {
            return Err(Status::STATE);
        }
        let timer = match asked.when {
            When::After(delay) => self.new_timer(self.clock.now().after(delay), asked, owner),
            When::At(at) => self.new_timer(at, asked, owner),
            When::Date(_) if asked.from_end && asked.repeat_ms > 0 => return Err(Status::INVAL),
            When::Date(at) => self.new_alarm(at, asked.repeat_ms, owner),
        };
        let due = timer.due;
        match (self.timers.insert(timer), due) {
            (Ok(handle), Due::Time(_, id)) => {
                self.wheel.set_word(id, handle);
                Ok(handle)
            }
            (Ok(handle), Due::Date(at, birth)) => {
                self.alarms.name(at, birth, handle);
                Ok(handle)
            }
            (Err(status), due) => {
                self.unschedule(due);
                Err(status)
            }
        }
    }

    fn new_timer(&mut self, at: Millis, asked: Schedule, owner: Owner) -> UserTimer {
        UserTimer {
            due: Due::Time(at, self.wheel.insert(at, Handle::NONE)),
            repeat_ms: asked.repeat_ms,
            from_end: asked.from_end && asked.repeat_ms > 0,
            owner,
            scheduled: true,
            has_fired: false,
        }
    }

    fn unschedule(&mut self, due: Due) {
        match due {
            Due::Time(_, id) => drop(self.wheel.remove(id)),
            Due::Date(at, birth) => self.alarms.remove(at, birth),
        }
    }

    /// Sets a timer to fire `delay_ms` from now by its own clock; also one that is just firing.
    pub fn restart_timer(&mut self, handle: Handle, delay_ms: u64) -> Result<(), Status> {
        let timer = self.timers.find(handle)?;
        timer.scheduled = true;
        match &mut timer.due {
            Due::Time(due, id) => {
                *due = self.clock.now().after(delay_ms);
                self.wheel.restart(*id, *due);
            }
            Due::Date(at, birth) => {
                self.alarms.remove(*at, *birth);
                *at = Wall(self.clock.wall().0.saturating_add(delay_ms).saturating_add(1));
                *birth = self.alarms.insert(*at, handle);
                timer.has_fired = false;
            }
        }
        Ok(())
    }

    /// When a timer fires next; none while what its last firing led to is under way, and nothing
    /// has set it again.
    pub fn timer_due(&mut self, handle: Handle) -> Result<Option<When>, Status> {
        let timer = self.timers.find(handle)?;
        let when = match timer.due {
            Due::Time(at, _) => When::At(at),
            Due::Date(at, _) => When::Date(at),
        };
        Ok(timer.scheduled.then_some(when))
    }

    /// Ends a timer and gives its owner's words back.
    pub fn cancel_timer(&mut self, handle: Handle) -> Result<Owner, Status> {
        handle.expect(Kind::Timer)?;
        let timer = self.timers.remove(handle).ok_or(Status::GONE)?;
        self.unschedule(timer.due);
        Ok(timer.owner)
    }

    /// Ends a timer; its owner's words come back in a notice.
    pub(super) fn end_timer(&mut self, handle: Handle) {
        if let Ok(owner) = self.cancel_timer(handle) {
            self.notices.push_back(Notice::Ended(owner));
        }
    }

    /// A timer's owner.
    pub fn timer_owner(&self, handle: Handle) -> Option<Owner> {
        self.timers.get(handle).map(|timer| timer.owner)
    }

    /// The program is through with the timer whose firing was the last notice: unless it repeats or
    /// was restarted it ends, and its owner's words are given back. A delay between firings begins
    /// here. Who does not ask is told by a notice.
    pub fn settle_fired(&mut self) -> Option<Owner> {
        let handle = self.fired.take()?;
        let timer = self.timers.get(handle).filter(|timer| !timer.scheduled)?;
        if !timer.from_end {
            return self.cancel_timer(handle).ok();
        }
        let _ = self.restart_timer(handle, timer.repeat_ms.into());
        None
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
                None if handle.0 == ALARM.0 => {
                    self.look_soon();
                    None
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
        let Due::Time(due, id) = timer.due else { return None };
        debug_assert!(timer.scheduled && due <= now, "never early");
        timer.has_fired = true;
        if timer.repeat_ms > 0 && !timer.from_end {
            let period = u64::from(timer.repeat_ms);
            let missed = (now.0 - due.0) / period;
            let next = due.plus((missed + 1) * period);
            timer.due = Due::Time(next, id);
            self.wheel.restart(id, next);
        } else {
            timer.scheduled = false;
            self.fired = Some(handle);
        }
        self.stats.timers_fired += 1;
        self.meter_lateness(due);
        self.stats.late_timers += u64::from(now.0 - due.0 > LATE_MS);
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
