// SPDX-License-Identifier: MIT OR Apache-2.0
//! The one way into a loop for other threads and signal handlers: a queue with a bell. Is not: a
//! way out, or the meaning of what is posted.
//!
//! INVARIANT: while something is queued that no `drain` has begun to take, the bell has rung or the
//! thread that queued it is about to ring it. The two orders that make it hold are written at
//! `drain`.

use crate::base::Status;
use crate::base::limits::POSTS;
use crate::sys::fd::{AsFd, Borrowed};
use crate::sys::wake::Wake;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

struct Queue<T> {
    posts: VecDeque<T>,
    closed: bool,
}

/// The door. Every method but `drain`, `take_stop` and `close` may be called from any thread; those
/// are the owner's.
pub struct Door<T: Send> {
    queue: Mutex<Queue<T>>,
    wake: Arc<Wake>,
    /// Whether a `push` has rung, or is about to, since the last `drain`.
    rung: AtomicBool,
    stop: AtomicBool,
}

impl<T: Send> Door<T> {
    /// An open door with nothing behind it.
    pub fn new() -> io::Result<Door<T>> {
        Ok(Door {
            queue: Mutex::new(Queue { posts: VecDeque::new(), closed: false }),
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

    /// Queues a post and wakes the owner; gives the post back with LIMIT when too many are queued,
    /// with GONE when the door is closed.
    pub fn push(&self, post: T) -> Result<(), (Status, T)> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err((Status::GONE, post));
        }
        if queue.posts.len() >= POSTS {
            return Err((Status::LIMIT, post));
        }
        queue.posts.push_back(post);
        drop(queue);
        // The plain load keeps posts in a row from fighting for the cache line.
        if !self.rung.load(Ordering::Relaxed) && !self.rung.swap(true, Ordering::AcqRel) {
            self.wake.ring();
        }
        Ok(())
    }

    /// Takes what is queued, to the end of `into`, and makes the bell quiet; to be called when
    /// `as_fd` is readable. A bell that rings for a stop rings on until `take_stop`.
    ///
    /// The bell is made quiet before `rung` is lowered: the other way round a `push` between the
    /// two would raise `rung` and lose its ring, and no later one would ring again. `rung` is
    /// lowered before the queue is taken: a `push` that comes too late for this take has locked
    /// after it, sees the lowered `rung` through the lock, and rings.
    pub fn drain(&self, into: &mut VecDeque<T>) {
        self.wake.clear();
        self.rung.store(false, Ordering::Release);
        if self.stop.load(Ordering::SeqCst) {
            self.wake.ring();
        }
        let mut queue = self.queue.lock();
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

    fn rings<T: Send>(door: &Door<T>, timeout_ms: i32) -> bool {
        let mut set = [poll::record(Fd::of(&door.as_fd()), libc::POLLIN)];
        poll::wait(&mut set, timeout_ms).unwrap() == 1
    }

    fn drained<T: Send>(door: &Door<T>) -> Vec<T> {
        let mut into = VecDeque::new();
        door.drain(&mut into);
        into.into()
    }

    #[test]
    fn posts_come_out_in_order_and_the_bell_goes_quiet() {
        let door = Door::new().unwrap();
        assert!(!rings(&door, 0));
        door.push(1).unwrap();
        door.push(2).unwrap();
        assert!(rings(&door, 0));
        let mut into = VecDeque::from([0]);
        door.drain(&mut into);
        assert_eq!(into, [0, 1, 2]);
        assert!(!rings(&door, 0));
        door.push(3).unwrap();
        assert!(rings(&door, 0));
        assert_eq!(drained(&door), [3]);
    }

    #[test]
    fn the_bell_is_rung_once_until_the_owner_has_drained() {
        let door = Door::new().unwrap();
        door.push(1).unwrap();
        door.wake.clear();
        door.push(2).unwrap();
        assert!(!rings(&door, 0), "the second push rang again");
        assert_eq!(drained(&door), [1, 2]);
        door.push(3).unwrap();
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
            door.push(()).unwrap();
        }
        assert_eq!(door.push(()), Err((Status::LIMIT, ())));
        assert_eq!(door.close().len(), POSTS);
        assert_eq!(door.push(()), Err((Status::GONE, ())));
        assert_eq!(drained(&door), []);
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
                        door.push((thread, post)).unwrap();
                        turn(door);
                    }
                });
            }
            let mut next = vec![0; threads as usize];
            let mut into = VecDeque::new();
            while next.iter().sum::<u64>() < threads * each {
                assert!(rings(&door, 30_000), "asleep with posts behind the door: {next:?}");
                door.drain(&mut into);
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
