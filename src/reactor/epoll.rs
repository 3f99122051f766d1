// SPDX-License-Identifier: MIT OR Apache-2.0
//! The epoll(7) backend. Is not: the system calls, which are `sys::epoll`. INVARIANT: the kernel
//! holds a descriptor exactly while its interest is not NONE, because an empty mask would still
//! tell hang-ups.

use super::{Event, Interest, Selector, Token, millis};
use crate::base::limits::BATCH;
use crate::sys::Fd;
use crate::sys::epoll::{Epoll, Record};
use std::io;
use std::time::Duration;

const IN: u32 = libc::EPOLLIN as u32;
const OUT: u32 = libc::EPOLLOUT as u32;
const RDHUP: u32 = libc::EPOLLRDHUP as u32;
const HUP: u32 = libc::EPOLLHUP as u32;
const ERR: u32 = libc::EPOLLERR as u32;
const ET: u32 = libc::EPOLLET as u32;
const ONESHOT: u32 = libc::EPOLLONESHOT as u32;

struct Selected {
    epoll: Epoll,
    records: Vec<Record>,
}

/// Opens the backend.
pub(super) fn open() -> io::Result<Box<dyn Selector>> {
    let records = vec![Record { events: 0, u64: 0 }; BATCH];
    Ok(Box::new(Selected { epoll: Epoll::new()?, records }))
}

fn mask(interest: Interest) -> u32 {
    let pairs = [
        (Interest::READ, IN | RDHUP),
        (Interest::WRITE, OUT),
        (Interest::EDGE, ET),
        (Interest::ONCE, ONESHOT),
    ];
    pairs.iter().filter(|(want, _)| interest.contains(*want)).fold(0, |mask, (_, bits)| mask | bits)
}

fn flags(events: u32) -> u8 {
    let mut flags = 0;
    if events & IN != 0 {
        flags |= Event::READABLE;
    }
    if events & OUT != 0 {
        flags |= Event::WRITABLE;
    }
    if events & (RDHUP | HUP | ERR) != 0 {
        flags |= match events {
            e if e & ERR != 0 => Event::BROKEN,
            e if e & HUP != 0 => Event::ENDED,
            _ => Event::READABLE | Event::HANGUP,
        };
    }
    flags
}

impl Selector for Selected {
    fn update(&mut self, fd: Fd, token: Token, old: Interest, new: Interest) -> io::Result<()> {
        match (old.is_none(), new.is_none()) {
            (true, true) => Ok(()),
            (true, false) => self.epoll.add(fd, mask(new), token.0),
            (false, false) => self.epoll.modify(fd, mask(new), token.0),
            (false, true) => self.epoll.delete(fd),
        }
    }

    fn wait(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        out.clear();
        let ready = match self.epoll.wait(&mut self.records, millis(timeout)) {
            Ok(ready) => ready,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        let event = |r: &Record| Event { token: Token(r.u64), flags: flags(r.events) };
        out.extend(self.records[..ready].iter().map(event));
        Ok(())
    }

    fn descriptor(&self) -> Fd {
        self.epoll.name()
    }
}
