// SPDX-License-Identifier: MIT OR Apache-2.0
//! kqueue for Linux, in builds for tests only: filters that do what the kernels of BSD do, so that
//! what is written for those runs the tests of the others. Is not: fast, or complete; it has what
//! the library uses. INVARIANT: an active filter is in `active` once.
//!
//! As in those kernels a filter is activated by what happens, here an edge of epoll(7), and a call
//! runs the active ones again: what is not true any more is not reported, and what is told by level
//! stays active at the end of the line. Each direction has an epoll instance, because one instance
//! takes a descriptor once. What is no descriptor has one of our own that stands for it (`own`).
//!
//! Known differences: the error of a socket is ECONNRESET whatever it was, because it cannot be
//! read without being taken; a regular file that grows is not told; fork(2) does not take it away.

mod own;
mod state;
#[cfg(test)]
mod tests;

use crate::sys::epoll::{self, Epoll};
use crate::sys::fd::AsFd;
use crate::sys::wake::Wake;
use crate::sys::{Fd, errno, poll};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

/// As OpenBSD and macOS lay it out.
#[allow(non_camel_case_types, reason = "the name that the system gives it")]
#[repr(C)]
#[derive(Clone, Copy)]
pub struct kevent {
    pub ident: usize,
    pub filter: i16,
    pub flags: u16,
    pub fflags: u32,
    pub data: isize,
    pub udata: *mut libc::c_void,
}

pub const EVFILT_READ: i16 = -1;
pub const EVFILT_WRITE: i16 = -2;
pub const EVFILT_PROC: i16 = -5;
pub const EVFILT_SIGNAL: i16 = -6;
pub const EVFILT_TIMER: i16 = -7;
pub const EV_ADD: u16 = 0x1;
pub const EV_DELETE: u16 = 0x2;
pub const EV_ONESHOT: u16 = 0x10;
pub const EV_CLEAR: u16 = 0x20;
pub const EV_ERROR: u16 = 0x4000;
pub const EV_EOF: u16 = 0x8000;
pub const NOTE_EXIT: u32 = 0x8000_0000;

/// What is watched, by its number, and its filter.
type Key = (i32, i16);

/// Reports of one epoll_wait(2).
const BATCH: usize = 256;

/// A filter on something: a knote.
#[derive(Debug)]
struct Knote {
    /// Tells it from others under the same key, before and after it.
    id: u64,
    flags: u16,
    udata: usize,
    active: bool,
    /// Whether epoll(7) can watch it; a regular file it cannot.
    watched: bool,
    /// What the descriptor named when the filter was added.
    inode: u64,
    /// What stands for a process, a signal or a timer.
    own: Option<OwnedFd>,
}

/// A kqueue.
#[derive(Debug)]
pub struct Queue {
    /// Readable while a call would report something: `inputs`, `outputs` and `more` are in it.
    outer: Epoll,
    inputs: Epoll,
    outputs: Epoll,
    /// Rung while a filter is active after a call.
    more: Wake,
    rung: bool,
    /// Trees, not hash tables: those are kept by pointers into their middle, which look lost to a
    /// leak checker in a forked child that exits.
    knotes: BTreeMap<Key, Knote>,
    keys: BTreeMap<u64, Key>,
    active: VecDeque<u64>,
    last_id: u64,
}

impl Queue {
    /// kqueue(2).
    pub fn new() -> io::Result<Queue> {
        let (outer, inputs, outputs) = (Epoll::new()?, Epoll::new()?, Epoll::new()?);
        let more = Wake::new()?;
        for fd in [inputs.name(), outputs.name(), Fd::of(&more.as_fd())] {
            outer.add(fd, libc::EPOLLIN as u32, 0)?;
        }
        Ok(Queue {
            outer,
            inputs,
            outputs,
            more,
            rung: false,
            knotes: BTreeMap::new(),
            keys: BTreeMap::new(),
            active: VecDeque::new(),
            last_id: 0,
        })
    }

    /// Its own descriptor.
    pub fn name(&self) -> Fd {
        self.outer.name()
    }

    /// kevent(2): -1 with errno for an error.
    pub fn kevent(
        &mut self,
        changes: &[kevent],
        out: &mut [kevent],
        timeout: Option<Duration>,
    ) -> libc::c_int {
        match self.answer(changes, out, timeout) {
            Ok(count) => count as libc::c_int,
            Err(error) => {
                errno::set(number(&error));
                -1
            }
        }
    }

    fn answer(
        &mut self,
        changes: &[kevent],
        out: &mut [kevent],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let mut refusals = 0;
        for change in changes {
            let Err(error) = self.change(change) else { continue };
            let Some(place) = out.get_mut(refusals) else {
                return Err(io::Error::from_raw_os_error(error));
            };
            *place = kevent { flags: EV_ERROR, data: error as isize, ..*change };
            refusals += 1;
        }
        let result = match refusals {
            0 if !out.is_empty() => self.scan_until(out, timeout),
            _ => Ok(refusals),
        };
        self.show();
        result
    }

    /// Makes its own descriptor readable exactly while a filter is active.
    fn show(&mut self) {
        match (self.active.is_empty(), self.rung) {
            (false, false) => self.more.ring(),
            (true, true) => self.more.clear(),
            _ => {}
        }
        self.rung = !self.active.is_empty();
    }

    fn scan_until(&mut self, out: &mut [kevent], timeout: Option<Duration>) -> io::Result<usize> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            self.activate_what_happened()?;
            let count = self.scan(out);
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if count > 0 || left == Some(Duration::ZERO) {
                return Ok(count);
            }
            self.show();
            let left = left.map_or(-1, |left| left.as_nanos().div_ceil(1_000_000) as i32);
            self.outer.wait(&mut [epoll::Record { events: 0, u64: 0 }], left)?;
        }
    }

    fn activate_what_happened(&mut self) -> io::Result<()> {
        let mut records = [epoll::Record { events: 0, u64: 0 }; BATCH];
        for side in [EVFILT_READ, EVFILT_WRITE] {
            loop {
                let count = self.side(side).wait(&mut records, 0)?;
                records[..count].iter().for_each(|record| self.activate(record.u64));
                if count < BATCH {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Runs each active filter once, as far as there is room.
    fn scan(&mut self, out: &mut [kevent]) -> usize {
        let mut count = 0;
        for _ in 0..self.active.len() {
            if count == out.len() {
                break;
            }
            let Some(id) = self.active.pop_front() else { break };
            let Some(&key) = self.keys.get(&id) else { continue };
            self.knotes.get_mut(&key).expect("it has a key").active = false;
            let Some(state) = self.state(key) else { continue };
            let knote = &self.knotes[&key];
            out[count] = kevent {
                ident: key.0 as usize,
                filter: key.1,
                flags: knote.flags | if state.ended { EV_EOF } else { 0 },
                fflags: state.error,
                data: state.amount,
                udata: std::ptr::without_provenance_mut(knote.udata),
            };
            count += 1;
            if knote.flags & EV_ONESHOT != 0 {
                self.remove(key);
            } else if knote.flags & EV_CLEAR == 0 {
                self.activate(id);
            }
        }
        count
    }

    /// What a filter reports when it is run; nothing if it is not there any more.
    fn state(&mut self, key: Key) -> Option<state::State> {
        if let Some(own) = &self.knotes[&key].own {
            return Some(own::state(key.1, own));
        }
        let there = self.is_there(key);
        there.then(|| state::of(Fd::from(key.0), key.1 == EVFILT_READ)).flatten()
    }

    fn change(&mut self, change: &kevent) -> Result<(), i32> {
        let key = (change.ident as i32, change.filter);
        if ![EVFILT_READ, EVFILT_WRITE].contains(&change.filter) {
            return self.change_own(key, change);
        }
        let there = self.knotes.contains_key(&key) && self.is_there(key);
        poll::is_open(Fd::from(key.0)).map_err(|error| number(&error))?;
        match (change.flags & (EV_ADD | EV_DELETE), there) {
            (EV_DELETE, true) => self.remove(key),
            (EV_ADD, false) => self.insert(key, change)?,
            (EV_ADD, true) => {
                // Its flags stay what they were.
                let knote = self.knotes.get_mut(&key).expect("it is there");
                knote.udata = change.udata.addr();
                let id = knote.id;
                self.activate(id);
            }
            _ => return Err(libc::ENOENT),
        }
        Ok(())
    }

    fn insert(&mut self, key: Key, change: &kevent) -> Result<(), i32> {
        self.last_id += 1;
        let id = self.last_id;
        let watched = match self.watch(key, id) {
            Ok(()) => true,
            Err(libc::EPERM) => false,
            Err(error) => return Err(error),
        };
        let flags = change.flags & (EV_ONESHOT | EV_CLEAR);
        let udata = change.udata.addr();
        let inode = state::inode(Fd::from(key.0));
        let own = None;
        self.knotes.insert(key, Knote { id, flags, udata, active: false, watched, inode, own });
        self.keys.insert(id, key);
        if !watched {
            self.activate(id);
        }
        Ok(())
    }

    fn side(&self, filter: i16) -> &Epoll {
        if filter == EVFILT_WRITE { &self.outputs } else { &self.inputs }
    }

    /// What is ready already comes as the first edge.
    fn watch(&self, key: Key, id: u64) -> Result<(), i32> {
        let read = key.1 == EVFILT_READ;
        let events = if read { libc::EPOLLIN | libc::EPOLLRDHUP } else { libc::EPOLLOUT };
        let events = (events | libc::EPOLLET) as u32;
        let (side, fd) = (self.side(key.1), Fd::from(key.0));
        match side.add(fd, events, id).map_err(|error| number(&error)) {
            // It was watched, closed while a duplicate kept it open, and duplicated back.
            Err(libc::EEXIST) => side.modify(fd, events, id).map_err(|error| number(&error)),
            result => result,
        }
    }

    /// Whether the descriptor is still the one that the filter was added to. With close(2) its
    /// filters are gone, whatever has its number now.
    fn is_there(&mut self, key: Key) -> bool {
        let (side, fd) = (self.side(key.1), Fd::from(key.0));
        let knote = &self.knotes[&key];
        // Epoll refuses twice the same, so taking it in shows that it was another; that it refuses
        // may be due to a third one, closed before under this number, of which a duplicate lives.
        let there = state::inode(fd) == knote.inode
            && match side.add(fd, 0, 0) {
                Ok(()) => side.delete(fd).is_err(),
                Err(error) => !knote.watched || number(&error) == libc::EEXIST,
            };
        if !there {
            self.forget(key);
        }
        there
    }

    fn remove(&mut self, key: Key) {
        let knote = &self.knotes[&key];
        if knote.watched {
            let fd = knote.own.as_ref().map_or(Fd::from(key.0), Fd::of);
            // It cannot fail: the descriptor is our own, or was looked at before.
            let _ = self.side(key.1).delete(fd);
        }
        self.forget(key);
    }

    fn forget(&mut self, key: Key) {
        if let Some(knote) = self.knotes.remove(&key) {
            self.keys.remove(&knote.id);
            self.active.retain(|id| *id != knote.id);
        }
    }

    fn activate(&mut self, id: u64) {
        let Some(key) = self.keys.get(&id) else { return };
        let knote = self.knotes.get_mut(key).expect("it has a key");
        if !knote.active {
            knote.active = true;
            self.active.push_back(id);
        }
    }
}

fn number(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EINVAL)
}
