// SPDX-License-Identifier: MIT OR Apache-2.0
//! The kqueue(2) backend. Is not: the system calls, which are `sys::kqueue`. INVARIANT: after a
//! flush the kernel holds of each descriptor exactly the filters that its `Entry::held` says,
//! unless the descriptor was closed, with which the kernel forgets them.
//!
//! `update` only notes what is wanted; the call that waits tells the kernel, so that a descriptor
//! whose interest flaps between two waits costs nothing.

use super::{Event, Interest, Selector, Token};
use crate::base::limits::BATCH;
use crate::sys::kqueue::{Filter, Kqueue, Mode, Record};
use crate::sys::{Fd, poll};
use std::io;
use std::time::{Duration, Instant};

/// The filters of a descriptor, each with its mode if it is there: input, output.
type Filters = [Option<Mode>; 2];

const FILTERS: [Filter; 2] = [Filter::Read, Filter::Write];

/// One descriptor.
#[derive(Clone, Copy, Default)]
struct Entry {
    token: u64,
    interest: Interest,
    /// What the kernel was told.
    held: Filters,
    /// Whether the kernel is to be told anew although nothing seems to have changed: the
    /// descriptor may have been closed, or edges and events told once are to be told again.
    anew: bool,
    /// Whether the one event that was asked for was told.
    spent: bool,
    /// Whether it is in the list of those that the kernel has to be told about.
    noted: bool,
    /// The wait that told it last, and where: what comes of both filters is one event.
    told_in: u64,
    told_at: usize,
}

impl Entry {
    fn is_watched(&self) -> bool {
        !self.interest.is_none() && !self.spent
    }

    fn filters(&self) -> Filters {
        if self.is_watched() { filters(self.interest) } else { [None; 2] }
    }
}

struct Selected {
    kqueue: Kqueue,
    /// By number; as long as the highest ever watched.
    entries: Vec<Entry>,
    noted: Vec<usize>,
    changes: Vec<Record>,
    /// Descriptors that the kernel refused.
    refused: Vec<usize>,
    reports: Vec<Record>,
    waits: u64,
}

/// Opens the backend.
pub(super) fn open() -> io::Result<Box<dyn Selector>> {
    Ok(Box::new(Selected {
        kqueue: Kqueue::new()?,
        entries: Vec::new(),
        noted: Vec::new(),
        changes: Vec::new(),
        refused: Vec::new(),
        reports: vec![Record::blank(); BATCH],
        waits: 0,
    }))
}

/// The filters that an interest asks for. Trouble alone is heard by the filter of the output, as
/// an edge, because that a socket is writable is no trouble and would be told without end.
fn filters(interest: Interest) -> Filters {
    let edge = interest.contains(Interest::EDGE);
    let mode = Mode { edge, once: interest.contains(Interest::ONCE) };
    let (reads, writes) = (interest.contains(Interest::READ), interest.contains(Interest::WRITE));
    if interest.contains(Interest::TROUBLE) && !reads && !writes {
        return [None, Some(Mode { edge: true, once: false })];
    }
    [reads.then_some(mode), writes.then_some(mode)]
}

/// What a report says to who has this interest; 0 if it is not asked for.
fn flags(interest: Interest, report: &Record) -> u8 {
    let (reads, writes) = (interest.contains(Interest::READ), interest.contains(Interest::WRITE));
    let ready = match report.filter() {
        Filter::Read => Event::READABLE,
        Filter::Write => Event::WRITABLE,
    };
    match (report.ended(), report.error()) {
        (true, 0) if reads || writes => ready | Event::HANGUP,
        (true, 0) => Event::ENDED,
        (true, _) => Event::BROKEN,
        (false, _) if reads || writes => ready,
        (false, _) => 0,
    }
}

impl Selected {
    fn note(&mut self, index: usize) {
        let entry = &mut self.entries[index];
        if !entry.noted {
            entry.noted = true;
            self.noted.push(index);
        }
    }

    /// Writes down what the kernel does not know yet.
    fn gather(&mut self) {
        for index in self.noted.drain(..) {
            let (entry, fd) = (&mut self.entries[index], Fd::from(index as i32));
            entry.noted = false;
            let wanted = entry.filters();
            for (at, filter) in FILTERS.into_iter().enumerate() {
                let (held, want) = (entry.held[at], wanted[at]);
                // The mode of a filter that is there already cannot be changed.
                if held.is_some() && (held != want || entry.anew) {
                    self.changes.push(Record::delete(fd, filter));
                }
                if let Some(mode) = want.filter(|_| held != want || entry.anew) {
                    self.changes.push(Record::add(fd, filter, mode));
                }
            }
            entry.held = wanted;
            entry.anew = false;
        }
    }

    /// A change that could not be made. The end of a watch that is over anyhow is what was wanted:
    /// the descriptor was closed.
    fn refuse(&mut self, change: &Record) {
        let index = change.fd().raw() as usize;
        if !change.is_delete() {
            self.entries[index].held[place(change)] = None;
            self.refused.push(index);
        }
    }

    /// Tells what could not be watched. It is tried again with the next wait, and told again if
    /// that fails, as a state is.
    fn tell_refused(&mut self, out: &mut Vec<Event>) {
        while out.len() < BATCH
            && let Some(index) = self.refused.pop()
        {
            if self.entries[index].is_watched() {
                self.tell(index, Event::BROKEN, out);
                self.note(index);
            }
        }
    }

    /// Tells what a report says, if it was asked for.
    fn report(&mut self, report: &Record, out: &mut Vec<Event>) {
        let (index, wait) = (report.fd().raw() as usize, self.waits);
        let entry = &mut self.entries[index];
        let flags = flags(entry.interest, report);
        if flags == 0 || !(entry.is_watched() || entry.told_in == wait) {
            return;
        }
        let held = &mut entry.held[place(report)];
        *held = held.filter(|mode| !mode.once);
        self.tell(index, flags, out);
    }

    fn tell(&mut self, index: usize, flags: u8, out: &mut Vec<Event>) {
        let entry = &mut self.entries[index];
        if entry.told_in == self.waits {
            out[entry.told_at].flags |= flags;
            return;
        }
        (entry.told_in, entry.told_at) = (self.waits, out.len());
        out.push(Event { token: Token(entry.token), flags });
        if entry.interest.contains(Interest::ONCE) {
            entry.spent = true;
            self.note(index);
        }
    }

    /// One call to the kernel: tells it the changes and tells on what it reports, how many.
    fn look(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<usize> {
        let room = &mut self.reports[..BATCH - out.len()];
        let count = self.kqueue.control(&self.changes, room, timeout)?;
        self.changes.clear();
        let mut refusals = 0;
        for at in 0..count {
            let report = self.reports[at];
            if report.refusal().is_some() {
                refusals += 1;
                self.refuse(&report);
            } else {
                self.report(&report, out);
            }
        }
        self.tell_refused(out);
        Ok(refusals)
    }
}

/// The place of a record's filter.
fn place(record: &Record) -> usize {
    usize::from(record.filter() == Filter::Write)
}

impl Selector for Selected {
    fn update(&mut self, fd: Fd, token: Token, old: Interest, new: Interest) -> io::Result<()> {
        let index = usize::try_from(fd.raw()).unwrap_or(usize::MAX);
        if index >= self.entries.len() {
            if new.is_none() {
                return Ok(());
            }
            // A number that is no descriptor could ask for a table of any size.
            poll::is_open(fd)?;
            self.entries.resize(index + 1, Entry::default());
        }
        let entry = &mut self.entries[index];
        if old.is_none() && !new.is_none() && !entry.interest.is_none() {
            return Err(io::Error::from_raw_os_error(libc::EEXIST));
        }
        entry.anew |= old.is_none() || new.contains(Interest::EDGE) || new.contains(Interest::ONCE);
        entry.token = token.0;
        entry.interest = new;
        entry.spent = false;
        self.note(index);
        Ok(())
    }

    fn wait(&mut self, out: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        out.clear();
        self.waits += 1;
        self.gather();
        if self.changes.len() > BATCH {
            self.flush()?;
        }
        self.tell_refused(out);
        let mut left = if out.is_empty() { timeout } else { Some(Duration::ZERO) };
        let until = left.and_then(|left| Instant::now().checked_add(left));
        loop {
            match self.look(out, left) {
                // Where a change was refused the kernel has not looked for events.
                Ok(refusals) if refusals > 0 && out.len() < BATCH => {}
                // What it reported was not asked for, and there is time left.
                Ok(_) if out.is_empty() && left != Some(Duration::ZERO) => {}
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
                // What was told already is told first; the error will come again.
                Err(_) if !out.is_empty() => return Ok(()),
                Err(error) => return Err(error),
            }
            let rest = until.map(|until| until.saturating_duration_since(Instant::now()));
            left = if out.is_empty() { rest } else { Some(Duration::ZERO) };
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gather();
        let changes = std::mem::take(&mut self.changes);
        // Without room for reports the kernel stops at the first refusal, and does not say where.
        if self.kqueue.control(&changes, &mut [], Some(Duration::ZERO)).is_err() {
            for change in &changes {
                if self
                    .kqueue
                    .control(std::slice::from_ref(change), &mut [], Some(Duration::ZERO))
                    .is_err()
                {
                    self.refuse(change);
                }
            }
        }
        Ok(())
    }

    fn descriptor(&self) -> Fd {
        self.kqueue.name()
    }
}
