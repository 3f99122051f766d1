// SPDX-License-Identifier: MIT OR Apache-2.0
//! A scripted world for tests: a selector that tells what was written down, and a clock that moves
//! only when somebody waits. Is not: a kernel; its descriptors are mere numbers, and it is in no
//! table.
//!
//! What is scripted for a descriptor is one arrival: told once, to whoever watches for it, as if
//! its reader always took everything. While nobody watches for it, it stays pending, and is told as
//! soon as somebody does (so would a level-triggered backend, and an edge-triggered one after
//! `update`); NONE forgets it. Arrivals pending for one descriptor are told as one event.

use super::{Event, Interest, Selector, Token};
use crate::base::limits::BATCH;
use crate::base::time::{Clock, Millis, NANOS_PER_MILLI, Nanos, Wall};
use crate::sys::Fd;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::time::Duration;

/// What happens to a descriptor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ready {
    /// Whom it happens to.
    pub fd: Fd,
    /// Input came; told with READ.
    pub readable: bool,
    /// Output has room; told with WRITE.
    pub writable: bool,
    /// The peer ended its output; told with READ, as readable too.
    pub hangup: bool,
    /// An error, both directions are down; told with any interest, as everything.
    pub error: bool,
}

/// What happens at one moment; one `wait` tells it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// When, counted from the start of the world.
    pub at: Millis,
    /// What.
    pub events: Vec<Ready>,
}

#[derive(Default)]
struct State {
    now: u64,
    /// In the order of time; of one time, in the order of scripting.
    script: VecDeque<Batch>,
    watched: BTreeMap<Fd, (Token, Interest)>,
    pending: Vec<(Fd, u8)>,
    /// What the wall clock is set to, and when; in the order of time.
    set: Vec<(u64, Wall)>,
    update_faults: VecDeque<i32>,
    wait_faults: VecDeque<i32>,
}

/// The world; its clones are the same one.
#[derive(Clone, Default)]
pub struct World(Rc<RefCell<State>>);

impl World {
    /// A world at time zero in which nothing ever happens.
    pub fn new() -> World {
        World::default()
    }

    /// Its selector.
    pub fn selector(&self) -> Box<dyn Selector> {
        Box::new(self.clone())
    }

    /// Its clock.
    pub fn clock(&self) -> Box<dyn Clock> {
        Box::new(self.clone())
    }

    /// Writes down what will happen; what lies in the past happens at the next `wait`.
    pub fn script(&self, batch: Batch) {
        let script = &mut self.0.borrow_mut().script;
        let place = script.partition_point(|other| other.at <= batch.at);
        script.insert(place, batch);
    }

    /// Lets time pass without anybody waiting: a slow handler.
    pub fn pass(&self, time: Duration) {
        let now = &mut self.0.borrow_mut().now;
        *now = now.saturating_add(nanos(time));
    }

    /// Writes down that the wall clock is set at that time; nobody is told. Until it is set for the
    /// first time it shows what has passed since the start of the world. Times come in order.
    pub fn set_wall(&self, at: Millis, wall: Wall) {
        self.0.borrow_mut().set.push((at.0.saturating_mul(NANOS_PER_MILLI), wall));
    }

    /// What is watched for on this descriptor.
    pub fn interest(&self, fd: Fd) -> Interest {
        self.0.borrow().watched.get(&fd).map_or(Interest::NONE, |(_, interest)| *interest)
    }

    /// Makes one `update` fail, the next that no earlier fault is for.
    pub fn fail_update(&self, errno: i32) {
        self.0.borrow_mut().update_faults.push_back(errno);
    }

    /// Makes one `wait` fail, the next that no earlier fault is for; EINTR interrupts it.
    pub fn fail_wait(&self, errno: i32) {
        self.0.borrow_mut().wait_faults.push_back(errno);
    }
}

/// What is told of `flags` to whoever has this interest; the rest stays pending.
fn told(flags: u8, interest: Interest) -> u8 {
    match interest {
        none if none.is_none() => 0,
        _ if flags & Event::ERROR != 0 => flags,
        some => {
            let read =
                if some.contains(Interest::READ) { Event::READABLE | Event::HANGUP } else { 0 };
            let write = if some.contains(Interest::WRITE) { Event::WRITABLE } else { 0 };
            flags & (read | write)
        }
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl State {
    /// Lets the next batch happen, if its time has come by `until`.
    fn happen(&mut self, until: u64) -> bool {
        let at = self.script.front().map(|batch| batch.at.0.saturating_mul(NANOS_PER_MILLI));
        let Some(batch) = at.filter(|at| *at <= until).and_then(|_| self.script.pop_front()) else {
            return false;
        };
        self.now = self.now.max(at.unwrap_or(0));
        for ready in batch.events {
            let pairs = [
                (ready.readable, Event::READABLE),
                (ready.writable, Event::WRITABLE),
                (ready.hangup, Event::READABLE | Event::HANGUP),
                (ready.error, Event::BROKEN),
            ];
            let flags = pairs.iter().filter(|(on, _)| *on).fold(0, |all, (_, bits)| all | bits);
            match self.pending.iter_mut().find(|(fd, _)| *fd == ready.fd) {
                Some((_, old)) => *old |= flags,
                None => self.pending.push((ready.fd, flags)),
            }
        }
        true
    }

    /// Tells what is pending to those who watch for it.
    fn tell(&mut self, out: &mut Vec<Event>) {
        let watched = &self.watched;
        self.pending.retain_mut(|(fd, pending)| {
            let Some((token, interest)) = watched.get(fd).filter(|_| out.len() < BATCH) else {
                return true;
            };
            let flags = told(*pending, *interest);
            if flags != 0 {
                out.push(Event { token: *token, flags });
            }
            *pending &= !flags;
            *pending != 0
        });
    }
}

impl Selector for World {
    /// Panics if `old` is not what is watched for: that is a defect of the caller.
    fn update(&mut self, fd: Fd, token: Token, old: Interest, new: Interest) -> io::Result<()> {
        let watched = self.interest(fd);
        assert!(
            old == watched || old.is_none() && watched.is_none(),
            "{}: {old:?} {watched:?}",
            fd.raw()
        );
        let state = &mut *self.0.borrow_mut();
        if let Some(errno) = state.update_faults.pop_front() {
            return Err(io::Error::from_raw_os_error(errno));
        }
        if new.is_none() {
            state.watched.remove(&fd);
            state.pending.retain(|(other, _)| *other != fd);
        } else {
            state.watched.insert(fd, (token, new));
        }
        Ok(())
    }

    /// The next batch that is due and watched for; without one the clock moves on by `timeout`.
    /// Where nothing is left that could ever end the wait, it fails, because a test that hangs says
    /// less.
    fn wait(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        out.clear();
        let state = &mut *self.0.borrow_mut();
        match state.wait_faults.pop_front() {
            Some(libc::EINTR) => return Ok(()),
            Some(errno) => return Err(io::Error::from_raw_os_error(errno)),
            None => {}
        }
        let until = timeout.map(|time| state.now.saturating_add(nanos(time)));
        state.tell(out);
        while out.is_empty() && state.happen(until.unwrap_or(u64::MAX)) {
            state.tell(out);
        }
        match until {
            _ if !out.is_empty() => Ok(()),
            None => Err(io::Error::other("the script has ended, and nothing else ends this wait")),
            Some(until) => {
                state.now = until;
                Ok(())
            }
        }
    }
}

impl Clock for World {
    fn now(&self) -> Nanos {
        Nanos(self.0.borrow().now)
    }

    fn wall(&self) -> Wall {
        let state = self.0.borrow();
        let last = state.set.iter().rev().find(|(at, _)| *at <= state.now);
        let (at, wall) = last.copied().unwrap_or_default();
        Wall(wall.0.saturating_add((state.now - at) / NANOS_PER_MILLI))
    }
}
