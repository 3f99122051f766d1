// SPDX-License-Identifier: MIT OR Apache-2.0
//! What lives behind a loop's handle: the loop, the bindings of its objects, and where the dispatch
//! of events stands. Is not: the place where callbacks are called; that is `ffi::loop_`, with
//! nothing of this borrowed.

mod describe;

use super::binding::Bindings;
use super::call::{Call, PlainFn, User};
use super::event::{self, wc_event};
use super::give::Versioned;
use super::hooks::Hooks;
use super::watchdog::{Meter, Now};
use crate::base::time::Millis;
use crate::base::{Handle, Status};
use crate::engine::{How, Parcel};
use crate::http::Host;
use crate::net::Owner;
use crate::reactor;
use crate::sys::Fd;
use std::ffi::c_void;

/// What is left to do when the program is through with an event.
#[derive(Clone, Copy)]
enum After {
    Nothing,
    /// A connection is gone. True: it was its class's only object.
    Conn(Owner, bool),
    /// A request is gone.
    Request(Owner),
    /// A timer fired.
    Fired,
    /// A child is gone.
    Child(Owner),
    /// A timer or a watcher was ended by its own callback.
    Ended(Owner),
    /// A job of a pool is gone.
    Job(Owner),
    /// A post is dropped, unless it was run.
    Post(Parcel),
}

/// What the dispatch does next.
pub(super) enum Next {
    /// An event for the program to look at.
    Event,
    /// A call into the program.
    Call(Call),
    /// Nothing came in time.
    None,
    /// A stop was asked for, or the end of the loop.
    Stopped,
    /// Nothing is alive that could make an event; or no connection, if that was the goal.
    Idle,
}

/// How far the dispatch goes.
pub(super) struct Goal {
    /// Until this time at the longest.
    pub until: Option<Millis>,
    /// A stop that was asked for ends it.
    pub stoppable: bool,
    /// That no connection is left ends it.
    pub drained: bool,
    /// It waits once at the most.
    pub single: bool,
    /// True exactly when there is no further wait: what the last one brought is still told.
    pub late: bool,
}

impl Goal {
    /// As far as there is something to do.
    pub(super) const ALL: Goal =
        Goal { until: None, stoppable: true, drained: false, single: false, late: false };
}

/// A loop as the border sees it.
pub(super) struct Core {
    pub host: Host,
    pub bindings: Bindings,
    pub handle: Handle,
    pub stay: bool,
    /// True exactly while a run, next or drain of this loop is on the stack.
    pub running: bool,
    /// True exactly when the loop is to be freed once `running` is over.
    pub free_wanted: bool,
    /// True exactly while the loop is being freed.
    pub freeing: bool,
    /// True exactly when library code has panicked on this loop.
    pub poisoned: bool,
    pub hooks: Hooks,
    /// What measures callbacks, if anything does.
    pub meter: Option<Box<Meter>>,
    /// The event that the program has.
    pub event: wc_event,
    owner: Owner,
    after: After,
}

impl Core {
    pub fn new(host: Host, stay: bool) -> Core {
        Core {
            host,
            bindings: Bindings::default(),
            handle: Handle::NONE,
            stay,
            running: false,
            free_wanted: false,
            freeing: false,
            poisoned: false,
            hooks: Hooks::default(),
            meter: None,
            event: wc_event::defaults(),
            owner: Owner::default(),
            after: After::Nothing,
        }
    }

    /// Goes on to the next event, waiting if need be; with `calls`, to the next callback.
    pub fn advance(&mut self, goal: &mut Goal, calls: bool) -> Result<Next, Status> {
        // A loop that is freed takes no more jobs, or one that posts itself would keep it alive.
        let mut looked = self.freeing;
        loop {
            self.meter_end();
            self.settle();
            // The program is through with it: its bytes, its user pointer and its class may go.
            self.event.kind = 0;
            if let Some(call) = self.next_hook() {
                self.meter_begin(Now::Hook, 0, 0);
                return Ok(Next::Call(call));
            }
            if let Some(call) = self.bindings.next_release() {
                self.meter_begin(Now::Call, 0, 0);
                return Ok(Next::Call(call));
            }
            if self.free_wanted || (goal.stoppable && self.host.engine.take_stop()) {
                self.host.engine.flush_queued();
                return Ok(Next::Stopped);
            }
            if let Some(report) = self.host.next() {
                if self.describe(report) {
                    let (kind, object) = (self.event.kind, self.event.object);
                    if !calls {
                        self.meter_begin(Now::Event, kind, object);
                        return Ok(Next::Event);
                    }
                    if let Some(call) = self.call() {
                        self.meter_begin(Now::Call, kind, object);
                        return Ok(Next::Call(call));
                    }
                }
                continue;
            }
            self.host.engine.reap();
            let busy = self.host.engine.has_work();
            let over = || {
                (self.host.engine.is_idle() && !self.stay) || (goal.drained && self.is_drained())
            };
            let mut until = if busy { None } else { goal.until };
            if !busy && over() {
                if looked || goal.late {
                    return Ok(Next::Idle);
                }
                // A job that was posted and not taken yet is still to run.
                (looked, until) = (true, Some(Millis(0)));
            } else if goal.late {
                return Ok(Next::None);
            }
            // The time is looked at before the wait: what is there when it is up is still an event.
            goal.late = goal.single
                || goal.until.is_some_and(|until| self.host.engine.fresh().floor() >= until);
            self.turn(until)?;
        }
    }

    fn turn(&mut self, until: Option<Millis>) -> Result<(), Status> {
        self.host.engine.turn(until).map_err(|(status, _)| status)
    }

    fn is_drained(&self) -> bool {
        self.host.engine.alive().connections == 0
    }

    /// The moment `ms` from now; rounded up, but for 0, which is not to be waited for.
    pub fn deadline(&mut self, ms: u32) -> Millis {
        if ms == 0 { Millis(0) } else { self.host.engine.fresh().after(ms.into()) }
    }

    /// The same for a time that a program gives; none below 0: without end.
    pub fn until(&mut self, timeout_ms: i32) -> Option<Millis> {
        u32::try_from(timeout_ms).ok().map(|ms| self.deadline(ms))
    }

    /// Gives an object a user pointer of its own. If the program has an event of that object, its
    /// callback gets the new pointer, and what is due after its last one is due for that.
    pub fn set_user(&mut self, object: Handle, owner: Owner, user: User) -> Owner {
        let new = self.bindings.set_user(owner, user);
        // Objects of one class have equal owners until they have pointers of their own.
        if self.event.object == object.0 {
            self.owner = new;
            self.event.user = user.ptr;
            if let After::Conn(last, _) | After::Request(last) = &mut self.after {
                *last = new;
            }
        }
        new
    }

    /// The program is through with the event that it has.
    #[inline]
    pub fn settle(&mut self) {
        if !matches!(self.after, After::Nothing) {
            self.settle_after();
        }
    }

    fn settle_after(&mut self) {
        match std::mem::replace(&mut self.after, After::Nothing) {
            After::Nothing => {}
            After::Conn(owner, alone) => {
                self.host.engine.bury(Handle(self.event.object));
                self.bindings.drop_user(owner);
                if alone {
                    self.bindings.remove(owner);
                }
            }
            After::Request(owner) => {
                self.host.bury_closed();
                self.bindings.drop_user(owner);
            }
            After::Fired => {
                if let Some(owner) = self.host.engine.settle_fired() {
                    self.bindings.remove(owner);
                }
            }
            After::Child(owner) => {
                self.host.engine.bury_child(Handle(self.event.object));
                self.bindings.remove(owner);
            }
            After::Ended(owner) => self.bindings.remove(owner),
            After::Job(owner) => {
                self.host.engine.end_job(Handle(self.event.object));
                self.bindings.remove(owner);
            }
            After::Post(parcel) => self.bindings.release_later(drop_of(&parcel)),
        }
    }

    /// The program has ended a timer, a watcher or a post. Its class may serve another at once,
    /// unless the event that the program has is of it.
    pub fn ended(&mut self, object: Handle, owner: Owner) {
        if self.event.kind != 0 && self.event.object == object.0 {
            self.after = After::Ended(owner);
        } else {
            self.bindings.remove(owner);
        }
    }

    /// The callback of the event that the program has; where there is none, what the library does
    /// by itself is done.
    pub fn call(&mut self) -> Option<Call> {
        if let After::Post(parcel) = self.after {
            self.after = After::Nothing;
            self.event.kind = 0;
            return Some(Call::Plain(run_of(&parcel), self.handle.0, self.event.user));
        }
        if self.is_stopped() {
            return None;
        }
        let call = self.bindings.callbacks(self.owner)?.call(&self.event);
        if call.is_none() {
            self.act_by_default();
        }
        call
    }

    /// Whether the program has ended the object of the event since it got it. What has a last
    /// callback of its own is not ended before that.
    fn is_stopped(&self) -> bool {
        let object = Handle(self.event.object);
        match self.event.kind {
            event::WC_EVENT_TIMER => self.host.engine.timer_owner(object).is_none(),
            event::WC_EVENT_WATCH => self.host.engine.watch_owner(object).is_none(),
            event::WC_EVENT_POST => self.host.engine.post_owner(object).is_none(),
            event::WC_EVENT_SIGNAL => self.host.engine.signal_owner(object).is_none(),
            _ => false,
        }
    }

    /// Tells the kernel what changed, for a program that waits elsewhere: on which descriptor, and
    /// how many milliseconds at the longest.
    pub fn prepare(&mut self) -> Result<(Fd, i32), Status> {
        if self.running {
            return Err(Status::REENTRANT);
        }
        let held = self.event.kind != 0 || !matches!(self.after, After::Nothing);
        let busy = held || self.bindings.has_release() || self.host.has_reports();
        let (descriptor, timeout) = self.host.engine.prepare(busy)?;
        Ok((descriptor, reactor::millis(timeout)))
    }

    /// What ends a connection that has no callback for its end of input or its idle time. One that
    /// was closed meanwhile needs no ending.
    fn act_by_default(&mut self) {
        let conn = Handle(self.event.object);
        let _ = match self.event.kind {
            event::WC_EVENT_EOF => self.host.engine.close(conn, How::Flush),
            event::WC_EVENT_IDLE => self.host.engine.fail(conn, Status::IDLE),
            _ => Ok(()),
        };
    }
}

/// The words of a job.
pub(super) fn parcel(run: PlainFn, user: *mut c_void, drop: super::types::wc_free_fn) -> Parcel {
    Parcel([run as usize, user.expose_provenance(), drop.map_or(0, |drop| drop as usize)])
}

fn run_of(parcel: &Parcel) -> PlainFn {
    // SAFETY: `parcel` made the word from a function of this type.
    unsafe { std::mem::transmute::<usize, PlainFn>(parcel.0[0]) }
}

/// The user pointer of a job, with the function that drops it.
pub(super) fn drop_of(parcel: &Parcel) -> super::call::User {
    // SAFETY: `parcel` made the word from a function of this type, or from none.
    let free = unsafe { std::mem::transmute::<usize, super::types::wc_free_fn>(parcel.0[2]) };
    super::call::User { ptr: std::ptr::with_exposed_provenance_mut(parcel.0[1]), free }
}
