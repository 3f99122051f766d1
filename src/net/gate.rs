// SPDX-License-Identifier: MIT OR Apache-2.0
//! The state of a listener as a pure machine. Is not: the socket (that is `net::listener`).

use crate::base::Machine;

/// Where a listener stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// It accepts.
    Listening,
    /// Out of descriptors, memory or allowed connections; it is not watched, so it burns no CPU.
    Paused,
    /// It is over.
    Closed,
}

/// What can happen to a listener.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Knock {
    /// accept(2) found no descriptor or memory, or the allowed connections are reached.
    Exhausted,
    /// The pause is over, or a connection ended.
    Retry,
    /// The program, or the end of the loop, closes it.
    Close,
}

impl Machine for Gate {
    type Input = Knock;
    const NAME: &'static str = "listener";
    const STATES: &'static [Gate] = &[Gate::Listening, Gate::Paused, Gate::Closed];
    const INPUTS: &'static [Knock] = &[Knock::Exhausted, Knock::Retry, Knock::Close];

    fn next(self, input: Knock) -> Option<Gate> {
        Some(match (self, input) {
            (Gate::Closed, _) => return None,
            (_, Knock::Close) => Gate::Closed,
            (Gate::Listening | Gate::Paused, Knock::Exhausted) => Gate::Paused,
            (Gate::Listening | Gate::Paused, Knock::Retry) => Gate::Listening,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Gate::Listening => "it accepts",
            Gate::Paused => "out of descriptors, memory or allowed connections; not watched",
            Gate::Closed => "it is over",
        }
    }
}
