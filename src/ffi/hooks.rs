// SPDX-License-Identifier: MIT OR Apache-2.0
//! The hooks of a loop, and when they are called: between callbacks, before the program hears of
//! anything else. Is not: what they tell; that is kept in the core until they are asked for.
//! INVARIANT: what a hook is shown stands until the next hook of its kind is called.

use super::call::{Call, LineFn, TransitionFn, User};
use super::core::Core;
use super::log::wc_log_line;
use super::trace::wc_transition;
use crate::base::Status;

/// What is shown, where it does not move.
#[derive(Default)]
struct Shown {
    transition: Option<wc_transition>,
    line: Option<wc_log_line>,
}

/// The hooks of a loop but for the watchdog's, which is with what it measures.
#[derive(Default)]
pub(super) struct Hooks {
    pub trace: Option<(TransitionFn, User)>,
    pub log: Option<(LineFn, User)>,
    /// True exactly when there is one.
    any: bool,
    shown: Box<Shown>,
}

impl Hooks {
    /// One was set, or taken away.
    pub fn changed(&mut self) {
        self.any = self.trace.is_some() || self.log.is_some();
    }

    pub fn show_transition(&mut self, transition: wc_transition) -> *const wc_transition {
        self.shown.transition.insert(transition)
    }

    pub fn show_line(&mut self, line: wc_log_line) -> *const wc_log_line {
        self.shown.line.insert(line)
    }
}

impl Core {
    /// The next call of a hook.
    #[inline]
    pub fn next_hook(&mut self) -> Option<Call> {
        if self.hooks.any || self.meter.is_some() { self.hook_call() } else { None }
    }

    #[cold]
    fn hook_call(&mut self) -> Option<Call> {
        self.slow_call().or_else(|| self.trace_call()).or_else(|| self.log_call())
    }

    /// Whether a hook is taken: what one that is replaced gives back waits for the end of the
    /// callback. Taking one away never fails.
    pub fn expect_hook_room(&self, is_there: bool, user: &User) -> Result<(), Status> {
        if is_there || user.free.is_some() { self.bindings.expect_room() } else { Ok(()) }
    }

    /// The loop has ended: the hooks are not called any more.
    pub fn drop_hooks(&mut self) {
        self.drop_watchdog();
        self.drop_trace();
        self.drop_log();
    }
}
