// SPDX-License-Identifier: MIT OR Apache-2.0
//! The poll(2) backend. Is not: the system call, which is `sys::poll`. INVARIANT: `records` and
//! `tokens` run in parallel and hold exactly the descriptors with an interest; `places[fd]` is
//! where.

use super::{Event, Interest, Selector, Token, millis};
use crate::base::limits::BATCH;
use crate::sys::{Fd, poll};
use std::io;
use std::time::Duration;

/// `places` of a descriptor that is not watched.
const NOWHERE: u32 = u32::MAX;

#[cfg(target_os = "linux")]
const RDHUP: i16 = libc::POLLRDHUP;
/// Where poll(2) has no such bit, POLLIN tells the end of the input and a read of 0 shows it.
#[cfg(not(target_os = "linux"))]
const RDHUP: i16 = 0;

#[derive(Default)]
struct Selected {
    places: Vec<u32>,
    records: Vec<poll::Record>,
    /// Each with whether it is told once.
    tokens: Vec<(Token, bool)>,
    /// Where the next look begins, so that a batch that was full does not starve what lay behind
    /// it.
    turn: usize,
}

/// Opens the backend.
pub(super) fn open() -> io::Result<Box<dyn Selector>> {
    Ok(Box::new(Selected::default()))
}

fn mask(interest: Interest) -> i16 {
    let read = if interest.contains(Interest::READ) { libc::POLLIN | RDHUP } else { 0 };
    read | if interest.contains(Interest::WRITE) { libc::POLLOUT } else { 0 }
}

/// What each answer of poll(2) says.
const MEANINGS: [(i16, u8); 5] = [
    (libc::POLLIN, Event::READABLE),
    (libc::POLLOUT, Event::WRITABLE),
    (RDHUP, Event::READABLE | Event::HANGUP),
    (libc::POLLHUP, Event::ENDED),
    (libc::POLLERR | libc::POLLNVAL, Event::BROKEN),
];

fn flags(events: i16) -> u8 {
    let told = MEANINGS.iter().filter(|(bits, _)| events & bits != 0);
    told.fold(0, |flags, (_, meaning)| flags | meaning)
}

/// The descriptor of a record. poll(2) passes over negative numbers, so that of one that was told
/// once and is not to be told again is kept as its complement.
fn number(record: &poll::Record) -> usize {
    record.fd.max(!record.fd) as usize
}

impl Selected {
    fn place(&self, fd: Fd) -> Option<usize> {
        let place = *self.places.get(usize::try_from(fd.raw()).ok()?)?;
        (place != NOWHERE).then_some(place as usize)
    }

    fn add(&mut self, fd: Fd, token: (Token, bool), events: i16) -> io::Result<()> {
        // A number that is no descriptor could ask for a table of any size.
        poll::is_open(fd)?;
        let index = fd.raw() as usize;
        if self.places.len() <= index {
            self.places.resize(index + 1, NOWHERE);
        }
        self.places[index] = self.records.len() as u32;
        self.records.push(poll::record(fd, events));
        self.tokens.push(token);
        Ok(())
    }

    fn remove(&mut self, place: usize) {
        let gone = self.records.swap_remove(place);
        self.tokens.swap_remove(place);
        self.places[number(&gone)] = NOWHERE;
        if let Some(moved) = self.records.get(place) {
            self.places[number(moved)] = place as u32;
        }
    }

    fn collect(&mut self, mut ready: usize, out: &mut Vec<Event>) {
        let len = self.records.len();
        let mut at = self.turn;
        for _ in 0..len {
            if ready == 0 || out.len() == BATCH {
                break;
            }
            at = if at >= len { 0 } else { at };
            let flags = flags(self.records[at].revents);
            if self.records[at].revents != 0 {
                ready -= 1;
                let (token, once) = self.tokens[at];
                out.push(Event { token, flags });
                if once {
                    self.records[at].fd = !self.records[at].fd;
                }
            }
            at += 1;
        }
        self.turn = at;
    }
}

impl Selector for Selected {
    fn update(&mut self, fd: Fd, token: Token, old: Interest, new: Interest) -> io::Result<()> {
        let token = (token, new.contains(Interest::ONCE));
        match self.place(fd) {
            None if new.is_none() => Ok(()),
            Some(_) if old.is_none() && !new.is_none() => {
                Err(io::Error::from_raw_os_error(libc::EEXIST))
            }
            None => self.add(fd, token, mask(new)),
            Some(place) if new.is_none() => {
                self.remove(place);
                Ok(())
            }
            Some(place) => {
                self.records[place] = poll::record(fd, mask(new));
                self.tokens[place] = token;
                Ok(())
            }
        }
    }

    fn wait(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        out.clear();
        match poll::wait(&mut self.records, millis(timeout)) {
            Ok(ready) => self.collect(ready, out),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_that_was_closed_shows_as_everything() {
        assert_eq!(flags(libc::POLLNVAL), Event::BROKEN);
    }
}
