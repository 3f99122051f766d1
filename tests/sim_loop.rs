// SPDX-License-Identifier: MIT OR Apache-2.0
//! The loop on a scripted kernel with a virtual clock: what it says, when, and what its peers get.
//! `model` plays random programs against a plain model; the others are single stories.

mod support;

#[path = "support/sim.rs"]
mod sim;

#[path = "sim_loop/accept.rs"]
mod accept;
#[path = "sim_loop/alarms.rs"]
mod alarms;
#[path = "sim_loop/deadlines.rs"]
mod deadlines;
#[path = "sim_loop/faults.rs"]
mod faults;
#[path = "sim_loop/flow.rs"]
mod flow;
#[path = "sim_loop/model.rs"]
mod model;

use sim::{Kernel, Peer, line};
use webcore::base::Handle;
use webcore::base::time::Millis;
use webcore::engine::{Loop, Notice};
use webcore::net::life::Life;
use webcore::net::policy::Policy;

/// A loop with what it has said: lines that begin with the time in ms.
struct Sim {
    kernel: Kernel,
    engine: Loop,
    said: Vec<String>,
}

impl Sim {
    fn new() -> Sim {
        let kernel = Kernel::new();
        Sim { engine: kernel.engine(), kernel, said: Vec::new() }
    }

    /// An open connection with its peer; it says so when the loop is next asked.
    fn adopt(&mut self, policy: &Policy) -> (Handle, Peer) {
        self.kernel.adopt(&mut self.engine, policy, Life::Open)
    }

    /// Takes what is said now; `act` is the program.
    fn take(&mut self, act: &mut dyn FnMut(&mut Loop, &Notice)) -> usize {
        let mut count = 0;
        while let Some(notice) = self.engine.next() {
            let line = line(&self.engine, &notice);
            self.said.push(format!("{} {line}", self.engine.now().0));
            act(&mut self.engine, &notice);
            count += 1;
        }
        count
    }

    /// Works turns until that time, in ms; a loop that spins does not get there and fails.
    fn run_with(&mut self, until: u64, act: &mut dyn FnMut(&mut Loop, &Notice)) {
        self.take(act);
        let mut vain = 0;
        while self.kernel.now().floor() < Millis(until) || self.engine.has_work() {
            let before = (self.kernel.now(), self.kernel.moves());
            self.engine.turn(Some(Millis(until))).unwrap();
            let said = self.take(act);
            let done = said > 0 || (self.kernel.now(), self.kernel.moves()) != before;
            vain = if done { 0 } else { vain + 1 };
            assert!(vain < 2, "turns with nothing to do, one after the other");
        }
    }

    /// Works turns until that time with a program that does nothing.
    fn run(&mut self, until: u64) {
        self.run_with(until, &mut |_, _| {});
    }

    /// What was said since this was last asked.
    fn said(&mut self) -> Vec<String> {
        std::mem::take(&mut self.said)
    }
}
