// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pools of threads and their jobs, as the loop sees them. Is not: what a job does. INVARIANTS:
//! each job is told once, also one that was taken back; a pool has no more jobs that were not told
//! than it has threads and places in its queue, so what they hold is bounded; a pool that was freed
//! lives on, nameless, until the last of its jobs is told.

use super::Loop;
use super::notice::{Message, Notice};
use crate::base::slab::Slab;
use crate::base::{Handle, Kind, Status, limits};
use crate::net::Owner;
use crate::source::pool::{Pool, Task, Ticket};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a job found.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing that the loop would know of.
    Nothing,
    /// Bytes.
    Bytes(Vec<u8>),
    /// Addresses.
    Addresses(Vec<SocketAddr>),
}

/// What became of a job.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// OK, or why not.
    pub status: Status,
    /// The system's number for that, or 0.
    pub os_error: i32,
    /// What it found.
    pub found: Found,
}

impl Outcome {
    /// One that found something.
    pub fn found(found: Found) -> Outcome {
        Outcome { status: Status::OK, os_error: 0, found }
    }

    /// One that did not.
    pub fn failed(status: Status, os_error: i32) -> Outcome {
        Outcome { status, os_error, found: Found::Nothing }
    }
}

/// What a job does, on a thread of its pool.
pub type Work = Task<Outcome>;

/// How a pool is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PoolSettings {
    /// Its threads.
    pub threads: u32,
    /// Jobs beside one for each thread.
    pub queue: u32,
    /// Bytes of a thread's stack.
    pub stack_bytes: usize,
}

/// What a pool has counted, and how it stands.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct PoolStats {
    /// Jobs taken in.
    pub submitted: u64,
    /// Jobs that ran to their end, or needed no thread.
    pub done: u64,
    /// Jobs taken back.
    pub cancelled: u64,
    /// Jobs refused for want of room.
    pub refused: u64,
    /// Its threads.
    pub threads: usize,
    /// Jobs that wait for a thread.
    pub queued: usize,
    /// Jobs that run.
    pub running: usize,
}

struct PoolEntry {
    threads: Pool<Outcome>,
    /// Most jobs that were not told.
    most: usize,
    /// Jobs that were not told.
    jobs: usize,
    /// True exactly when the program has freed it: its handle is gone.
    freed: bool,
    stats: PoolStats,
}

struct Job {
    pool: Handle,
    owner: Owner,
    /// Its place in the pool's queue, while no thread has taken it; and after, until it is done.
    ticket: Option<Ticket>,
    outcome: Option<Outcome>,
}

/// All pools of a loop, and their jobs.
pub(super) struct Pools {
    slab: Slab<PoolEntry>,
    jobs: Slab<Job>,
    /// Jobs that are done and are told in this turn.
    done: VecDeque<Handle>,
    /// Jobs that a call of the program has ended. They are for the next turn, or one that is made
    /// wherever one is told would hold the turn for ever.
    later: VecDeque<Handle>,
}

impl Pools {
    pub fn new(number: u16, floor: u32) -> Pools {
        Pools {
            slab: Slab::new(Kind::Pool, number, floor),
            jobs: Slab::new(Kind::Job, number, floor),
            done: VecDeque::new(),
            later: VecDeque::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.slab.len()
    }

    pub fn jobs(&self) -> usize {
        self.jobs.len()
    }

    pub fn highest(&self) -> u32 {
        self.slab.highest().max(self.jobs.highest())
    }

    pub fn has_work(&self) -> bool {
        !self.done.is_empty() || !self.later.is_empty()
    }

    /// A turn begins: what was ended since the one before is told in it.
    pub fn begin_turn(&mut self) {
        self.done.append(&mut self.later);
    }

    /// A pool that was not freed.
    fn named(&mut self, handle: Handle) -> Result<&mut PoolEntry, Status> {
        match self.slab.find(handle) {
            Ok(pool) if !pool.freed => Ok(pool),
            Ok(_) => Err(Status::GONE),
            Err(status) => Err(status),
        }
    }

    fn settle(&mut self, handle: Handle, outcome: Outcome) -> bool {
        let Some(job) = self.jobs.get_mut(handle) else { return false };
        job.ticket = None;
        job.outcome = Some(outcome);
        true
    }

    fn finish(&mut self, handle: Handle, outcome: Outcome) {
        if self.settle(handle, outcome) {
            self.later.push_back(handle);
        }
    }

    fn drop_if_over(&mut self, handle: Handle) {
        if self.slab.get(handle).is_some_and(|pool| pool.freed && pool.jobs == 0) {
            // Its threads have nothing to do any more, so they are not waited for.
            drop(self.slab.remove(handle));
        }
    }

    fn free(&mut self, handle: Handle, why: Status) -> Result<(), Status> {
        let pool = self.named(handle)?;
        pool.freed = true;
        let left = pool.threads.close();
        pool.stats.cancelled += left.len() as u64;
        for job in left {
            self.finish(job, Outcome::failed(why, 0));
        }
        self.drop_if_over(handle);
        Ok(())
    }
}

impl Loop {
    /// Makes a pool, with all of its threads.
    pub fn new_pool(&mut self, settings: PoolSettings) -> Result<Handle, Status> {
        if self.ending {
            return Err(Status::STATE);
        }
        let PoolSettings { threads, queue, stack_bytes } = settings;
        let stacks = limits::POOL_STACK_MIN..=limits::POOL_STACK_MAX;
        let too_many = threads > limits::POOL_THREADS_MAX || self.pools.len() >= limits::POOLS;
        if too_many || !stacks.contains(&stack_bytes) {
            return Err(Status::LIMIT);
        }
        if threads == 0 {
            return Err(Status::INVAL);
        }
        let door = Arc::clone(&self.door);
        let deliver = move |job, outcome| door.deliver(Message::Done(job, Box::new(outcome)));
        let made = Pool::new(threads, stack_bytes, Box::new(deliver));
        let threads = made.map_err(|error| self.refused(&error))?;
        let most = settings.threads as usize + queue as usize;
        let stats = PoolStats::default();
        self.pools.slab.insert(PoolEntry { threads, most, jobs: 0, freed: false, stats })
    }

    /// Frees a pool: what no thread has taken is cancelled; what runs is told when it is done.
    pub fn free_pool(&mut self, handle: Handle) -> Result<(), Status> {
        self.pools.free(handle, Status::CANCELLED)
    }

    pub(super) fn end_pools(&mut self, why: Status) {
        for handle in self.pools.slab.handles() {
            // One that was freed before has no more to be told than what runs.
            let _ = self.pools.free(handle, why);
        }
    }

    /// Has a pool do a job.
    pub fn submit_job(
        &mut self,
        handle: Handle,
        owner: Owner,
        work: Work,
    ) -> Result<Handle, Status> {
        let job = self.admit_job(handle, owner)?;
        let pool = self.pools.slab.get(handle).expect("admit_job found it");
        let ticket = pool.threads.submit(job, work);
        self.pools.jobs.find(job)?.ticket = Some(ticket);
        Ok(job)
    }

    /// A job that needed no thread: it is told in its time, like the others.
    pub fn submit_done(
        &mut self,
        handle: Handle,
        owner: Owner,
        outcome: Outcome,
    ) -> Result<Handle, Status> {
        let job = self.admit_job(handle, owner)?;
        self.pools.named(handle)?.stats.done += 1;
        self.pools.finish(job, outcome);
        Ok(job)
    }

    fn admit_job(&mut self, handle: Handle, owner: Owner) -> Result<Handle, Status> {
        let pool = self.pools.named(handle)?;
        if pool.jobs >= pool.most {
            pool.stats.refused += 1;
            return Err(Status::LIMIT);
        }
        let job = Job { pool: handle, owner, ticket: None, outcome: None };
        let made = self.pools.jobs.insert(job)?;
        let pool = self.pools.named(handle)?;
        pool.jobs += 1;
        pool.stats.submitted += 1;
        Ok(made)
    }

    /// Takes a job back that no thread has taken.
    pub fn cancel_job(&mut self, handle: Handle) -> Result<(), Status> {
        let job = self.pools.jobs.find(handle)?;
        let (ticket, pool) = (job.ticket.ok_or(Status::STATE)?, job.pool);
        let pool = self.pools.slab.find(pool)?;
        if !pool.threads.cancel(ticket) {
            return Err(Status::STATE);
        }
        pool.stats.cancelled += 1;
        self.pools.finish(handle, Outcome::failed(Status::CANCELLED, 0));
        Ok(())
    }

    pub(super) fn receive_job(&mut self, handle: Handle, outcome: Outcome) {
        let pool = self.pools.jobs.get(handle).map(|job| job.pool);
        if let Some(pool) = pool.and_then(|pool| self.pools.slab.get_mut(pool)) {
            pool.stats.done += 1;
        }
        if self.pools.settle(handle, outcome) {
            self.pools.done.push_back(handle);
        }
    }

    pub(super) fn next_done(&mut self) -> Option<Notice> {
        let handle = self.pools.done.pop_front()?;
        let of = self.pools.jobs.get(handle)?.pool;
        if let Some(pool) = self.pools.slab.get_mut(of) {
            pool.jobs -= 1;
        }
        self.pools.drop_if_over(of);
        Some(Notice::Done(handle))
    }

    /// A job's owner.
    pub fn job_owner(&self, handle: Handle) -> Option<Owner> {
        self.pools.jobs.get(handle).map(|job| job.owner)
    }

    /// A job's pool, which may be gone.
    pub fn job_pool(&self, handle: Handle) -> Option<Handle> {
        self.pools.jobs.get(handle).map(|job| job.pool)
    }

    /// What became of a job; STATE while that is open.
    pub fn job_outcome(&mut self, handle: Handle) -> Result<&Outcome, Status> {
        self.pools.jobs.find(handle)?.outcome.as_ref().ok_or(Status::STATE)
    }

    /// The program is through with the last word of a job.
    pub fn end_job(&mut self, handle: Handle) {
        self.pools.jobs.remove(handle);
    }

    /// What a pool has counted, and how it stands.
    pub fn pool_stats(&mut self, handle: Handle) -> Result<PoolStats, Status> {
        let pool = self.pools.named(handle)?;
        let (queued, running) = pool.threads.load();
        Ok(PoolStats { threads: pool.threads.threads(), queued, running, ..pool.stats })
    }
}
