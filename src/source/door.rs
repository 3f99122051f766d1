// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one way into a loop for other threads and signal handlers: a queue with a bell, and named
//! bells beside it. Is not: a way out, or the meaning of what is posted.
//!
//! INVARIANT: while something is queued that no `drain` has begun to take, the bell has rung or the
//! thread that queued it is about to ring it. The two orders that make it hold are written at
//! `drain`.

use super::bell::Bells;
use crate::base::Status;
use crate::base::limits::{POST_BYTES, POSTS};
use crate::sys::fd::{AsFd, Borrowed};
use crate::sys::wake::Wake;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Queue<T> {
    posts: VecDeque<T>,
    /// What the posts carry, as those who queued them said.
    bytes: usize,
    closed: bool,
}

/// The door. Every method but `drain`, `take_stop` and `close` may be called from any thread; those
/// are the owner's.
pub struct Door<T: Send> {
    queue: Mutex<Queue<T>>,
    bells: Bells,
    wake: Arc<Wake>,
    /// Whether a `push` has rung, or is about to, since the last `drain`.
    rung: AtomicBool,
    stop: AtomicBool,
}

impl<T: Send> Door<T> {
    /// An open door with nothing behind it.
    pub fn new() -> io::Result<Door<T>> {
        Ok(Door {
            queue: Mutex::new(Queue { posts: VecDeque::new(), bytes: 0, closed: false }),
            bells: Bells::default(),
            wake: Arc::new(Wake::new()?),
            rung: AtomicBool::new(false),
            stop: AtomicBool::new(false),
        })
    }

    /// The bell, for a source that keeps what it has heard by itself: it rings, and the owner asks
    /// it after each `drain`, which has made the bell quiet before.
    pub fn bell(&self) -> &Arc<Wake> {
        &self.wake
    }

    /// Queues a post that carries so many bytes, and wakes the owner; gives the post back with
    /// LIMIT when too many are queued, or too many bytes, with GONE when the door is closed.
    pub fn push(&self, post: T, bytes: usize) -> Result<(), (Status, T)> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err((Status::GONE, post));
        }
        if queue.posts.len() >= POSTS || bytes > POST_BYTES.saturating_sub(queue.bytes) {
            return Err((Status::LIMIT, post));
        }
        queue.posts.push_back(post);
        queue.bytes += bytes;
        drop(queue);
        self.wake_owner();
        Ok(())
    }

    /// Queues what the owner has asked for, and wakes it. Never refused, for who asked has counted
    /// it; dropped when the door is closed, for then nobody waits for it.
    pub fn deliver(&self, post: T) {
        let mut queue = self.queue.lock();
        if !queue.closed {
            queue.posts.push_back(post);
            drop(queue);
            self.wake_owner();
        }
    }

    #[inline]
    fn wake_owner(&self) {
        // The plain load keeps posts in a row from fighting for the cache line.
        if !self.rung.load(Ordering::Relaxed) && !self.rung.swap(true, Ordering::AcqRel) {
            self.wake.ring();
        }
    }

    /// The named bells, to hang them up. They are rung by `ring`.
    pub fn bells(&self) -> &Bells {
        &self.bells
    }

    /// Rings a named bell, and wakes the owner. Async-signal-safe.
    #[inline]
    pub fn ring(&self, slot: u32, generation: u32) -> Result<(), Status> {
        // Not loaded first: without a lock only an exchange is sure to be before or after `drain`.
        if self.bells.ring(slot, generation)? && !self.rung.swap(true, Ordering::AcqRel) {
            self.wake.ring();
        }
        Ok(())
    }

    /// Takes what is queued, to the end of `into`, and which named bells were rung, to the end of
    /// `rung`, and makes the bell quiet; to be called when `as_fd` is readable. A bell that rings
    /// for a stop rings on until `take_stop`.
    ///
    /// The bell is made quiet before `rung` is lowered: the other way round a `push` between the
    /// two would raise `rung` and lose its ring, and no later one would ring again. `rung` is
    /// lowered before the queue is taken: a `push` that comes too late for this take has locked
    /// after it, sees the lowered `rung` through the lock, and rings. A named bell is rung before
    /// `rung` is raised by an exchange: it is seen by the exchange here, or rings.
    pub fn drain(&self, into: &mut VecDeque<T>, rung: &mut VecDeque<(u32, u32)>) {
        self.wake.clear();
        self.rung.swap(false, Ordering::AcqRel);
        if self.stop.load(Ordering::SeqCst) {
            self.wake.ring();
        }
        self.bells.take(rung);
        let mut queue = self.queue.lock();
        queue.bytes = 0;
        if into.is_empty() {
            std::mem::swap(&mut queue.posts, into);
        } else {
            into.append(&mut queue.posts);
        }
    }

    /// Asks the owner to stop. Async-signal-safe.
    pub fn ask_stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        self.wake.ring();
    }

    /// Whether a stop was asked for since this was last asked.
    pub fn take_stop(&self) -> bool {
        self.stop.load(Ordering::Relaxed) && self.stop.swap(false, Ordering::SeqCst)
    }

    /// Lets nothing more in, and gives back what was queued.
    pub fn close(&self) -> VecDeque<T> {
        let mut queue = self.queue.lock();
        queue.closed = true;
        queue.bytes = 0;
        std::mem::take(&mut queue.posts)
    }
}

impl<T: Send> AsFd for Door<T> {
    fn as_fd(&self) -> Borrowed<'_> {
        self.wake.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::{Fd, poll};
    use std::sync::atomic::AtomicU32;

    fn rings<T: Send>(door: &Door<T>, timeout_ms: i32) -> bool {
        let mut set = [poll::record(Fd::of(&door.as_fd()), libc::POLLIN)];
        poll::wait(&mut set, timeout_ms).unwrap() == 1
    }

    fn drained<T: Send>(door: &Door<T>) -> Vec<T> {
        let mut into = VecDeque::new();
        door.drain(&mut into, &mut VecDeque::new());
        into.into()
    }

    #[test]
    fn posts_come_out_in_order_and_the_bell_goes_quiet() {
        let door = Door::new().unwrap();
        assert!(!rings(&door, 0));
        door.push(1, 0).unwrap();
        door.push(2, 0).unwrap();
        assert!(rings(&door, 0));
        let mut into = VecDeque::from([0]);
        door.drain(&mut into, &mut VecDeque::new());
        assert_eq!(into, [0, 1, 2]);
        assert!(!rings(&door, 0));
        door.push(3, 0).unwrap();
        assert!(rings(&door, 0));
        assert_eq!(drained(&door), [3]);
    }

    #[test]
    fn the_bell_is_rung_once_until_the_owner_has_drained() {
        let door = Door::new().unwrap();
        door.push(1, 0).unwrap();
        door.wake.clear();
        door.push(2, 0).unwrap();
        assert!(!rings(&door, 0), "the second push rang again");
        assert_eq!(drained(&door), [1, 2]);
        door.push(3, 0).unwrap();
        assert!(rings(&door, 0));
    }

    #[test]
    fn a_stop_rings_until_it_is_taken_in_whatever_order_the_owner_looks() {
        let door: Door<()> = Door::new().unwrap();
        assert!(!door.take_stop());
        door.ask_stop();
        assert_eq!(drained(&door), []);
        assert!(rings(&door, 0));
        assert!(door.take_stop());
        assert!(!door.take_stop());
        assert_eq!(drained(&door), []);
        assert!(!rings(&door, 0));
    }

    #[test]
    fn a_full_or_closed_door_gives_the_post_back() {
        let door = Door::new().unwrap();
        for _ in 0..POSTS {
            door.push((), 0).unwrap();
        }
        assert_eq!(door.push((), 0), Err((Status::LIMIT, ())));
        door.deliver(());
        assert_eq!(door.close().len(), POSTS + 1, "what was asked for finds room");
        assert_eq!(door.push((), 0), Err((Status::GONE, ())));
        door.deliver(());
        assert_eq!(drained(&door), []);
    }

    #[test]
    fn posts_carry_post_bytes_in_all_until_they_are_taken() {
        let door = Door::new().unwrap();
        assert_eq!(door.push(0, POST_BYTES + 1), Err((Status::LIMIT, 0)));
        door.push(1, POST_BYTES - 1).unwrap();
        assert_eq!(door.push(2, 2), Err((Status::LIMIT, 2)));
        door.push(3, 1).unwrap();
        door.push(4, 0).unwrap();
        assert_eq!(drained(&door), [1, 3, 4]);
        door.push(5, POST_BYTES).unwrap();
        assert_eq!(drained(&door), [5]);
    }

    #[test]
    fn a_named_bell_wakes_the_owner_once_until_it_has_drained() {
        let door: Door<()> = Door::new().unwrap();
        door.bells().hang(5, 1);
        assert_eq!(door.ring(5, 2), Err(Status::GONE));
        assert!(!rings(&door, 0));
        for _ in 0..3 {
            assert_eq!(door.ring(5, 1), Ok(()));
        }
        assert!(rings(&door, 0));
        let mut rung = VecDeque::new();
        door.drain(&mut VecDeque::new(), &mut rung);
        assert_eq!(rung, [(5, 1)]);
        assert!(!rings(&door, 0));
        assert_eq!(door.ring(5, 1), Ok(()));
        assert!(rings(&door, 0));
    }

    /// As `all_arrive`, for named bells: the owner sleeps between a ring and the next one.
    #[test]
    fn no_ring_of_a_named_bell_is_lost_though_each_finds_the_owner_about_to_sleep() {
        let door: Door<()> = Door::new().unwrap();
        let heard = [const { AtomicU32::new(0) }; 2];
        (0..2).for_each(|slot| door.bells().hang(slot, 1));
        std::thread::scope(|scope| {
            for slot in 0..2 {
                let (door, heard) = (&door, &heard[slot as usize]);
                scope.spawn(move || {
                    for round in 0..5_000 {
                        door.ring(slot, 1).unwrap();
                        while heard.load(Ordering::Acquire) <= round {
                            std::thread::yield_now();
                        }
                    }
                });
            }
            let (mut posts, mut rung) = (VecDeque::new(), VecDeque::new());
            while heard.iter().any(|count| count.load(Ordering::Relaxed) < 5_000) {
                assert!(rings(&door, 30_000), "asleep with a bell rung: {heard:?}");
                door.drain(&mut posts, &mut rung);
                for (slot, _) in rung.drain(..) {
                    heard[slot as usize].fetch_add(1, Ordering::Release);
                }
            }
        });
    }

    /// The owner sleeps until the bell; a ring that is lost leaves it asleep with posts behind the
    /// door.
    fn all_arrive(threads: u64, each: u64, turn: impl Fn(&Door<(u64, u64)>) + Sync) {
        let door = Door::new().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..threads {
                let (door, turn) = (&door, &turn);
                scope.spawn(move || {
                    for post in 0..each {
                        door.push((thread, post), 0).unwrap();
                        turn(door);
                    }
                });
            }
            let mut next = vec![0; threads as usize];
            let mut into = VecDeque::new();
            while next.iter().sum::<u64>() < threads * each {
                assert!(rings(&door, 30_000), "asleep with posts behind the door: {next:?}");
                door.drain(&mut into, &mut VecDeque::new());
                for (thread, post) in into.drain(..) {
                    assert_eq!(post, next[thread as usize], "posts of one thread stay in order");
                    next[thread as usize] += 1;
                }
            }
        });
        assert_eq!(drained(&door), []);
    }

    #[test]
    fn no_ring_is_lost_when_threads_post_as_fast_as_they_can() {
        all_arrive(4, 20_000, |_| {});
    }

    #[test]
    fn no_ring_is_lost_when_every_post_finds_the_owner_about_to_sleep() {
        all_arrive(2, 5_000, |door| {
            while rings(door, 0) {
                std::thread::yield_now();
            }
        });
    }
}
