// SPDX-License-Identifier: MIT OR Apache-2.0
//! The model of timers: never early, none missed, in the order of deadline and birth, and each ends
//! with its own word, given back by whoever ends it.

use crate::sim::{Dice, Kernel};
use webcore::base::time::Millis;
use webcore::base::{Handle, Status};
use webcore::engine::Loop;
use webcore::net::Owner;

struct Timer {
    handle: Handle,
    word: u64,
    due: u64,
    period: u64,
    /// Its last birth; a restart and a repetition are births.
    birth: u64,
    /// It will fire.
    scheduled: bool,
    /// It was started or restarted since the last turn began, which may not have seen it.
    fresh: bool,
}

/// All timers of a loop.
#[derive(Default)]
pub struct Timers {
    live: Vec<Timer>,
    births: u64,
    words: u64,
    /// Deadline and birth of the one that fired last in this turn.
    last: (u64, u64),
}

impl Timers {
    fn birth(&mut self) -> u64 {
        self.births += 1;
        self.births
    }

    /// The next deadline.
    pub fn next(&self) -> Option<u64> {
        self.live.iter().filter(|t| t.scheduled).map(|t| t.due).min()
    }

    pub fn begin_turn(&mut self) {
        self.last = (0, 0);
        self.live.iter_mut().for_each(|timer| timer.fresh = false);
    }

    pub fn start(&mut self, engine: &mut Loop, kernel: &Kernel, dice: &mut Dice) {
        let delay = dice.below(40) as u32;
        let period = if dice.once_in(2) { 0 } else { 1 + dice.below(30) as u32 };
        self.words += 1;
        let owner = Owner { word: self.words, ..Owner::default() };
        let handle = engine.start_timer(delay, period, owner).unwrap();
        let birth = self.birth();
        self.live.push(Timer {
            handle,
            word: self.words,
            due: kernel.now().after(delay.into()).0,
            period: period.into(),
            birth,
            scheduled: true,
            fresh: true,
        });
    }

    /// Restarts or cancels one.
    pub fn change(&mut self, engine: &mut Loop, kernel: &Kernel, dice: &mut Dice) {
        if self.live.is_empty() {
            return;
        }
        let at = dice.below(self.live.len());
        let delay = dice.below(40) as u32;
        let birth = self.birth();
        let timer = &mut self.live[at];
        // One that fired and does not repeat ends when the next notice is asked for.
        let over = |result: Status| assert!(result == Status::GONE && !timer.scheduled);
        if dice.once_in(3) {
            match engine.cancel_timer(timer.handle) {
                Ok(owner) => {
                    assert_eq!(owner.word, timer.word);
                    self.live.swap_remove(at);
                }
                Err(status) => over(status),
            }
        } else if let Err(status) = engine.restart_timer(timer.handle, delay.into()) {
            over(status);
        } else {
            (timer.due, timer.birth) = (kernel.now().after(delay.into()).0, birth);
            (timer.scheduled, timer.fresh) = (true, true);
        }
    }

    pub fn fired(&mut self, handle: Handle, now: Millis) {
        let birth = self.birth();
        let timer = self.live.iter_mut().find(|timer| timer.handle == handle).expect("a timer");
        assert!(timer.scheduled, "a timer that is not to fire");
        assert!(timer.due <= now.0, "early: {} at {now:?}", timer.due);
        assert!((timer.due, timer.birth) > self.last, "out of order");
        self.last = (timer.due, timer.birth);
        match (now.0 - timer.due).checked_div(timer.period) {
            None => timer.scheduled = false,
            Some(missed) => {
                timer.due += (missed + 1) * timer.period;
                timer.birth = birth;
            }
        }
    }

    pub fn ended(&mut self, word: u64) {
        let at = self.live.iter().position(|timer| timer.word == word).expect("it ends once");
        let timer = self.live.swap_remove(at);
        assert!(!timer.scheduled, "a timer that goes on has ended");
    }

    pub fn check_settled(&self, now: Millis) {
        for timer in &self.live {
            assert!(timer.scheduled, "its end was not said");
            assert!(timer.fresh || timer.due > now.0, "missed: {} at {now:?}", timer.due);
        }
    }

    pub fn cancel_all(&mut self, engine: &mut Loop) {
        for timer in self.live.drain(..) {
            assert_eq!(engine.cancel_timer(timer.handle).map(|o| o.word), Ok(timer.word));
        }
    }

    pub fn check_gone(&self) {
        assert!(self.live.is_empty(), "each timer ends");
    }
}
