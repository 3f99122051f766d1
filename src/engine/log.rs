// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the loop would say to people, kept until somebody above takes it. Is not: where it is
//! shown; nothing is printed here. INVARIANT: with nobody who listens nothing is kept, and with one
//! at most `LOGS` lines; what is dropped is counted.

use super::Loop;
use crate::base::limits::LOGS;
use crate::base::time::Millis;
use crate::base::{Handle, Status};
use std::collections::VecDeque;
use std::ffi::CStr;

/// How much a line matters; the most important first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(i32)]
pub enum Level {
    /// The loop cannot go on.
    Error = 1,
    /// Somebody is not served, or later than he should be.
    Warn = 2,
    /// Worth knowing once.
    Info = 3,
    /// For who looks for a defect.
    Debug = 4,
}

impl Level {
    /// All, the most important first.
    pub const ALL: [Level; 4] = [Level::Error, Level::Warn, Level::Info, Level::Debug];
}

/// One line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The time of the loop.
    pub at: Millis,
    /// How much it matters.
    pub level: Level,
    /// What happened, in words.
    pub text: &'static CStr,
    /// What it happened to, or none.
    pub object: Handle,
    /// Why, or OK.
    pub status: Status,
    /// The operating system's number for that, or 0.
    pub os_error: i32,
    /// A number that the text speaks of, or 0.
    pub number: i64,
}

/// The lines of a loop that somebody listens to.
pub(super) struct Log {
    level: Level,
    lines: VecDeque<Line>,
}

impl Loop {
    /// Keeps lines of that level and above from now on, or none.
    pub fn set_log(&mut self, level: Option<Level>) {
        let lines = self.log.take().map_or_else(VecDeque::new, |log| log.lines);
        self.log = level.map(|level| Box::new(Log { level, lines }));
    }

    /// The next line.
    pub fn next_line(&mut self) -> Option<Line> {
        self.log.as_mut()?.lines.pop_front()
    }

    /// Whether there is a line or a transition that nobody has taken.
    pub(super) fn has_to_show(&self) -> bool {
        self.log.as_ref().is_some_and(|log| !log.lines.is_empty())
            || self.traces.as_ref().is_some_and(|kept| !kept.is_empty())
    }

    /// Says something, if anybody listens.
    pub fn say(
        &mut self,
        level: Level,
        text: &'static CStr,
        object: Handle,
        why: (Status, i32),
        number: i64,
    ) {
        let Some(log) = self.log.as_mut().filter(|log| level <= log.level) else { return };
        if log.lines.len() >= LOGS {
            self.stats.lines_dropped += 1;
            return;
        }
        let (at, (status, os_error)) = (self.now.floor(), why);
        log.lines.push_back(Line { at, level, text, object, status, os_error, number });
    }
}
