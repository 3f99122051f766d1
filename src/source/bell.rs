// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bells: wake-ups with a name, rung from any thread and from signal handlers, heard by the owner,
//! many rings as one. Is not: a queue of anything. INVARIANT: a bell that is rung is heard by a
//! later `take`, once or more; `ring` neither locks, nor allocates, nor waits.
//!
//! Rung bells form a list that is pushed to with one exchange and taken as a whole. Each is in it
//! once: whoever finds `linked` down raises it and pushes, and the owner lowers it when it has
//! taken the list, before it looks whether the bell is rung. `linked` is a word apart from that of
//! the ring because a bell may be hung anew between a ring and the push that follows it.

use crate::base::Status;
use crate::base::limits::POST_OBJECTS;
use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Bells are made so many at a time.
const CHUNK: usize = 64;

/// In a bell's word, beside its generation.
const RUNG: u32 = 1;

/// Ends the list; others are slots plus one.
const END: u32 = 0;

#[derive(Default)]
struct Bell {
    /// The generation of the one that hangs here, twice, and whether it is rung; 0: none hangs.
    word: AtomicU32,
    /// Whether it is in the list, or about to be.
    linked: AtomicBool,
    next: AtomicU32,
}

/// The bells of one owner, by slot and generation.
pub struct Bells {
    chunks: [OnceLock<Box<[Bell]>>; POST_OBJECTS / CHUNK],
    rung: AtomicU32,
}

impl Default for Bells {
    fn default() -> Bells {
        Bells { chunks: [const { OnceLock::new() }; _], rung: AtomicU32::new(END) }
    }
}

impl Bells {
    fn bell(&self, slot: u32) -> Option<&Bell> {
        let slot = slot as usize;
        self.chunks.get(slot / CHUNK)?.get()?.get(slot % CHUNK)
    }

    /// Hangs one up. For the owner.
    pub fn hang(&self, slot: u32, generation: u32) {
        debug_assert!(generation > 0);
        let make = || (0..CHUNK).map(|_| Bell::default()).collect();
        let chunk = self.chunks[slot as usize / CHUNK].get_or_init(make);
        chunk[slot as usize % CHUNK].word.store(generation << 1, Ordering::Release);
    }

    /// Takes one down: it cannot be rung any more, and a ring that was not heard is forgotten. For
    /// the owner.
    pub fn unhang(&self, slot: u32) {
        if let Some(bell) = self.bell(slot) {
            bell.word.store(0, Ordering::Release);
        }
    }

    /// Rings one. True: the owner is to be woken. From any thread, also in a signal handler.
    #[inline]
    pub fn ring(&self, slot: u32, generation: u32) -> Result<bool, Status> {
        let Some(bell) = self.bell(slot) else { return Err(Status::GONE) };
        let quiet = generation << 1;
        loop {
            let word = bell.word.load(Ordering::Relaxed);
            if word & !RUNG != quiet {
                return Err(Status::GONE);
            }
            // Exchanged also where it is rung already: else what this thread wrote before might not
            // be seen by who hears that ring.
            let rung = quiet | RUNG;
            let exchange =
                bell.word.compare_exchange(word, rung, Ordering::AcqRel, Ordering::Relaxed);
            match exchange {
                Ok(_) if word == rung => return Ok(false),
                Ok(_) => return Ok(self.link(bell, slot)),
                Err(_) => {}
            }
        }
    }

    fn link(&self, bell: &Bell, slot: u32) -> bool {
        if bell.linked.swap(true, Ordering::AcqRel) {
            return false;
        }
        let mut head = self.rung.load(Ordering::Relaxed);
        loop {
            bell.next.store(head, Ordering::Relaxed);
            let push = self.rung.compare_exchange_weak(
                head,
                slot + 1,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match push {
                Ok(_) => return true,
                Err(other) => head = other,
            }
        }
    }

    /// Makes all bells quiet; tells which were rung, by slot and generation, in the order of their
    /// first rings. For the owner.
    pub fn take(&self, into: &mut VecDeque<(u32, u32)>) {
        let start = into.len();
        let mut at = self.rung.swap(END, Ordering::AcqRel);
        while let Some(bell) = at.checked_sub(1).and_then(|slot| self.bell(slot)) {
            let slot = at - 1;
            // Read before `linked` is lowered: who raises it next writes another one.
            at = bell.next.load(Ordering::Relaxed);
            bell.linked.swap(false, Ordering::AcqRel);
            let word = bell.word.fetch_and(!RUNG, Ordering::AcqRel);
            if word & RUNG != 0 {
                into.push_back((slot, word >> 1));
            }
        }
        into.make_contiguous()[start..].reverse();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicU64;

    fn taken(bells: &Bells) -> VecDeque<(u32, u32)> {
        let mut into = VecDeque::new();
        bells.take(&mut into);
        into
    }

    #[test]
    fn many_rings_are_heard_as_one_in_the_order_of_the_first_ones() {
        let bells = Bells::default();
        let last = POST_OBJECTS as u32 - 1;
        for (slot, generation) in [(0, 7), (1, 7), (last, 9)] {
            bells.hang(slot, generation);
        }
        assert_eq!(taken(&bells), []);
        assert_eq!(bells.ring(last, 9), Ok(true));
        assert_eq!(bells.ring(last, 9), Ok(false), "it is rung already");
        assert_eq!(bells.ring(0, 7), Ok(true));
        assert_eq!(taken(&bells), [(last, 9), (0, 7)]);
        assert_eq!(taken(&bells), []);
        assert_eq!(bells.ring(0, 7), Ok(true));
        assert_eq!(taken(&bells), [(0, 7)]);
    }

    #[test]
    fn one_that_does_not_hang_cannot_be_rung() {
        let bells = Bells::default();
        assert_eq!(bells.ring(3, 1), Err(Status::GONE), "none was ever there");
        assert_eq!(bells.ring(u32::MAX, 1), Err(Status::GONE), "nor can be");
        bells.hang(3, 1);
        assert_eq!(bells.ring(3, 2), Err(Status::GONE), "another hangs there");
        assert_eq!(bells.ring(3, 1), Ok(true));
        bells.unhang(3);
        assert_eq!(bells.ring(3, 1), Err(Status::GONE));
        bells.hang(3, 2);
        assert_eq!(taken(&bells), [], "the ring was of the one before");
        assert_eq!(bells.ring(3, 2), Ok(true));
        assert_eq!(taken(&bells), [(3, 2)]);
    }

    /// A thread stopped between its ring and its push, while the bell is hung anew and rung again.
    #[test]
    fn a_push_that_comes_late_loses_nothing_and_is_not_done_twice() {
        let bells = Bells::default();
        bells.hang(0, 1);
        let bell = bells.bell(0).unwrap();
        bell.word.store(1 << 1 | RUNG, Ordering::Relaxed);
        bells.unhang(0);
        bells.hang(0, 2);
        assert_eq!(bells.ring(0, 2), Ok(true));
        assert!(!bells.link(bell, 0), "it is in the list");
        assert_eq!(taken(&bells), [(0, 2)]);
        assert!(bells.link(bell, 0), "it comes after the bell was heard");
        assert_eq!(taken(&bells), []);
        assert_eq!(bells.ring(0, 2), Ok(true));
        assert_eq!(taken(&bells), [(0, 2)]);
    }

    /// Each thread counts up and rings; the owner must see each count in the end, whatever rings
    /// were taken together.
    #[test]
    fn what_was_written_before_a_ring_is_seen_by_who_hears_it() {
        const THREADS: u32 = 3;
        const EACH: u64 = 20_000;
        let bells = Bells::default();
        let counts: Vec<AtomicU64> = (0..THREADS).map(|_| AtomicU64::new(0)).collect();
        bells.hang(0, 1);
        (0..THREADS).for_each(|thread| bells.hang(thread + 1, 1));
        let seen = std::thread::scope(|scope| {
            for (thread, count) in (1..).zip(&counts) {
                let bells = &bells;
                scope.spawn(move || {
                    for at in 1..=EACH {
                        count.store(at, Ordering::Relaxed);
                        bells.ring(thread, 1).unwrap();
                        bells.ring(0, 1).unwrap();
                    }
                });
            }
            let (mut seen, mut into) = (vec![0; THREADS as usize], VecDeque::new());
            while seen.iter().sum::<u64>() < u64::from(THREADS) * EACH {
                into.clear();
                bells.take(&mut into);
                for (slot, _) in into.iter().filter(|(slot, _)| *slot > 0) {
                    let at = *slot as usize - 1;
                    let now = counts[at].load(Ordering::Relaxed);
                    assert!(now >= seen[at]);
                    seen[at] = now;
                }
                std::thread::yield_now();
            }
            seen
        });
        assert_eq!(seen, [EACH; THREADS as usize]);
    }
}
