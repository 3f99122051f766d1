// SPDX-License-Identifier: MIT OR Apache-2.0
//! A pool of threads with one queue: tasks run in the order in which they came, each gives a
//! result, and the result is delivered. Is not: what a task does, or how many may wait; that is
//! bounded by whoever submits. INVARIANTS: a task that was taken runs, and what it gives is
//! delivered; one that was not taken can be taken back; no lock is held while one runs, is dropped
//! or is delivered.
//!
//! The locks are those of the standard library: threads that wait in those of parking_lot are noted
//! in a table of the process, which a child of fork(2) inherits with threads in it that it has not.

use crate::base::Handle;
use crate::sys::thread::{self, Thread};
use std::collections::BTreeMap;
use std::ffi::CStr;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// What a thread of a pool does once. It may unwind only with what is not Rust's and ends the
/// process.
pub type Task<R> = Box<dyn FnOnce() -> R + Send>;

/// Where results go, with the name of their task; called by the pool's threads.
pub type Deliver<R> = Box<dyn Fn(Handle, R) + Send + Sync>;

/// A task's place in the queue.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ticket(u64);

/// As debuggers show the threads.
const NAME: &CStr = c"webcore-pool";

struct Queue<R> {
    /// Ordered by ticket, so that one in the middle can be taken back.
    tasks: BTreeMap<Ticket, (Handle, Task<R>)>,
    next: u64,
    /// Threads that wait for a task.
    idle: usize,
    /// Tasks that were taken and have not given their result.
    running: usize,
    closed: bool,
}

struct Shared<R> {
    queue: Mutex<Queue<R>>,
    /// Signalled when there is a task for one that waits, or the queue is closed.
    came: Condvar,
    deliver: Deliver<R>,
}

/// The pool. Dropping it waits until its threads have ended.
pub struct Pool<R: Send + 'static> {
    shared: Arc<Shared<R>>,
    threads: Vec<Thread>,
}

impl<R: Send + 'static> Pool<R> {
    /// Makes all of its threads; if one cannot be made there is no pool, and no thread.
    pub fn new(threads: u32, stack_bytes: usize, deliver: Deliver<R>) -> io::Result<Pool<R>> {
        let queue = Queue { tasks: BTreeMap::new(), next: 0, idle: 0, running: 0, closed: false };
        let shared = Shared { queue: Mutex::new(queue), came: Condvar::new(), deliver };
        let mut pool = Pool { shared: Arc::new(shared), threads: Vec::new() };
        for _ in 0..threads {
            let shared = Arc::clone(&pool.shared);
            pool.threads.push(thread::spawn(NAME, stack_bytes, Box::new(move || shared.work()))?);
        }
        Ok(pool)
    }

    /// Queues a task; its result is delivered under that name.
    pub fn submit(&self, name: Handle, task: Task<R>) -> Ticket {
        let mut queue = self.shared.lock();
        let ticket = Ticket(queue.next);
        queue.next += 1;
        queue.tasks.insert(ticket, (name, task));
        let idle = queue.idle > 0;
        drop(queue);
        if idle {
            self.shared.came.notify_one();
        }
        ticket
    }

    /// Takes a task back, if no thread has taken it.
    pub fn cancel(&self, ticket: Ticket) -> bool {
        let taken = self.shared.lock().tasks.remove(&ticket);
        taken.is_some()
    }

    /// Tasks that wait, and tasks that run.
    pub fn load(&self) -> (usize, usize) {
        let queue = self.shared.lock();
        (queue.tasks.len(), queue.running)
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// Takes all tasks back that no thread has taken, and lets the threads end with what they run.
    /// Gives the names of those that will not run, in order.
    pub fn close(&self) -> Vec<Handle> {
        let mut queue = self.shared.lock();
        queue.closed = true;
        let left = std::mem::take(&mut queue.tasks);
        drop(queue);
        self.shared.came.notify_all();
        left.into_values().map(|(name, _task)| name).collect()
    }
}

impl<R: Send + 'static> Drop for Pool<R> {
    fn drop(&mut self) {
        self.close();
        for thread in self.threads.drain(..) {
            thread.join();
        }
    }
}

impl<R> Shared<R> {
    /// The queue. Nothing that could panic is done with it, so it is well whoever had it before.
    fn lock(&self) -> MutexGuard<'_, Queue<R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each thread does.
    fn work(&self) {
        while let Some((name, task)) = self.take() {
            let result = task();
            self.lock().running -= 1;
            (self.deliver)(name, result);
        }
    }

    /// The next task, once there is one; none when the pool is closed.
    fn take(&self) -> Option<(Handle, Task<R>)> {
        let mut queue = self.lock();
        loop {
            if let Some((_, task)) = queue.tasks.pop_first() {
                queue.running += 1;
                return Some(task);
            }
            if queue.closed {
                return None;
            }
            queue.idle += 1;
            queue = self.came.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Kind;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::{Receiver, Sender, channel};

    const STACK: usize = 256 << 10;

    fn name(at: u32) -> Handle {
        Handle::new(Kind::Job, 0, at, 1)
    }

    /// A pool, and where its results arrive.
    fn pool(threads: u32) -> (Pool<u32>, Receiver<(Handle, u32)>) {
        let (tell, hear) = channel();
        let deliver = move |name, result| tell.send((name, result)).unwrap();
        (Pool::new(threads, STACK, Box::new(deliver)).unwrap(), hear)
    }

    /// A task that says when it runs, and ends when it is told to.
    fn held(pool: &Pool<u32>, at: u32) -> (Ticket, Receiver<()>, Sender<()>) {
        let (runs, started) = channel();
        let (end, ended) = channel();
        let task = move || {
            runs.send(()).unwrap();
            ended.recv().unwrap();
            at
        };
        (pool.submit(name(at), Box::new(task)), started, end)
    }

    #[test]
    fn one_thread_runs_tasks_in_order_and_each_result_comes_once() {
        let (pool, results) = pool(1);
        for at in 0..100 {
            pool.submit(name(at), Box::new(move || at * 2));
        }
        for at in 0..100 {
            assert_eq!(results.recv().unwrap(), (name(at), at * 2));
        }
        drop(pool);
        assert!(results.recv().is_err(), "and nothing more");
    }

    #[test]
    fn all_threads_work_at_a_time() {
        let (pool, results) = pool(3);
        let tasks: Vec<_> = (0..3).map(|at| held(&pool, at)).collect();
        for (_, started, _) in &tasks {
            started.recv().unwrap();
        }
        assert_eq!(pool.load(), (0, 3));
        for (_, _, end) in tasks.iter().rev() {
            end.send(()).unwrap();
            results.recv().unwrap();
        }
        assert_eq!(pool.load(), (0, 0));
    }

    #[test]
    fn what_waits_can_be_taken_back_and_what_runs_cannot() {
        let (pool, results) = pool(1);
        let (running, started, end) = held(&pool, 0);
        started.recv().unwrap();
        let waiting: Vec<Ticket> =
            (1..4).map(|at| pool.submit(name(at), Box::new(move || at))).collect();
        assert!(!pool.cancel(running));
        assert!(pool.cancel(waiting[1]));
        assert!(!pool.cancel(waiting[1]), "once");
        assert_eq!(pool.load(), (2, 1));
        end.send(()).unwrap();
        let names: Vec<Handle> = (0..3).map(|_| results.recv().unwrap().0).collect();
        assert_eq!(names, [name(0), name(1), name(3)]);
    }

    #[test]
    fn a_closed_pool_ends_what_runs_and_gives_back_what_waits() {
        let (pool, results) = pool(1);
        let (_, started, end) = held(&pool, 0);
        started.recv().unwrap();
        let dropped = Arc::new(AtomicUsize::new(0));
        struct Noted(Arc<AtomicUsize>);
        impl Drop for Noted {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        for at in 1..3 {
            let noted = Noted(Arc::clone(&dropped));
            pool.submit(name(at), Box::new(move || noted.0.load(Ordering::SeqCst) as u32));
        }
        assert_eq!(pool.close(), [name(1), name(2)]);
        assert_eq!(dropped.load(Ordering::SeqCst), 2, "with what they held");
        end.send(()).unwrap();
        drop(pool);
        assert_eq!(results.recv().unwrap(), (name(0), 0));
        assert!(results.recv().is_err());
    }

    #[test]
    fn no_task_is_lost_between_threads_that_come_and_go_to_sleep() {
        let (pool, results) = pool(4);
        for round in 0..2_000 {
            for at in 0..3 {
                pool.submit(name(at), Box::new(move || round));
            }
            let mut heard = [0; 3];
            for _ in 0..3 {
                let (name, result) = results.recv().unwrap();
                assert_eq!(result, round);
                heard[name.slot() as usize] += 1;
            }
            assert_eq!(heard, [1; 3]);
        }
    }
}
