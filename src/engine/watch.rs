// SPDX-License-Identifier: MIT OR Apache-2.0
//! Watchers: descriptors of the program whose readiness it is told, and nothing more. Is not: a
//! reader or a writer. INVARIANTS: the selector knows a watched descriptor by the handle of its
//! watcher, and no descriptor has two; what is told was asked for when it is told, not only when
//! the kernel said it.

use super::log::Level;
use super::notice::Notice;
use super::{Loop, refusal};
use crate::base::slab::Slab;
use crate::base::{Handle, Kind, Status};
use crate::net::Owner;
use crate::reactor::{Event, Interest, Token};
use crate::sys::Fd;
use crate::sys::fd::Owned;
use std::collections::{BTreeMap, VecDeque};
use std::ops::BitOr;

/// What a watched descriptor is ready for; a set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Ready(u8);

impl Ready {
    /// A read will not wait.
    pub const READ: Ready = Ready(1);
    /// A write will not wait.
    pub const WRITE: Ready = Ready(2);
    /// The peer has ended its output, or both directions are down.
    pub const HANGUP: Ready = Ready(64);
    /// An error is pending.
    pub const ERROR: Ready = Ready(128);

    /// The bits.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether all of `other` is in this.
    pub fn contains(self, other: Ready) -> bool {
        self.0 & other.0 == other.0
    }

    fn of(event: &Event) -> Ready {
        let pairs = [
            (event.readable(), Ready::READ),
            (event.writable(), Ready::WRITE),
            (event.hangup(), Ready::HANGUP),
            (event.error(), Ready::ERROR),
        ];
        pairs.iter().filter(|(on, _)| *on).fold(Ready::default(), |all, (_, bit)| all | *bit)
    }

    /// What of it was asked for; trouble always is, as long as anything is.
    fn asked_for(self, interest: Interest) -> Ready {
        if interest.is_none() {
            return Ready::default();
        }
        let pairs = [(Interest::READ, Ready::READ), (Interest::WRITE, Ready::WRITE)];
        let asked = pairs.iter().filter(|(want, _)| interest.contains(*want));
        Ready(self.0 & asked.fold(Ready::HANGUP | Ready::ERROR, |all, (_, bit)| all | *bit).0)
    }
}

impl BitOr for Ready {
    type Output = Ready;
    fn bitor(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }
}

/// A watcher.
struct Watch {
    fd: Fd,
    /// The descriptor, where it is the library's to close.
    adopted: Option<Owned>,
    owner: Owner,
    /// What the program asked for.
    interest: Interest,
    /// What the selector was last told.
    watched: Interest,
    /// What the kernel has said and the program was not told.
    pending: Ready,
    /// True exactly when it is in the list of those to tell.
    queued: bool,
    /// True exactly when it is in the list of those whose interest may have changed.
    changed: bool,
    /// True exactly when it was told once and not asked for again.
    spent: bool,
    /// True exactly when the kernel keeps no readiness of its kind, which is that of files on disk:
    /// a read or a write of it never waits.
    always: bool,
}

/// A list of so many changes is not looked through for those that are over.
const NOTED: usize = 64;

/// All watchers of a loop.
pub(super) struct Watches {
    slab: Slab<Watch>,
    /// A tree, not a hash table: a table is kept by a pointer into its middle, and a program that
    /// exits with a loop would look to leak checkers as if it had lost it.
    by_fd: BTreeMap<Fd, Handle>,
    ready: VecDeque<Handle>,
    changed: Vec<Handle>,
    always: Vec<Handle>,
}

impl Watches {
    pub fn new(number: u16, floor: u32) -> Watches {
        Watches {
            slab: Slab::new(Kind::Watch, number, floor),
            by_fd: BTreeMap::new(),
            ready: VecDeque::new(),
            changed: Vec::new(),
            always: Vec::new(),
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
        let restless = |handle: &Handle| {
            self.slab.get(*handle).is_some_and(|watch| !watch.interest.is_none() && !watch.spent)
        };
        !self.ready.is_empty() || self.always.iter().any(restless)
    }

    /// Notes that its interest may have changed. What has ended since it was noted is left out once
    /// it is most of the list, or a callback that makes and ends watchers in a circle would fill
    /// it.
    fn note(&mut self, handle: Handle) {
        if self.changed.len() >= NOTED.max(2 * self.slab.len()) {
            self.changed.retain(|noted| self.slab.get(*noted).is_some());
        }
        self.changed.push(handle);
    }

    fn queue(&mut self, handle: Handle, ready: Ready) {
        let Some(watch) = self.slab.get_mut(handle) else { return };
        watch.pending = watch.pending | ready;
        watch.spent |= watch.interest.contains(Interest::ONCE);
        if !std::mem::replace(&mut watch.queued, true) {
            self.ready.push_back(handle);
        }
    }
}

impl Loop {
    /// Watches a descriptor.
    pub fn start_watch(
        &mut self,
        fd: Fd,
        interest: Interest,
        owner: Owner,
    ) -> Result<Handle, Status> {
        if self.ending {
            return Err(Status::STATE);
        }
        self.expect_edge(interest)?;
        if self.watches.by_fd.contains_key(&fd) {
            return Err(Status::INUSE);
        }
        let always = crate::sys::file::is_on_disk(fd).map_err(|e| self.refused(&e))?;
        let watch = Watch {
            fd,
            adopted: None,
            owner,
            interest,
            watched: Interest::NONE,
            pending: Ready::default(),
            queued: false,
            changed: false,
            spent: false,
            always,
        };
        let handle = self.watches.slab.insert(watch)?;
        if let Err(status) = self.register(handle) {
            self.watches.slab.remove(handle);
            return Err(status);
        }
        self.watches.by_fd.insert(fd, handle);
        Ok(handle)
    }

    /// Takes over the descriptor of a watcher, to close it in the end.
    pub fn adopt_watched(&mut self, handle: Handle, fd: Owned) {
        let watch = self.watches.slab.get_mut(handle).expect("it was just started");
        debug_assert_eq!(watch.fd, Fd::of(&fd));
        watch.adopted = Some(fd);
    }

    fn expect_edge(&self, interest: Interest) -> Result<(), Status> {
        if interest.contains(Interest::EDGE) && !self.edge { Err(Status::BACKEND) } else { Ok(()) }
    }

    /// Tells the selector of a new watcher; what it has no readiness of is always ready.
    fn register(&mut self, handle: Handle) -> Result<(), Status> {
        let watch = self.watches.slab.find(handle)?;
        let (fd, interest) = (watch.fd, watch.interest);
        if !watch.always && !interest.is_none() {
            match self.selector.update(fd, Token(handle.0), Interest::NONE, interest) {
                Ok(()) => watch.watched = interest,
                Err(error) if crate::sys::file::has_no_readiness(&error) => watch.always = true,
                Err(error) => return Err(self.refused(&error)),
            }
        }
        if watch.always {
            self.watches.always.push(handle);
        }
        Ok(())
    }

    /// Asks for something else from now on, or for the same once more; nothing pauses it. What is
    /// pending is forgotten: it was said of another interest, and what still holds is said again.
    pub fn set_watch(&mut self, handle: Handle, interest: Interest) -> Result<(), Status> {
        self.expect_edge(interest)?;
        let watch = self.watches.slab.find(handle)?;
        watch.interest = interest;
        watch.pending = Ready::default();
        if watch.always {
            watch.spent = false;
        } else if !std::mem::replace(&mut watch.changed, true) {
            self.watches.note(handle);
        }
        Ok(())
    }

    /// Ends a watcher. The selector has forgotten the descriptor before this returns. Gives back
    /// the owner's words, and the descriptor where it was the library's to close.
    pub fn stop_watch(&mut self, handle: Handle) -> Result<(Owner, Option<Owned>), Status> {
        self.watches.slab.find(handle)?;
        self.unwatch_number(handle);
        let watch = self.watches.slab.remove(handle).expect("find found it");
        Ok((watch.owner, watch.adopted))
    }

    /// Ends all watchers; their owners' words come back in notices.
    pub(super) fn end_watches(&mut self) {
        for handle in self.watches.slab.handles() {
            if let Ok((owner, _)) = self.stop_watch(handle) {
                self.notices.push_back(Notice::Ended(owner));
            }
        }
    }

    /// Has the selector and the tables forget the number of a watcher's descriptor.
    fn unwatch_number(&mut self, handle: Handle) {
        let Some(watch) = self.watches.slab.get_mut(handle) else { return };
        let fd = std::mem::take(&mut watch.fd);
        let watched = std::mem::take(&mut watch.watched);
        if !watched.is_none() {
            // A descriptor that the selector does not know any more is what is wanted here.
            let _ = self.selector.update(fd, Token(handle.0), watched, Interest::NONE);
        }
        if std::mem::take(&mut watch.always) {
            self.watches.always.retain(|other| *other != handle);
        }
        self.watches.by_fd.remove(&fd);
    }

    /// The system has just given this number to a descriptor of the loop's own: whoever watched it
    /// has closed it behind our back. That watcher is told an error, and neither it nor its end
    /// touches the number again.
    pub(super) fn take_number(&mut self, fd: Fd) {
        let Some(handle) = self.watches.by_fd.get(&fd).copied() else { return };
        self.unwatch_number(handle);
        if let Some(watch) = self.watches.slab.get_mut(handle) {
            watch.adopted.take().map(Fd::leave);
        }
        self.watches.queue(handle, Ready::ERROR);
    }

    /// A watcher's owner.
    pub fn watch_owner(&self, handle: Handle) -> Option<Owner> {
        self.watches.slab.get(handle).map(|watch| watch.owner)
    }

    /// A watcher's descriptor.
    pub fn watch_fd(&mut self, handle: Handle) -> Result<Fd, Status> {
        Ok(self.watches.slab.find(handle)?.fd)
    }

    pub(super) fn mark_watch(&mut self, handle: Handle, event: &Event) {
        if self.watches.slab.get(handle).is_none() {
            self.stale(handle);
        }
        self.watches.queue(handle, Ready::of(event));
    }

    /// What never waits is ready in each turn.
    pub(super) fn mark_always_ready(&mut self) {
        for at in 0..self.watches.always.len() {
            let handle = self.watches.always[at];
            let rests = self.watches.slab.get(handle).is_none_or(|watch| watch.spent);
            if !rests {
                self.watches.queue(handle, Ready::READ | Ready::WRITE);
            }
        }
    }

    /// The next watcher that is ready for what is asked of it now.
    pub(super) fn next_ready(&mut self) -> Option<Notice> {
        while let Some(handle) = self.watches.ready.pop_front() {
            let Some(watch) = self.watches.slab.get_mut(handle) else { continue };
            watch.queued = false;
            let ready = std::mem::take(&mut watch.pending).asked_for(watch.interest);
            if ready != Ready::default() {
                return Some(Notice::Ready(handle, ready));
            }
        }
        None
    }

    /// Tells the selector the interest of each watcher that may have changed it. What it refuses
    /// is told as an error of the descriptor.
    pub(super) fn tell_watches(&mut self) {
        for handle in std::mem::take(&mut self.watches.changed) {
            let Some(watch) = self.watches.slab.get_mut(handle) else { continue };
            watch.changed = false;
            // An edge that was told and forgotten is told again only if the kernel is asked anew.
            let again = std::mem::take(&mut watch.spent) || watch.interest.contains(Interest::EDGE);
            let (fd, old, new) = (watch.fd, watch.watched, watch.interest);
            if old == new && !again || old.is_none() && new.is_none() {
                continue;
            }
            match self.selector.update(fd, Token(handle.0), old, new) {
                Ok(()) => watch.watched = new,
                Err(error) if crate::sys::file::has_no_readiness(&error) => {
                    watch.always = true;
                    self.watches.always.push(handle);
                }
                Err(error) => {
                    let why = refusal(&error);
                    self.os_error = why.1;
                    let text = c"the kernel refuses to watch a descriptor";
                    self.say(Level::Warn, text, handle, why, 0);
                    self.watches.queue(handle, Ready::ERROR);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Settings;
    use crate::reactor::sim::World;
    use crate::sys::fd::AsFd;
    use crate::sys::wake::Wake;

    #[test]
    fn a_circle_of_watchers_in_one_callback_leaves_nothing_behind() {
        let world = World::new();
        let settings = Settings { number: 0, floor: 0, backend: None, max_connections: 0 };
        let made = Loop::with(&settings, world.selector(), world.clock());
        let mut engine = made.map_err(|(status, _)| status).unwrap();
        let (one, other) = (Wake::new().unwrap(), Wake::new().unwrap());
        for _ in 0..1000 {
            let watches = [&one, &other].map(|bell| {
                let owner = Owner::default();
                let watch =
                    engine.start_watch(Fd::of(&bell.as_fd()), Interest::NONE, owner).unwrap();
                engine.set_watch(watch, Interest::READ).unwrap();
                watch
            });
            for watch in watches {
                engine.stop_watch(watch).unwrap();
            }
        }
        assert!(engine.watches.changed.len() <= NOTED);
    }
}
