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
    /// The program holds it: not watched, and nothing but the program changes that.
    Held,
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
    /// The program pauses it.
    Hold,
    /// The program lets it go on.
    Release,
    /// The program, or the end of the loop, closes it.
    Close,
}

impl Machine for Gate {
    type Input = Knock;
    const NAME: &'static str = "listener";
    const STATES: &'static [Gate] = &[Gate::Listening, Gate::Paused, Gate::Held, Gate::Closed];
    const INPUTS: &'static [Knock] =
        &[Knock::Exhausted, Knock::Retry, Knock::Hold, Knock::Release, Knock::Close];

    fn next(self, input: Knock) -> Option<Gate> {
        Some(match (self, input) {
            (Gate::Closed, _) => return None,
            (_, Knock::Close) => Gate::Closed,
            (_, Knock::Hold) => Gate::Held,
            (Gate::Held, Knock::Release) => Gate::Listening,
            (Gate::Held, Knock::Exhausted | Knock::Retry) => Gate::Held,
            (Gate::Listening | Gate::Paused, Knock::Exhausted) => Gate::Paused,
            (Gate::Listening | Gate::Paused, Knock::Retry) => Gate::Listening,
            (open @ (Gate::Listening | Gate::Paused), Knock::Release) => open,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Gate::Listening => "it accepts",
            Gate::Paused => "out of descriptors, memory or allowed connections; not watched",
            Gate::Held => "the program has paused it; not watched",
            Gate::Closed => "it is over",
        }
    }
}
