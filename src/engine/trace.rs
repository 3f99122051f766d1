// SPDX-License-Identifier: MIT OR Apache-2.0
//! How the machines of a loop's objects moved, kept until somebody above takes it. Is not: a caller
//! of anybody. INVARIANT: with nobody who looks nothing is kept, and with one at most `TRACES`
//! transitions; what is dropped is counted.

use super::Loop;
use crate::base::limits::TRACES;
use crate::base::time::Millis;
use crate::base::{Handle, Machine};
use crate::net::conn::Conn;
use crate::net::gate::{Gate, Knock};
use crate::net::life::{Life, Turn};
use crate::source::child::{Course, Ending, News, Push};

/// A change of state, in the terms of its machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// A connection's.
    Conn(Life, Turn, Life),
    /// A listener's.
    Listener(Gate, Knock, Gate),
    /// What has ended of a child.
    Child(Course, News, Course),
    /// How a child was asked to end.
    ChildEnd(Ending, Push, Ending),
}

/// A change of state of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transition {
    /// The time of the loop.
    pub at: Millis,
    /// Whose.
    pub object: Handle,
    /// From where, by what, to where.
    pub step: Step,
}

impl Loop {
    /// Keeps transitions from now on, or not any more.
    pub fn set_trace(&mut self, on: bool) {
        if on && self.traces.is_none() {
            for handle in self.conns.handles() {
                self.conns.get_mut(handle).map(Conn::take_history);
            }
        }
        self.traces = on.then(|| self.traces.take().unwrap_or_default());
    }

    /// The next transition.
    pub fn next_transition(&mut self) -> Option<Transition> {
        self.traces.as_mut()?.pop_front()
    }

    /// Keeps what a connection has done since this was last asked. Whoever lets it turn asks before
    /// anything is told of it.
    #[inline]
    pub(super) fn trace_conn(&mut self, handle: Handle) {
        if self.traces.is_some() {
            self.take_history(handle);
        }
    }

    /// The same for the connection being stepped.
    #[inline]
    pub(super) fn trace_current(&mut self) {
        if self.traces.is_some()
            && let Some(current) = &self.current
        {
            self.take_history(current.conn);
        }
    }

    fn take_history(&mut self, handle: Handle) {
        let Some(conn) = self.conns.get_mut(handle) else { return };
        for (life, input) in conn.take_history() {
            let next = life.next(input).unwrap_or(Life::Closed);
            self.keep_transition(handle, Step::Conn(life, input, next));
        }
    }

    /// Has a listener take an input. Answers whether it changed.
    pub(super) fn turn_listener(&mut self, handle: Handle, input: Knock) -> bool {
        let Some(listener) = self.listeners.get_mut(handle) else { return false };
        let before = listener.gate();
        let changed = listener.turn(input);
        let after = listener.gate();
        if changed {
            self.trace(handle, Step::Listener(before, input, after));
        }
        changed
    }

    /// Keeps a transition, if anybody looks.
    pub(super) fn trace(&mut self, object: Handle, step: Step) {
        if self.traces.is_some() {
            self.keep_transition(object, step);
        }
    }

    fn keep_transition(&mut self, object: Handle, step: Step) {
        let at = self.now.floor();
        match self.traces.as_mut() {
            Some(kept) if kept.len() < TRACES => kept.push_back(Transition { at, object, step }),
            _ => self.stats.transitions_dropped += 1,
        }
    }
}
