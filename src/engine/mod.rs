// SPDX-License-Identifier: MIT OR Apache-2.0
//! The loop. It owns everything that lives in it, works in turns, and is asked for what happened.
//! Is not: a caller of anything above; it never runs the program's code. INVARIANT: what is closed
//! is freed between turns only, so no frame ever uses what is gone.

#![forbid(unsafe_code)]

mod accept;
mod child;
mod alarm;
pub mod log;
pub mod meter;
pub mod notice;
mod pool;
mod post;
mod signal;
mod step;
mod timer;
pub mod trace;
mod turn;
mod verbs;
mod watch;

pub use accept::Listen;
pub use child::{Plan, Spawn};
pub use notice::{How, Message, Notice, Parcel, Ready, View};
pub use pool::{Found, Outcome, PoolSettings, PoolStats, Work};
pub use timer::{Schedule, When};

use crate::base::limits;
use crate::base::pool::Pool;
use crate::base::slab::Slab;
use crate::base::time::{Clock, Millis, Nanos};
use crate::base::{Handle, Kind, Status};
use crate::net::conn::{Conn, Hot};
use crate::net::listener::Listener;
use crate::reactor::{self, Event, Interest, Selector, Token};
use crate::source::door::Door;
use crate::source::wheel::Wheel;
use crate::sys::{self, Fd, fd::AsFd};
use alarm::Alarms;
use child::Children;
use log::Level;
use pool::Pools;
use post::PostObjects;
use signal::Signals;
use std::collections::VecDeque;
use std::sync::Arc;
use step::Current;
use timer::UserTimer;
use watch::Watches;

/// The token of the door; no handle is 0.
const DOOR: Token = Token(0);

/// The token of the descriptor that tells of signals that the thread blocks.
const SIGNALS: Token = Token(2);

/// What is counted; read by `Loop::stats`.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Waits for the kernel.
    pub turns: u64,
    /// Kernel events taken.
    pub events: u64,
    /// Of these, events for objects that were gone.
    pub stale_events: u64,
    /// Connections accepted or made.
    pub accepted: u64,
    /// Connections ended.
    pub closed: u64,
    /// Pauses of listeners.
    pub accept_pauses: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Timers fired.
    pub timers_fired: u64,
    /// Of these, later than `LATE_MS` after their time.
    pub late_timers: u64,
    /// Lines for people that were dropped.
    pub lines_dropped: u64,
    /// Transitions that were dropped.
    pub transitions_dropped: u64,
    /// Waits that another thread or a signal handler ended.
    pub wakeups: u64,
    /// Jobs of other threads.
    pub posts: u64,
    /// Of what other threads sent, what was for nobody any more.
    pub posts_dropped: u64,
}

/// What lives in a loop, by kind.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Alive {
    /// Connections, also those whose last word is being said.
    pub connections: usize,
    /// Open listeners.
    pub listeners: usize,
    /// Timers of the program.
    pub timers: usize,
    /// Watchers of descriptors.
    pub watches: usize,
    /// Pools of threads, also those that were freed and have jobs to tell.
    pub pools: usize,
    /// Jobs of pools, also one whose last word is being said.
    pub jobs: usize,
    /// Posts that are made once and sent often.
    pub post_objects: usize,
    /// Children, also those whose last word is being said.
    pub children: usize,
    /// Watchers of signals.
    pub signals: usize,
}

/// How a loop is made.
pub struct Settings<'a> {
    /// The loop's number in its handles.
    pub number: u16,
    /// Generations start above this.
    pub floor: u32,
    /// Backend by name; none: the environment, then preference.
    pub backend: Option<&'a str>,
    /// Most connections; 0: the default, or what the descriptor limit leaves.
    pub max_connections: u32,
}

/// An event loop.
pub struct Loop {
    selector: Box<dyn Selector>,
    backend: &'static str,
    edge: bool,
    clock: Box<dyn Clock>,
    now: Nanos,
    /// `now`, rounded up; kept because each event asks for it.
    stamp: Millis,
    events: Vec<Event>,
    conns: Slab<Conn>,
    listeners: Slab<Listener>,
    timers: Slab<UserTimer>,
    watches: Watches,
    pools: Pools,
    post_objects: PostObjects,
    children: Children,
    signals: Signals,
    alarms: Alarms,
    wheel: Wheel<Handle>,
    door: Arc<Door<Message>>,
    max_connections: u32,
    open_listeners: usize,
    notices: VecDeque<Notice>,
    accepting: VecDeque<Handle>,
    ready: VecDeque<Handle>,
    later: VecDeque<Handle>,
    changed: Vec<Handle>,
    dead: Vec<Handle>,
    posts: VecDeque<Message>,
    waiting_listeners: Vec<Handle>,
    current: Option<Current>,
    fired: Option<Handle>,
    hot: Hot,
    pool: Pool,
    log: Option<Box<log::Log>>,
    traces: Option<VecDeque<trace::Transition>>,
    meter: Option<Box<meter::Meter>>,
    stats: Stats,
    os_error: i32,
    /// True exactly when a stop was heard that nobody has taken.
    stopping: bool,
    ending: bool,
}

/// Descriptors left to the rest of the program when connections are limited by RLIMIT_NOFILE.
const DESCRIPTORS_LEFT: u64 = 64;

impl Loop {
    /// A loop on a backend of this machine.
    pub fn new(settings: &Settings<'_>) -> Result<Loop, (Status, i32)> {
        let backend = reactor::choose(settings.backend).map_err(|status| (status, 0))?;
        let selector = (backend.open)().map_err(|e| refusal(&e))?;
        let clock = Box::new(sys::clock::Monotonic::new());
        let mut new = Loop::with(settings, selector, clock)?;
        new.backend = backend.name;
        new.edge = backend.edge();
        new.alarms = Alarms::new(true);
        let held = backend.most.saturating_sub(DESCRIPTORS_LEFT);
        new.max_connections = u64::from(new.max_connections).min(held) as u32;
        Ok(new)
    }

    /// A loop on the selector and the clock given; level-triggered, and asking the kernel for
    /// nothing else.
    pub fn with(
        settings: &Settings<'_>,
        mut selector: Box<dyn Selector>,
        clock: Box<dyn Clock>,
    ) -> Result<Loop, (Status, i32)> {
        let (number, floor) = (settings.number, settings.floor);
        let door = Door::new().map_err(|e| refusal(&e))?;
        let fd = Fd::of(&door.as_fd());
        selector.update(fd, DOOR, Interest::NONE, Interest::READ).map_err(|e| refusal(&e))?;
        let allowed = sys::limit::descriptors().saturating_sub(DESCRIPTORS_LEFT).max(1);
        let asked = match settings.max_connections {
            0 => u64::from(limits::CONNECTIONS).min(allowed),
            asked => asked.into(),
        };
        let now = clock.now();
        Ok(Loop {
            selector,
            backend: "",
            edge: false,
            clock,
            now,
            stamp: now.after(0),
            events: Vec::with_capacity(limits::BATCH),
            conns: Slab::new(Kind::Conn, number, floor),
            listeners: Slab::new(Kind::Listener, number, floor),
            timers: Slab::new(Kind::Timer, number, floor),
            watches: Watches::new(number, floor),
            pools: Pools::new(number, floor),
            post_objects: PostObjects::new(number, floor),
            children: Children::new(number, floor),
            signals: Signals::new(number, floor),
            alarms: Alarms::new(false),
            wheel: Wheel::new(now.floor()),
            door: Arc::new(door),
            max_connections: asked.min(limits::SLOTS as u64) as u32,
            open_listeners: 0,
            notices: VecDeque::new(),
            accepting: VecDeque::new(),
            ready: VecDeque::new(),
            later: VecDeque::new(),
            changed: Vec::new(),
            dead: Vec::new(),
            posts: VecDeque::new(),
            waiting_listeners: Vec::new(),
            current: None,
            fired: None,
            hot: Hot::default(),
            pool: Pool::default(),
            log: None,
            traces: None,
            meter: None,
            stats: Stats::default(),
            os_error: 0,
            stopping: false,
            ending: false,
        })
    }

    /// The name of its backend.
    pub fn backend(&self) -> &'static str {
        self.backend
    }

    /// The way in for other threads.
    pub fn door(&self) -> &Arc<Door<Message>> {
        &self.door
    }

    /// The time of this turn, in ms since the loop was made.
    pub fn now(&self) -> Millis {
        self.now.floor()
    }

    /// The time of this turn as the beginning of a deadline: rounded up, so that none is early.
    pub fn stamp(&self) -> Millis {
        self.stamp
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// How many objects of each kind there are.
    pub fn alive(&self) -> Alive {
        Alive {
            connections: self.conns.len(),
            listeners: self.open_listeners,
            timers: self.timers.len(),
            watches: self.watches.len(),
            pools: self.pools.len(),
            jobs: self.pools.jobs(),
            post_objects: self.post_objects.len(),
            children: self.children.len(),
            signals: self.signals.len(),
        }
    }

    /// Whether anything lives that could make a notice by itself.
    pub fn is_idle(&self) -> bool {
        self.conns.is_empty()
            && self.listeners.is_empty()
            && self.timers.is_empty()
            && self.watches.is_empty()
            && self.pools.jobs() == 0
            && self.post_objects.is_empty()
            && self.children.is_empty()
            && self.signals.is_empty()
            && self.notices.is_empty()
            && self.posts.is_empty()
    }

    /// The operating system's number of the last refusal.
    pub fn os_error(&self) -> i32 {
        self.os_error
    }

    /// The highest generation used by any of its handles.
    pub fn highest_generation(&self) -> u32 {
        let highest = [
            self.conns.highest(),
            self.listeners.highest(),
            self.timers.highest(),
            self.watches.highest(),
            self.pools.highest(),
            self.post_objects.highest(),
            self.children.highest(),
            self.signals.highest(),
        ];
        highest.into_iter().max().unwrap_or(0)
    }

    /// The next thing that happened in this turn; none when all is said and done.
    #[expect(clippy::should_implement_trait, reason = "what it gives is used before the next")]
    pub fn next(&mut self) -> Option<Notice> {
        if let Some(owner) = self.settle_fired() {
            self.notices.push_back(Notice::Ended(owner));
        }
        loop {
            if self.current.is_some() {
                match self.step() {
                    Some(notice) => {
                        self.trace_current();
                        return Some(notice);
                    }
                    None => self.current = None,
                }
            }
            if let Some(notice) = self.notices.pop_front() {
                return Some(notice);
            }
            if let Some(listener) = self.accepting.pop_front() {
                self.accept(listener);
            } else if let Some(conn) = self.ready.pop_front() {
                self.start_step(conn);
            } else if let Some(notice) = self.next_signal() {
                return Some(notice);
            } else if let Some(notice) = self.next_ready() {
                return Some(notice);
            } else if let Some(notice) = self.next_expired().or_else(|| self.next_alarm()) {
                return Some(notice);
            } else if let Some(notice) = self.next_done().or_else(|| self.next_sent()) {
                return Some(notice);
            } else if let Some(message) = self.posts.pop_front() {
                if let Some(notice) = self.receive_message(message) {
                    return Some(notice);
                }
            } else if self.notices.is_empty() && self.ready.is_empty() {
                return None;
            }
        }
    }

    /// Whether a stop was asked for; says so once.
    pub fn take_stop(&mut self) -> bool {
        self.stopping |= self.door.take_stop();
        std::mem::take(&mut self.stopping)
    }

    /// What another thread sent for this object is for nobody any more.
    pub fn count_dropped(&mut self, object: Handle, why: Status, bytes: usize) {
        self.stats.posts_dropped += 1;
        let count = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.say(Level::Info, c"bytes of another thread come too late", object, (why, 0), count);
    }

    /// The sender was answered when it queued this; a connection that ended since has said so, and
    /// one that cannot hold it ends now: bytes missing in the middle are worse.
    fn send_posted(&mut self, conn: Handle, bytes: &[u8]) {
        let plain = self.is_plain(conn);
        let sent = if plain { self.send(conn, bytes) } else { Err(Status::GONE) };
        if let Err(why) = sent {
            self.count_dropped(conn, why, bytes.len());
            if why == Status::LIMIT {
                let _ = self.fail(conn, why);
            }
        }
    }

    fn receive_message(&mut self, message: Message) -> Option<Notice> {
        self.stats.posts += u64::from(!matches!(message, Message::Done(..)));
        match message {
            Message::Post(parcel) => return Some(Notice::Post(parcel)),
            Message::Above(message) => return Some(Notice::Above(message)),
            Message::Send(conn, bytes) => self.send_posted(conn, &bytes),
            Message::Done(job, outcome) => self.receive_job(job, *outcome),
            Message::Close(conn, how) => drop(self.close(conn, how)),
        }
        None
    }
}

/// The status and the number of a refusal by the operating system.
fn refusal(error: &std::io::Error) -> (Status, i32) {
    let os_error = error.raw_os_error().unwrap_or(0);
    (sys::blame::status(os_error), os_error)
}
