// SPDX-License-Identifier: MIT OR Apache-2.0
//! A state machine is an enum and one total `match`; its table and diagram are derived by running
//! it.

use std::fmt::Debug;
use std::fmt::Write;

/// A machine with few states. `None` from `next` says that the input is a bug in that state.
pub trait Machine: Copy + Eq + Debug + 'static {
    /// What can happen to it.
    type Input: Copy + Debug + 'static;
    /// Its name in docs/STATES.md.
    const NAME: &'static str;
    /// Every state, the first one first.
    const STATES: &'static [Self];
    /// Every input.
    const INPUTS: &'static [Self::Input];
    /// The state after `input`; `None` where that input cannot come.
    fn next(self, input: Self::Input) -> Option<Self>;
    /// One sentence about the state.
    fn sentence(self) -> &'static str;
}

/// The machine as Markdown: its states, its table (`.` stays, `!` is a bug) and its diagram.
pub fn markdown<M: Machine>() -> String {
    let mut out = format!("## {}\n\n", M::NAME);
    for state in M::STATES {
        let _ = writeln!(out, "- **{state:?}**: {}", state.sentence());
    }
    out.push_str("\n| |");
    for input in M::INPUTS {
        let _ = write!(out, " {input:?} |");
    }
    out.push_str("\n|---|");
    out.push_str(&"---|".repeat(M::INPUTS.len()));
    for state in M::STATES {
        let _ = write!(out, "\n| **{state:?}** |");
        for input in M::INPUTS {
            let _ = match state.next(*input) {
                None => write!(out, " ! |"),
                Some(next) if next == *state => write!(out, " . |"),
                Some(next) => write!(out, " {next:?} |"),
            };
        }
    }
    out.push_str("\n\n```mermaid\nstateDiagram-v2\n");
    for state in M::STATES {
        for next in M::STATES {
            let via: Vec<String> = M::INPUTS
                .iter()
                .filter(|i| next != state && state.next(**i) == Some(*next))
                .map(|i| format!("{i:?}"))
                .collect();
            if !via.is_empty() {
                let _ = writeln!(out, "    {state:?} --> {next:?}: {}", via.join(", "));
            }
        }
    }
    out.push_str("```\n");
    out
}
