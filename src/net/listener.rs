// SPDX-License-Identifier: MIT OR Apache-2.0
//! A listening socket with its gate, its share of connections and the pause when resources ran out.

use super::gate::{Gate, Knock};
use super::policy::Policy;
use super::{NEVER, Owner};
use crate::base::time::Millis;
use crate::base::{Machine, Status, limits};
use crate::source::wheel::TimerId;
use crate::sys::Fd;
use crate::sys::fd::{self, AsFd, Owned};
use crate::sys::socket::{self, Accept};
use std::net::SocketAddr;
use std::rc::Rc;

/// A listener.
pub struct Listener {
    /// The socket, until it is closed; non-blocking, close-on-exec.
    pub fd: Option<Owned>,
    /// The address it really has.
    pub address: SocketAddr,
    /// What its connections have in common.
    pub policy: Rc<Policy>,
    /// Its owner's words; its connections start with them.
    pub owner: Owner,
    /// Most connections of this listener at a time.
    pub max_connections: u32,
    /// Accepted in one turn at the most.
    pub budget: u32,
    /// Connections that came from it and live.
    pub live: u32,
    /// When the pause ends; `NEVER` while it waits for a connection to end, or listens.
    pub retry_at: Millis,
    /// Its node in the wheel.
    pub timer: Option<TimerId>,
    /// Why it ended.
    pub why: Status,
    /// True exactly when the program was told of a pause and not yet of its end.
    pub pause_said: bool,
    gate: Gate,
    backoff_ms: u64,
    /// An accepted connection that the selector did not take; it goes before the pending ones.
    kept: Option<Owned>,
}

impl Listener {
    /// A listener that accepts.
    pub fn new(fd: Owned, address: SocketAddr, policy: Rc<Policy>, owner: Owner) -> Listener {
        Listener {
            fd: Some(fd),
            address,
            policy,
            owner,
            max_connections: limits::CONNECTIONS,
            budget: limits::ACCEPT_BUDGET,
            live: 0,
            retry_at: NEVER,
            timer: None,
            why: Status::OK,
            pause_said: false,
            gate: Gate::Listening,
            backoff_ms: limits::ACCEPT_RETRY_MIN_MS,
            kept: None,
        }
    }

    /// Its descriptor, for the selector; none once it is closed.
    pub fn name(&self) -> Fd {
        self.fd.as_ref().map_or(Fd::NONE, Fd::of)
    }

    /// Where it stands.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// Takes the next connection: one that was kept, or else a pending one. The kept one gets the
    /// lowest number that is free by now; its old one may be above what the selector can hold.
    pub fn next_pending(&mut self) -> Accept {
        match (self.kept.take(), &self.fd) {
            (Some(kept), _) => Accept::Conn(fd::lowest(kept)),
            (None, Some(fd)) => socket::accept(fd.as_fd()),
            (None, None) => Accept::Wait,
        }
    }

    /// Keeps an accepted connection for the next try.
    pub fn keep(&mut self, fd: Owned) {
        self.kept = Some(fd);
    }

    /// Whether a connection is kept.
    pub fn has_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Closes the descriptors.
    pub fn shut(&mut self) {
        self.fd = None;
        self.kept = None;
    }

    /// Whether it waits for a connection to end, and for nothing else.
    pub fn waits_for_room(&self) -> bool {
        self.gate == Gate::Paused && self.retry_at == NEVER
    }

    /// Whether its own share of connections is used up.
    pub fn is_full(&self) -> bool {
        self.live >= self.max_connections
    }

    /// A connection was accepted: the next pause is short again.
    pub fn accepted(&mut self) {
        self.live += 1;
        self.backoff_ms = limits::ACCEPT_RETRY_MIN_MS;
    }

    /// The only place that changes the gate. Answers whether it changed.
    pub fn turn(&mut self, input: Knock) -> bool {
        let next = self.gate.next(input).expect("a closed listener is not stepped");
        std::mem::replace(&mut self.gate, next) != next
    }

    /// The end of the next pause for want of resources; each is twice as long as the one before.
    pub fn back_off(&mut self, now: Millis) -> Millis {
        self.retry_at = now.plus(self.backoff_ms);
        self.backoff_ms = (self.backoff_ms * 2).min(limits::ACCEPT_RETRY_MAX_MS);
        self.retry_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn pauses_double_up_to_a_second_and_start_short_after_an_accept() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let mut l =
            Listener::new(socket.into(), address, Rc::new(Policy::default()), Owner::default());
        let pauses: Vec<u64> = (0..10).map(|_| l.back_off(Millis(0)).0).collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        l.accepted();
        assert_eq!(l.back_off(Millis(7)), Millis(12));
    }
}
