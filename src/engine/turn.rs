// SPDX-License-Identifier: MIT OR Apache-2.0
//! One turn: reap the dead, tell the selector what changed, wait, mark what is ready.

use super::alarm::ALARM;
use super::log::Level;
use super::{DOOR, Loop, SIGNALS, refusal};
use crate::base::time::Millis;
use crate::base::{Handle, Kind, Machine, Status, limits};
use crate::net::gate::{Gate, Knock};
use crate::net::life::Life;
use crate::net::{NEVER, conn::Conn};
use crate::reactor::{Event, Interest, Token};
use crate::sys::Fd;
use std::time::Duration;

impl Loop {
    /// Works one turn; waits until something happens, at the longest until `until`. The notices of
    /// the turn before have been taken. An error is the selector's, with the system's number; a
    /// loop that is ending does without.
    pub fn turn(&mut self, until: Option<Millis>) -> Result<(), (Status, i32)> {
        debug_assert!(self.current.is_none(), "next() said none");
        self.tell_kernel();
        let timeout = self.timeout(until);
        self.stats.turns += 1;
        self.events.clear();
        self.meter_wait();
        if let Err(error) = self.selector.wait(&mut self.events, timeout) {
            let why = refusal(&error);
            self.os_error = why.1;
            self.say(Level::Error, c"the kernel refuses to wait", Handle::NONE, why, 0);
            if !self.ending {
                return Err(why);
            }
            self.events.clear();
            self.look_around(timeout);
        }
        self.now = self.clock.now();
        self.stamp = self.now.after(0);
        self.meter_woke();
        self.stats.events += self.events.len() as u64;
        for at in 0..self.events.len() {
            let event = self.events[at];
            self.mark(&event);
        }
        self.mark_always_ready();
        self.ready.append(&mut self.later);
        self.pools.begin_turn();
        self.wheel.advance(self.now.floor());
        Ok(())
    }

    /// For a kernel that tells nothing, in a loop that ends: what is left to be told are children
    /// and jobs, whose last words must not be lost.
    fn look_around(&mut self, timeout: Option<Duration>) {
        let pause = Duration::from_millis(limits::CHILD_LOOK_MS.into());
        std::thread::sleep(timeout.map_or(pause, |timeout| timeout.min(pause)));
        self.drain_door();
        for handle in self.children.handles() {
            self.mark_child(handle);
        }
    }

    /// What a turn does before it waits, for a caller that waits elsewhere: on the descriptor that
    /// this gives, and so long at the longest. Nothing is told to the kernel while the caller is
    /// `busy` or there is work, for then there is no wait.
    pub fn prepare(&mut self, busy: bool) -> Result<(Fd, Option<Duration>), Status> {
        let descriptor = self.selector.descriptor();
        if descriptor == Fd::NONE {
            return Err(Status::BACKEND);
        }
        let halfway = self.current.is_some() || self.fired.is_some() || self.stopping;
        if busy || halfway || self.has_work() {
            return Ok((descriptor, Some(Duration::ZERO)));
        }
        self.tell_kernel();
        self.selector.flush().map_err(|error| self.refused(&error))?;
        Ok((descriptor, self.timeout(None)))
    }

    fn tell_kernel(&mut self) {
        self.reap();
        self.tell_selector();
        self.tell_watches();
        self.tell_alarms();
    }

    /// The present, read afresh; the deadline of a wait is counted from it.
    pub fn fresh(&mut self) -> crate::base::time::Nanos {
        self.clock.now()
    }

    /// Whether there is work that needs no waiting.
    pub fn has_work(&self) -> bool {
        !self.notices.is_empty()
            || !self.ready.is_empty()
            || !self.later.is_empty()
            || !self.accepting.is_empty()
            || !self.posts.is_empty()
            || !self.dead.is_empty()
            || self.watches.has_work()
            || self.pools.has_work()
            || self.post_objects.has_work()
            || self.signals.has_work()
            || self.alarms.has_work()
    }

    fn timeout(&mut self, until: Option<Millis>) -> Option<Duration> {
        // What is to be shown was said since the last notice: on the way here, or by a call of the
        // program between two runs.
        if self.has_work() || self.has_to_show() {
            return Some(Duration::ZERO);
        }
        let due = self.wheel.next_deadline();
        let at = match (until, due) {
            (Some(a), Some(b)) => a.min(b),
            (Some(at), None) | (None, Some(at)) => at,
            (None, None) => return None,
        };
        let now = self.clock.now();
        let wait = at.0.saturating_mul(crate::base::time::NANOS_PER_MILLI).saturating_sub(now.0);
        Some(Duration::from_nanos(wait))
    }

    fn mark(&mut self, event: &Event) {
        if event.token == DOOR {
            // Taken first, or the bell would ring on while nobody asks for the stop.
            self.stats.wakeups += 1;
            self.stopping |= self.door.take_stop();
            self.drain_door();
            self.hear_signals();
            return;
        }
        if event.token == SIGNALS {
            self.let_signals_in();
            return;
        }
        if event.token == ALARM {
            return self.alarm_rang();
        }
        let handle = Handle(event.token.0);
        match handle.kind() {
            Some(Kind::Conn) => self.mark_conn(handle, event),
            Some(Kind::Watch) => self.mark_watch(handle, event),
            Some(Kind::Child) => self.mark_child(handle),
            Some(Kind::Listener) if self.listeners.get(handle).is_some() => {
                self.accepting.push_back(handle);
            }
            _ => self.stale(handle),
        }
    }

    fn mark_conn(&mut self, handle: Handle, event: &Event) {
        let Some(conn) = self.conns.get_mut(handle) else { return self.stale(handle) };
        if conn.life() == Life::Closed {
            return self.stale(handle);
        }
        conn.report(event);
        self.wake(handle);
    }

    /// An event is for an object that is gone.
    pub(super) fn stale(&mut self, handle: Handle) {
        self.stats.stale_events += 1;
        let text = c"an event is for an object that is gone";
        self.say(Level::Debug, text, handle, (Status::GONE, 0), 0);
    }

    /// Puts a connection on the ready list.
    pub(super) fn wake(&mut self, handle: Handle) {
        self.trace_conn(handle);
        if let Some(conn) = self.conns.get_mut(handle)
            && !conn.queued
            && self.current.as_ref().is_none_or(|c| c.conn != handle)
        {
            conn.queued = true;
            self.ready.push_back(handle);
        }
    }

    /// Frees what has said its last word: leaves the selector, closes the descriptor, ends the
    /// slot. Each turn begins with it; a caller that wants to know what is left asks for it before.
    pub fn reap(&mut self) {
        for handle in std::mem::take(&mut self.dead) {
            match handle.kind() {
                Some(Kind::Conn) => self.reap_conn(handle),
                Some(Kind::Listener) => self.reap_listener(handle),
                _ => debug_assert!(false, "only connections and listeners die in two steps"),
            }
        }
    }

    fn reap_conn(&mut self, handle: Handle) {
        let Some(mut conn) = self.conns.remove(handle) else { return };
        debug_assert!(conn.life() == Life::Closed && conn.close_said);
        self.stream_over(handle);
        self.unwatch(&mut conn, handle);
        if let Some(timer) = conn.timer {
            self.wheel.remove(timer);
        }
        conn.discard(&mut Default::default());
        conn.give_back(&mut self.pool);
        self.stats.closed += 1;
        if let Some(listener) = self.listeners.get_mut(conn.listener) {
            listener.live -= 1;
            if listener.gate() == Gate::Closed {
                self.reap_listener(conn.listener);
            }
        }
        self.retry_waiting();
    }

    /// A connection has ended: listeners that waited for just that try again. One that backs off
    /// for want of resources does so whatever ends meanwhile.
    fn retry_waiting(&mut self) {
        let full = self.conns.len() >= self.max_connections as usize;
        for handle in std::mem::take(&mut self.waiting_listeners) {
            match self.listeners.get(handle) {
                Some(listener) if listener.waits_for_room() => {
                    if full || listener.is_full() {
                        self.waiting_listeners.push(handle);
                    } else {
                        self.retry(handle);
                    }
                }
                _ => {}
            }
        }
    }

    /// Ends a connection that nobody was told of, without a word.
    pub(super) fn forget_conn(&mut self, handle: Handle) -> bool {
        let Some(mut conn) = self.conns.remove(handle) else { return false };
        debug_assert!(!conn.open_said && conn.timer.is_none());
        self.unwatch(&mut conn, handle);
        true
    }

    fn unwatch(&mut self, conn: &mut Conn, handle: Handle) {
        let (fd, token) = (conn.link().fd(), Token(handle.0));
        if !conn.watched.is_none() {
            // A descriptor that the selector does not know any more is what is wanted here.
            let _ = self.selector.update(fd, token, conn.watched, Interest::NONE);
            conn.watched = Interest::NONE;
        }
    }

    /// Closes the descriptor of a closed listener. The slot ends with the last of its connections,
    /// because they share its owner's words.
    fn reap_listener(&mut self, handle: Handle) {
        let Some(listener) = self.listeners.get_mut(handle) else { return };
        debug_assert!(listener.gate() == Gate::Closed);
        listener.shut();
        if let Some(timer) = listener.timer.take() {
            self.wheel.remove(timer);
        }
        if listener.live == 0 {
            let owner = listener.owner;
            self.listeners.remove(handle);
            self.notices.push_back(super::Notice::Ended(owner));
        }
    }

    /// A paused listener tries to accept; the program is told that the pause is over once that
    /// did not fail.
    pub(super) fn retry(&mut self, handle: Handle) {
        let Some(listener) = self.listeners.get_mut(handle) else { return };
        if listener.gate() != Gate::Paused {
            return;
        }
        listener.retry_at = NEVER;
        if let Err(error) =
            self.selector.update(listener.name(), Token(handle.0), Interest::NONE, Interest::READ)
        {
            let (why, os_error) = refusal(&error);
            return self.pause(handle, why, os_error);
        }
        self.turn_listener(handle, Knock::Retry);
        self.accepting.push_back(handle);
    }

    /// Tells the selector the interest of each connection that may have changed it.
    fn tell_selector(&mut self) {
        for handle in std::mem::take(&mut self.changed) {
            let Some(conn) = self.conns.get_mut(handle) else { continue };
            let want = conn.interest(self.edge);
            if want == conn.watched {
                continue;
            }
            let fd = conn.link().fd();
            match self.selector.update(fd, Token(handle.0), conn.watched, want) {
                Ok(()) => conn.watched = want,
                Err(error) => {
                    let (why, os_error) = refusal(&error);
                    conn.fail(why, os_error);
                    let text = c"the kernel refuses to watch a connection";
                    self.say(Level::Warn, text, handle, (why, os_error), 0);
                    self.wake(handle);
                }
            }
        }
    }
}

const _: () = assert!(Gate::STATES.len() <= 8 && Life::STATES.len() <= 8);
