// SPDX-License-Identifier: MIT OR Apache-2.0
//! Listening and accepting: until drained within a budget; out of descriptors the listener pauses,
//! says so once, and burns no CPU until it is retried.

use super::log::Level;
use super::notice::Notice;
use super::{Loop, refusal};
use crate::base::{Handle, Status};
use crate::net::conn::Conn;
use crate::net::gate::{Gate, Knock};
use crate::net::life::Life;
use crate::net::link::Link;
use crate::net::listener::Listener;
use crate::net::policy::Policy;
use crate::net::{NEVER, Owner};
use crate::reactor::{Interest, Token};
use crate::sys::Fd;
use crate::sys::fd::{AsFd, Owned};
use crate::sys::socket::{self, Accept};
use std::net::SocketAddr;
use std::rc::Rc;

/// How to listen.
pub struct Listen {
    /// The address; port 0 takes any free one.
    pub address: SocketAddr,
    /// An IPv6 listener takes no IPv4.
    pub v6_only: bool,
    /// listen(2) backlog.
    pub backlog: i32,
    /// Most connections of this listener; 0: the loop's.
    pub max_connections: u32,
    /// Accepted in one turn at the most.
    pub budget: u32,
    /// What its connections have in common.
    pub policy: Policy,
    /// Its owner's words, and those its connections start with.
    pub owner: Owner,
}

impl Loop {
    /// Makes a listener.
    pub fn listen(&mut self, listen: Listen) -> Result<Handle, Status> {
        listen.policy.check()?;
        if self.ending {
            return Err(Status::STATE);
        }
        let made = socket::listen(listen.address, listen.v6_only, listen.backlog)
            .and_then(|fd| Ok((socket::local_addr(fd.as_fd())?, fd)));
        let (address, fd) = made.map_err(|e| self.refused(&e))?;
        let raw = Fd::of(&fd);
        self.take_number(raw);
        let mut listener = Listener::new(fd, address, Rc::new(listen.policy), listen.owner);
        listener.budget = listen.budget.max(1);
        listener.max_connections = match listen.max_connections {
            0 => self.max_connections,
            most => most,
        };
        let handle = self.listeners.insert(listener)?;
        let watch = self.selector.update(raw, Token(handle.0), Interest::NONE, Interest::READ);
        if let Err(error) = watch {
            self.listeners.remove(handle);
            return Err(self.refused(&error));
        }
        self.open_listeners += 1;
        Ok(handle)
    }

    /// Takes over a transport as a connection; one that is open says so in its first step.
    pub fn adopt(
        &mut self,
        link: Link,
        policy: Rc<Policy>,
        owner: Owner,
        life: Life,
    ) -> Result<Handle, Status> {
        self.take_over(link, policy, owner, life).map_err(|(why, _)| why)
    }

    /// The same; a transport that the selector does not take comes back.
    fn take_over(
        &mut self,
        link: Link,
        policy: Rc<Policy>,
        owner: Owner,
        life: Life,
    ) -> Result<Handle, (Status, Option<Link>)> {
        self.expect_room().map_err(|why| (why, None))?;
        let raw = link.fd();
        self.take_number(raw);
        let conn = Conn::new(link, policy, owner, life, self.stamp());
        let want = conn.interest(self.edge);
        let handle = self.conns.insert(conn).map_err(|why| (why, None))?;
        if let Err(error) = self.selector.update(raw, Token(handle.0), Interest::NONE, want) {
            let link = self.conns.remove(handle).map(Conn::into_link);
            return Err((self.refused(&error), link));
        }
        let conn = self.conns.get_mut(handle).expect("it was inserted above");
        conn.watched = want;
        if life == Life::Open {
            self.stats.accepted += 1;
            self.wake(handle);
        }
        Ok(handle)
    }

    /// Whether one more connection is taken in.
    fn expect_room(&self) -> Result<(), Status> {
        match self.conns.len() >= self.max_connections as usize {
            _ if self.ending => Err(Status::STATE),
            true => Err(Status::LIMIT),
            false => Ok(()),
        }
    }

    /// Makes an outbound connection to `address`, within `timeout_ms` (0: without a limit).
    pub fn connect(
        &mut self,
        address: SocketAddr,
        policy: Policy,
        owner: Owner,
        timeout_ms: u32,
    ) -> Result<Handle, Status> {
        policy.check()?;
        // Asked before the peer hears of it.
        self.expect_room()?;
        let (fd, pending) = socket::connect(address).map_err(|e| self.refused(&e))?;
        let life = if pending { Life::Connecting } else { Life::Open };
        let handle = self.adopt(Link::Socket(fd), Rc::new(policy), owner, life)?;
        if pending && timeout_ms > 0 {
            let until = self.clock.now().after(timeout_ms.into());
            self.conns.find(handle)?.until = until;
            self.arm(handle);
        }
        Ok(handle)
    }

    /// Accepts until the backlog is empty, the budget is used or nothing more can be held.
    pub(super) fn accept(&mut self, handle: Handle) {
        let Some(listener) = self.listeners.get(handle) else { return };
        for _ in 0..listener.budget {
            let Some(listener) = self.listeners.get_mut(handle) else { return };
            if listener.gate() != Gate::Listening {
                return;
            }
            if listener.is_full() || self.conns.len() >= self.max_connections as usize {
                return self.pause(handle, Status::LIMIT, 0);
            }
            match listener.next_pending() {
                Accept::Conn(fd) => {
                    if let Err(why) = self.take_in(handle, fd) {
                        return self.pause(handle, why, self.os_error);
                    }
                    self.resume(handle);
                }
                Accept::Wait => return self.resume(handle),
                Accept::Again(os_error) => {
                    self.os_error = os_error;
                    let text = c"a connection was lost before it was accepted";
                    self.say(Level::Debug, text, handle, (Status::RESET, os_error), 0);
                }
                Accept::Exhausted(os_error) | Accept::Fail(os_error) => {
                    return self.pause(handle, crate::sys::blame::status(os_error), os_error);
                }
            }
        }
    }

    /// Makes a connection of what was accepted.
    fn take_in(&mut self, from: Handle, fd: Owned) -> Result<(), Status> {
        let listener = self.listeners.find(from)?;
        let (policy, owner) = (Rc::clone(&listener.policy), listener.owner);
        let taken = self.take_over(Link::Socket(fd), policy, owner, Life::Open);
        let handle = taken.map_err(|(why, link)| {
            // It is connected: its peer must not pay for what we lack just now.
            if let (Some(Link::Socket(fd)), Some(listener)) = (link, self.listeners.get_mut(from)) {
                listener.keep(fd);
            }
            why
        })?;
        self.conns.find(handle)?.listener = from;
        self.listeners.find(from)?.accepted();
        Ok(())
    }

    /// Stops watching the listener. For want of resources it is retried after a while; when the
    /// allowed connections are reached, as soon as one of them ends.
    pub(super) fn pause(&mut self, handle: Handle, why: Status, os_error: i32) {
        let now = self.stamp();
        let changed = self.turn_listener(handle, Knock::Exhausted);
        let Some(listener) = self.listeners.get_mut(handle) else { return };
        if changed {
            let (fd, token) = (listener.name(), Token(handle.0));
            // If the selector does not know it, it is not watched: what is wanted here.
            let _ = self.selector.update(fd, token, Interest::READ, Interest::NONE);
        }
        if why == Status::LIMIT {
            if !self.waiting_listeners.contains(&handle) {
                self.waiting_listeners.push(handle);
            }
        } else {
            let at = listener.back_off(now);
            let timer = listener.timer;
            let timer = self.arm_node(timer, at, handle);
            if let Some(listener) = self.listeners.get_mut(handle) {
                listener.timer = Some(timer);
            }
        }
        let Some(listener) = self.listeners.get_mut(handle) else { return };
        if !std::mem::replace(&mut listener.pause_said, true) {
            self.os_error = os_error;
            self.stats.accept_pauses += 1;
            self.say(Level::Warn, c"a listener stops accepting", handle, (why, os_error), 0);
            self.notices.push_back(Notice::Paused { listener: handle, why, os_error });
        }
    }

    /// Accepts nothing more until `release_listener`.
    pub fn hold_listener(&mut self, handle: Handle) -> Result<(), Status> {
        let listener = self.open_listener(handle)?;
        if listener.gate() == Gate::Listening {
            let (fd, token) = (listener.name(), Token(handle.0));
            // If the selector does not know it, it is not watched: what is wanted here.
            let _ = self.selector.update(fd, token, Interest::READ, Interest::NONE);
        }
        let listener = self.open_listener(handle)?;
        listener.retry_at = NEVER;
        self.turn_listener(handle, Knock::Hold);
        Ok(())
    }

    /// Accepts again what `hold_listener` has stopped.
    pub fn release_listener(&mut self, handle: Handle) -> Result<(), Status> {
        let listener = self.open_listener(handle)?;
        if listener.gate() == Gate::Held {
            let (fd, token) = (listener.name(), Token(handle.0));
            let watched = self.selector.update(fd, token, Interest::NONE, Interest::READ);
            watched.map_err(|error| self.refused(&error))?;
            self.turn_listener(handle, Knock::Release);
            if self.open_listener(handle)?.has_kept() {
                // Nobody else may come, and then the selector would not say a word.
                self.accepting.push_back(handle);
            }
        }
        Ok(())
    }

    fn open_listener(&mut self, handle: Handle) -> Result<&mut Listener, Status> {
        let listener = self.listeners.find(handle)?;
        if listener.gate() == Gate::Closed { Err(Status::GONE) } else { Ok(listener) }
    }

    /// Says that a pause is over, if the program was told of one.
    fn resume(&mut self, handle: Handle) {
        if let Some(listener) = self.listeners.get_mut(handle)
            && std::mem::take(&mut listener.pause_said)
        {
            self.say(Level::Info, c"a listener accepts again", handle, (Status::OK, 0), 0);
            self.notices.push_back(Notice::Resumed(handle));
        }
    }

    /// The address a listener really has.
    pub fn listener_address(&mut self, handle: Handle) -> Result<SocketAddr, Status> {
        Ok(self.open_listener(handle)?.address)
    }

    /// A listener's owner, as long as its last notice is not settled.
    pub fn listener_owner(&self, handle: Handle) -> Option<Owner> {
        self.listeners.get(handle).map(|listener| listener.owner)
    }

    /// Ends a listener; its connections go on.
    pub fn close_listener(&mut self, handle: Handle) -> Result<(), Status> {
        self.close_listener_for(handle, Status::OK)
    }

    pub(super) fn close_listener_for(&mut self, handle: Handle, why: Status) -> Result<(), Status> {
        let listener = self.listeners.find(handle)?;
        match listener.gate() {
            Gate::Closed => return Err(Status::GONE),
            Gate::Listening => {
                let (fd, token) = (listener.name(), Token(handle.0));
                let _ = self.selector.update(fd, token, Interest::READ, Interest::NONE);
            }
            Gate::Paused | Gate::Held => {}
        }
        self.turn_listener(handle, Knock::Close);
        let listener = self.listeners.find(handle)?;
        listener.retry_at = NEVER;
        listener.why = why;
        self.open_listeners -= 1;
        self.dead.push(handle);
        self.notices.push_back(Notice::ListenerClosed { listener: handle, why });
        Ok(())
    }

    /// Keeps the operating system's number of a refusal and gives its status.
    pub fn refused(&mut self, error: &std::io::Error) -> Status {
        let (status, os_error) = refusal(error);
        self.os_error = os_error;
        status
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits;
    use crate::engine::Settings;
    use crate::reactor::sim::World;

    #[test]
    fn a_listener_waits_for_an_ending_connection_once_however_often_it_pauses() {
        let (world, settings) =
            (World::new(), Settings { number: 0, floor: 0, backend: None, max_connections: 0 });
        let made = Loop::with(&settings, world.selector(), world.clock());
        let mut engine = made.map_err(|(status, _)| status).unwrap();
        let listen = Listen {
            address: "127.0.0.1:0".parse().unwrap(),
            v6_only: false,
            backlog: 1,
            max_connections: 0,
            budget: limits::ACCEPT_BUDGET,
            policy: Policy::default(),
            owner: Owner::default(),
        };
        let listener = engine.listen(listen).unwrap();
        for _ in 0..100 {
            engine.pause(listener, Status::LIMIT, 0);
            assert_eq!(engine.waiting_listeners, [listener]);
            engine.retry(listener);
        }
        assert_eq!(engine.stats().accept_pauses, 1, "one pause, tried a hundred times");
    }
}
