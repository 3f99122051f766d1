// SPDX-License-Identifier: MIT OR Apache-2.0
//! A table of live objects, each named by slot and generation. INVARIANT: a (slot, generation) pair
//! is given out once; a slot that has used its last generation is never used again.

use super::handle::{GENERATION_MAX, Handle, Kind};
use super::limits::SLOTS;
use super::status::Status;

/// Ends the list of free slots.
const END: u32 = u32::MAX;

enum Entry<T> {
    Live(T),
    Free { next: u32 },
}

struct Slot<T> {
    generation: u32,
    entry: Entry<T>,
}

/// Objects of one kind of one loop.
pub struct Slab<T> {
    kind: Kind,
    loop_number: u16,
    floor: u32,
    free: u32,
    live: usize,
    highest: u32,
    slots: Vec<Slot<T>>,
}

impl<T> Slab<T> {
    /// An empty table. Generations start above `floor`.
    pub fn new(kind: Kind, loop_number: u16, floor: u32) -> Slab<T> {
        assert!(floor < GENERATION_MAX);
        Slab { kind, loop_number, floor, free: END, live: 0, highest: floor, slots: Vec::new() }
    }

    /// `LIMIT` when every slot is live or retired; else the next `insert` succeeds.
    pub fn expect_room(&self) -> Result<(), Status> {
        if self.free == END && self.slots.len() >= SLOTS { Err(Status::LIMIT) } else { Ok(()) }
    }

    /// Takes `value` in and names it; `LIMIT` when every slot is live or retired.
    pub fn insert(&mut self, value: T) -> Result<Handle, Status> {
        self.expect_room()?;
        let slot = match self.free {
            END => {
                let generation = self.floor + 1;
                self.slots.push(Slot { generation, entry: Entry::Live(value) });
                self.slots.len() as u32 - 1
            }
            slot => {
                let place = &mut self.slots[slot as usize];
                let Entry::Free { next } = place.entry else {
                    unreachable!("a live slot is not free")
                };
                self.free = next;
                place.generation += 1;
                place.entry = Entry::Live(value);
                slot
            }
        };
        self.live += 1;
        let generation = self.slots[slot as usize].generation;
        self.highest = self.highest.max(generation);
        Ok(Handle::new(self.kind, self.loop_number, slot, generation))
    }

    /// Ends the object and gives it back, if the handle is live.
    pub fn remove(&mut self, handle: Handle) -> Option<T> {
        let slot = handle.slot();
        let place = self.slots.get_mut(slot as usize)?;
        if place.generation != handle.generation() || matches!(place.entry, Entry::Free { .. }) {
            return None;
        }
        let retired = place.generation == GENERATION_MAX;
        let next = if retired { END } else { self.free };
        let Entry::Live(value) = std::mem::replace(&mut place.entry, Entry::Free { next }) else {
            unreachable!("it is live")
        };
        if !retired {
            self.free = slot;
        }
        self.live -= 1;
        Some(value)
    }

    /// The object, if the handle is live. The kind and the loop are the caller's to check.
    #[inline]
    pub fn get(&self, handle: Handle) -> Option<&T> {
        match self.slots.get(handle.slot() as usize) {
            Some(Slot { generation, entry: Entry::Live(value) })
                if *generation == handle.generation() =>
            {
                Some(value)
            }
            _ => None,
        }
    }

    /// The object, to change it.
    #[inline]
    pub fn get_mut(&mut self, handle: Handle) -> Option<&mut T> {
        match self.slots.get_mut(handle.slot() as usize) {
            Some(Slot { generation, entry: Entry::Live(value) })
                if *generation == handle.generation() =>
            {
                Some(value)
            }
            _ => None,
        }
    }

    /// The object, or the code that says why not.
    pub fn find(&mut self, handle: Handle) -> Result<&mut T, Status> {
        handle.expect(self.kind)?;
        self.get_mut(handle).ok_or(Status::GONE)
    }

    /// How many are live.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether none is live.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// The handles of all that live, in slot order.
    pub fn handles(&self) -> Vec<Handle> {
        let name = |(slot, place): (usize, &Slot<T>)| match place.entry {
            Entry::Live(_) => {
                Some(Handle::new(self.kind, self.loop_number, slot as u32, place.generation))
            }
            Entry::Free { .. } => None,
        };
        self.slots.iter().enumerate().filter_map(name).collect()
    }

    /// The highest generation that was ever used; a successor starts above it.
    pub fn highest(&self) -> u32 {
        self.highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_handle_finds_nothing_though_its_slot_is_used_again() {
        let mut slab = Slab::new(Kind::Conn, 3, 0);
        let first = slab.insert("first").unwrap();
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second").unwrap();
        assert_eq!(first.slot(), second.slot());
        assert_eq!(slab.find(first), Err(Status::GONE));
        assert_eq!(slab.find(second), Ok(&mut "second"));
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.len(), 1);
    }

    #[test]
    fn a_handle_of_another_kind_is_a_bad_handle() {
        let mut slab = Slab::new(Kind::Conn, 0, 0);
        let conn = slab.insert(()).unwrap();
        let other = Handle::new(Kind::Timer, 0, conn.slot(), conn.generation());
        assert_eq!(slab.find(other), Err(Status::BADHANDLE));
    }

    #[test]
    fn a_table_of_slots_live_objects_takes_no_more_until_one_ends() {
        let mut slab = Slab::new(Kind::Timer, 0, 0);
        let first = slab.insert(()).unwrap();
        for _ in 1..SLOTS {
            slab.insert(()).unwrap();
        }
        assert_eq!(slab.insert(()), Err(Status::LIMIT));
        slab.remove(first);
        assert_eq!(slab.insert(()).map(Handle::slot), Ok(first.slot()));
        assert_eq!(slab.insert(()), Err(Status::LIMIT));
    }

    #[test]
    fn a_slot_that_has_used_its_last_generation_retires() {
        let mut slab = Slab::new(Kind::Conn, 0, GENERATION_MAX - 2);
        let a = slab.insert(1).unwrap();
        slab.remove(a);
        let b = slab.insert(2).unwrap();
        assert_eq!((b.slot(), b.generation()), (0, GENERATION_MAX));
        slab.remove(b);
        let c = slab.insert(3).unwrap();
        assert_eq!(c.slot(), 1);
        assert_eq!(slab.highest(), GENERATION_MAX);
        assert_eq!(slab.handles(), vec![c]);
    }
}
