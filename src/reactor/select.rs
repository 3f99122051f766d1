// SPDX-License-Identifier: MIT OR Apache-2.0
//! The select(2) backend. Is not: the system call, which is `sys::select`. INVARIANTS: a bit of
//! `read` or `write` is set exactly while that readiness is to be told; a descriptor is in
//! `entries` exactly while its interest is not NONE.

use super::{Event, Interest, Selector, Token};
use crate::base::limits::BATCH;
use crate::sys::select::{self, SIZE, Set};
use crate::sys::{Fd, poll};
use std::io;
use std::time::Duration;

#[derive(Clone, Copy)]
struct Entry {
    token: Token,
    once: bool,
}

#[derive(Default)]
struct Selected {
    /// By number; as long as the highest ever watched.
    entries: Vec<Option<Entry>>,
    read: Set,
    write: Set,
}

/// So a batch is never full, and nobody waits behind another.
const _: () = assert!(SIZE <= BATCH);

/// Opens the backend.
pub(super) fn open() -> io::Result<Box<dyn Selector>> {
    Ok(Box::new(Selected::default()))
}

impl Selected {
    fn index(fd: Fd) -> io::Result<usize> {
        poll::is_open(fd)?;
        let index = fd.raw() as usize;
        if index < SIZE { Ok(index) } else { Err(io::Error::from_raw_os_error(libc::EMFILE)) }
    }

    fn forget(&mut self, index: usize) {
        self.read.remove(index);
        self.write.remove(index);
        if let Some(entry) = self.entries.get_mut(index) {
            *entry = None;
        }
    }

    fn collect(&mut self, ready: &[Set; 2], broken: &Set, out: &mut Vec<Event>) {
        for (at, entry) in self.entries.iter().enumerate() {
            let mut flags = if ready[0].contains(at) { Event::READABLE } else { 0 };
            flags |= if ready[1].contains(at) { Event::WRITABLE } else { 0 };
            flags |= if broken.contains(at) { Event::BROKEN } else { 0 };
            let Some(entry) = entry.as_ref().filter(|_| flags != 0) else { continue };
            out.push(Event { token: entry.token, flags });
            if entry.once {
                self.read.remove(at);
                self.write.remove(at);
            }
        }
    }

    /// What is watched and closed: select(2) refuses the whole for one of them.
    fn closed(&self) -> Set {
        let mut closed = Set::new();
        for (index, entry) in self.entries.iter().enumerate() {
            let asked = self.read.contains(index) || self.write.contains(index);
            if entry.is_some() && asked && poll::is_open(Fd::from(index as i32)).is_err() {
                closed.insert(index);
            }
        }
        closed
    }

    /// What is ready for reading and for writing; empty after a signal.
    fn look(&self, without: &Set, timeout: Option<Duration>) -> io::Result<[Set; 2]> {
        let mut ready = [self.read, self.write];
        for index in (0..self.entries.len()).filter(|index| without.contains(*index)) {
            ready.iter_mut().for_each(|set| set.remove(index));
        }
        let [read, write] = &mut ready;
        match select::wait(self.entries.len(), read, write, timeout) {
            Ok(_) => Ok(ready),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(Default::default()),
            Err(error) => Err(error),
        }
    }
}

impl Selector for Selected {
    fn update(&mut self, fd: Fd, token: Token, old: Interest, new: Interest) -> io::Result<()> {
        if new.is_none() {
            self.forget(usize::try_from(fd.raw()).unwrap_or(usize::MAX));
            return Ok(());
        }
        let index = Selected::index(fd)?;
        if self.entries.len() <= index {
            self.entries.resize(index + 1, None);
        }
        if old.is_none() && self.entries[index].is_some() {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        self.forget(index);
        self.entries[index] = Some(Entry { token, once: new.contains(Interest::ONCE) });
        if new.contains(Interest::READ) {
            self.read.insert(index);
        }
        if new.contains(Interest::WRITE) {
            self.write.insert(index);
        }
        Ok(())
    }

    fn wait(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        out.clear();
        let closed = |error: &io::Error| error.raw_os_error() == Some(libc::EBADF);
        let (ready, broken) = match self.look(&Set::new(), timeout) {
            Err(error) if closed(&error) => {
                let broken = self.closed();
                (self.look(&broken, Some(Duration::ZERO))?, broken)
            }
            ready => (ready?, Set::new()),
        };
        self.collect(&ready, &broken, out);
        Ok(())
    }
}
