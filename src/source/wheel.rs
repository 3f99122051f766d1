// SPDX-License-Identifier: MIT OR Apache-2.0
//! A hierarchical timing wheel of one-millisecond ticks: start, restart and cancel in constant
//! time. Is not: a clock; it is told the time.
//!
//! INVARIANT: a timer that is not due lies on the level of the highest byte in which its deadline
//! differs from `now`, in the slot of that byte's value. Eight bytes, eight levels: no deadline is
//! beyond the span, no slot below the present one is ever filled, and the lowest filled level has
//! the earliest deadline.

use crate::base::time::Millis;

/// Bits of a deadline that one level sorts by.
const BITS: u32 = 8;
const SLOTS: usize = 1 << BITS;
const LEVELS: usize = (u64::BITS / BITS) as usize;
/// Words of one level's bitmap.
const WORDS: usize = SLOTS / 64;

/// Lists behind those of the wheel, and states that are no list.
const OVERDUE: u16 = (LEVELS * SLOTS) as u16;
const EXPIRED: u16 = OVERDUE + 1;
const LISTS: usize = EXPIRED as usize + 1;
const IDLE: u16 = EXPIRED + 1;
const FREE: u16 = EXPIRED + 2;

/// No node.
const NIL: u32 = u32::MAX;

/// A timer of one wheel, from `insert` to `remove`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct TimerId(pub u32);

struct Node<T> {
    at: u64,
    /// The birth serial in the upper 48 bits, the place in the lower 16.
    order: u64,
    next: u32,
    prev: u32,
    word: T,
}

impl<T> Node<T> {
    fn place(&self) -> u16 {
        self.order as u16
    }

    fn set_place(&mut self, place: u16) {
        self.order = self.order & !0xffff | u64::from(place);
    }
}

/// The wheel; `T` is the owner's word for a timer.
pub struct Wheel<T: Copy> {
    now: u64,
    serial: u64,
    live: usize,
    free: u32,
    nodes: Vec<Node<T>>,
    heads: Box<[u32; LISTS]>,
    expired_tail: u32,
    /// No deadline in the overdue list is earlier.
    overdue_from: u64,
    /// One bit for each level that has a filled slot.
    levels: u8,
    /// One bit for each filled slot.
    filled: [u64; LEVELS * WORDS],
    /// Room to sort in, kept to spare the allocations.
    sorting: Vec<(u64, u64, u32)>,
}

/// Where a deadline after `now` belongs; a deadline of exactly `now` too, while `advance` is at
/// work.
fn locate(at: u64, now: u64) -> u16 {
    let level = (at ^ now).checked_ilog2().unwrap_or(0) / BITS;
    let slot = (at >> (level * BITS)) as u8;
    level as u16 * SLOTS as u16 + u16::from(slot)
}

impl<T: Copy> Wheel<T> {
    /// A wheel without timers, at that time.
    pub fn new(now: Millis) -> Wheel<T> {
        Wheel {
            now: now.0,
            serial: 0,
            live: 0,
            free: NIL,
            nodes: Vec::new(),
            heads: Box::new([NIL; LISTS]),
            expired_tail: NIL,
            overdue_from: u64::MAX,
            levels: 0,
            filled: [0; LEVELS * WORDS],
            sorting: Vec::new(),
        }
    }

    /// A timer that is due at `at`; in the past, the next `advance` takes it.
    pub fn insert(&mut self, at: Millis, word: T) -> TimerId {
        let fresh = Node { at: at.0, order: self.birth(IDLE), next: NIL, prev: NIL, word };
        let id = self.free;
        let id = if id == NIL {
            self.nodes.push(fresh);
            u32::try_from(self.nodes.len() - 1).ok().filter(|id| *id != NIL).expect("2^32 timers")
        } else {
            self.free = self.nodes[id as usize].next;
            self.nodes[id as usize] = fresh;
            id
        };
        self.live += 1;
        self.link(id, self.place_for(at.0));
        TimerId(id)
    }

    /// Gives a timer another deadline, and the youngest birth among equals; also one that was
    /// popped.
    #[inline]
    pub fn restart(&mut self, id: TimerId, at: Millis) {
        let (old, new) = (self.live_place(id), self.place_for(at.0));
        // Within a list the order is not kept, so a timer that stays in its list need not move.
        let stays = old == new && new != OVERDUE;
        if !stays {
            self.unlink(id.0);
        }
        let order = self.birth(old);
        let node = &mut self.nodes[id.0 as usize];
        (node.at, node.order) = (at.0, order);
        if !stays {
            self.link(id.0, new);
        }
    }

    /// Changes a timer's word, for an owner whose name is known only after the timer's.
    pub fn set_word(&mut self, id: TimerId, word: T) {
        self.live_place(id);
        self.nodes[id.0 as usize].word = word;
    }

    /// Ends a timer and gives back its word.
    pub fn remove(&mut self, id: TimerId) -> T {
        self.live_place(id);
        self.unlink(id.0);
        let node = &mut self.nodes[id.0 as usize];
        node.set_place(FREE);
        node.next = self.free;
        self.free = id.0;
        self.live -= 1;
        node.word
    }

    /// When to call `advance` next: the earliest deadline, or a moment before it at which the wheel
    /// has to sort more finely; of what is due and not popped yet, its own deadline.
    pub fn next_deadline(&self) -> Option<Millis> {
        let expired = self.heads[EXPIRED as usize];
        let expired = (expired != NIL).then(|| self.nodes[expired as usize].at);
        let overdue = (self.heads[OVERDUE as usize] != NIL).then_some(self.overdue_from);
        let ahead = self.first_slot().map(|(_, start)| start);
        [expired, overdue, ahead].into_iter().flatten().min().map(Millis)
    }

    /// Tells the time; what is due by then waits to be popped. Time that goes back is ignored.
    pub fn advance(&mut self, now: Millis) {
        if self.heads[OVERDUE as usize] != NIL {
            // These may be earlier than what has expired before.
            let head = std::mem::replace(&mut self.heads[EXPIRED as usize], NIL);
            self.expired_tail = NIL;
            self.collect(head);
            let head = std::mem::replace(&mut self.heads[OVERDUE as usize], NIL);
            self.collect(head);
            self.overdue_from = u64::MAX;
            self.expire();
        }
        while let Some((place, start)) = self.first_slot().filter(|(_, start)| *start <= now.0) {
            self.now = start;
            let mut id = std::mem::replace(&mut self.heads[place as usize], NIL);
            self.vacate(place);
            if usize::from(place) < SLOTS {
                self.collect(id);
                self.expire();
                continue;
            }
            while id != NIL {
                let Node { at, next, .. } = self.nodes[id as usize];
                self.link(id, locate(at, start));
                id = next;
            }
        }
        self.now = self.now.max(now.0);
    }

    /// The next due timer, in the order of deadline and then birth. It stays allocated, out of the
    /// wheel, until it is restarted or removed.
    pub fn pop(&mut self) -> Option<(TimerId, T)> {
        let id = self.heads[EXPIRED as usize];
        let word = self.nodes.get(id as usize)?.word;
        self.unlink(id);
        Some((TimerId(id), word))
    }

    /// Timers inserted and not removed.
    pub fn len(&self) -> usize {
        self.live
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    fn birth(&mut self, place: u16) -> u64 {
        self.serial += 1;
        self.serial << 16 | u64::from(place)
    }

    fn place_for(&self, at: u64) -> u16 {
        if at <= self.now { OVERDUE } else { locate(at, self.now) }
    }

    /// The place of a timer that was not removed; using one that was would tear the lists.
    fn live_place(&self, id: TimerId) -> u16 {
        let place = self.nodes[id.0 as usize].place();
        assert_ne!(place, FREE, "the timer was removed");
        place
    }

    /// The list with the earliest deadlines ahead, and where its time begins.
    fn first_slot(&self) -> Option<(u16, u64)> {
        let level = self.levels.trailing_zeros();
        let words = self.filled.chunks_exact(WORDS).nth(level as usize)?;
        let word = words.iter().position(|word| *word != 0)?;
        let slot = (word * 64) as u32 + words[word].trailing_zeros();
        let shift = level * BITS;
        let above = self.now.checked_shr(shift + BITS).unwrap_or(0);
        let start = (above << BITS | u64::from(slot)) << shift;
        Some((level as u16 * SLOTS as u16 + slot as u16, start))
    }

    fn fill(&mut self, place: u16) {
        if place < OVERDUE {
            self.filled[usize::from(place) / 64] |= 1 << (place % 64);
            self.levels |= 1 << (usize::from(place) / SLOTS);
        }
    }

    fn vacate(&mut self, place: u16) {
        if place < OVERDUE {
            self.filled[usize::from(place) / 64] &= !(1 << (place % 64));
            let level = usize::from(place) / SLOTS;
            if self.filled[level * WORDS..(level + 1) * WORDS].iter().all(|word| *word == 0) {
                self.levels &= !(1 << level);
            }
        }
    }

    fn link(&mut self, id: u32, place: u16) {
        let head = std::mem::replace(&mut self.heads[usize::from(place)], id);
        let node = &mut self.nodes[id as usize];
        (node.next, node.prev) = (head, NIL);
        node.set_place(place);
        if place == OVERDUE {
            self.overdue_from = self.overdue_from.min(node.at);
        }
        match self.nodes.get_mut(head as usize) {
            Some(second) => second.prev = id,
            None => self.fill(place),
        }
    }

    fn unlink(&mut self, id: u32) {
        let node = &mut self.nodes[id as usize];
        let (next, prev, place) = (node.next, node.prev, node.place());
        if place == IDLE {
            return;
        }
        node.set_place(IDLE);
        if let Some(after) = self.nodes.get_mut(next as usize) {
            after.prev = prev;
        } else if place == EXPIRED {
            self.expired_tail = prev;
        }
        if let Some(before) = self.nodes.get_mut(prev as usize) {
            before.next = next;
            return;
        }
        self.heads[usize::from(place)] = next;
        if next == NIL {
            self.vacate(place);
            if place == OVERDUE {
                self.overdue_from = u64::MAX;
            }
        }
    }

    /// Adds a list, already cut off, to what is to be sorted.
    fn collect(&mut self, mut id: u32) {
        while let Some(node) = self.nodes.get(id as usize) {
            self.sorting.push((node.at, node.order, id));
            id = node.next;
        }
    }

    /// Sorts what was collected behind what has expired before.
    fn expire(&mut self) {
        let mut sorted = std::mem::take(&mut self.sorting);
        sorted.sort_unstable();
        for (_, _, id) in sorted.drain(..) {
            let prev = std::mem::replace(&mut self.expired_tail, id);
            let node = &mut self.nodes[id as usize];
            (node.next, node.prev) = (NIL, prev);
            node.set_place(EXPIRED);
            match self.nodes.get_mut(prev as usize) {
                Some(before) => before.next = id,
                None => self.heads[EXPIRED as usize] = id,
            }
        }
        self.sorting = sorted;
    }
}

#[cfg(test)]
mod tests;
