// SPDX-License-Identifier: MIT OR Apache-2.0
//! The life of a connection as a pure state machine. Is not: buffers, sockets, time. INVARIANT: no
//! other code decides what follows what; `net::conn` holds a `Life` and assigns it in one place.

use crate::base::Machine;

/// Where a connection stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Life {
    /// Outbound, and the kernel has not said yet whether it was made.
    Connecting = 0,
    /// Both directions are open.
    Open = 1,
    /// The peer has ended its input; ours goes on.
    HalfOpen = 2,
    /// Input is over; what is queued is being sent.
    Flushing = 3,
    /// All is sent and ended; the peer's end is awaited, bounded in time and bytes.
    Lingering = 4,
    /// It is over; the last word is said or about to be.
    Closed = 5,
}

/// What can happen to a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// The kernel made the outbound connection.
    Connected,
    /// The peer ended its input.
    PeerEof,
    /// The program closes in order.
    Close,
    /// The queue is sent and our end is told to the peer.
    Drained,
    /// The program closes at once.
    Abort,
    /// An error of the transport or the protocol.
    Trouble,
    /// The deadline of this state passed.
    Deadline,
}

/// The changes of a life that nobody was told of yet. Each life has at most five, for no state
/// comes twice, so they fit into one word: six bits each, the oldest lowest, none is zero.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct History(u32);

impl History {
    /// A life leaves `state` by `input`.
    pub fn push(&mut self, state: Life, input: Turn) {
        let used = u32::BITS - self.0.leading_zeros();
        self.0 |= ((state as u32) << 3 | (input as u32 + 1)) << used.next_multiple_of(6);
    }
}

impl Iterator for History {
    type Item = (Life, Turn);
    fn next(&mut self) -> Option<(Life, Turn)> {
        let (state, input) = (self.0 >> 3 & 7, self.0 & 7);
        self.0 >>= 6;
        Some((Life::STATES[state as usize], *Turn::ALL.get((input as usize).checked_sub(1)?)?))
    }
}

impl Turn {
    const ALL: &'static [Turn] = Life::INPUTS;
}

impl Machine for Life {
    type Input = Turn;
    const NAME: &'static str = "connection";
    const STATES: &'static [Life] = &[
        Life::Connecting,
        Life::Open,
        Life::HalfOpen,
        Life::Flushing,
        Life::Lingering,
        Life::Closed,
    ];
    const INPUTS: &'static [Turn] = &[
        Turn::Connected,
        Turn::PeerEof,
        Turn::Close,
        Turn::Drained,
        Turn::Abort,
        Turn::Trouble,
        Turn::Deadline,
    ];

    fn next(self, input: Turn) -> Option<Life> {
        use Life::*;
        use Turn::*;
        Some(match (self, input) {
            (Closed, _) => return None,
            (_, Abort | Trouble) => Closed,
            (Connecting, Connected) => Open,
            (Connecting, Close | Deadline) => Closed,
            (Connecting, PeerEof | Drained) => return None,
            (Open | HalfOpen | Flushing | Lingering, Connected) => return None,
            (Open, PeerEof) => HalfOpen,
            (Open | HalfOpen, Close) => Flushing,
            (Flushing, Drained) => Lingering,
            (Lingering, PeerEof) => Closed,
            (Flushing | Lingering, Deadline) => Closed,
            (Open | HalfOpen, Drained | Deadline) | (HalfOpen, PeerEof) => self,
            (Flushing, PeerEof | Close) | (Lingering, Close | Drained) => self,
        })
    }

    fn sentence(self) -> &'static str {
        match self {
            Life::Connecting => "outbound, and the kernel has not said yet whether it was made",
            Life::Open => "both directions are open",
            Life::HalfOpen => "the peer has ended its input; our output goes on",
            Life::Flushing => "input is over; what is queued is being sent",
            Life::Lingering => "all is sent and ended; the peer's end is awaited, bounded",
            Life::Closed => "it is over",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every way through a life, from each of its beginnings.
    fn walk(life: Life, told: &mut Vec<(Life, Turn)>, longest: &mut usize) {
        let mut history = History::default();
        told.iter().for_each(|(state, input)| history.push(*state, *input));
        assert_eq!(history.collect::<Vec<_>>(), *told);
        *longest = told.len().max(*longest);
        for input in Life::INPUTS {
            if let Some(next) = life.next(*input).filter(|next| *next != life) {
                told.push((life, *input));
                walk(next, told, longest);
                told.pop();
            }
        }
    }

    #[test]
    fn a_history_holds_the_longest_life() {
        let mut longest = 0;
        for first in [Life::Connecting, Life::Open] {
            walk(first, &mut Vec::new(), &mut longest);
        }
        assert_eq!(longest, 5);
    }
}
