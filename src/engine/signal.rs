// SPDX-License-Identifier: MIT OR Apache-2.0
//! Watchers of signals: each is told how often its number came. Is not: the handler, which is
//! `source::signal`. INVARIANTS: a number is heard exactly while a watcher of it lives; a watcher
//! is told of what came after it was started and before it was stopped, and of each signal once.

use super::notice::Notice;
use super::{Loop, SIGNALS};
use crate::base::slab::Slab;
use crate::base::{Handle, Kind, Status};
use crate::net::Owner;
use crate::reactor::Interest;
use crate::source::signal::{Hearing, is_ours};
use crate::sys::signal::{self, Number, Waiting};
use std::collections::{BTreeMap, VecDeque};
use std::io;

/// A watcher.
struct Watcher {
    number: Number,
    owner: Owner,
    /// How often the signal came and the program was not told; above 0 exactly when it is in the
    /// list of those to tell.
    pending: u32,
}

/// All watchers of signals of a loop.
pub(super) struct Signals {
    slab: Slab<Watcher>,
    watchers: BTreeMap<Number, Vec<Handle>>,
    due: VecDeque<Handle>,
    /// There exactly while there are watchers.
    sense: Option<Sense>,
}

/// How the loop learns of signals.
struct Sense {
    hearing: Hearing,
    /// For the numbers that this thread blocks, now or later: no handler runs for them.
    waiting: Waiting,
}

impl Signals {
    pub fn new(number: u16, floor: u32) -> Signals {
        Signals {
            slab: Slab::new(Kind::Signal, number, floor),
            watchers: BTreeMap::new(),
            due: VecDeque::new(),
            sense: None,
        }
    }

    pub fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    pub fn highest(&self) -> u32 {
        self.slab.highest()
    }

    /// Whether something is to be told that no wait has to bring.
    pub fn has_work(&self) -> bool {
        !self.due.is_empty()
    }

    /// Takes what was heard since this was last asked.
    fn collect(&mut self) {
        let Some(sense) = self.sense.as_ref().filter(|sense| sense.hearing.has_heard()) else {
            return;
        };
        for (number, watchers) in &self.watchers {
            let count = sense.hearing.take(*number);
            for handle in watchers.iter().filter(|_| count > 0) {
                let watcher = self.slab.get_mut(*handle).expect("it is in the list while it lives");
                if watcher.pending == 0 {
                    self.due.push_back(*handle);
                }
                watcher.pending = watcher.pending.saturating_add(count);
            }
        }
    }

    fn sense(&mut self) -> &mut Sense {
        self.sense.as_mut().expect("it is there while there are watchers")
    }

    /// Has those watched for that the program has left to the loop.
    fn watch_ours(&mut self) -> io::Result<()> {
        let ours = self.watchers.keys().copied().filter(|number| is_ours(*number));
        let ours: Vec<_> = ours.collect();
        self.sense().waiting.set(&ours)
    }

    fn listen(&mut self, number: Number) -> io::Result<()> {
        self.sense().hearing.begin(number)?;
        self.watch_ours()
    }
}

impl Loop {
    /// Watches a signal.
    pub fn start_signal(&mut self, number: i32, owner: Owner) -> Result<Handle, Status> {
        if self.ending {
            return Err(Status::STATE);
        }
        let number = Number::of(number).ok_or(Status::INVAL)?;
        self.make_sense()?;
        // What came before is for those that were there.
        self.signals.collect();
        let handle = self.signals.slab.insert(Watcher { number, owner, pending: 0 });
        let started = handle.and_then(|handle| {
            self.signals.watchers.entry(number).or_default().push(handle);
            self.signals.listen(number).map_err(|error| match error.raw_os_error() {
                Some(einval) if einval == signal::NO_SUCH => Status::INVAL,
                _ => self.refused(&error),
            })?;
            Ok(handle)
        });
        if started.is_err() {
            handle.ok().and_then(|handle| self.remove_signal(handle));
            self.drop_sense();
        }
        started
    }

    fn make_sense(&mut self) -> Result<(), Status> {
        if self.signals.sense.is_some() {
            return Ok(());
        }
        let hearing = Hearing::new(self.door.bell())?;
        let waiting = Waiting::new().map_err(|e| self.refused(&e))?;
        self.take_number(waiting.name());
        let told = self.selector.update(waiting.name(), SIGNALS, Interest::NONE, Interest::READ);
        told.map_err(|e| self.refused(&e))?;
        self.signals.sense = Some(Sense { hearing, waiting });
        Ok(())
    }

    /// A loop without watchers of signals has nothing left of them.
    fn drop_sense(&mut self) {
        if self.signals.is_empty()
            && let Some(sense) = self.signals.sense.take()
        {
            let fd = sense.waiting.name();
            // A descriptor that the selector does not know any more is what is wanted here.
            let _ = self.selector.update(fd, SIGNALS, Interest::READ, Interest::NONE);
        }
    }

    fn remove_signal(&mut self, handle: Handle) -> Option<Watcher> {
        let watcher = self.signals.slab.remove(handle)?;
        let number = watcher.number;
        let of_number = self.signals.watchers.get_mut(&number).expect("it has this watcher");
        of_number.retain(|other| *other != handle);
        if of_number.is_empty() {
            self.signals.watchers.remove(&number);
            self.signals.sense().hearing.end(number);
            // A number too many there lets nothing in.
            let _ = self.signals.watch_ours();
        }
        Some(watcher)
    }

    /// Ends a watcher, and gives back its owner's words.
    pub fn stop_signal(&mut self, handle: Handle) -> Result<Owner, Status> {
        self.signals.slab.find(handle)?;
        let watcher = self.remove_signal(handle).expect("find found it");
        self.drop_sense();
        Ok(watcher.owner)
    }

    /// Ends all watchers of signals; their owners' words come back in notices.
    pub(super) fn end_signals(&mut self) {
        for handle in self.signals.slab.handles() {
            if let Ok(owner) = self.stop_signal(handle) {
                self.notices.push_back(Notice::Ended(owner));
            }
        }
    }

    /// A watcher's owner.
    pub fn signal_owner(&self, handle: Handle) -> Option<Owner> {
        self.signals.slab.get(handle).map(|watcher| watcher.owner)
    }

    /// Takes what the handler has heard; the door has been drained.
    pub(super) fn hear_signals(&mut self) {
        self.signals.collect();
    }

    /// Signals wait because this thread blocks them. It opens for a moment, for those that come to
    /// the handler, and that rings. What the program has taken away is none of ours to let in.
    pub(super) fn let_signals_in(&mut self) {
        if self.signals.sense.is_none() {
            self.stale(Handle::NONE);
            return;
        }
        self.signals.sense().waiting.clear();
        let watched: Vec<_> = self.signals.watchers.keys().copied().collect();
        let mut pending = signal::pending(&watched);
        let all = pending.len();
        pending.retain(|number| is_ours(*number));
        if pending.len() < all {
            // Or it would be told for ever that they wait.
            let _ = self.signals.watch_ours();
        }
        signal::let_in(&pending);
    }

    /// The next signal to tell.
    pub(super) fn next_signal(&mut self) -> Option<Notice> {
        while let Some(handle) = self.signals.due.pop_front() {
            if let Some(watcher) = self.signals.slab.get_mut(handle) {
                let count = std::mem::take(&mut watcher.pending);
                return Some(Notice::Signal { handle, number: watcher.number.raw(), count });
            }
        }
        None
    }
}
